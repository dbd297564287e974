// Draws how a PO is used up: its running total by month, and what it authorises as a dashed line.
"use strict";
window.burn_down = (box, months, limit) => {
  const [width, height, left, right, top, bottom] = [640, 190, 70, 14, 14, 24];
  const amounts = months.map(({ cumulative_amount }) => Number(cumulative_amount));
  const times = months.map(({ activity_month }) => Date.parse(activity_month));
  const most = Math.max(...amounts, limit, 1);
  const least = Math.min(...amounts, 0);
  const x = (time) =>
    left + ((time - times[0]) / (times.at(-1) - times[0] || 1)) * (width - left - right);
  const y = (amount) => top + ((most - amount) / (most - least)) * (height - top - bottom);
  const written = (amount) => cells.written(String(amount), "money");
  const add = (parent, name, attributes, text = "") => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.textContent = text;
    parent.append(element);
    return element;
  };
  box.replaceChildren();
  if (!months.length) return;
  const told =
    `Used ${written(months.at(-1).cumulative_amount)} by ${months.at(-1).activity_month.slice(0, 7)}` +
    (limit ? `, of ${written(limit)} authorised (dashed).` : ". No amount is registered.");
  const picture = { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": told };
  const svg = add(box, "svg", picture);
  const points = times.map((time, at) => `${x(time)},${y(amounts[at])}`);
  const floor = [`${x(times.at(-1))},${y(0)}`, `${x(times[0])},${y(0)}`];
  for (const amount of new Set([0, limit || most])) {
    const label = { x: left - 6, y: y(amount) + 4, "text-anchor": "end" };
    add(svg, "text", label, written(amount).replace(/\.00$/, ""));
    add(svg, "line", { x1: left, x2: width - right, y1: y(amount), y2: y(amount), class: "grid" });
  }
  add(svg, "polygon", { points: [...points, ...floor].join(" "), class: "used" });
  add(svg, "polyline", { points: points.join(" "), class: "total" });
  times.forEach((time, at) => add(svg, "circle", { cx: x(time), cy: y(amounts[at]), r: 2.5 }));
  if (limit)
    add(svg, "line", { x1: left, x2: width - right, y1: y(limit), y2: y(limit), class: "limit" });
  for (const [at, anchor] of new Map([[0, "start"], [months.length - 1, "end"]]))
    add(
      svg,
      "text",
      { x: x(times[at]), y: height - 6, "text-anchor": months.length > 1 ? anchor : "start" },
      months[at].activity_month.slice(0, 7),
    );
  const note = document.createElement("p");
  note.className = "note";
  note.textContent = told;
  box.append(note);
};
