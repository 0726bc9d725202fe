"""One picture of a COCO keypoint file as a row of typed columns, and back without loss.

A field whose value fits its column lies there; everything else (unknown fields, nulls, odd values) is kept as
it is in the JSON text of the column `extra`. A typed null means that the JSON lacks the field.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from dataset_loader.features import CAMERA_FIELDS, SOURCES, SPINE_FIELDS, portable_metadata, row_features
from dataset_loader.parquet.spans import Entries
from spinepose_hf.errors import DatasetError
from spinepose_hf.model.skeleton import NUM_KEYPOINTS

if TYPE_CHECKING:
    import pyarrow
    from datasets import Features

_EXACT = 2**53  # floats above it have gaps wider than one


def _whole(bits: int) -> Callable[[Any], Any]:
    limit = 2 ** (bits - 1)
    return lambda value: value if type(value) is int and -limit <= value < limit else None


def _number(value: Any) -> float | None:
    if type(value) is float or (type(value) is int and abs(value) <= _EXACT):
        return float(value)
    return None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _numbers(count: int) -> Callable[[Any], list[float] | None]:
    def fit(value: Any) -> list[float] | None:
        if not isinstance(value, list) or len(value) != count:
            return None
        numbers = [_number(item) for item in value]
        return None if None in numbers else numbers  # type: ignore[return-value]  # no None is left

    return fit


def _triples(value: Any) -> list[list[float]] | None:
    numbers = _numbers(3 * NUM_KEYPOINTS)(value)
    return None if numbers is None else [numbers[i : i + 3] for i in range(0, len(numbers), 3)]


def _points_3d(value: Any) -> list[list[float]] | None:
    if not isinstance(value, list) or len(value) != NUM_KEYPOINTS:
        return None
    points = [_numbers(3)(point) for point in value]
    return None if None in points else points  # type: ignore[return-value]  # no None is left


def _record(names: Sequence[str]) -> Callable[[Any], dict[str, float] | None]:
    def fit(value: Any) -> dict[str, float] | None:
        if not isinstance(value, dict) or set(value) != set(names):
            return None
        numbers = _numbers(len(names))([value[name] for name in names])
        return None if numbers is None else dict(zip(names, numbers, strict=True))

    return fit


def _plain(value: Any) -> Any:
    """Numbers as JSON would have them: 3.0 is 3, for ids of visibility and whole pixels read better so."""
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) <= _EXACT else value
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return value


def _flat(value: Any) -> Any:
    return _plain([number for triple in value for number in triple])


class _Cell(NamedTuple):
    """A JSON field with a column of its own.

    Attributes:
        field: its name in the JSON.
        column: its name in the row.
        fit: the column's value; None when the JSON's does not fit.
        back: the JSON's value from the column's.
        needed: whether a row without it makes no sense.
    """

    field: str
    column: str
    fit: Callable[[Any], Any]
    back: Callable[[Any], Any] = _plain
    needed: bool = False


_IMAGE_CELLS = (
    _Cell("id", "image_id", _whole(64), needed=True),
    _Cell("file_name", "file_name", _text, needed=True),
    _Cell("width", "width", _whole(32), needed=True),
    _Cell("height", "height", _whole(32), needed=True),
)
_PERSON_CELLS = (
    _Cell("id", "id", _whole(64), needed=True),
    _Cell("category_id", "category_id", _whole(32)),
    _Cell("bbox", "bbox", _numbers(4), needed=True),
    _Cell("area", "area", _number),
    _Cell("iscrowd", "iscrowd", _whole(8)),
    _Cell("num_keypoints", "num_keypoints", _whole(32)),
    _Cell("keypoints", "keypoints", _triples, _flat, needed=True),
)
_SYNTHETIC_IMAGE_CELLS = (*_IMAGE_CELLS, _Cell("camera", "camera", _record(CAMERA_FIELDS)))
_SYNTHETIC_PERSON_CELLS = (
    *_PERSON_CELLS,
    _Cell("keypoints_3d", "keypoints_3d", _points_3d),
    _Cell("spine", "spine", _record(SPINE_FIELDS)),
    _Cell("pose", "pose", _text),
)


def cells(synthetic: bool) -> tuple[tuple[_Cell, ...], tuple[_Cell, ...]]:
    """The typed fields of a picture and of a person."""
    if synthetic:
        return _SYNTHETIC_IMAGE_CELLS, _SYNTHETIC_PERSON_CELLS
    return _IMAGE_CELLS, _PERSON_CELLS


def stored_features(*, synthetic: bool, pixels: bool) -> Features:
    """Types of a stored row: those of `row_features` and what the way back to JSON needs.

    Added: file_name; image_position and person_positions, the places in the JSON's two lists; extra, the JSON
    text of all that has no column, null when there is nothing.

    Args:
        synthetic: with the generator's own fields.
        pixels: with the picture itself.
    """
    from datasets import Features, Sequence, Value

    columns = dict(row_features(synthetic=synthetic))
    if not pixels:
        del columns["image"]
    columns |= {
        "file_name": Value("string"),
        "image_position": Value("int64"),
        "person_positions": Sequence(Value("int64")),
        "extra": Value("string"),
    }
    return Features(columns)


def arrow_schema(features: Features) -> pyarrow.Schema:
    """The schema of a file with these types: plain Arrow ones, and `datasets`' own in its metadata."""
    import pyarrow as pa

    plain = pa.schema([pa.field(field.name, _storage(field.type)) for field in features.arrow_schema])
    return plain.with_metadata({"huggingface": portable_metadata(features)})


def _storage(kind: pyarrow.DataType) -> pyarrow.DataType:
    import pyarrow as pa

    if isinstance(kind, pa.ExtensionType):
        return _storage(kind.storage_type)
    if pa.types.is_struct(kind):
        return pa.struct([pa.field(kind[i].name, _storage(kind[i].type)) for i in range(kind.num_fields)])
    if pa.types.is_fixed_size_list(kind):
        return pa.list_(_storage(kind.value_type), kind.list_size)
    if pa.types.is_list(kind):
        return pa.list_(_storage(kind.value_type))
    return kind


def to_row(entries: Entries, source: str, where: str, *, synthetic: bool) -> dict[str, Any]:
    """The row of a picture, its pixels apart.

    Args:
        entries: what the annotation file says about it.
        source: one of `SOURCES`.
        where: the annotation file, for errors.
        synthetic: with the generator's own fields.

    Raises:
        DatasetError: an entry lacks a field that every row needs, or has a value of another kind or length.
    """
    image_cells, person_cells = cells(synthetic)
    image_id = entries.image.get("id")
    row, rest = _split(entries.image, image_cells, (), f"{where}: image {image_id}")
    people, rests = [], []
    for person in entries.people:
        title = f"{where}: annotation {person.get('id')} of image {image_id}"
        typed, others = _split(person, person_cells, ("image_id",), title)
        people.append(typed)
        rests.append(others)
    row |= {
        "source": SOURCES.index(source),
        "people": people,
        "image_position": entries.position,
        "person_positions": entries.person_positions,
        "extra": None,
    }
    if rest or any(rests):
        import orjson

        row["extra"] = orjson.dumps({"image": rest, "people": rests}).decode()
    return row


def from_row(row: Mapping[str, Any], *, synthetic: bool) -> Entries:
    """What the annotation file said about a picture: the reverse of `to_row`."""
    image_cells, person_cells = cells(synthetic)
    extra: dict[str, Any] = {"image": {}, "people": [{}] * len(row["people"])}
    if row["extra"] is not None:
        import orjson

        extra = orjson.loads(row["extra"])
    image = _join(row, image_cells) | extra["image"]
    people = [
        _join(person, person_cells) | {"image_id": image["id"]} | others
        for person, others in zip(row["people"], extra["people"], strict=True)
    ]
    return Entries(row["image_position"], image, row["person_positions"], people)


def _split(
    entry: Mapping[str, Any], columns: Sequence[_Cell], implied: Sequence[str], title: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """An entry as its typed columns, and the rest of it."""
    typed: dict[str, Any] = {}
    rest = {name: value for name, value in entry.items() if name not in implied}
    for cell in columns:
        value = cell.fit(entry[cell.field]) if cell.field in entry else None
        typed[cell.column] = value
        if value is not None:
            del rest[cell.field]
        elif cell.needed:
            raise DatasetError(f"{title}: {_misfit(cell.field, entry)}; see `spinepose dataset check`")
    return typed, rest


def _misfit(field: str, entry: Mapping[str, Any]) -> str:
    if field not in entry:
        return f"has no {field}"
    value = entry[field]
    if field == "keypoints" and isinstance(value, list) and len(value) != 3 * NUM_KEYPOINTS:
        return f"has {len(value) / 3:g} keypoints where {NUM_KEYPOINTS} are expected"
    return f"{field} is unusable: {str(value)[:60]}"


def _join(row: Mapping[str, Any], columns: Sequence[_Cell]) -> dict[str, Any]:
    return {cell.field: cell.back(row[cell.column]) for cell in columns if row[cell.column] is not None}


__all__ = ["arrow_schema", "from_row", "stored_features", "to_row"]
