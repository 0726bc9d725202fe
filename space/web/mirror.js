// Looking at each person twice, the second time in the mirror: spinepose_hf/inference/runtimes/mirrored.py.

import { TABLES } from "./vendor/tables.js";

/** Pose in a crop, from the network's answers for it and for its mirror image. */
export async function lookTwice(network, crop) {
  const [height, width] = network.inputSize;
  const seen = await network.run(crop);
  const mirrored = await network.run(mirrorCrop(crop, width));
  return combined(seen, turnedBack(mirrored, width), TABLES.mirror.far * height);
}

/** A crop (height * width * 3) with its columns from right to left. */
export function mirrorCrop(crop, width) {
  const turned = new Uint8Array(crop.length);
  for (let row = 0; row < crop.length; row += 3 * width) {
    for (let x = 0; x < width; x += 1) {
      const pixel = row + 3 * (width - 1 - x);
      turned.set(crop.subarray(pixel, pixel + 3), row + 3 * x);
    }
  }
  return turned;
}

/** What a mirror image's pose says of the crop itself: left is right. */
export function turnedBack({ keypoints, scores, sigmas }, width) {
  const order = TABLES.mirror.order;
  return {
    keypoints: order.map((index) => [width - 1 - keypoints[index][0], keypoints[index][1]]),
    scores: order.map((index) => scores[index]),
    sigmas: order.map((index) => sigmas[index]),
  };
}

/** Two sightings of one person together; where they are `far` apart in pixels, the more certain one's place. */
export function combined(first, second, far) {
  const pose = { keypoints: [], scores: [], sigmas: [] };
  first.scores.forEach((score, index) => {
    const total = score + second.scores[index];
    const weight = total > 0 ? score / total : 0.5;
    const [one, other] = [first.keypoints[index], second.keypoints[index]];
    const apart = Math.hypot(one[0] - other[0], one[1] - other[1]);
    const surer = score >= second.scores[index] ? 1 : 0;
    const share = apart > far ? surer : weight;
    pose.keypoints.push([0, 1].map((axis) => share * one[axis] + (1 - share) * other[axis]));
    pose.scores.push(total / 2);
    const within = weight * first.sigmas[index] ** 2 + (1 - weight) * second.sigmas[index] ** 2;
    // A distance in the plane is two axes' worth.
    pose.sigmas.push(Math.sqrt(within + (weight * (1 - weight) * apart ** 2) / 2));
  });
  return pose;
}
