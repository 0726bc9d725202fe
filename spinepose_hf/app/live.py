"""One visitor's webcam: people followed from picture to picture, smoothed, measured and drawn."""

from __future__ import annotations

import threading
import time
from base64 import b64encode
from collections import OrderedDict, deque
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from spinepose_hf.app.measure_words import MEASURE_WORDS, VIEW_WORDS, figure_keys, value_words
from spinepose_hf.app.point_labels import PictureOptions, annotate
from spinepose_hf.inference.estimator import SpinePoseEstimator
from spinepose_hf.inference.smoothing.make import make_smoother
from spinepose_hf.inference.tracking.follow import Follower
from spinepose_hf.measure.people import Measurer
from spinepose_hf.measure.quantity import FrameMeasures, PersonMeasures
from spinepose_hf.measure.view import View

LONGEST_SIDE = 960
"""Pictures of a camera are made no larger than this, in px: more costs time and shows nothing more."""

_MEMORY = 30
_MOST_PEOPLE = 4
_MOST_VISITS = 64
_QUALITY = 80


class LiveVisit:
    """Follows the people before one camera. Threads take turns.

    Args:
        estimator: whose network and detector are used.
        clock: seconds; for tests.
    """

    def __init__(self, estimator: SpinePoseEstimator, clock: Callable[[], float] = time.perf_counter) -> None:
        self._follow = Follower(
            estimator.detector,
            estimator.runtime,
            max_people=_MOST_PEOPLE,
            threshold=estimator.threshold,
        )
        self._smoother = make_smoother("one-euro", live=True)
        self._threshold = estimator.threshold
        self._view = ""
        self._measure = Measurer(threshold=self._threshold)
        self._lock = threading.Lock()
        self._clock = clock
        self._began = clock()
        self._count = 0
        self._moments: deque[float] = deque(maxlen=_MEMORY)
        self.work_ms = 0.0

    @property
    def rate(self) -> float:
        """Pictures a second over the last ones; 0 before the second."""
        if len(self._moments) < 2:
            return 0.0
        return (len(self._moments) - 1) / max(self._moments[-1] - self._moments[0], 1e-6)

    def __call__(
        self, image: NDArray[np.uint8], options: PictureOptions, view: str = ""
    ) -> tuple[NDArray[np.uint8], FrameMeasures]:
        """Work on the next picture.

        Args:
            image: (H, W, 3) uint8 RGB.
            options: what is drawn.
            view: value of the `View` from which everybody is seen; empty: it is estimated.

        Returns:
            The drawn picture, (h, w, 3) uint8 RGB, and the measures of everybody in it.

        Raises:
            ValueError: there is no such view, or it is oblique or unknown.
        """
        with self._lock:
            return self._next(image, options, view)

    def _next(
        self, image: NDArray[np.uint8], options: PictureOptions, view: str
    ) -> tuple[NDArray[np.uint8], FrameMeasures]:
        begin = self._clock()
        if view != self._view:
            self._view = view
            self._measure = Measurer(threshold=self._threshold, view=View(view) if view else None)
        image = fitted(image)
        people = self._follow(image, self._count, begin - self._began)
        self._count += 1
        # Live smoothing gives each picture back at once.
        (people,) = self._smoother.push(people)
        measures = self._measure(people)
        drawn = annotate(image, people, measures, options)
        self._moments.append(self._clock())
        self.work_ms = 1000 * (self._moments[-1] - begin)
        return drawn, measures


class LiveVisits:
    """The visits of all cameras by session; what is known of one is let go of when its page is closed.

    Args:
        estimator: of all visits.
    """

    def __init__(self, estimator: SpinePoseEstimator) -> None:
        self._estimator = estimator
        self._visits: OrderedDict[str, LiveVisit] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._visits)

    def of(self, session: str) -> LiveVisit:
        """Return the session's visit, a new one at first; the one unused for longest makes room."""
        with self._lock:
            visit = self._visits.pop(session, None) or LiveVisit(self._estimator)
            self._visits[session] = visit
            while len(self._visits) > _MOST_VISITS:
                self._visits.popitem(last=False)
            return visit

    def forget(self, session: str) -> None:
        """Let go of a session's visit, if there is one."""
        with self._lock:
            self._visits.pop(session, None)


def fitted(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the picture with no side above `LONGEST_SIDE`."""
    scale = LONGEST_SIDE / max(image.shape[:2])
    if scale >= 1:
        return image
    size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def live_picture(drawn: NDArray[np.uint8] | None) -> str:
    """Return the drawn picture, (h, w, 3) uint8 RGB, as a part of the page, so that it is stored nowhere."""
    if drawn is None:
        return '<div class="live-picture"><p class="quiet">The camera is off.</p></div>'
    quality = [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]
    _, packed = cv2.imencode(".jpg", cv2.cvtColor(drawn, cv2.COLOR_RGB2BGR), quality)
    data = b64encode(packed.tobytes()).decode("ascii")
    alt = "The camera's picture with the spine drawn on it"
    shown = f'<img src="data:image/jpeg;base64,{data}" alt="{alt}" decoding="sync">'
    return f'<div class="live-picture">{shown}</div>'


def live_html(visit: LiveVisit, measures: FrameMeasures) -> str:
    """Say how fast it runs, and what is measured of each person now."""
    speed = f"{visit.rate:.0f} pictures a second, {visit.work_ms:.0f} ms each"
    people = "".join(_person_html(one) for one in measures.people)
    nobody = "<p>Nobody is seen. Step back until your whole upper body is in the picture.</p>"
    return f'<div class="live"><p class="quiet">{speed}</p>{people or nobody}</div>'


def _person_html(person: PersonMeasures) -> str:
    shown = [key for key in figure_keys(person.view.view) if key in MEASURE_WORDS and person[key].known]
    values = "".join(
        f"<div><dt>{MEASURE_WORDS[key].title}</dt><dd>{value_words(person[key])}</dd></div>" for key in shown
    )
    seen = f"Seen {VIEW_WORDS[person.view.view]}."
    return f"<section><h3>Person {person.number}</h3><p>{seen}</p><dl>{values}</dl></section>"


__all__ = ["LONGEST_SIDE", "LiveVisit", "LiveVisits", "fitted", "live_html", "live_picture"]
