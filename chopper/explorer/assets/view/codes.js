// The panel of codes: bits to click, the value they stand for, the codes around.

const COLUMNS = (bits) => (bits >= 8 ? 16 : bits >= 5 ? 8 : Math.min(2 ** bits, 4));

function drawCodes() {
  const name = state.active;
  const one = described.get(name);
  const fmt = drawn(name);
  const code = codeOf(name);
  const short = fmt.bits <= 8;
  const pick = (next) => selectCode(name, next);
  fill(byId("codes-tabs"), segments("Format", "codes-format", state.chosen.map((each) => [each, each, colourOf(each)]), name, (each) => change("code", { active: each })));
  byId("codes-lead").textContent = `${unitNote(name)}: ${one.layout}. Click a bit to turn it.`;
  const focus = document.activeElement?.closest("#codes-body") ? focusKey(document.activeElement, code) : null;
  fill(byId("codes-body"),
    bitButtons(fmt, code, pick),
    h("div", { class: "two" },
      h("div", {}, valueOf(fmt, code), stepsOf(fmt, code, pick), specialsOf(one, fmt, pick), short ? tableOf(fmt, code, pick) : null),
      h("div", {}, short ? mapOf(fmt, code, pick) : tableOf(fmt, code, pick))),
    aboutOf(one));
  if (focus) byId("codes-body").querySelector(focus)?.focus({ preventScroll: true });
}

/** A selector that finds what has the focus again after drawing; on the map it follows the selected code. */
function focusKey(node, code) {
  if (node.dataset.cell !== undefined) return `[data-cell="${code}"]`;
  for (const key of ["bit", "key"]) if (node.dataset[key] !== undefined) return `[data-${key}="${node.dataset[key]}"]`;
  return null;
}

function valueOf(fmt, code) {
  const value = floatOf(fmt, code);
  const exact = exactText(fmt, code);
  const decimal = isNumber(fmt, code) && !fmt.exactText?.(code) ? decimalText(fmt.number(code)) : "";
  const rows = [["code", h("code", {}, hexOf(fmt, code)), ` = ${code}`], ["kind", fmt.kind(code)], ["exactly", exact]];
  if (decimal && decimal !== exact) rows.push(["decimal", decimal]);
  const read = readingOf(fmt, code);
  if (read) rows.push(["read as", read]);
  return h("div", { "aria-live": "polite" },
    h("p", { class: "value", id: "code-value" }, !isNumber(fmt, code) ? exact : shortText(Number.isFinite(value) ? value : fmt.number(code), 9)),
    h("dl", { class: "facts" }, rows.map(([what, ...text]) => [h("dt", {}, what), h("dd", {}, text)])));
}

/** How the fields make the value. */
function readingOf(fmt, code) {
  if (!isNumber(fmt, code) || fmt.kind(code) === "zero") return "";
  const sign = fmt.isNegative(code) ? "−" : "";
  const size = magnitude(fmt.number(code));
  if (fmt instanceof FixedModel) return fmt.fraction_bits ? `${fmt.integer(code)} × 2^${-fmt.fraction_bits}` : `the integer ${fmt.integer(code)}`;
  if (fmt instanceof LnsModel) return `${sign}2^(${fmt.exponent(code)} / ${2 ** fmt.fraction_bits})`;
  if (fmt instanceof TakumModel && fmt.logarithmic) {
    const { c, m, digits } = fmt._parts(code > fmt.nar ? fmt.top - code : code, fmt.n);
    return `${sign}e^((${c} + ${dyadicText(rational(m, 1n << digits))}) / 2)`;
  }
  if (fmt instanceof ListModel && fmt.kind(code) === "number") return `number ${code} of the list`;
  const e = exponentOf(size);
  if (fmt instanceof FloatModel && fmt.kind(code) === "subnormal") {
    const lowest = fmt.first_field - fmt.bias;
    return `${sign}2${raised(lowest)} × (0 + ${dyadicText(over(size, powerOfTwo(lowest)))})`;
  }
  const rest = minus(over(size, powerOfTwo(e)), ONE);
  return `${sign}2${raised(e)} × (1 + ${rest.n ? dyadicText(rest) : "0"})`;
}

function stepsOf(fmt, code, pick) {
  const top = 1n << BigInt(fmt.bits);
  const move = (by) => pick((code + by + top) % top);
  const key = (text, label, act, data) => h("button", { type: "button", "aria-label": label, "data-key": data, onclick: act }, text);
  const typed = (event) => {
    const text = event.target.value.trim();
    if (!/^(0x[0-9a-f]+|0b[01]+|\d+)$/i.test(text) || BigInt(text) >= top) {
      event.target.setCustomValidity(`no code: 0 to 0x${(top - 1n).toString(16)}`);
      event.target.reportValidity();
    } else pick(BigInt(text));
  };
  return h("div", { class: "steps" },
    key("‹", "Code before", () => move(-1n), "before"), key("›", "Next code", () => move(1n), "next"),
    h("input", { type: "text", class: "mono", "aria-label": "Code", value: hexOf(fmt, code), "data-key": "code", spellcheck: "false", onchange: typed, oninput: (event) => event.target.setCustomValidity("") }));
}

function specialsOf(one, fmt, pick) {
  if (!one.special.length) return null;
  return h("div", { class: "steps", role: "group", "aria-label": "Codes worth knowing" },
    one.special.map(([what, code]) => h("button", { type: "button", class: "small", "data-key": what, onclick: () => pick(BigInt(code)) }, what)));
}

// --- all codes of a short format -------------------------------------------------------------------------------------

function mapOf(fmt, code, pick) {
  const columns = COLUMNS(fmt.bits);
  const most = Math.log2(Math.max(Math.abs(fmt.approximate(fmt.order.code(fmt.order.count - 1n))), Math.abs(fmt.approximate(fmt.order.code(0n)))));
  const least = Math.log2(Math.abs(fmt.approximate(fmt.order.code(countUpTo(fmt, ZERO)))) || 1);
  const cells = [...Array(2 ** fmt.bits).keys()].map((i) => {
    const each = BigInt(i);
    const here = each === code;
    const text = `${hexOf(fmt, each)}: ${exactText(fmt, each)}`;
    return h("button", {
      type: "button", role: "gridcell", style: `--cell:${shade(fmt, each, least, most)}`, tabindex: here ? 0 : -1, "aria-selected": String(here),
      "aria-label": text, title: text, "data-cell": i, onclick: () => pick(each),
    });
  });
  const rows = [];
  for (let i = 0; i < cells.length; i += columns) rows.push(h("div", { role: "row", style: "display:contents" }, cells.slice(i, i + columns)));
  const move = (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[event.key];
    const next = Number(code) + (by ?? NaN);
    if (!(next >= 0 && next < cells.length)) return;
    event.preventDefault();
    pick(BigInt(next));
  };
  const entry = (cell, text) => h("span", {}, h("i", { style: `--cell:${cell}` }), text);
  return [
    h("div", { class: "map", role: "grid", "aria-label": "All codes; arrow keys move", style: `--columns:${columns}`, onkeydown: move }, rows),
    h("p", { class: "legend" }, entry(positive(0.25), "small"), entry(positive(0.95), "large"), entry(negative(0.7), "negative"), entry("var(--grid)", "zero"), entry("var(--ink)", "not a number")),
  ];
}

const positive = (part) => `color-mix(in oklab, var(--c0) ${Math.round(12 + 80 * part)}%, var(--card))`;
const negative = (part) => `color-mix(in oklab, var(--c1) ${Math.round(12 + 80 * part)}%, var(--card))`;

function shade(fmt, code, least, most) {
  const kind = fmt.kind(code);
  if (!isNumber(fmt, code)) return "var(--ink)";
  if (kind === "zero") return "var(--grid)";
  const value = fmt.approximate(code);
  const part = Math.max(0, Math.min(1, (Math.log2(Math.abs(value)) - least) / (most - least || 1)));
  return (value < 0 ? negative : positive)(part);
}

// --- codes around the selected one -----------------------------------------------------------------------------------

function tableOf(fmt, code, pick) {
  const rows = fmt.bits <= 8 ? 8 : 15;
  const top = 1n << BigInt(fmt.bits);
  let from = code - BigInt(rows >> 1);
  if (from + BigInt(rows) > top) from = top - BigInt(rows);
  if (from < 0n) from = 0n;
  const body = [];
  for (let each = from; each < from + BigInt(rows) && each < top; each++) {
    const at = each;
    const value = isNumber(fmt, at) && fmt.bits <= 20 ? shortText(floatOf(fmt, at), 7) : exactText(fmt, at);
    body.push(h("tr", { class: at === code ? "here" : "" },
      h("td", {}, h("button", { type: "button", class: "link", "data-key": `row${at}`, onclick: () => pick(at) }, hexOf(fmt, at))),
      fmt.bits <= 20 ? h("td", {}, bitText(fmt, at)) : null,
      h("td", { class: "n" }, value),
      h("td", { class: "wide-only" }, fmt.kind(at))));
  }
  const head = h("tr", {}, h("th", {}, "code"), fmt.bits <= 20 ? h("th", {}, "bits") : null, h("th", { class: "n" }, "value"), h("th", { class: "wide-only" }, "kind"));
  return h("table", { class: fmt.bits > 20 ? "long" : "", "aria-label": "Codes around the selected one" }, h("thead", {}, head), h("tbody", {}, body));
}

function aboutOf(one) {
  const rows = [["also", one.aliases.join(", ")], ["source", one.source], ["note", one.note], ...one.numbers].filter(([, text]) => text);
  return h("details", {}, h("summary", {}, `About ${one.name}`), h("dl", { class: "facts" }, rows.map(([what, text]) => [h("dt", {}, what), h("dd", {}, text)])));
}

function startCodes() {
  subscribe((what) => what !== "number" && drawCodes());
  drawCodes();
}
