"""The About tab: what this is, what its numbers mean and do not mean, and how programs use it."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Final

from spinepose_hf.app.context import AppContext
from spinepose_hf.app.measure_words import MEASURE_WORDS
from spinepose_hf.model.skeleton import VERTEBRAE

FIGURES: Final = Path(__file__).parent / "about"
"""Drawings of the measures, as in docs/measures.md; `python -m docs.figures.measures` makes them."""

_WHAT: Final = """## What this is
A neural network (RTMPose, trained as the SpinePose paper describes) finds 37 points of every person, nine of
them along the spine: {levels}. From these points, the app computes how the trunk leans and how the back and
the neck bend, in the picture. Each number comes with one standard deviation, from the network's own
uncertainty.

**Not a medical device.** It sees clothes and skin, not bones. It does not diagnose anything.

{model}"""

_EMBEDDED: Final = """**This model** is the small one inside the package. It learned the spine on rendered
people only, and the rest of the body on rendered people and a few hundred photos. It is a start: leans can be
used, but the bends of lower back, upper back and neck err as much as people differ, and the ± says so.
Wrists, ankles and strongly bent backs are often wrong, and so are people who are cut off or covered. The
official SpinePose models are better; `spinepose convert` makes them usable here."""

_OTHER: Final = (
    "**This model** is `{model}`{revision}. Its card on the Hugging Face Hub tells how it was trained and "
    "measured."
)

_PRIVACY: Final = """## What happens to your pictures
They are computed on the server that shows you this page, and nowhere else. Uploads and results are deleted
after {minutes:g} minutes, and when the app ends; pictures of the webcam are not stored at all. On your own
computer (`pip install "spinepose-hf[space]"`, then `spinepose app`) nothing leaves the machine."""

_API: Final = """## For programs
Every answer can be had from Python, with `pip install gradio_client`:

```python
from gradio_client import Client, handle_file

client = Client("{url}")
result = client.predict(handle_file("photo.jpg"), None, api_name="/estimate_image")
for person in result["people"]:
    print(person["view"], person["measures"]["trunk_lean_deg"])

both = client.predict(
    handle_file("before.jpg"), handle_file("after.jpg"), "sagittal-left", "sagittal-left",
    api_name="/compare_images",
)
print(both["comparable"], both["measures"]["trunk_lean_deg"]["difference"])
```

`/estimate_video` takes a video, `/compare_videos` two. `client.view_api()` lists what they take and give."""

_SOURCES: Final = """## Licence and citation
Code: Apache-2.0 (`spinepose-hf`). The weights inside the package: Apache-2.0; the official SpinePose weights:
CC-BY-NC-4.0. Sample pictures: see their credits. Please cite the paper when you publish with the points:

```bibtex
@inproceedings{khan2025spinepose,
  title     = {Towards Unconstrained 2D Pose Estimation of the Human Spine},
  author    = {Khan, Muhammad Saif Ullah and Krau{\\ss}, Stephan and Stricker, Didier},
  booktitle = {CVPR Workshops},
  year      = {2025},
  note      = {arXiv:2504.08110}
}
```"""


def build_about_tab(context: AppContext) -> None:
    """Add the tab to the page that is being built."""
    import gradio as gr

    settings = context.settings
    with gr.Tab("About", id="about"):
        gr.Markdown(what_text(settings.model, settings.revision))
        with gr.Accordion("What do these angles mean?", open=True, elem_id="about-angles"):
            gr.HTML(angles_html())
        gr.Markdown(_PRIVACY.format(minutes=settings.keep_minutes))
        api = gr.Markdown(api_text(), elem_id="about-api")
        # Only the browser knows under which address this page is seen.
        address = gr.Textbox(visible=False)
        gr.context.Context.root_block.load(
            api_text, address, api, js="() => location.origin + location.pathname", queue=False,
            show_progress="hidden", api_visibility="private",
        )  # fmt: skip
        gr.Markdown(_SOURCES)


def what_text(model: str, revision: str) -> str:
    """Return what the page says of itself and of its model, in Markdown."""
    levels = ", ".join(reversed(VERTEBRAE.values()))
    pinned = f" at revision `{revision}`" if revision else ""
    told = _OTHER.format(model=model, revision=pinned) if model else _EMBEDDED
    return _WHAT.format(levels=levels, model=told)


def api_text(url: str = "http://127.0.0.1:7860") -> str:
    """Return how programs use the app, in Markdown, for an app at `url`."""
    return _API.replace("{url}", url)


def angles_html() -> str:
    """Return the measures and what they mean, with drawings."""
    rows = "".join(
        f'<tr><th scope="row">{escape(words.title)}</th><td>{escape(words.meaning)}</td></tr>'
        for words in MEASURE_WORDS.values()
    )
    return (
        f'{figures_html()}<div class="result-table" role="region" aria-label="Measures" tabindex="0"><table>'
        f"<caption>In the picture, with the sign told here</caption><tbody>{rows}</tbody></table></div>"
        '<p class="quiet">Leans and bends forward and backward need a picture exactly from the side; tilts '
        "and sideways curves one exactly from the front or the back. In between, values are shortened or "
        "left out, and the app says so. A camera that is held askew adds its own angle to all leans.</p>"
    )


def figures_html() -> str:
    """Return the drawings, as pictures that are part of the page."""
    from base64 import b64encode

    parts = []
    for path in sorted(FIGURES.glob("*.png")):
        data = b64encode(path.read_bytes()).decode("ascii")
        words = path.stem.split("_", 1)[-1].replace("_", " ")
        parts.append(
            f'<img src="data:image/png;base64,{data}" alt="Drawing: {escape(words)}" loading="lazy">'
        )
    figures = "".join(parts)
    return f'<div class="figures" role="region" aria-label="Drawings" tabindex="0">{figures}</div>'


__all__ = ["FIGURES", "angles_html", "api_text", "build_about_tab", "figures_html", "what_text"]
