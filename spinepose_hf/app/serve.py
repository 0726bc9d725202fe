"""Starting the app on this machine."""

from __future__ import annotations

import os
import signal
import socket
import threading
from contextlib import closing
from types import FrameType
from typing import Any

from spinepose_hf.app.settings import AppSettings
from spinepose_hf.errors import SpinePoseError
from spinepose_hf.extras import require_extra

# Read by Gradio, the Hub's client and ONNX Runtime (whose 1.32 reports to Microsoft) when they are imported:
# to be set before. The app calls nobody.
_QUIET = {
    "ORT_DISABLE_TELEMETRY": "1",
    "GRADIO_ANALYTICS_ENABLED": "False",
    "GRADIO_CDN_ASSETS": "False",
    "HF_HUB_DISABLE_TELEMETRY": "1",
}


MOST_VISITORS = 128
"""Whose choices and results are remembered at a time."""


def launch_app(
    settings: AppSettings, host: str = "127.0.0.1", port: int = 7860, *, open_browser: bool = False
) -> None:
    """Serve the app until Ctrl-C, SIGTERM or SIGHUP; then everything that was uploaded and made is deleted.

    Args:
        settings: see `AppSettings`.
        host: name or address to listen on; "0.0.0.0" for other machines too.
        port: to listen on; 0 takes any that is free.
        open_browser: show it.

    Raises:
        MissingExtraError: Gradio or Plotly is not installed.
        SpinePoseError: the model cannot be loaded, or the port is taken.
    """
    require_extra("space", ("gradio", "plotly"), "the app")
    chosen = _free_port(host, port)
    os.environ.update(_QUIET)
    from spinepose_hf.app.context import AppContext

    context = AppContext(settings)
    # Uploads lie where our own files lie, so that they go with them.
    os.environ["GRADIO_TEMP_DIR"] = str(context.uploads)
    try:
        from spinepose_hf.app.page import build_page

        context.warm_up()
        page = build_page(context)
        _serve(page, context, host, chosen, open_browser)
    finally:
        context.close()


def launch_options(settings: AppSettings) -> dict[str, Any]:
    """Arguments of `launch` that do not depend on where the app runs."""
    from spinepose_hf.app.page import page_looks

    return {
        **page_looks(),
        "max_file_size": round(max(settings.image_megabytes, settings.video_megabytes) * 1e6),
        "footer_links": [],
        "enable_monitoring": False,
        "ssr_mode": False,
        # Gradio keeps some 0.4 MB of each visitor; the ones who came longest ago are forgotten.
        "state_session_capacity": MOST_VISITORS,
        "show_error": True,
    }


def _serve(page: Any, context: Any, host: str, port: int, open_browser: bool) -> None:
    end = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        end.set()

    for name in ("SIGINT", "SIGTERM", "SIGHUP"):  # the last: its terminal was closed; Windows has none
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), stop)
    page.launch(
        server_name=host,
        server_port=port,
        inbrowser=open_browser,
        share=False,
        quiet=True,
        prevent_thread_lock=True,
        **launch_options(context.settings),
    )
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host
    print(f"SpinePose runs at http://{shown}:{port}/  (Ctrl-C ends it)", flush=True)
    end.wait()
    page.close(verbose=False)


def _free_port(host: str, port: int) -> int:
    try:
        with closing(socket.create_server((host, port))) as listener:
            return int(listener.getsockname()[1])
    except OSError as error:
        # Python adds the address, which is said below.
        reason = (error.strerror or str(error)).partition(" (while attempting")[0]
        raise SpinePoseError(
            f"cannot listen on {host}:{port} ({reason}); choose another --port, or 0 for any that is free"
        ) from error


__all__ = ["launch_app", "launch_options"]
