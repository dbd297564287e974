// Reads the rows beside the page, as `row_files.py` writes them.
"use strict";
const rowsBeside = (() => {
  const files = new Map();
  const arrived = new Map();
  window.reportRows = (name, json) => arrived.set(name, json);
  // Each column comes as its distinct values, and for each row the place of its value in them.
  function unpacked(json) {
    const columns = JSON.parse(json).map(([values, places]) =>
      places ? places.map((place) => values[place]) : values,
    );
    return columns[0].map((_, row) => columns.map((column) => column[row]));
  }
  function load(name) {
    if (!files.has(name))
      files.set(
        name,
        new Promise((resolve, reject) => {
          const script = document.createElement("script");
          script.src = `rows/${name}.js`;
          script.onload = () => {
            resolve(unpacked(arrived.get(name)));
            arrived.delete(name);
          };
          script.onerror = () => reject(new Error(script.getAttribute("src")));
          document.head.append(script);
        }),
      );
    return files.get(name);
  }
  const hexadecimal = (text) =>
    [...new TextEncoder().encode(text)]
      .map((byte) => byte.toString(16).padStart(2, "0"))
      .join("")
      .toUpperCase();
  // Files are sorted by key, and `first` has the first key of each. Without keys: all rows, in the
  // order of their table, which follows the cells of a row.
  return async ({ name, first }, keys) => {
    const wanted = keys && keys.map(hexadecimal);
    const holds = (_, at) =>
      !wanted ||
      wanted.some((key) => first[at] <= key && (at + 1 === first.length || first[at + 1] >= key));
    const names = first.map((_, at) => `${name}-${at}`).filter(holds);
    const rows = (await Promise.all(names.map(load))).flat();
    return rows.sort((one, other) => one.at(-1) - other.at(-1));
  };
})();
