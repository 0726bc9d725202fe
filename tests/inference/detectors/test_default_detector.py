"""The detector of those who name none: from the cache, else none at once, and always with a reason."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from spinepose_hf.inference.detectors import default
from spinepose_hf.inference.detectors.default import DEFAULT_DETECTOR, find_default_detector
from spinepose_hf.inference.detectors.load import DETECTOR_VARIABLE, load_detector
from spinepose_hf.inference.detectors.self_locating import SelfLocator
from spinepose_hf.inference.detectors.transformers import TransformersDetector
from spinepose_hf.inference.runtimes.onnx import OnnxPose


@pytest.fixture(autouse=True)
def forgotten(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No answer is kept from another test, nor left for one."""
    monkeypatch.delenv(DETECTOR_VARIABLE, raising=False)
    find_default_detector.cache_clear()
    yield
    find_default_detector.cache_clear()


@pytest.fixture
def hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty local cache of the Hub, and no network."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    return tmp_path


def cache_detector(cache: Path) -> Path:
    """Put a tiny D-FINE with random weights where the Hub's client would have put the real one."""
    import torch
    from transformers import DFineConfig, DFineForObjectDetection, HGNetV2Config, RTDetrImageProcessor

    try:
        from transformers import RTDetrImageProcessorPil as Processor
    except ImportError:  # transformers 4: the plain class is the PIL one
        Processor = RTDetrImageProcessor  # noqa: N806

    narrow, single = [8] * 4, [1] * 4
    backbone = HGNetV2Config(
        stem_channels=[3, 8, 8],
        stage_in_channels=narrow,
        stage_mid_channels=narrow,
        stage_out_channels=narrow,
        stage_num_blocks=single,
        stage_downsample=[False, True, True, True],
        stage_light_block=[False] * 4,
        stage_kernel_size=[3] * 4,
        stage_numb_of_layers=single,
        embedding_size=8,
        hidden_sizes=narrow,
        depths=single,
        out_features=["stage2", "stage3", "stage4"],
    )
    config = DFineConfig(
        backbone_config=backbone,
        encoder_hidden_dim=16,
        encoder_in_channels=[8, 8, 8],
        encoder_ffn_dim=16,
        encoder_attention_heads=2,
        d_model=16,
        num_queries=5,
        decoder_in_channels=[16, 16, 16],
        decoder_ffn_dim=16,
        decoder_layers=2,
        decoder_attention_heads=2,
        decoder_n_points=1,
        num_denoising=0,
        lqe_hidden_dim=8,
        id2label={0: "person", 1: "dog"},
        label2id={"person": 0, "dog": 1},
    )
    repository = cache / f"models--{DEFAULT_DETECTOR.replace('/', '--')}"
    snapshot = repository / "snapshots" / ("0" * 40)
    snapshot.mkdir(parents=True)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("0" * 40, encoding="ascii")
    torch.manual_seed(0)
    DFineForObjectDetection(config).save_pretrained(snapshot)
    Processor(size={"height": 64, "width": 64}).save_pretrained(snapshot)
    return snapshot


def test_from_the_local_cache(hub_cache: Path, toy_pose: Path) -> None:
    pytest.importorskip("transformers")
    snapshot = cache_detector(hub_cache)
    assert find_default_detector() == (snapshot, "from the local cache of the Hugging Face Hub")
    detector, line = load_detector("auto", OnnxPose(toy_pose, "cpu"), "cpu", threshold=0.0)
    assert isinstance(detector, TransformersDetector)
    assert line == (
        f"from the detector D-FINE nano ({DEFAULT_DETECTOR}, from the local cache of the Hugging Face Hub)"
    )
    found = detector(np.zeros((100, 150, 3), np.uint8))
    assert found.boxes.shape[1] == 4


def test_a_cache_that_lacks_a_file_does_not_count(hub_cache: Path) -> None:
    pytest.importorskip("transformers")
    snapshot = cache_detector(hub_cache)
    (snapshot / "model.safetensors").unlink()
    assert find_default_detector().folder is None


def test_offline_without_a_cache(hub_cache: Path, toy_pose: Path) -> None:
    pytest.importorskip("transformers")
    detector, line = load_detector("auto", OnnxPose(toy_pose, "cpu"), "cpu")
    assert isinstance(detector, SelfLocator)
    assert "not in the local cache and HF_HUB_OFFLINE is set; better: name one" in line
    assert DETECTOR_VARIABLE in line


def test_without_torch(hub_cache: Path, toy_pose: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(default, "find_spec", lambda name: None if name == "torch" else True)
    detector, line = load_detector("auto", OnnxPose(toy_pose, "cpu"), "cpu")
    assert isinstance(detector, SelfLocator)
    assert "needs torch: pip install 'spinepose-hf[torch]'; or name one" in line


SCRIPT = """
import sys, time
from spinepose_hf.inference.detectors.default import find_default_detector
for _ in range(2):
    start = time.perf_counter()
    found = find_default_detector()
    print(found.folder, f"{time.perf_counter() - start:.3f}", found.reason, sep="|")
print("torch" in sys.modules)
"""


@pytest.mark.parametrize(
    ("listens", "reason"),
    [
        pytest.param(False, r"cannot be reached \(ConnectError\)|\(ConnectionError\)", id="nobody there"),
        pytest.param(True, r"cannot be reached \(ReadTimeout\)|does not answer within 3 s", id="silent"),
    ],
)
def test_a_hub_that_is_not_there(tmp_path: Path, listens: bool, reason: str) -> None:
    pytest.importorskip("transformers")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        if not listens:
            silent.close()
        environment = {key: value for key, value in os.environ.items() if key != "HF_HUB_OFFLINE"}
        environment |= {"HF_HOME": str(tmp_path), "HF_ENDPOINT": endpoint, "NO_PROXY": "*"}
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, timeout=60
        )
    assert done.returncode == 0, done.stderr
    first, second, torch = done.stdout.splitlines()
    folder, seconds, text = first.split("|")
    assert folder == "None"
    assert float(seconds) < 5  # 3 s for the Hub, the rest for importing its client
    assert re.search(reason, text)
    assert endpoint in text
    assert float(second.split("|")[1]) < 0.01  # asked once
    assert torch == "False"
    assert done.stderr == ""
