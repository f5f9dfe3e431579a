// Finds rows of a board's data: by a query of words and `field:value`, by filters, in the order of a column.
(function () {
  "use strict";

  const TERM = /(?:"[^"]*"|[^\s"])+/g;
  const NUMBER = /^(<=|>=|<|>|=)?([-+]?\d*\.?\d+)(%|[a-z/]+)?$/; // with its unit or without
  const STARTED = /^[<>=]*[-+.]?$/;
  const BYTES = { kb: 1e3, mb: 1e6, gb: 1e9, tb: 1e12 };
  const TESTS = {
    "<": (value, limit) => value < limit,
    "<=": (value, limit) => value <= limit,
    ">": (value, limit) => value > limit,
    ">=": (value, limit) => value >= limit
  };

  function compare(first, second, way) {
    if (way === "zero") return Math.abs(first) - Math.abs(second);
    if (way === "far") return Math.abs(second) - Math.abs(first);
    const order = first < second ? -1 : first > second ? 1 : 0;
    return way === "higher" ? -order : order;
  }

  // Return how many of one unit another one is; NaN where they measure different things.
  window.quantboard.times = function (given, own) {
    const [one, other] = [given, own].map(unit => unit.toLowerCase());
    return one === other ? 1 : BYTES[one] / BYTES[other];
  };

  window.quantboard.OPPOSITE = { higher: "lower", lower: "higher", zero: "far" };

  window.quantboard.finder = function (data) {
    const total = data.entries.length;
    const everyone = data.entries.map((_, at) => at);
    const facets = data.facets;
    let texts = null;
    let scores = data.columns.score.values;
    let sorted = { key: "", way: "", rows: everyone };

    const told = (name, at) => facets[name].options[facets[name].of[at]].join(" ").toLowerCase();
    const measuredOn = data.hardware.map((_, place) => {
      const heads = data.heads.filter(head => head.classes.split(" ").includes("g-hardware" + place));
      return everyone.map(at => heads.some(head => data.columns[head.key].values[at] !== null));
    });

    const FIELDS = {
      model: at => (data.models[at] + " " + told("family", at)).toLowerCase(),
      variant: at => data.entries[at].split("/")[1].toLowerCase(),
      status: at => data.classes[at].split(" ")[0],
      hardware: at => data.hardware.filter((_, place) => measuredOn[place][at]).join(" ").toLowerCase(),
      license: at => told("licence", at)
    };
    ["family", "method", "licence", "source"].forEach(name => { FIELDS[name] = at => told(name, at); });

    function text(at) {
      if (!texts) {
        texts = everyone.map(one => [
          data.entries[one], told("family", one), told("method", one), data.models[one],
          data.fronts[one] || "", (data.problems[one] || []).join(" ")
        ].join(" ").toLowerCase());
      }
      return texts[at];
    }

    const SORTED = {
      entry: at => data.entries[at],
      rank: at => (data.ranks[at] ? at : null),
      method: at => facets.method.options[facets.method.of[at]][1],
      bits: at => Number(facets.bits.options[facets.bits.of[at]][0]),
      date: at => data.dates[at],
      score: at => scores[at]
    };

    function valueOf(key) {
      if (Object.hasOwn(SORTED, key)) return SORTED[key];
      return Object.hasOwn(data.columns, key) && (at => data.columns[key].values[at]);
    }

    // Return the value of a column by its key, or by its key without the number of its hardware.
    function numeric(key) {
      const known = Object.hasOwn(data.columns, key) || key === "bits" ? key :
        Object.keys(data.columns).find(one => one.replace(/\d+$/, "") === key);
      return known && { key: known, value: valueOf(known) };
    }

    function unitOf(key) {
      return data.heads.find(head => head.key === key).unit;
    }

    function limit(column, said) {
      const found = NUMBER.exec(said);
      if (!found) return () => STARTED.test(said); // a number is still to come; anything else finds nothing
      const times = found[3] ? window.quantboard.times(found[3], unitOf(column.key)) : 1;
      const wanted = Number(found[2]) * times;
      const test = TESTS[found[1]];
      if (test) return at => column.value(at) !== null && test(column.value(at), wanted);
      const cells = data.columns[column.key] ? data.columns[column.key].cells : [];
      const shown = at => (cells[at] || "").split(" ")[0].replace("\u2212", "-").replaceAll(",", "");
      return at => column.value(at) === wanted || (times === 1 && shown(at) === found[2]);
    }

    function term(said) {
      const found = /^([a-z0-9_.-]+):(.*)$/.exec(said);
      const rest = (found ? found[2] : said).replace(/"/g, "");
      if (found && found[1] === "status") return at => FIELDS.status(at).startsWith(rest); // unranked isn't ranked
      if (found && Object.hasOwn(FIELDS, found[1])) return at => FIELDS[found[1]](at).includes(rest);
      const column = found && numeric(found[1]);
      if (column) return limit(column, rest);
      const word = said.replace(/"/g, "");
      return at => text(at).includes(word);
    }

    // Return what tells whether a row answers a query: all terms of one of its parts, which `;` sets apart.
    function answers(query) {
      const parts = query.toLowerCase().split(";").map(part => part.match(TERM) || []);
      const wanted = parts.filter(part => part.length).map(part => part.map(term));
      return at => !wanted.length || wanted.some(tests => tests.every(test => test(at)));
    }

    // Return each filter that is set: its name, and what tells whether a row passes.
    function filters(chosen) {
      const set = Object.keys(chosen).filter(name => chosen[name] !== "");
      return set.map(name => {
        if (name === "disk") {
          const disk = data.columns.disk.values;
          return { name: name, passes: at => disk[at] !== null && disk[at] <= Number(chosen.disk) };
        }
        if (name === "hardware") {
          const place = data.hardware.indexOf(chosen.hardware);
          return { name: name, passes: at => measuredOn[place][at] };
        }
        const place = facets[name].options.findIndex(option => option[0] === chosen[name]);
        return { name: name, passes: at => facets[name].of[at] === place };
      });
    }

    // Note which options of a filter a row would come under.
    function mark(possible, name, at) {
      if (name === "hardware") measuredOn.forEach((has, place) => { if (has[at]) possible.hardware[place] = true; });
      else if (facets[name]) possible[name][facets[name].of[at]] = true;
    }

    // Return the rows that answer a query and pass every filter, in order, and which options of each filter would
    // leave some: those of the rows that fail no other filter.
    function find(query, chosen) {
      const answering = answers(query);
      const set = filters(chosen);
      const possible = { hardware: data.hardware.map(() => false) };
      Object.keys(facets).forEach(name => { possible[name] = facets[name].options.map(() => false); });
      const names = Object.keys(possible);
      const rows = sorted.rows.filter(at => {
        if (!answering(at)) return false;
        let failing = null;
        for (const one of set) {
          if (one.passes(at)) continue;
          if (failing) return false;
          failing = one;
        }
        if (failing) mark(possible, failing.name, at);
        else for (const name of names) mark(possible, name, at);
        return !failing;
      });
      return { rows: rows, possible: possible };
    }

    function sort(key, way) {
      if (sorted.key === key && sorted.way === way) return;
      const value = key && valueOf(key);
      if (!value) {
        sorted = { key: "", way: "", rows: everyone };
        return;
      }
      const values = everyone.map(value);
      const having = everyone.filter(at => values[at] !== null);
      having.sort((one, other) => compare(values[one], values[other], way) || one - other);
      const rows = having.concat(everyone.filter(at => values[at] === null)); // what is missing stays last
      sorted = { key: key, way: way, rows: rows };
    }

    // Take other scores, such as those by a reader's weights; null: the board's own.
    function setScores(given) {
      scores = given || data.columns.score.values;
      if (sorted.key === "score") sorted = { key: "", way: "", rows: everyone };
    }

    return { find: find, sort: sort, setScores: setScores, total: total };
  };
})();
