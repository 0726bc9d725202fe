"""Where frames come from and where they go: pictures, video files, cameras and streams; H.264 files.

Decoding and encoding use `media_threads()` threads each, half of the cores and at most four. Both work only
when they are handed a packet or a frame, so that they never run ahead of the network, and one thread decodes
and encodes faster than a network infers.
"""

from __future__ import annotations

from spinepose_hf.inference.media.frame import Frame
from spinepose_hf.inference.media.source import Source, SourceInfo, open_source

__all__ = ["Frame", "Source", "SourceInfo", "open_source"]
