// The form of a webhook shows the fields of the chosen type only.
"use strict";
(() => {
  const type = document.getElementById("type");
  const fit = () => {
    for (const field of document.querySelectorAll("[data-types]")) {
      field.hidden = !field.dataset.types.split(" ").includes(type.value);
    }
  };
  type.addEventListener("change", fit);
  fit();
})();
