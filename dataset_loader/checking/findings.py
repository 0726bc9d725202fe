"""What can be wrong with a COCO keypoint file: the rules, a breach of one, and the report of a check."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

Severity = Literal["error", "warning"]


class Rule(NamedTuple):
    """A thing that a file must (error) or should (warning) keep.

    Attributes:
        severity: an error stops or misleads training or evaluation; a warning is legal but suspicious.
        meaning: what is wrong, for the summary.
        repair: what `--fix` does about it; "" where only a human can.
    """

    severity: Severity
    meaning: str
    repair: str


RULES: dict[str, Rule] = {
    "file-missing": Rule("warning", "an annotation file of the official layout is not there", ""),
    "file-unreadable": Rule("error", "an annotation file that cannot be read", ""),
    "json-invalid": Rule("error", "not valid JSON, or cut off", ""),
    "json-not-finite": Rule("error", "NaN or Infinity, which JSON does not know", "written as null"),
    "section-missing": Rule("error", "a section is missing or not a list", ""),
    "split-empty": Rule("error", "no picture, or no labelled person", ""),
    "image-entry": Rule("error", "an image entry without usable id, file_name, width or height", "dropped"),
    "image-id-duplicate": Rule(
        "error", "an image id used twice", "the copy dropped; with different content, all of that id"
    ),
    "file-name-duplicate": Rule(
        "error", "a file name listed twice", "the later entry dropped, its persons moved to the first"
    ),
    "file-name-unsafe": Rule(
        "error", "a file name that leaves the images folder", "dropped with its persons"
    ),
    "image-missing": Rule("error", "the picture is not there", "dropped with its persons"),
    "image-unreadable": Rule("error", "the file is not a picture", "dropped with its persons"),
    "image-size": Rule("error", "the picture has another size", "dropped with its persons"),
    "category-missing": Rule("error", "no categories", "the category of the 37 keypoints added"),
    "category-names": Rule("warning", "the category does not name its keypoints", "names of the 37 added"),
    "category-other": Rule("error", "the category names another number or order of keypoints", ""),
    "category-spelling": Rule(
        "warning", "the category names keypoints otherwise; their order is trusted", ""
    ),
    "category-unknown": Rule(
        "error", "a person of an unknown category", "set to the only category; dropped if there are several"
    ),
    "annotation-entry": Rule("error", "an annotation without usable id, image_id or keypoints", "dropped"),
    "annotation-id-duplicate": Rule(
        "error", "an annotation id used twice", "the copy dropped; with different content, a new id"
    ),
    "annotation-orphan": Rule("error", "a person of an unknown image", "dropped"),
    "keypoints-length": Rule("error", "another number of keypoints than the category names", "dropped"),
    "keypoints-not-finite": Rule("error", "a coordinate that is no finite number", "the point unlabelled"),
    "visibility": Rule("error", "a visibility other than 0, 1, 2", "the point unlabelled"),
    "point-outside": Rule("error", "a labelled point outside the picture", "the point unlabelled"),
    "box-invalid": Rule("error", "a box missing, without size, or wholly outside", "dropped"),
    "box-outside": Rule("warning", "a box reaching over the picture's edge", "clipped"),
    "area-missing": Rule("warning", "no area: evaluation would take 1 square pixel", "the box's"),
    "area-invalid": Rule("error", "an area that is no positive number", "the box's"),
    "iscrowd-missing": Rule("warning", "no iscrowd", "0"),
    "num-keypoints": Rule("warning", "num_keypoints is not the number of labelled points", "counted"),
}
"""Every rule by name, in the order of the report."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One breach of a rule.

    Attributes:
        rule: its name in `RULES`.
        message: what is wrong, with the values.
        file: the JSON file.
        image_id: the picture's id as the file has it; None where there is none.
        annotation_id: the person's id as the file has it; None where there is none.
        row: place of the entry in its section, for the repair; -1 for the file as a whole.
    """

    rule: str
    message: str
    file: str
    image_id: Any = None
    annotation_id: Any = None
    row: int = -1

    @property
    def severity(self) -> Severity:
        """Of its rule."""
        return RULES[self.rule].severity

    @property
    def repairable(self) -> bool:
        """Whether its rule has a repair."""
        return bool(RULES[self.rule].repair)

    def to_dict(self) -> dict[str, Any]:
        """As the JSON report has it."""
        return {
            "severity": self.severity,
            "rule": self.rule,
            "message": self.message,
            "file": self.file,
            "image_id": self.image_id,
            "annotation_id": self.annotation_id,
        }

    def __str__(self) -> str:
        ids = [
            f"{kind} {value}"
            for kind, value in (("image", self.image_id), ("annotation", self.annotation_id))
            if value is not None
        ]
        return f"{self.severity}: {', '.join([self.file, *ids])}: {self.message}"


@dataclass(frozen=True, slots=True)
class FileCount:
    """How much one JSON file holds: its name, and the number of its pictures and persons."""

    file: str
    images: int
    persons: int


@dataclass(slots=True)
class Report:
    """The result of a check: what was looked at, and what is wrong with it."""

    files: list[FileCount] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def errors(self) -> int:
        """Number of breaches that stop or mislead training."""
        return sum(finding.severity == "error" for finding in self.findings)

    @property
    def warnings(self) -> int:
        """Number of suspicious but legal things."""
        return len(self.findings) - self.errors

    def to_dict(self) -> dict[str, Any]:
        """The whole report, for a JSON file."""
        return {
            "files": [{"file": f.file, "images": f.images, "persons": f.persons} for f in self.files],
            "errors": self.errors,
            "warnings": self.warnings,
            "summary": [
                {
                    "rule": rule,
                    "severity": RULES[rule].severity,
                    "count": count,
                    "meaning": RULES[rule].meaning,
                }
                for rule, count in summary(self.findings)
            ],
            "findings": [finding.to_dict() for finding in self.findings],
        }


def summary(findings: Iterable[Finding]) -> list[tuple[str, int]]:
    """Pairs (rule, number of its breaches) in the order of `RULES`, broken ones only."""
    counts = Counter(finding.rule for finding in findings)
    return [(rule, counts[rule]) for rule in RULES if counts[rule]]


def first_of_each(findings: Sequence[Finding], limit: int) -> list[Finding]:
    """At most `limit` findings of each rule, in order: a file wrong throughout would bury the rest."""
    shown: Counter[str] = Counter()
    chosen = []
    for finding in findings:
        shown[finding.rule] += 1
        if shown[finding.rule] <= limit:
            chosen.append(finding)
    return chosen


__all__ = ["RULES", "FileCount", "Finding", "Report", "Rule", "Severity", "first_of_each", "summary"]
