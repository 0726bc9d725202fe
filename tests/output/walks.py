"""People of made-up clips: what the tests of the writers write."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from spinepose_hf.pose import People


def people_of_frame(
    frame: int,
    ids: Sequence[int] | None = (1, 2),
    count: int = 0,
    *,
    frame_known: bool = True,
    time: float | None = None,
) -> People:
    """Distinct, repeatable people; `count` untracked ones where `ids` is None."""
    number = count if ids is None else len(ids)
    source = np.random.default_rng(frame)
    return People(
        boxes=np.tile(np.array([10.5, 20.25, 400, 800]), (number, 1)),
        keypoints=source.uniform(0, 1000, (number, 37, 2)),
        scores=source.uniform(0.5, 1, (number, 37)),
        sigmas=source.uniform(0.1, 9, (number, 37)),
        image_size=(1080, 1920),
        box_scores=np.full(number, 0.75),
        ids=None if ids is None else np.array(ids, np.int64),
        frame=frame if frame_known else None,
        time=time,
    )


def clip(frames: int = 12, absent: range = range(4, 7), rate: float = 25.0) -> Iterator[People]:
    """Person 1 in every frame but frame 2, which is empty; person 2 not in the frames `absent` either."""
    for frame in range(frames):
        ids = [] if frame == 2 else [1] if frame in absent else [1, 2]
        yield people_of_frame(frame, ids, time=frame / rate)


SEEN = {
    (frame, person)
    for frame in range(12)
    for person in (1, 2)
    if frame != 2 and (person == 1 or frame not in range(4, 7))
}
"""(frame, id) of everybody in `clip()`."""
