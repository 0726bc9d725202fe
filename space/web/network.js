// The deploy graph in ONNX Runtime Web: uint8 RGB crops in; keypoints, scores and sigmas out.

import { BOX_PADDING, cropPerson, toImage } from "./geometry.js";
import { lookTwice } from "./mirror.js";
import { TABLES } from "./vendor/tables.js";

const VENDOR = new URL("./vendor/", import.meta.url);
export const MODEL_URL = new URL("spinepose.onnx", VENDOR).href;

// More threads gain little on crops this small, and a phone has other work to do.
const MOST_THREADS = 4;

const RUNTIMES = {
  wasm: { module: "ort.wasm.min.mjs", binary: "ort-wasm-simd-threaded.wasm" },
  webgpu: { module: "ort.webgpu.min.mjs", binary: "ort-wasm-simd-threaded.asyncify.wasm" },
};

/** Something that the user should read as it stands. */
export class PageError extends Error {}

/** Why the graphics card cannot be used, or an empty text. */
export async function webgpuMissing() {
  if (!navigator.gpu) return "this browser has no WebGPU";
  try {
    return (await navigator.gpu.requestAdapter()) ? "" : "no graphics card is offered";
  } catch (error) {
    return `the browser refused it: ${error.message}`;
  }
}

/**
 * Load runtime and model.
 *
 * @param {object} options `device`: "wasm" or "webgpu"; `threads`: how many (wasm; more than one needs a page that
 *   is isolated from others); `model`: address of the graph; `onProgress`: called with a share, 0 to 1.
 */
export async function loadNetwork({ device = "wasm", threads, model = MODEL_URL, onProgress = () => {} } = {}) {
  const names = RUNTIMES[device];
  const [binary, graph] = await downloadAll([new URL(names.binary, VENDOR).href, model], onProgress);
  const ort = await importRuntime(names.module);
  ort.env.logLevel = "error";
  ort.env.wasm.wasmPaths = VENDOR.href;
  ort.env.wasm.wasmBinary = binary.buffer;
  ort.env.wasm.numThreads = threads ?? defaultThreads();
  let session;
  try {
    session = await ort.InferenceSession.create(graph, { executionProviders: [device], logSeverityLevel: 3 });
  } catch (error) {
    throw new PageError(`The model could not be started (${firstLine(error)}). Build the page again.`);
  }
  const network = new PoseNetwork(ort, session, device);
  // The first crop prepares memory and, on a graphics card, compiles: better now than at the user's first photo.
  await network.run(new Uint8Array(network.inputSize[0] * network.inputSize[1] * 3));
  return network;
}

/** Threads need memory that browsers share only on pages that are isolated from others. */
export function defaultThreads() {
  return self.crossOriginIsolated ? Math.min(MOST_THREADS, navigator.hardwareConcurrency || 1) : 1;
}

export class PoseNetwork {
  constructor(ort, session, device) {
    const shape = session.inputMetadata?.[0]?.shape ?? [];
    const outputs = ["keypoints", "scores", "sigmas"];
    if (session.inputNames.join() !== "crops" || shape.length !== 4 || outputs.some((name) => !session.outputNames.includes(name))) {
      throw new PageError("The model file is no SpinePose deploy graph. Build the page again with such a file.");
    }
    this.ort = ort;
    this.session = session;
    this.device = device;
    this.threads = device === "wasm" ? ort.env.wasm.numThreads : 1;
    this.inputSize = [Number(shape[1]), Number(shape[2])];
    this.queue = Promise.resolve();
  }

  /** Pose in one crop (height * width * 3, RGB): keypoints [x, y] and sigmas in crop pixels, scores 0 to 1. */
  run(crop) {
    // A session works on one crop at a time.
    const done = this.queue.then(() => this.#runNow(crop));
    this.queue = done.catch(() => {});
    return done;
  }

  async #runNow(crop) {
    const tensor = new this.ort.Tensor("uint8", crop, [1, ...this.inputSize, 3]);
    const found = await this.session.run({ crops: tensor });
    const [flat, scores, sigmas] = ["keypoints", "scores", "sigmas"].map((name) => Array.from(found[name].data));
    if (scores.length !== TABLES.keypointNames.length) {
      throw new PageError(`The model finds ${scores.length} keypoints instead of ${TABLES.keypointNames.length}. Build the page again.`);
    }
    const keypoints = scores.map((_, index) => [flat[2 * index], flat[2 * index + 1]]);
    return { keypoints, scores: scores.map((score) => Math.min(Math.max(score, 0), 1)), sigmas };
  }

  /** Free its memory, once what was asked before is answered. */
  release() {
    return this.queue.then(() => this.session.release());
  }
}

/**
 * Pose of the person in a box of an image, in image pixels.
 *
 * @param {object} options `padding`: how much more than the box is looked at; `twice`: look in the mirror too.
 */
export async function poseInBox(network, image, box, { padding = BOX_PADDING, twice = false } = {}) {
  const { crop, matrix } = cropPerson(image, box, network.inputSize, padding);
  const { keypoints, scores, sigmas } = await (twice ? lookTwice(network, crop) : network.run(crop));
  return {
    keypoints: keypoints.map((point) => toImage(point, matrix)),
    scores,
    sigmas: sigmas.map((sigma) => sigma / matrix[0]),
  };
}

async function importRuntime(name) {
  try {
    return await import(new URL(name, VENDOR).href);
  } catch {
    throw new PageError(`The file vendor/${name} is missing. Build the page: python space/web/build.py`);
  }
}

async function downloadAll(urls, onProgress) {
  const got = urls.map(() => 0);
  const sizes = urls.map(() => 0);
  const report = () => {
    const total = sizes.reduce((sum, size) => sum + size, 0);
    const all = sizes.every((size) => size > 0);
    onProgress(all ? Math.min(1, got.reduce((sum, size) => sum + size, 0) / total) : 0);
  };
  return Promise.all(urls.map((url, place) => download(url, (received, size) => {
    [got[place], sizes[place]] = [received, size];
    report();
  })));
}

async function download(url, onBytes) {
  const name = new URL(url).pathname.split("/").pop();
  let answer;
  try {
    answer = await fetch(url);
  } catch {
    throw new PageError(`The file ${name} could not be fetched. Is the page's server still running?`);
  }
  if (!answer.ok) {
    throw new PageError(`The file vendor/${name} is missing (${answer.status}). Build the page: python space/web/build.py`);
  }
  const size = Number(answer.headers.get("Content-Length")) || 0;
  const parts = [];
  let received = 0;
  const reader = answer.body.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    parts.push(part.value);
    received += part.value.length;
    // Without a length, or with that of a packed file, the bar waits at its beginning.
    onBytes(received, Math.max(size, received));
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

function firstLine(error) {
  return String(error?.message ?? error).split("\n")[0];
}
