// What all pages have in common: times stay true, and nothing is fetched for a page that nobody looks at.
"use strict";
(() => {
  const ago = (time) => {
    const seconds = Math.floor((Date.now() - Date.parse(time.dateTime)) / 1000);
    for (const [size, unit] of [[86400, "d"], [3600, "h"], [60, "m"], [1, "s"]]) {
      if (seconds >= size) return Math.floor(seconds / size) + unit + " ago";
    }
    return "now";
  };
  const tell = () => {
    for (const time of document.querySelectorAll("time[datetime]")) {
      const text = ago(time);
      if (time.textContent !== text) time.textContent = text;
    }
  };
  for (const here of document.querySelectorAll(".top nav [aria-current], .tabs [aria-current]")) {
    here.parentElement.scrollLeft = here.offsetLeft - here.parentElement.offsetLeft - (here.parentElement.clientWidth - here.offsetWidth) / 2;
  }
  setInterval(() => document.hidden || tell(), 1000);

  // What is polled gives way to who reads or chooses something in it.
  const busy = (part) => part.querySelector("details[open]") || part.contains(document.activeElement) && document.activeElement.matches("input, select, textarea, summary") ||
    String(getSelection()) !== "" && getSelection().containsNode(part, true);
  document.addEventListener("htmx:beforeRequest", (event) => {
    const polls = (event.target.getAttribute("hx-trigger") || "").startsWith("every");
    if (polls && (document.hidden || busy(event.target))) event.preventDefault();
  });
})();
