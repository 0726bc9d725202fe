"""How a camera looks at a scene: from where, how wide, and what of the people it leaves out."""

from __future__ import annotations

import numpy as np

from dataset_loader.synthetic.body import Floats
from dataset_loader.synthetic.camera import Camera, look_at
from dataset_loader.synthetic.scene import Person, Scene
from dataset_loader.synthetic.visibility import HEAD, LEFT_ARM, LEFT_LEG, RIGHT_ARM, RIGHT_LEG, TRUNK

GROUP_REACH = 2.5  # metres from the first person within which people are framed together
ONE_OF_GROUP = 0.4  # share of the views of a group that frame one of its people
# What of the subject is framed, with its share of the views.
CROPS: tuple[tuple[tuple[int, ...], float], ...] = (
    ((TRUNK, HEAD, LEFT_ARM, RIGHT_ARM, LEFT_LEG, RIGHT_LEG), 0.79),
    ((TRUNK, HEAD, LEFT_ARM, RIGHT_ARM), 0.17),
    ((HEAD,), 0.015),
    ((LEFT_LEG, RIGHT_LEG), 0.015),
)
TRUNCATED_SHARE = 0.15
BEHIND_THING_SHARE = 0.6  # of the views of a scene in which a thing can stand before the first person
LOWEST_EYE = 0.06  # metres above the floor
NEAREST = 0.45  # metres between the eye and skin
STEEPEST = 80.0  # degrees
ATTEMPTS = 6


def _subject(rng: np.random.Generator, scene: Scene) -> tuple[list[Person], tuple[int, ...]]:
    """The people to frame and the segments of them."""
    people = list(scene.people)
    if len(people) > 1 and rng.random() < ONE_OF_GROUP:
        chosen = [people[int(rng.integers(len(people)))]]
    else:
        first = people[0].skin.mean(axis=0)
        chosen = [p for p in people if np.linalg.norm(p.skin.mean(axis=0) - first) < GROUP_REACH]
    crops, shares = zip(*CROPS, strict=True)
    return chosen, crops[int(rng.choice(len(crops), p=np.array(shares) / sum(shares)))]


def _angles(rng: np.random.Generator, scene: Scene, clinical: bool) -> tuple[float, float, float]:
    """Azimuth and elevation of the camera seen from the subject, and roll, degrees."""
    kind = rng.random()
    if clinical:  # straight from behind, in front or the side, at the height of the trunk
        turn = float(rng.choice([90.0, 90.0, 90.0, 0.0, 180.0, 270.0]))
        return turn + rng.normal(0, 6), float(rng.normal(2, 4)), float(rng.normal(0, 1.5))
    azimuth = rng.uniform(0, 360)
    if scene.front is not None and rng.random() < BEHIND_THING_SHARE:
        azimuth = float(np.rad2deg(np.arctan2(scene.front[1], scene.front[0]))) + rng.normal(0, 22)
    if kind < 0.09:  # a drone or a balcony
        elevation = rng.uniform(30, STEEPEST)
    elif kind < 0.17:  # a phone put on the floor
        elevation = rng.uniform(-30, -4)
    else:
        elevation = rng.normal(7, 10)
    return azimuth, float(np.clip(elevation, -35, STEEPEST)), float(rng.normal(0, 4 if kind < 0.93 else 12))


def _field_of_view(rng: np.random.Generator) -> float:
    """Degrees over the longer side: tele, normal or the wide lens of a phone."""
    kind = rng.random()
    if kind < 0.3:
        return rng.uniform(8, 26)
    return rng.uniform(26, 58) if kind < 0.78 else rng.uniform(58, 84)


def sample_camera(
    rng: np.random.Generator, scene: Scene, size: tuple[int, int], clinical: bool = False
) -> Camera:
    """A camera on people of the scene.

    The subject (everybody near the first person, or one of them; in one view of five only the upper body)
    fills 0.45 to 0.95 of the tighter side and lies anywhere inside; 15 % of the views are closer or shifted
    so that the border cuts the subject.

    Args:
        rng: source of the draw.
        scene: people on the floor z = 0.
        size: image width and height in pixels.
        clinical: look as one does to judge a back: level, square to the body.
    """
    skin = np.concatenate([person.skin for person in scene.people])
    for _ in range(ATTEMPTS):
        camera = _draw(rng, scene, size, clinical)
        if float(np.min(np.sum((skin - camera.eye) ** 2, axis=1))) > NEAREST**2:
            break
    return camera


def _draw(rng: np.random.Generator, scene: Scene, size: tuple[int, int], clinical: bool) -> Camera:
    people, segments = _subject(rng, scene)
    points = np.concatenate([person.skin[np.isin(person.segments, segments)] for person in people])
    azimuth, elevation, roll = _angles(rng, scene, clinical)
    frame = np.array(size, float)
    focal = float(frame.max()) / 2 / np.tan(np.deg2rad(_field_of_view(rng)) / 2)
    truncated = bool(rng.random() < TRUNCATED_SHARE)
    fill = rng.uniform(0.85, 1.3) if truncated else rng.uniform(0.45, 0.95)
    low, high = points.min(axis=0), points.max(axis=0)
    middle = ((low + high) / 2).astype(np.float32)
    radius = float(np.linalg.norm(high - low)) / 2
    steep, heading = np.deg2rad(elevation), np.deg2rad(azimuth)
    away = np.array([np.cos(heading) * np.cos(steep), np.sin(heading) * np.cos(steep), np.sin(steep)])
    distance = max(focal * 2 * radius / (float(frame.min()) * fill), radius + NEAREST)
    for _ in range(4):
        eye = (middle + away * distance).astype(np.float32)
        eye[2] = max(float(eye[2]), LOWEST_EYE)
        camera = Camera(eye, look_at(eye, middle, roll), focal, (size[0] / 2, size[1] / 2), size)
        pixels, _ = camera.project(points)
        first, extent = pixels.min(axis=0), np.ptp(pixels, axis=0)
        distance = max(distance * float(np.max(extent / frame)) / fill, radius + NEAREST)
    shift = _placed(rng, first, extent, frame, truncated) - first
    centre = (size[0] / 2 + float(shift[0]), size[1] / 2 + float(shift[1]))
    return Camera(camera.eye, camera.rotation, focal, centre, size)


def _placed(
    rng: np.random.Generator, first: Floats, extent: Floats, frame: Floats, truncated: bool
) -> Floats:
    """Where the upper left corner (2,) of the subject's box shall lie in the picture."""
    place = rng.uniform(0, 1, 2)
    room = frame - extent
    if truncated:
        # Up to 35 % of the subject beyond any border, but not more than the picture can miss.
        spare = 0.35 * extent
        anywhere: Floats = -spare + place * (np.maximum(room, 0) + 2 * spare + np.minimum(room, 0))
        return anywhere
    # People are more often near the middle.
    wanted: Floats = (0.65 * place + 0.175) * np.maximum(room, 0) + np.minimum(room, 0) / 2
    return wanted
