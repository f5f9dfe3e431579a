// What every page needs: the theme's button, copy buttons, interactive charts. Classic scripts without modules or
// requests, so that they work from file://; what pages' own scripts share stands in `window.quantboard`.
(function () {
  "use strict";

  var root = document.documentElement;

  function each(list, act) {
    Array.prototype.forEach.call(list, act);
  }

  // Theme ---------------------------------------------------------------------------------------------------------

  function darkNow() {
    if (root.dataset.theme) return root.dataset.theme === "dark";
    return window.matchMedia("(prefers-color-scheme: dark)").matches;
  }

  function setUpTheme() {
    var button = document.getElementById("theme");
    function tell() {
      button.textContent = darkNow() ? "Light" : "Dark";
      button.setAttribute("aria-label", "Switch to the " + (darkNow() ? "light" : "dark") + " theme");
    }
    button.addEventListener("click", function () {
      root.dataset.theme = darkNow() ? "light" : "dark";
      try {
        window.localStorage.setItem("quantboard-theme", root.dataset.theme);
      } catch (error) {
        // Storage can be forbidden; the choice lasts for this page.
      }
      tell();
    });
    tell();
  }

  // Copying commands ----------------------------------------------------------------------------------------------

  function addCopying(block) {
    if (!navigator.clipboard) return;
    var button = document.createElement("button");
    button.type = "button";
    button.className = "small";
    button.textContent = "Copy";
    button.addEventListener("click", function () {
      navigator.clipboard.writeText(block.querySelector("code").textContent).then(function () {
        button.textContent = "Copied";
      });
    });
    block.appendChild(button);
  }

  // Scripts on demand: each once, however often it is asked for ------------------------------------------------------

  var loading = {};

  function load(address, done, failed) {
    if (!loading[address]) {
      loading[address] = new Promise(function (resolve, reject) {
        var script = document.createElement("script");
        script.src = address;
        script.onload = resolve;
        script.onerror = function () { delete loading[address]; reject(); };
        document.head.appendChild(script);
      });
    }
    loading[address].then(done, failed);
  }

  // Interactive charts: one bundle, loaded when the first is asked for ----------------------------------------------

  function setUpChart(figure) {
    var button = figure.querySelector("button");
    var place = figure.querySelector(".drawing");
    function failed() {
      button.textContent = "The interactive chart couldn't be loaded; try again";
      button.removeAttribute("aria-disabled");
    }
    function draw() {
      var options = {
        actions: false, ast: true, renderer: "svg", defaultStyle: false, tooltip: { disableDefaultStyle: true }
      };
      var target = document.createElement("div");
      place.parentNode.insertBefore(target, place);
      window.vegaEmbed(target, window.quantboardCharts[figure.dataset.chart], options).then(function () {
        target.setAttribute("role", place.getAttribute("role") || "group");
        target.setAttribute("aria-label", figure.querySelector("h3").textContent);
        place.hidden = true;
        target.className = "drawing live";
        target.tabIndex = 0;
        if (document.activeElement === button) target.focus();
        button.remove();
      }).catch(failed);
    }
    button.addEventListener("click", function () {
      if (button.getAttribute("aria-disabled")) return;
      button.textContent = "Loading\u2026";
      button.setAttribute("aria-disabled", "true");
      load(figure.dataset.bundle, function () { load(figure.dataset.specs, draw, failed); }, failed);
    });
  }

  // Return a new element; what it says is text, whoever wrote it.
  function node(name, classes, text) {
    var made = document.createElement(name);
    if (classes) made.className = classes;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  window.quantboard = { addCopying: addCopying, each: each, load: load, node: node };
  setUpTheme();
  each(document.querySelectorAll(".command"), addCopying);
  each(document.querySelectorAll("figure[data-chart]"), setUpChart);
})();
