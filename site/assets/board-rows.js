// Draws a board's rows from its data: the same nodes as the macros `row` and `drawn` of templates/macros.html.
(function () {
  "use strict";

  const node = window.quantboard.node;
  const SVG = "http://www.w3.org/2000/svg";
  const DASH = "\u2013";

  function bar(ends) {
    const drawn = document.createElementNS(SVG, "svg");
    const put = (name, value) => drawn.setAttribute(name, value);
    put("class", "bar");
    put("viewBox", "0 0 100 4");
    put("preserveAspectRatio", "none");
    put("aria-hidden", "true");
    const lines = [["value", "M0 2H" + ends[0]]];
    if (ends.length > 1) lines.push(["range", "M" + ends[1] + " 2H" + ends[2]]);
    lines.forEach(([name, way]) => {
      const path = document.createElementNS(SVG, "path");
      path.setAttribute("class", name);
      path.setAttribute("d", way);
      drawn.appendChild(path);
    });
    return drawn;
  }

  // Return what draws cells, names and rows of a board's data; `root` leads to the site's root.
  window.quantboard.drawer = function (data, root) {
    const method = data.facets.method;
    const bits = data.facets.bits;
    const source = data.facets.source;
    const family = data.facets.family;
    const DRAW = {
      number: number,
      rank: rank,
      method: (cell, at) => { cell.textContent = method.options[method.of[at]][1]; },
      bits: (cell, at) => { cell.textContent = bits.options[bits.of[at]][1]; },
      date: (cell, at) => {
        const said = source.options[source.of[at]][1];
        cell.append(data.dates[at] + " ", node("span", "source " + said, said));
      }
    };

    function number(cell, at, head) {
      const column = data.columns[head.key];
      const text = column.cells[at];
      if (!text) return cell.appendChild(node("span", "none", DASH));
      const cut = text.indexOf(" ");
      cell.textContent = cut < 0 ? text : text.slice(0, cut + 1);
      if (cut > 0) cell.appendChild(node("span", "pm", text.slice(cut + 1)));
      if (column.notes[at]) cell.append(" ", node("span", "apart", column.notes[at]));
      if (column.bars) cell.appendChild(bar(column.bars[at]));
    }

    function rank(cell, at) {
      if (!data.ranks[at]) return cell.appendChild(node("span", "none", DASH));
      const equal = node("span", "equal", data.ranks[at] + " ");
      const group = node("span", "group", data.ties[at][0]);
      if (data.ties[at][1]) group.appendChild(node("span", "hidden", data.ties[at][1]));
      equal.appendChild(group);
      cell.appendChild(equal);
    }

    function cell(head, at) {
      const made = node("td", head.classes);
      DRAW[head.kind](made, at, head);
      return made;
    }

    function variant(at) {
      return data.entries[at].split("/")[1];
    }

    function isBase(at) {
      return method.options[method.of[at]][0] === "none";
    }

    function familyOf(at) {
      return family.options[family.of[at]];
    }

    function link(at) {
      const made = node("a", "variant", variant(at));
      made.setAttribute("href", root + (data.paths[at] || "entries/" + data.entries[at] + "/index.html"));
      return made;
    }

    function familyLink(at) {
      const [name, shown] = familyOf(at);
      const made = node("a", "family", shown);
      made.setAttribute("href", root + "families/" + encodeURIComponent(name) + "/index.html");
      return made;
    }

    function problem(said, failed) {
      const made = node("span", "problem clamp " + (failed ? "failed" : "unranked"));
      made.title = said;
      made.append(node("b", "", failed ? "Failed." : "Unranked."), " " + said);
      return made;
    }

    function pin(at) {
      const made = document.createElement("input");
      made.type = "checkbox";
      made.className = "pin script";
      made.setAttribute("aria-label", "Compare " + variant(at) + " of " + familyOf(at)[1]);
      return made;
    }

    function name(at) {
      const made = node("th");
      made.scope = "row";
      const swatch = node("span", "swatch m-" + data.swatches[at]);
      swatch.setAttribute("aria-hidden", "true");
      made.append(pin(at), swatch, link(at), " ", familyLink(at));
      if (data.fronts[at]) made.appendChild(node("span", "front", data.fronts[at]));
      const failed = data.classes[at] === "failed";
      (data.problems[at] || []).forEach(said => made.appendChild(problem(said, failed)));
      if (data.commands[at]) {
        const command = node("span", "problem", "Run ");
        command.appendChild(node("code", "", data.commands[at]));
        made.appendChild(command);
      }
      return made;
    }

    function row(at) {
      const made = node("tr", data.classes[at]);
      made.appendChild(name(at));
      data.heads.slice(1).forEach(head => made.appendChild(cell(head, at)));
      return made;
    }

    return { cell: cell, family: familyOf, isBase: isBase, link: link, row: row, variant: variant };
  };
})();
