// Rounding of one number: in every mode, into every format that is shown.

const EXAMPLES = ["0.1", "1/3", "2.5", "300", "-1e-3", "1e30", "0x1.8p-7", "inf", "nan"];

function drawAsk() {
  const type = (text) => { byId("number").value = text; change("number", { text }); };
  const policies = [["", "the default"], ...DATA.policies.map((policy) => [policy, policy])];
  fill(byId("rounding-ask"),
    h("label", { class: "grow" }, "Number", h("input", { type: "text", id: "number", value: state.text, inputmode: "text", autocomplete: "off", spellcheck: "false", "aria-describedby": "number-read", oninput: (event) => change("number", { text: event.target.value }) })),
    h("label", {}, "Beyond the range", h("select", { id: "overflow", onchange: (event) => change("number", { overflow: event.target.value }) }, policies.map(([value, text]) => h("option", { value }, text)))),
    h("div", { class: "tools", role: "group", "aria-label": "Examples" }, EXAMPLES.map((text) => h("button", { type: "button", class: "small", onclick: () => type(text) }, text))),
    h("p", { class: "read", id: "number-read", role: "status" }));
}

function drawRounding() {
  const x = readNumber(state.text);
  byId("number").setAttribute("aria-invalid", String(x === null));
  byId("number-read").textContent = x === null ? "No number: write 0.1, -3e5, 0x1.8p3, 1/3, inf or nan." : `float64: ${readAs(x)}`;
  fill(byId("rounding-body"), x === null ? [] : state.chosen.map((name) => columnOf(name, x)));
}

function readAs(x) {
  if (!Number.isFinite(x) || x === 0) return shortText(x);
  const exact = fromFloat(x);
  const digits = decimalText(exact, 64);
  if (digits === String(x)) return digits;
  return `${x}, exactly ${digits || dyadicText(exact)}`;
}

function columnOf(name, x) {
  const head = h("h3", {}, name);
  const style = `--c:${colourOf(name)}`;
  if (isScaled(name)) {
    const link = h("a", { href: "#blocks", onclick: () => showBlocks(name) }, "Shared scales");
    return h("div", { class: "column", style }, head, h("p", { class: "note" }, "Elements share scales: what a number becomes depends on its block. ", aloneText(name, x), " See ", link, "."));
  }
  const fmt = drawn(name);
  const rows = DATA.modes.map((mode) => modeOf(fmt, mode, x));
  return h("div", { class: "column", style, "data-format": name }, head, stripOf(fmt, x), h("dl", { class: "modes" }, rows));
}

/** What a number becomes in a block of its own. */
function aloneText(name, x) {
  if (!Number.isFinite(x)) return "";
  try {
    const found = blocksOf(described.get(name).model, [x]);
    return `Alone in a block, to nearest, it becomes ${shortText(found.elements[0].value, 9)}.`;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return "";
  }
}

function roundTo(fmt, x, mode) {
  try {
    return { outcomes: fmt.round(numberOf(x), mode, state.overflow || undefined) };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { refusal: error.message };
  }
}

function modeOf(fmt, mode, x) {
  const { outcomes, refusal } = roundTo(fmt, x, mode.name);
  const found = refusal ? [h("span", { class: "refused" }, refusal)] : outcomes.map((one) => outcomeOf(fmt, one, outcomes.length > 1));
  return h("div", { class: "mode", "data-mode": mode.name }, h("dt", { title: `away from zero: ${mode.formula}` }, mode.name.replace(/_/g, " ")), h("dd", {}, found));
}

function outcomeOf(fmt, { code, words }, chance) {
  const part = Number(words) / 2 ** 32;
  const value = isNumber(fmt, code) ? shortText(floatOf(fmt, code), 9) : exactText(fmt, code);
  return h("div", { class: "out", "data-code": code, "data-words": words },
    h("b", {}, value, chance ? h("span", { style: "font-weight:400" }, ` ${percent(part)}`) : null),
    h("span", { class: "mono" }, hexOf(fmt, code)),
    chance ? h("div", { class: "chance", role: "img", "aria-label": `probability ${percent(part)}` }, h("i", { style: `width:${100 * part}%` })) : null);
}

const percent = (part) => (part > 0 && part < 1e-4 ? `${shortText(part, 3)}` : `${Number((100 * part).toFixed(4))} %`);

/** Where the number lies between its neighbours, and where rounding to nearest turns. */
function stripOf(fmt, x) {
  if (!Number.isFinite(x)) return null;
  const at = countUpTo(fmt, fromFloat(x));
  if (at === 0n || at === fmt.order.count) return h("p", { class: "note" }, "Beyond the ", at ? "largest" : "lowest", " value: the overflow policy decides.");
  const [low, high] = [fmt.order.code(at - 1n), fmt.order.code(at)];
  if (compare(fmt.number(low), fromFloat(x)) === 0) return h("p", { class: "note" }, "One of the values: it stays.");
  const [a, b] = [fmt.number(low), fmt.number(high)];
  const place = (q) => 14 + 272 * toFloat(over(minus(q, a), minus(b, a)));
  const turn = place(turnOf(fmt, low, high, a, b));
  const here = place(fromFloat(x));
  const text = (value) => shortText(fmt.approximate(value), 5);
  return s("svg", { viewBox: "0 0 300 48", role: "img", "aria-label": `between ${text(low)} and ${text(high)}`, style: "max-width:24rem;display:block" },
    s("line", { class: "axis", x1: 14, x2: 286, y1: 20, y2: 20 }),
    [14, 286].map((end) => s("line", { x1: end, x2: end, y1: 11, y2: 29, stroke: "var(--c)", "stroke-width": 2.5 })),
    Number.isFinite(turn) ? s("path", { d: `M${turn} 20l4 7h-8z`, fill: "var(--soft)" }, s("title", {}, "rounding to nearest turns here")) : null,
    s("circle", { cx: here, cy: 20, r: 5, fill: "var(--ink)" }),
    s("text", { x: 2, y: 44 }, text(low)), s("text", { x: 298, y: 44, "text-anchor": "end" }, text(high)));
}

function turnOf(fmt, low, high, a, b) {
  const touchesZero = a.n === 0n || b.n === 0n || (a.n < 0n) !== (b.n < 0n);
  if (fmt.smallStays && touchesZero) return a.n === 0n ? a : b;
  return fmt.middle ? centre(fmt.middle(low, high)) : mean(a, b);
}

function startRounding() {
  drawAsk();
  subscribe((what) => what !== "code" && drawRounding());
  drawRounding();
}
