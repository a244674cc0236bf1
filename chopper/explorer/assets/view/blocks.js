// Shared scales: a typed block of numbers, its scales and its elements.

const PRESETS = {
  "Bell curve": "0.42 -1.31 0.07 0.88 -0.36 1.94 -0.71 0.15 -2.2 0.53 1.08 -0.94 0.29 -0.11 0.66 -1.57",
  "One outlier": "0.02 -0.05 0.01 0.04 -0.03 0.06 -0.02 0.01 48 0.05 -0.04 0.03 0.02 -0.06 0.01 -0.01",
  "Small": "1e-5 -3e-6 7e-6 2e-6 -9e-6 4e-6 1e-6 -5e-6",
  "Ramp": "0.5 1 1.5 2 2.5 3 3.5 4 4.5 5 5.5 6 6.5 7 7.5 8",
};
const shown = { name: "", text: PRESETS["Bell curve"] };
const LONGEST = 64;

function showBlocks(name) {
  shown.name = name;
  drawBlockTools();
  drawBlocks();
}

function drawBlockTools() {
  const every = DATA.formats.filter((one) => one.family === "scaled");
  const set = (text) => { shown.text = text; byId("block-numbers").value = text; drawBlocks(); };
  fill(byId("blocks-tools"), h("select", { id: "block-format", "aria-label": "Format with shared scales", onchange: (event) => { shown.name = event.target.value; drawBlocks(); } },
    every.map((one) => h("option", { value: one.name, selected: one.name === shown.name }, one.name))));
  fill(byId("blocks-ask"),
    h("label", { class: "grow" }, "Numbers of one row", h("textarea", { id: "block-numbers", rows: 3, spellcheck: "false", value: shown.text, oninput: (event) => { shown.text = event.target.value; drawBlocks(); } })),
    h("div", { class: "tools", role: "group", "aria-label": "Examples" }, Object.entries(PRESETS).map(([name, text]) => h("button", { type: "button", class: "small", onclick: () => set(text) }, name))));
}

function drawBlocks() {
  const one = described.get(shown.name);
  const texts = shown.text.split(/[\s,;]+/).filter(Boolean);
  const numbers = texts.map(readNumber);
  const wrong = texts.find((_, i) => numbers[i] === null || !Number.isFinite(numbers[i]));
  const complain = (text) => fill(byId("blocks-body"), h("p", { class: "note", role: "status" }, text));
  if (wrong !== undefined) return complain(`“${wrong}” is no finite number.`);
  if (!texts.length || texts.length > LONGEST) return complain(`Type 1 to ${LONGEST} numbers.`);
  try {
    const found = blocksOf(one.model, numbers);
    fill(byId("blocks-body"), h("p", { class: "note" }, `Elements: ${one.model.element_name}. ${one.layout}.`), levelsOf(one.model, found), barsOf(found, numbers), elementsOf(one.model, found));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    complain(`${one.name}: ${error.message}: the scale comes from earlier numbers.`);
  }
}

const STATISTICS = { amax: "largest magnitude", absmean: "mean magnitude", minmax: "largest less smallest" };
const DIRECTION_WORDS = { down: "down", up: "up", nearest: "to nearest" };
const near = (q) => shortText(q.n ? toFloat(q) || q : 0, 7);

function levelsOf(model, found) {
  const texts = [];
  for (let level = model.levels.length - 1; level >= 0; level--) {
    const { name, rule } = model.levels[level];
    const fmt = modelOf(model.levels[level].scale);
    const what = STATISTICS[rule.statistic] ?? "given number";
    const each = found.scales[level].slice(0, 16).map((one, b) => {
      const of = found.scales[level].length > 1 ? `block ${b}: ` : "";
      const above = compare(one.above, ONE) === 0 ? "" : ` / ${near(one.above)}`;
      return h("p", {}, of, `${what} ${near(one.statistic)} / ${near(one.target)}${above} = ${near(one.quotient)} → `,
        h("b", {}, near(one.value)), " ", h("code", {}, hexOf(fmt, one.code)), one.loss !== undefined ? `, chosen with loss ${shortText(one.loss, 4)}` : "");
    });
    const length = found.lengths[level];
    const title = `${level ? "Outer scale" : "Scale"} of ${length} number${length > 1 ? "s" : ""}, ${name}, rounded ${DIRECTION_WORDS[rule.direction]}`;
    texts.push(h("div", { class: "level" }, h("h3", {}, title), each));
  }
  return texts;
}

/** What was typed as outlines, what it became as bars. */
function barsOf(found, numbers) {
  const width = Math.max(byId("blocks-body").clientWidth, 240);
  const height = 150;
  const most = Math.max(...numbers.map(Math.abs), ...found.elements.map(({ value }) => Math.abs(value)), Number.MIN_VALUE);
  const step = width / numbers.length;
  const bar = (value, i, look) => {
    const size = (Math.abs(value) / most) * (height / 2 - 6);
    return s("rect", { x: px(i * step + step * 0.15), width: px(step * 0.7), y: px(value >= 0 ? height / 2 - size : height / 2), height: px(size), ...look });
  };
  return s("svg", { viewBox: `0 0 ${width} ${height}`, height, role: "img", "aria-label": "Numbers as outlines, their rounded values as bars", style: "width:100%;display:block;margin:0.8rem 0" },
    found.elements.map(({ value }, i) => bar(value, i, { fill: "var(--c0)", "fill-opacity": 0.55 })),
    numbers.map((value, i) => bar(value, i, { fill: "none", stroke: "var(--ink)", "stroke-width": 1.1 })),
    s("line", { class: "axis", x1: 0, x2: width, y1: height / 2, y2: height / 2 }));
}

function elementsOf(model, found) {
  const fmt = modelOf(model.element);
  const head = ["number", "in units of the scale", "bits", "element", ...(model.zero_point ? ["zero point"] : []), "value", "error"];
  const look = (i) => [i === 2 ? "" : "n", ["in units of the scale", "element", "zero point"].includes(head[i]) ? "wide-only" : ""].join(" ");
  const rows = found.elements.map((one) => {
    const cells = [shortText(one.x, 7), near(one.quotient), bitText(fmt, one.code), model.zero_point ? String(one.code) : shortText(floatOf(fmt, one.code), 6),
      ...(model.zero_point ? [String(one.zero)] : []), shortText(one.value, 7), shortText(one.value - one.x, 3)];
    return h("tr", { "data-code": one.code }, cells.map((text, i) => h("td", { class: look(i) }, text)));
  });
  return h("table", { "aria-label": "Elements" }, h("thead", {}, h("tr", {}, head.map((text, i) => h("th", { class: look(i) }, text)))), h("tbody", {}, rows));
}

function startBlocks() {
  const every = DATA.formats.filter((one) => one.family === "scaled").map((one) => one.name);
  if (!every.length) {
    byId("blocks").hidden = true;
    return;
  }
  showBlocks(state.chosen.find((name) => every.includes(name)) ?? (every.includes("mxfp4") ? "mxfp4" : every[0]));
  onResize(byId("blocks-body"), drawBlocks);
  subscribe((what) => {
    const newest = state.chosen.at(-1);
    if (what === "formats" && isScaled(newest) && newest !== shown.name) showBlocks(newest);
  });
}
