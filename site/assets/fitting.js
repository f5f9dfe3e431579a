// What fits, and how it is written: the same formula and words as site/sitegen/fit.py and its page, for fit.js.
(function () {
  "use strict";

  const UNITS = [["GB", 1e9], ["MB", 1e6], ["kB", 1e3], ["bytes", 1]];

  // Text ----------------------------------------------------------------------------------------------------------

  function grouped(number) {
    return String(number).replace(/\B(?=(\d{3})+$)/g, ",");
  }

  function unitOf(bytes) {
    return UNITS.find(function (one) { return bytes >= one[1]; }) || UNITS[UNITS.length - 1];
  }

  function inUnit(bytes, unit) {
    return (Math.floor(bytes / unit[1] * 10 + 0.5) / 10).toFixed(1);
  }

  function sizeText(bytes) {
    const unit = unitOf(bytes);
    return inUnit(bytes, unit) + " " + unit[0];
  }

  // The three parts of what an entry needs, in the unit of their sum.
  function partsText(entry, question) {
    const unit = unitOf(entry.needed);
    const cache = entry.cache * question.context * question.batch;
    return [entry.weights, cache, entry.overhead].map(function (bytes) { return inUnit(bytes, unit); }).join(" + ");
  }

  function percentText(part, whole) {
    return Math.floor(part / whole * 100 + 0.5) + " %";
  }

  function withSpread(text, spread) {
    return (text + " " + spread).trim();
  }

  function counted(count, one, several) {
    return grouped(count) + " " + (count === 1 ? one : several);
  }

  // What fits -----------------------------------------------------------------------------------------------------

  function read(raw) {
    const entries = raw.entries.map(function (values) {
      const entry = {};
      raw.fields.forEach(function (field, place) { entry[field] = values[place]; });
      entry.text = (entry.name.replace("--", "/") + " " + entry.model).toLowerCase();
      return entry;
    });
    return { hardware: raw.hardware, commands: raw.commands, entries: entries };
  }

  function holds(entry, question) {
    return entry.context === null || question.context <= entry.context;
  }

  function sorted(entries, question) {
    const found = { fits: [], over: [], unmeasured: [], best: null, leader: null, tied: [] };
    entries.forEach(function (entry) {
      if (!question.words.every(function (word) { return entry.text.indexOf(word) >= 0; })) return;
      if (entry.weights === null) return found.unmeasured.push(entry);
      entry.needed = entry.weights + entry.cache * question.context * question.batch + entry.overhead;
      found[entry.needed <= question.size ? "fits" : "over"].push(entry);
    });
    const ranked = found.fits.filter(function (entry) { return entry.group !== null && holds(entry, question); });
    found.best = ranked[0] || null;
    found.leader = entries.find(function (entry) { return found.best && entry.group === found.best.group; }) || null;
    found.tied = ranked.filter(function (entry) { return entry.group === ranked[0].group; });
    return found;
  }

  // What is said of the best's tie group, as texts and entries: each was compared with the group's leader alone.
  function ties(found) {
    const others = found.tied.length - 1;
    if (others < 1) return [];
    const fit = counted(others, "other that fits", "others that fit");
    if (found.leader !== found.best) {
      return ["In one tie group with " + fit + ": " + (others === 1 ? "neither" : "none of them") +
        " is told from the group's best, ", found.leader, ", but they aren't compared with each other."];
    }
    const said = "Tied with " + fit + ": " + (others === 1 ? "it isn't" : "none is") +
      " shown to differ from the best in score.";
    const smallest = found.tied.reduce(function (one, other) { return other.needed < one.needed ? other : one; });
    if (smallest === found.best) return [said + " The best needs least of them."];
    return [said + " Of these ", smallest, " needs least, " + sizeText(smallest.needed) + "."];
  }

  // Where the overhead was measured, as far as a reader must know it.
  function overheadText(entry, question, hardware, far) {
    const where = hardware ? ["on " + hardware] : [];
    if (question.context * question.batch > far * entry.tokens) {
      where.push("at " + counted(entry.tokens, "token", "tokens"));
    }
    return where.length ? "overhead measured " + where.join(", ") : "";
  }

  function fault(question) {
    if (!(question.memory > 0) || !isFinite(question.memory)) return "Give the memory as a number above 0.";
    if (!(question.context >= 1) || question.context % 1) return "Give the context as a whole number of tokens.";
    if (!(question.batch >= 1) || question.batch % 1) return "Give the sequences as a whole number.";
    return "";
  }

  function outcome(entry, question, tightShare) {
    const free = question.size - entry.needed;
    const said = ["score " + withSpread(entry.score, entry.spread) + " %"];
    if (entry.retention) said.push("retention " + withSpread(entry.retention, entry.retentionSpread) + " %");
    const tight = free < tightShare * question.size ? ", which is tight" : "";
    const left = sizeText(free) + " (" + percentText(free, question.size) + ") free" + tight;
    return said.concat("needs " + sizeText(entry.needed) + ", " + left).join(", ");
  }

  window.quantboardFitting = {
    grouped, sizeText, partsText, percentText, counted, read, holds, sorted, ties, overheadText, fault, outcome,
  };
})();
