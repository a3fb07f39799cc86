/** Charts over time: jobs, counted from the interactions, and the series that the rig reports. */

import { byId, h, s } from "/js/dom.js";
import { exactTime } from "/js/time.js";

const WINDOW_MS = 10 * 60_000;
const HEIGHT = 150;
const PAD = { left: 30, right: 8, top: 8, bottom: 20 };
const COLOURS = ["#8ea1ff", "#2bbf66", "#f2c14e", "#e879b9", "#5bc8d9", "#ff8589"];
const ALARM = "alarm/";
const ALARM_STATES = { "-1": ["no data", "calm"], 0: ["OK", "good"], 1: ["ALARM", "bad"] };

/** The panels that several series share; any other series gets a panel of its own. */
const PANELS = [
  ["Queue", /^(queue|jobs|messages|dead)/],
  ["Tasks", /^tasks?/],
  ["Instances", /^instances?/],
];

/** Panels of charts, drawn every two seconds and after each event. `timelines`: the interactions. */
export class Charts {
  #timelines;
  #series = new Map();
  #box = byId("charts");
  #panels = new Map();

  constructor(timelines) {
    this.#timelines = timelines;
    new ResizeObserver(() => this.draw()).observe(this.#box);
  }

  /** All series: {name: [[Unix seconds, value], ...]}. */
  reset(series) {
    this.#series = new Map(Object.entries(series));
  }

  /** Add points; one that was loaded already is not added twice. */
  add({ name, points }) {
    const kept = this.#series.get(name) ?? [];
    kept.push(...points.filter(([at, value]) => !kept.some((one) => one[0] === at && one[1] === value)));
    kept.sort((a, b) => a[0] - b[0]);
    this.#series.set(name, kept);
  }

  draw() {
    const now = Date.now();
    const panels = new Map([["Jobs", this.#jobs(now)]]);
    for (const [name, points] of this.#series) {
      if (name.startsWith(ALARM)) continue;
      const title = PANELS.find(([, pattern]) => pattern.test(name))?.[0] ?? words(name.split("/")[0]);
      const lines = panels.get(title) ?? [];
      lines.push({ label: words(name.split("/").at(-1)), stepped: true, points: inWindow(points, now) });
      panels.set(title, lines);
    }
    for (const title of panels.keys()) this.#panel(title);
    this.#alarms();
    // All panels must exist before one is measured, because they share the width.
    const width = Math.max(200, this.#panel("Jobs").clientWidth);
    for (const [title, lines] of panels) this.#panel(title).replaceChildren(...chart(title, lines, now, width));
  }

  #jobs(now) {
    const begin = now - WINDOW_MS;
    const line = (label, name) => ({ label, stepped: true, points: this.#timelines.steps(name, begin, now) });
    return [line("waiting", "waiting"), line("being drawn", "working")];
  }

  #panel(title) {
    let panel = this.#panels.get(title);
    if (!panel) {
      const body = h("div", { class: "chart-body" });
      const id = `chart-${this.#panels.size}`;
      this.#box.append(h("section", { class: "card chart", "aria-labelledby": id }, h("header", { class: "card-head" }, h("h2", { id }, title)), body));
      panel = body;
      this.#panels.set(title, panel);
    }
    return panel;
  }

  #alarms() {
    const latest = [...this.#series].filter(([name]) => name.startsWith(ALARM)).map(([name, points]) => [name, ...points.at(-1)]);
    if (!latest.length) return;
    latest.sort((a, b) => b[2] - a[2]);
    const rows = latest.map(([name, at, value]) => {
      const [word, tone] = ALARM_STATES[value] ?? [String(value), "calm"];
      return h("li", {}, h("span", { class: `outcome ${tone}` }, word), h("b", {}, name.slice(ALARM.length)), h("span", { class: "muted" }, `since ${exactTime(new Date(at * 1000))}`));
    });
    const panel = this.#panel("Alarms");
    panel.replaceChildren(h("ul", { class: "alarms" }, rows));
    // The alarms are the last panel, across the whole width.
    const card = panel.parentElement;
    card.classList.add("wide");
    if (card.nextElementSibling) this.#box.append(card);
  }
}

const words = (name) => name.replaceAll("_", " ");

/** The points in the window; the last one before it counts at its beginning. */
function inWindow(points, now) {
  const begin = now - WINDOW_MS;
  const scaled = points.map(([at, value]) => [at * 1000, value]);
  const before = scaled.filter(([at]) => at < begin).at(-1);
  return [...(before ? [[begin, before[1]]] : []), ...scaled.filter(([at]) => at >= begin)];
}

function chart(title, lines, now, width) {
  const maximum = Math.max(1, ...lines.flatMap((line) => line.points.map(([, value]) => value)));
  const top = axisTop(maximum);
  const inner = { width: width - PAD.left - PAD.right, height: HEIGHT - PAD.top - PAD.bottom };
  const x = (at) => PAD.left + (1 - (now - at) / WINDOW_MS) * inner.width;
  const y = (value) => PAD.top + (1 - value / top) * inner.height;
  const last = lines.map((line) => `${line.label} ${line.points.at(-1)?.[1] ?? 0}`).join(", ");
  const svg = s("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, class: "chart-svg", role: "img", "aria-label": `${title}, last 10 minutes; now: ${last}` });
  for (const value of [0, top / 2, top]) {
    svg.append(s("line", { x1: PAD.left, x2: width - PAD.right, y1: y(value), y2: y(value), class: "grid" }), s("text", { x: PAD.left - 6, y: y(value) + 4, class: "label end" }, short(value)));
  }
  for (const minutes of [10, 5, 0]) {
    const anchor = minutes === 0 ? "end" : minutes === 10 ? "" : "middle";
    svg.append(s("text", { x: x(now - minutes * 60_000), y: HEIGHT - 4, class: `label ${anchor}` }, minutes ? `−${minutes} min` : "now"));
  }
  lines.forEach((line, index) => {
    if (!line.points.length) return;
    const path = linePath(line, x, y, now);
    const colour = COLOURS[index % COLOURS.length];
    const area = s("path", { d: `${path} L${x(now)},${y(0)} L${x(line.points[0][0])},${y(0)} Z`, class: "area" });
    area.style.fill = colour;
    const stroke = s("path", { d: path, class: "line" });
    stroke.style.stroke = colour;
    svg.append(area, stroke);
  });
  const legend = h("ul", { class: "legend", "aria-hidden": "true" }, lines.map((line, index) => {
    const swatch = h("i", { class: "swatch" });
    swatch.style.background = COLOURS[index % COLOURS.length];
    return h("li", {}, swatch, line.label, h("b", {}, short(line.points.at(-1)?.[1] ?? 0)));
  }));
  return [legend, svg];
}

function linePath({ points, stepped }, x, y, now) {
  let path = `M${x(points[0][0])},${y(points[0][1])}`;
  for (const [at, value] of points.slice(1)) path += stepped ? ` H${x(at)} V${y(value)}` : ` L${x(at)},${y(value)}`;
  return `${path} H${x(now)}`;
}

/** The upper end of a value axis: a round number at or above the maximum. */
function axisTop(maximum) {
  const tops = [2, 4, 6, 10, 20, 40, 60, 100, 200, 400, 600, 1000];
  return tops.find((top) => top >= maximum) ?? maximum * 1.1;
}

const short = (value) => (Number.isInteger(value) ? String(value) : value.toFixed(1));
