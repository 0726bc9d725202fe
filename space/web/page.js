// The page: photo or camera in, people found or boxed by the user, keypoints and angles out.

import { BoxEditor } from "./boxes.js";
import { drawPeople } from "./draw.js";
import { boxIou, clipBox } from "./geometry.js";
import { bodyBox, locatePerson, showsPerson } from "./locate.js";
import { measurePerson } from "./measure.js";
import { PageError, loadNetwork, poseInBox, webgpuMissing } from "./network.js";
import { Camera, readPicture } from "./picture.js";
import { Results, explainAngles, save, toCoco, toCsv } from "./results.js";
import { drawTags } from "./tags.js";
import { TABLES } from "./vendor/tables.js";

const THRESHOLD = 0.3;
// A found box replaces one of the user's that overlaps it by so much (intersection over union).
const SAME_PERSON = 0.5;
// Sharper than most screens' pixels would only cost time.
const MOST_PIXEL_RATIO = 2;

const SAMPLE = "walking.jpg";

const $ = (id) => document.getElementById(id);

/** Build the page's behaviour; returns once the network is loaded or told missing. */
export async function start() {
  explainAngles($("meanings"));
  $("note").textContent = TABLES.note;
  const page = new Page();
  await page.load("wasm");
  return page;
}

class Page {
  constructor() {
    this.network = null;
    this.picture = null;
    this.camera = null;
    // [{box, boxScore, pose, measures}] of the picture; pose and measures once they are known.
    this.people = [];
    // Answers to what is no longer asked are dropped: each task has a number, and each photo that is opened.
    this.task = 0;
    this.opening = 0;
    this.editor = new BoxEditor($("frame"), {
      onChange: (index, box) => this.setBox(index, box),
      onAdd: (box) => this.addBox(box),
      onRemove: (index) => this.remove(index),
      onSelect: () => {},
    });
    this.results = new Results($("people"), {
      onBox: (index, box) => this.setBox(index, box),
      onRemove: (index) => this.remove(index),
    });
    this.#listen();
  }

  async load(device) {
    this.say("Loading the network (once; it stays in this browser’s cache) …");
    $("progress").hidden = false;
    try {
      const network = await loadNetwork({ device, onProgress: (share) => { $("progress").value = share; } });
      const before = this.network;
      this.network = network;
      await before?.release();
    } catch (error) {
      this.fail(error);
      return false;
    } finally {
      $("progress").hidden = true;
    }
    document.body.dataset.ready = device;
    const threads = this.network.threads > 1 ? `, ${this.network.threads} threads` : "";
    $("running").textContent = device === "webgpu" ? "graphics card (WebGPU)" : `processor (WebAssembly${threads})`;
    this.say("Ready. Choose, paste or drop a photo, or use the camera.");
    this.#refresh();
    if (this.picture && !this.people.length) await this.find();
    return true;
  }

  /** Take a photo (its file, or the promise of it); the people in it are looked for at once. */
  async open(file, name) {
    this.closeCamera();
    const opening = (this.opening += 1);
    // At once: what the line says of the photo before is not of this one.
    this.say("Opening the photo …");
    let picture;
    try {
      picture = await readPicture(await file, name);
    } catch (error) {
      if (opening === this.opening) this.fail(error);
      return;
    }
    if (opening !== this.opening) return;
    this.#show(picture);
    if (this.network) await this.find();
    else this.say("The photo is here; it is measured as soon as the network is loaded.");
  }

  #show(picture) {
    this.task += 1;
    this.picture = picture;
    this.people = [];
    this.#refresh();
  }

  /** Look for one person. */
  async find() {
    const task = (this.task += 1);
    const { picture } = this;
    this.say("Looking for a person …");
    try {
      const pixels = picture.pixels();
      const found = await locatePerson(this.network, pixels, THRESHOLD);
      const pose = found && (await poseInBox(this.network, pixels, found.box, { twice: true }));
      if (task !== this.task) return;
      // The last look may still say that nobody is there.
      if (found && showsPerson(pose, THRESHOLD)) {
        const others = this.people.filter((person) => boxIou(person.box, found.box) < SAME_PERSON);
        this.people = [{ box: found.box, boxScore: found.score, pose, measures: measurePerson(pose, THRESHOLD) }, ...others];
        this.say("One person found. Move the box, or draw boxes around others, to measure them.");
      } else {
        this.say("Nobody was found. Draw a box around the person.", true);
      }
    } catch (error) {
      if (task === this.task) this.fail(error);
    }
    this.#refresh();
  }

  /** Measure the person in a box of the user. */
  async setBox(index, box) {
    if (!this.picture || !this.network || this.camera) return;
    const inside = clipBox(box, this.picture.size);
    if (!box.every(Number.isFinite) || inside[2] - inside[0] < 1 || inside[3] - inside[1] < 1) {
      this.say("That box has no area in the picture: right must be more than left, and bottom more than top.", true);
      this.#refresh();
      return;
    }
    const person = { box: inside, boxScore: 1, pose: null, measures: null };
    this.people[index] = person;
    this.#refresh();
    try {
      const pose = await poseInBox(this.network, this.picture.pixels(), inside, { twice: true });
      if (!this.people.includes(person)) return;
      person.pose = pose;
      person.measures = measurePerson(pose, THRESHOLD);
      this.say(showsPerson(pose, THRESHOLD)
        ? `Person ${index + 1} measured.`
        : `Hardly anything of a person is seen in box ${index + 1}. Draw it around the whole body.`, !showsPerson(pose, THRESHOLD));
    } catch (error) {
      if (this.people.includes(person)) this.fail(error);
    }
    this.#refresh();
  }

  async addBox(box) {
    this.#draw(false);
    const index = this.people.length;
    await this.setBox(index, box);
    this.editor.focus(index);
  }

  remove(index) {
    this.people.splice(index, 1);
    this.task += 1;
    this.say(`Person ${index + 1} removed.`);
    this.#refresh();
    if (this.people.length) this.editor.focus(Math.min(index, this.people.length - 1));
    else $("add").focus();
  }

  async openCamera() {
    this.say("Asking for the camera …");
    $("camera").disabled = true;
    try {
      this.camera = await Camera.open();
      // A photo that is still being read comes too late.
      this.opening += 1;
    } catch (error) {
      this.fail(error);
      return;
    } finally {
      $("camera").disabled = false;
    }
    const { camera } = this;
    camera.onEnd(() => {
      if (this.camera !== camera) return;
      this.closeCamera();
      camera.gone = true;
      this.say("The camera is gone. Choose a photo, or plug it in again.", true);
    });
    this.#show(camera.look());
    this.say("The camera is on; nothing is sent or kept. “Hold” keeps this picture.");
    await this.#follow(camera);
  }

  /** Measure the camera's pictures, one after another, until it is closed; the last one stays. */
  async #follow(camera) {
    const { opening } = this;
    let box = null;
    while (this.camera === camera) {
      const picture = camera.look();
      this.picture = picture;
      try {
        const pixels = picture.pixels();
        const found = box ? { box, score: 1 } : await locatePerson(this.network, pixels, THRESHOLD);
        const pose = found && (await poseInBox(this.network, pixels, found.box));
        // Somebody opened a photo meanwhile. A picture that was held meanwhile still gets its people.
        if (this.picture !== picture) return;
        const seen = pose && showsPerson(pose, THRESHOLD);
        this.people = seen ? [{ box: found.box, boxScore: found.score, pose, measures: measurePerson(pose, THRESHOLD) }] : [];
        // The next picture is searched only where this one showed nobody.
        box = seen ? bodyBox(pose, picture.size, THRESHOLD) : null;
        this.#refresh();
      } catch (error) {
        if (this.camera !== camera) return;
        this.closeCamera();
        this.fail(error);
        return;
      }
      await new Promise(requestAnimationFrame);
    }
    if (this.picture !== camera.picture || camera.gone || opening !== this.opening) return;
    this.say(this.people.length ? "Picture held." : "Picture held. Nobody was found: draw a box around the person.", !this.people.length);
  }

  closeCamera() {
    if (!this.camera) return;
    this.camera.close();
    this.camera = null;
    this.task += 1;
    this.#refresh();
  }

  say(text, warning = false) {
    $("status").textContent = text;
    $("status").classList.toggle("error", warning);
  }

  fail(error) {
    this.say(error instanceof PageError ? error.message : `Something went wrong: ${error.message ?? error}`, true);
    if (!(error instanceof PageError)) console.error(error);
  }

  #draw(drawing) {
    this.editor.setDrawing(drawing);
    $("add").setAttribute("aria-pressed", String(drawing));
    if (drawing) this.say("Drag over the picture to draw a box, or press the button again for one in the middle.");
  }

  /** Everything that is seen, as the state is. */
  #refresh() {
    const photo = this.picture !== null && !this.camera;
    const measured = this.people.filter((person) => person.measures);
    $("stage").classList.toggle("filled", this.picture !== null);
    $("camera").textContent = this.camera ? "Hold" : "Use the camera";
    $("camera").disabled = !this.network;
    for (const id of ["find", "add"]) $(id).disabled = !photo || !this.network;
    for (const id of ["save-json", "save-csv", "save-png"]) $(id).disabled = !photo || !measured.length;
    this.editor.enabled = photo && this.network !== null;
    this.editor.show(photo ? this.people.map((person) => person.box) : [], this.picture?.size ?? [1, 1]);
    this.results.show(this.people, { editable: photo });
    this.#layout();
  }

  /** Fit the picture into the stage, whose size does not change, and paint it. */
  #layout() {
    if (!this.picture) return;
    const stage = $("stage");
    const { width, height } = this.picture;
    const scale = Math.min(stage.clientWidth / width, stage.clientHeight / height);
    const frame = $("frame");
    frame.style.width = `${width * scale}px`;
    frame.style.height = `${height * scale}px`;
    const ratio = Math.min(devicePixelRatio || 1, MOST_PIXEL_RATIO);
    const canvas = $("canvas");
    const [columns, rows] = [width, height].map((side) => Math.max(1, Math.round(side * scale * ratio)));
    // Setting a size clears the canvas, also where it is the same.
    if (canvas.width !== columns || canvas.height !== rows) [canvas.width, canvas.height] = [columns, rows];
    this.#paint(canvas, columns / width, { leastWidth: 1.2 * ratio, leastFont: 11 * ratio });
    const count = this.people.length;
    canvas.setAttribute("aria-label", count ? `The picture with the keypoints of ${count} ${count > 1 ? "people" : "person"}` : "The picture; nobody is marked");
  }

  #paint(canvas, scale, least = {}) {
    const context = canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(this.picture.canvas, 0, 0, canvas.width, canvas.height);
    const measured = this.people.filter((person) => person.measures);
    const options = { scale, size: this.picture.size, threshold: THRESHOLD, spineOnly: $("spine-only").checked, ...least };
    drawPeople(context, measured.map((person) => person.pose), options);
    if ($("angles").checked) drawTags(context, measured, options);
  }

  #savePicture() {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [this.picture.width, this.picture.height];
    this.#paint(canvas, 1);
    canvas.toBlob((blob) => save(blob, `${this.#stem()}_spine.png`), "image/png");
  }

  #saveText(text, kind, ending) {
    save(new Blob([text], { type: kind }), `${this.#stem()}${ending}`);
  }

  #stem() {
    return this.picture.name.replace(/\.[^.]*$/, "") || "picture";
  }

  async #choose(device) {
    this.closeCamera();
    this.task += 1;
    const before = this.network?.device ?? "wasm";
    if (!(await this.load(device))) $("device").value = before;
  }

  #listen() {
    const take = (file) => file && this.open(file, file.name || "picture.png");
    const measured = () => this.people.filter((person) => person.measures);
    $("file").addEventListener("change", () => {
      take($("file").files[0]);
      // The same file may be chosen again.
      $("file").value = "";
    });
    $("sample").addEventListener("click", () => this.open(fetchSample(), SAMPLE));
    $("camera").addEventListener("click", () => (this.camera ? this.closeCamera() : this.openCamera()));
    $("find").addEventListener("click", () => this.find());
    $("add").addEventListener("click", () => {
      if (!this.editor.drawing) {
        this.#draw(true);
        return;
      }
      const { width, height } = this.picture;
      this.addBox([0.25 * width, 0.1 * height, 0.75 * width, 0.9 * height]);
    });
    for (const id of ["spine-only", "angles"]) $(id).addEventListener("change", () => this.#layout());
    $("save-json").addEventListener("click", () => this.#saveText(`${JSON.stringify(toCoco(measured(), this.picture))}\n`, "application/json", ".json"));
    $("save-csv").addEventListener("click", () => this.#saveText(toCsv(measured(), this.picture), "text/csv", "_angles.csv"));
    $("save-png").addEventListener("click", () => this.#savePicture());
    $("device").addEventListener("change", () => this.#choose($("device").value));
    webgpuMissing().then((why) => {
      $("webgpu").disabled = why !== "";
      $("webgpu").textContent = why ? `Graphics card (${why})` : "Graphics card (WebGPU)";
    });
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.editor.drawing) this.#draw(false);
    });
    document.addEventListener("paste", (event) => {
      const item = [...(event.clipboardData?.items ?? [])].find((entry) => entry.kind === "file");
      if (item) take(item.getAsFile());
      else if (event.target.tagName !== "INPUT") this.say("The clipboard holds no picture.", true);
    });
    document.addEventListener("dragover", (event) => event.preventDefault());
    document.addEventListener("drop", (event) => {
      event.preventDefault();
      const [file] = event.dataTransfer.files;
      if (file) take(file);
      else this.say("What was dropped is no file. Save the picture, and drop the file.", true);
    });
    new ResizeObserver(() => this.#layout()).observe($("stage"));
  }
}

/** @throws {PageError} the sample photo is missing, or its server cannot be reached. */
async function fetchSample() {
  let answer;
  try {
    answer = await fetch(new URL(`./vendor/${SAMPLE}`, import.meta.url));
  } catch {
    throw new PageError("The sample photo cannot be fetched: the page's server does not answer. Choose a photo of yours.");
  }
  if (!answer.ok) throw new PageError("The sample photo is missing. Build the page: python space/web/build.py");
  return answer.blob();
}
