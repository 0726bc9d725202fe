"""Which kinds of video files are taken from strangers: those that hold their pictures themselves."""

from __future__ import annotations

import os
from typing import Final

from spinepose_hf.app.uploads import shown_name
from spinepose_hf.errors import UploadError

TAKEN: Final = ("mov", "matroska", "avi", "mpegts", "mpeg", "asf", "flv", "ogg", "gif")
"""FFmpeg's names of the formats. MP4 and 3GP are "mov", WebM is "matroska", WMV is "asf"."""


def check_format(path: str | os.PathLike[str], name: str) -> None:
    """Refuse formats that name other files, such as playlists (HLS, DASH), whatever the file is called.

    FFmpeg would open what they name: any video of this machine, the uploads of other visitors among them.
    It compares a format with its `format_whitelist` before the format's reader has seen the file.

    Args:
        path: of the upload.
        name: the file's name as the visitor knows it.

    Raises:
        UploadError: another format. Files that are of no format, or damaged, pass: reading them tells more.
    """
    import av

    try:
        av.open(os.fspath(path), "r", options={"format_whitelist": ",".join(TAKEN)}).close()
    except av.error.ArgumentError as error:
        raise UploadError(
            f"This video cannot be used: {shown_name(name)} is not of a kind that is taken here. "
            "Choose an MP4, MOV or WebM file."
        ) from error
    except (av.error.FFmpegError, OSError, ValueError):
        return


__all__ = ["TAKEN", "check_format"]
