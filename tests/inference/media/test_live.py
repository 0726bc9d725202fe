"""Live sources: the newest frames, stalls, reconnection, and the end."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from spinepose_hf.errors import ImageError, VideoError
from spinepose_hf.inference.media import open_source
from spinepose_hf.inference.media.live import LiveSource
from spinepose_hf.inference.media.live_address import LiveAddress, camera_address, stream_address
from tests.inference.media.clips import corners, greys, index_of, noise, write_clip

Answer = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def served(answer: Answer) -> Iterator[str]:
    """Serve `answer` at an address of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            try:
                answer(self)
            except ConnectionError:
                self.close_connection = True  # the client has seen enough

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def send(
    handler: BaseHTTPRequestHandler, kind: str, data: bytes, length: bool = True, code: int = 200
) -> None:
    handler.send_response(code)
    handler.send_header("Content-Type", kind)
    if length:
        handler.send_header("Content-Length", str(len(data)))
    handler.end_headers()
    handler.wfile.write(data)


def pattern(filters: str, *, camera: bool = True) -> LiveAddress:
    """A stand-in for a camera: FFmpeg's own generator of pictures, opened as an input device."""
    return LiveAddress("camera 0", filters, "lavfi", camera=camera)


def test_a_slow_user_gets_the_newest_frames() -> None:
    with LiveSource(pattern("testsrc2=size=64x48:rate=50:duration=3,realtime")) as source:
        assert source.info.kind == "live" and source.info.size == (48, 64)
        seen = []
        for frame in source:
            seen.append(frame)
            if len(seen) == 8:
                break
            time.sleep(0.15)
    assert source.dropped > 10
    # Each frame is one of the latest when it is taken: no delay piles up.
    steps = np.diff([frame.time for frame in seen[2:]])
    assert 0.05 < float(steps.mean()) < 0.4
    assert [frame.index for frame in seen] == [round(frame.time * 50) for frame in seen]


def test_a_quick_user_gets_every_frame() -> None:
    # Room for a second of frames, because a busy machine makes every user slow.
    address = pattern("testsrc2=size=64x48:rate=20:duration=5,realtime")
    with LiveSource(address, end=1.0, waiting=20) as source:
        frames = list(source)
        assert source.info.duration == 1.0
    assert [frame.index for frame in frames] == list(range(20))
    assert source.dropped == 0


def test_start_and_stride() -> None:
    address = pattern("testsrc2=size=64x48:rate=20:duration=5,realtime")
    with LiveSource(address, start=0.3, end=1.0, stride=3, waiting=50) as source:
        assert [frame.index for frame in source] == [6, 9, 12, 15, 18]


def test_an_unplugged_camera_is_an_error_after_its_last_frame() -> None:
    with LiveSource(pattern("testsrc2=size=64x48:rate=50:duration=0.2"), waiting=50) as source:
        seen = []
        with pytest.raises(VideoError, match="camera 0 stopped .*; check that it is plugged in"):
            seen.extend(frame.index for frame in source)
    assert seen == list(range(10))


@pytest.mark.parametrize("number", ["97", 97], ids=["text", "number"])
def test_no_such_camera(number: str | int) -> None:
    with pytest.raises(VideoError, match="camera 97 cannot be opened"):
        open_source(number)


@pytest.mark.parametrize(
    ("platform", "url", "device"), [("linux", "/dev/video1", "v4l2"), ("darwin", "1:none", "avfoundation")]
)
def test_cameras_of_platforms(monkeypatch: pytest.MonkeyPatch, platform: str, url: str, device: str) -> None:
    monkeypatch.setattr("sys.platform", platform)
    address = camera_address(1)
    assert (address.name, address.url, address.container_format) == ("camera 1", url, device)


def test_only_web_streams_end_by_themselves() -> None:
    assert stream_address("http://host/live").ends
    assert not stream_address("rtsp://host/live").ends
    assert stream_address("rtsp://host/live").options["rtsp_transport"] == "tcp"


def test_closing_does_not_wait_for_the_stream() -> None:
    source = LiveSource(pattern("testsrc2=size=64x48:rate=20:duration=60,realtime"))
    began = time.monotonic()
    source.close()
    source.close()
    assert time.monotonic() - began < 3.0


def test_a_stall_is_bridged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    data = write_clip(tmp_path / "a.ts", greys(20), rate=10).read_bytes()
    stalls, over = [False, True, False], threading.Event()
    connections: list[bool] = []

    def stream(handler: BaseHTTPRequestHandler) -> None:
        if handler.headers.get("User-Agent", "").startswith("spinepose"):
            return send(handler, "video/mp2t", b"", length=False)
        stalled = stalls[min(len(connections), 2)]
        connections.append(stalled)
        send(
            handler, "video/mp2t", data[: len(data) * 2 // 3 // 188 * 188] if stalled else data, length=False
        )
        handler.wfile.flush()
        if stalled:
            over.wait(20)
        return None

    with served(stream) as address, caplog.at_level(logging.WARNING):
        with open_source(address, timeout=1.5, retries=3) as source:
            assert source.info.kind == "live"
            frames = list(source)
        over.set()
    assert len(connections) == 3
    assert any("trying again (1 of 3)" in record.message for record in caplog.records)
    assert frames[-1].index > 19, "nothing came after the stall"
    times = [frame.time for frame in frames]
    assert times == sorted(set(times))


def test_a_stream_that_stays_silent_is_given_up(tmp_path: Path) -> None:
    data = write_clip(tmp_path / "a.ts", greys(20), rate=10).read_bytes()
    over, connections = threading.Event(), [0]

    def stream(handler: BaseHTTPRequestHandler) -> None:
        connections[0] += 1
        if connections[0] > 3:
            over.wait(20)
            return
        send(handler, "video/mp2t", data, length=False)
        handler.wfile.flush()
        if connections[0] == 3:
            over.wait(20)

    with served(stream) as address:
        with open_source(address, timeout=1.0, retries=1) as source, pytest.raises(VideoError) as caught:
            assert len(list(source)) <= 20
        over.set()
    assert re.search(r"was lost and 1 more tries failed \(.*1 s.*\); check the sender", str(caught.value))


def test_a_camera_of_the_web_is_opened_again(tmp_path: Path) -> None:
    """Motion JPEG over http, as cheap cameras send it, breaks off and goes on."""
    Image.fromarray(corners(48, 64)).save(tmp_path / "a.jpg", quality=95)
    picture = (tmp_path / "a.jpg").read_bytes()
    part = b"--cut\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n" % (len(picture), picture)

    def camera(handler: BaseHTTPRequestHandler) -> None:
        send(handler, "multipart/x-mixed-replace; boundary=cut", b"", length=False)
        for _ in range(12):
            handler.wfile.write(part)
            time.sleep(0.02)

    with served(camera) as address, open_source(address, timeout=3.0, retries=3) as source:
        assert (source.info.kind, source.info.size) == ("live", (48, 64))
        frames = []
        for frame in source:
            frames.append(frame)
            if frame.index >= 20:
                break
    assert frames[-1].index >= 20
    assert np.abs(frames[-1].image.astype(int) - corners(48, 64))[4::8, 4::8].max() < 12


@pytest.mark.parametrize("resumes", [True, False], ids=["the server resumes", "the server cannot"])
def test_a_download_that_stalls(tmp_path: Path, resumes: bool, caplog: pytest.LogCaptureFixture) -> None:
    data = write_clip(tmp_path / "a.mp4", noise(20, 120, 160), rate=10).read_bytes()
    over, stalls = threading.Event(), [0]

    def answer(handler: BaseHTTPRequestHandler) -> None:
        asked = handler.headers.get("Range", "bytes=0-").removeprefix("bytes=").split("-")[0]
        begin = int(asked) if resumes else 0
        handler.send_response(206 if resumes else 200)
        handler.send_header("Content-Type", "video/mp4")
        handler.send_header("Content-Length", str(len(data) - begin))
        if resumes:
            handler.send_header("Content-Range", f"bytes {begin}-{len(data) - 1}/{len(data)}")
            handler.send_header("Accept-Ranges", "bytes")
        handler.end_headers()
        half = len(data) // 2
        if begin < half:
            handler.wfile.write(data[begin:half])
            handler.wfile.flush()
            stalls[0] += 1
            over.wait(15)
        else:
            handler.wfile.write(data[begin:])

    with served(answer) as address, caplog.at_level(logging.WARNING):
        with open_source(f"{address}/a.mp4", timeout=0.5) as source:
            count = len(list(source))
        over.set()
    if resumes:
        assert count == 20 and not caplog.records
    else:
        assert 5 <= count <= 11
        assert any("cut off or damaged; what could be read was used" in r.message for r in caplog.records)


def test_addresses(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", greys(12), rate=10, sound="aac").read_bytes()
    Image.fromarray(corners(32, 48)).save(tmp_path / "a.png")
    picture = (tmp_path / "a.png").read_bytes()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        answers: dict[str, tuple[str, bytes]] = {
            "/a.mp4": ("video/mp4", clip),
            "/noname": ("image/png", picture),
            "/vague.png": ("application/octet-stream", picture),
            "/broken.png": ("image/png", picture[:80]),
            "/page.html": ("text/html", b"<html>not here</html>" * 50),
        }
        if handler.path not in answers:
            handler.send_error(404)
            return
        send(handler, *answers[handler.path])

    with served(answer) as address:
        with open_source(f"{address}/a.mp4", timeout=5) as source:
            assert (source.info.kind, source.info.has_audio) == ("video", True)
            assert [index_of(frame.image) for frame in source] == list(range(12))
        with open_source(f"{address}/a.mp4", timeout=5, start=0.5, end=0.8) as source:
            assert [frame.index for frame in source] == [5, 6, 7]
        for path in ("/noname", "/vague.png"):
            with open_source(address + path, timeout=5) as source:
                assert source.info.kind == "pictures" and source.info.name == address + path
                assert np.array_equal(next(iter(source)).image, corners(32, 48))
        with pytest.raises(ImageError, match=re.escape(f"{address}/broken.png is damaged")):
            open_source(f"{address}/broken.png", timeout=5)
        with pytest.raises(VideoError, match=re.escape(f"{address}/page.html is not a video")):
            open_source(f"{address}/page.html", timeout=5)
        with pytest.raises(VideoError, match="answers 404"):
            open_source(f"{address}/missing.mp4", timeout=5)
    with pytest.raises(VideoError, match="cannot be reached"):
        open_source(f"{address}/a.mp4", timeout=2)
    with pytest.raises(VideoError, match="cannot be opened|did not answer"):
        open_source("rtsp://127.0.0.1:9/none", timeout=2)
