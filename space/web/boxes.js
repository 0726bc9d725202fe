// Boxes on the picture that are drawn, moved and resized by mouse, touch and keyboard.

// Sides shorter than this many pixels are slips of the hand.
const LEAST_SIDE = 8;
// What an arrow key moves, as a share of the picture's longer side.
const KEY_STEP = 0.01;
const CORNERS = [["x1", "y1"], ["x2", "y1"], ["x1", "y2"], ["x2", "y2"]];
const SIDES = ["x1", "y1", "x2", "y2"];

/**
 * @param {HTMLElement} frame covers the picture exactly; boxes become its children.
 * @param {object} actions `onChange(index, box)`, `onAdd(box)`, `onRemove(index)`, `onSelect(index)`.
 */
export class BoxEditor {
  constructor(frame, actions) {
    this.frame = frame;
    this.actions = actions;
    this.elements = [];
    this.boxes = [];
    this.size = [1, 1];
    this.drawing = false;
    this.enabled = false;
    frame.addEventListener("pointerdown", (event) => this.#press(event));
  }

  /** Whether the next drag draws a box, also by touch, which else scrolls the page. */
  setDrawing(drawing) {
    this.drawing = drawing;
    this.frame.classList.toggle("drawing", drawing);
  }

  /** Show boxes [x1, y1, x2, y2] on a picture of this size [height, width]. */
  show(boxes, size) {
    this.size = size;
    this.boxes = boxes.map((box) => [...box]);
    while (this.elements.length > boxes.length) this.elements.pop().remove();
    while (this.elements.length < boxes.length) this.elements.push(this.#element(this.elements.length));
    this.elements.forEach((_, index) => this.#place(index));
  }

  focus(index) {
    this.elements[index]?.focus({ preventScroll: true });
  }

  #element(index) {
    const element = document.createElement("div");
    element.className = "box";
    element.tabIndex = 0;
    // Arrow keys go to the box instead of a screen reader's cursor.
    element.setAttribute("role", "application");
    element.setAttribute("aria-roledescription", "box");
    const number = document.createElement("span");
    number.className = "number";
    number.textContent = String(index + 1);
    element.append(number);
    CORNERS.forEach((corner) => {
      const handle = document.createElement("span");
      handle.className = `handle ${corner.join(" ")}`;
      handle.dataset.corner = corner.join(" ");
      element.append(handle);
    });
    element.addEventListener("keydown", (event) => this.#key(event, index));
    element.addEventListener("focus", () => this.actions.onSelect(index));
    this.frame.append(element);
    return element;
  }

  #place(index) {
    const [x1, y1, x2, y2] = this.boxes[index];
    const [height, width] = this.size;
    const { style } = this.elements[index];
    style.left = `${(100 * x1) / width}%`;
    style.top = `${(100 * y1) / height}%`;
    style.width = `${(100 * (x2 - x1)) / width}%`;
    style.height = `${(100 * (y2 - y1)) / height}%`;
    const where = `${Math.round(x1)} from the left, ${Math.round(y1)} from the top, ${Math.round(x2 - x1)} by ${Math.round(y2 - y1)} pixels`;
    this.elements[index].setAttribute(
      "aria-label",
      `Box of person ${index + 1}: ${where}. Arrow keys move it, with Shift they resize it, Delete removes it.`,
    );
  }

  #point(event) {
    const area = this.frame.getBoundingClientRect();
    const [height, width] = this.size;
    return [((event.clientX - area.left) / area.width) * width, ((event.clientY - area.top) / area.height) * height];
  }

  #press(event) {
    if (!this.enabled || event.button !== 0) return;
    const element = event.target.closest(".box");
    const index = this.elements.indexOf(element);
    const corner = event.target.dataset.corner;
    const start = this.#point(event);
    if (index >= 0 && !this.drawing) {
      event.preventDefault();
      this.focus(index);
      const before = [...this.boxes[index]];
      this.#drag(event, (point) => {
        this.boxes[index] = corner ? resized(before, corner, point) : moved(before, point[0] - start[0], point[1] - start[1], this.size);
        this.#place(index);
      }, () => this.#finish(index, before));
    } else if (this.drawing || event.pointerType === "mouse") {
      event.preventDefault();
      const fresh = document.createElement("div");
      fresh.className = "box fresh";
      this.frame.append(fresh);
      let box = [...start, ...start];
      this.#drag(event, (point) => {
        box = this.#inside([start[0], start[1], point[0], point[1]]);
        const [height, width] = this.size;
        fresh.style.left = `${(100 * box[0]) / width}%`;
        fresh.style.top = `${(100 * box[1]) / height}%`;
        fresh.style.width = `${(100 * (box[2] - box[0])) / width}%`;
        fresh.style.height = `${(100 * (box[3] - box[1])) / height}%`;
      }, (completed) => {
        fresh.remove();
        if (completed && large(box)) this.actions.onAdd(box);
      });
    }
  }

  /** Follow a pointer until it is lifted; `end(true)` then, `end(false)` where the browser took it away. */
  #drag(event, move, end) {
    this.frame.setPointerCapture(event.pointerId);
    const following = new AbortController();
    const { signal } = following;
    const of = (action) => (other) => {
      if (other.pointerId === event.pointerId) action(other);
    };
    this.frame.addEventListener("pointermove", of((other) => move(this.#point(other))), { signal });
    for (const kind of ["pointerup", "pointercancel"]) {
      this.frame.addEventListener(kind, of(() => {
        following.abort();
        end(kind === "pointerup");
      }), { signal });
    }
  }

  #finish(index, before) {
    const box = this.#inside(this.boxes[index]);
    this.boxes[index] = large(box) ? box : before;
    this.#place(index);
    if (this.boxes[index].some((value, place) => value !== before[place])) this.actions.onChange(index, [...this.boxes[index]]);
  }

  #key(event, index) {
    if (!this.enabled) return;
    if (event.key === "Delete" || event.key === "Backspace") {
      event.preventDefault();
      this.actions.onRemove(index);
      return;
    }
    const direction = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!direction) return;
    event.preventDefault();
    const step = Math.max(1, KEY_STEP * Math.max(...this.size));
    const [dx, dy] = direction.map((way) => way * step);
    const before = [...this.boxes[index]];
    const [x1, y1, x2, y2] = before;
    this.boxes[index] = event.shiftKey ? [x1, y1, x2 + dx, y2 + dy] : moved(before, dx, dy, this.size);
    this.#finish(index, before);
  }

  /** The box with its corners in order, cut to the picture. */
  #inside([xa, ya, xb, yb]) {
    const [height, width] = this.size;
    const across = [xa, xb].sort((a, b) => a - b).map((x) => Math.min(Math.max(x, 0), width - 1));
    const down = [ya, yb].sort((a, b) => a - b).map((y) => Math.min(Math.max(y, 0), height - 1));
    return [across[0], down[0], across[1], down[1]];
  }
}

function large(box) {
  return box[2] - box[0] >= LEAST_SIDE && box[3] - box[1] >= LEAST_SIDE;
}

/** The box moved, as far as the picture allows. */
function moved([x1, y1, x2, y2], dx, dy, [height, width]) {
  const right = Math.min(Math.max(dx, -x1), width - 1 - x2);
  const down = Math.min(Math.max(dy, -y1), height - 1 - y2);
  return [x1 + right, y1 + down, x2 + right, y2 + down];
}

function resized(box, corner, point) {
  const sides = corner.split(" ");
  return box.map((value, place) => (sides.includes(SIDES[place]) ? point[place % 2] : value));
}
