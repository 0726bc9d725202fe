// Drawing boxes on the photo of the Image tab, with mouse, pen or finger.
// The boxes live in the text field "image-boxes", one a line; what is drawn is written there, and what is typed
// there is drawn.
(() => {
  "use strict";
  const SVG = "http://www.w3.org/2000/svg";
  const LEAST = 8; // screen px; a shorter stroke is a tap
  let drawing = false;
  let start = null;
  let end = null;

  const upload = () => document.getElementById("image-upload");
  const photo = () => upload()?.querySelector("img");
  const field = () => document.querySelector("#image-boxes textarea");

  const boxes = () =>
    (field()?.value ?? "")
      .split(/[\n;]/)
      .map((line) => line.split(/[\s,]+/).filter(Boolean).map(Number))
      .filter((box) => box.length === 4 && box.every(Number.isFinite));

  const write = (list) => {
    const area = field();
    if (!area) return;
    area.value = list.map((box) => box.map(Math.round).join(" ")).join("\n");
    area.dispatchEvent(new Event("input", { bubbles: true }));
    show();
  };

  // Where the picture's pixels are on the screen: the element may be larger than they are.
  const shownRect = (image) => {
    const rect = image.getBoundingClientRect();
    const fit = getComputedStyle(image).objectFit;
    let scale = Math.min(rect.width / image.naturalWidth, rect.height / image.naturalHeight);
    if (fit === "scale-down") scale = Math.min(scale, 1);
    if (fit === "fill" || fit === "cover") return rect;
    const width = image.naturalWidth * scale;
    const height = image.naturalHeight * scale;
    return new DOMRect(rect.x + (rect.width - width) / 2, rect.y + (rect.height - height) / 2, width, height);
  };

  const layer = () => {
    const host = upload();
    let svg = host.querySelector(".box-layer");
    if (!svg) {
      svg = document.createElementNS(SVG, "svg");
      svg.setAttribute("class", "box-layer");
      svg.setAttribute("aria-hidden", "true");
      svg.addEventListener("pointerdown", begin);
      svg.addEventListener("pointermove", move);
      svg.addEventListener("pointerup", finish);
      svg.addEventListener("pointercancel", cancel);
      host.append(svg);
    }
    return svg;
  };

  const rectangle = (box, kind) => {
    const shape = document.createElementNS(SVG, "rect");
    const [x1, y1, x2, y2] = box;
    shape.setAttribute("x", Math.min(x1, x2));
    shape.setAttribute("y", Math.min(y1, y2));
    shape.setAttribute("width", Math.abs(x2 - x1));
    shape.setAttribute("height", Math.abs(y2 - y1));
    shape.setAttribute("class", kind);
    return shape;
  };

  const show = () => {
    const host = upload();
    if (!host) return;
    const image = photo();
    const ready = drawing && image && image.naturalWidth > 0 && image.getBoundingClientRect().width > 0;
    if (!ready) {
      host.querySelector(".box-layer")?.remove();
      return;
    }
    const svg = layer();
    const rect = shownRect(image);
    const frame = host.getBoundingClientRect();
    const place = {
      left: rect.x - frame.x - host.clientLeft,
      top: rect.y - frame.y - host.clientTop,
      width: rect.width,
      height: rect.height,
    };
    for (const [side, value] of Object.entries(place)) svg.style[side] = `${value}px`;
    svg.setAttribute("viewBox", `0 0 ${image.naturalWidth} ${image.naturalHeight}`);
    const shapes = boxes().flatMap((box) => [rectangle(box, "under"), rectangle(box, "over")]);
    if (start && end) shapes.push(rectangle([...start, ...end], "under"), rectangle([...start, ...end], "new"));
    svg.replaceChildren(...shapes);
  };

  const pixel = (event) => {
    const image = photo();
    const rect = shownRect(image);
    const x = ((event.clientX - rect.x) / rect.width) * image.naturalWidth;
    const y = ((event.clientY - rect.y) / rect.height) * image.naturalHeight;
    return [Math.min(Math.max(x, 0), image.naturalWidth), Math.min(Math.max(y, 0), image.naturalHeight)];
  };

  function begin(event) {
    if (!event.isPrimary || event.button !== 0) return;
    event.preventDefault();
    event.currentTarget.setPointerCapture(event.pointerId);
    start = end = pixel(event);
  }

  function move(event) {
    if (!start || !event.isPrimary) return;
    end = pixel(event);
    show();
  }

  function finish(event) {
    if (!start || !event.isPrimary) return;
    end = pixel(event);
    const scale = photo().naturalWidth / shownRect(photo()).width;
    const [width, height] = [Math.abs(end[0] - start[0]) / scale, Math.abs(end[1] - start[1]) / scale];
    const list = boxes();
    if (Math.min(width, height) >= LEAST) {
      list.push([
        Math.min(start[0], end[0]),
        Math.min(start[1], end[1]),
        Math.max(start[0], end[0]),
        Math.max(start[1], end[1]),
      ]);
    } else {
      removeAt(list, start);
    }
    start = end = null;
    write(list);
  }

  function cancel() {
    start = end = null;
    show();
  }

  // A tap takes away the smallest box under it.
  const removeAt = (list, [x, y]) => {
    const area = ([x1, y1, x2, y2]) => (x2 - x1) * (y2 - y1);
    const hit = list
      .filter(([x1, y1, x2, y2]) => x >= x1 && x <= x2 && y >= y1 && y <= y2)
      .sort((a, b) => area(a) - area(b))[0];
    if (hit) list.splice(list.indexOf(hit), 1);
  };

  const soon = () => requestAnimationFrame(show);
  document.addEventListener("load", (event) => event.target.closest?.("#image-upload") && soon(), true);
  window.addEventListener("resize", soon);
  window.addEventListener("scroll", () => drawing && soon(), { passive: true, capture: true });

  window.spineposeBoxes = {
    setMode(mode) {
      drawing = mode === "draw";
      // The page moves when the field appears: once now, once when it has.
      soon();
      setTimeout(show, 250);
    },
    show: soon,
    dropLast() {
      write(boxes().slice(0, -1));
    },
    dropAll() {
      write([]);
    },
  };
})();
