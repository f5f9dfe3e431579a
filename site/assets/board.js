// The board: sorts, filters, searches, pages and pins rows, whose data is loaded when the reader first asks for
// something or the address holds a state. All of the state is in the address.
(function () {
  "use strict";

  const quantboard = window.quantboard;
  const form = document.getElementById("filters");
  const table = document.getElementById("board");
  if (!form || !table) return;

  const PAGE = Number(form.dataset.step); // rows in the document
  const FIRST = 30; // rows that are drawn at once, more than a window holds; the others follow after the next paint
  const PINS = 4;
  const WAYS = {
    higher: "highest first", lower: "lowest first", zero: "closest to 0 first", far: "farthest from 0 first"
  };
  const FILTERS = ["family", "method", "bits", "licence", "source", "hardware", "disk"].filter(name => form.elements[name]);
  const body = table.tBodies[0];
  const later = document.getElementById("later"); // rows that are laid out when the reader first moves
  const standing = () => Array.from(table.querySelectorAll("tbody tr"));
  const served = standing();
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
    quantboard.load(form.dataset.rows, () => { if (!data) begin(); act(); }, missing);
  }

  function missing() {
    shown.textContent = "The rows couldn't be loaded: the board may have changed. Reload the page.";
  }

  function begin() {
    data = window.quantboardRows;
    draw = quantboard.drawer(data, form.dataset.root);
    finder = quantboard.finder(data);
    compare = quantboard.comparer(data, draw, cellOf, form.dataset.root, PINS, unpin);
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

  // A cell as the reader's weights leave it: another score, and no rank.
  function cellOf(head, at) {
    const cell = draw.cell(head, at);
    if (own && head.key === "score" && data.shares[at]) {
      cell.textContent = own[at] === null ? "\u2013" : own[at].toFixed(1).replace("-", "\u2212");
    }
    if (own && head.kind === "rank") cell.textContent = "\u2013";
    return cell;
  }

  function showScore(row, at) {
    if (row.scores === own || !data.shares[at]) return;
    row.scores = own;
    const place = headOf("score").cellIndex;
    row.replaceChild(cellOf(data.heads[place], at), row.cells[place]);
  }

  // Rows in view ----------------------------------------------------------------------------------------------------

  function rowAt(at) {
    const row = rows[at] || keep(draw.row(at), at);
    showScore(row, at);
    row.pin.checked = state.pins.includes(at);
    return row;
  }

  // Draw the page of rows in view. A later paint ends what an earlier one has still to draw.
  let paints = 0;

  function paint() {
    const last = Math.max(Math.ceil(found.rows.length / PAGE) - 1, 0);
    state.page = Math.min(state.page, last);
    const first = state.page * PAGE;
    const part = found.rows.slice(first, first + PAGE);
    body.replaceChildren(...part.slice(0, FIRST).map(rowAt));
    if (later) later.remove();
    paintPages(first, part.length, last);
    afterPaint(part.slice(FIRST));
  }

  function afterPaint(rest) {
    const mine = ++paints;
    const act = () => {
      if (mine !== paints) return;
      body.append(...rest.map(rowAt));
      greyOut();
    };
    if (!rest.length) return act();
    window.requestAnimationFrame(() => { window.setTimeout(act, 50); });
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

  // Return the column and the way in which rows are sorted: by one's own weights, unless another was asked for.
  function order() {
    return own && !state.sort ? ["score", "higher"] : [state.sort, state.way];
  }

  // Find, order and paint everything anew.
  function update() {
    const [key, way] = order();
    finder.sort(key, way);
    found = finder.find(form.elements.q.value, filters());
    heads.forEach(head => {
      if (head.dataset.key !== key) head.removeAttribute("aria-sort");
      else head.setAttribute("aria-sort", way === "higher" || way === "far" ? "descending" : "ascending");
    });
    shown.textContent = count(found.rows.length) + " of " + count(finder.total) + (finder.total === 1 ? " entry" : " entries");
    paint();
  }

  // Pins ------------------------------------------------------------------------------------------------------------

  // `wanted` is what the box said when it was clicked; rows may have been painted anew since.
  function pin(at, wanted) {
    const others = state.pins.filter(one => one !== at);
    const full = wanted && others.length === PINS;
    setPins(full ? state.pins : wanted ? others.concat(at) : others, full && PINS + " entries are pinned already; unpin one first");
  }

  function setPins(pins, refusal) {
    state.pins = pins;
    compare(pins, refusal);
    standing().forEach(row => { row.pin.checked = pins.includes(row.at); });
    told.textContent = refusal || (pins.length ? pins.length + " of " + PINS + " pinned" : "Nothing is pinned");
    remember();
  }

  function unpin(at) {
    setPins(at === null ? [] : state.pins.filter(one => one !== at));
    (document.querySelector(".tray:not([hidden]) button") || form.elements.q).focus();
  }

  // The address -----------------------------------------------------------------------------------------------------

  const address = quantboard.address(form, { filters: FILTERS, heads: heads, toggles: toggles, weights: weights });

  let written = window.location.search; // the query that this page put into the address

  function remember() {
    const way = state.sort && state.way !== headOf(state.sort).dataset.way ? ".reversed" : "";
    written = address.write({ sort: state.sort, way: way, page: state.page, pins: state.pins.map(at => data.entries[at]) });
  }

  function recallSort(said) {
    const reversed = said.endsWith(".reversed");
    const head = headOf(address.columnKey(reversed ? said.slice(0, -".reversed".length) : said));
    state.sort = head ? head.dataset.key : "";
    state.way = !head ? "" : reversed ? quantboard.OPPOSITE[head.dataset.way] : head.dataset.way;
  }

  // What needs the rows; columns, fields and weights were recalled at once.
  function recall(given) {
    const said = name => given.get(name) || "";
    recallSort(said("sort"));
    state.page = Math.max(Math.floor(Number(said("page"))) - 1, 0) || 0;
    const pinned = said("pin").split(",").map(name => data.entries.indexOf(name)).filter(at => at >= 0);
    state.pins = Array.from(new Set(pinned)).slice(0, PINS);
    weigh();
    update();
    compare(state.pins);
    remember();
  }

  // CSV -------------------------------------------------------------------------------------------------------------

  const EQUAL = /^(score_|tie_group$|rank_|front_)/; // columns that hold for equal weights alone
  const quoted = text => (/[",\r\n]/.test(text) ? '"' + text.replace(/"/g, '""') + '"' : text);

  // Return the rows in view, of all pages, with the groups of columns in view; the cells are the CSV file's.
  function csv(file) {
    const hidden = toggles.filter(one => !one.checked).map(one => one.value);
    const held = place => !hidden.includes(file.groups[place]) && !(own && EQUAL.test(file.header[place]));
    const kept = file.header.map((_, place) => place).filter(held);
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
    const [key, way] = order();
    const again = key === head.dataset.key && way === best;
    state.sort = head.dataset.key;
    state.way = again ? quantboard.OPPOSITE[best] : best;
    state.page = 0;
    update();
    remember();
    told.textContent = "Sorted by " + head.querySelector("button").textContent + ", " + WAYS[state.way];
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
      if (toggles.includes(event.target)) return ready(remember);
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
      compare(state.pins);
      remember();
    })));
    const more = document.getElementById("more");
    more.addEventListener("click", () => {
      more.setAttribute("aria-expanded", String(form.classList.toggle("open")));
    });
  }

  function reweigh() {
    ready(() => {
      weigh();
      update();
      compare(state.pins);
      remember();
    });
  }

  function setUpWeights() {
    document.getElementById("weights").addEventListener("input", reweigh);
    document.getElementById("equal").addEventListener("click", () => {
      weights.forEach(input => { input.value = input.defaultValue; });
      reweigh();
    });
  }

  function setUpRows() {
    table.addEventListener("change", event => {
      const [row, wanted] = [event.target.closest("tr"), event.target.checked];
      ready(() => pin(row.at, wanted));
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
    ready(() => quantboard.load(form.dataset.csv, saveCsv, missing));
  });
  form.addEventListener("focusin", () => ready(() => {}), { once: true });

  // Some browsers keep what was checked before a reload; the address alone says it here.
  served.forEach(row => { row.querySelector(".pin").checked = false; });
  function recallAll() {
    const given = new URLSearchParams(window.location.search);
    address.recallColumns(given);
    address.recallFields(given);
    if (data || window.location.search.length > 1) ready(() => recall(given));
  }

  recallAll();
  window.addEventListener("popstate", () => { if (window.location.search !== written) recallAll(); });
})();
