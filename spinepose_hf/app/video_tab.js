/* The Video tab: a line in the plot that follows the player, and clicks in the plot that move it. */
(() => {
  const MOVED_PX = 5;
  let down = null;

  const player = () => document.querySelector("#video-result video");

  const graph = () => {
    const found = document.querySelector("#video-plot .js-plotly-plot");
    return found?._fullLayout?.xaxis?.l2p ? found : null;
  };

  const place = () => {
    const plot = graph();
    const video = player();
    if (!plot || !video) return;
    let line = plot.querySelector(".video-cursor");
    if (!line) {
      line = document.createElement("div");
      line.className = "video-cursor";
      plot.append(line);
    }
    const { xaxis, _size: size } = plot._fullLayout;
    const along = xaxis.l2p(video.currentTime);
    line.hidden = !(along >= -1 && along <= xaxis._length + 1);
    line.style.left = `${xaxis._offset + along}px`;
    line.style.top = `${size.t}px`;
    line.style.height = `${size.h}px`;
  };

  const follow = () => {
    place();
    const video = player();
    if (video && !video.paused && !video.ended) requestAnimationFrame(follow);
  };

  // Media events do not bubble, but they can be caught on their way down.
  for (const kind of ["play", "seeking", "seeked", "timeupdate", "pause", "loadedmetadata"]) {
    document.addEventListener(kind, (event) => {
      if (event.target === player()) kind === "play" ? follow() : place();
    }, true);
  }
  // The plot moves by zooming, by its window, and when another person is chosen.
  setInterval(() => { if (!document.hidden) place(); }, 250);

  document.addEventListener("pointerdown", (event) => {
    down = event.target.closest?.("#video-plot") ? { x: event.clientX, y: event.clientY } : null;
  }, true);

  document.addEventListener("pointerup", (event) => {
    const plot = graph();
    const video = player();
    if (!down || !plot || !video) return;
    const moved = Math.hypot(event.clientX - down.x, event.clientY - down.y);
    down = null;
    if (moved > MOVED_PX) return;
    const { xaxis } = plot._fullLayout;
    const along = event.clientX - plot.getBoundingClientRect().left - xaxis._offset;
    if (along < 0 || along > xaxis._length) return;
    const end = Number.isFinite(video.duration) ? video.duration : Infinity;
    video.currentTime = Math.min(Math.max(xaxis.p2l(along), 0), end);
    place();
  }, true);
})();
