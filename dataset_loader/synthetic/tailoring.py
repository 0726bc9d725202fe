"""What is sewn onto clothes: zips, button plackets, ties, straps over them, belts and pockets."""

from __future__ import annotations

import numpy as np

from dataset_loader.synthetic.accessories import strap_mask, tie_mask
from dataset_loader.synthetic.body import Bools, Floats
from dataset_loader.synthetic.look import Look
from dataset_loader.synthetic.mesh import CANONICAL, HEM, Layer
from dataset_loader.synthetic.wardrobe import Outfit

BELT_WIDTH = 0.034
POCKET_CENTRE, POCKET_HALF = (0.088, -0.030), (0.046, 0.055)  # |x| and height on the seat, metres
LEAST_POCKET_GAP = 0.0035  # tights have no pockets


def paint_details(colour: Floats, layer: Layer, look: Look, outfit: Outfit, attributes: Floats) -> None:
    """Details of one layer of cloth, painted into its colours (N, 3) in place.

    Args:
        colour: linear RGB of the cloth.
        layer: which layer it is.
        look, outfit: of the person.
        attributes: interpolated mesh attributes (N, A).
    """
    points = attributes[:, CANONICAL]
    dark = look.shoe_accent * np.float32(0.4)
    if layer == Layer.TROUSERS and outfit.bottom.gap > LEAST_POCKET_GAP:
        colour[_pocket_seams(points)] *= np.float32(0.72)
        if outfit.belt:
            colour[(points[:, 2] > outfit.waist - BELT_WIDTH) & (attributes[:, HEM] < BELT_WIDTH)] = dark
    elif layer == Layer.JACKET and outfit.jacket is not None and outfit.jacket.opening < 0:
        colour[_front_line(points, 0.006)] *= np.float32(0.55)
    elif layer == Layer.CLOTH:
        if outfit.collar:
            placket = np.flatnonzero(_front_line(points, 0.016))
            height = points[placket, 2]
            colour[placket] *= np.float32(0.9)
            button = (np.abs(points[placket, 0]) < 0.005) & (np.sin(height * 80) > 0.9)
            colour[placket[button]] *= np.float32(0.5)
        if outfit.tie:
            colour[tie_mask(points)] = look.shoe_accent * np.float32(0.6)
    outermost = Layer.CLOTH if outfit.jacket is None else Layer.JACKET
    if outfit.backpack and layer == outermost:
        colour[strap_mask(points)] = look.bag * np.float32(0.7)


def _front_line(points: Floats, half_width: float) -> Bools:
    """Canonical points (N, 3) within a vertical band down the middle of the chest."""
    line: Bools = (np.abs(points[:, 0]) < half_width) & (points[:, 1] < 0)
    return line


def _pocket_seams(points: Floats) -> Bools:
    """Canonical points (N, 3) on the seams of the two back pockets."""
    across = np.abs(np.abs(points[:, 0]) - np.float32(POCKET_CENTRE[0])) / np.float32(POCKET_HALF[0])
    up = np.abs(points[:, 2] - np.float32(POCKET_CENTRE[1])) / np.float32(POCKET_HALF[1])
    edge = np.maximum(across, up)
    seams: Bools = (edge < 1) & (edge > 0.88) & (points[:, 1] > 0)
    return seams
