// Writes rows as files: as the mart has them, and so that no text is run or taken for a number.
"use strict";
const downloads = {
  // Texts are quoted, so that readers who look can tell them from numbers. Spreadsheets run text
  // that begins like a formula; a leading apostrophe keeps it text.
  csv(columns, rows) {
    const cell = (value, kind) => {
      if (value === "" || cells.isNumber(kind)) return value;
      const text = /^[\s\u0000]*[=+\-@\t\r]/.test(value) ? `'${value}` : value;
      return `"${text.replace(/"/g, '""')}"`;
    };
    const lines = rows.map((row) => columns.map(({ place, kind }) => cell(row[place], kind)).join(","));
    const head = columns.map(({ column }) => column).join(",");
    return new Blob(["\ufeff", [head, ...lines, ""].join("\r\n")], { type: "text/csv" });
  },
  // A cell has the type of its column.
  xlsx(columns, rows) {
    const moment = (text, format) => ({ type: Date, value: new Date(`${text}Z`), format });
    const cell = (value, kind) => {
      if (value === "") return null;
      if (kind === "flag") return { type: Boolean, value: value === "true" };
      if (kind === "date") return moment(`${value}T00:00`, "yyyy-mm-dd");
      if (kind === "time") return moment(value.replace(" ", "T"), "yyyy-mm-dd hh:mm");
      // An id of more digits than a number can hold stays text.
      if (cells.isNumber(kind) && (kind !== "id" || Number.isSafeInteger(Number(value))))
        return { type: Number, value: Number(value) };
      return { type: String, value, format: "@" };
    };
    const head = columns.map(({ column }) => ({ type: String, value: column, fontWeight: "bold" }));
    const data = rows.map((row) => columns.map(({ place, kind }) => cell(row[place], kind)));
    return writeXlsxFile([head, ...data], { stickyRowsCount: 1 }).toBlob();
  },
  async save(name, format, columns, rows) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await downloads[format](columns, rows));
    link.download = `${name}.${format}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  },
};
