// The board: sorts, filters, searches, pages and pins rows, whose data is loaded when the reader first asks for
// something or the address holds a state. All of the state is in the address.
(function () {
  "use strict";

  const quantboard = window.quantboard;
  const form = document.getElementById("filters");
  const table = document.getElementById("board");
  if (!form || !table) return;

  const PAGE = 200;
  const FIRST = 30; // rows that are drawn at once, more than a window holds; the others follow after the next paint
  const PINS = 4;
  const FILTERS = ["family", "method", "bits", "licence", "source", "hardware", "disk"].filter(name => form.elements[name]);
  const body = table.tBodies[0];
  const served = Array.from(body.rows);
  const heads = Array.from(table.querySelectorAll("th[data-key]"));
  const toggles = Array.from(form.querySelectorAll("fieldset input"));
  const weights = Array.from(document.querySelectorAll("#weights input"));
  const shown = document.getElementById("shown");
  const told = document.getElementById("told");
  const state = { sort: "", way: "", page: 0, pins: [] };
  const rows = []; // their elements, by place on the board, made when they are first shown
  let data = null;
  let draw, finder, compare, found;

  const count = number => number.toLocaleString("en");
  const headOf = key => heads.find(head => head.dataset.key === key);

  // Data ------------------------------------------------------------------------------------------------------------

  // Call `act` with the data at hand; the address may lead to a script that isn't there.
  function ready(act) {
    if (data) return act();
    quantboard.load(form.dataset.rows, () => { if (!data) begin(); act(); }, () => {
      shown.textContent = "The rows couldn't be loaded; reload the page to try again.";
    });
  }

  function begin() {
    data = window.quantboardRows;
    draw = quantboard.drawer(data, form.dataset.root);
    finder = quantboard.finder(data);
    compare = quantboard.comparer(data, draw, form.dataset.root, unpin);
    served.forEach((row, at) => keep(row, at));
    found = finder.find("", {});
  }

  function keep(row, at) {
    row.at = at;
    row.scores = null;
    row.pin = row.querySelector(".pin");
    rows[at] = row;
    return row;
  }

  // The score by a reader's own weights -----------------------------------------------------------------------------

  let own = null; // scores by own weights, by row; null: the board's

  function weightOf(input) {
    const given = input.value.trim() === "" ? NaN : Number(input.value);
    return given >= 0 && given <= 100 ? given : 0;
  }

  function weighed(given) {
    const total = given.reduce((sum, one) => sum + one, 0);
    const mean = shares => shares.reduce((sum, share, place) => sum + share * given[place], 0) / total;
    return data.shares.map(shares => (shares && total ? mean(shares) : null));
  }

  // Equal weights bring the board's own scores back. Other ones give plain numbers, since intervals, ranks and ties
  // aren't known for them.
  function weigh() {
    const given = weights.map(weightOf);
    const total = given.reduce((sum, one) => sum + one, 0);
    const equal = total > 0 && given.every(one => one === given[0]);
    own = equal ? null : weighed(given);
    finder.setScores(own);
    table.classList.toggle("reweighed", !equal);
    document.getElementById("weighed").textContent = equal ? "" :
      !total ? "Give at least one benchmark a weight above 0." :
        "Scores by your weights, without intervals; ranks, ties and “nothing smaller is better” are hidden.";
  }

  function showScore(row, at) {
    if (row.scores === own || !data.shares[at]) return;
    row.scores = own;
    const place = headOf("score").cellIndex;
    const cell = row.cells[place];
    if (!own) row.replaceChild(draw.cell(data.heads[place], at), cell);
    else cell.textContent = own[at] === null ? "\u2013" : own[at].toFixed(1).replace("-", "\u2212");
  }

  // Rows in view ----------------------------------------------------------------------------------------------------

  function rowAt(at) {
    const row = rows[at] || keep(draw.row(at), at);
    showScore(row, at);
    row.pin.checked = state.pins.includes(at);
    return row;
  }

  // Draw the page of rows in view; `waiting` is what is still to be drawn.
  let waiting = null;

  function paint() {
    const last = Math.max(Math.ceil(found.rows.length / PAGE) - 1, 0);
    state.page = Math.min(state.page, last);
    const first = state.page * PAGE;
    const part = found.rows.slice(first, first + PAGE);
    body.replaceChildren(...part.slice(0, FIRST).map(rowAt));
    paintPages(first, part.length, last);
    afterPaint(part.slice(FIRST));
  }

  function afterPaint(rest) {
    window.clearTimeout(waiting);
    const act = () => {
      body.append(...rest.map(rowAt));
      greyOut();
    };
    if (!rest.length) return act();
    window.requestAnimationFrame(() => { waiting = window.setTimeout(act, 50); });
  }

  function paintPages(first, length, last) {
    const pages = document.getElementById("pages");
    if (!pages) return; // all rows of the board fit into one
    const step = (text, by) => {
      const made = quantboard.node("button", "small", text);
      made.type = "button";
      made.disabled = by < 0 ? state.page === 0 : state.page === last;
      made.addEventListener("click", () => turn(by));
      return made;
    };
    const text = (length ? count(first + 1) + "\u2013" + count(first + length) : "0") + " of " + count(found.rows.length);
    pages.replaceChildren(step("Previous", -1), quantboard.node("span", "", text), step("Next", 1));
  }

  function turn(by) {
    state.page += by;
    paint();
    remember();
    told.textContent = "Page " + (state.page + 1);
    table.parentNode.scrollIntoView({ block: "start" });
    const [previous, next] = document.querySelectorAll("#pages button");
    const wanted = by < 0 ? previous : next;
    (wanted.disabled ? (by < 0 ? next : previous) : wanted).focus({ preventScroll: true });
  }

  function filters() {
    const chosen = {};
    FILTERS.forEach(name => { chosen[name] = form.elements[name].value; });
    return chosen;
  }

  function greyOut() {
    FILTERS.filter(name => name !== "disk").forEach(name => {
      const options = form.elements[name].options;
      found.possible[name].forEach((possible, place) => {
        const option = options[place + 1];
        if (option.disabled === possible) option.disabled = !possible;
      });
    });
  }

  // Find, order and paint everything anew.
  function update() {
    const byWeights = own && !state.sort;
    const key = byWeights ? "score" : state.sort;
    const way = byWeights ? "higher" : state.way;
    finder.sort(key, way);
    found = finder.find(form.elements.q.value, filters());
    heads.forEach(head => {
      if (head.dataset.key !== key) head.removeAttribute("aria-sort");
      else head.setAttribute("aria-sort", way === "higher" ? "descending" : "ascending");
    });
    shown.textContent = count(found.rows.length) + " of " + count(finder.total) + (finder.total === 1 ? " entry" : " entries");
    paint();
  }

  // Pins ------------------------------------------------------------------------------------------------------------

  function pin(box, at) {
    if (box.checked && state.pins.length === PINS) {
      box.checked = false;
      told.textContent = "Four entries are pinned already; unpin one first.";
      document.querySelector(".tray").classList.add("full");
      return;
    }
    setPins(box.checked ? state.pins.concat(at) : state.pins.filter(one => one !== at));
  }

  function setPins(pins) {
    state.pins = pins;
    compare(pins);
    Array.from(body.rows).forEach(row => { row.pin.checked = pins.includes(row.at); });
    told.textContent = pins.length ? pins.length + " of " + PINS + " pinned" : "Nothing is pinned";
    remember();
  }

  function unpin(at) {
    setPins(at === null ? [] : state.pins.filter(one => one !== at));
    (document.querySelector(".tray:not([hidden]) button") || form.elements.q).focus();
  }

  // The address -----------------------------------------------------------------------------------------------------

  const written = text => encodeURIComponent(text).replace(/%(2F|2C|3A|3B|3C|3E|3D|40)/g, decodeURIComponent).replace(/%20/g, "+");

  function remember() {
    const parts = [];
    const put = (name, value) => { if (value) parts.push(name + "=" + written(value)); };
    const changed = toggles.filter(one => one.checked !== one.defaultChecked);
    const values = list => list.map(one => one.value).join(",");
    put("q", form.elements.q.value);
    FILTERS.forEach(name => put(name, form.elements[name].value));
    put("sort", state.sort && state.sort + (state.way === headOf(state.sort).dataset.way ? "" : ".reversed"));
    put("page", state.page ? String(state.page + 1) : "");
    put("show", values(changed.filter(one => one.checked)));
    put("hide", values(changed.filter(one => !one.checked)));
    put("pin", state.pins.map(at => data.entries[at]).join(","));
    put("weights", weights.filter(one => one.value !== one.defaultValue)
      .map(one => one.name.replace("weight.", "") + ":" + one.value).join(","));
    const place = window.location;
    window.history.replaceState(null, "", place.pathname + (parts.length ? "?" + parts.join("&") : "") + place.hash);
  }

  function recallColumns(given) {
    const listed = name => (given.get(name) || "").split(",");
    toggles.forEach(one => {
      one.checked = one.defaultChecked ? !listed("hide").includes(one.value) : listed("show").includes(one.value);
    });
  }

  function recallSort(said) {
    const reversed = said.endsWith(".reversed");
    const key = reversed ? said.slice(0, -".reversed".length) : said;
    const head = headOf(key);
    if (!head) return;
    state.sort = key;
    state.way = reversed ? quantboard.OPPOSITE[head.dataset.way] : head.dataset.way;
  }

  function recallWeights(said) {
    said.split(",").forEach(one => {
      const [name, value] = one.split(":");
      const input = weights.find(other => other.name === "weight." + name);
      if (input && value !== undefined) input.value = value;
    });
    if (said) document.getElementById("weights").open = true;
  }

  function recall(given) {
    const said = name => given.get(name) || "";
    form.elements.q.value = said("q");
    FILTERS.forEach(name => {
      form.elements[name].value = said(name);
      if (form.elements[name].selectedIndex === -1) form.elements[name].value = "";
    });
    recallSort(said("sort"));
    recallWeights(said("weights"));
    state.page = Math.max(Math.floor(Number(said("page"))) - 1, 0) || 0;
    const pinned = said("pin").split(",").map(name => data.entries.indexOf(name)).filter(at => at >= 0);
    state.pins = Array.from(new Set(pinned)).slice(0, PINS);
    weigh();
    update();
    compare(state.pins);
    remember();
  }

  // CSV -------------------------------------------------------------------------------------------------------------

  const quoted = text => (/[",\r\n]/.test(text) ? '"' + text.replace(/"/g, '""') + '"' : text);

  // Return the rows in view, of all pages, with the groups of columns in view; the cells are the CSV file's.
  function csv(file) {
    const hidden = toggles.filter(one => !one.checked).map(one => one.value);
    const kept = file.header.map((_, place) => place).filter(place => !hidden.includes(file.groups[place]));
    const line = (cells, more) => kept.map(place => quoted(cells[place])).concat(more).join(",") + "\r\n";
    const mine = at => (own ? [own[at] === null ? "" : String(Number(own[at].toFixed(6)))] : []);
    return line(file.header, own ? ["score_by_own_weights_percent"] : []) +
      found.rows.map(at => line(file.rows[at], mine(at))).join("");
  }

  function saveCsv() {
    const link = quantboard.node("a");
    link.href = URL.createObjectURL(new Blob([csv(window.quantboardCsv)], { type: "text/csv" }));
    link.download = data.suite + ".csv";
    link.click();
    window.setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  // What the reader does --------------------------------------------------------------------------------------------

  function sortBy(head) {
    const best = head.dataset.way;
    const again = state.sort === head.dataset.key && state.way === best;
    state.sort = head.dataset.key;
    state.way = again ? quantboard.OPPOSITE[best] : best;
    state.page = 0;
    update();
    remember();
    const order = { higher: "highest first", lower: "lowest first", zero: "closest to 0 first" }[state.way];
    told.textContent = "Sorted by " + head.querySelector("button").textContent + ", " + order;
  }

  function setUpHead(head) {
    const label = head.querySelector(".label");
    const button = quantboard.node("button");
    button.type = "button";
    button.append(...label.childNodes);
    label.appendChild(button);
    button.addEventListener("click", () => ready(() => sortBy(head)));
  }

  function setUpFilters() {
    form.addEventListener("input", event => {
      if (toggles.includes(event.target)) return remember();
      ready(() => {
        state.page = 0;
        update();
        remember();
      });
    });
    form.addEventListener("submit", event => event.preventDefault());
    form.addEventListener("reset", () => window.setTimeout(() => ready(() => {
      Object.assign(state, { sort: "", way: "", page: 0 });
      weigh();
      update();
      remember();
    })));
    const more = document.getElementById("more");
    more.addEventListener("click", () => {
      more.setAttribute("aria-expanded", String(form.classList.toggle("open")));
    });
  }

  function reweigh() {
    ready(() => { weigh(); update(); remember(); });
  }

  function setUpWeights() {
    document.getElementById("weights").addEventListener("input", reweigh);
    document.getElementById("equal").addEventListener("click", () => {
      weights.forEach(input => { input.value = input.defaultValue; });
      reweigh();
    });
  }

  function setUpRows() {
    body.addEventListener("change", event => {
      ready(() => pin(event.target, event.target.closest("tr").at));
    });
    const pages = document.getElementById("pages");
    if (pages) {
      pages.addEventListener("click", event => {
        const link = event.target.closest("a");
        if (!link) return;
        event.preventDefault();
        ready(() => turn(1));
      });
    }
  }

  heads.forEach(setUpHead);
  setUpFilters();
  setUpWeights();
  setUpRows();
  document.getElementById("csv").addEventListener("click", () => {
    ready(() => quantboard.load(form.dataset.csv, saveCsv));
  });
  form.addEventListener("focusin", () => ready(() => {}), { once: true });

  // Some browsers keep what was checked before a reload; the address alone says it here.
  served.forEach(row => { row.querySelector(".pin").checked = false; });
  const given = new URLSearchParams(window.location.search);
  recallColumns(given);
  if (window.location.search.length > 1) ready(() => recall(given));
})();
