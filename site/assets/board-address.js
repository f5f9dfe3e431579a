// Writes the board's state into the address, and reads columns, fields and weights from it.
(function () {
  "use strict";

  // `parts` holds the names of the filters, the heads that sort, the columns' toggles and the weights.
  window.quantboard.address = function (form, parts) {
    const UNIT = form.dataset.disk; // of the disk filter

    // Hardware goes by its name: which one is the first changes with the entries.
    const names = {};
    parts.toggles.filter(one => one.value.startsWith("hardware")).forEach(one => {
      names[one.value.slice("hardware".length)] = one.parentNode.textContent.trim();
    });
    const groupName = group => (group.startsWith("hardware") ? names[group.slice("hardware".length)] : group);

    function columnName(key) {
      const head = parts.heads.find(one => one.dataset.key === key);
      const group = head && /g-hardware(\d+)/.exec(head.className);
      return group ? key.slice(0, -group[1].length) + "@" + names[group[1]] : key;
    }

    function columnKey(name) {
      const [column, hardware] = name.split("@");
      return hardware === undefined ? column : column + Object.keys(names).find(place => names[place] === hardware);
    }

    const written = text => encodeURIComponent(text)
      .replace(/%(2F|2C|3A|3B|3C|3E|3D|40)/g, decodeURIComponent).replace(/%20/g, "+");

    function field(name) {
      const value = form.elements[name].value;
      return value && name === "disk" ? value + UNIT : value;
    }

    // Replace the address by one that holds the state, and return its query; what is as at first isn't said.
    function write(state) {
      const said = [];
      const put = (name, value) => { if (value) said.push(name + "=" + written(value)); };
      const changed = parts.toggles.filter(one => one.checked !== one.defaultChecked);
      const groups = list => list.map(one => groupName(one.value)).join(",");
      put("q", form.elements.q.value);
      parts.filters.forEach(name => put(name, field(name)));
      put("sort", state.sort && columnName(state.sort) + state.way);
      put("page", state.page ? String(state.page + 1) : "");
      put("show", groups(changed.filter(one => one.checked)));
      put("hide", groups(changed.filter(one => !one.checked)));
      put("pin", state.pins.join(","));
      put("weights", parts.weights.filter(one => one.value !== one.defaultValue)
        .map(one => one.name.replace("weight.", "") + ":" + one.value).join(","));
      const place = window.location;
      const query = said.length ? "?" + said.join("&") : "";
      window.history.replaceState(null, "", place.pathname + query + place.hash);
      return place.search;
    }

    function recallColumns(given) {
      const listed = (name, one) => (given.get(name) || "").split(",").includes(groupName(one.value));
      parts.toggles.forEach(one => { one.checked = one.defaultChecked ? !listed("hide", one) : listed("show", one); });
    }

    // The unit of the board's sizes grows with its largest entry.
    function recalledDisk(said) {
      const [, number, unit] = /^([\d.]+)([a-zA-Z]*)$/.exec(said) || [];
      const times = number ? window.quantboard.times(unit || UNIT, UNIT) : NaN;
      return Number.isNaN(times) ? number || "" : String(Number((Number(number) * times).toPrecision(12)));
    }

    function recallWeights(said) {
      parts.weights.forEach(one => { one.value = one.defaultValue; });
      said.split(",").forEach(one => {
        const [name, value] = one.split(":");
        const input = parts.weights.find(other => other.name === "weight." + name);
        if (input && value !== undefined) input.value = value;
      });
      if (said) document.getElementById("weights").open = true;
    }

    function recallFields(given) {
      form.elements.q.value = given.get("q") || "";
      parts.filters.forEach(name => {
        const said = given.get(name) || "";
        form.elements[name].value = name === "disk" ? recalledDisk(said) : said;
        if (form.elements[name].selectedIndex === -1) form.elements[name].value = "";
      });
      recallWeights(given.get("weights") || "");
    }

    return { columnKey: columnKey, recallColumns: recallColumns, recallFields: recallFields, write: write };
  };
})();
