"""Where frames come from and where they go: pictures, video files, cameras and streams; H.264 files.

Decoding and encoding use `media_threads()` threads each, half of the cores and at most four. Both work only
when they are handed a packet or a frame, so that they never run ahead of the network and take no more from
it than their work: for a frame of 1080p on one core of a slow server about 3.4 ms to decode, 0.8 ms to become
RGB and 18 ms to be encoded, whatever the number of threads.
"""

from __future__ import annotations

from spinepose_hf.inference.media.frame import Frame
from spinepose_hf.inference.media.source import Source, SourceInfo, open_source

__all__ = ["Frame", "Source", "SourceInfo", "open_source"]
