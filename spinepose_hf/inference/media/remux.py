"""Joining an encoded video with its source's sound in a file that begins to play before it is loaded."""

from __future__ import annotations

import heapq
import logging
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from spinepose_hf.errors import VideoError
from spinepose_hf.files import atomic_path
from spinepose_hf.inference.media.decoding import (
    describe,
    find_video_stream,
    has_decoder,
    open_container,
    origin,
)

if TYPE_CHECKING:
    from av import Packet
    from av.audio.stream import AudioStream
    from av.bitstream import BitStreamFilterContext
    from av.container import InputContainer, OutputContainer
    from av.video.stream import VideoStream

logger = logging.getLogger(__name__)

_PLAYED_EVERYWHERE = frozenset({"aac", "mp3", "ac3", "eac3", "alac"})

VIDEO_SUFFIXES: dict[str, tuple[str, frozenset[str] | None]] = {
    ".mp4": ("mp4", _PLAYED_EVERYWHERE),
    ".m4v": ("mp4", _PLAYED_EVERYWHERE),
    ".mov": ("mov", _PLAYED_EVERYWHERE | {"pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be"}),
    ".mkv": ("matroska", None),
}
"""FFmpeg's format by suffix, and the codecs of sound that are copied into it (None: all that it can hold)."""

SOUND_TIMEOUT = 30.0
"""Seconds without data after which sound from an address is given up."""


@dataclass(frozen=True, slots=True)
class Sound:
    """Which sound belongs to a video.

    Attributes:
        source: path or address of the video that has it.
        start: second of that video's picture at which ours begins.
        end: second at which it ends.
    """

    source: str
    start: float
    end: float


def finish_video(partial: Path, target: Path, step: Fraction, sound: Sound | None) -> None:
    """Copy the video of `partial` and the sound to `target`, without encoding the video again.

    Sound that the container cannot hold, or that browsers do not play, becomes AAC. Sound that cannot be read
    is left out with a warning.

    Args:
        partial: what the encoder wrote.
        target: the finished file.
        step: seconds between two frames as a rule, and how long the last one is shown.
        sound: None for a silent video.

    Raises:
        OutputError: the place of `target` cannot be written.
        OSError: the disk is full, or the like.
    """
    import av

    container_format, copied = VIDEO_SUFFIXES[target.suffix.lower()]
    options = {} if container_format == "matroska" else {"movflags": "faststart"}
    with ExitStack() as stack:
        path = stack.enter_context(atomic_path(target))
        video = stack.enter_context(av.open(str(partial), "r"))
        track = None if sound is None else _open_sound(sound, stack)
        output = stack.enter_context(av.open(str(path), "w", format=container_format, options=options))
        streams = [_copied_video(video, output, step)]
        if sound is not None and track is not None:
            streams.append(_quietly_ended(_sound_packets(track, sound, output, copied), sound.source))
        for _, _, packet in heapq.merge(*streams):
            output.mux(packet)


# A packet with its time in s and the place of its stream, in the order in which they shall lie in the file.
_Timed = tuple[float, int, "Packet[VideoStream] | Packet[AudioStream]"]


def _copied_video(video: InputContainer, output: OutputContainer, step: Fraction) -> Iterator[_Timed]:
    from av.bitstream import BitStreamFilterContext

    stream = video.streams.video[0]
    written = output.add_stream_from_template(stream)
    # The encoder calls its clock the frame rate, and readers of Matroska believe it. A tick is half a frame.
    renamed = BitStreamFilterContext(f"h264_metadata=tick_rate={2 / step}", stream, written)
    written.codec_context.framerate = 1 / step
    return _video_packets(video, stream, written, renamed, step)


def _video_packets(
    video: InputContainer,
    stream: VideoStream,
    written: VideoStream,
    renamed: BitStreamFilterContext,
    step: Fraction,
) -> Iterator[_Timed]:
    for taken in video.demux(stream):
        if taken.dts is None:
            continue
        for packet in renamed.filter(taken):
            packet.duration = packet.duration or round(step / packet.time_base)
            packet.stream = written
            yield float((packet.dts or 0) * packet.time_base), 0, packet


class _Track(NamedTuple):
    container: InputContainer
    stream: AudioStream


def _open_sound(sound: Sound, stack: ExitStack) -> _Track | None:
    timeout = SOUND_TIMEOUT if "://" in sound.source else None
    try:
        container = stack.enter_context(open_container(sound.source, sound.source, timeout=timeout))
    except VideoError as error:
        logger.warning("no sound: %s", error)
        return None
    tracks = [stream for stream in container.streams.audio if has_decoder(stream)]
    return _Track(container, tracks[0]) if tracks else None


def _sound_packets(
    track: _Track, sound: Sound, output: OutputContainer, copied: frozenset[str] | None
) -> Iterator[_Timed]:
    allowed = output.supported_codecs if copied is None else copied
    context = track.stream.codec_context
    if context.name in allowed:
        # A packet builds on the one before. MP4 can hold that one without playing it; Matroska cannot.
        lead_in = 0 if copied is None else 1
        return _copied_sound(track, output.add_stream_from_template(track.stream), sound, lead_in)
    written = output.add_stream("aac", rate=_aac_rate(context.sample_rate))
    written.codec_context.layout = "mono" if context.channels == 1 else "stereo"
    return _encoded_sound(track, written, sound)


def _copied_sound(track: _Track, written: AudioStream, sound: Sound, lead_in: int) -> Iterator[_Timed]:
    begin, end = _seek(track, sound)
    for packet in track.container.demux(track.stream):
        if packet.pts is None or packet.dts is None:
            continue
        time = packet.pts * packet.time_base
        if time >= end:
            return
        if time + lead_in * (packet.duration or 0) * packet.time_base < begin:
            continue
        shift = round(begin / packet.time_base)
        packet.pts -= shift
        packet.dts -= shift
        packet.stream = written
        yield float(time - begin), 1, packet


def _encoded_sound(track: _Track, written: AudioStream, sound: Sound) -> Iterator[_Timed]:
    begin, end = _seek(track, sound)
    for frame in track.container.decode(track.stream):
        if frame.pts is None or frame.time_base is None:
            continue
        time = frame.pts * frame.time_base
        if time >= end:
            break
        if time < begin:
            continue
        frame.pts -= round(begin / frame.time_base)
        yield from _timed(written.encode(frame))
    yield from _timed(written.encode(None))


def _timed(packets: list[Packet[AudioStream]]) -> Iterator[_Timed]:
    for packet in packets:
        yield float((packet.pts or 0) * packet.time_base), 1, packet


def _seek(track: _Track, sound: Sound) -> tuple[Fraction, Fraction]:
    """Go to where the sound begins. Returns begin and end in the container's own seconds."""
    import av

    container, stream = track
    try:
        zero = origin(find_video_stream(container, sound.source)) or Fraction(0)
    except VideoError:
        zero = Fraction(0)  # nothing but sound
    begin, end = zero + Fraction(sound.start), zero + Fraction(sound.end)
    if sound.start > 0 and stream.time_base is not None:
        try:
            container.seek(int(begin / stream.time_base), stream=stream, backward=True)
        except av.error.FFmpegError as error:
            logger.info("%s is read from its beginning (%s)", sound.source, describe(error))
    return begin, end


def _quietly_ended(packets: Iterator[_Timed], source: str) -> Iterator[_Timed]:
    """Give what there is up to the first damage: a video without its last sound is better than none."""
    import av

    try:
        yield from packets
    except av.error.FFmpegError as error:
        logger.warning("the sound of %s breaks off (%s)", source, describe(error))


def _aac_rate(rate: int) -> int:
    return rate if rate in (32_000, 44_100, 48_000) else 48_000


__all__ = ["VIDEO_SUFFIXES", "Sound", "finish_video"]
