// Shows pinned entries beside each other: a tray with their names, and a table with every column as a row.
(function () {
  "use strict";

  const quantboard = window.quantboard;
  const node = quantboard.node;

  // Return the rows to compare: each pinned one after its base, a base once.
  function besideBases(data, pins) {
    const rows = [];
    const add = at => { if (!rows.includes(at)) rows.push(at); };
    const baseOf = at => (data.bases[at] === null ? at : data.bases[at]);
    pins.forEach(pin => {
      if (rows.includes(pin)) return;
      add(baseOf(pin));
      pins.filter(other => baseOf(other) === baseOf(pin)).forEach(add);
    });
    return rows;
  }

  function region(label, inner) {
    const made = node("div", "scroll");
    made.setAttribute("role", "region");
    made.setAttribute("aria-labelledby", label);
    made.tabIndex = 0;
    made.appendChild(inner);
    return made;
  }

  function scoped(scope, ...inner) {
    const made = node("th");
    made.scope = scope;
    made.append(...inner);
    return made;
  }

  // `cellOf` draws a cell of a row, `most` is how many can be pinned; `unpin` is called with the row to unpin, or
  // with null for all of them.
  quantboard.comparer = function (data, draw, cellOf, root, most, unpin) {
    const tray = node("section", "tray");
    const section = node("section");
    tray.setAttribute("aria-label", "Pinned entries");
    section.setAttribute("aria-labelledby", "compare");
    const before = document.getElementById("weights");
    before.parentNode.insertBefore(section, before);
    document.getElementById("main").appendChild(tray);

    function button(text, label, act) {
      const made = node("button", "small", text);
      made.type = "button";
      if (label) made.setAttribute("aria-label", label);
      made.addEventListener("click", act);
      return made;
    }

    function fullName(at) {
      return draw.variant(at) + " of " + draw.family(at)[1];
    }

    function item(at, pinned) {
      const made = node("li", pinned ? "" : "quiet");
      made.append(node("b", "", draw.variant(at)), " ", node("span", "quiet", draw.family(at)[1]));
      if (pinned) made.append(" ", button("\u00d7", "Unpin " + fullName(at), () => unpin(at)));
      else made.append(" (base)");
      return made;
    }

    function fillTray(pins, rows, refusal) {
      const list = node("ul");
      rows.forEach(at => list.appendChild(item(at, pins.includes(at))));
      const go = node("a", "", "Compare");
      go.href = "#compare";
      const told = node("span", "quiet count", refusal || pins.length + " of " + most + " pinned");
      tray.classList.toggle("full", Boolean(refusal));
      tray.replaceChildren(go, told, list, button("Unpin all", "", () => unpin(null)));
    }

    function head(rows, pins) {
      const line = node("tr");
      line.appendChild(scoped("col", "Figure"));
      rows.forEach(at => {
        const made = scoped("col", draw.link(at), node("span", "family", draw.family(at)[1]));
        made.className = "num";
        if (draw.isBase(at)) made.append(node("span", "family", "base"));
        if (data.problems[at]) made.append(node("span", "problem clamp", data.problems[at].join(" ")));
        line.appendChild(made);
      });
      const made = node("thead");
      made.appendChild(line);
      return made;
    }

    function figures(one, rows) {
      const line = node("tr");
      const title = scoped("row", one.title);
      if (one.unit) title.append(" ", node("span", "unit", one.unit));
      line.appendChild(title);
      rows.forEach(at => {
        const cell = cellOf(one, at);
        cell.className = one.kind === "date" ? "num date" : "num"; // no group: columns aren't chosen here
        line.appendChild(cell);
      });
      return line;
    }

    function plain(title, of, rows) {
      const line = node("tr");
      line.appendChild(scoped("row", title));
      rows.forEach(at => line.appendChild(node("td", "num text", of(at))));
      return line;
    }

    function table(pins, rows) {
      const made = node("table", "compare");
      const caption = node("caption");
      caption.id = "compare-caption";
      caption.appendChild(node("span", "", "Values with their 95 % interval. Retention is what an entry keeps of its " +
        "base's score, in percent."));
      const body = node("tbody");
      data.heads.slice(1).forEach(one => body.appendChild(figures(one, rows)));
      const licence = data.facets.licence;
      body.append(
        plain("Licence", at => licence.options[licence.of[at]][1], rows),
        plain("Model", at => data.models[at], rows)
      );
      made.append(caption, head(rows, pins), body);
      return region(caption.id, made);
    }

    function command(at) {
      const block = node("div", "command");
      const text = node("pre");
      text.tabIndex = 0;
      text.appendChild(node("code", "", "quantboard compare " + data.entries[data.bases[at]] + " " + data.entries[at]));
      block.appendChild(text);
      quantboard.addCopying(block);
      return block;
    }

    function families(rows) {
      const made = node("p", "", "All variants: ");
      Array.from(new Set(rows.map(at => data.facets.family.of[at]))).forEach((place, number) => {
        const option = data.facets.family.options[place];
        const link = node("a", "", option[1]);
        link.href = root + "families/" + encodeURIComponent(option[0]) + "/index.html";
        made.append(number ? " \u00b7 " : "", link);
      });
      return made;
    }

    function fillSection(pins, rows) {
      const title = node("h2", "", "Compare");
      title.id = "compare";
      title.tabIndex = -1;
      const beside = pins.filter(at => data.bases[at] !== null);
      section.replaceChildren(title, table(pins, rows));
      if (beside.length) {
        section.append(node("p", "quiet", "Item by item, with every benchmark's difference:"), ...beside.map(command));
      }
      section.appendChild(families(rows));
    }

    return function show(pins, refusal) {
      tray.hidden = section.hidden = !pins.length;
      document.body.classList.toggle("has-tray", pins.length > 0);
      if (!pins.length) return section.replaceChildren();
      const rows = besideBases(data, pins);
      fillTray(pins, rows, refusal);
      fillSection(pins, rows);
    };
  };
})();
