"""The words that options of several commands take."""

from __future__ import annotations

from enum import StrEnum


class ResultFormat(StrEnum):
    """File formats of `--save`."""

    OPENPOSE = "openpose"
    COCO = "coco"
    CSV = "csv"
    CSV_WIDE = "csv-wide"
    PARQUET = "parquet"
    PARQUET_WIDE = "parquet-wide"
    TRC = "trc"


class DeviceName(StrEnum):
    """Where the network runs; gpu is OpenVINO's name for Intel's graphics."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"
    COREML = "coreml"
    DIRECTML = "directml"
    GPU = "gpu"


class RuntimeName(StrEnum):
    """Which library runs the network."""

    AUTO = "auto"
    ONNXRUNTIME = "onnxruntime"
    TORCH = "torch"
    OPENVINO = "openvino"


class PrecisionName(StrEnum):
    """In which numbers the network is computed."""

    AUTO = "auto"
    FP32 = "fp32"
    BF16 = "bf16"
    FP16 = "fp16"
    INT8 = "int8"


class SmoothName(StrEnum):
    """How people are smoothed over time."""

    AUTO = "auto"
    NONE = "none"
    ONE_EURO = "one-euro"
    BUTTERWORTH = "butterworth"
    SAVGOL = "savgol"
    MEDIAN = "median"


class ModeName(StrEnum):
    """Sizes of the official networks."""

    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"
    XLARGE = "xlarge"


class ModelVersion(StrEnum):
    """Editions of the official networks."""

    LATEST = "latest"
    V2 = "v2"
    V1 = "v1"


class Overlay(StrEnum):
    """What is drawn beside the people."""

    ANGLES = "angles"


__all__ = [
    "DeviceName",
    "ModeName",
    "ModelVersion",
    "Overlay",
    "PrecisionName",
    "ResultFormat",
    "RuntimeName",
    "SmoothName",
]
