"""axe-core, the accessibility checker, run in the page.

It is fetched with npm where it is needed, pinned and its digest checked, and kept in `out/`: no copy of it
lies in the repository (it is under the MPL 2.0) and nothing of it is shipped.
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


def axe_script(folder: Path) -> Path:
    """axe.min.js, fetched into `folder` where it is not there yet.

    Raises:
        AxeUnavailableError: npm is missing or fails, or delivers something else than what is pinned.
    """
    script = folder / f"axe-core-{VERSION}.min.js"
    if script.is_file():
        return script
    npm = shutil.which("npm")
    if npm is None:
        raise AxeUnavailableError("npm is not installed, which fetches axe-core")
    with tempfile.TemporaryDirectory() as name:
        command = [npm, "pack", f"axe-core@{VERSION}", "--silent", "--pack-destination", name]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        package = Path(name) / f"axe-core-{VERSION}.tgz"
        if done.returncode or not package.is_file():
            lines = (done.stderr or done.stdout).strip().splitlines() or ["no reason given"]
            raise AxeUnavailableError(f"npm could not fetch axe-core {VERSION}: {lines[-1]}")
        digest = base64.b64encode(hashlib.sha512(package.read_bytes()).digest()).decode()
        if f"sha512-{digest}" != INTEGRITY:
            raise AxeUnavailableError(f"axe-core {VERSION} is not the file that is pinned (sha512-{digest})")
        with tarfile.open(package) as archive:
            member = archive.extractfile("package/axe.min.js")
            assert member is not None, "axe-core has no axe.min.js"
            content = member.read()
    folder.mkdir(parents=True, exist_ok=True)
    with atomic_path(script) as path:
        path.write_bytes(content)
    return script


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


__all__ = ["INTEGRITY", "SERIOUS", "VERSION", "AxeUnavailableError", "Finding", "axe_script", "check"]
