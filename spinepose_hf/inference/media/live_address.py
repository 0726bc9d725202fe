"""How FFmpeg opens the cameras of each platform, and streams."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field

from spinepose_hf.errors import VideoError

# FFmpeg would look at five seconds of a stream before it gives the first frame.
_PROMPT = {"analyzeduration": "1000000"}


@dataclass(frozen=True, slots=True)
class LiveAddress:
    """How FFmpeg opens a live source.

    Attributes:
        name: what the user calls it.
        url: what FFmpeg opens.
        container_format: FFmpeg's input device, for cameras.
        options: FFmpeg's options.
        ends: the source may end by itself, and is then not opened again.
        camera: a device of this machine, for which trying again is of no use.
    """

    name: str
    url: str
    container_format: str | None = None
    options: dict[str, str] = field(default_factory=dict)
    ends: bool = False
    camera: bool = False


def stream_address(address: str) -> LiveAddress:
    """Return how a stream (rtsp, rtmp, http, udp, srt ...) is opened."""
    scheme = address.split("://", 1)[0].lower()
    # Over UDP, a lost packet smears all frames up to the next key frame.
    transport = {"rtsp_transport": "tcp"} if scheme.startswith("rtsp") else {}
    return LiveAddress(
        address, address, options=_PROMPT | transport, ends=scheme in ("http", "https", "file")
    )


def camera_address(number: int) -> LiveAddress:
    """Return how the camera with this number, from 0, is opened on this platform.

    Raises:
        VideoError: there is no such camera, where that can be told without opening it.
    """
    name = f"camera {number}"
    if sys.platform == "darwin":
        # AVFoundation demands a rate that the camera has; all have 30.
        return LiveAddress(name, f"{number}:none", "avfoundation", {"framerate": "30"}, camera=True)
    if sys.platform == "win32":
        return LiveAddress(name, f"video={_windows_camera(number)}", "dshow", camera=True)
    return LiveAddress(name, f"/dev/video{number}", "v4l2", camera=True)


def _windows_camera(number: int) -> str:
    from av.device import enumerate_input_devices

    cameras = [device for device in enumerate_input_devices("dshow") if "video" in device.media_types]
    if number >= len(cameras):
        raise VideoError(f"camera {number} does not exist; {len(cameras)} are plugged in, counted from 0")
    return cameras[number].name


__all__ = ["LiveAddress", "camera_address", "stream_address"]
