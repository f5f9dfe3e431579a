// Lists what fits into a reader's memory; its state is in the address. The same formula as site/sitegen/fit.py. The
// figures of a suite come as one classic script, loaded when it is asked for, so that it works from file://.
(function () {
  "use strict";

  const GIGABYTE = 1e9;
  const GIBIBYTE = 1073741824;
  const { grouped, sizeText, partsText, percentText, counted, read, holds, sorted, ties, overheadText, fault, outcome } =
    window.quantboardFitting;
  const MODEL = /^[A-Za-z0-9][A-Za-z0-9._-]{0,95}\/[A-Za-z0-9][A-Za-z0-9._-]{0,95}$/;
  const REVISION = /^[0-9a-f]{40}$/;

  const form = document.getElementById("fit");
  if (!form) return;
  const fields = form.elements;
  const TIGHT = Number(document.getElementById("lists").dataset.tight); // share of the memory
  const FAR = Number(document.getElementById("lists").dataset.far); // times the probe's tokens
  const SHOWN = document.getElementById("lists").dataset; // most rows of each list
  const root = document.querySelector(".brand").getAttribute("href").replace(/index\.html$/, "");
  const defaults = {};
  const parts = Array.from(document.querySelectorAll(".part"));
  let chosen = ""; // entry whose command is shown; empty for the best
  let data = null;

  // Parts of the page ---------------------------------------------------------------------------------------------

  function element(tag, className, text) {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function fill(place, nodes) {
    place.textContent = "";
    nodes.forEach(function (node) {
      place.appendChild(typeof node === "string" ? document.createTextNode(node) : node);
    });
  }

  function family(entry) {
    return entry.name.split("/")[0].replace("--", "/");
  }

  function variant(entry) {
    return entry.name.split("/").slice(1).join("/");
  }

  function link(entry, text, className) {
    const made = element("a", className, text);
    made.href = root + "entries/" + entry.name.split("/").map(encodeURIComponent).join("/") + "/index.html";
    return made;
  }

  function fullLink(entry) {
    return link(entry, family(entry) + " " + variant(entry));
  }

  // What is asked -------------------------------------------------------------------------------------------------

  function asked() {
    const memory = Number(fields.memory.value);
    const context = Number(fields.context.value);
    const batch = Number(fields.batch.value);
    const card = fields.gpu.selectedOptions[0];
    return {
      memory: memory,
      size: memory * (fields.unit.value === "GiB" ? GIBIBYTE : GIGABYTE),
      context: context,
      batch: batch,
      words: fields.q.value.toLowerCase().split(/\s+/).filter(Boolean),
      card: card.dataset.name || "",
      hardware: (card.dataset.hardware || "").split(" "),
    };
  }

  function memoryText(question) {
    const unit = fields.unit.value;
    const text = question.memory + " " + unit;
    const decimal = unit === "GiB" ? " (" + sizeText(question.size) + ")" : "";
    return text + decimal + (question.card ? " of a " + question.card.replace(/ \d+ GB$/, "") : "");
  }

  function lengthText(question) {
    const tokens = counted(question.context, "token", "tokens");
    return question.batch > 1 ? tokens + " \u00d7 " + grouped(question.batch) + " sequences" : tokens;
  }

  // The answer ----------------------------------------------------------------------------------------------------

  function tiesText(found) {
    return ties(found).map(function (one) { return typeof one === "string" ? one : fullLink(one); });
  }

  function nothing(found, question) {
    if (!found.fits.length && !found.over.length) {
      return question.words.length ? "No entry with these words has its memory measured." :
        "The memory of no entry of this suite is measured yet.";
    }
    return "Nothing ranked fits " + memoryText(question) + " at " + lengthText(question) + ".";
  }

  function passedOver(found, question) {
    const first = found.fits.find(function (entry) { return entry.group !== null; });
    if (!first || first === found.best) return [];
    return [" ", fullLink(first), " fits too, but its model takes " + counted(first.context, "token", "tokens") + " only."];
  }

  function answer(found, question) {
    const part = current();
    const best = found.best;
    const said = best ? [
      "Best that fits " + memoryText(question) + " at " + lengthText(question) + ": ",
      fullLink(best),
      ", " + outcome(best, question, TIGHT) + ".",
    ] : [nothing(found, question)];
    fill(part.querySelector(".best"), said);
    fill(part.querySelector(".ties"), tiesText(found).concat(passedOver(found, question)));
  }

  // The command ---------------------------------------------------------------------------------------------------

  function refusal(entry) {
    if (!entry) return "No entry is chosen.";
    if (entry.refusal) return entry.refusal;
    return MODEL.test(entry.model) && REVISION.test(entry.revision) ? "" :
      "Its model's name or revision isn't one of the Hugging Face Hub's.";
  }

  function command(entry, name, question) {
    const values = {
      MODEL: entry.model, REVISION: entry.revision, DTYPE: entry.dtype,
      CONTEXT: holds(entry, question) ? question.context : entry.context, BATCH: question.batch,
    };
    return data.commands[name].replace(/\{([A-Z]+)\}/g, function (_, key) { return values[key]; });
  }

  function showCommands(found, question) {
    const picked = data.entries.find(function (entry) { return entry.name === chosen; });
    const entry = picked || found.best;
    const run = current().querySelector(".run");
    const reason = refusal(entry);
    run.querySelector("summary").textContent = entry ? "Run " + family(entry) + " " + variant(entry) : "Run it";
    run.querySelector(".refusal").textContent = reason;
    run.querySelector(".refusal").hidden = !reason;
    run.querySelectorAll(".engine").forEach(function (block) {
      const name = reason ? "" : entry[block.dataset.engine];
      block.hidden = !name;
      block.querySelector("code").textContent = name ? command(entry, name, question) : "";
      const button = block.querySelector("button");
      if (button) button.textContent = "Copy";
    });
    return entry;
  }

  function choose(entry) {
    chosen = entry.name;
    update();
    const run = current().querySelector(".run");
    run.open = true;
    run.querySelector("summary").focus();
    run.scrollIntoView({ block: "nearest" });
  }

  // The lists -----------------------------------------------------------------------------------------------------

  function nameCell(entry, question, found) {
    const cell = element("th");
    cell.scope = "row";
    const nodes = [link(entry, variant(entry), "variant"), element("span", "family", family(entry))];
    if (entry === found.best) nodes.push(element("span", "tied", "best that fits"));
    else if (found.tied.indexOf(entry) >= 0) nodes.push(element("span", "tied", "same tie group"));
    if (entry.status !== "ranked") nodes.push(element("span", "apart", entry.status));
    if (!holds(entry, question)) {
      nodes.push(element("span", "apart", "takes " + counted(entry.context, "token", "tokens") + " only"));
    }
    fill(cell, nodes);
    return cell;
  }

  function figureCell(text, spread) {
    const cell = element("td", "num", text ? text + " " : "");
    if (!text) cell.appendChild(element("span", "none", "\u2013"));
    else if (spread) cell.appendChild(element("span", "pm", spread));
    return cell;
  }

  function needsCell(entry, question, commonest) {
    const cell = element("td", "num", sizeText(entry.needed));
    const elsewhere = entry.hardware === commonest ? "" : data.hardware[entry.hardware];
    const where = overheadText(entry, question, elsewhere, FAR);
    cell.appendChild(element("span", "parts", partsText(entry, question)));
    if (where) cell.appendChild(element("span", "parts", where));
    return cell;
  }

  function freeCell(entry, question) {
    const free = question.size - entry.needed;
    const cell = element("td", "num", sizeText(free) + " ");
    cell.appendChild(element("span", "pm", percentText(free, question.size)));
    if (free < TIGHT * question.size) cell.appendChild(element("span", "apart", "tight"));
    return cell;
  }

  function runCell(entry) {
    const cell = element("td");
    const button = element("button", "small", "Command");
    button.type = "button";
    button.setAttribute("aria-label", "Command that runs " + family(entry) + " " + variant(entry));
    button.addEventListener("click", function () { choose(entry); });
    cell.appendChild(button);
    return cell;
  }

  function groupCell(entry) {
    return figureCell(entry.group === null ? "" : String(entry.group), "");
  }

  function fitsRow(entry, view) {
    return [
      nameCell(entry, view.question, view.found),
      figureCell(entry.score, entry.spread),
      figureCell(entry.retention, entry.retentionSpread),
      needsCell(entry, view.question, view.commonest),
      freeCell(entry, view.question),
      figureCell(entry.speeds[view.hardware] || "", ""),
      groupCell(entry),
      runCell(entry),
    ];
  }

  function overRow(entry, view) {
    return [
      nameCell(entry, view.question, view.found),
      figureCell(entry.score, entry.spread),
      figureCell(entry.retention, entry.retentionSpread),
      needsCell(entry, view.question, view.commonest),
      element("td", "num by", sizeText(entry.needed - view.question.size)),
      groupCell(entry),
    ];
  }

  function unmeasuredRow(entry, view) {
    return [
      nameCell(entry, view.question, view.found),
      figureCell(entry.score, entry.spread),
      element("td", "", entry.missing),
    ];
  }

  function rows(table, entries, most, make, view) {
    const body = document.createElement("tbody");
    entries.slice(0, most).forEach(function (entry) {
      const row = document.createElement("tr");
      if (entry === view.shown) row.setAttribute("aria-current", "true");
      make(entry, view).forEach(function (cell) { row.appendChild(cell); });
      body.appendChild(row);
    });
    table.replaceChild(body, table.tBodies[0]);
  }

  function cutText(count, most) {
    return count > Number(most) ? " The first " + most + " are shown; narrow them with a word." : "";
  }

  function lists(view) {
    const found = view.found;
    const on = data.hardware[view.hardware];
    const measuredOn = data.hardware[view.commonest];
    document.getElementById("fits-title").textContent =
      counted(found.fits.length, "entry fits", "entries fit") + " " + memoryText(view.question);
    document.getElementById("fits-note").textContent =
      "Best first; entries of one tie group aren't told from its best, so the order within it says little." +
      (measuredOn ? " Overhead measured on " + measuredOn + " unless another is named." : "") +
      (on ? " Speed of one sequence on " + on + "." : "") + cutText(found.fits.length, SHOWN.fits);
    rows(document.getElementById("fits"), found.fits, SHOWN.fits, fitsRow, view);
    further("over", "doesn't fit", "don't fit", overRow, view);
    further("unmeasured", "isn't measured", "aren't measured", unmeasuredRow, view);
    document.getElementById("lists").hidden = false;
  }

  function further(name, one, several, make, view) {
    const block = document.getElementById(name);
    const entries = view.found[name];
    block.hidden = !entries.length;
    block.querySelector("summary").textContent = counted(entries.length, "entry " + one, "entries " + several);
    document.getElementById(name + "-note").textContent =
      (name === "over" ? "Best first, with the memory that is missing." : "Without these figures nothing can be said.") +
      cutText(entries.length, SHOWN[name]);
    rows(block.querySelector("table"), block.open ? entries : [], SHOWN[name], make, view);
  }

  // The hardware whose speeds are shown: the chosen card where something was measured on it, else the commonest.
  function speedHardware(question) {
    const own = data.hardware.findIndex(function (name) { return question.hardware.indexOf(name) >= 0; });
    return Math.max(own, 0);
  }

  function update() {
    const question = asked();
    const wrong = fault(question);
    document.getElementById("lists").hidden = Boolean(wrong) || !data;
    remember();
    if (wrong) {
      fill(current().querySelector(".best"), [wrong]);
      fill(current().querySelector(".ties"), []);
      return;
    }
    if (!data) return;
    const found = sorted(data.entries, question);
    answer(found, question);
    const shown = showCommands(found, question);
    lists({ question: question, found: found, shown: shown, commonest: 0, hardware: speedHardware(question) });
  }

  // State ---------------------------------------------------------------------------------------------------------

  function current() {
    return parts.find(function (part) { return part.dataset.suite === fields.suite.value; });
  }

  function show() {
    parts.forEach(function (part) { part.hidden = part.dataset.suite !== fields.suite.value; });
    const suite = fields.suite.value;
    const known = (window.quantboardFit || {})[suite];
    if (known) {
      data = read(known);
      return update();
    }
    data = null;
    update();
    const script = document.createElement("script");
    script.src = current().dataset.specs;
    script.onload = function () { if (fields.suite.value === suite) show(); };
    script.onerror = function () { fill(current().querySelector(".ties"), ["The list couldn't be loaded."]); };
    document.head.appendChild(script);
  }

  const NAMES = ["suite", "gpu", "memory", "unit", "context", "batch", "q"];

  function remember() {
    const state = new URLSearchParams();
    NAMES.forEach(function (name) {
      const implied = name === "gpu" && fields.gpu.selectedOptions[0].dataset.name === undefined;
      if (fields[name].value !== defaults[name] && !implied) state.set(name, fields[name].value);
    });
    if (chosen) state.set("entry", chosen);
    const text = state.toString();
    window.history.replaceState(null, "", (text ? "?" + text : window.location.pathname) + window.location.hash);
  }

  function recall() {
    const state = new URLSearchParams(window.location.search);
    NAMES.forEach(function (name) {
      if (!state.has(name)) return;
      const options = name === "suite" ? parts.map(function (part) { return { value: part.dataset.suite }; }) :
        fields[name].options;
      const known = !options || Array.from(options).some(function (one) { return one.value === state.get(name); });
      if (known) fields[name].value = state.get(name);
    });
    if (!state.has("gpu")) matchSize();
    chosen = state.get("entry") || "";
  }

  // Let the list of sizes say what the field says; a figure that no size has is the reader's own.
  function matchSize() {
    const own = fields.unit.value === "GB" ? String(Number(fields.memory.value)) : "";
    const known = Array.from(fields.gpu.options).some(function (one) { return one.value === own; });
    fields.gpu.value = known ? own : "";
  }

  function changed(event) {
    const name = event.target.name;
    if (name === "gpu" && fields.gpu.value) {
      fields.memory.value = fields.gpu.selectedOptions[0].dataset.gb;
      fields.unit.value = "GB";
    }
    if (name === "memory" || (name === "unit" && fields.gpu.selectedOptions[0].dataset.name === undefined)) matchSize();
    if (name !== "q") chosen = "";
    if (name === "suite") show();
    else update();
  }

  NAMES.forEach(function (name) { defaults[name] = fields[name].value; });
  form.addEventListener("input", changed);
  ["over", "unmeasured"].forEach(function (name) {
    document.getElementById(name).addEventListener("toggle", update); // closed lists have no rows
  });
  form.addEventListener("submit", function (event) { event.preventDefault(); });
  form.addEventListener("reset", function () {
    chosen = "";
    window.setTimeout(show);
  });
  recall();
  show();
})();
