// Keeps the list of deliveries fresh: new ones come in at the top, forgotten ones go, those that are open stay open.
"use strict";
(() => {
  const every = 2000; // milliseconds
  const $ = (id) => document.getElementById(id);
  const box = $("inspector"), rows = $("rows"), live = $("live"), pause = $("pause");
  let paused = false, polling = false, received = Number(box.dataset.received);

  const ago = (time) => {
    const seconds = Math.floor((Date.now() - Date.parse(time.dateTime)) / 1000);
    for (const [size, unit] of [[86400, "d"], [3600, "h"], [60, "m"], [1, "s"]]) {
      if (seconds >= size) return Math.floor(seconds / size) + unit + " ago";
    }
    return "now";
  };

  const say = (text, state) => {
    if (live.textContent !== text) live.textContent = text;
    live.dataset.state = state;
  };

  // merge takes over what a freshly loaded page has.
  const merge = (page) => {
    const fresh = page.getElementById("inspector").dataset;
    if (fresh.begun !== box.dataset.begun) { // the relay was started again: its numbers begin anew
      location.reload();
      return;
    }
    const first = Number(fresh.first), none = Number(fresh.kept) === 0;
    for (const row of [...rows.children]) {
      if (none || Number(row.dataset.id) < first) row.remove();
    }
    const added = [...page.getElementById("rows").children].filter((row) => Number(row.dataset.id) > received);
    for (const row of added.reverse()) rows.prepend(document.adoptNode(row));
    received = Number(fresh.received);
    box.querySelector(".heads").hidden = none;
    $("clear").hidden = none;
    $("empty").hidden = !none;
    $("foot").hidden = received === 0;
    $("kept").textContent = fresh.kept;
    $("received").textContent = fresh.received;
  };

  const poll = async () => {
    if (polling || document.hidden || paused) return;
    polling = true;
    try {
      const reply = await fetch("/inspect?format=html&after=" + received, {headers: {Accept: "text/html"}});
      if (!reply.ok) throw new Error(reply.statusText);
      const text = await reply.text();
      if (paused) return;
      merge(new DOMParser().parseFromString(text, "text/html"));
      say("Live", "live");
    } catch {
      say("No answer", "lost");
    } finally {
      polling = false;
    }
    for (const time of rows.querySelectorAll("time")) {
      const text = ago(time);
      if (time.textContent !== text) time.textContent = text;
    }
  };

  pause.addEventListener("click", () => {
    paused = !paused;
    pause.setAttribute("aria-pressed", String(paused));
    pause.textContent = paused ? "Resume" : "Pause";
    say(paused ? "Paused" : "Live", paused ? "paused" : "live");
    poll();
  });
  $("clear").addEventListener("click", async () => {
    if (!confirm("Forget all deliveries shown here?")) return;
    const token = document.querySelector("meta[name=csrf]");
    await fetch("/inspect", {method: "DELETE", headers: token ? {"X-CSRF-Token": token.content} : {}}).catch(() => say("No answer", "lost"));
    if (paused) pause.click();
    else poll();
  });
  document.addEventListener("visibilitychange", poll);
  $("tools").hidden = false;
  say("Live", "live");
  setInterval(poll, every);
})();
