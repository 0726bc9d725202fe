// Drawing people as spinepose_hf/output/drawing.py does: quiet limbs, and the spine as a ribbon on top. Colours are
// Okabe and Ito's, which people with any kind of colour blindness can tell apart; opacity shows confidence.

import { TABLES } from "./vendor/tables.js";

const LOOK = TABLES.drawing;
const NAMES = TABLES.keypointNames;
const CHAIN = TABLES.spineChain;
const FACE = 5;
const BODY_LINKS = TABLES.links.filter((link) => !link.every((index) => CHAIN.includes(index)));
const BODY_POINTS = NAMES.map((_, index) => index).filter((index) => !CHAIN.includes(index));

/**
 * Draw people's skeletons.
 *
 * @param {CanvasRenderingContext2D} context in whose pixels a picture of `size` [height, width] is `scale` as large.
 * @param {object[]} poses in the picture's pixels.
 * @param {object} options `scale`, `size`, `threshold`, `spineOnly`, `leastWidth` of a limb in the context's pixels.
 */
export function drawPeople(context, poses, { scale, size, threshold, spineOnly = false, leastWidth = 0 }) {
  for (const pose of poses) {
    const points = pose.keypoints.map(([x, y]) => [(x + 0.5) * scale, (y + 0.5) * scale]);
    const near = points.map(([x, y]) => x > -size[1] * scale && x < 2 * size[1] * scale && y > -size[0] * scale && y < 2 * size[0] * scale);
    const visible = pose.scores.map((score, index) => score >= threshold && near[index]);
    const strengths = pose.scores.map((score) => opacity(score, threshold));
    const known = points.filter((_, index) => near[index] && pose.scores[index] > 0);
    if (!visible.includes(true)) continue;
    const width = Math.max(limbWidth(known, size, scale), leastWidth);
    const brush = new Brush(context);
    if (!spineOnly) drawBody(brush, points, strengths, visible, width);
    drawSpine(brush, points, strengths, visible, width);
  }
  context.globalAlpha = 1;
}

/** The colour at a place along the spine, 0 (sacrum) to 8 (C1). */
export function spineColor(place) {
  const share = Math.min(Math.max(place / (CHAIN.length - 1), 0), 1);
  return LOOK.spineBottom.map((low, channel) => Math.round(low + (LOOK.spineTop[channel] - low) * share));
}

export function css(color) {
  return `rgb(${color.join(" ")})`;
}

/** Width of a limb for a person with these points. */
function limbWidth(points, size, scale) {
  const extents = [0, 1].map((axis) => {
    const values = points.map((point) => point[axis]);
    return Math.max(...values) - Math.min(...values);
  });
  const upper = Math.max(LOOK.limbMin * scale, LOOK.limbMaxShare * Math.hypot(...size) * scale);
  return Math.min(Math.max(LOOK.limbShare * Math.max(...extents), LOOK.limbMin * scale), upper);
}

function sideColor(index) {
  if (NAMES[index].startsWith("left_")) return LOOK.left;
  return NAMES[index].startsWith("right_") ? LOOK.right : LOOK.middle;
}

/** Nearly invisible at the threshold, so that a point about there does not blink; full from 0.85 on. */
function opacity(score, threshold) {
  const risen = (score - threshold) / Math.max(0.85 - threshold, 1e-6);
  return Math.min(Math.max(0.1 + 0.9 * risen, 0.1), 1);
}

class Brush {
  constructor(context) {
    this.context = context;
    context.lineCap = "round";
    context.lineJoin = "round";
  }

  stroke(points, width, color, alpha) {
    this.context.globalAlpha = alpha;
    this.context.strokeStyle = css(color);
    this.context.lineWidth = width;
    this.context.beginPath();
    points.forEach(([x, y], place) => (place ? this.context.lineTo(x, y) : this.context.moveTo(x, y)));
    this.context.stroke();
  }

  disc([x, y], radius, color, alpha) {
    this.context.globalAlpha = alpha;
    this.context.fillStyle = css(color);
    this.context.beginPath();
    this.context.arc(x, y, radius, 0, 2 * Math.PI);
    this.context.fill();
  }
}

function drawBody(brush, points, strengths, visible, width) {
  const links = BODY_LINKS.filter(([parent, child]) => visible[parent] && visible[child]);
  const linkWidth = (child) => width * (child < FACE ? LOOK.faceRadius : 1);
  const strength = ([parent, child]) => Math.min(strengths[parent], strengths[child]);
  for (const link of links) {
    brush.stroke(link.map((index) => points[index]), linkWidth(link[1]) * 1.9, LOOK.shadow, 0.45 * strength(link));
  }
  for (const link of links) {
    brush.stroke(link.map((index) => points[index]), linkWidth(link[1]), sideColor(link[1]), strength(link));
  }
  for (const index of BODY_POINTS.filter((point) => visible[point])) {
    const radius = width * (index < FACE ? LOOK.faceRadius : 0.95);
    brush.disc(points[index], radius + 0.3 * width, LOOK.shadow, 0.6 * strengths[index]);
    brush.disc(points[index], radius, sideColor(index), strengths[index]);
  }
}

function drawSpine(brush, points, strengths, visible, width) {
  const steps = LOOK.curveSteps;
  for (const run of visibleRuns(visible)) {
    const curve = smoothCurve(run.map((place) => points[CHAIN[place]]));
    const links = run.slice(1).map((high, start) => ({
      low: high - 1,
      line: curve.slice(start * steps, (start + 1) * steps + 1),
      strength: Math.min(strengths[CHAIN[high - 1]], strengths[CHAIN[high]]),
    }));
    for (const { line, strength } of links) brush.stroke(line, width * 4.2, LOOK.shadow, 0.45 * strength);
    for (const { line, strength } of links) brush.stroke(line, width * 3.4, LOOK.outline, strength);
    for (const { low, line, strength } of links) {
      for (let step = 0; step < steps; step += 1) {
        brush.stroke(line.slice(step, step + 2), width * 2.4, spineColor(low + (step + 0.5) / steps), strength);
      }
    }
  }
  CHAIN.forEach((index, place) => {
    if (!visible[index]) return;
    brush.disc(points[index], width * 1.2, spineColor(place), strengths[index]);
    brush.disc(points[index], width * 0.75, LOOK.outline, strengths[index]);
  });
}

/** The stretches of two or more neighbouring visible points along the spine, as places 0 to 8. */
function visibleRuns(visible) {
  const runs = [];
  CHAIN.forEach((index, place) => {
    if (!visible[index]) return;
    const last = runs.at(-1);
    if (last?.at(-1) === place - 1) last.push(place);
    else runs.push([place]);
  });
  return runs.filter((run) => run.length > 1);
}

/** A curve through all points, two or more: a Catmull-Rom spline. It smooths the line and not the measurement. */
export function smoothCurve(points) {
  const beyond = (end, next) => [2 * end[0] - next[0], 2 * end[1] - next[1]];
  const padded = [beyond(points[0], points[1]), ...points, beyond(points.at(-1), points.at(-2))];
  const curve = [];
  for (let place = 0; place + 1 < points.length; place += 1) {
    const [before, start, end, after] = padded.slice(place, place + 4);
    for (let step = 0; step < LOOK.curveSteps; step += 1) {
      const t = step / LOOK.curveSteps;
      curve.push([0, 1].map((a) => 0.5 * (2 * start[a] + (end[a] - before[a]) * t
        + (2 * before[a] - 5 * start[a] + 4 * end[a] - after[a]) * t ** 2
        + (3 * start[a] - before[a] - 3 * end[a] + after[a]) * t ** 3)));
    }
  }
  return [...curve, points.at(-1)];
}
