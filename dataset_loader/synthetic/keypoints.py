"""The 37 keypoints of a posed body; spine points are rest-pose points, each carried rigidly by one bone."""

from __future__ import annotations

import numpy as np

from dataset_loader.synthetic.body import Body, Floats, Posed
from dataset_loader.synthetic.vertebrae import SPINE_POINTS
from spinepose_hf.model.skeleton import KEYPOINT_INDEX, NUM_KEYPOINTS


def body_keypoints(body: Body, posed: Posed) -> Floats:
    """Keypoints (37, 3) of a posed body in metres, in dataset order."""
    points = np.zeros((NUM_KEYPOINTS, 3), np.float32)
    for name, (vertices, weights) in body.regressors.items():
        points[KEYPOINT_INDEX[name]] = weights @ posed.vertices[vertices]
    for (name, rule), rest in zip(SPINE_POINTS.items(), posed.shape.spine, strict=True):
        points[KEYPOINT_INDEX[name]] = posed.carried(body.bone(rule.bone), rest)
    points[KEYPOINT_INDEX["head"]] = posed.vertices[body.head_top_vertex]
    sides = (("left", "L", body.latissimus_vertices[0]), ("right", "R", body.latissimus_vertices[1]))
    for side, suffix, vertex in sides:
        inner = points[KEYPOINT_INDEX["spine_04"]]
        points[KEYPOINT_INDEX[f"{side}_latissimus"]] = 0.9 * posed.vertices[vertex] + 0.1 * inner
        clavicle = posed.positions[body.bone(f"clavicle.{suffix}")]
        shoulder = posed.positions[body.bone(f"shoulder01.{suffix}")]
        points[KEYPOINT_INDEX[f"{side}_clavicle"]] = 0.75 * clavicle + 0.25 * shoulder
    return points
