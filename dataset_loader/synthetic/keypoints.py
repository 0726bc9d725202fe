"""The 37 keypoints of a posed body.

Spine points are rest-pose points inside the vertebral column, each carried rigidly by one bone. MakeHuman
counts its spine bones from the top: spine05 is lumbar, spine01 upper thoracic, the opposite of the keypoint
names.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dataset_loader.synthetic.body import Body, Floats, Posed
from spinepose_hf.model.skeleton import KEYPOINT_INDEX, NUM_KEYPOINTS

# Height from the root bone to the base of the neck of the body on which the backward shifts were measured,
# metres.
REFERENCE_SPINE_HEIGHT = 0.51


@dataclass(frozen=True)
class SpinePoint:
    """A point `share` of the way from the head of `bone` to that of `towards`, `back` metres behind it."""

    bone: str
    towards: str
    share: float
    back: float = 0.0
    back_at_end: bool = True


SPINE_POINTS: dict[str, SpinePoint] = {
    "hip": SpinePoint("root", "spine05", 0.0, 0.040),
    "spine_01": SpinePoint("spine05", "spine04", 0.95, 0.030, back_at_end=False),
    "spine_02": SpinePoint("spine04", "spine03", 0.65),
    "spine_03": SpinePoint("spine03", "spine02", 0.55),
    "spine_04": SpinePoint("spine02", "spine01", 0.70),
    "spine_05": SpinePoint("spine01", "neck01", 0.50, 0.012),
    "neck": SpinePoint("neck01", "neck02", 0.0, 0.008),
    "neck_02": SpinePoint("neck03", "head", 0.0),
    "neck_03": SpinePoint("head", "head", 0.0),
}


def body_keypoints(body: Body, posed: Posed) -> Floats:
    """Keypoints (37, 3) of a posed body in metres, in dataset order."""
    points = np.zeros((NUM_KEYPOINTS, 3), np.float32)
    for name, (vertices, weights) in body.regressors.items():
        points[KEYPOINT_INDEX[name]] = weights @ posed.vertices[vertices]
    heads = posed.shape.heads
    scale = (heads[body.bone("neck01")] - heads[body.bone("root")])[2] / REFERENCE_SPINE_HEIGHT
    for name, rule in SPINE_POINTS.items():
        bone = body.bone(rule.bone)
        # The L5 shift belongs to the start of its segment, so only the rest of the way keeps it.
        back = np.array([0, rule.back * scale, 0], np.float32) * (1 if rule.back_at_end else 1 - rule.share)
        start, end = heads[bone], heads[body.bone(rule.towards)]
        points[KEYPOINT_INDEX[name]] = posed.carried(bone, start + (end - start) * rule.share + back)
    points[KEYPOINT_INDEX["head"]] = posed.vertices[body.head_top_vertex]
    sides = (("left", "L", body.latissimus_vertices[0]), ("right", "R", body.latissimus_vertices[1]))
    for side, suffix, vertex in sides:
        inner = points[KEYPOINT_INDEX["spine_04"]]
        points[KEYPOINT_INDEX[f"{side}_latissimus"]] = 0.9 * posed.vertices[vertex] + 0.1 * inner
        clavicle = posed.positions[body.bone(f"clavicle.{suffix}")]
        shoulder = posed.positions[body.bone(f"shoulder01.{suffix}")]
        points[KEYPOINT_INDEX[f"{side}_clavicle"]] = 0.75 * clavicle + 0.25 * shoulder
    return points
