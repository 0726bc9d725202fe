"""Ray queries against the mesh of a scene, through Embree."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from dataset_loader.synthetic.body import Bools, Floats, Ints
from dataset_loader.synthetic.mesh import Mesh
from spinepose_hf.errors import MissingExtraError

MAX_LAYERS = 4  # cut-away cloth a ray may pass before it counts as a miss


@dataclass(frozen=True)
class Hits:
    """First hits of N rays: face (-1 for a miss), weights u and v of its second and third corner, metres."""

    face: Ints
    u: Floats
    v: Floats
    distance: Floats


def require_embreex() -> None:
    """Raise MissingExtraError when the ray caster is not installed."""
    try:
        import embreex  # noqa: F401
    except ImportError as error:
        raise MissingExtraError(
            'generating people needs embreex: pip install "spinepose-hf[synth]"'
        ) from error


@lru_cache(maxsize=1)
def _device() -> Any:
    """The Embree device of this process."""
    from embreex.rtcore import EmbreeDevice

    return EmbreeDevice()


class RayCaster:
    """A bounding volume hierarchy over a mesh."""

    def __init__(self, mesh: Mesh) -> None:
        """Build the hierarchy.

        Raises:
            MissingExtraError: embreex is not installed.
        """
        require_embreex()
        from embreex.mesh_construction import TriangleMesh
        from embreex.rtcore_scene import EmbreeScene

        self._mesh = mesh
        self._scene: Any = EmbreeScene(_device())
        # embreex copies the mesh number by number through Python objects; it reads ready-made ones twice as
        # fast as it makes them out of a numeric array.
        corners = np.fromiter(zip(*mesh.faces.T.tolist(), strict=True), object, len(mesh.faces))
        TriangleMesh(self._scene, mesh.vertices.astype(object), corners)
        removed = mesh.cut < 0
        first, second, third = mesh.faces.T
        self._partly_cut = removed[first] | removed[second] | removed[third]

    def first_hits(self, eye: Floats, directions: Floats) -> Hits:
        """First visible surface along rays from one eye; passes through the cut-away part of cloth."""
        count = len(directions)
        hits = Hits(
            np.full(count, -1),
            np.zeros(count, np.float32),
            np.zeros(count, np.float32),
            np.zeros(count, np.float32),
        )
        active = np.arange(count)
        origins = np.repeat(eye.astype(np.float32)[None], count, 0)
        travelled = np.zeros(count, np.float32)
        for _ in range(MAX_LAYERS):
            if not len(active):
                break
            found = self._scene.run(origins, directions[active], query="INTERSECT", output=True)
            hit = found["primID"] >= 0
            rays, face = active[hit], found["primID"][hit]
            u, v, distance = found["u"][hit], found["v"][hit], found["tfar"][hit]
            hits.face[rays], hits.u[rays], hits.v[rays] = face, u, v
            hits.distance[rays] = travelled[rays] + distance
            suspects = np.flatnonzero(self._partly_cut[face])
            corner_cut = self._mesh.cut[self._mesh.faces[face[suspects]]]
            su, sv = u[suspects], v[suspects]
            removed = suspects[
                corner_cut[:, 0] * (1 - su - sv) + corner_cut[:, 1] * su + corner_cut[:, 2] * sv < 0
            ]
            active = rays[removed]
            hits.face[active] = -1
            step = distance[removed] + np.float32(1e-3)
            travelled[active] += step
            origins = np.ascontiguousarray(origins[hit][removed] + directions[active] * step[:, None])
        return hits

    def occluded(self, origins: Floats, directions: Floats) -> Bools:
        """Whether anything lies along each ray (N,)."""
        found = self._scene.run(
            np.ascontiguousarray(origins, np.float32),
            np.ascontiguousarray(directions, np.float32),
            query="OCCLUDED",
        )
        blocked: Bools = np.asarray(found) >= 0
        return blocked
