"""What people wear: shares, geometry of clothes over skin, and that nobody is left without."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from dataset_loader.synthetic.body import Body, Posed, load_body
from dataset_loader.synthetic.cloth_map import cloth_map
from dataset_loader.synthetic.drape import bridged, hang
from dataset_loader.synthetic.mesh import (
    CANONICAL,
    HEM,
    NUM_ATTRIBUTES,
    Layer,
    Mesh,
    VertexNormals,
    clip,
    piece,
)
from dataset_loader.synthetic.outfit import dress, garment_fields
from dataset_loader.synthetic.rotations import rx
from dataset_loader.synthetic.wardrobe import HAIR_STYLES, Garment, Outfit, sample_outfit


@pytest.fixture(scope="module")
def body() -> Body:
    return load_body()


@pytest.fixture(scope="module")
def rest(body: Body) -> Posed:
    return body.skin(body.sample_shape(np.random.default_rng(3)), body.local_rotations({}))


@pytest.fixture(scope="module")
def outfits() -> dict[str, list[Outfit]]:
    rng = np.random.default_rng(0)
    return {sex: [sample_outfit(rng, male) for _ in range(400)] for sex, male in (("m", 1.0), ("f", 0.0))}


def share(outfits: list[Outfit], holds: object) -> float:
    assert callable(holds)
    return float(np.mean([bool(holds(outfit)) for outfit in outfits]))


@pytest.mark.parametrize(
    ("name", "holds", "low", "high"),
    [
        ("jackets", lambda o: o.jacket is not None, 0.12, 0.30),
        ("open fronts", lambda o: o.jacket is not None and o.jacket.opening > 0, 0.06, 0.20),
        ("short sleeves", lambda o: 0.2 < o.top.sleeve < 1.2, 0.25, 0.60),
        ("long sleeves", lambda o: o.top.sleeve > 1.2, 0.15, 0.55),
        ("sleeveless", lambda o: o.top.sleeve < 0.15, 0.08, 0.45),
        ("long legs", lambda o: o.bottom.low < -0.7, 0.35, 0.75),
        ("bare feet", lambda o: o.shoe == "none", 0.08, 0.25),
        ("something on the head", lambda o: o.headwear != "none", 0.15, 0.35),
        ("loose tops", lambda o: o.top.loose > 0.4, 0.2, 0.8),
    ],
)
def test_shares_of_styles(
    outfits: dict[str, list[Outfit]], name: str, holds: object, low: float, high: float
) -> None:
    for sex, worn in outfits.items():
        assert low < share(worn, holds) < high, (name, sex)


def test_sexes_differ_where_they_do(outfits: dict[str, list[Outfit]]) -> None:
    assert not any(o.skirt < 0 or o.top.low > 0.2 for o in outfits["m"])
    assert share(outfits["f"], lambda o: o.skirt < 0) > 0.08
    long = ("bob", "long", "ponytail", "bun")
    assert (
        share(outfits["f"], lambda o: o.hair in long)
        > 0.5
        > 0.2
        > share(outfits["m"], lambda o: o.hair in long)
    )
    for worn in outfits.values():
        assert set(Counter(o.hair for o in worn)) == set(HAIR_STYLES)


def test_chest_and_pelvis_are_always_covered(body: Body, outfits: dict[str, list[Outfit]]) -> None:
    x, _, z = body.canonical.T
    tights = np.isin(np.arange(body.num_vertices), body.faces["tights"])
    chest = tights & (np.abs(z - 0.33) < 0.04) & (np.abs(x) < 0.11)
    pelvis = tights & (np.abs(z + 0.03) < 0.05) & (body.parts["arm"] < 0.1)
    assert chest.sum() > 20 and pelvis.sum() > 20
    for outfit in [*outfits["m"], *outfits["f"]]:
        fields = garment_fields(body, outfit)
        assert (fields[Layer.CLOTH][chest] > 0).all()
        assert (fields[Layer.TROUSERS][pelvis] > 0).all()


def test_hair_face_and_hands_are_never_under_cloth(body: Body, outfits: dict[str, list[Outfit]]) -> None:
    bare = body.is_skin & ((body.canonical[:, 2] > 0.60) | (body.parts["hand"] > 0.95))
    for outfit in [*outfits["m"][:100], *outfits["f"][:100]]:
        for field in garment_fields(body, outfit).values():
            assert field[bare].max() <= 0


@pytest.mark.parametrize("seed", range(8))
def test_cloth_lies_outside_the_skin_and_in_order(body: Body, rest: Posed, seed: int) -> None:
    outfit = sample_outfit(np.random.default_rng(seed), seed % 2)
    mesh = dress(body, rest, outfit)
    skin_normals = VertexNormals(body.faces["body"], body.num_vertices).normals(rest.vertices)
    skin = np.flatnonzero(body.is_skin & (body.parts["head"] < 0.1) & (body.parts["hand"] < 0.1))
    for layer in (Layer.CLOTH, Layer.TROUSERS, Layer.JACKET):
        worn = np.unique(mesh.faces[mesh.layer == layer])
        if not len(worn):
            continue
        depths = []
        for vertex in worn[::7]:
            nearest = skin[np.argmin(((rest.vertices[skin] - mesh.vertices[vertex]) ** 2).sum(1))]
            depths.append((mesh.vertices[vertex] - rest.vertices[nearest]) @ skin_normals[nearest])
        assert np.percentile(depths, 3) > -0.004, layer
        assert max(depths) < 0.16, layer


@pytest.mark.parametrize("seed", range(6))
def test_mesh_is_sound_and_the_same_every_time(body: Body, rest: Posed, seed: int) -> None:
    outfit = sample_outfit(np.random.default_rng(seed + 20), seed % 2)
    mesh = dress(body, rest, outfit)
    again = dress(body, rest, sample_outfit(np.random.default_rng(seed + 20), seed % 2))
    np.testing.assert_array_equal(mesh.vertices, again.vertices)
    np.testing.assert_array_equal(mesh.attributes, again.attributes)
    count = len(mesh.vertices)
    assert mesh.attributes.shape == (count, NUM_ATTRIBUTES) and mesh.attributes.dtype == np.float32
    assert mesh.vertices.dtype == mesh.normals.dtype == np.float32
    assert mesh.faces.min() == 0 and mesh.faces.max() == count - 1
    assert len(mesh.layer) == len(mesh.faces) and len(mesh.segment) == count == len(mesh.cut)
    assert np.isfinite(mesh.vertices).all() and np.isfinite(mesh.attributes).all()
    assert (mesh.cut >= 0).all()
    lengths = np.linalg.norm(mesh.normals, axis=1)
    assert (np.abs(lengths - 1) < 1e-3).mean() > 0.995
    assert set(np.unique(mesh.segment)) == set(range(6))
    assert mesh.vertices[:, 2].max() < rest.vertices[:, 2].max() + 0.12
    assert mesh.vertices[:, 2].min() > rest.vertices[body.is_skin, 2].min() - 0.02


def triangle(cut: tuple[float, float, float]) -> Mesh:
    vertices = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]], np.float32)
    attributes = np.zeros((3, NUM_ATTRIBUTES), np.float32)
    attributes[:, CANONICAL] = vertices
    attributes[:, HEM] = cut
    return piece(
        vertices,
        np.array([[0, 1, 2]]),
        Layer.CLOTH,
        np.array([0, 1, 2]),
        attributes=attributes,
        cut=np.array(cut, np.float32),
    )


def area(mesh: Mesh) -> float:
    corners = mesh.vertices[mesh.faces]
    return float(
        np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1).sum()
        / 2
    )


@pytest.mark.parametrize(
    ("name", "cut", "faces", "expected"),
    [
        ("kept whole", (1, 1, 1), 1, 0.5),
        ("dropped", (-1, -1, -1), 0, 0.0),
        ("one corner kept", (1, -1, -1), 1, 0.125),
        ("one corner lost", (-1, 1, 1), 2, 0.375),
        ("second corner kept", (-1, 3, -1), 1, 0.5 * 0.75 * 0.75),
        ("third corner lost", (1, 1, -1), 2, 0.375),
    ],
)
def test_clip(name: str, cut: tuple[float, float, float], faces: int, expected: float) -> None:
    clipped = clip(triangle(cut))
    assert len(clipped.faces) == faces, name
    assert area(clipped) == pytest.approx(expected, abs=1e-6), name
    if faces:
        np.testing.assert_allclose(clipped.attributes[:, CANONICAL], clipped.vertices, atol=1e-6)
        assert clipped.attributes[:, HEM].min() > -1e-6
        assert (clipped.normals[:, 2] > 0.999).all()


def test_loose_cloth_hangs_further_than_tight(body: Body, rest: Posed) -> None:
    outfit = replace(sample_outfit(np.random.default_rng(1), 1.0), jacket=None, tucked=False)
    loose = replace(outfit, top=Garment(0.0, 0.5, gap=0.012, loose=1.0, fold=0.0))
    tight = replace(outfit, top=Garment(0.0, 0.5, gap=0.003, loose=0.0, fold=0.0))

    def waist_width(worn: Outfit) -> float:
        mesh = dress(body, rest, worn)
        z = mesh.attributes[:, CANONICAL][:, 2]
        cloth = np.zeros(len(z), bool)
        cloth[np.unique(mesh.faces[mesh.layer == Layer.CLOTH])] = True
        return float(np.ptp(mesh.vertices[cloth & (np.abs(z - 0.17) < 0.02), 0]))

    assert waist_width(loose) > waist_width(tight) + 0.02


def test_hanging_needs_an_upright_trunk(body: Body, rest: Posed) -> None:
    cloth = cloth_map()
    extra = hang(body, cloth, rest.shape, cloth.upper_chains, 0.0)
    assert extra.min() >= 0 and 0.005 < extra.max() <= 0.05
    outfit = replace(
        sample_outfit(np.random.default_rng(1), 1.0),
        top=Garment(0.0, 0.5, gap=0.01, loose=1.0, fold=0.0),
        jacket=None,
        hair="bald",
    )
    turned = body.skin(rest.shape, body.local_rotations({"root": rx(90)}))

    def distances(posed: Posed) -> float:
        mesh = dress(body, posed, outfit)
        worn = np.unique(mesh.faces[mesh.layer == Layer.CLOTH])
        tights = np.unique(body.faces["tights"])
        points = posed.vertices[tights]
        found = [np.sqrt(((points - mesh.vertices[i]) ** 2).sum(1).min()) for i in worn[::9]]
        return float(np.mean(found))

    assert distances(turned) < distances(rest)


def test_cloth_spans_hollows_only(body: Body, rest: Posed) -> None:
    cloth = cloth_map()
    ids = cloth.shell_ids["tights"]
    skin = rest.vertices[ids]
    moved = bridged(cloth, skin, cloth.shell_normals["tights"].normals(skin))
    depth = np.linalg.norm(moved, axis=1)
    x, y, z = body.canonical[ids].T
    small_of_back = (np.abs(x) < 0.01) & (y > 0.02) & (np.abs(z - 0.15) < 0.03)
    assert depth[small_of_back].max() > 0.004
    assert moved[small_of_back, 1].min() >= 0, "backwards, out of the hollow"
    assert depth[small_of_back].max() > 3 * depth[(y < -0.1) & (np.abs(z - 0.15) < 0.03)].max(), (
        "not the belly"
    )
    assert depth[z > 0.5].max() == 0 and depth[z < -0.3].max() == 0
    assert np.median(depth) < 0.001 and depth.max() < 0.051


def test_feet_are_in_their_shoes(body: Body, rest: Posed) -> None:
    outfit = replace(sample_outfit(np.random.default_rng(4), 1.0), shoe="runner")
    mesh = dress(body, rest, outfit)
    for segment, outside in ((4, 1), (5, -1)):
        shoe = np.unique(mesh.faces[(mesh.layer == Layer.SHOE)])
        shoe = shoe[mesh.segment[shoe] == segment]
        foot = rest.vertices[body.is_skin & (body.parts["foot"] > 0.9) & (body.canonical[:, 0] * outside > 0)]
        foot = foot[foot[:, 2] < foot[:, 2].min() + 0.05]
        low, high = mesh.vertices[shoe].min(0), mesh.vertices[shoe].max(0)
        assert (foot > low - 0.004).all() and (foot < high + 0.004).all()
        assert (high - low)[1] < np.ptp(foot[:, 1]) + 0.06
