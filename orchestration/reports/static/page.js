// Fills and filters the tables; sorting, searching and paging are DataTables' work.
"use strict";
(() => {
  const PAGE = 10;
  const FILTERS = ["company", "po", "stage"];
  const form = document.getElementById("filters");
  const status = document.getElementById("status");
  const isRecord = "record" in document.body.dataset;
  const companies = [...document.querySelectorAll("#companies option")].map(({ value }) => ({
    value,
    name: folded(value.replace(/ \(\d+\)$/, "")),
    id: /\((\d+)\)$/.exec(value)[1],
  }));
  // The folder of rows did not come along, or newer figures have taken the place of these.
  const gone = (file) => `${file} is missing beside this page; open the page anew.`;
  const entries = new Map();
  let asked = new URLSearchParams(location.hash.slice(1));

  function folded(text) {
    return text.trim().replace(/\s+/g, " ").toUpperCase();
  }
  // What stays with this entry of the browser's history, beside the address.
  function keep(more) {
    const state = { ...history.state, ...more };
    if (JSON.stringify(state) !== JSON.stringify(history.state)) history.replaceState(state, "");
  }

  // --- links: they carry the filters along ---
  function address(page, key) {
    const carried = FILTERS.filter((name) => asked.get(name)).map((name) => [name, asked.get(name)]);
    if (key !== undefined) carried.unshift(["key", key]);
    return carried.length ? `${page}#${new URLSearchParams(carried)}` : page;
  }
  function linked(page, key, text) {
    const link = document.createElement("a");
    link.href = address(page, key);
    link.textContent = text;
    return link;
  }
  const keyOf = (row, places) => places.map((place) => row[place]).join("/");
  function shown(row, place, { kind, link, key }) {
    const text = cells.written(row[place], kind);
    if (!link || row[place] === "") return document.createTextNode(text);
    return linked(link, keyOf(row, key.split(",")), text);
  }

  // --- filters ---
  const filtersOf = ({ roles }) => FILTERS.filter((name) => asked.get(name) && name in roles);
  // Ids of the companies that a text means: one by its id, or all whose names contain it.
  const companyIds = (text) =>
    /^\d+$/.test(text)
      ? [text]
      : companies.filter(({ name }) => name.includes(folded(text))).map(({ id }) => id);
  function filtered(entry, rows) {
    const tests = filtersOf(entry).map((name) => {
      const place = entry.roles[name];
      if (name === "stage") return (row) => row[place] === asked.get(name);
      if (name === "company") {
        const ids = new Set(companyIds(asked.get(name)));
        return (row) => ids.has(row[place]);
      }
      // A whole PO number means that PO alone; part of one means all POs that contain it.
      const po = folded(asked.get(name));
      const isWhole = rows.some((row) => folded(row[place]) === po);
      return isWhole
        ? (row) => folded(row[place]) === po
        : (row) => folded(row[place]).includes(po);
    });
    return tests.length ? rows.filter((row) => tests.every((test) => test(row))) : rows;
  }
  async function rowsOf(entry) {
    const { files, head } = entry;
    entry.missing = "";
    try {
      if (isRecord) {
        const key = asked.get("key");
        const rows = key === null || !files ? [] : await rowsBeside(files, [key]);
        return rows.filter((row) => keyOf(row, files.key) === key);
      }
      const filters = filtersOf(entry);
      if (!files || !(filters.length || entry.isWhole)) return filtered(entry, head);
      const ids = filters.includes("company") ? companyIds(asked.get("company")) : null;
      return filtered(entry, await rowsBeside(files, ids));
    } catch (error) {
      entry.missing = gone(error.message);
      return filtered(entry, head);
    }
  }

  // --- tables ---
  const reload = (entry) => new Promise((resolve) => entry.table.ajax.reload(resolve));
  // The page has the head of a large table; all of it comes once somebody sorts, searches, turns
  // the pages or downloads.
  async function makeWhole(entry, isKept) {
    if (entry.isWhole || isRecord || !entry.files) return;
    entry.isWhole = true;
    if (isKept) entry.table.ajax.reload(null, false);
    else await reload(entry);
  }
  function count(entry) {
    const { block, table, head, files, isWhole, missing, total, kept } = entry;
    const label = block.querySelector("[data-count]");
    const { count: number, rows: counted } = cells;
    const found = table.rows({ search: "applied" }).count();
    const all = kept < total ? `the first ${number(kept)} of ${counted(total)}` : counted(total);
    table.table().container().classList.toggle("short", table.page.info().recordsTotal <= PAGE);
    if (missing) label.textContent = `${missing} ${counted(found)} of the first ${number(head.length)}.`;
    else if (isRecord) label.textContent = counted(found);
    else if (files && !isWhole && !filtersOf(entry).length)
      label.textContent =
        `first ${number(head.length)} of ${counted(total)}; ` +
        `a filter, a search, a sort or a download takes ${kept < total ? all : "all"}`;
    else label.textContent = found === total ? counted(total) : `${number(found)} of ${all}`;
  }
  function none({ total, kept, element }) {
    if (isRecord) return "There is nothing of this kind here.";
    if (kept === total) return "No row fits the filters.";
    return (
      `None of the first ${cells.count(kept)} rows fits the filters. There may be some among ` +
      `the other ${cells.count(total - kept)}, in the mart ${element.dataset.mart}.`
    );
  }
  function columnOf(column, place, heading) {
    return {
      data: place,
      visible: !column.isHidden,
      searchable: !column.isHidden,
      className: column.className,
      type: cells.isNumber(column.kind) ? "num" : "string",
      cellType: place === heading ? "th" : "td",
      createdCell(cell, value) {
        if (place === heading) cell.scope = "row";
        if (column.kind === "flag" && value === "true") cell.classList.add("yes");
      },
      render(value, use, row) {
        if (use === "display") return shown(row, place, column);
        if (use === "filter") return cells.written(value, column.kind);
        return cells.isNumber(column.kind) && value !== "" ? Number(value) : value;
      },
    };
  }
  function start(element) {
    const { name, total, kept, files } = element.dataset;
    const block = element.closest(".block");
    const columns = [...element.tHead.rows[0].cells].map((cell) => ({
      ...cell.dataset,
      isHidden: cell.classList.contains("hidden"),
      className: cell.className,
    }));
    // The page of a client carries its rows as cells, so that they are read without a script.
    const carried = block.querySelector("[data-rows]");
    const head = carried
      ? JSON.parse(carried.textContent)
      : [...element.tBodies[0].rows].map((row) => [...row.cells].map((cell) => cell.dataset.raw));
    element.tBodies[0].replaceChildren();
    const entry = {
      element,
      block,
      columns,
      head,
      total: Number(total),
      kept: Number(kept),
      files: files && JSON.parse(files),
      roles: {},
      isWhole: false,
      missing: "",
    };
    columns.forEach((column, place) => column.role && (entry.roles[column.role] ??= place));
    entries.set(name, entry);
    const heading = columns.findIndex((column) => !column.isHidden);
    const isLong = entry.total > PAGE;
    entry.table = new DataTable(element, {
      ajax: (_, done) => rowsOf(entry).then((data) => done({ data })),
      columns: columns.map((column, place) => columnOf(column, place, heading)),
      order: [],
      pageLength: PAGE,
      deferRender: true,
      autoWidth: false,
      layout: {
        topStart: null,
        topEnd: isLong ? "search" : null,
        bottomStart: null,
        bottomEnd: isLong ? "paging" : null,
      },
      language: { zeroRecords: none(entry), emptyTable: none(entry), search: "Search" },
      stateSave: true,
      stateDuration: 0,
      stateSaveCallback: (_, { start, order, search }) =>
        keep({ tables: { ...history.state?.tables, [name]: { time: 1, start, order, search } } }),
      stateLoadCallback() {
        const state = history.state?.tables?.[name] ?? null;
        const isMoved = state && (state.order.length || state.search.search || state.start);
        entry.isWhole = Boolean(isMoved);
        return state;
      },
    });
    entry.table.on("draw", () => count(entry));
    for (const type of ["click", "keyup", "input"])
      block.addEventListener(type, ({ target }) => {
        if (target.closest("thead, .dt-search, .dt-paging")) makeWhole(entry, true);
      });
    for (const button of block.querySelectorAll(".downloads button"))
      button.addEventListener("click", async () => {
        block.setAttribute("aria-busy", "true");
        await makeWhole(entry);
        block.removeAttribute("aria-busy");
        if (entry.missing) return; // a part of the rows would pass for all
        if (button.dataset.download) return save(entry, button.dataset.download);
        block.classList.add("alone");
        window.print();
      });
    return new Promise((resolve) => entry.table.on("init", resolve));
  }

  // The rows that fit filters and search; advice is no column of the mart.
  function save({ table, columns, element }, format) {
    const rows = table.rows({ search: "applied", order: "applied" }).data().toArray();
    const placed = columns.map((column, place) => ({ ...column, place }));
    const asTheMart = placed.filter(({ kind }) => kind !== "advice");
    return downloads.save(element.dataset.name, format, asTheMart, rows);
  }

  // --- the figures of one record, its name and its drawing ---
  async function facts() {
    const key = asked.get("key");
    let name = "";
    let said = key === null ? status.dataset.ask : "There is no such record here.";
    for (const list of document.querySelectorAll("[data-facts]")) {
      const files = JSON.parse(list.dataset.files);
      const rows = await rowsBeside(files, key === null ? [] : [key]).catch(({ message }) => {
        said = gone(message);
        return [];
      });
      const row = rows.find((found) => keyOf(found, files.key) === key);
      list.hidden = !row;
      [...list.querySelectorAll("dd[data-column]")].forEach((cell, place) => {
        const value = row ? row[place] : "";
        cell.dataset.raw = value;
        cell.replaceChildren(row ? shown(row, place, cell.dataset) : cells.written("", ""));
        const isAlarm = "alarm" in cell.parentElement.dataset && (value === "true" || Number(value));
        cell.parentElement.classList.toggle("alarm", Boolean(isAlarm));
        if (row && !place) name ||= cell.textContent;
      });
    }
    if (name) {
      document.querySelector("h1").textContent = name;
      document.title = `${name} · ${document.querySelector(".kind").textContent}`;
    }
    status.textContent = name ? "" : said;
  }
  function drawings() {
    for (const box of document.querySelectorAll("[data-chart]")) {
      const { table, columns } = entries.get(box.closest(".block").id);
      const rows = table.rows({ order: "index" }).data().toArray();
      const named = rows.map((row) =>
        Object.fromEntries(columns.map(({ column }, place) => [column, row[place]])),
      );
      const limit = document.querySelector("dd[data-figure=authorized_amount]").dataset.raw;
      window[box.dataset.chart](box, named, Number(limit));
    }
  }

  // --- what is asked for stands in the address ---
  const filtersHere = () => FILTERS.filter((name) => asked.get(name) && form?.elements[name]);
  function tell() {
    for (const link of document.querySelectorAll("[data-page]")) link.href = address(link.dataset.page);
    if (isRecord) drawings();
    if (form) {
      const isFiltered = filtersHere().length > 0;
      document.body.classList.toggle("is-filtered", isFiltered);
      for (const entry of entries.values())
        entry.block.classList.toggle("whole", isFiltered && !filtersOf(entry).length);
      status.textContent = isFiltered ? "Filtered. What is marked or grey still counts everything. " : "";
      const company = asked.get("company") || "";
      if (/^\d+$/.test(company)) status.append(linked("company.html", company, "Everything of this company"));
    }
    const { dataset } = document.documentElement;
    dataset.ready = String(Number(dataset.ready || 0) + 1);
  }
  function fromAddress() {
    asked = new URLSearchParams(location.hash.slice(1));
    for (const name of FILTERS) {
      const field = form?.elements[name];
      if (!field) continue;
      const known = companies.find(({ id }) => name === "company" && id === asked.get(name));
      field.value = known ? known.value : asked.get(name) || "";
    }
  }
  async function filter() {
    if (isRecord) await facts();
    await Promise.all([...entries.values()].map(reload));
    tell();
  }
  function toFirst() {
    if (filtersHere().length)
      [...entries.values()].find((entry) => filtersOf(entry).length)?.block.scrollIntoView();
  }
  function fromForm() {
    for (const { name, value } of form.elements) {
      if (!FILTERS.includes(name)) continue;
      const known = companies.find((company) => name === "company" && company.value === value);
      if (value.trim()) asked.set(name, known ? known.id : value.trim());
      else asked.delete(name);
    }
    history.replaceState(history.state, "", asked.size ? `#${asked}` : location.pathname + location.search);
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
  window.addEventListener("hashchange", async () => {
    if (document.getElementById(location.hash.slice(1))) return; // a place on this page, no filter
    fromAddress();
    await filter();
    toFirst();
  });

  // --- paper has every row that fits the filters, of all tables or of the one that was asked for ---
  const onPaper = (isPaper) => () => {
    for (const { table, block } of entries.values()) {
      table.page.len(isPaper ? -1 : PAGE).draw();
      if (!isPaper) block.classList.remove("alone");
    }
  };
  window.addEventListener("beforeprint", onPaper(true));
  window.addEventListener("afterprint", onPaper(false));

  // --- start; what the browser's history knows of this page comes back with it ---
  history.scrollRestoration = "manual";
  window.addEventListener("pagehide", () => keep({ top: window.scrollY }));
  fromAddress();
  const started = [...document.querySelectorAll("table[data-name]")].map(start);
  if (isRecord) started.push(facts());
  Promise.all(started).then(() => {
    tell();
    if (history.state?.top) window.scrollTo(0, history.state.top);
    else toFirst();
  });
})();
