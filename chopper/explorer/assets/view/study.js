// The user's own numbers: what each format does to them.

const COUNTED = [["overflow", "beyond range"], ["underflow", "became zero"], ["nonfinite", "became inf or NaN"]];

function drawStudy() {
  const found = DATA.study;
  const known = state.chosen.filter((name) => found.formats[name]);
  const some = known.filter((name) => !found.formats[name].refused);
  const span = found.binades.counts.length ? `, magnitudes from 2${raised(found.binades.first)} to 2${raised(found.binades.first + found.binades.counts.length)}` : "";
  byId("study-lead").textContent = `${found.name ? `${found.name}: ` : ""}${found.count.toLocaleString("en")} numbers` +
    `${found.zeros ? `, ${found.zeros.toLocaleString("en")} of them zero` : ""}${span}, rounded ${found.rounding.replace(/_/g, " ")}.` +
    (found.left_out ? ` ${found.left_out.toLocaleString("en")} infinities and NaNs are left out.` : "");
  fill(byId("study-body"), summaryOf(some, found), notesOf(found),
    h("div", { class: "multiples" }, some.map((name) => histogramOf(name, found.formats[name], some, found))));
}

function summaryOf(names, found) {
  const number = (value) => (typeof value === "string" ? value.replace("inf", "∞") : shortText(value, 3));
  const head = ["format", "signal to noise, dB", "RMS error", "largest relative", ...COUNTED.map(([, text]) => text), "unchanged"];
  const rows = names.map((name) => {
    const one = found.formats[name];
    const exact = `${Number((100 * one.exact).toFixed(2))} %`;
    const cells = [number(typeof one.sqnr_db === "string" ? one.sqnr_db : Number(one.sqnr_db.toFixed(2))), number(one.rms), number(one.max_rel),
      ...COUNTED.map(([key]) => one[key].toLocaleString("en")), exact];
    return h("tr", {}, h("td", { "data-label": "format" }, h("b", {}, h("i", { class: "dot", style: `--c:${colourOf(name)}` }), name)),
      cells.map((text, i) => h("td", { class: "n", "data-label": head[i + 1] }, text)));
  });
  return h("table", { class: "stack", "aria-label": "Errors by format" }, h("thead", {}, h("tr", {}, head.map((text, i) => h("th", { class: i ? "n" : "" }, text)))), h("tbody", {}, rows));
}

function notesOf(found) {
  const why = (name) => (found.formats[name] ? found.formats[name].refused : `not studied here; write the page with --fmt ${name}`);
  return state.chosen.filter(why).map((name) => h("p", { class: "note" }, `${name}: ${why(name)}`));
}

/** How many numbers have which relative error, by powers of two, on one axis for all formats. */
function histogramOf(name, one, names, found) {
  const every = names.map((each) => found.formats[each].histogram).filter(({ counts }) => counts.length);
  const low = Math.max(-64, Math.min(...every.map(({ first }) => first), -4));
  const high = Math.max(...every.map(({ first, counts }) => first + counts.length), 1);
  const [width, height] = [300, 110];
  const { first, counts } = one.histogram;
  const most = Math.max(...counts, 1);
  const x = (e) => ((e - low) / (high - low)) * width;
  const bars = counts.map((count, i) => (count ? s("rect", {
    x: px(x(first + i) + 0.5), width: px(Math.max(width / (high - low) - 1, 1)), y: px(height - (count / most) * (height - 8)), height: px((count / most) * (height - 8)), rx: 1,
  }, s("title", {}, `${count.toLocaleString("en")} numbers: relative error 2${raised(first + i)} to 2${raised(first + i + 1)}`)) : null));
  const ticks = niceTicks(low, high, 5).filter(Number.isInteger);
  const inexact = counts.reduce((sum, count) => sum + count, 0);
  return h("figure", { style: "margin:0" }, h("figcaption", {}, h("b", {}, h("i", { class: "dot", style: `--c:${colourOf(name)}` }), name), h("span", { class: "note" }, ` ${inexact.toLocaleString("en")} changed`)),
    s("svg", { viewBox: `0 -2 ${width} ${height + 24}`, role: "img", "aria-label": `Histogram of relative errors of ${name}`, style: "width:100%" },
      s("g", { fill: colourOf(name) }, bars), s("line", { class: "axis", x1: 0, x2: width, y1: height, y2: height }),
      ticks.map((t) => s("text", { x: px(x(t)), y: height + 16, "text-anchor": anchorAt(x(t), width) }, `2${raised(t)}`))));
}

function startStudy() {
  if (!DATA.study) return;
  byId("study").hidden = false;
  subscribe((what) => what === "formats" && drawStudy());
  drawStudy();
}
