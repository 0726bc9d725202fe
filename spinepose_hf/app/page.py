"""The page: five tabs over one warm network."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from spinepose_hf.app.context import AppContext
from spinepose_hf.extras import require_extra

TITLE = "SpinePose: see the spine in photos and videos"

TABS = ("image", "video", "webcam", "compare", "about")
"""In the order in which they stand; each is `build_<name>_tab` of the module `<name>_tab`."""

_HEAD = """# SpinePose
37 points of the body, nine of them along the spine, in photos and videos. What you upload stays on this
server and is deleted soon after."""


def build_page(context: AppContext) -> Any:
    """Return the page as `gradio.Blocks`, queued and ready to launch with `page_looks`.

    Args:
        context: what its tabs share; it must stay open as long as the page is served.

    Raises:
        MissingExtraError: Gradio or Plotly is not installed.
    """
    require_extra("space", ("gradio", "plotly"), "the app")
    import gradio as gr

    settings = context.settings
    keep = max(60, round(60 * settings.keep_minutes))
    with gr.Blocks(title=TITLE, analytics_enabled=False, delete_cache=(keep, keep)) as page:
        gr.Markdown(_HEAD, elem_id="app-head")
        with gr.Tabs(elem_id="app-tabs"):
            for name in TABS:
                module = import_module(f"spinepose_hf.app.{name}_tab")
                getattr(module, f"build_{name}_tab")(context)
    page.queue(max_size=settings.waiting, default_concurrency_limit=settings.workers)
    return page


def page_looks() -> dict[str, Any]:
    """Arguments of `launch` for the looks: theme, and the styles and scripts of all tabs."""
    from spinepose_hf.app.theme import make_theme

    folder = Path(__file__).parent
    css = "\n".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.css")))
    scripts = "\n".join(
        f"<script>\n{path.read_text(encoding='utf-8')}\n</script>" for path in sorted(folder.glob("*.js"))
    )
    return {"theme": make_theme(), "css": css, "head": scripts}


__all__ = ["TABS", "TITLE", "build_page", "page_looks"]
