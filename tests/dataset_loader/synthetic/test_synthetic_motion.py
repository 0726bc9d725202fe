"""BVH import: parsing, names of joints, known angles that arrive in our keypoints."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from dataset_loader.synthetic import collision
from dataset_loader.synthetic.body import Body, Floats, Shape, load_body
from dataset_loader.synthetic.bvh import BvhClip, parse_bvh, read_bvh
from dataset_loader.synthetic.figure import sample_figure
from dataset_loader.synthetic.joint_names import joint_roles, split_side
from dataset_loader.synthetic.keypoints import body_keypoints
from dataset_loader.synthetic.motion import load_motions
from dataset_loader.synthetic.range_of_motion import TRUNK_HINGES
from dataset_loader.synthetic.retarget import Actor
from spinepose_hf.errors import DatasetError
from spinepose_hf.model.skeleton import KEYPOINT_INDEX

# (name, parent, offset): y up, facing +z, arms out in a T. Centimetres.
MIXAMO = (
    ("mixamorig:Hips", None, (0, 100, 0)),
    ("mixamorig:Spine", "mixamorig:Hips", (0, 10, 0)),
    ("mixamorig:Spine1", "mixamorig:Spine", (0, 12, 0)),
    ("mixamorig:Spine2", "mixamorig:Spine1", (0, 14, 0)),
    ("mixamorig:Neck", "mixamorig:Spine2", (0, 16, 0)),
    ("mixamorig:Head", "mixamorig:Neck", (0, 9, 1)),
    ("mixamorig:HeadTop_End", "mixamorig:Head", (0, 18, 2)),
    *(
        row
        for side, x in (("Left", 1), ("Right", -1))
        for row in (
            (f"mixamorig:{side}Shoulder", "mixamorig:Spine2", (x * 6, 12, 0)),
            (f"mixamorig:{side}Arm", f"mixamorig:{side}Shoulder", (x * 12, 0, 0)),
            (f"mixamorig:{side}ForeArm", f"mixamorig:{side}Arm", (x * 27, 0, 0)),
            (f"mixamorig:{side}Hand", f"mixamorig:{side}ForeArm", (x * 26, 0, 0)),
            (f"mixamorig:{side}UpLeg", "mixamorig:Hips", (x * 9, -6, 0)),
            (f"mixamorig:{side}Leg", f"mixamorig:{side}UpLeg", (0, -42, 0)),
            (f"mixamorig:{side}Foot", f"mixamorig:{side}Leg", (0, -42, 0)),
            (f"mixamorig:{side}ToeBase", f"mixamorig:{side}Foot", (0, -8, 14)),
        )
    ),
)
# The same person in inches, arms hanging obliquely in an A, Biovision names, one joint for the whole spine.
BIOVISION = (
    ("Hips", None, (0, 39, 0)),
    ("Chest", "Hips", (0, 5, 0)),
    ("Neck", "Chest", (0, 15, 0)),
    ("Head", "Neck", (0, 4, 0)),
    *(
        row
        for side, x in (("Left", 1), ("Right", -1))
        for row in (
            (f"{side}Collar", "Chest", (x * 1, 13, 0)),
            (f"{side}Shoulder", f"{side}Collar", (x * 6, 0, 0)),
            (f"{side}Elbow", f"{side}Shoulder", (x * 8, -8, 0)),
            (f"{side}Wrist", f"{side}Elbow", (x * 7, -7, 0)),
            (f"{side}Hip", "Hips", (x * 4, 0, 0)),
            (f"{side}Knee", f"{side}Hip", (0, -17, 0)),
            (f"{side}Ankle", f"{side}Knee", (0, -17, 0)),
        )
    ),
)
# LaFAN1's way: at zero angles every bone lies along +x of its parent; z is the person's left.
CURLED = (
    ("Hips", None, (0, 0, 0)),
    ("Spine", "Hips", (12, 0, 0)),
    ("Spine1", "Spine", (12, 0, 0)),
    ("Spine2", "Spine1", (12, 0, 0)),
    ("Neck", "Spine2", (24, 0, 0)),
    ("Head", "Neck", (12, 0, 0)),
    *(
        row
        for side, z in (("Left", 1), ("Right", -1))
        for row in (
            (f"{side}Shoulder", "Spine2", (18, 0, z * 5)),
            (f"{side}Arm", f"{side}Shoulder", (12, 0, 0)),
            (f"{side}ForeArm", f"{side}Arm", (30, 0, 0)),
            (f"{side}Hand", f"{side}ForeArm", (25, 0, 0)),
            (f"{side}UpLeg", "Hips", (0, 0, z * 10)),
            (f"{side}Leg", f"{side}UpLeg", (43, 0, 0)),
            (f"{side}Foot", f"{side}Leg", (42, 0, 0)),
            (f"{side}Toe", f"{side}Foot", (16, 0, 0)),
        )
    ),
)
CMU = """
Hips LHipJoint LeftUpLeg LeftLeg LeftFoot LeftToeBase RHipJoint RightUpLeg RightLeg RightFoot RightToeBase
LowerBack Spine Spine1 Neck Neck1 Head LeftShoulder LeftArm LeftForeArm LeftHand LeftFingerBase
LeftHandIndex1 LThumb RightShoulder RightArm RightForeArm RightHand RThumb
"""
ASF = """
root lhipjoint lfemur ltibia lfoot ltoes rhipjoint rfemur rtibia rfoot rtoes lowerback upperback thorax
lowerneck upperneck head lclavicle lhumerus lradius lwrist lhand rclavicle rhumerus rradius rhand
"""
MAKEHUMAN = """
root pelvis.L upperleg01.L upperleg02.L lowerleg01.L lowerleg02.L foot.L toe1-1.L upperleg01.R lowerleg01.R
foot.R spine05 spine04 spine03 spine02 spine01 clavicle.L shoulder01.L upperarm01.L lowerarm01.L wrist.L
clavicle.R upperarm01.R lowerarm01.R wrist.R neck01 neck02 neck03 head
"""
Skeleton = tuple[tuple[str, str | None, tuple[float, float, float]], ...]


def bvh_text(skeleton: Skeleton, order: str, frames: list[dict[str, tuple[float, float, float]]]) -> str:
    """A BVH file; a frame gives X, Y and Z degrees by joint, written and applied in `order` ("ZXY" ...)."""
    children = {name: [n for n, parent, _ in skeleton if parent == name] for name, _, _ in skeleton}
    offsets = {name: offset for name, _, offset in skeleton}
    written: list[str] = []

    def joint(name: str, word: str) -> list[str]:
        written.append(name)
        channels = " ".join(f"{axis}rotation" for axis in order)
        head = "6 Xposition Yposition Zposition" if word == "ROOT" else "3"
        lines = [
            f"{word} {name}",
            "{",
            "OFFSET {} {} {}".format(*offsets[name]),
            f"CHANNELS {head} {channels}",
        ]
        for child in children[name]:
            lines += joint(child, "JOINT")
        if not children[name]:
            lines += ["End Site", "{", "OFFSET 0 0 1", "}"]
        return [*lines, "}"]

    lines = [
        "HIERARCHY",
        *joint(skeleton[0][0], "ROOT"),
        "MOTION",
        f"Frames: {len(frames)}",
        "Frame Time: 0.033",
    ]
    for frame in frames:
        values = ["5", "90", "-3"]
        for name in written:
            angles = dict(zip("XYZ", frame.get(name, (0, 0, 0)), strict=True))
            values += [str(angles[axis]) for axis in order]
        lines.append(" ".join(values))
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def body() -> Body:
    return load_body()


@pytest.fixture(scope="module")
def shape(body: Body) -> Shape:
    return body.sample_shape(np.random.default_rng(2))


def clip(skeleton: Skeleton, order: str, frame: dict[str, tuple[float, float, float]]) -> BvhClip:
    return parse_bvh(bvh_text(skeleton, order, [frame]), "clip.bvh")


def keypoints(body: Body, shape: Shape, recorded: BvhClip, mirrored: bool = False) -> Floats:
    rotations = Actor.of(recorded).pose(body, shape, 0, mirrored)
    return body_keypoints(body, body.skin(shape, body.local_rotations(rotations)))


def direction(points: Floats, first: str, second: str) -> Floats:
    vector = points[KEYPOINT_INDEX[second]] - points[KEYPOINT_INDEX[first]]
    unit: Floats = vector / np.linalg.norm(vector)
    return unit


def angle_between(a: np.ndarray, b: tuple[float, float, float] | np.ndarray) -> float:
    cosine = np.dot(a, b) / np.linalg.norm(a) / np.linalg.norm(b)
    return float(np.rad2deg(np.arccos(np.clip(cosine, -1, 1))))


@pytest.mark.parametrize(
    ("name", "skeleton", "order", "arm"),
    [("mixamo", MIXAMO, "ZXY", (1, 0, 0)), ("biovision", BIOVISION, "ZYX", (1, 0, -1))],
)
def test_zero_angles_give_the_file_s_own_rest_pose(
    body: Body, shape: Shape, name: str, skeleton: Skeleton, order: str, arm: tuple[float, float, float]
) -> None:
    points = keypoints(body, shape, clip(skeleton, order, {}))
    assert angle_between(direction(points, "left_shoulder", "left_elbow"), arm) < 12, name
    assert angle_between(direction(points, "left_elbow", "left_wrist"), arm) < 12
    assert angle_between(direction(points, "left_hip", "left_ankle"), (0, 0, -1)) < 6
    assert angle_between(direction(points, "hip", "neck"), (0, 0, 1)) < 8
    assert points[KEYPOINT_INDEX["nose"], 1] < points[KEYPOINT_INDEX["neck_03"], 1], "faces -y"


@pytest.mark.parametrize(
    ("name", "skeleton", "order", "elbow", "upper"),
    [
        ("mixamo", MIXAMO, "ZXY", "mixamorig:LeftForeArm", (1, 0, 0)),
        ("mixamo zyx", MIXAMO, "ZYX", "mixamorig:LeftForeArm", (1, 0, 0)),
        ("biovision", BIOVISION, "ZYX", "LeftElbow", (1, 0, -1)),
    ],
)
def test_a_known_elbow_arrives(
    body: Body,
    shape: Shape,
    name: str,
    skeleton: Skeleton,
    order: str,
    elbow: str,
    upper: tuple[float, float, float],
) -> None:
    # A turn by -70 degrees about the vertical brings a left forearm that points outwards to the front.
    points = keypoints(body, shape, clip(skeleton, order, {elbow: (0, -70, 0)}))
    c, s = np.cos(np.deg2rad(70)), np.sin(np.deg2rad(70))
    wanted = (upper[0] * c, -upper[0] * s, upper[2])
    assert angle_between(direction(points, "left_elbow", "left_wrist"), wanted) < 10, name
    assert angle_between(direction(points, "left_shoulder", "left_elbow"), upper) < 12
    assert angle_between(direction(points, "right_elbow", "right_wrist"), (-upper[0], 0, upper[2])) < 12


@pytest.mark.parametrize(
    ("name", "skeleton", "order", "frame"),
    [
        ("one joint", BIOVISION, "ZXY", {"Chest": (50, 0, 0)}),
        (
            "three joints",
            MIXAMO,
            "ZYX",
            {"mixamorig:Spine": (20, 0, 0), "mixamorig:Spine1": (20, 0, 0), "mixamorig:Spine2": (10, 0, 0)},
        ),
    ],
)
def test_a_known_flexion_is_spread_over_the_vertebrae(
    body: Body,
    shape: Shape,
    name: str,
    skeleton: Skeleton,
    order: str,
    frame: dict[str, tuple[float, float, float]],
) -> None:
    recorded = clip(skeleton, order, frame)
    rotations = Actor.of(recorded).pose(body, shape, 0)
    bends = [np.rad2deg(np.arctan2(-rotations[bone][1, 2], rotations[bone][2, 2])) for bone in TRUNK_HINGES]
    assert sum(bends) == pytest.approx(50, abs=0.5), name
    assert min(bends) > 2 and max(bends) < 30, "no single vertebra takes it all"
    bent, straight = keypoints(body, shape, recorded), keypoints(body, shape, clip(skeleton, order, {}))
    top = ("spine_05", "neck")
    assert angle_between(direction(bent, *top), direction(straight, *top)) == pytest.approx(50, abs=6)
    assert bent[KEYPOINT_INDEX["neck"], 1] < straight[KEYPOINT_INDEX["neck"], 1] - 0.1, "forward"


@pytest.mark.parametrize(("axis", "turn"), [("side", (0, 0, -30)), ("twist", (0, 40, 0))])
def test_side_bend_and_twist_keep_their_sense(
    body: Body, shape: Shape, axis: str, turn: tuple[float, float, float]
) -> None:
    points = keypoints(body, shape, clip(BIOVISION, "ZXY", {"Chest": turn}))
    if axis == "side":  # -30 about +z, seen by the actor facing +z: to the left
        assert points[KEYPOINT_INDEX["neck"], 0] > 0.1
    else:  # +40 about the vertical turns the front of the chest to the left: the left shoulder goes back
        assert points[KEYPOINT_INDEX["left_shoulder"], 1] > points[KEYPOINT_INDEX["right_shoulder"], 1] + 0.1


def test_mirror_swaps_sides(body: Body, shape: Shape) -> None:
    recorded = clip(MIXAMO, "ZXY", {"mixamorig:LeftForeArm": (0, -70, 0), "mixamorig:Spine1": (10, 20, 15)})
    plain, mirrored = keypoints(body, shape, recorded), keypoints(body, shape, recorded, mirrored=True)
    for first, second in (("elbow", "wrist"), ("shoulder", "elbow"), ("hip", "knee")):
        a = direction(plain, f"left_{first}", f"left_{second}") * [-1, 1, 1]
        assert angle_between(a, direction(mirrored, f"right_{first}", f"right_{second}")) < 4


def test_a_zero_pose_that_curls_up_works(body: Body, shape: Shape) -> None:
    """Hips stand the x axis up and put +z to the left; thighs turn half round and point down again."""
    frame: dict[str, tuple[float, float, float]] = {"Hips": (0, 90, 90)}
    frame |= {f"{side}UpLeg": (0, 0, 180) for side in ("Left", "Right")}
    frame |= {"LeftShoulder": (0, -90, 0), "RightShoulder": (0, 90, 0)}
    points = keypoints(body, shape, clip(CURLED, "YZX", frame))
    assert angle_between(direction(points, "hip", "neck"), (0, 0, 1)) < 8
    assert angle_between(direction(points, "left_hip", "left_ankle"), (0, 0, -1)) < 8
    assert angle_between(direction(points, "left_shoulder", "left_wrist"), (1, 0, 0)) < 15
    assert points[KEYPOINT_INDEX["left_hip"], 0] > points[KEYPOINT_INDEX["right_hip"], 0]
    assert points[KEYPOINT_INDEX["nose"], 1] < points[KEYPOINT_INDEX["neck_03"], 1]


def test_units_do_not_matter(body: Body, shape: Shape) -> None:
    small = tuple((n, p, (o[0] / 100, o[1] / 100, o[2] / 100)) for n, p, o in MIXAMO)
    frame = {"mixamorig:LeftArm": (10.0, -20.0, 30.0), "mixamorig:LeftLeg": (50.0, 0.0, 0.0)}
    np.testing.assert_allclose(
        keypoints(body, shape, clip(MIXAMO, "ZXY", frame)),
        keypoints(body, shape, clip(small, "ZXY", frame)),
        atol=1e-4,
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mixamorig:LeftUpLeg", ("left", "upleg")),
        ("LHipJoint", ("left", "hipjoint")),
        ("lowerarm01.R", ("right", "lowerarm01")),
        ("thigh_l", ("left", "thigh")),
        ("RightToeBase", ("right", "toebase")),
        ("l_knee", ("left", "knee")),
        ("Leg", ("", "leg")),
        ("LowerBack", ("", "lowerback")),
        ("Root", ("", "root")),
        ("neck", ("", "neck")),
        ("rhumerus", ("right", "humerus")),
        ("lowerneck", ("", "lowerneck")),
    ],
)
def test_sides_in_names(name: str, expected: tuple[str, str]) -> None:
    assert split_side(name) == expected


@pytest.mark.parametrize(
    ("convention", "names"),
    [
        ("mixamo", [row[0] for row in MIXAMO]),
        ("biovision", [row[0] for row in BIOVISION]),
        ("lafan", [row[0] for row in CURLED]),
        ("cmu", CMU.split()),
        ("asf", ASF.split()),
        ("makehuman", MAKEHUMAN.split()),
    ],
)
def test_conventions_are_known(convention: str, names: list[str]) -> None:
    roles = joint_roles(names, convention)
    assert "left_clavicle" in roles
    for side in ("left", "right"):
        upper = names[roles[f"{side}_upper_arm"][0]].lower()
        assert "arm" in upper or "shoulder" in upper or "humerus" in upper
        assert "collar" not in upper
    assert names[roles["spine"][-1]] in (
        "mixamorig:Spine2",
        "Chest",
        "Spine2",
        "Spine1",
        "spine01",
        "thorax",
    )


GOOD = bvh_text(BIOVISION, "ZXY", [{}, {}])


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("empty", "", "line 0: expected HIERARCHY, the file ends"),
        ("other format", "#!OBJ\nv 1 2 3\n", r"line 1: expected HIERARCHY, found '#!OBJ'"),
        (
            "bad offset",
            GOOD.replace("OFFSET 0 5 0", "OFFSET 0 five 0"),
            r"line 8: expected offset y of Chest",
        ),
        ("infinite offset", GOOD.replace("OFFSET 0 5 0", "OFFSET 0 inf 0"), "line 8: .*finite"),
        ("unknown channel", GOOD.replace("Zrotation", "Wrotation", 1), "line 5: expected Xposition or"),
        ("cut hierarchy", GOOD[:300], "the file ends"),
        ("no motion", GOOD.split("MOTION")[0], "expected MOTION, the file ends"),
        ("frames announced", GOOD.replace("Frames: 2", "Frames: 3"), "3 frames announced, 2 found"),
        ("too many", GOOD.replace("Frames: 2", "Frames: 1"), "more than the 1 frames"),
        ("no frames", GOOD.replace("Frames: 2", "Frames: 0"), "no motion"),
        (
            "frames not a number",
            GOOD.replace("Frames: 2", "Frames: two"),
            "the number of frames, found 'two'",
        ),
        ("short row", GOOD.rstrip().rsplit(" ", 1)[0] + "\n", r"line \d+: expected \d+ finite numbers"),
        ("word in a row", GOOD.rstrip().rsplit(" ", 1)[0] + " x\n", r"line \d+"),
    ],
)
def test_bad_files_are_told_with_their_line(name: str, text: str, words: str) -> None:
    with pytest.raises(DatasetError, match=rf"walk\.bvh.*{words}"):
        parse_bvh(text, "walk.bvh")


def test_joint_map_of_the_user(body: Body, shape: Shape, tmp_path: Path) -> None:
    renamed = {name: f"J{index:02d}" for index, (name, _, _) in enumerate(BIOVISION)}
    strange = tuple((renamed[n], renamed[p] if p else None, o) for n, p, o in BIOVISION)
    (tmp_path / "clip.bvh").write_text(bvh_text(strange, "ZXY", [{}]))
    with pytest.raises(DatasetError, match="give a joint map"):
        load_motions(tmp_path)
    roles = joint_roles([name for name, _, _ in BIOVISION], "names")
    table = {renamed[BIOVISION[i][0]]: role for role, found in roles.items() for i in found}
    (tmp_path / "map.json").write_text(json.dumps(table))
    (actor,) = load_motions(tmp_path, tmp_path / "map.json").actors
    expected = keypoints(body, shape, clip(BIOVISION, "ZXY", {}))
    rotations = actor.pose(body, shape, 0)
    found = body_keypoints(body, body.skin(shape, body.local_rotations(rotations)))
    np.testing.assert_allclose(found, expected, atol=1e-4)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("not json", "{", "cannot read the joint map"),
        ("list", "[]", "must be a JSON object"),
        ("role", '{"J": "tail"}', "gives J the role 'tail'"),
    ],
)
def test_bad_joint_maps(tmp_path: Path, name: str, content: str, words: str) -> None:
    (tmp_path / "map.json").write_text(content)
    (tmp_path / "clip.bvh").write_text(GOOD)
    with pytest.raises(DatasetError, match=words):
        load_motions(tmp_path, tmp_path / "map.json")


def test_folders_without_motion(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no .bvh file"):
        load_motions(tmp_path)
    with pytest.raises(DatasetError, match="not a folder"):
        load_motions(tmp_path / "none")
    (tmp_path / "binary.bvh").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DatasetError, match=r"cannot read .*binary\.bvh"):
        read_bvh(tmp_path / "binary.bvh")


def test_figures_take_a_share_of_their_poses_from_motions(body: Body, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frames = []
    for _ in range(20):
        swing = rng.uniform(-25, 25)
        frames.append(
            {
                "mixamorig:LeftArm": (0.0, 0.0, -70.0),
                "mixamorig:RightArm": (0.0, 0.0, 70.0),
                "mixamorig:LeftUpLeg": (-swing, 0.0, 3.0),
                "mixamorig:RightUpLeg": (swing, 0.0, -3.0),
            }
        )
    (tmp_path / "walking.bvh").write_text(bvh_text(MIXAMO, "ZXY", frames))
    motions = load_motions(tmp_path)
    figures = [sample_figure(rng, body, motions) for _ in range(60)]
    moved = [figure for figure in figures if figure.pose.name == "walking"]
    assert 15 <= len(moved) <= 45
    for figure in moved:
        assert figure.pose.support == "feet"
        assert abs(figure.posed.vertices[body.is_skin, 2].min()) < 1e-4
        person = collision.solid(body, figure.shape)
        depth = collision.figure_depth(person, figure.posed.rotations, figure.posed.positions)
        assert depth < collision.ALLOWED_DEPTH + 1e-4
    again = [sample_figure(np.random.default_rng(5), body, motions) for _ in range(2)]
    np.testing.assert_array_equal(again[0].posed.vertices, again[1].posed.vertices)
