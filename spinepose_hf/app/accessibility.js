// What Gradio's own elements lack for screen readers and steady pages, mended whenever it draws them anew.
(() => {
  // The page's CSS comes with Gradio's scripts, after the first paint: until then its container would shrink to
  // what is in it and jump with every part that is added.
  const early = document.createElement("style");
  early.textContent = ".gradio-container { width: 100% !important; max-width: 1200px !important; }";
  document.head.append(early);

  const mend = () => {
    // A name on a div that has no role is not read out.
    for (const empty of document.querySelectorAll("div.empty[aria-label]:not([role])")) {
      empty.setAttribute("role", "img");
    }
    // A name must hold the words that are seen, so that those who speak to their computer can say them.
    for (const button of document.querySelectorAll("button.upload-container[aria-label]")) {
      if (button.textContent.trim()) button.removeAttribute("aria-label");
    }
    // What scrolls sideways on a phone must be reached by keyboard to be scrolled.
    for (const code of document.querySelectorAll(".code_wrap pre:not([tabindex])")) code.tabIndex = 0;
    for (const button of document.querySelectorAll(".image-container button:not([aria-label]):not([title])")) {
      if (!button.textContent.trim() && button.querySelector("img")) button.setAttribute("aria-label", "The picture");
    }
  };
  let waiting = false;
  const soon = () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      mend();
    });
  };
  new MutationObserver(soon).observe(document, { childList: true, subtree: true });
})();
