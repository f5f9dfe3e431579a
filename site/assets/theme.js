// Runs before the page is painted: marks that scripts work, sets the theme that was chosen before, and notes when a
// reader first moves, which is when what stands far below is laid out (at the latest some seconds after loading).
(function () {
  "use strict";
  var root = document.documentElement;
  root.classList.add("js");
  try {
    var theme = window.localStorage.getItem("quantboard-theme");
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  } catch (error) {
    // Storage can be forbidden; the system's theme stays.
  }
  function moved() {
    root.classList.add("moved");
  }
  ["scroll", "wheel", "pointermove", "touchstart", "keydown", "focusin", "beforeprint"].forEach(function (name) {
    window.addEventListener(name, moved, { once: true, passive: true });
  });
  window.addEventListener("load", function () { window.setTimeout(moved, 8000); });
  if (window.location.hash) moved();
})();
