"""What the columns of a keypoint array mean, for any skeleton: names, links, mirror pairs and tolerances.

With it: the skeletons this project meets, and how points of one become points of another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dataset_loader.sigmas import DEFAULT_SIGMA
from spinepose_hf.errors import DatasetError
from spinepose_hf.keypoint_sides import flip_order, infer_flip_pairs
from spinepose_hf.model.skeleton import FLIP_PAIRS, KEYPOINT_INDEX, KEYPOINT_NAMES, LINKS, OKS_SIGMAS


@dataclass(frozen=True, slots=True)
class KeypointSchema:
    """A skeleton.

    Attributes:
        name: what to call it.
        keypoints: the names of the K points, in column order.
        links: bones as (parent, child) columns counted from 0.
        flip_pairs: columns that change places in a mirrored picture, each pair once.
        sigmas: (K,) per-point constants of COCO's object keypoint similarity, as a share of the square root
            of the person's area.

    Raises:
        DatasetError: on construction, when the parts do not fit together.
    """

    name: str
    keypoints: tuple[str, ...]
    links: tuple[tuple[int, int], ...]
    flip_pairs: tuple[tuple[int, int], ...]
    sigmas: tuple[float, ...]

    def __post_init__(self) -> None:
        """Raises DatasetError for parts that do not fit together."""
        count = len(self.keypoints)
        if count == 0:
            raise DatasetError(f"skeleton {self.name!r} has no keypoints; give their names")
        twice = sorted({name for name in self.keypoints if self.keypoints.count(name) > 1})
        if twice:
            raise DatasetError(f"skeleton {self.name!r} names {', '.join(twice)} more than once")
        for kind, pairs in (("link", self.links), ("flip pair", self.flip_pairs)):
            for pair in pairs:
                if len(pair) != 2 or pair[0] == pair[1] or not all(0 <= end < count for end in pair):
                    raise DatasetError(
                        f"skeleton {self.name!r}: {kind} {tuple(pair)} must join two different keypoints "
                        f"of 0 to {count - 1}"
                    )
        flipped = [column for pair in self.flip_pairs for column in pair]
        if len(set(flipped)) < len(flipped):
            raise DatasetError(f"skeleton {self.name!r}: a keypoint stands in more than one flip pair")
        if len(self.sigmas) != count or not all(sigma > 0 for sigma in self.sigmas):
            raise DatasetError(f"skeleton {self.name!r} needs {count} positive sigmas, got {self.sigmas}")

    def __len__(self) -> int:
        return len(self.keypoints)

    @property
    def flip_index(self) -> tuple[int, ...]:
        """Permutation that a mirrored picture needs: `mirrored[k] = original[flip_index[k]]`."""
        return flip_order(self.flip_pairs, len(self))

    def to_category(self, category_id: int = 1) -> dict[str, Any]:
        """The COCO category of a person with this skeleton; COCO counts links from 1."""
        return {
            "id": category_id,
            "name": "person",
            "supercategory": "person",
            "keypoints": list(self.keypoints),
            "skeleton": [[a + 1, b + 1] for a, b in self.links],
        }

    @classmethod
    def from_category(
        cls,
        category: Mapping[str, Any],
        *,
        flip_pairs: Sequence[tuple[int, int]] | None = None,
        sigmas: Sequence[float] | Literal["estimate"] = "estimate",
        name: str | None = None,
    ) -> KeypointSchema:
        """Read a skeleton from a COCO category.

        Args:
            category: with `keypoints` (names) and, optionally, `skeleton` (links counted from 1).
            flip_pairs: columns that change places when mirrored; None infers them from the names.
            sigmas: (K,) values; "estimate" takes the published value of every name that COCO or this project
                knows and `DEFAULT_SIGMA` for the others (see `sigmas.estimate_sigmas` for a measured one).
            name: None takes the category's.

        Raises:
            DatasetError: the category has no keypoints, or its parts do not fit together.
        """
        names = category.get("keypoints")
        title = name or str(category.get("name", "skeleton"))
        if not isinstance(names, list | tuple) or not names or not all(isinstance(n, str) for n in names):
            raise DatasetError(f"category {title!r} has no list `keypoints` of names; give a skeleton")
        try:
            links = tuple((int(a) - 1, int(b) - 1) for a, b in category.get("skeleton") or ())
        except (TypeError, ValueError) as error:
            raise DatasetError(
                f"category {title!r}: `skeleton` must be a list of pairs of numbers"
            ) from error
        values = [known_sigma(n) for n in names] if isinstance(sigmas, str) else sigmas
        pairs = infer_flip_pairs(names) if flip_pairs is None else flip_pairs
        return cls(title, tuple(names), links, tuple((a, b) for a, b in pairs), tuple(values))


def known_sigma(name: str) -> float:
    """The published tolerance of a keypoint name, or `DEFAULT_SIGMA` for a name that nobody published."""
    return OKS_SIGMAS[KEYPOINT_INDEX[name]] if name in KEYPOINT_INDEX else DEFAULT_SIGMA


SPINETRACK = KeypointSchema("spinetrack", KEYPOINT_NAMES, LINKS, FLIP_PAIRS, OKS_SIGMAS)
"""The 37 points of SpinePose (arXiv 2504.08110)."""


def _links(text: str) -> tuple[tuple[int, int], ...]:
    return tuple((int(a), int(b)) for a, b in (pair.split("-") for pair in text.split()))


COCO17 = KeypointSchema(
    "coco17",
    KEYPOINT_NAMES[:17],
    _links(
        "15-13 13-11 16-14 14-12 11-12 5-11 6-12 5-6 5-7 6-8 7-9 8-10 1-2 0-1 0-2 1-3 2-4 3-5 4-6",
    ),
    FLIP_PAIRS[:8],
    OKS_SIGMAS[:17],
)
"""COCO's person (https://cocodataset.org/#keypoints-eval)."""

_HALPE_SIGMAS = {"neck": 0.026, "hip": 0.066}

HALPE26 = KeypointSchema(
    "halpe26",
    KEYPOINT_NAMES[:26],
    _links(
        "15-13 13-11 11-19 16-14 14-12 12-19 17-18 18-19 18-5 5-7 7-9 18-6 6-8 8-10 1-2 0-1 0-2 1-3 2-4 3-5 "
        "4-6 15-20 15-22 15-24 16-21 16-23 16-25",
    ),
    tuple(pair for pair in FLIP_PAIRS if max(pair) < 26),
    tuple(
        _HALPE_SIGMAS.get(name, sigma)
        for name, sigma in zip(KEYPOINT_NAMES[:26], OKS_SIGMAS[:26], strict=True)
    ),
)
"""Halpe-26 (https://github.com/Fang-Haoshu/Halpe-FullBody); its neck and hip are not SpinePose's."""

# Halpe-26 calls the base of the skull's support and the pelvis centre so; SpinePose means C7 and the sacrum.
_REDEFINED = ("neck", "hip")
_SPINE_MARK = "spine_01"


def column_map(source: KeypointSchema, target: KeypointSchema) -> list[tuple[int, int]]:
    """Pairs (column of `source`, column of `target`) of the points that both skeletons have.

    Points are the same when their names are, but for `neck` and `hip`: they mean vertebra C7 and the sacrum
    in a skeleton that has the spine (a point `spine_01`), other points in one that has not.
    """
    columns = {name: column for column, name in enumerate(target.keypoints)}
    alike = (_SPINE_MARK in source.keypoints) == (_SPINE_MARK in target.keypoints)
    return [
        (column, columns[name])
        for column, name in enumerate(source.keypoints)
        if name in columns and (alike or name not in _REDEFINED)
    ]


def convert_keypoints(
    points: ArrayLike, source: KeypointSchema, target: KeypointSchema = SPINETRACK
) -> NDArray[np.float64]:
    """Move labels from one skeleton to another; points that `source` lacks are masked.

    Args:
        points: (..., K, 3) x, y, visibility in columns of `source`.
        source: what the columns are.
        target: what they shall be.

    Returns:
        (..., len(target), 3) float64; x = y = visibility = 0 where `source` has no such point.

    Raises:
        DatasetError: the shape is not that of `source`, or the skeletons share no point.
    """
    given = np.asarray(points, np.float64)
    if given.ndim < 2 or given.shape[-2:] != (len(source), 3):
        raise DatasetError(
            f"keypoints of {source.name!r} have the shape (..., {len(source)}, 3), got {given.shape}"
        )
    pairs = column_map(source, target)
    if not pairs:
        raise DatasetError(
            f"skeleton {source.name!r}: none of its keypoint names ({', '.join(source.keypoints[:3])} ...) "
            f"is one of {target.name!r} ({', '.join(target.keypoints[:3])} ...)"
        )
    result = np.zeros((*given.shape[:-2], len(target), 3))
    result[..., [b for _, b in pairs], :] = given[..., [a for a, _ in pairs], :]
    return result


__all__ = [
    "COCO17",
    "HALPE26",
    "SPINETRACK",
    "KeypointSchema",
    "column_map",
    "convert_keypoints",
    "known_sigma",
]
