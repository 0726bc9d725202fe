"""A report as Markdown, for people, and as `model-index` YAML, for a model card on the Hub."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from spinepose_hf.evaluation.bootstrap import BOOTSTRAPPED, Interval
from spinepose_hf.evaluation.coco_ap import METRICS
from spinepose_hf.evaluation.report import Report
from spinepose_hf.model.skeleton import VERTEBRAE

_ABSENT = "–"


def markdown(report: Report) -> str:
    """The whole report as Markdown tables. Shares are in percent, errors in image pixels and degrees."""
    protocol = report.protocol
    height, width = protocol.input_size
    parts = [
        f"# {report.model} on {report.dataset}",
        f"{report.persons:,} labelled persons in {report.images:,} images; {report.predictions:,} predicted, "
        f"in {protocol.boxes}, {'with' if protocol.flip else 'without'} flip test, input {width}x{height}. "
        f"Persons are ranked by {protocol.ranking}; OKS-NMS at {protocol.nms:g}.",
        *(f"Note: {note}." for note in report.notes),
        "## Groups of keypoints",
        _groups(report),
        *_against(report),
        *_angles(report),
        "## Keypoints",
        _keypoints(report),
        f"Error: median distance of prediction and label. PCK: {protocol.pck}. AUC: {protocol.auc}.",
        "## Scores",
        f"{100 * report.calibration.right:.1f} % of the labelled points are predicted within OKS 0.5; the "
        f"keypoint scores miss that by {100 * report.calibration.error:.1f} points on average (expected "
        "calibration error, ten bins).",
    ]
    return "\n\n".join(parts) + "\n"


def model_index(report: Report, model_name: str | None = None) -> str:
    """The front matter of a model card, as YAML between `---` lines.

    Args:
        report: the evaluation.
        model_name: what the card calls the model; None takes the last part of its path or id.
    """
    from huggingface_hub import EvalResult, ModelCardData

    name = model_name or Path(report.model).stem
    dataset = Path(report.dataset).name
    results = [
        EvalResult(
            task_type="keypoint-detection",
            dataset_type=dataset,
            dataset_name=dataset,
            metric_type=figure.lower(),
            metric_name=f"{figure} {group}",
            metric_value=round(100 * value, 2),
            metric_args={"boxes": report.protocol.boxes, "flip_test": report.protocol.flip},
        )
        for group, figures in report.groups.items()
        for figure in ("AP", "AR")
        if (value := figures.figures[figure]) is not None
    ]
    card = ModelCardData(model_name=name, eval_results=results)
    return f"---\n{card.to_yaml()}\n---\n"


def _groups(report: Report) -> str:
    rows = []
    for name, group in report.groups.items():
        cells = [_percent(group.figures[figure], group.intervals.get(figure)) for figure in METRICS]
        pck = [_percent(value) for value in group.pck]
        rows.append([name, str(group.keypoints), f"{group.persons:,}", *cells, *pck, _percent(group.auc)])
    head = ["group", "points", "persons", *METRICS, "PCK.05", "PCK.1", "AUC"]
    table = _table(head, rows)
    if not report.samples:
        return table
    drawn = f"In brackets: the middle 95 % of {report.samples:,} bootstrap samples of the images."
    return f"{table}\n\n{drawn}"


def _against(report: Report) -> list[str]:
    if report.against is None:
        return []
    rows = []
    for group, differences in report.against.differences.items():
        for figure in BOOTSTRAPPED:
            if figure not in differences:
                continue
            apart = differences[figure]
            span = apart.interval
            rows.append(
                [
                    group,
                    figure,
                    _percent(report.groups[group].figures[figure]),
                    _percent(report.against.figures[group][figure]),
                    f"{100 * apart.value:+.1f} ({100 * span.low:+.1f} to {100 * span.high:+.1f})",
                    f"{apart.p_value:.3f}",
                ]
            )
    head = ["group", "figure", "this model", "the other", "difference", "p"]
    return [
        f"## Against {report.against.model}",
        _table(head, rows),
        "Both models met the same bootstrap samples of images; in brackets the middle 95 % of the "
        "differences.",
    ]


def _angles(report: Report) -> list[str]:
    if not report.angles:
        return []
    rows = [
        [
            name,
            f"{errors.count:,}",
            f"{errors.mean_error:.1f}",
            f"{errors.median_error:.1f}",
            f"{errors.bias:+.1f}",
            f"{errors.labelled_deviation:.1f}",
            _plain(errors.correlation),
            _plain(errors.slope),
        ]
        for name, errors in report.angles.items()
    ]
    head = [
        "angle",
        "persons",
        "mean error°",
        "median error°",
        "bias°",
        "labels' sd°",
        "correlation",
        "slope",
    ]
    return [
        "## Spine angles in the picture",
        _table(head, rows),
        "The turn of the chain between the lowest and the highest link of a region; trunk: sacrum to C7 from "
        "upright. A constant answer would err by about the labels' deviation; a slope below 1 flattens "
        "curves.",
    ]


def _keypoints(report: Report) -> str:
    rows = [
        [
            f"{point.name} ({VERTEBRAE[point.name]})" if point.name in VERTEBRAE else point.name,
            f"{point.sigma:g}",
            f"{point.labelled:,}",
            _percent(point.ap),
            _percent(point.ar),
            _ABSENT if point.median_error is None else f"{point.median_error:.1f}",
            *(_percent(value) for value in point.pck),
            _percent(point.auc),
        ]
        for point in report.keypoints
    ]
    head = ["keypoint", "sigma", "labelled", "AP", "AR", "error px", "PCK.05", "PCK.1", "AUC"]
    return _table(head, rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table, the first column to the left and the others to the right."""
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *rows))


def _percent(value: float | None, span: Interval | None = None) -> str:
    if value is None:
        return _ABSENT
    return f"{100 * value:.1f}" + (f" ({100 * span.low:.1f}-{100 * span.high:.1f})" if span else "")


def _plain(value: float | None) -> str:
    return _ABSENT if value is None else f"{value:.2f}"


__all__ = ["markdown", "model_index"]
