// Accuracy by magnitude: how far a number may be moved by rounding to nearest.

const accuracy = { kind: "bits", reach: "auto" };
const gapsByFormat = new Map();
const REACHES = [3, 10, 40, 310];

function gapsFor(name) {
  const fmt = drawn(name);
  const reach = reachOf();
  if (gapsByFormat.get(fmt)?.reach !== reach) {
    const gaps = gapsOf(fmt, reach).filter((gap) => gap.low > 0 && Number.isFinite(gap.high));
    gapsByFormat.set(fmt, { reach, gaps, whole: fmt.order.count - countUpTo(fmt, ZERO) <= FEW + 1n });
  }
  return gapsByFormat.get(fmt);
}

function reachOf() {
  if (accuracy.reach !== "auto") return Number(accuracy.reach);
  const most = Math.max(...state.chosen.map((name) => Math.max(...spanOf(drawn(name)).map(Math.abs))));
  return REACHES.find((one) => one >= Math.min(most, 40)) ?? 40;
}

function drawAccuracy() {
  const node = byId("accuracy-chart");
  const width = Math.max(node.clientWidth, 240);
  const frame = { left: 40, right: width - 12, top: 10, bottom: width < 500 ? 250 : 320 };
  const reach = reachOf();
  const curves = state.chosen.map((name) => ({ name, points: curveOf(gapsFor(name), reach) }));
  const ys = curves.flatMap(({ points }) => points.map(([, y]) => y)).filter(Number.isFinite);
  const bits = accuracy.kind === "bits";
  const [low, high] = [bits ? 0 : Math.min(...ys, -1), Math.max(...ys, 2) * (bits ? 1.06 : 1)];
  const x = (t) => frame.left + ((t + reach) / (2 * reach)) * (frame.right - frame.left);
  const y = (t) => frame.bottom - ((t - low) / (high - low || 1)) * (frame.bottom - frame.top);
  const svg = s("svg", { viewBox: `0 0 ${width} ${frame.bottom + 26}`, height: frame.bottom + 26, role: "img", "aria-label": describeAccuracy() });
  svg.append(gridOf(frame, reach, low, high, x, y, bits), backdropOf(frame, reach, x));
  for (const { name, points } of curves) {
    const path = points.map(([a, b], i) => `${i ? "L" : "M"}${px(x(a))} ${px(y(Math.max(b, low)))}`).join("");
    svg.append(s("path", { d: path, fill: "none", stroke: colourOf(name), "stroke-width": 1.8, "stroke-linejoin": "round" }));
  }
  const cross = s("line", { class: "typed", y1: frame.top, y2: frame.bottom, x1: -9, x2: -9 });
  svg.append(cross);
  svg.addEventListener("pointermove", (event) => readOut(event, svg, width, frame, reach, cross));
  fill(node, svg, h("p", { class: "tip legend", id: "accuracy-tip" }, legendOf()));
}

const legendOf = () => state.chosen.map((name) => h("span", {}, h("i", { style: `--cell:${colourOf(name)}` }), unitNote(name)));

function curveOf({ gaps, whole }, reach) {
  const found = [];
  for (const gap of gaps) {
    const [from, to] = [Math.log10(gap.low), Math.log10(gap.high)];
    if (to < -reach || from > reach) continue;
    const value = accuracy.kind === "bits" ? -Math.log2(gap.error) : Math.log10(gap.size);
    if (whole) found.push([Math.max(from, -reach), value], [Math.min(to, reach), value]);
    else found.push([Math.max(-reach, Math.min(reach, (from + to) / 2)), value]);
  }
  return found;
}

function gridOf(frame, reach, low, high, x, y, bits) {
  const count = Math.max(2, Math.floor((frame.right - frame.left) / 74));
  const rows = bits ? niceTicks(low, high, 6) : decadeTicks(low, high, 7);
  return s("g", { "aria-hidden": "true" },
    decadeTicks(-reach, reach, count).map((t) => [
      s("line", { class: "gridline", x1: px(x(t)), x2: px(x(t)), y1: frame.top, y2: frame.bottom }),
      s("text", { x: px(x(t)), y: frame.bottom + 18, "text-anchor": anchorAt(x(t), frame.right + 12) }, decadeText(t))]),
    rows.map((t) => [
      s("line", { class: "gridline", x1: frame.left, x2: frame.right, y1: px(y(t)), y2: px(y(t)) }),
      s("text", { x: frame.left - 6, y: px(y(t)) + 4, "text-anchor": "end" }, bits ? shortText(t, 4) : decadeText(t))]));
}

/** Where the user's own numbers lie. */
function backdropOf(frame, reach, x) {
  const group = s("g", { fill: "var(--soft)", "fill-opacity": 0.16 });
  if (!DATA.study) return group;
  const { first, counts } = DATA.study.binades;
  const most = Math.max(...counts, 1);
  counts.forEach((count, i) => {
    const [from, to] = [first + i, first + i + 1].map((e) => Math.max(-reach, Math.min(reach, e * Math.log10(2))));
    if (count && to > from) group.append(s("rect", { x: px(x(from)), width: px(x(to) - x(from)), y: px(frame.bottom - (count / most) * 90), height: px((count / most) * 90) }));
  });
  return group;
}

function describeAccuracy() {
  const best = (name) => gapsFor(name).gaps.reduce((most, gap) => Math.max(most, -Math.log2(gap.error)), 0);
  return "Accuracy by magnitude. " + state.chosen.map((name) => `${unitNote(name)}: at best ${shortText(best(name), 3)} bits`).join("; ");
}

function readOut(event, svg, width, frame, reach, cross) {
  const box = svg.getBoundingClientRect();
  const at = ((event.clientX - box.left) / box.width) * width;
  if (at < frame.left || at > frame.right) return;
  const t = ((at - frame.left) / (frame.right - frame.left)) * 2 * reach - reach;
  cross.setAttribute("x1", at);
  cross.setAttribute("x2", at);
  const texts = state.chosen.map((name) => {
    const gap = gapsFor(name).gaps.find((one) => Math.log10(one.high) >= t);
    const inside = gap && Math.log10(gap.low) <= t + 0.4;
    return h("span", {}, h("i", { style: `--cell:${colourOf(name)}` }), `${name}: `, inside ? `${shortText(-Math.log2(gap.error), 3)} bits, gap ${shortText(gap.size, 3)}` : "out of range");
  });
  fill(byId("accuracy-tip"), h("span", {}, `near ${shortText(10 ** t, 3)}`), texts);
}

function startAccuracy() {
  const lead = () => {
    byId("accuracy-lead").textContent = accuracy.kind === "bits"
      ? "Bits that survive: −log₂ of the largest relative error of rounding to nearest, over the magnitude of a number."
      : "The gap between neighbouring values, over the magnitude of a number.";
    byId("accuracy-note").textContent = DATA.study ? "In grey: where your own numbers lie." : "";
  };
  const redraw = (key) => (value) => { accuracy[key] = value; lead(); drawAccuracy(); };
  const reaches = [["auto", "Auto"], ...REACHES.map((one) => [String(one), one > 300 ? "All" : `10${raised(-one)} … 10${raised(one)}`])];
  fill(byId("accuracy-tools"), segments("What is shown", "accuracy-kind", [["bits", "Accuracy"], ["gap", "Gap"]], accuracy.kind, redraw("kind")),
    h("select", { "aria-label": "Magnitudes", onchange: (event) => redraw("reach")(event.target.value) }, reaches.map(([value, text]) => h("option", { value }, text))));
  lead();
  onResize(byId("accuracy-chart"), drawAccuracy);
  subscribe((what) => what === "formats" && drawAccuracy());
}
