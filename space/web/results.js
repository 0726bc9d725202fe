// What is told of the people: tables of angles, and the files to download.

import { ANGLES } from "./measure.js";
import { degreesText } from "./tags.js";
import { TABLES } from "./vendor/tables.js";

const VIEWS = {
  "sagittal-right": "from the side, facing the picture’s right",
  "sagittal-left": "from the side, facing the picture’s left",
  "frontal-front": "from the front",
  "frontal-back": "from the back",
  oblique: "obliquely",
  unknown: "from a side that the keypoints do not tell",
};

/** A table a person, whose rows stay in place when values change. */
export class Results {
  /** @param {HTMLElement} parent @param {object} actions `onBox(index, box)`, `onRemove(index)`. */
  constructor(parent, actions) {
    this.parent = parent;
    this.actions = actions;
    this.sections = [];
    this.show([]);
  }

  /** @param {object[]} people with `box` and, once they are measured, `measures`. */
  show(people, { editable = false } = {}) {
    // An empty table keeps the place of the first.
    const count = Math.max(people.length, 1);
    while (this.sections.length > count) this.sections.pop().element.remove();
    while (this.sections.length < count) this.sections.push(this.#section(this.sections.length));
    this.sections.forEach((section, index) => fill(section, people[index], editable));
  }

  #section(index) {
    const element = document.createElement("section");
    element.className = "person";
    const heading = append(element, "h3", `Person ${index + 1}`);
    const view = append(element, "p", "");
    view.className = "seen";
    const table = append(element, "table");
    const head = append(append(table, "thead"), "tr");
    for (const title of ["Angle", "Degrees", "Remark"]) append(head, "th", title).scope = "col";
    const body = append(table, "tbody");
    const rows = ANGLES.map((angle) => {
      const row = append(body, "tr");
      append(row, "th", capital(angle.name)).scope = "row";
      return { row, value: append(row, "td"), remark: append(row, "td") };
    });
    const inputs = this.#boxInputs(element, index);
    this.parent.append(element);
    return { element, heading, view, rows, ...inputs };
  }

  #boxInputs(element, index) {
    const fields = append(element, "fieldset");
    append(fields, "legend", `Box of person ${index + 1}, in pixels`);
    const inputs = ["Left", "Top", "Right", "Bottom"].map((name) => {
      const label = append(fields, "label", name);
      const input = append(label, "input");
      input.type = "number";
      input.min = "0";
      input.addEventListener("change", () => this.actions.onBox(index, inputs.map((other) => other.valueAsNumber)));
      return input;
    });
    const remove = append(fields, "button", "Remove");
    remove.type = "button";
    remove.setAttribute("aria-label", `Remove person ${index + 1}`);
    remove.addEventListener("click", () => this.actions.onRemove(index));
    return { fields, inputs };
  }
}

function fill(section, person, editable) {
  const view = person?.measures?.view;
  section.element.classList.toggle("empty", !person);
  section.view.textContent = view ? viewText(view) : "\u00a0";
  section.rows.forEach(({ row, value, remark }, place) => {
    const angle = person?.measures?.angles[place];
    const known = angle && Number.isFinite(angle.value);
    value.textContent = known ? degreesText(angle) : "–";
    remark.textContent = angle ? angle.reason : "";
    row.className = angle ? angle.state : "";
  });
  section.fields.disabled = !person || !editable;
  if (!person) return;
  section.inputs.forEach((input, place) => {
    if (document.activeElement !== input) input.value = String(Math.round(person.box[place]));
  });
}

function viewText({ view, confidence }) {
  const sure = view === "unknown" ? "" : `, with ${Math.round(100 * confidence)} % confidence`;
  return `Seen ${VIEWS[view]}${sure}.`;
}

/** A list of what the angles mean. */
export function explainAngles(list) {
  for (const angle of ANGLES) {
    append(list, "dt", capital(angle.name));
    append(list, "dd", `${angle.meaning}${angle.words ? `; seen ${angle.words}` : ""}`);
  }
}

/** The people as COCO keypoint results: what spinepose_hf.output.coco writes. */
export function toCoco(people, picture) {
  return people.map(({ box, boxScore, pose }) => {
    const [x1, y1, x2, y2] = box.map((value) => value * picture.ratio);
    const confident = pose.scores.filter((score) => score > TABLES.instanceThreshold);
    const mean = confident.reduce((sum, score) => sum + score, 0) / Math.max(confident.length, 1);
    return {
      image_id: 1,
      category_id: 1,
      bbox: [x1, y1, x2 - x1, y2 - y1].map((value) => rounded(value, 2)),
      keypoints: pose.keypoints.flatMap(([x, y], index) =>
        [x * picture.ratio, y * picture.ratio, pose.scores[index]].map((value) => rounded(value, 4))),
      score: rounded(boxScore * mean, 5),
      file_name: picture.name,
    };
  });
}

/** The angles as CSV, in columns of the same names as those of spinepose_hf.measure.table. */
export function toCsv(people, picture) {
  const columns = ANGLES.flatMap((angle) => [angle.key, angle.sigmaColumn, angle.stateColumn]);
  const lines = [["name", "person", "view", "view_confidence", "yaw_deg", "yaw_sigma_deg", ...columns]];
  people.forEach(({ measures: { view, angles } }, index) => {
    const cells = angles.flatMap(({ value, sigma, state }) => [number(value), number(sigma), state]);
    lines.push([quoted(picture.name), index, view.view, number(view.confidence), number(view.yaw), number(view.sigma), ...cells]);
  });
  return lines.map((line) => `${line.join(",")}\r\n`).join("");
}

/** Hand a file to the user. */
export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The browser reads it after the click; a minute is ample, also for a slow disk.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function append(parent, tag, text = "") {
  const element = document.createElement(tag);
  element.textContent = text;
  parent.append(element);
  return element;
}

function capital(text) {
  return text[0].toUpperCase() + text.slice(1);
}

function rounded(value, digits) {
  return Number(value.toFixed(digits));
}

function number(value) {
  return Number.isFinite(value) ? String(rounded(value, 6)) : "";
}

function quoted(text) {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
