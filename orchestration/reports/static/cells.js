// How values look, as `cells.py` writes them too.
"use strict";
const cells = (() => {
  const formats = JSON.parse(document.body.dataset.formats);
  // Intl rounds a number given as text exactly, however many digits it has.
  const numbers = Object.fromEntries(
    Object.entries(formats.numbers).map(([kind, { decimals, suffix, is_grouped }]) => {
      const digits = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
      const { format } = new Intl.NumberFormat("en-US", { ...digits, useGrouping: is_grouped });
      return [kind, (value) => format(value) + suffix];
    }),
  );
  const words = (code) =>
    formats.words[code] ?? code[0].toUpperCase() + code.slice(1).replaceAll("_", " ");
  function written(value, kind) {
    if (value === "") return formats.nothing;
    if (kind in numbers) return numbers[kind](value);
    if (kind === "flag") return formats.flags[value];
    if (kind === "code") return /^[a-z_]+$/.test(value) ? words(value) : value;
    if (kind === "advice") return formats.advice[value] ?? formats.nothing;
    return kind === "time" ? value.slice(0, 16) : value;
  }
  const rows = (count) => `${numbers.int(count)} row${count === 1 ? "" : "s"}`;
  return { written, rows, count: numbers.int, isNumber: (kind) => kind in numbers };
})();
