// Finding one person without a detector: spinepose_hf/inference/detectors/self_locating.py.

import { BOX_PADDING, boxArea, boxIou, clipBox, overlapArea } from "./geometry.js";
import { poseInBox } from "./network.js";
import { TABLES } from "./vendor/tables.js";

const { stableIou, searchPasses, minConfident, bodyMargin, windowStep, maxWindows } = TABLES.locating;

/**
 * Find the most visible person.
 *
 * @returns {Promise<{box: number[], score: number} | null>}
 */
export async function locatePerson(network, image, threshold) {
  const size = [image.height, image.width];
  let views = searchWindows(size, network.inputSize);
  // The views already show everything they should: no padding around them.
  let padding = 1;
  let found = null;
  for (let pass = 0; pass < searchPasses; pass += 1) {
    let best = null;
    for (const view of views) {
      const candidate = judge(view, await poseInBox(network, image, view, padding), size, threshold);
      if (best === null || candidate.evidence > best.evidence) best = { ...candidate, view };
    }
    if (best.box === null) return null;
    found = { box: best.box, score: best.score };
    if (boxIou(best.view, best.box) > stableIou) break;
    [views, padding] = [[best.box], BOX_PADDING];
  }
  return found;
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
    return { middle: (low + high) / 2, half: ((high - low) / 2) * bodyMargin };
  });
  const [x, y] = axes;
  const box = clipBox([x.middle - x.half, y.middle - y.half, x.middle + x.half, y.middle + y.half], imageSize);
  return box[2] - box[0] >= 1 && box[3] - box[1] >= 1 ? box : null;
}

function judge(view, pose, imageSize, threshold) {
  const nobody = { box: null, score: 0, evidence: 0 };
  if (!showsPerson(pose, threshold)) return nobody;
  const box = bodyBox(pose, imageSize, threshold);
  if (box === null) return nobody;
  const confident = pose.scores.filter((score) => score >= threshold);
  const total = confident.reduce((sum, score) => sum + score, 0);
  // A body that reaches beyond its view is cut off there: another view shows more of it.
  const contained = overlapArea(box, view) / boxArea(box);
  return { box, score: total / confident.length, evidence: total * contained };
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
