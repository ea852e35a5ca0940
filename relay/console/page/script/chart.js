// Draws what a webhook delivered lately, and keeps it fresh.
"use strict";
(() => {
  const every = 5000; // milliseconds
  const box = document.getElementById("chart"), spans = document.getElementById("spans");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const names = ["Delivered", "Failed", "Waiting"];
  let plot, stats, span = "short", polling = false;

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
  const twoDigits = (n) => String(n).padStart(2, "0");
  const clock = (seconds, exact) => {
    const at = new Date(seconds * 1000);
    return at.getHours() + ":" + twoDigits(at.getMinutes()) + (exact ? ":" + twoDigits(at.getSeconds()) : "");
  };

  const columns = () => {
    const series = stats[span], begin = Date.parse(series.from) / 1000;
    return [series.delivered.map((_, i) => begin + i * series.step_seconds), series.delivered, series.failed, series.backlog];
  };

  const draw = () => {
    if (plot) plot.destroy();
    box.replaceChildren();
    box.classList.add("drawn");
    const axis = {stroke: colour("soft"), font: "11px system-ui", grid: {stroke: colour("line"), width: 1}, ticks: {show: false}};
    const unit = span === "short" ? "each 10 s" : "each minute";
    const whole = (_, n) => n === null ? "–" : n.toLocaleString("en");
    plot = new uPlot({
      width: box.clientWidth, height: 220, cursor: {y: false, points: {size: 6}}, legend: {live: true},
      scales: {x: {time: true}, y: {range: (_, low, high) => [0, Math.max(high, 4)]}, waiting: {range: (_, low, high) => [0, Math.max(high, 4)]}},
      axes: [
        {...axis, values: (_, at) => at.map((t) => clock(t, false)), space: 70},
        {...axis, size: 44, values: (_, at) => at.map((n) => Number.isInteger(n) ? n.toLocaleString("en") : "")},
        {...axis, size: 44, side: 1, scale: "waiting", grid: {show: false}, values: (_, at) => at.map((n) => Number.isInteger(n) ? n.toLocaleString("en") : "")},
      ],
      series: [
        {label: unit, value: (_, t) => t === null ? "" : clock(t, true)},
        {label: names[0], stroke: colour("accent"), fill: colour("accent-back"), width: 1.5, value: whole, points: {show: false}},
        {label: names[1], stroke: colour("bad"), width: 1.5, value: whole, points: {show: false}},
        {label: names[2], stroke: colour("faint"), dash: [4, 3], width: 1.25, scale: "waiting", value: whole, points: {show: false}},
      ],
    }, columns(), box);
  };

  const poll = async () => {
    if (polling || document.hidden) return;
    polling = true;
    try {
      const reply = await fetch(box.dataset.source, {headers: {Accept: "application/json"}});
      if (!reply.ok) throw new Error(reply.statusText);
      stats = await reply.json();
      if (plot) plot.setData(columns());
      else draw();
      box.classList.remove("stale");
    } catch {
      box.classList.add("stale");
    } finally {
      polling = false;
    }
  };

  spans.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button || !stats) return;
    span = button.dataset.series;
    for (const other of spans.children) other.setAttribute("aria-pressed", String(other === button));
    draw();
  });
  dark.addEventListener("change", () => stats && draw());
  addEventListener("resize", () => plot && plot.setSize({width: box.clientWidth, height: 220}));
  document.addEventListener("visibilitychange", poll);
  spans.hidden = false;
  poll();
  setInterval(poll, every);
})();
