"""The baked human body: shape space, bone tree and linear blend skinning, in NumPy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from dataset_loader.synthetic.vertebrae import rest_spine
from spinepose_hf.errors import DatasetError

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

TRUNK_BONES = (
    "root",
    "pelvis",
    "spine05",
    "spine04",
    "spine03",
    "spine02",
    "spine01",
    "neck01",
    "neck02",
    "neck03",
)
LEG_BONES = ("upperleg", "lowerleg", "foot", "toe")
# Mean and standard deviation of adult height in metres, over countries (NCD Risk Factor Collaboration, eLife
# 2016), with the spread between them.
STATURE_MEN, STATURE_WOMEN = (1.74, 0.08), (1.61, 0.075)
BODY_FILE = Path(__file__).with_name("body.npz")


@dataclass(frozen=True)
class Shape:
    """One person at rest, in metres.

    Attributes:
        vertices: (V, 3).
        heads: bone heads (B, 3).
        male: 0..1.
        spine: the spine keypoints (9, 3), sacrum to C1.
    """

    vertices: Floats
    heads: Floats
    male: float
    spine: Floats


@dataclass(frozen=True)
class Posed:
    """A posed person: skinned vertices (V, 3); per bone its rotation (B, 3, 3) and head position (B, 3)."""

    shape: Shape
    vertices: Floats
    rotations: Floats
    positions: Floats

    def carried(self, bone: int, rest_point: Floats) -> Floats:
        """Where a rest-pose point lies when `bone` carries it rigidly."""
        moved: Floats = self.positions[bone] + self.rotations[bone] @ (rest_point - self.shape.heads[bone])
        return moved


@dataclass(frozen=True, eq=False)
class Body:
    """Everything that is the same for all people; rows of per-vertex arrays follow the baked vertex order.

    Attributes:
        canonical: the mean-phenotype rest shape (V, 3); garments and face details are laid out on it.
        skinning: dense bone weights (V, B).
        faces: triangles by layer: body, tights, skirt.
        parts: weight 0..1 of arm, hand, leg, foot, head per vertex.
        regions: masks 0..1 of lips, ears, eyelids and fingernails per vertex, and `sky`: how open it lies.
        segment: 0 trunk, 1 head and neck, 2/3 left/right arm, 4/5 left/right leg.
        arm_coordinate: 0 at the shoulder, 1 at the elbow, 2 at the wrist.
    """

    mean: Floats
    components: Floats
    coefficients: Floats
    gender: Floats
    canonical: Floats
    canonical_heads: Floats
    bone_names: tuple[str, ...]
    bone_parents: tuple[int, ...]
    skinning: Floats
    faces: Mapping[str, Ints]
    parts: Mapping[str, Floats]
    regions: Mapping[str, Floats]
    segment: Ints
    arm_coordinate: Floats
    is_skin: Bools
    is_eye: Bools
    regressors: Mapping[str, tuple[Ints, Floats]]
    head_top_vertex: int
    latissimus_vertices: tuple[int, int]
    provenance: Mapping[str, object]

    @property
    def num_vertices(self) -> int:
        """V, all layers together."""
        return len(self.canonical)

    def bone(self, name: str) -> int:
        """Index of a bone by its MakeHuman name."""
        return self._bone_index[name]

    @cached_property
    def _bone_index(self) -> dict[str, int]:
        return {name: index for index, name in enumerate(self.bone_names)}

    @cached_property
    def _generations(self) -> list[tuple[Ints, Ints]]:
        """Bones as deep in the tree as each other, with their parents; the root is left out."""
        depth = [0] * len(self.bone_parents)
        for bone, parent in enumerate(self.bone_parents):
            depth[bone] = 0 if parent < 0 else depth[parent] + 1
        members = [np.flatnonzero(np.array(depth) == level) for level in range(1, max(depth) + 1)]
        return [(bones, np.array(self.bone_parents)[bones]) for bones in members]

    @cached_property
    def bones_by_carrier(self) -> Floats:
        """(B, 4): 1 where a bone belongs to trunk and neck, arms with shoulder girdle, head, legs."""
        belongs = np.zeros((len(self.bone_names), 4), np.float32)
        for bone, name in enumerate(self.bone_names):
            if name.split(".")[0] in TRUNK_BONES:
                column = 0
            elif name == "head" or name.startswith("eye"):
                column = 2
            else:
                column = 3 if name.startswith(LEG_BONES) else 1
            belongs[bone, column] = 1
        return belongs

    @cached_property
    def arm_bones(self) -> dict[str, Ints]:
        """Bones from the upper arm to the finger tips, by side L and R."""
        arms = ("upperarm", "lowerarm", "wrist", "finger", "metacarpal")
        return {
            side: np.array(
                [i for i, n in enumerate(self.bone_names) if n.startswith(arms) and n.endswith(side)]
            )
            for side in "LR"
        }

    @cached_property
    def skinning_by_carrier(self) -> Floats:
        """Bone weights (V, 4) summed over trunk and neck, arms with shoulder girdle, head, legs."""
        summed: Floats = self.skinning @ self.bones_by_carrier
        return summed

    def shape(self, coefficients: Floats, male: float) -> Shape:
        """Rest shape from principal-component coefficients (24,), in standard deviations."""
        flat = self.mean + coefficients.astype(np.float32) @ self.components
        split = self.num_vertices * 3
        heads = flat[split:].reshape(-1, 3)
        return Shape(flat[:split].reshape(-1, 3), heads, male, rest_spine(heads, self.bone))

    def sample_shape(self, rng: np.random.Generator) -> Shape:
        """A new adult: somewhere between two sampled adults of similar sex, as tall as adults are."""
        first = int(rng.integers(len(self.gender)))
        similar = np.flatnonzero(np.abs(self.gender - self.gender[first]) < 0.3)
        second = int(rng.choice(similar))
        share = rng.uniform(0, 0.6)
        mix = self.coefficients[first] * (1 - share) + self.coefficients[second] * share
        male = 1 - float(self.gender[first])  # baked as 1 = female, the way of the body model
        drawn = self.shape(mix, male)
        mean, deviation = STATURE_MEN if male > 0.5 else STATURE_WOMEN
        stature = mean + deviation * float(np.clip(rng.normal(), -2.5, 2.5))
        scale = np.float32(stature / np.ptp(drawn.vertices[self.is_skin, 2]))
        return Shape(drawn.vertices * scale, drawn.heads * scale, male, drawn.spine * scale)

    def forward_kinematics(self, heads: Floats, local: Floats) -> tuple[Floats, Floats]:
        """Global rotations (B, 3, 3) and head positions (B, 3) from local rotations (B, 3, 3) in rest axes.

        G_i = G_parent R_i and P_i = P_parent + G_parent (H_i - H_parent), the convention of MakeHuman's
        poses.
        """
        rotations, positions = local.copy(), heads.copy()
        for bones, parents in self._generations:
            rotations[bones] = rotations[parents] @ local[bones]
            offsets = (heads[bones] - heads[parents])[:, :, None]
            positions[bones] = positions[parents] + (rotations[parents] @ offsets)[:, :, 0]
        return rotations, positions

    def local_rotations(self, named: Mapping[str, npt.NDArray[np.float64]]) -> Floats:
        """Local rotations (B, 3, 3) from a mapping bone name -> (3, 3); bones not named stay at rest."""
        local = np.repeat(np.eye(3, dtype=np.float32)[None], len(self.bone_names), 0)
        for name, rotation in named.items():
            local[self.bone(name)] = rotation
        return local

    def skinned(
        self, shape: Shape, rotations: Floats, positions: Floats, chosen: Ints | slice = slice(None)
    ) -> Floats:
        """Linear blend skinning of the `chosen` vertices (N, 3): the sum over bones of w (G (v - H) + P)."""
        offsets = positions - np.einsum("bij,bj->bi", rotations, shape.heads)
        transforms = np.concatenate([rotations, offsets[:, :, None]], axis=2).reshape(-1, 12)
        blended = (self.skinning[chosen] @ transforms).reshape(-1, 3, 4)
        vertices = np.einsum("vij,vj->vi", blended[:, :, :3], shape.vertices[chosen]) + blended[:, :, 3]
        skinned: Floats = vertices.astype(np.float32, copy=False)
        return skinned

    def skin(self, shape: Shape, local: Floats) -> Posed:
        """A person in the pose of local rotations (B, 3, 3)."""
        rotations, positions = self.forward_kinematics(shape.heads, local)
        return Posed(shape, self.skinned(shape, rotations, positions), rotations, positions)


@lru_cache(maxsize=1)
def load_body() -> Body:
    """The body that ships with the package; loaded once a process.

    Raises:
        DatasetError: the baked file is missing or damaged.
    """
    try:
        with np.load(BODY_FILE, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
    except (OSError, ValueError, BadZipFile) as error:
        raise DatasetError(
            f"cannot read the baked body {BODY_FILE}: {error}; reinstall the package"
        ) from error
    num_vertices, num_bones = len(arrays["canonical"]), len(arrays["bone_names"])
    skinning = np.zeros((num_vertices, num_bones), np.float32)
    weights = arrays["bone_weights"].astype(np.float32)
    np.put_along_axis(skinning, arrays["bone_ids"].astype(int), weights / weights.sum(1, keepdims=True), 1)
    starts = arrays["regressor_starts"]
    regressors = {
        str(name): (arrays["regressor_ids"][a:b].astype(int), arrays["regressor_weights"][a:b])
        for name, a, b in zip(arrays["regressor_names"], starts[:-1], starts[1:], strict=True)
    }

    def group(prefix: str) -> dict[str, npt.NDArray[np.uint8]]:
        return {name.removeprefix(prefix): arrays[name] for name in arrays if name.startswith(prefix)}

    return Body(
        mean=arrays["mean"],
        components=arrays["components"].astype(np.float32),
        coefficients=arrays["coefficients"].astype(np.float32),
        gender=arrays["gender"].astype(np.float32),
        canonical=arrays["canonical"],
        canonical_heads=arrays["canonical_heads"],
        bone_names=tuple(str(name) for name in arrays["bone_names"]),
        bone_parents=tuple(int(parent) for parent in arrays["bone_parents"]),
        skinning=skinning,
        faces={name: ids.astype(np.int64) for name, ids in group("faces_").items()},
        parts={name: values.astype(np.float32) / np.float32(255) for name, values in group("part_").items()},
        regions={
            name: values.astype(np.float32) / np.float32(255) for name, values in group("region_").items()
        },
        segment=arrays["segment"].astype(np.int64),
        arm_coordinate=arrays["arm_coordinate"].astype(np.float32),
        is_skin=arrays["is_skin"],
        is_eye=arrays["is_eye"],
        regressors=regressors,
        head_top_vertex=int(arrays["head_top_vertex"]),
        latissimus_vertices=(int(arrays["latissimus_vertices"][0]), int(arrays["latissimus_vertices"][1])),
        provenance=json.loads(str(arrays["provenance"])),
    )
