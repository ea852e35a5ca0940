// Shows events, or deliveries, as they come: the newest on top, the oldest go. What is open stays open.
"use strict";
(() => {
  const most = 300; // rows
  const $ = (id) => document.getElementById(id);
  const rows = $("rows"), live = $("live"), pause = $("pause"), model = $("row").content.firstElementChild;
  const words = {delivered: ["delivered", "good"], retry: ["tried again", "warn"], dead: ["given up", "bad"], gone: ["gone", "bad"], note: ["note", ""]};
  let paused = false, held = [], missed = 0;

  const say = (text, state) => {
    if (live.textContent !== text) live.textContent = text;
    live.dataset.state = state;
  };
  const exact = (time) => new Date(time).toISOString().replace("T", " ").replace("Z", " UTC");

  const fill = (element, item) => {
    const value = item[element.dataset.field];
    switch (element.dataset.field) {
      case "time": case "received":
        if ("exact" in element.dataset) {
          element.textContent = exact(value);
          break;
        }
        element.dateTime = value;
        element.title = exact(value);
        element.textContent = "now";
        break;
      case "outcome":
        element.textContent = words[value][0];
        element.className = "tag " + words[value][1];
        break;
      case "status":
        element.textContent = value || "no reply";
        element.classList.toggle("fault", item.outcome !== "delivered");
        break;
      case "ms":
        element.textContent = (value >= 10 ? Math.round(value) : Math.round(value * 100) / 100) + "ms";
        break;
      case "what":
        element.textContent = item.name || (item.ids || []).join(", ");
        break;
      case "count":
        element.textContent = (item.webhooks || []).length || "–";
        break;
      case "webhooks":
        element.replaceChildren(...(value || []).flatMap((name, i) => {
          const link = document.createElement("a");
          link.href = "/webhook/" + encodeURIComponent(name) + "/log?unique_id=" + item.unique_id;
          link.textContent = name;
          return i ? [", ", link] : [link];
        }));
        if (!value) element.textContent = "nobody";
        break;
      case "payload":
        element.textContent = JSON.stringify(value, null, 2);
        break;
      default:
        element.textContent = value === undefined || value === "" ? "" : String(value);
    }
  };

  const show = (item) => {
    const row = model.cloneNode(true);
    for (const element of row.querySelectorAll("[data-field]")) fill(element, item);
    if (row.dataset.href) row.href = "/webhook/" + encodeURIComponent(item.webhook) + "/log?unique_id=" + item.unique_id;
    rows.prepend(row);
    $("empty").hidden = true;
    for (let last = rows.lastElementChild; rows.childElementCount > most; last = rows.lastElementChild) last.remove();
  };

  const tell = () => {
    const more = missed ? ", " + missed.toLocaleString("en") + " too many to show" : "";
    if (paused) say("Paused" + (held.length ? ", " + held.length + (held.length === most ? " or more" : "") + " new" : ""), "paused");
    else say("Live" + more, "live");
  };

  const take = (event) => {
    const item = JSON.parse(event.data);
    if (!paused) {
      show(item);
      return;
    }
    held.push(item);
    if (held.length > most) held.shift();
    tell();
  };

  const source = new EventSource($("stream").dataset.source);
  source.addEventListener("open", tell);
  source.addEventListener("event", take);
  source.addEventListener("delivery", take);
  source.addEventListener("skipped", (event) => {
    missed += Object.values(JSON.parse(event.data))[0];
    tell();
  });
  source.addEventListener("error", () => say(source.readyState === EventSource.CLOSED ? "Not connected: load the page again" : "Connecting …", "lost"));
  addEventListener("pagehide", () => source.close());

  pause.addEventListener("click", () => {
    paused = !paused;
    pause.setAttribute("aria-pressed", String(paused));
    pause.textContent = paused ? "Resume" : "Pause";
    if (!paused) held.splice(0).forEach(show);
    tell();
  });
  $("tools").hidden = false;
})();
