// Sorts, filters and downloads the tables; without it the page shows its first rows all the same.
"use strict";
(() => {
  const PAGE = 10;
  const PRINTED_ROWS = 30;
  const form = document.getElementById("filters");
  const status = document.getElementById("status");
  const tables = new Map();
  let paper = false;
  const raw = (cell) => (typeof cell === "object" ? cell["@data-order"] : cell);
  const escaped = (text) =>
    text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
  const folded = (text) => text.trim().replace(/\s+/g, " ").toUpperCase();
  const wanted = { company: "", po: "", stage: "" };

  // --- tables ---
  for (const element of document.querySelectorAll("table[data-name]")) {
    const heads = [...element.tHead.rows[0].cells];
    const numeric = ["int", "money", "hours", "pct", "id"];
    const first = heads.findIndex((head) => !head.classList.contains("hidden"));
    const table = new DataTable(element, {
      order: [],
      pageLength: PAGE,
      paging: Number(element.dataset.total) > PAGE,
      deferRender: true,
      autoWidth: false,
      layout: { topStart: null, topEnd: null, bottomStart: null, bottomEnd: "paging" },
      columns: heads.map((head, index) => ({
        type: numeric.includes(head.dataset.kind) ? "num" : "string",
        className: head.className,
        cellType: index === first ? "th" : "td",
        createdCell: (cell) => index === first && (cell.scope = "row"),
      })),
      language: { zeroRecords: "No row fits the filters." },
    });
    const roles = {};
    heads.forEach((head, index) => head.dataset.role && (roles[head.dataset.role] = index));
    const entry = {
      element,
      table,
      roles,
      heads,
      more: element.dataset.more,
      total: Number(element.dataset.total),
    };
    tables.set(element.dataset.name, entry);
    table.on("draw", () => count(entry));
    if (entry.more) table.on("order", () => table.order().length && load(entry));
    count(entry);
  }

  function count(entry) {
    const label = entry.element.closest(".block").querySelector("[data-count]");
    const shown = entry.table.rows({ search: "applied" }).count();
    const number = (value) => value.toLocaleString("en-US");
    const whole = `${number(entry.total)} row${entry.total === 1 ? "" : "s"}`;
    if (paper && shown > PRINTED_ROWS)
      label.textContent = `first ${PRINTED_ROWS} of ${whole}; the download has all`;
    else if (shown === entry.total) label.textContent = whole;
    else if (entry.more)
      label.textContent = `first ${number(shown)} of ${whole}; a filter, a sort or the download takes all`;
    else label.textContent = `${number(shown)} of ${whole}`;
  }

  // --- rows that the page does not carry ---
  const waiting = new Map();
  window.reportRows = (name, rows) => {
    const { table } = tables.get(name);
    const cells = rows.map((row) =>
      row.map((cell) => {
        const [text, value] = typeof cell === "object" ? cell : [cell, cell];
        return { display: escaped(text), "@data-order": value };
      }),
    );
    table.clear();
    table.rows.add(cells);
  };
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
          script.onload = () => {
            entry.more = "";
            entry.element.removeAttribute("aria-busy");
            entry.table.draw();
            resolve();
          };
          script.onerror = () => {
            status.textContent = `${entry.more} is missing beside this page: only the first rows are here.`;
            waiting.delete(name);
            resolve();
          };
          document.head.append(script);
        }),
      );
    }
    return waiting.get(name);
  }

  // --- filters ---
  // A whole PO number means that PO alone; a part of one means all that hold it.
  function fits(entry, role) {
    const value = wanted[role];
    const index = entry.roles[role];
    if (!value || index === undefined) return null;
    if (role === "stage") return (row) => raw(row[index]) === value;
    if (role === "company") {
      const id = /^\d+$/.test(value) ? value : (/\((\d+)\)$/.exec(value) || [])[1];
      if (id) return (row) => raw(row[index]) === id;
      const name = entry.heads.findIndex((head) => head.dataset.column === "company_name");
      return (row) => folded(raw(row[name])).includes(folded(value));
    }
    const po = folded(value);
    const values = entry.table.rows().data().toArray();
    const whole = values.some((row) => folded(raw(row[index])) === po);
    return (row) => {
      const found = folded(raw(row[index]));
      return whole ? found === po : found.includes(po);
    };
  }
  async function filter() {
    const asked = Object.values(wanted).some(Boolean);
    for (const entry of tables.values()) {
      const active = Object.keys(wanted).filter((role) => wanted[role] && role in entry.roles);
      if (active.length) await load(entry);
      const tests = active.map((role) => fits(entry, role));
      entry.table.search.fixed("filters", (_, row) => tests.every((test) => test(row)));
      entry.table.draw();
      const block = entry.element.closest(".block");
      block.classList.toggle("whole", asked && !active.length);
    }
    if (status && !/missing/.test(status.textContent))
      status.textContent = asked ? "Filtered. Cards, charts and grey tables show all." : "";
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
        const options = [...document.querySelectorAll("#companies option")];
        const known = options.find((option) => option.value.endsWith(` (${wanted[role]})`));
        if (known) field.value = known.value;
      }
    }
    return filter();
  }
  function fromForm() {
    const address = new URLSearchParams();
    for (const role of Object.keys(wanted)) {
      const value = form.elements[role] ? form.elements[role].value.trim() : "";
      const id = role === "company" && (/\((\d+)\)$/.exec(value) || [])[1];
      wanted[role] = id || value;
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
  // A spreadsheet runs a text that begins like a formula; an apostrophe before it keeps it text.
  const NUMBERS = ["int", "money", "hours", "pct", "id"];
  function csvCell(value, kind) {
    const text = !NUMBERS.includes(kind) && /^[\s\u0000]*[=+\-@\t\r]/.test(value) ? `'${value}` : value;
    return /[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
  }
  async function download(name) {
    const entry = tables.get(name);
    await load(entry);
    const kinds = entry.heads.map((head) => head.dataset.kind);
    const lines = [entry.heads.map((head) => head.dataset.column).join(",")];
    entry.table.rows({ search: "applied", order: "applied" }).every(function () {
      lines.push(this.data().map((cell, index) => csvCell(raw(cell), kinds[index])).join(","));
    });
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(["\ufeff", lines.join("\r\n"), "\r\n"], { type: "text/csv" }));
    link.download = `${name}.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }
  for (const button of document.querySelectorAll("[data-download]"))
    button.addEventListener("click", () => download(button.dataset.download));

  // --- paper shows more than one screen of rows ---
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
