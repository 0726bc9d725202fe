"""axe-core, the accessibility checker, run in the page.

It is fetched with npm where it is needed, pinned and its digest checked, and kept in `out/`: no copy of it
lies in the repository (it is under the MPL 2.0) and nothing of it is shipped. Where it cannot be fetched, the
tests that need it are skipped and say why.
"""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from spinepose_hf.files import atomic_path

VERSION: Final = "4.14.1"
INTEGRITY: Final = (
    "sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
)
"""Of the package that npm delivers; `npm view axe-core@VERSION dist.integrity` shows it."""

SERIOUS: Final = ("serious", "critical")
"""The impacts, in axe's words, that no page of ours may have."""


PATIENCE: Final = 60.0
"""Seconds that npm gets; without a network it would try for minutes."""

_QUICK_TO_GIVE_UP: Final = ("--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--fetch-timeout=30000")


class AxeUnavailableError(RuntimeError):
    """axe-core can be neither found nor fetched here."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One element that breaks one rule."""

    rule: str
    impact: str
    selector: str
    why: str

    def __str__(self) -> str:
        return f"{self.impact} {self.rule} at {self.selector}: {self.why}"


def axe_script(folder: Path, patience: float = PATIENCE) -> Path:
    """axe.min.js, fetched into `folder` where it is not there yet.

    Args:
        folder: where it is kept.
        patience: seconds that npm gets.

    Raises:
        AxeUnavailableError: npm is missing or fails.
        ValueError: npm delivers something else than what is pinned.
    """
    script = folder / f"axe-core-{VERSION}.min.js"
    if script.is_file():
        return script
    with tempfile.TemporaryDirectory() as name:
        package = _fetch(Path(name), patience)
        digest = base64.b64encode(hashlib.sha512(package.read_bytes()).digest()).decode()
        if f"sha512-{digest}" != INTEGRITY:
            raise ValueError(f"axe-core {VERSION} is not the file that is pinned (sha512-{digest})")
        with tarfile.open(package) as archive:
            member = archive.extractfile("package/axe.min.js")
            assert member is not None, "axe-core has no axe.min.js"
            content = member.read()
    folder.mkdir(parents=True, exist_ok=True)
    with atomic_path(script) as path:
        path.write_bytes(content)
    return script


def _fetch(folder: Path, patience: float) -> Path:
    npm = shutil.which("npm")
    if npm is None:
        raise AxeUnavailableError("npm is not installed, which fetches axe-core")
    command = [npm, "pack", f"axe-core@{VERSION}", "--silent", *_QUICK_TO_GIVE_UP]
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, check=False, timeout=patience
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise AxeUnavailableError(f"npm could not fetch axe-core {VERSION}: {error}") from error
    package = folder / f"axe-core-{VERSION}.tgz"
    if done.returncode or not package.is_file():
        lines = (done.stderr or done.stdout).strip().splitlines() or ["no reason given"]
        raise AxeUnavailableError(f"npm could not fetch axe-core {VERSION}: {lines[-1]}")
    return package


def check(page: Any, script: Path) -> list[Finding]:
    """Serious and critical findings in what the page shows now, by all rules that axe applies by default.

    Args:
        page: Playwright's page.
        script: `axe_script`'s.
    """
    if not page.evaluate("() => 'axe' in window"):
        # Evaluated, not added as an element: the page stays as it is.
        page.evaluate(script.read_text(encoding="utf-8"))
    found = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    return [
        Finding(
            violation["id"],
            node["impact"],
            " ".join(str(part) for part in node["target"]),
            " ".join(node["failureSummary"].split()),
        )
        for violation in found["violations"]
        for node in violation["nodes"]
        if node["impact"] in SERIOUS
    ]


__all__ = ["SERIOUS", "VERSION", "AxeUnavailableError", "Finding", "axe_script", "check"]
