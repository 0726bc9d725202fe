"""Where the files of an ONNX model lie: in a folder, or in a repository of the Hub."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from spinepose_hf.errors import ModelError
from spinepose_hf.onnx.external_data import external_files

STANDARD_NAME = "model.onnx"
"""The file that is taken where none is named."""

ONNX_FOLDER = "onnx"
"""The folder beside the weights in which repositories of the Hub keep their ONNX files, by convention."""

_DATA_SUFFIXES = ("_data", ".data")


class ModelFiles(NamedTuple):
    """The files that one ONNX model is made of.

    Attributes:
        graph: the .onnx file.
        config: the nearest config.json, or None.
        processor: the nearest preprocessor_config.json, or None.
    """

    graph: Path
    config: Path | None
    processor: Path | None


@dataclass(frozen=True)
class ModelSource:
    """A folder, or a repository of the Hub at one revision.

    Attributes:
        name: path of the folder, or id of the repository.
        download: further arguments of `huggingface_hub.hf_hub_download`, such as `revision` and `token`.
    """

    name: str
    download: Mapping[str, Any] = field(default_factory=dict)

    def find(self, file: str) -> Path | None:
        """Return a file's path on this machine, downloading it if need be; None where there is no such file.

        Raises:
            ModelError: neither a folder nor a repository that can be reached.
        """
        from huggingface_hub import hf_hub_download
        from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, HFValidationError

        folder = Path(self.name)
        if folder.is_dir():
            path = folder / file
            return path if path.is_file() else None
        if folder.is_file():
            raise ModelError(f"{folder} is a file; give its folder, and its name as file_name")
        try:
            return Path(hf_hub_download(self.name, file, **self.download))
        except EntryNotFoundError:
            return None
        except HFValidationError as error:
            raise ModelError(f"no model folder {self.name}; give one, or a Hub id (name/model)") from error
        except (HfHubHTTPError, OSError) as error:
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise ModelError(f"{self.name} cannot be had from the Hub ({reason})") from error


def find_model_files(source: ModelSource, file_name: str | None = None, subfolder: str = "") -> ModelFiles:
    """Find an ONNX file, and what lies nearest to it: beside it or in a folder above, up to the source's top.

    Args:
        source: where to look.
        file_name: "model_quantized.onnx" or "onnx/model_quantized.onnx"; None is `STANDARD_NAME`. A name
            without a folder is looked for at the top and then in `ONNX_FOLDER`.
        subfolder: the part of the source that counts as its top for the ONNX file.

    Raises:
        ModelError: there is no such file, or no such source.
    """
    wanted = PurePosixPath(file_name or STANDARD_NAME)
    top = PurePosixPath(subfolder)
    places = [top / wanted]
    if wanted.parent == PurePosixPath() and top.name != ONNX_FOLDER:
        places.append(top / ONNX_FOLDER / wanted)
    for place in places:
        graph = source.find(place.as_posix())
        if graph is not None:
            for suffix in _DATA_SUFFIXES:
                source.find(f"{place.as_posix()}{suffix}")
            return ModelFiles(
                graph,
                _nearest(source, place, "config.json"),
                _nearest(source, place, "preprocessor_config.json"),
            )
    raise ModelError(
        f"{source.name} has no {' and no '.join(map(str, places))}{_others(source)}; "
        "name one as file_name, or pass export=True to make one from the weights"
    )


def data_files(graph: Path) -> list[Path]:
    """The files beside `graph`, or in folders below, that hold weights which it does not hold itself."""
    beside = (graph.with_name(f"{graph.name}{suffix}") for suffix in _DATA_SUFFIXES)
    return [path for path in dict.fromkeys((*external_files(graph), *beside)) if path.is_file()]


def _nearest(source: ModelSource, place: PurePosixPath, name: str) -> Path | None:
    for folder in place.parents:
        found = source.find((folder / name).as_posix())
        if found is not None:
            return found
    return None


def _others(source: ModelSource) -> str:
    folder = Path(source.name)
    if not folder.is_dir():
        return ""
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.onnx"))
    return f" (but {', '.join(names)})" if names else " nor any other .onnx file"


__all__ = ["ONNX_FOLDER", "STANDARD_NAME", "ModelFiles", "ModelSource", "data_files", "find_model_files"]
