"""Colours of people and of light: ranges, shares, determinism, and paint where it belongs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dataset_loader.synthetic.appearance import (
    Look,
    fabric_normals,
    sample_look,
    surface_colour,
    surface_gloss,
)
from dataset_loader.synthetic.body import Body, load_body
from dataset_loader.synthetic.fabric import (
    PATTERNS,
    PRINT_SIZE,
    PRINTS,
    cloth_colour,
    fabric_colour,
    sample_fabric,
    sample_print,
)
from dataset_loader.synthetic.face import BROW, DARK, EYE_X, EYE_Z, MOUTH_Z, eye_colour, look_up_face
from dataset_loader.synthetic.hair import hairline_field, hat_field
from dataset_loader.synthetic.lighting import INDOORS, KINDS, OUTDOORS, sample_light, temperature_colour
from dataset_loader.synthetic.mesh import CANONICAL, HEM, NUM_ATTRIBUTES, Layer, Mesh, Surface
from dataset_loader.synthetic.outfit import dress
from dataset_loader.synthetic.tailoring import paint_details
from dataset_loader.synthetic.wardrobe import Garment, sample_outfit


@pytest.fixture(scope="module")
def body() -> Body:
    return load_body()


def at_vertices(mesh: Mesh) -> tuple[Surface, np.ndarray]:
    """Surface and normals as if every first corner of a triangle had been hit."""
    corner = mesh.faces[:, 0]
    return Surface(mesh.layer, mesh.attributes[corner]), mesh.normals[corner]


@pytest.mark.parametrize("seed", range(6))
def test_albedo_is_in_range_and_repeatable(body: Body, seed: int) -> None:
    rng = np.random.default_rng(seed)
    shape = body.sample_shape(rng)
    outfit = sample_outfit(rng, shape.male)
    surface, normals = at_vertices(dress(body, body.skin(shape, body.local_rotations({})), outfit))
    look = sample_look(np.random.default_rng(seed), shape.male)
    colour = surface_colour(look, outfit, surface)
    assert colour.shape == (len(normals), 3) and colour.dtype == np.float32
    assert colour.min() >= 0.002 - 1e-6 and colour.max() <= 0.95 + 1e-6
    again = surface_colour(sample_look(np.random.default_rng(seed), shape.male), outfit, surface)
    np.testing.assert_array_equal(colour, again)
    bent = fabric_normals(look, surface, normals)
    np.testing.assert_allclose(np.linalg.norm(bent, axis=1), 1, atol=2e-3)
    bare = surface.layer == Layer.SKIN
    np.testing.assert_array_equal(bent[bare], normals[bare])
    assert np.einsum("ij,ij->i", bent, normals).mean() > 0.8
    gloss = surface_gloss(surface)
    assert gloss.shape == (len(normals),) and (gloss > 0).all()


def looks(count: int, male: float) -> list[Look]:
    rng = np.random.default_rng(1)
    return [sample_look(rng, male) for _ in range(count)]


def test_skin_covers_the_real_range_evenly() -> None:
    luminance = np.array([look.skin @ [0.2126, 0.7152, 0.0722] for look in looks(400, 1.0)])
    assert luminance.min() < 0.05 and luminance.max() > 0.5
    shares = np.histogram(np.log(luminance), bins=np.log([0.02, 0.09, 0.2, 0.38, 0.9]))[0] / 400
    assert (shares > 0.08).all(), shares
    for look in looks(100, 0.0):
        assert look.skin[0] > look.skin[1] > look.skin[2], "skin is warm"
        assert look.beard == 0


def test_clothes_are_mostly_plain_and_often_dark_or_white() -> None:
    rng = np.random.default_rng(2)
    colours = np.array([cloth_colour(rng) for _ in range(600)])
    assert ((colours > 0) & (colours <= 1)).all()
    brightness = colours.mean(axis=1)
    assert 0.15 < (brightness < 0.03).mean() < 0.45
    assert 0.08 < (brightness > 0.6).mean() < 0.30
    saturation = (colours.max(1) - colours.min(1)) / colours.max(1)
    assert 0.08 < ((saturation > 0.85) & (colours.max(1) > 0.3)).mean() < 0.3
    uppers = [sample_fabric(rng) for _ in range(800)]
    lowers = [sample_fabric(rng, lower=True) for _ in range(300)]
    assert 0.5 < np.mean([f.pattern == "plain" for f in uppers]) < 0.8
    assert np.mean([f.pattern == "plain" for f in lowers]) > 0.8
    assert {f.pattern for f in uppers} == set(PATTERNS)
    assert all(0.005 < f.size < 0.07 for f in uppers)
    assert 0.2 < np.mean([f.front is not None or f.back is not None for f in uppers]) < 0.6
    assert not any(f.front is not None or f.back is not None for f in lowers)


@pytest.mark.parametrize("kind", PRINTS)
def test_prints(kind: str) -> None:
    printed = [sample_print(np.random.default_rng(seed), kind) for seed in range(20)]
    if kind == "none":
        assert printed == [None] * 20
        return
    for sheet in printed:
        assert sheet is not None and sheet.shape == (PRINT_SIZE, PRINT_SIZE)
        assert sheet.min() == 0 and sheet.max() > 0.4 and 0.002 < sheet.mean() < 0.6


def test_numbers_on_the_back_read_from_behind() -> None:
    sheet = np.zeros((PRINT_SIZE, PRINT_SIZE), np.float32)
    sheet[:, : PRINT_SIZE // 2] = 1  # the reader's left half
    fabric = replace(
        sample_fabric(np.random.default_rng(0)),
        colour=np.zeros(3, np.float32),
        second=np.ones(3, np.float32),
        pattern="plain",
        weave=0.0,
        trim=0.0,
        front=sheet,
        back=sheet,
    )
    points = np.array(
        [[-0.05, -0.1, 0.33], [0.05, -0.1, 0.33], [-0.05, 0.1, 0.33], [0.05, 0.1, 0.33]], np.float32
    )
    flat = np.zeros(4, np.float32)
    painted = fabric_colour(fabric, points, flat, flat, flat + 1, flat)[:, 0] > 0.5
    # Seen from the front the subject's right (-x) is on the reader's left; from behind it is the other way.
    assert painted.tolist() == [True, False, False, True]


@pytest.mark.parametrize(
    ("name", "layer", "worn", "point", "painted"),
    [
        ("tie", Layer.CLOTH, {"tie": True}, (0.0, -0.12, 0.3), True),
        ("no tie on the back", Layer.CLOTH, {"tie": True}, (0.0, 0.08, 0.3), False),
        ("strap", Layer.CLOTH, {"backpack": True, "jacket": None}, (0.098, -0.1, 0.4), True),
        ("between straps", Layer.CLOTH, {"backpack": True, "jacket": None}, (0.03, -0.1, 0.4), False),
        ("belt", Layer.TROUSERS, {"belt": True, "waist": 0.1}, (0.05, -0.1, 0.09), True),
        ("below the belt", Layer.TROUSERS, {"belt": True, "waist": 0.1}, (0.05, -0.1, 0.0), False),
        ("pocket seam", Layer.TROUSERS, {"belt": False}, (0.088, 0.06, -0.082), True),
        ("no pocket in front", Layer.TROUSERS, {"belt": False}, (0.088, -0.06, -0.082), False),
    ],
)
def test_details_are_sewn_where_they_belong(
    name: str, layer: Layer, worn: dict[str, object], point: tuple[float, float, float], painted: bool
) -> None:
    rng = np.random.default_rng(0)
    plain = {
        "tie": False,
        "backpack": False,
        "belt": False,
        "collar": False,
        "bottom": Garment(-0.7, gap=0.01),
    }
    outfit = replace(sample_outfit(rng, 1.0), **{**plain, **worn})  # type: ignore[arg-type]
    attributes = np.zeros((1, NUM_ATTRIBUTES), np.float32)
    attributes[:, CANONICAL] = point
    attributes[:, HEM] = 0.01
    colour = np.full((1, 3), 0.9, np.float32)
    paint_details(colour, layer, sample_look(rng, 1.0), outfit, attributes)
    assert (colour.max() < 0.85) == painted, name


@pytest.mark.parametrize(
    ("name", "point", "column", "low", "high"),
    [
        ("brow", (0.030, -0.135, 0.719), BROW, 0.5, 1.0),
        ("between the brows", (0.0, -0.14, 0.719), BROW, 0.0, 0.1),
        ("parted lips", (0.005, -0.15, 0.6295), DARK, 0.3, 1.0),
        ("nostril", (0.008, -0.15, 0.6535), DARK, 0.3, 1.0),
        ("forehead", (0.02, -0.13, 0.745), DARK, 0.0, 0.05),
        ("back of the head", (0.030, 0.06, 0.719), BROW, 0.0, 0.0),
    ],
)
def test_face_table(
    name: str, point: tuple[float, float, float], column: int, low: float, high: float
) -> None:
    for side in (-1, 1):
        found = look_up_face(np.array([point], np.float32) * [[side, 1, 1]])
        assert low <= found[0, column] <= high, name
    assert 0.6 < MOUTH_Z < EYE_Z < 0.72


def test_eyes_have_whites_iris_and_pupil() -> None:
    iris = np.array([0.1, 0.2, 0.3], np.float32)
    points = np.array(
        [[EYE_X, -0.13, EYE_Z], [EYE_X + 0.0042, -0.13, EYE_Z], [EYE_X + 0.011, -0.13, EYE_Z]], np.float32
    )
    pupil, ring, white = eye_colour(points, iris, np.zeros(2, np.float32))
    assert pupil.max() < 0.02
    assert ring[2] > ring[0] and ring.max() < 0.35
    assert white.min() > 0.35
    moved = eye_colour(points, iris, np.array([0.011, 0], np.float32))
    assert moved[2].max() < 0.02, "the gaze moves the pupil"


def test_hair_and_hats_end_above_the_face(body: Body) -> None:
    eyes = body.canonical[body.is_eye]
    assert hairline_field(eyes).max() < -0.02
    for headwear in ("cap", "beanie", "helmet"):
        assert hat_field(eyes, headwear).max() < -0.02
    crown = body.canonical[[body.head_top_vertex]]
    assert hairline_field(crown)[0] > 0.05


def test_temperatures_run_from_orange_to_blue() -> None:
    warm, neutral, cool = (temperature_colour(k) for k in (2700, 6500, 12000))
    assert warm[0] / warm[2] > 8 and cool[0] / cool[2] < 0.75
    np.testing.assert_allclose(neutral, 1, atol=0.05)


def test_lights_are_plausible() -> None:
    rng = np.random.default_rng(3)
    drawn = [sample_light(rng) for _ in range(300)]
    assert {light.kind for light in drawn} == set(KINDS)
    for light in drawn:
        for direction in (light.direction, light.rim_direction):
            assert np.linalg.norm(direction) == pytest.approx(1, abs=1e-5)
        assert light.direction[2] > 0
        for colour in (light.key, light.sky, light.ground, light.rim):
            assert colour.shape == (3,) and colour.min() >= 0 and colour.max() < 6
        assert 0 < light.softness < 0.5 and 0 < light.floor_shadow < 1

    def contrast(kind: str) -> float:
        return float(np.mean([light.key.mean() / light.sky.mean() for light in drawn if light.kind == kind]))

    assert contrast("sun") > 4 * contrast("overcast")
    hue = np.array(
        [light.key[0] / light.key[2] for light in drawn if light.kind in ("overcast", "fluorescent")]
    )
    assert 0.6 < np.median(hue) < 1.6, "the camera balances white"


@pytest.mark.parametrize(("indoors", "kinds"), [(True, INDOORS), (False, OUTDOORS)])
def test_light_suits_the_place(indoors: bool, kinds: tuple[str, ...]) -> None:
    rng = np.random.default_rng(4)
    assert {sample_light(rng, indoors).kind for _ in range(200)} == set(kinds)
