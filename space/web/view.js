// From where a person is seen, estimated from the keypoints: spinepose_hf/measure/view.py.

import { TABLES } from "./vendor/tables.js";

const { cosine: COSINE, sine: SINE, greatestCue, halfWidth, leastConfidence, centres } = TABLES.view;
const NAMES = TABLES.keypointNames;
const SACRUM = NAMES.indexOf("hip");
const C7 = NAMES.indexOf("neck");

export const UNKNOWN = "unknown";
export const OBLIQUE = "oblique";

/**
 * Estimate from where a person is seen.
 *
 * @returns {{view: string, yaw: number, sigma: number, confidence: number}} yaw and sigma in degrees, NaN where
 *   unknown: 0 faces the camera, 90 the picture's right, -90 its left, 180 turns the back.
 */
export function estimateView(pose, threshold) {
  const unknown = { view: UNKNOWN, yaw: NaN, sigma: NaN, confidence: 0 };
  const seen = (index) => pose.scores[index] >= threshold;
  const [low, high] = [pose.keypoints[SACRUM], pose.keypoints[C7]];
  const trunk = [high[0] - low[0], high[1] - low[1]];
  const length = Math.hypot(...trunk);
  if (!seen(SACRUM) || !seen(C7) || !(length > 0)) return unknown;
  const across = [-trunk[1] / length, trunk[0] / length];
  const cosine = fused(pose, COSINE, across, length, seen);
  const sine = fused(pose, SINE, across, length, seen);
  if (cosine === null || sine === null) return unknown;
  const square = Math.max(cosine.value ** 2 + sine.value ** 2, 1e-6);
  const variance = (sine.value ** 2 * cosine.variance + cosine.value ** 2 * sine.variance) / square ** 2;
  return viewOf(degrees(Math.atan2(sine.value, cosine.value)), Math.min(degrees(Math.sqrt(variance)), 180));
}

/** The view that a yaw with a standard deviation means, degrees. */
export function viewOf(yaw, sigma) {
  const shares = Object.entries(centres).map(([view, centre]) => [view, share(yaw, sigma, centre - halfWidth, centre + halfWidth)]);
  shares.push([OBLIQUE, Math.max(0, 1 - shares.reduce((sum, [, value]) => sum + value, 0))]);
  const [view, confidence] = shares.reduce((best, entry) => (entry[1] > best[1] ? entry : best));
  return { view: confidence < leastConfidence ? UNKNOWN : view, yaw, sigma, confidence };
}

/** 1 for a person who faces the picture's right, -1 for the left; 1 where that is not known. */
export function facing(view) {
  return Math.sin((view.yaw * Math.PI) / 180) < 0 ? -1 : 1;
}

/** 1 where the person's left is at the picture's right (seen from the front), else -1. */
export function leftSide(view) {
  return Math.cos((view.yaw * Math.PI) / 180) < 0 ? -1 : 1;
}

/** Weighted mean of what the cues tell of one axis, and its variance; null where none is seen. */
function fused(pose, cues, across, length, seen) {
  let total = 0;
  let weights = 0;
  for (const cue of cues) {
    if (![...cue.plus, ...cue.minus].every(seen)) continue;
    const [plus, minus] = [cue.plus, cue.minus].map((group) => meanPoint(pose, group));
    const scale = cue.reach * length;
    const offset = (plus[0] - minus[0]) * across[0] + (plus[1] - minus[1]) * across[1];
    const value = Math.min(Math.max(offset / scale, -greatestCue), greatestCue);
    const noise = [cue.plus, cue.minus].reduce((sum, group) => sum + meanVariance(pose, group), 0) / scale ** 2;
    const weight = 1 / (cue.error ** 2 + noise);
    total += weight * value;
    weights += weight;
  }
  return weights > 0 ? { value: total / weights, variance: 1 / weights } : null;
}

function meanPoint(pose, group) {
  return [0, 1].map((axis) => group.reduce((sum, index) => sum + pose.keypoints[index][axis], 0) / group.length);
}

function meanVariance(pose, group) {
  return group.reduce((sum, index) => sum + pose.sigmas[index] ** 2, 0) / group.length ** 2;
}

function degrees(radians) {
  return (radians * 180) / Math.PI;
}

/** Probability that an angle of normal distribution lies between two, over the neighbouring circles. */
function share(mean, sigma, low, high) {
  const scale = Math.max(sigma, 1e-6) * Math.SQRT2;
  return [-360, 0, 360].reduce((sum, circle) => sum + (erf((high + circle - mean) / scale) - erf((low + circle - mean) / scale)) / 2, 0);
}

/** The error function to 1.5e-7: Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26. */
export function erf(x) {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const sum = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  return Math.sign(x) * (1 - sum * Math.exp(-x * x));
}
