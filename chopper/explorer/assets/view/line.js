// The number line: every value of each format, or how densely they lie.

const view = { scale: "linear", low: -2, high: 2 };
const ROW = 58;

const toLine = (x) => (view.scale === "log" ? Math.log10(x) : x);
const fromLine = (t) => (view.scale === "log" ? 10 ** t : t);

function resetView() {
  if (view.scale === "linear") {
    const tops = state.chosen.map((name) => drawn(name)).map((fmt) => fmt.approximate(fmt.order.code(fmt.order.count - 1n)));
    const reach = Math.min(8, Math.max(...tops) * 1.05);
    const signed = state.chosen.some((name) => drawn(name).approximate(drawn(name).order.code(0n)) < 0);
    Object.assign(view, { low: signed ? -reach : -reach / 20, high: reach });
  } else {
    const spans = state.chosen.map((name) => spanOf(drawn(name)));
    Object.assign(view, {
      low: Math.max(-20, Math.min(...spans.map(([low]) => low))) - 0.3,
      high: Math.min(20, Math.max(...spans.map(([, high]) => high))) + 0.3,
    });
  }
}

/** Decades of the smallest and the largest positive number. */
function spanOf(fmt) {
  const first = countUpTo(fmt, ZERO);
  const low = fmt.approximate(fmt.order.code(first)) || 2 ** -1074;
  const high = Math.min(fmt.approximate(fmt.order.code(fmt.order.count - 1n)), Number.MAX_VALUE);
  return [Math.log10(low), Math.log10(high)];
}

function drawLine() {
  const node = byId("line-chart");
  const width = Math.max(node.clientWidth, 240);
  const height = state.chosen.length * ROW + 34;
  const x = (t) => ((t - view.low) / (view.high - view.low)) * (width - 24) + 12;
  const svg = s("svg", {
    viewBox: `0 0 ${width} ${height}`, height, tabindex: 0, role: "group", class: "drag", id: "line-svg",
    "aria-label": "Number line. Arrow keys move, plus and minus zoom, 0 shows all.",
  });
  svg.append(axisOf(width, height, x));
  state.chosen.forEach((name, i) => svg.append(rowOf(name, i * ROW, width, x)));
  const typed = readNumber(state.text);
  const at = typed === null ? NaN : x(toLine(typed));
  if (at >= 0 && at <= width) svg.append(s("line", { class: "typed", x1: at, x2: at, y1: 4, y2: height - 26 }, s("title", {}, `the typed number ${state.text}`)));
  const focused = document.activeElement?.id === "line-svg";
  fill(node, svg);
  handle(svg, width);
  if (focused) svg.focus({ preventScroll: true });
  byId("line-note").textContent = `From ${endText(view.low)} to ${endText(view.high)}: ` +
    state.chosen.map((name) => `${counted(name)} values of ${unitNote(name)}`).join(", ") + ".";
}

const endText = (t) => (view.scale === "log" ? Number((10 ** t).toPrecision(3)).toExponential().replace("-", "−").replace("+", "") : shortText(t, 4));

function counted(name) {
  const n = within(drawn(name))[1] - within(drawn(name))[0];
  return n < 10n ** 6n ? n.toLocaleString("en") : `about ${Number(Number(n).toPrecision(3)).toExponential()}`;
}

/** Indices of the values in view. */
function within(fmt) {
  const start = view.scale === "log" ? countUpTo(fmt, ZERO) : 0n;
  const low = countBelowFloat(fmt, fromLine(view.low));
  return [low < start ? start : low, countBelowFloat(fmt, fromLine(view.high))];
}

function axisOf(width, height, x) {
  const count = Math.max(2, Math.floor(width / 64));
  const log = view.scale === "log";
  const ticks = log && view.high - view.low > 1.5 ? decadeTicks(view.low, view.high, count) : niceTicks(view.low, view.high, count);
  const step = ticks.length > 1 ? ticks[1] - ticks[0] : 1;
  const text = (t) => (!log ? tickText(t, step) : Number.isInteger(t) ? decadeText(t) : shortText(10 ** t, 4));
  return s("g", { "aria-hidden": "true" }, ticks.map((t) => [
    s("line", { class: "gridline", x1: px(x(t)), x2: px(x(t)), y1: 4, y2: height - 24 }),
    s("text", { x: px(x(t)), y: height - 8, "text-anchor": anchorAt(x(t), width) }, text(t)),
  ]));
}

function rowOf(name, top, width, x) {
  const fmt = drawn(name);
  const [from, to] = within(fmt);
  const middle = top + 36;
  const row = s("g", { style: `--c:${colourOf(name)}`, "data-row": name });
  row.append(s("text", { class: "name", x: 12, y: top + 16 }, fitted(unitNote(name), width - 24)), s("line", { class: "axis", x1: 0, x2: width, y1: middle, y2: middle }));
  const few = to - from <= BigInt(Math.floor(width / 3));
  if (few) {
    const places = [];
    for (let i = from; i < to; i++) places.push([x(toLine(fmt.approximate(fmt.order.code(i)))), fmt.order.code(i)]);
    const path = places.map(([at]) => `M${px(at)} ${middle - 9}V${middle + 9}`).join("");
    row.append(s("path", { d: path, stroke: "var(--c)", "stroke-width": places.length > width / 8 ? 1.1 : 1.8, fill: "none" }));
    row.append(...labelsOf(fmt, places, middle + 21));
  } else row.append(density(fmt, middle, width, x));
  const code = codeOf(name);
  const at = isNumber(fmt, code) ? x(toLine(fmt.approximate(code))) : NaN;
  if (at >= 0 && at <= width) row.append(s("circle", { cx: px(at), cy: middle, r: 5.5, fill: "var(--c)", stroke: "var(--card)", "stroke-width": 2 }));
  return row;
}

/** Values below their ticks, where there is room for all of them or most. */
function labelsOf(fmt, places, y) {
  let free = -Infinity;
  const found = [];
  for (const [at, code] of places) {
    const text = shortText(fmt.approximate(code), 4);
    const half = text.length * 3.4 + 3;
    if (at - half < free) continue;
    free = at + half;
    found.push(s("text", { x: px(at), y, "text-anchor": "middle", style: "font-size:11px" }, text));
  }
  return found.length * 2 > places.length ? found : [];
}

/** Columns, the darker the more values they hold. */
function density(fmt, middle, width, x) {
  const cell = 4;
  const unit = (view.high - view.low) / (width - 24);
  const group = s("g", { fill: "var(--c)" });
  let before = countBelowFloat(fmt, fromLine(view.low));
  const start = view.scale === "log" ? countUpTo(fmt, ZERO) : 0n;
  if (before < start) before = start;
  for (let at = 12; at < width - 12; at += cell) {
    const after = countBelowFloat(fmt, fromLine(view.low + (at + cell - 12) * unit));
    const count = Number(after - before);
    if (count > 0) {
      const opacity = Math.min(1, 0.16 + 0.06 * Math.log2(1 + count));
      group.append(s("rect", { x: at, y: middle - 9, width: cell + 0.3, height: 18, "fill-opacity": opacity.toFixed(2) }));
    }
    before = after > before ? after : before;
  }
  return group;
}

function zoom(factor, centre = (view.low + view.high) / 2) {
  const span = (view.high - view.low) * factor;
  const least = Math.max(Math.abs(centre), 1e-300) * 1e-13;
  if (span < least || span > (view.scale === "log" ? 620 : 1e308)) return;
  const part = (centre - view.low) / (view.high - view.low);
  Object.assign(view, { low: centre - part * span, high: centre + (1 - part) * span });
  drawLine();
}

function pan(part) {
  const by = (view.high - view.low) * part;
  Object.assign(view, { low: view.low + by, high: view.high + by });
  drawLine();
}

function handle(svg, width) {
  const place = (event) => {
    const box = svg.getBoundingClientRect();
    return view.low + ((event.clientX - box.left - 12) / (width - 24)) * (view.high - view.low);
  };
  svg.addEventListener("keydown", (event) => {
    const act = { ArrowLeft: () => pan(-0.15), ArrowRight: () => pan(0.15), "+": () => zoom(0.6), "=": () => zoom(0.6), "-": () => zoom(1 / 0.6), 0: () => (resetView(), drawLine()) }[event.key];
    if (!act || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    act();
  });
  svg.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    zoom(Math.exp(event.deltaY * 0.01), place(event));
  }, { passive: false });
  svg.addEventListener("dblclick", (event) => zoom(0.4, place(event)));
  svg.addEventListener("pointerdown", (event) => startDrag(event, svg, width, place));
}

function startDrag(event, svg, width, place) {
  const from = { x: event.clientX, ...view };
  let moved = false;
  const move = (later) => {
    const by = ((from.x - later.clientX) / (width - 24)) * (from.high - from.low);
    if (!moved && Math.abs(later.clientX - from.x) < 4) return;
    moved = true;
    Object.assign(view, { low: from.low + by, high: from.high + by });
    requestAnimationFrame(drawLine);
  };
  const listening = new AbortController();
  const up = (later) => {
    listening.abort();
    if (!moved) pickAt(place(later), Math.floor((later.clientY - svg.getBoundingClientRect().top) / ROW));
  };
  window.addEventListener("pointermove", move, { signal: listening.signal });
  window.addEventListener("pointerup", up, { signal: listening.signal });
  window.addEventListener("pointercancel", () => listening.abort(), { signal: listening.signal });
}

/** Select the value that is nearest to a place on the line. */
function pickAt(t, row) {
  const name = state.chosen[row];
  if (!name) return;
  const fmt = drawn(name);
  const i = countBelowFloat(fmt, fromLine(t));
  const near = [i - 1n, i].filter((k) => k >= 0n && k < fmt.order.count).map((k) => fmt.order.code(k));
  const far = (code) => Math.abs(toLine(fmt.approximate(code)) - t);
  selectCode(name, near.sort((a, b) => far(a) - far(b))[0]);
}

function startLine() {
  const tools = byId("line-tools");
  const redo = (scale) => { view.scale = scale; resetView(); drawLine(); };
  const button = (text, label, act) => h("button", { type: "button", "aria-label": label, onclick: act }, text);
  fill(tools, segments("Scale", "line-scale", [["linear", "Linear"], ["log", "Logarithmic"]], view.scale, redo),
    button("−", "Zoom out", () => zoom(1 / 0.6)), button("+", "Zoom in", () => zoom(0.6)), button("Reset", "Show all", () => { resetView(); drawLine(); }));
  resetView();
  onResize(byId("line-chart"), drawLine);
  subscribe(drawLine);
}
