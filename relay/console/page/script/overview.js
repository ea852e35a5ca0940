// Keeps the numbers fresh by taking over the live part of a freshly loaded page.
"use strict";
(() => {
  const every = 2000; // milliseconds
  let polling = false;

  const poll = async () => {
    const part = document.getElementById("live-part");
    const marked = String(getSelection()) !== "";
    if (polling || document.hidden || marked || part.contains(document.activeElement)) return; // do not disturb
    polling = true;
    try {
      const reply = await fetch("/", {headers: {Accept: "text/html"}});
      if (!reply.ok) throw new Error(reply.statusText);
      const page = new DOMParser().parseFromString(await reply.text(), "text/html");
      part.replaceWith(document.adoptNode(page.getElementById("live-part")));
    } catch {
      part.classList.add("stale");
    } finally {
      polling = false;
    }
  };
  document.addEventListener("visibilitychange", poll);
  setInterval(poll, every);
})();
