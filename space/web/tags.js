// The spine's angles written beside each person: spinepose_hf/output/overlay.py. Only what is valid in the view.

import { css, spineColor } from "./draw.js";
import { facing } from "./view.js";
import { TABLES } from "./vendor/tables.js";

const CHAIN = TABLES.spineChain;
const FONT = "system-ui, sans-serif";

/**
 * @param {object[]} people with `pose`, `measures` and `box`, in the picture's pixels.
 * @param {object} options as in `drawPeople`, with `leastFont` in the context's pixels.
 */
export function drawTags(context, people, { scale, size, leastFont = 0 }) {
  const taken = [];
  const tags = [];
  const bounds = [size[1] * scale, size[0] * scale];
  for (const [index, person] of people.entries()) {
    const points = person.pose.keypoints.map(([x, y]) => [(x + 0.5) * scale, (y + 0.5) * scale]);
    const height = (person.box[3] - person.box[1]) * scale;
    const font = Math.max(fontSize(height, Math.min(...bounds)), leastFont);
    context.font = `600 ${font}px ${FONT}`;
    for (const { text, anchor, color } of validAngles(points, person.measures)) {
      if (anchor[0] < 0 || anchor[1] < 0 || anchor[0] > bounds[0] || anchor[1] > bounds[1]) continue;
      // Of several people, a tag says whose it is, as the boxes and tables do.
      const words = people.length > 1 ? `${index + 1}: ${text}` : text;
      const tag = { text: words, font, color, width: context.measureText(words).width + 0.95 * font, height: 1.3 * font + 2 };
      const place = claim(tag, beside(points, anchor, tag, height, person.measures.view), bounds, taken);
      if (place === null) continue;
      leader(context, anchor, place, font, color);
      tags.push({ ...tag, left: place[0], top: place[1] });
    }
  }
  // Tags last: no line of another crosses one.
  for (const tag of tags) paint(context, tag);
}

function* validAngles(points, measures) {
  const byKey = Object.fromEntries(measures.angles.map((angle) => [angle.key, angle]));
  for (const { key, name, points: region } of TABLES.tags) {
    const angle = byKey[key];
    // From the side, a lean says all that an inclination does, and its direction.
    if (angle.state !== "ok" || (key === "trunk_inclination_deg" && byKey.trunk_lean_deg.state === "ok")) continue;
    const place = region.reduce((sum, index) => sum + CHAIN.indexOf(index), 0) / region.length;
    const anchor = [0, 1].map((axis) => region.reduce((sum, index) => sum + points[index][axis], 0) / region.length);
    yield { text: `${name} ${degreesText(angle)}`, anchor, color: spineColor(place) };
  }
}

/** An angle with one standard deviation, such as `23° ± 6`. */
export function degreesText({ value, sigma }) {
  // Adding 0 turns -0 into 0; figures use the mathematical minus, which is as wide as a digit.
  return `${String(Math.round(value) + 0).replace("-", "−")}° ± ${Math.round(sigma)}`;
}

function fontSize(personHeight, side) {
  return Math.min(Math.max(0.05 * personHeight, Math.max(10, 0.017 * side)), Math.max(11, 0.03 * side));
}

/** Wished left upper corners of a tag beside the spine, best first: on the side of the back, where that is known. */
function beside(points, anchor, tag, personHeight, view) {
  const spine = CHAIN.map((index) => points[index][0]);
  const gap = TABLES.drawing.tagDistance * personHeight;
  const [right, left] = [Math.max(...spine) + gap, Math.min(...spine) - gap - tag.width];
  return (facing(view) > 0 ? [left, right] : [right, left]).flatMap((x) =>
    [0, 1, -1, 2, -2, 3, -3, 4, -4].map((row) => [x, anchor[1] - tag.height / 2 + 1.15 * tag.height * row]));
}

/** Take the first place that is free, moved into the picture: left, top, right, bottom; or null. */
function claim(tag, corners, bounds, taken) {
  if (tag.width > bounds[0] || tag.height > bounds[1]) return null;
  for (const [x, y] of corners) {
    const left = Math.min(Math.max(x, 0), bounds[0] - tag.width);
    const top = Math.min(Math.max(y, 0), bounds[1] - tag.height);
    const place = [left, top, left + tag.width, top + tag.height];
    const free = taken.every((other) => place[0] >= other[2] || place[2] <= other[0] || place[1] >= other[3] || place[3] <= other[1]);
    if (free) {
      taken.push(place);
      return place;
    }
  }
  return null;
}

function leader(context, anchor, place, font, color) {
  const end = [anchor[0] < place[0] ? place[0] : place[2], (place[1] + place[3]) / 2];
  const width = Math.max(1, font / 14);
  for (const [extra, stroke, alpha] of [[1.2, "rgb(20 20 20)", 0.5], [0, css(color), 0.95]]) {
    context.globalAlpha = alpha;
    context.strokeStyle = stroke;
    context.lineWidth = width + extra;
    context.beginPath();
    context.moveTo(...anchor);
    context.lineTo(...end);
    context.stroke();
  }
  context.globalAlpha = 1;
}

function paint(context, { text, font, color, left, top, width, height }) {
  context.save();
  context.beginPath();
  context.roundRect(left, top, width, height, 0.25 * height);
  context.clip();
  context.fillStyle = "rgb(20 20 20 / 0.78)";
  context.fillRect(left, top, width, height);
  context.fillStyle = css(color);
  context.fillRect(left, top, 0.25 * font, height);
  context.fillStyle = "rgb(245 245 245)";
  context.font = `600 ${font}px ${FONT}`;
  context.textBaseline = "middle";
  context.fillText(text, left + 0.6 * font, top + height / 2);
  context.restore();
}
