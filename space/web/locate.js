// Finding one person without a detector: spinepose_hf/inference/detectors/self_locating.py.

import { BOX_PADDING, boxArea, boxIou, clipBox, overlapArea } from "./geometry.js";
import { poseInBox } from "./network.js";
import { TABLES } from "./vendor/tables.js";

const { stableIou, sure, minConfident, bodyMargins, windowStep, maxWindows } = TABLES.locating;
const { closer, closerCandidates, samePerson, rounding } = TABLES.locating;

/**
 * Find the most visible person.
 *
 * @returns {Promise<{box: number[], score: number} | null>}
 */
export async function locatePerson(network, image, threshold) {
  const size = [image.height, image.width];
  let found = await search(network, image, threshold, searchWindows(size, network.inputSize), 1);
  if (!found.length || found[0].certainty < sure) {
    const views = closerWindows(size, network.inputSize);
    found = found.concat(await search(network, image, threshold, views, closerCandidates));
  }
  if (!found.length) return null;
  const best = found.reduce((most, one) => (one.certainty > most.certainty ? one : most));
  return { box: best.box, score: best.score };
}

/** Up to `count` persons, each seen in a box of its own. */
async function search(network, image, threshold, views, count) {
  // The views already show everything they should: no padding around them.
  const seen = await look(network, image, threshold, views, 1);
  seen.sort((one, other) => other.evidence - one.evidence);
  const found = [];
  for (const one of seen) {
    if (found.every((other) => boxIou(one.box, other.box) < samePerson)) found.push(one);
  }
  found.splice(count);
  const final = found.filter((one) => boxIou(one.view, one.box) > stableIou);
  const again = found.filter((one) => boxIou(one.view, one.box) <= stableIou).map((one) => one.box);
  return final.concat(await look(network, image, threshold, again, BOX_PADDING));
}

/** The persons whom the network sees in the views, one at most in each. */
async function look(network, image, threshold, views, padding) {
  const seen = [];
  for (const view of views) {
    const pose = await poseInBox(network, image, view, { padding });
    const candidate = judge(view, pose, [image.height, image.width], threshold);
    if (candidate !== null) seen.push(candidate);
  }
  return seen;
}

/** Whether a pose shows enough of a person; fewer keypoints appear by chance on furniture and trees. */
export function showsPerson(pose, threshold) {
  return pose.scores.filter((score) => score >= threshold).length >= minConfident;
}

/** The box around the confident keypoints of a pose, or null if it has no area in the image. */
export function bodyBox(pose, imageSize, threshold) {
  const seen = pose.keypoints.filter((_, index) => pose.scores[index] >= threshold);
  if (!seen.length) return null;
  const axes = [0, 1].map((axis) => {
    const values = seen.map((point) => point[axis]);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    // Keypoints lie inside the body; boxes of people reach to its outline.
    return { middle: (low + high) / 2, half: ((high - low) / 2) * bodyMargins[axis] };
  });
  const [x, y] = axes;
  const box = clipBox([x.middle - x.half, y.middle - y.half, x.middle + x.half, y.middle + y.half], imageSize);
  return box[2] - box[0] >= 1 && box[3] - box[1] >= 1 ? box : null;
}

function judge(view, pose, imageSize, threshold) {
  if (!showsPerson(pose, threshold)) return null;
  const box = bodyBox(pose, imageSize, threshold);
  if (box === null) return null;
  const sum = (scores) => scores.reduce((total, score) => total + score, 0);
  const confident = pose.scores.filter((score) => score >= threshold);
  // A body that reaches beyond its view is cut off there: another view shows more of it.
  const contained = overlapArea(box, view) / boxArea(box);
  return {
    view,
    box,
    score: sum(confident) / confident.length,
    evidence: sum(confident) * contained,
    certainty: sum(pose.scores) / pose.scores.length,
  };
}

/** The views in which to look: the whole picture, and overlapping windows along it where it is long. */
export function searchWindows(imageSize, inputSize) {
  const [height, width] = imageSize;
  const aspect = inputSize[1] / inputSize[0];
  const views = [[0, 0, width, height]];
  [[width, Math.min(width, height * aspect)], [height, Math.min(height, width / aspect)]].forEach(([length, part], axis) => {
    const count = Math.min(maxWindows, 1 + Math.ceil((length - part) / (part * windowStep)));
    // With fewer, the whole picture already shows about as much.
    if (count < 3) return;
    for (let place = 0; place < count; place += 1) {
      const start = ((length - part) * place) / (count - 1);
      views.push(axis === 0 ? [start, 0, start + part, height] : [0, start, width, start + part]);
    }
  });
  return views;
}

/** Overlapping views all over the picture, row by row, for somebody who is small in it. */
export function closerWindows(imageSize, inputSize) {
  const [height, width] = imageSize;
  const aspect = inputSize[1] / inputSize[0];
  const part = closer * Math.min(height, width / aspect);
  const lefts = starts(width, part * aspect);
  return starts(height, part).flatMap((top) => lefts.map((left) => [left, top, left + part * aspect, top + part]));
}

/** Where windows of a part of a side begin, so that they overlap. */
function starts(length, part) {
  const count = Math.min(maxWindows, 1 + Math.ceil((length - part) / (part * windowStep) - rounding));
  if (count === 1) return [0];
  return Array.from({ length: count }, (_, place) => ((length - part) * place) / (count - 1));
}
