// Sorts, filters and downloads the tables; without it the page still shows its first rows.
"use strict";
(() => {
  const PAGE = 10;
  const MOST_ROWS = 1000; // in a table at a time; the download has all
  const PRINTED_ROWS = 30;
  const form = document.getElementById("filters");
  const status = document.getElementById("status");
  const companies = [...document.querySelectorAll("#companies option")];
  const tables = new Map();
  let paper = false;
  const formats = JSON.parse(document.body.dataset.formats);
  const numbers = Object.fromEntries(
    Object.entries(formats.numbers).map(([kind, { decimals, suffix, is_grouped }]) => {
      const digits = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
      const { format } = new Intl.NumberFormat("en-US", { ...digits, useGrouping: is_grouped });
      return [kind, (value) => format(value) + suffix];
    }),
  );
  // Writes a value as Python writes it on the page. Intl rounds a number given as text exactly,
  // however many digits it has.
  function written(value, kind) {
    if (value === "") return formats.nothing;
    if (kind in numbers) return numbers[kind](value);
    return kind === "flag" ? formats.flags[value] : value;
  }
  const raw = (cell) => (typeof cell === "object" ? cell["@data-order"] : cell);
  const escaped = (text) =>
    text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
  const folded = (text) => text.trim().replace(/\s+/g, " ").toUpperCase();
  const wanted = { company: "", po: "", stage: "" };

  // --- tables ---
  for (const element of document.querySelectorAll("table[data-name]")) {
    const heads = [...element.tHead.rows[0].cells];
    const first = heads.findIndex((head) => !head.classList.contains("hidden"));
    const total = Number(element.dataset.total);
    const kept = Number(element.dataset.kept);
    const none =
      kept < total
        ? `None of the first ${numbers.int(kept)} rows fits the filters. There may be some among ` +
          `the other ${numbers.int(total - kept)}, in the mart ${element.dataset.marts}.`
        : "No row fits the filters.";
    const table = new DataTable(element, {
      order: [],
      pageLength: PAGE,
      paging: total > PAGE,
      deferRender: true,
      autoWidth: false,
      layout: { topStart: null, topEnd: null, bottomStart: null, bottomEnd: "paging" },
      columns: heads.map((head, index) => ({
        type: head.dataset.kind in numbers ? "num" : "string",
        className: head.className,
        cellType: index === first ? "th" : "td",
        createdCell: (cell) => index === first && (cell.scope = "row"),
      })),
      language: { zeroRecords: none, emptyTable: none },
    });
    const roles = {};
    heads.forEach((head, index) => head.dataset.role && (roles[head.dataset.role] = index));
    const entry = {
      element,
      table,
      roles,
      heads,
      more: element.dataset.more,
      total,
      kept, // how many of them, from the first on, are here at all
      all: null, // every row that is here, once loaded: values as in the mart
      words: [], // for a column of codes: what people read
      found: null, // those of them that fit the filters, in order
      order: "[]",
      isMissing: false, // whether the file with all rows is missing
    };
    tables.set(element.dataset.name, entry);
    table.on("draw", () => count(entry));
    if (entry.more) table.on("order", () => reorder(entry));
    count(entry);
  }

  function count(entry) {
    const label = entry.element.closest(".block").querySelector("[data-count]");
    const shown = entry.found
      ? entry.found.length
      : entry.table.rows({ search: "applied" }).count();
    const number = numbers.int;
    const rows = (value) => `${number(value)} row${value === 1 ? "" : "s"}`;
    const isCut = entry.kept < entry.total;
    const here = isCut ? `the first ${number(entry.kept)} of ${rows(entry.total)}` : rows(entry.total);
    const most = paper ? PRINTED_ROWS : MOST_ROWS;
    if (entry.isMissing)
      label.textContent = `${entry.more} is missing beside this page: ${number(shown)} of ${rows(entry.total)}`;
    else if (entry.more && !paper)
      label.textContent = `first ${number(shown)} of ${rows(entry.total)}; a filter, a sort or the download takes ${isCut ? `the first ${number(entry.kept)}` : "all"}`;
    else if (shown > most)
      label.textContent =
        `first ${number(most)} of ${rows(entry.more ? entry.total : shown)}; ` +
        `the download has ${isCut ? `${number(entry.more ? entry.kept : shown)} of ${here}` : "all"}`;
    else if (shown === entry.total) label.textContent = rows(entry.total);
    else label.textContent = `${number(shown)} of ${here}`;
  }

  // --- rows that the page does not carry: for each column its distinct values, and their places ---
  window.reportRows = (name, json) => {
    const entry = tables.get(name);
    const columns = JSON.parse(json).map(([texts, places], index) => {
      const words = texts.filter((text) => typeof text === "object");
      entry.words[index] = new Map(words.map(([text, value]) => [value, text]));
      const values = texts.map((text) => (typeof text === "object" ? text[1] : text));
      return places ? places.map((place) => values[place]) : values;
    });
    entry.all = columns[0].map((_, row) => columns.map((values) => values[row]));
  };
  function drawn(entry, row) {
    return row.map((value, index) => {
      const text = entry.words[index].get(value) ?? written(value, entry.heads[index].dataset.kind);
      return { display: escaped(text), "@data-order": value };
    });
  }
  const waiting = new Map();
  function load(entry) {
    if (!entry.more) return Promise.resolve();
    const name = entry.element.dataset.name;
    if (!waiting.has(name)) {
      entry.element.setAttribute("aria-busy", "true");
      waiting.set(
        name,
        new Promise((resolve) => {
          const script = document.createElement("script");
          script.src = entry.more;
          const end = () => {
            entry.element.removeAttribute("aria-busy");
            waiting.delete(name);
            resolve();
          };
          script.onload = () => {
            entry.more = "";
            apply(entry);
            end();
          };
          script.onerror = () => {
            entry.isMissing = true;
            end();
          };
          document.head.append(script);
        }),
      );
    }
    return waiting.get(name);
  }
  function reorder(entry) {
    const order = JSON.stringify(entry.table.order().map(([column, way]) => [column, way]));
    if (order === entry.order) return;
    entry.order = order;
    setTimeout(() => (entry.all ? apply(entry) : load(entry)));
  }
  function sorted(entry, rows) {
    const [[column, way] = []] = JSON.parse(entry.order);
    if (!way) return rows;
    const turn = way === "desc" ? -1 : 1;
    const isNumber = entry.heads[column].dataset.kind in numbers;
    const key = (row) => {
      const value = raw(row[column]);
      return isNumber ? (value === "" ? -Infinity : Number(value)) : value.toLowerCase();
    };
    return rows
      .map((row) => [key(row), row])
      .sort(([one], [other]) => (one < other ? -turn : one > other ? turn : 0))
      .map(([, row]) => row);
  }

  // --- filters ---
  // A whole PO number means that PO alone; part of one means all POs that contain it.
  function fits(entry, role) {
    const value = wanted[role];
    const index = entry.roles[role];
    if (!value || index === undefined) return null;
    if (role === "stage") return (row) => raw(row[index]) === value;
    if (role === "company") {
      if (/^\d+$/.test(value)) return (row) => raw(row[index]) === value;
      const name = entry.heads.findIndex((head) => head.dataset.column === "company_name");
      return (row) => folded(raw(row[name])).includes(folded(value));
    }
    const po = folded(value);
    const values = entry.all || entry.table.rows().data().toArray();
    const whole = values.some((row) => folded(raw(row[index])) === po);
    return (row) => {
      const found = folded(raw(row[index]));
      return whole ? found === po : found.includes(po);
    };
  }
  const active = (entry) => Object.keys(wanted).filter((role) => wanted[role] && role in entry.roles);
  function apply(entry) {
    const tests = active(entry).map((role) => fits(entry, role));
    const isFound = (row) => tests.every((test) => test(row));
    if (entry.all) {
      entry.found = sorted(entry, tests.length ? entry.all.filter(isFound) : entry.all);
      entry.table.clear();
      entry.table.rows.add(entry.found.slice(0, MOST_ROWS).map((row) => drawn(entry, row)));
    } else {
      entry.table.search.fixed("filters", (_, row) => isFound(row));
    }
    entry.table.draw();
  }
  async function filter() {
    const asked = Object.values(wanted).some(Boolean);
    for (const entry of tables.values()) {
      if (active(entry).length) await load(entry);
      apply(entry);
      entry.element.closest(".block").classList.toggle("whole", asked && !active(entry).length);
    }
    if (status) status.textContent = asked ? "Filtered. Cards, charts and grey tables show everything." : "";
    document.documentElement.dataset.ready = String(Number(document.documentElement.dataset.ready || 0) + 1);
  }
  function fromAddress() {
    const asked = new URLSearchParams(location.hash.slice(1));
    if (![...asked.keys()].some((name) => name in wanted) && location.hash) return;
    for (const role of Object.keys(wanted)) {
      wanted[role] = asked.get(role) || "";
      if (!form || !form.elements[role]) continue;
      const field = form.elements[role];
      field.value = wanted[role];
      if (role === "company" && /^\d+$/.test(wanted[role])) {
        const known = companies.find((option) => option.value.endsWith(` (${wanted[role]})`));
        if (known) field.value = known.value;
      }
    }
    return filter().then(() => {
      const first = [...tables.values()].find((entry) => active(entry).length);
      if (first) first.element.closest(".block").scrollIntoView();
    });
  }
  function fromForm() {
    const address = new URLSearchParams();
    for (const role of Object.keys(wanted)) {
      const value = form.elements[role] ? form.elements[role].value.trim() : "";
      const isKnown = role === "company" && companies.some((option) => option.value === value);
      wanted[role] = isKnown ? /\((\d+)\)$/.exec(value)[1] : value;
      if (wanted[role]) address.set(role, wanted[role]);
    }
    history.replaceState(null, "", address.size ? `#${address}` : location.pathname + location.search);
    return filter();
  }
  if (form) {
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("change", fromForm);
    form.addEventListener("reset", () => setTimeout(fromForm));
    let pause;
    form.addEventListener("input", () => {
      clearTimeout(pause);
      pause = setTimeout(fromForm, 300);
    });
  }
  window.addEventListener("hashchange", fromAddress);

  // --- download: the rows that fit the filters, as the mart has them ---
  // Spreadsheets run text that begins like a formula; a leading apostrophe keeps it text.
  function csvCell(value, kind) {
    const text = !(kind in numbers) && /^[\s\u0000]*[=+\-@\t\r]/.test(value) ? `'${value}` : value;
    return /[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
  }
  async function download(name) {
    const entry = tables.get(name);
    await load(entry);
    const kinds = entry.heads.map((head) => head.dataset.kind);
    const lines = [entry.heads.map((head) => head.dataset.column).join(",")];
    const rows =
      entry.found || entry.table.rows({ search: "applied", order: "applied" }).data().toArray();
    for (const row of rows)
      lines.push(row.map((cell, index) => csvCell(raw(cell), kinds[index])).join(","));
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(["\ufeff", lines.join("\r\n"), "\r\n"], { type: "text/csv" }));
    link.download = `${name}.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }
  for (const button of document.querySelectorAll("[data-download]"))
    button.addEventListener("click", () => download(button.dataset.download));

  // --- paper shows more rows than the screen ---
  const lengths = new Map();
  const print = (isPaper) => {
    paper = isPaper;
    for (const entry of tables.values()) {
      const { table } = entry;
      if (isPaper) lengths.set(table, table.page.len());
      table.page.len(isPaper ? PRINTED_ROWS : lengths.get(table)).draw(false);
    }
  };
  window.addEventListener("beforeprint", () => print(true));
  window.addEventListener("afterprint", () => print(false));

  fromAddress();
})();
