"""What the gate of the spine loss does to spines that are right, and to one that is wrong.

    python benchmarks/spine_gate.py data/synth_val/annotations.json

The paper gives neither the gate's threshold T nor the unit of its lengths; here it is the person's mean link.
For each T and steepness a, four figures: the loss of the labels themselves, which should be next to nothing;
of the labels with every point 0.3 links off; with one point two links off; and the gradient that pulls at the
labels, in links, for the point that it pulls most.

Measured on the 566 persons of `spinepose synthesize --count 600 --seed 1000001` with a whole spine: the links
are 0.97, 0.62, 0.87, 1.60, 1.57, 1.11, 0.91 and 0.35 of their mean, from the sacrum up. So T = 1.5 takes
T12/L1-T8 and T8-T3 for jumps in most people: the loss of the labels is 0.191, nearly that of points 0.3 links
off (0.250), and its gradient draws T8 towards T12/L1. With T = 2 the first three figures are 0.010, 0.055 and
0.330: blind to right spines, not to wrong ones.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from torch import Tensor

from spinepose_hf.model.skeleton import SPINE_CHAIN, VERTEBRAE
from spinepose_hf.training.data import read_persons
from spinepose_hf.training.losses import spine_loss

GATES = ((5.0, 1.5), (5.0, 2.0), (5.0, 2.5), (5.0, 3.0), (2.0, 1.5), (10.0, 1.5), (10.0, 2.0))
SEED = 0


def main() -> None:
    """Print the links of the spine and the figures of each gate."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("annotations", type=Path, help="a COCO keypoint file with labelled spines")
    spines = whole_spines(parser.parse_args().annotations)
    links = (spines[:, 1:] - spines[:, :-1]).norm(dim=-1)
    unit = links.mean(dim=1)
    levels = list(VERTEBRAE.values())
    print(f"{len(spines)} spines; links as shares of the person's mean, mean over persons:")
    for place, share in enumerate((links / unit[:, None]).mean(dim=0).tolist()):
        print(f"  {levels[place]}-{levels[place + 1]}: {share:.2f}")
    print("   a     T   labels   0.3 links off   one point 2 off   gradient of the labels, links")
    for steepness, threshold in GATES:
        print(f"{steepness:4.0f} {threshold:5.1f}" + figures(spines, unit, steepness, threshold))


def whole_spines(annotations: Path) -> Tensor:
    """(N, 9, 2) pixels, bottom to top, of the persons with all points of the spine."""
    persons = read_persons(annotations, annotations.parent / "images")
    chain = list(SPINE_CHAIN)
    return torch.stack(
        [
            torch.from_numpy(person.keypoints[chain]).double()
            for person in persons
            if (person.visibility[chain] > 0).all()
        ]
    )


def figures(spines: Tensor, unit: Tensor, steepness: float, threshold: float) -> str:
    """The four figures of a gate as a row."""
    generator = torch.Generator().manual_seed(SEED)
    noise = torch.randn(spines.shape, generator=generator, dtype=spines.dtype) * unit[:, None, None]
    one_off = torch.zeros_like(noise)
    one_off[:, 4] = 2 * noise[:, 4]
    labels = spines.clone().requires_grad_()
    losses = []
    for points in (labels, spines + 0.3 * noise, spines + one_off):
        known = torch.ones(spines.shape[:2], dtype=torch.bool)
        losses.append(spine_loss(points, spines, known, range(spines.shape[1]), steepness, threshold))
    (gradient,) = torch.autograd.grad(losses[0], labels)
    # Of the person's own loss, in links: the loss is a mean over persons, the labels are pixels.
    pull = (gradient.norm(dim=-1) * len(spines) * unit[:, None]).mean(dim=0).max()
    right, near, wrong = (float(loss.detach()) for loss in losses)
    return f"{right:9.4f} {near:15.4f} {wrong:17.4f} {float(pull):31.3f}"


if __name__ == "__main__":
    main()
