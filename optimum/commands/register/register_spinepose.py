"""What makes `optimum-cli export onnx` know SpinePose wherever this package is installed.

`optimum-cli` imports every module of the namespace `optimum.commands.register`, which each distribution may
extend (PEP 420: none of its folders has an `__init__.py`). There is no command to add: SpinePose registers
with the exporter as soon as that is imported, so that all other commands start as quickly as before.
"""

from __future__ import annotations

from typing import Any

from spinepose_hf.onnx.optimum_register import register_with_optimum_when_imported

REGISTER_COMMANDS: list[Any] = []

register_with_optimum_when_imported()

__all__ = ["REGISTER_COMMANDS"]
