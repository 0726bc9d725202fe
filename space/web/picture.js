// Pictures from files, the clipboard and the camera, as pixels.

import { PageError } from "./network.js";

// Phones refuse larger canvases; larger photos are scaled down to this many pixels, and results back up.
const MOST_PIXELS = 4096 * 4096;
const LEAST_SIDE = 16;

/**
 * Read a picture file as the viewer of a photo would see it: turned upright, transparency laid over white.
 *
 * @returns {Promise<Picture>}
 * @throws {PageError} it is no picture, or too small.
 */
export async function readPicture(blob, name) {
  let bitmap;
  try {
    // The numbers of the file as they stand, as the package reads them: no conversion of colours.
    bitmap = await createImageBitmap(blob, { imageOrientation: "from-image", colorSpaceConversion: "none" });
  } catch {
    const what = name ? `“${name}”` : "This";
    throw new PageError(`${what} is no picture that the browser can read. Choose a JPEG, PNG or WebP file.`);
  }
  const [width, height] = [bitmap.width, bitmap.height];
  if (Math.min(width, height) < LEAST_SIDE) {
    bitmap.close();
    throw new PageError(`The picture is too small (${width} × ${height} pixels); a person needs ${LEAST_SIDE} pixels or more.`);
  }
  const ratio = Math.max(1, Math.sqrt((width * height) / MOST_PIXELS));
  const picture = new Picture(Math.round(width / ratio), Math.round(height / ratio), name, ratio);
  picture.show(bitmap);
  bitmap.close();
  return picture;
}

/** A canvas with a picture. `ratio`: pixels of the file per pixel here; 1 unless it is very large. */
export class Picture {
  constructor(width, height, name, ratio = 1) {
    this.canvas = document.createElement("canvas");
    this.canvas.width = width;
    this.canvas.height = height;
    this.context = this.canvas.getContext("2d", { willReadFrequently: true, alpha: false });
    this.name = name;
    this.ratio = ratio;
  }

  get width() {
    return this.canvas.width;
  }

  get height() {
    return this.canvas.height;
  }

  get size() {
    return [this.height, this.width];
  }

  /** Lay an image over white, in full size. */
  show(source) {
    this.context.fillStyle = "#fff";
    this.context.fillRect(0, 0, this.width, this.height);
    this.context.drawImage(source, 0, 0, this.width, this.height);
  }

  /** @returns {ImageData} RGBA. */
  pixels() {
    return this.context.getImageData(0, 0, this.width, this.height);
  }
}

/** The camera, as pictures that replace each other. */
export class Camera {
  /** @throws {PageError} there is none, or it is refused. */
  static async open() {
    if (!navigator.mediaDevices?.getUserMedia) {
      throw new PageError("The camera needs a secure page (https, or localhost). Photos work without it.");
    }
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1280 }, height: { ideal: 720 } }, audio: false });
    } catch (error) {
      throw new PageError(CAMERA_ERRORS[error.name] ?? `The camera could not be opened (${error.message}).`);
    }
    const video = document.createElement("video");
    video.muted = true;
    video.playsInline = true;
    video.srcObject = stream;
    await video.play();
    return new Camera(stream, video);
  }

  constructor(stream, video) {
    this.stream = stream;
    this.video = video;
    this.picture = new Picture(video.videoWidth, video.videoHeight, "camera.png");
  }

  /** What the camera sees now. */
  look() {
    const { videoWidth, videoHeight } = this.video;
    // A phone that is turned changes the size.
    if (videoWidth && (videoWidth !== this.picture.width || videoHeight !== this.picture.height)) {
      this.picture = new Picture(videoWidth, videoHeight, "camera.png");
    }
    this.picture.show(this.video);
    return this.picture;
  }

  /** Called when the camera is unplugged or taken away. */
  onEnd(action) {
    for (const track of this.stream.getTracks()) track.addEventListener("ended", action);
  }

  close() {
    for (const track of this.stream.getTracks()) track.stop();
    this.video.srcObject = null;
  }
}

const CAMERA_ERRORS = {
  NotAllowedError: "The camera was refused. Allow it in the browser's address bar, or choose a photo.",
  NotFoundError: "No camera was found. Choose a photo instead.",
  NotReadableError: "The camera is used by another program. Close that program, or choose a photo.",
};
