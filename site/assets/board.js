// Sorts, filters and searches the table that the page already holds; its state is in the address. A classic script
// without modules or requests, so that it works from file://.
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

  function setUpCopying() {
    each(document.querySelectorAll(".command"), function (block) {
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
    });
  }

  // Sorting and filtering -----------------------------------------------------------------------------------------

  function valueOf(row, column) {
    var cell = row.cells[column];
    if (cell.dataset.v === undefined) return null;
    var number = Number(cell.dataset.v);
    return Number.isNaN(number) ? cell.dataset.v : number;
  }

  function compare(first, second, way) {
    if (first === null || second === null) return (first === null) - (second === null); // what is missing stays last
    if (way === "zero") return Math.abs(first) - Math.abs(second);
    var order = typeof first === "string" ? first.localeCompare(second) : first - second;
    return way === "higher" ? -order : order;
  }

  var OPPOSITE = { higher: "lower", lower: "higher", zero: "higher" };

  // The score by a reader's own weights -----------------------------------------------------------------------------

  // Return what sets the scores of the rows anew: equal weights bring the page's own cells back, other ones leave a
  // plain number, since intervals, ranks and ties aren't known for them.
  function weighing(table, rows, inputs) {
    var column = table.querySelector("th[data-key=score]").cellIndex;
    var told = document.getElementById("weighed");
    var own = rows.map(function (row) {
      var cell = row.cells[column];
      return { cell: cell, value: cell.dataset.v, nodes: Array.prototype.slice.call(cell.childNodes) };
    });

    function weight(input) {
      var given = input.value.trim() === "" ? NaN : Number(input.value);
      return given >= 0 && given <= 100 ? given : 0;
    }

    function score(row, weights, total) {
      var shares = row.dataset.shares.split(" ").map(Number);
      return shares.reduce(function (sum, share, place) { return sum + share * weights[place]; }, 0) / total;
    }

    function show(one, text, value) {
      one.cell.textContent = "";
      (text === null ? one.nodes : [document.createTextNode(text)]).forEach(function (node) {
        one.cell.appendChild(node);
      });
      if (value === undefined) delete one.cell.dataset.v;
      else one.cell.dataset.v = value;
    }

    return function () {
      var weights = inputs.map(weight);
      var total = weights.reduce(function (sum, one) { return sum + one; }, 0);
      var equal = weights.every(function (one) { return one === weights[0]; }) && total > 0;
      rows.forEach(function (row, place) {
        var one = own[place];
        if (equal || !row.dataset.shares) return show(one, null, one.value);
        if (!total) return show(one, "\u2013");
        var made = score(row, weights, total);
        show(one, made.toFixed(1).replace("-", "\u2212"), made);
      });
      table.classList.toggle("reweighed", !equal);
      told.textContent = equal ? "" : !total ? "Give at least one benchmark a weight above 0." :
        "Scores by your weights, without intervals; ranks, ties and “nothing smaller is better” are hidden.";
      return !equal;
    };
  }

  function setUpBoard(table) {
    var body = table.tBodies[0];
    var rows = Array.prototype.slice.call(body.rows);
    var heads = Array.prototype.slice.call(table.querySelectorAll("th[data-key]"));
    var form = document.getElementById("filters");
    var shown = document.getElementById("shown");
    var toggles = form.querySelectorAll("input[type=checkbox]");
    var inputs = Array.prototype.slice.call(document.querySelectorAll("#weights input"));
    var weigh = weighing(table, rows, inputs);
    var sorted = { key: "", way: "" };
    var texts = rows.map(function (row) {
      return (row.dataset.text + " " + row.cells[0].textContent).toLowerCase();
    });

    heads.forEach(function (head) {
      var label = head.querySelector(".label");
      var button = document.createElement("button");
      button.type = "button";
      while (label.firstChild) button.appendChild(label.firstChild);
      label.appendChild(button);
      button.addEventListener("click", function () {
        var best = head.dataset.way;
        sortBy(head.dataset.key, sorted.key === head.dataset.key && sorted.way === best ? OPPOSITE[best] : best);
        remember();
      });
    });

    function sortBy(key, way) {
      var head = heads.filter(function (one) { return one.dataset.key === key; })[0];
      if (!head || !(way in OPPOSITE)) return;
      sorted = { key: key, way: way };
      var column = head.cellIndex;
      rows
        .map(function (row, place) { return { row: row, value: valueOf(row, column), place: place }; })
        .sort(function (one, other) { return compare(one.value, other.value, way) || one.place - other.place; })
        .forEach(function (one) { body.appendChild(one.row); });
      heads.forEach(function (one) { one.removeAttribute("aria-sort"); });
      head.setAttribute("aria-sort", way === "higher" ? "descending" : "ascending");
    }

    function filter() {
      var words = form.elements.q.value.toLowerCase().split(/\s+/);
      var count = 0;
      rows.forEach(function (row, place) {
        var fits = ["family", "method", "bits"].every(function (name) {
          var wanted = form.elements[name].value;
          return !wanted || row.dataset[name] === wanted;
        });
        fits = fits && words.every(function (word) { return texts[place].indexOf(word) >= 0; });
        row.hidden = !fits;
        count += fits ? 1 : 0;
      });
      shown.textContent = count + " of " + rows.length + (rows.length === 1 ? " entry" : " entries");
    }

    function remember() {
      var state = new URLSearchParams();
      ["q", "family", "method", "bits"].forEach(function (name) {
        if (form.elements[name].value) state.set(name, form.elements[name].value);
      });
      if (sorted.key) state.set("sort", sorted.key + "." + sorted.way);
      each(toggles, function (toggle) {
        if (toggle.checked !== toggle.defaultChecked) state.append(toggle.checked ? "show" : "hide", toggle.value);
      });
      inputs.forEach(function (input) {
        if (input.value !== input.defaultValue) state.set(input.name, input.value);
      });
      var text = state.toString();
      window.history.replaceState(null, "", (text ? "?" + text : window.location.pathname) + window.location.hash);
    }

    function recall() {
      var state = new URLSearchParams(window.location.search);
      ["q", "family", "method", "bits"].forEach(function (name) {
        if (state.get(name)) form.elements[name].value = state.get(name);
      });
      inputs.forEach(function (input) {
        if (state.has(input.name)) input.value = state.get(input.name);
      });
      if (reweigh()) document.getElementById("weights").open = true;
      var wanted = (state.get("sort") || "").split(".");
      if (wanted.length === 2) sortBy(wanted[0], wanted[1]);
      each(toggles, function (toggle) {
        if (state.getAll("show").indexOf(toggle.value) >= 0) toggle.checked = true;
        if (state.getAll("hide").indexOf(toggle.value) >= 0) toggle.checked = false;
      });
    }

    // Sort anew by what has changed: the score, unless the reader sorts by something else.
    function reweigh() {
      var other = weigh();
      if (other && !sorted.key) sortBy("score", "higher");
      else if (sorted.key === "score") sortBy("score", sorted.way);
      return other;
    }

    form.addEventListener("input", function () { filter(); remember(); });
    document.getElementById("weights").addEventListener("input", function () { reweigh(); remember(); });
    document.getElementById("equal").addEventListener("click", function () {
      inputs.forEach(function (input) { input.value = input.defaultValue; });
      reweigh();
      remember();
    });
    form.addEventListener("submit", function (event) { event.preventDefault(); });
    form.addEventListener("reset", function () {
      window.setTimeout(function () {
        rows.forEach(function (row) { body.appendChild(row); });
        heads.forEach(function (one) { one.removeAttribute("aria-sort"); });
        sorted = { key: "", way: "" };
        weigh();
        filter();
        remember();
      });
    });
    recall();
    filter();
  }

  // Interactive charts: one bundle, loaded when the first is asked for ----------------------------------------------

  var loaded = {};

  function load(address, done, failed) {
    if (loaded[address]) return done();
    var script = document.createElement("script");
    script.src = address;
    script.onload = function () { loaded[address] = true; done(); };
    script.onerror = failed;
    document.head.appendChild(script);
  }

  function setUpChart(figure) {
    var button = figure.querySelector("button");
    var place = figure.querySelector(".drawing");
    function failed() {
      button.textContent = "The interactive chart couldn't be loaded";
    }
    function draw() {
      var options = {
        actions: false, ast: true, renderer: "svg", defaultStyle: false, tooltip: { disableDefaultStyle: true }
      };
      var target = document.createElement("div");
      place.parentNode.insertBefore(target, place);
      window.vegaEmbed(target, window.quantboardCharts[figure.dataset.chart], options).then(function () {
        place.hidden = true;
        target.className = "drawing live";
        button.remove();
      }).catch(failed);
    }
    button.addEventListener("click", function () {
      button.textContent = "Loading\u2026";
      button.disabled = true;
      load(figure.dataset.bundle, function () { load(figure.dataset.specs, draw, failed); }, failed);
    });
  }

  setUpTheme();
  setUpCopying();
  each(document.querySelectorAll("table.board"), setUpBoard);
  each(document.querySelectorAll("figure[data-chart]"), setUpChart);
})();
