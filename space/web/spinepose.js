// The page's beginning: checks what it needs, then loads the rest, so that whatever is missing is told in words.

const status = document.getElementById("status");

// The smallest module with a SIMD instruction; ONNX Runtime Web needs them.
const SIMD = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11]);

function missing() {
  if (typeof WebAssembly !== "object") return "This browser has no WebAssembly, or it is switched off. The network cannot run here: use a current Firefox, Chrome, Edge or Safari.";
  if (!WebAssembly.validate(SIMD)) return "This browser’s WebAssembly is too old (no SIMD). Use a current Firefox, Chrome, Edge or Safari.";
  if (typeof createImageBitmap !== "function") return "This browser is too old to read pictures here. Use a current Firefox, Chrome, Edge or Safari.";
  return "";
}

function fail(text) {
  status.textContent = text;
  status.classList.add("error");
}

const reason = missing();
if (reason) {
  fail(reason);
} else {
  import("./page.js").then(({ start }) => start(), () => {
    fail("Files of this page are missing in its folder vendor. Build the page: python space/web/build.py");
  });
}
