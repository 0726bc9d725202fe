"""The recipes are run from the top of the repository and not installed."""

from __future__ import annotations

import sys
from pathlib import Path

# Last, so that nothing installed is hidden by a folder of the repository.
sys.path.append(str(Path(__file__).resolve().parents[2]))
