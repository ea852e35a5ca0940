// The form of a webhook counts what is picked, and begins where it is wrong.
"use strict";
(() => {
  for (const items of document.querySelectorAll(".items")) {
    const summary = items.querySelector("summary"), typed = items.querySelector('[name^="ids."]');
    items.addEventListener("input", (event) => {
      if (event.target.type === "search") return;
      const picked = items.querySelectorAll(".offer :checked").length + typed.value.split(",").filter((id) => id.trim()).length;
      summary.textContent = (picked ? picked + " of the " : "All ") + summary.dataset.items;
    });
  }
  document.querySelector("[aria-invalid]")?.focus();
})();
