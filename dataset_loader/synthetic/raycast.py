"""Ray queries against the mesh of a scene, through Embree."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from dataset_loader.synthetic.body import Bools, Floats, Ints
from dataset_loader.synthetic.mesh import Mesh
from spinepose_hf.errors import MissingExtraError


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

        self._scene: Any = EmbreeScene(_device())
        # embreex copies the mesh number by number through Python objects; it reads ready-made ones twice as
        # fast as it makes them out of a numeric array.
        corners = np.fromiter(zip(*mesh.faces.T.tolist(), strict=True), object, len(mesh.faces))
        TriangleMesh(self._scene, mesh.vertices.astype(object), corners)

    def first_hits(self, eye: Floats, directions: Floats) -> Hits:
        """First surface along rays (N, 3) from one eye."""
        origins = np.empty((len(directions), 3), np.float32)
        origins[:] = eye
        rays = np.ascontiguousarray(directions, np.float32)
        found = self._scene.run(origins, rays, query="INTERSECT", output=True)
        return Hits(found["primID"], found["u"], found["v"], found["tfar"])

    def occluded(self, origins: Floats, directions: Floats) -> Bools:
        """Whether anything lies along each ray (N,)."""
        found = self._scene.run(
            np.ascontiguousarray(origins, np.float32),
            np.ascontiguousarray(directions, np.float32),
            query="OCCLUDED",
        )
        blocked: Bools = np.asarray(found) >= 0
        return blocked
