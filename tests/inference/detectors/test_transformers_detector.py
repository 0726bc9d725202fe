"""Object detectors of transformers, on a tiny network with random weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from spinepose_hf.errors import DetectorError
from spinepose_hf.inference.detectors.transformers import TransformersDetector


def save_detector(folder: Path, labels: tuple[str, str]) -> Path:
    import torch
    from transformers import YolosConfig, YolosForObjectDetection, YolosImageProcessor

    try:
        from transformers import YolosImageProcessorPil as Processor
    except ImportError:  # transformers 4: the plain class is the PIL one
        Processor = YolosImageProcessor  # noqa: N806

    torch.manual_seed(0)
    config = YolosConfig(
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        image_size=[64, 64],
        patch_size=16,
        num_detection_tokens=5,
        id2label=dict(enumerate(labels)),
        label2id={label: index for index, label in enumerate(labels)},
    )
    YolosForObjectDetection(config).save_pretrained(folder)
    Processor(size={"height": 64, "width": 64}).save_pretrained(folder)
    return folder


def test_takes_persons_only(tmp_path: Path) -> None:
    image = np.zeros((100, 150, 3), np.uint8)
    # The same weights call all five boxes by the first or by the second class.
    counts = []
    for labels in (("Person", "dog"), ("dog", "person")):
        folder = save_detector(tmp_path / labels[0], labels)
        found = TransformersDetector(str(folder), "cpu", threshold=0.0)(image)
        counts.append(len(found.boxes))
        assert found.boxes.shape == (counts[-1], 4)
        assert (found.boxes[:, 2] <= 149).all()
        assert (np.diff(found.scores) <= 0).all()
    assert sorted(counts) == [0, 5]
    assert len(TransformersDetector(str(folder), "cpu", threshold=0.99)(image).boxes) == 0


def test_needs_a_person_class(tmp_path: Path) -> None:
    with pytest.raises(DetectorError, match="no class called 'person'"):
        TransformersDetector(str(save_detector(tmp_path / "pets", ("cat", "dog"))), "cpu")


def test_refuses_other_folders(tmp_path: Path) -> None:
    with pytest.raises(DetectorError, match="cannot load the detector") as caught:
        TransformersDetector(str(tmp_path), "cpu")
    assert "\n" not in str(caught.value)


def test_refuses_damaged_weights(tmp_path: Path) -> None:
    folder = save_detector(tmp_path / "cut", ("person", "dog"))
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:500])
    with pytest.raises(DetectorError, match="cannot load the detector"):
        TransformersDetector(str(folder), "cpu")
