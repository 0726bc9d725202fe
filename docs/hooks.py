"""What mkdocs does beyond its plugins: pages out of files that live elsewhere, and a look at what was built.

The README, the embedded model's README and others are written once, where they belong; the site shows them as
pages and turns links between repository files into links between pages.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parent.parent

PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "spinepose_hf/weights/README.md": "embedded_weights.md",
    "dataset_loader/synthetic/README.md": "rendered_people.md",
}
"""Files of the repository that are pages of the site as they are."""

SHOWN_ON = {
    "recipes/own_data.yaml": "recipes.md#own_datayaml",
    "recipes/paper.yaml": "recipes.md#paperyaml",
    "recipes/embedded.yaml": "recipes.md#embeddedyaml",
    "recipes/ablation.yaml": "recipes.md#ablationyaml",
    "dataset_loader/parquet/cards/spinetrack.md": "data_cards.md#spinetrack",
    "dataset_loader/parquet/cards/synthetic.md": "data_cards.md#rendered-people",
    "spinepose_hf/training/recipe.py": "api/training.md",
}
"""Files of the repository that a page shows or describes, and where."""

_LINK = re.compile(r"\[([^\]]*)\]\((?![a-z]+:|#)([^)\s#]+)(#[^)\s]*)?\)")
_FENCE = re.compile(r"^(```|~~~).*?^\1\s*$", re.MULTILINE | re.DOTALL)
_INCLUDE = re.compile(r"^<!-- show: (\S+) -->$", re.MULTILINE)
_SEARCH = 'data-md-component="search" role="dialog"'
_FIGURE = re.compile(r'<img [^>]*src="((?:\.\./)*images/[^"]+)"[^>]*>')
# What a browser fetches by itself when it shows a page: links that a reader may follow are not meant.
_LOADED = re.compile(
    r"""<(?:script|img|iframe|source|video|audio|embed)\b[^>]*?\bsrc=["']?((?:https?:)?//[^"'\s>]+)"""
    r"""|<link\b(?=[^>]*\brel=["']?(?:stylesheet|icon|preload|preconnect|dns-prefetch|manifest))"""
    r"""[^>]*?\bhref=["']?((?:https?:)?//[^"'\s>]+)""",
    re.IGNORECASE,
)
_LOADED_BY_STYLES = re.compile(r"""(?:url\(|@import\s)\s*["']?((?:https?:)?//[^"')\s]+)""", re.IGNORECASE)


def on_files(files: Files, config: Any) -> Files:
    """Add the pages whose text lies elsewhere in the repository."""
    for source, page in PAGES.items():
        files.append(File.generated(config, page, abs_src_path=str(ROOT / source)))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, **_: Any) -> str:
    """Show the files that `<!-- show: PATH -->` names; links to repository files become links to pages."""
    uri = page.file.src_uri
    if page.parent is None:
        page.meta.setdefault("hide", ["navigation"])  # a single page needs no list beside it
    here = {shown: source for source, shown in PAGES.items()}.get(uri, f"docs/{uri}")
    titles = dict(_titles(config.nav))
    return _outside_code(_INCLUDE.sub(_shown, markdown), lambda text: _links(text, here, uri, titles))


def on_page_content(html: str, **_: Any) -> str:
    """Make every figure a link to itself: on a phone its letters are small."""
    return _FIGURE.sub(lambda image: f'<a href="{image[1]}" title="In full size">{image[0]}</a>', html)


def on_post_page(output: str, **_: Any) -> str:
    """Give the search dialog the name that the theme leaves out, for screen readers."""
    return output.replace(_SEARCH, f'{_SEARCH} aria-label="Search"')


def on_post_build(config: Any, **_: Any) -> None:
    """Refuse a site that would make a browser ask another host.

    Raises:
        PluginError: it would; the files and addresses are named.
    """
    found = [
        f"{path.relative_to(config.site_dir)}: {address}" for path, address in _foreign(Path(config.site_dir))
    ]
    if found:
        raise PluginError("the site loads from other hosts: " + "; ".join(found[:20]))


def _outside_code(markdown: str, change: Any) -> str:
    """`markdown` with everything between its fenced code blocks changed."""
    parts, end = [], 0
    for fence in _FENCE.finditer(markdown):
        parts += [change(markdown[end : fence.start()]), fence.group()]
        end = fence.end()
    return "".join([*parts, change(markdown[end:])])


def _titles(nav: Any) -> Iterator[tuple[str, str]]:
    """Page and title of every named entry of the navigation."""
    for entry in nav:
        for title, inside in entry.items() if isinstance(entry, dict) else ():
            if isinstance(inside, str):
                yield inside, title
            else:
                yield from _titles(inside)


def _links(text: str, here: str, uri: str, titles: dict[str, str]) -> str:
    """Links of the file `here` as those of the page `uri`; one that shows a path shows the page's title."""

    def turned(link: re.Match[str]) -> str:
        shown, path, anchor = link[1], link[2], link[3] or ""
        target = posixpath.normpath(posixpath.join(posixpath.dirname(here), path))
        if target in PAGES:
            page = PAGES[target]
        elif target in SHOWN_ON:
            page, _, rest = SHOWN_ON[target].partition("#")
            anchor = f"#{rest}" if rest else ""
        elif target.startswith("docs/"):
            page = target.removeprefix("docs/")
        else:
            return str(link.group())  # mkdocs says that it leads nowhere
        if shown in (path, posixpath.basename(path), target):
            shown = titles.get(page, shown)
        return f"[{shown}]({posixpath.relpath(page, posixpath.dirname(uri) or '.')}{anchor})"

    return _LINK.sub(turned, text)


def _shown(mark: re.Match[str]) -> str:
    """The file that the mark names: of a card what stays without its counts, anything else as code."""
    path = ROOT / mark[1]
    text = path.read_text(encoding="utf-8").strip()
    if path.suffix != ".md":
        return f"```{path.suffix.removeprefix('.')}\n{text}\n```"
    lasting = text[text.index("## ") :].replace("$structure\n", "")
    return re.sub(r"^## ", "### ", lasting, flags=re.MULTILINE)


def _foreign(site: Path) -> Iterator[tuple[Path, str]]:
    """Files of the site with the addresses elsewhere that they load."""
    for path in sorted(site.rglob("*")):
        if path.suffix == ".html":
            pattern = _LOADED
        elif path.suffix == ".css":
            pattern = _LOADED_BY_STYLES
        else:
            continue
        for match in pattern.finditer(path.read_text(encoding="utf-8")):
            yield path, next(group for group in match.groups() if group)
