// Choosing formats.

const GROUPS = {
  float: "Floating point", posit: "Posits", takum: "Takums", lns: "Logarithmic", hif8: "HiFloat", fixed: "Integers and fixed point",
  codebook: "Codebooks", scaled: "Shared scales",
};

function drawChips() {
  const alone = state.chosen.length === 1;
  fill(byId("chips"), state.chosen.map((name) =>
    h("li", { class: "chip", style: `--c:${colourOf(name)}`, title: described.get(name).source },
      h("span", { class: "dot" }), h("span", {}, name),
      h("button", { type: "button", "aria-label": `Remove ${name}`, disabled: alone, onclick: () => removeFormat(name) }, "×"))));
}

function matches(one, words) {
  const text = [one.name, one.family, GROUPS[one.family], `${one.bits} bits`, one.source, ...one.aliases].join(" ").toLowerCase();
  return words.every((word) => text.includes(word));
}

function drawList() {
  const words = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const found = DATA.formats.filter((one) => matches(one, words));
  const full = state.chosen.length >= MOST;
  const lone = state.chosen.length === 1;
  byId("picker-note").textContent = full
    ? `${MOST} formats are shown; take one away to add another.`
    : found.length ? `${found.length} of ${DATA.formats.length} formats` : "No format has these words.";
  const families = [...new Set(found.map((one) => one.family))];
  fill(byId("picker-list"), families.map((family) => [
    h("h3", {}, GROUPS[family] ?? family),
    h("ul", {}, found.filter((one) => one.family === family).map((one) => item(one, full, lone))),
  ]));
}

function item(one, full, lone) {
  const on = state.chosen.includes(one.name);
  const toggle = (event) => {
    (event.target.checked ? addFormat : removeFormat)(one.name);
    byId("picker-list").querySelector(`input[value="${CSS.escape(one.name)}"]`)?.focus();
  };
  const box = h("input", { type: "checkbox", value: one.name, checked: on, disabled: on ? lone : full, onchange: toggle });
  return h("li", {}, h("label", { title: [one.layout, one.source].filter(Boolean).join("\n") }, box, h("span", {}, one.name, " ", h("small", {}, `${one.bits} bits`))));
}

function startPicker() {
  byId("add").addEventListener("click", () => {
    byId("search").value = "";
    drawList();
    byId("picker").showModal();
    byId("search").focus();
  });
  byId("search").addEventListener("input", drawList);
  byId("picker").addEventListener("click", (event) => event.target === byId("picker") && byId("picker").close());
  subscribe((what) => {
    if (what !== "formats") return;
    drawChips();
    if (byId("picker").open) drawList();
  });
  drawChips();
}
