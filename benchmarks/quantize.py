"""What int8 costs in AP and gains in time: speed of sizes t, s and m, AP of the embedded model, sensitivity.

    python benchmarks/quantize.py [--calibration COCO.json] [--validation COCO.json ...] [--images 300]
                                  [--only speed,activations,ap,sensitivity] [--threads 2] [--rounds 20]

speed        milliseconds of float32 and int8 in onnxruntime and OpenVINO, batches of 1 and 8. t has the
             embedded weights, s and m have random ones, which take as long. OpenVINO meets a batch of 8 as
             the package runs it, 8 crops in a stream for each thread, and as one batch.
activations  the same with other activations in SiLU's place, which a network would have to be trained with.
ap           AP without flip test on labelled people, int8 less float32, paired, with 95 % of 1000 bootstrap
             samples.
sensitivity  what int8 does to each part of the network, against float32, and what the part costs in float.

Candidates take turns; the quarter of rounds that other load disturbed least counts. In brackets stands the
time that all threads together worked, with the waiting of OpenVINO's: the steadier figure beside other load.
Without --calibration people are rendered for it. Nothing was chosen on the 12 photos of the README's table.
"""

from __future__ import annotations

import argparse
import importlib.util
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper
from runtime_sections.accuracy import RuntimeNetwork
from runtime_sections.networks import NetworkFiles, network_files
from runtime_sections.turns import Work, measure, random_crops
from runtimes import print_machine

from spinepose_hf.evaluation.compare import compare
from spinepose_hf.evaluation.evaluate import Evaluation, run_evaluation
from spinepose_hf.evaluation.source import EvalSet, open_eval_set
from spinepose_hf.inference.runtimes.load import load_runtime
from spinepose_hf.inference.runtimes.openvino_core import openvino_core
from spinepose_hf.onnx.calibration import calibration_crops
from spinepose_hf.onnx.folding import fold_graph
from spinepose_hf.onnx.quantize import TARGET_RUNTIMES, TargetRuntime, prepare, quantize
from spinepose_hf.onnx.sensitivity import PartSensitivity, harm, measure_parts
from spinepose_hf.weights import embedded_onnx

_BATCHES = (1, 8)
_GOAL = 2.5
_SECTIONS = ("speed", "activations", "ap", "sensitivity")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--calibration", type=Path)
    parser.add_argument("--validation", type=Path, nargs="+", default=[])
    parser.add_argument("--images", type=int, default=300, help="pictures of each validation set")
    parser.add_argument("--only", default=",".join(_SECTIONS))
    parser.add_argument("--sizes", default="t,s,m")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=20)
    arguments = parser.parse_args()
    wanted = arguments.only.split(",")
    print_machine()
    crops = calibration_crops(arguments.calibration)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for size in arguments.sizes.split(",") if {"speed", "activations"} & set(wanted) else ():
            files = network_files(size, folder, crops[:32], half=False)
            if "speed" in wanted:
                time_size(files, arguments.threads, arguments.rounds)
            if "activations" in wanted:
                time_activations(files, crops, arguments.threads, arguments.rounds)
        if "ap" in wanted:
            for path in arguments.validation:
                print_ap(first_pictures(open_eval_set(path), arguments.images), crops, folder)
        if "sensitivity" in wanted and arguments.validation:
            other = calibration_crops(arguments.validation[0], 96, seed=1)
            print_sensitivity(crops, other, arguments.threads)


def installed(runtime: TargetRuntime) -> bool:
    """Whether its library is there."""
    return importlib.util.find_spec(runtime) is not None


def time_size(made: NetworkFiles, threads: int, rounds: int) -> None:
    """Float32 and int8 in each library."""
    files: dict[str, tuple[TargetRuntime, Path]] = {}
    for runtime in filter(installed, TARGET_RUNTIMES):
        files[f"{runtime} fp32"] = (runtime, made.float_file)
        files[f"{runtime} int8"] = (runtime, made.int8_files[runtime])
    print_times(f"size {made.size}", files, threads, rounds)


def time_activations(made: NetworkFiles, crops: np.ndarray, threads: int, rounds: int) -> None:
    """int8 with another activation in SiLU's place."""
    with tempfile.TemporaryDirectory() as name:
        files: dict[str, tuple[TargetRuntime, Path]] = {"onnxruntime fp32": ("onnxruntime", made.float_file)}
        for runtime in filter(installed, TARGET_RUNTIMES):
            for activation in ("SiLU", "HardSwish", "Relu"):
                if (runtime, activation) == ("onnxruntime", "HardSwish"):
                    continue  # it has no int8 kernel
                changed, int8 = Path(name) / "changed.onnx", Path(name) / f"{runtime}-{activation}.onnx"
                replace_silu(made.float_file, changed, activation)
                quantize(changed, int8, crops[:32], runtime=runtime)
                files[f"{runtime} int8 {activation}"] = (runtime, int8)
        print_times(f"size {made.size}, activations", files, threads, rounds)


def replace_silu(path: Path, out: Path, activation: str) -> None:
    """Write the folded graph with another activation after its convolutions."""
    model = fold_graph(path)
    nodes = list(model.graph.node)
    for sigmoid in [node for node in nodes if node.op_type == "Sigmoid" and activation != "SiLU"]:
        product = next(node for node in nodes if sigmoid.output[0] in node.input)
        new = helper.make_node(activation, [sigmoid.input[0]], [product.output[0]], f"{sigmoid.name}_new")
        nodes[nodes.index(sigmoid)] = new
        nodes.remove(product)
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.save_model(model, out)


def print_times(title: str, files: dict[str, tuple[TargetRuntime, Path]], threads: int, rounds: int) -> None:
    """A row for each file; the first is what the ratios are of."""
    for batch in _BATCHES:
        crops = random_crops(batch)
        candidates: dict[str, Work] = {}
        for name, (runtime, path) in files.items():
            pose = load_runtime(path, "cpu", runtime, threads)
            candidates[name] = partial(pose, crops)
            if runtime == "openvino" and batch > 1:
                candidates[f"{name}, one batch"] = one_batch(path, crops, threads)
        found = measure(candidates, rounds if batch == 1 else max(5, rounds // 3))
        base = next(iter(found.values()))
        print(f"\n{title}, batch {batch}   ms (CPU ms)   x float32 (CPU); goal {_GOAL}")
        for name, (wall, cpu) in found.items():
            print(f"  {name:32s} {wall:7.2f} ({cpu:7.2f})   {base[0] / wall:5.2f} ({base[1] / cpu:5.2f})")


def one_batch(path: Path, crops: np.ndarray, threads: int) -> Work:
    """OpenVINO with all crops at once."""
    core = openvino_core()
    graph = core.read_model(path)
    graph.reshape(list(crops.shape))
    options = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": threads}
    request = core.compile_model(graph, "CPU", options).create_infer_request()
    return partial(request.infer, [crops])


def first_pictures(data: EvalSet, count: int) -> EvalSet:
    """A data set with the persons of its first pictures."""
    index = data.index
    kept = index.image_rows < count
    names = ("person_ids", "image_rows", "category_ids", "boxes", "areas", "iscrowd", "num_keypoints")
    columns: dict[str, Any] = {name: getattr(index, name)[kept] for name in (*names, "keypoints")}
    return replace(data, index=replace(index, **columns, keypoints_3d=None, spines=None, poses=None))


def print_ap(data: EvalSet, crops: np.ndarray, folder: Path) -> None:
    """AP of float32, and what int8 changes."""
    exact = evaluate(embedded_onnx("fp32"), "onnxruntime", data)
    print(f"\nAP on {data.name}, {len(exact.pairs)} persons")
    print(
        "  float32                "
        + row(exact, lambda group: f"{exact.report.groups[group].figures['AP']:.4f}")
    )
    for runtime in filter(installed, TARGET_RUNTIMES):
        path = folder / f"embedded-{runtime}.onnx"
        report = quantize(embedded_onnx("fp32"), path, crops, runtime=runtime)
        found = evaluate(path, runtime, data)
        against = compare(found, exact).against
        if against is None:
            raise SystemExit("the two evaluations share no group of keypoints")
        changes = against.differences

        def change(group: str, changes: Any = changes) -> str:
            each = changes[group]["AP"]
            return f"{each.value:+.4f} [{each.interval.low:+.4f}, {each.interval.high:+.4f}]"

        print(f"  int8 for {runtime:12s}  " + row(found, change) + f"   {report.bytes_after / 1e6:.1f} MB")


def evaluate(path: Path, runtime: TargetRuntime, data: EvalSet) -> Evaluation:
    """A deploy graph in a library, ranked by calibrated scores."""
    network = RuntimeNetwork(load_runtime(path, "cpu", runtime), f"{runtime} {path.name}")
    return run_evaluation(network, data, samples=0)


def row(evaluation: Evaluation, text: Callable[[str], str]) -> str:
    """A figure for each group of keypoints that has labels."""
    groups = evaluation.report.groups
    return "   ".join(f"{name} {text(name)}" for name in groups if groups[name].figures["AP"] is not None)


def print_sensitivity(crops: np.ndarray, others: np.ndarray, threads: int) -> None:
    """Each part of the embedded model by itself."""
    exact = load_runtime(embedded_onnx("fp32"), "cpu", "onnxruntime", threads)(others)
    size = (others.shape[1], others.shape[2])
    for runtime in filter(installed, TARGET_RUNTIMES):
        prepared = prepare(embedded_onnx("fp32"), crops, runtime)
        with tempfile.TemporaryDirectory() as name:
            path = Path(name) / "int8.onnx"
            onnx.save_model(prepared.quantized()[0], path)
            whole = harm(exact, load_runtime(path, "cpu", runtime, threads)(others), size)
        print(f"\nint8 for {runtime}: OKS lost against float32, mean distance; CPU time for 8 crops in float")
        print(f"  {'everything':12s} {whole.similarity_lost:.5f} {whole.displacement:6.2f} px")
        measure_parts(prepared, exact, others, rounds=30, threads=threads, report=print_part)


def print_part(found: PartSensitivity) -> None:
    """One row."""
    lost = found.alone
    print(
        f"  {found.part:12s} {lost.similarity_lost:.5f} {lost.displacement:6.2f} px   {found.cost:+6.2f} ms"
    )


if __name__ == "__main__":
    main()
