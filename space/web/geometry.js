// From a person's box to the network's crop and back: spinepose_hf/model/geometry.py, without rotation.
// Sizes are [height, width], boxes [x1, y1, x2, y2] and points [x, y], in pixels whose centres are whole numbers.
// A matrix [factor, shiftX, shiftY] maps image pixels to crop pixels: crop = factor * image + shift.

import { TABLES } from "./vendor/tables.js";

export const BOX_PADDING = TABLES.boxPadding;

/** Middle [x, y] and extent [width, height] of the region that a crop shows: the box, padded, in its aspect. */
export function boxCenterScale(box, inputSize, padding = BOX_PADDING) {
  const aspect = inputSize[1] / inputSize[0];
  const height = (box[3] - box[1]) * padding;
  const width = Math.max((box[2] - box[0]) * padding, height * aspect);
  return { center: [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2], scale: [width, width / aspect] };
}

/** The matrix that brings the region's middle to the crop's middle. */
export function warpMatrix(center, scale, inputSize) {
  const factor = inputSize[1] / scale[0];
  return [factor, inputSize[1] / 2 - factor * center[0], inputSize[0] / 2 - factor * center[1]];
}

/** A point of the crop in the image. */
export function toImage(point, matrix) {
  return [(point[0] - matrix[1]) / matrix[0], (point[1] - matrix[2]) / matrix[0]];
}

/** Move the corners of a box into an image, onto pixel centres 0 to size - 1 at most. */
export function clipBox(box, imageSize) {
  const [bottom, right] = [imageSize[0] - 1, imageSize[1] - 1];
  return box.map((value, place) => Math.min(Math.max(value, 0), place % 2 ? bottom : right));
}

/** Intersection of two boxes over their union, 0 to 1. */
export function boxIou(first, second) {
  const common = overlapArea(first, second);
  const union = boxArea(first) + boxArea(second) - common;
  return common / Math.max(union, 1e-9);
}

export function overlapArea(first, second) {
  const width = Math.min(first[2], second[2]) - Math.max(first[0], second[0]);
  const height = Math.min(first[3], second[3]) - Math.max(first[1], second[1]);
  return Math.max(width, 0) * Math.max(height, 0);
}

export function boxArea(box) {
  return (box[2] - box[0]) * (box[3] - box[1]);
}

/**
 * Cut one crop out of an image, bilinearly; black outside.
 *
 * A canvas would scale with a filter of its own choice, and the network would see another picture than in
 * Python: so every pixel is interpolated here, in single precision as OpenCV 5 does, whose crops these are.
 *
 * @param {ImageData} image RGBA, opaque.
 * @returns {Uint8Array} height * width * 3, RGB.
 */
export function warpCrop(image, matrix, inputSize) {
  const [height, width] = inputSize;
  const columns = samples(width, matrix[0], matrix[1], image.width, 4);
  const rows = samples(height, matrix[0], matrix[2], image.height, 4 * image.width);
  const pixels = image.data;
  // This kind of array rounds what it is given, halves to even.
  const crop = new Uint8ClampedArray(height * width * 3);
  let target = 0;
  for (let y = 0; y < height; y += 1) {
    const top = rows.first[y];
    const bottom = rows.second[y];
    const topShare = rows.firstShare[y];
    const bottomShare = rows.secondShare[y];
    for (let x = 0; x < width; x += 1) {
      const left = columns.first[x];
      const right = columns.second[x];
      const leftShare = columns.firstShare[x];
      const rightShare = columns.secondShare[x];
      for (let channel = 0; channel < 3; channel += 1) {
        const upper = leftShare * pixels[top + left + channel] + rightShare * pixels[top + right + channel];
        const lower = leftShare * pixels[bottom + left + channel] + rightShare * pixels[bottom + right + channel];
        crop[target] = topShare * upper + bottomShare * lower;
        target += 1;
      }
    }
  }
  return new Uint8Array(crop.buffer);
}

/** For every place along a side of the crop: where its two neighbours lie in the image, and their shares. */
function samples(count, factor, shift, length, stride) {
  const first = new Int32Array(count);
  const second = new Int32Array(count);
  const firstShare = new Float32Array(count);
  const secondShare = new Float32Array(count);
  const inside = (index) => index >= 0 && index < length;
  // Python hands OpenCV the touched part of the image only: single precision depends on where counting starts.
  const start = Math.min(Math.max(Math.floor(-shift / factor) - 1, 0), length);
  const step = Math.fround(1 / factor);
  const offset = Math.fround(-(shift + factor * start) / factor);
  for (let place = 0; place < count; place += 1) {
    const source = Math.fround(Math.fround(step * place) + offset);
    const part = Math.floor(source);
    const low = start + part;
    // A neighbour outside of the image is black: any pixel will do, with no share.
    first[place] = inside(low) ? low * stride : 0;
    second[place] = inside(low + 1) ? (low + 1) * stride : 0;
    firstShare[place] = inside(low) ? 1 - (source - part) : 0;
    secondShare[place] = inside(low + 1) ? source - part : 0;
  }
  return { first, second, firstShare, secondShare };
}

/** Cut a person out of an image: the crop and its matrix. */
export function cropPerson(image, box, inputSize, padding = BOX_PADDING) {
  const { center, scale } = boxCenterScale(box, inputSize, padding);
  const matrix = warpMatrix(center, scale, inputSize);
  return { crop: warpCrop(image, matrix, inputSize), matrix };
}
