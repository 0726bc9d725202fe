"""One field of many JSON records as a NumPy column; an entry that does not fit is named by file and id."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinepose_hf.errors import DatasetError

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

REPAIR = "`spinepose dataset check` lists all such errors, its --fix writes a repaired copy"


@dataclass(frozen=True)
class Records:
    """The entries of one section of an annotation file.

    Attributes:
        items: the entries, in file order.
        kind: what errors call one of them: "image" or "annotation".
        file: what errors call the file.
    """

    items: Sequence[dict[str, Any]]
    kind: str
    file: str

    def __len__(self) -> int:
        return len(self.items)

    def where(self, row: int) -> str:
        """Name an entry for a message."""
        item = self.items[row]
        return (
            f"{self.file}: {self.kind} {item['id']}"
            if "id" in item
            else f"{self.file}: {self.kind} no. {row}"
        )

    def has(self, key: str) -> bool:
        """Whether any entry has the field."""
        return any(item.get(key) is not None for item in self.items)

    def values(self, key: str) -> list[Any]:
        """The field of every entry.

        Raises:
            DatasetError: an entry has no such field.
        """
        try:
            return [item[key] for item in self.items]
        except KeyError:
            row = next(row for row, item in enumerate(self.items) if key not in item)
            raise DatasetError(f"{self.where(row)} has no `{key}`; {REPAIR}") from None

    def integers(self, key: str, default: int | None = None) -> Integers:
        """(N,) whole numbers; `default` stands for a missing or null field where it is given.

        Raises:
            DatasetError: an entry is not a whole number.
        """
        values: list[Any]
        if default is None:
            values = self.values(key)
        else:
            values = [default if item.get(key) is None else item[key] for item in self.items]
        for row, value in enumerate(values):
            if not isinstance(value, int):
                raise DatasetError(f"{self.where(row)}: `{key}` must be a whole number, got {_short(value)}")
        return np.array(values, np.int64)

    def numbers(self, key: str) -> Floats:
        """(N,) numbers; NaN where the field is missing or null.

        Raises:
            DatasetError: an entry is not a number.
        """
        values = [item.get(key) for item in self.items]
        for row, value in enumerate(values):
            if not isinstance(value, int | float | None):
                raise DatasetError(f"{self.where(row)}: `{key}` must be a number, got {_short(value)}")
        return np.array(values, np.float64)

    def texts(self, key: str) -> list[str]:
        """(N,) texts that are not empty.

        Raises:
            DatasetError: an entry is none.
        """
        values = self.values(key)
        for row, value in enumerate(values):
            if not isinstance(value, str) or not value:
                raise DatasetError(f"{self.where(row)}: `{key}` must be a text, got {_short(value)}")
        return values

    def rows(self, key: str, length: int, what: str) -> Floats:
        """(N, length) numbers from a field that is a flat list of them.

        Args:
            key: the field.
            length: how many numbers each entry must have.
            what: the end of the message about another length, such as "a box has 4".

        Raises:
            DatasetError: an entry has another length, or something in it is not a number.
        """
        values = self.values(key)
        for row, value in enumerate(values):
            if not isinstance(value, list) or len(value) != length:
                raise DatasetError(f"{self.where(row)} {_length(key, value)}, {what}")
        try:
            flat = np.fromiter(chain.from_iterable(values), np.float64, len(values) * length)
            # JSON has no NaN: it stands for a null here.
            wrong = int(np.isnan(flat).argmax()) // length if np.isnan(flat).any() else None
        except (TypeError, ValueError):
            wrong = next(row for row, value in enumerate(values) if not all(map(_is_number, value)))
        if wrong is not None:
            raise DatasetError(f"{self.where(wrong)}: `{key}` holds something that is not a number; {REPAIR}")
        return flat.reshape(len(values), length)

    def named_numbers(self, key: str, fields: Sequence[str]) -> Floats | None:
        """(N, len(fields)) numbers from a field that is an object; None when no entry has it.

        Raises:
            DatasetError: an entry lacks one of `fields` or has something else than a number there.
        """
        if not self.has(key):
            return None
        result = np.full((len(self), len(fields)), np.nan)
        for row, item in enumerate(self.items):
            value = item.get(key)
            if value is None:
                continue
            if not isinstance(value, dict) or not all(isinstance(value.get(f), int | float) for f in fields):
                raise DatasetError(f"{self.where(row)}: `{key}` needs the numbers {', '.join(fields)}")
            result[row] = [value[field] for field in fields]
        return result

    def refuse_twice(self, values: Sequence[Any], what: str) -> None:
        """Raise a DatasetError naming the two entries that share a value."""
        if len(set(values)) == len(values):
            return
        first: dict[Any, int] = {}
        for row, value in enumerate(values):
            if value in first:
                other = self.items[first[value]].get("id")
                raise DatasetError(
                    f"{self.where(row)} has the {what} {value!r} of {self.kind} {other}; {REPAIR}"
                )
            first[value] = row


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def _length(key: str, value: Any) -> str:
    if not isinstance(value, list):
        return f"has no list in `{key}`"
    if key == "keypoints" and len(value) % 3 == 0:
        return f"has {len(value) // 3} keypoints"
    return f"has {len(value)} numbers in `{key}`"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."


__all__ = ["REPAIR", "Floats", "Integers", "Records"]
