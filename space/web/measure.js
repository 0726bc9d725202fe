// Spine angles with their uncertainty, and whether a view shows them: spinepose_hf/measure/.
// Pictures have y downwards, so angles grow clockwise as seen; they lie in -180 (inclusive) to 180 degrees.

import { TABLES } from "./vendor/tables.js";
import { UNKNOWN, estimateView, facing, leftSide } from "./view.js";

export const ANGLES = TABLES.angles;

// The step, in standard deviations, that matches the fourth moment of a normal distribution.
const STEP = Math.sqrt(3);

const FORMULAS = {
  turn: (points, [first, last]) =>
    wrapped(heading(points[last[0]], points[last[1]]) - heading(points[first[0]], points[first[1]])),
  lean,
  unsigned_lean: (points) => Math.abs(lean(points)),
  total_turning: totalTurning,
};

/** Angles brought into -180 (inclusive) to 180. */
export function wrapped(angle) {
  return ((((angle + 180) % 360) + 360) % 360) - 180;
}

/**
 * Measure one person.
 *
 * @returns {{view: object, angles: {key, value, sigma, state, reason}[]}} in the order of `ANGLES`; value and sigma are
 *   degrees, NaN unless the state is "ok" or "projected" (right in the picture, too small as the person's).
 */
export function measurePerson(pose, threshold) {
  const view = estimateView(pose, threshold);
  return { view, angles: ANGLES.map((angle) => ({ key: angle.key, ...measure(angle, pose, view, threshold) })) };
}

function measure(angle, pose, view, threshold) {
  const columns = angle.facingLeft && facing(view) < 0 ? angle.facingLeft : angle.points;
  for (const index of columns) {
    const score = pose.scores[index];
    if (score < threshold) return refused("score", `${TABLES.keypointNames[index]} has a score of ${score.toFixed(2)}`);
  }
  const shown = stateIn(angle, view.view);
  if (shown === "view") {
    const seen = view.view === UNKNOWN ? "the view is not known" : `the view is ${view.view}`;
    return refused("view", `only seen ${angle.words}; ${seen}`);
  }
  const points = columns.map((index) => pose.keypoints[index]);
  const formula = (chain) => FORMULAS[angle.formula](chain, angle.links);
  const { value, sigma } = propagate(formula, points, covarianceRoot(columns, pose.sigmas));
  const gap = Math.min(...points.slice(1).map((point, place) => distance(points[place], point)));
  if (!(gap > 0) || !Number.isFinite(value + sigma)) return refused("uncertain", "two of its keypoints coincide");
  if (sigma > TABLES.largestAngleSigma) return refused("uncertain", `uncertain by ${sigma.toFixed(0)} degrees`);
  const sign = angle.sign === "facing" ? facing(view) : angle.sign === "left side" ? leftSide(view) : 1;
  const signed = sign < 0 ? wrapped(-value) : value;
  return { value: signed + 0, sigma, state: shown, reason: shown === "projected" ? "the oblique view shortens it" : "" };
}

function refused(state, reason) {
  return { value: NaN, sigma: NaN, state, reason };
}

function stateIn(angle, view) {
  if (angle.right === null || angle.right.includes(view)) return "ok";
  return angle.shortened.includes(view) ? "projected" : "view";
}

function heading(start, end) {
  return (Math.atan2(end[1] - start[1], end[0] - start[0]) * 180) / Math.PI;
}

function lean(points) {
  return wrapped(heading(points[0], points[1]) + 90);
}

function totalTurning(points) {
  const headings = points.slice(1).map((point, place) => heading(points[place], point));
  return headings.slice(1).reduce((sum, next, place) => sum + Math.abs(wrapped(next - headings[place])), 0);
}

function distance(first, second) {
  return Math.hypot(second[0] - first[0], second[1] - first[1]);
}

/**
 * Value and standard deviation of an angle of uncertain points, by divided differences of second order
 * (Norgaard, Poulsen and Ravn, Automatica 36, 2000), as in spinepose_hf/measure/uncertainty.py.
 */
function propagate(formula, points, root) {
  const value = formula(points);
  let variance = 0;
  for (let axis = 0; axis < 2; axis += 1) {
    for (let column = 0; column < points.length; column += 1) {
      const [up, down] = [STEP, -STEP].map((step) => {
        const moved = points.map((point, row) => point.map((place, a) => (a === axis ? place + step * root[row][column] : place)));
        return wrapped(formula(moved) - value);
      });
      const slope = (up - down) / (2 * STEP);
      const bend = ((up + down) * Math.sqrt(STEP ** 2 - 1)) / (2 * STEP ** 2);
      variance += slope ** 2 + bend ** 2;
    }
  }
  return { value, sigma: Math.sqrt(variance) };
}

/** Lower triangular root of the covariance of keypoints' errors along an axis: neighbours on the spine err alike. */
function covarianceRoot(columns, sigmas) {
  const places = columns.map((index) => TABLES.spineChain.indexOf(index));
  const correlation = (a, b) => {
    if (a === b) return 1;
    return places[a] < 0 || places[b] < 0 ? 0 : TABLES.spineCorrelation[Math.abs(places[a] - places[b])];
  };
  const root = columns.map(() => new Array(columns.length).fill(0));
  // Cholesky's decomposition.
  for (let row = 0; row < columns.length; row += 1) {
    for (let column = 0; column <= row; column += 1) {
      let rest = correlation(row, column);
      for (let k = 0; k < column; k += 1) rest -= root[row][k] * root[column][k];
      root[row][column] = row === column ? Math.sqrt(rest) : rest / root[column][column];
    }
  }
  return root.map((line, row) => line.map((value) => value * sigmas[columns[row]]));
}
