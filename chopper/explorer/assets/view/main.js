// The start: theme, sections, and what the console and tests may ask.

function startTheme() {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const show = (theme) => {
    document.documentElement.dataset.theme = theme;
    byId("theme").textContent = theme === "dark" ? "Light" : "Dark";
    byId("theme").setAttribute("aria-label", `Switch to ${theme === "dark" ? "light" : "dark"} colours`);
  };
  byId("theme").addEventListener("click", () => show(document.documentElement.dataset.theme === "dark" ? "light" : "dark"));
  dark.addEventListener("change", () => show(dark.matches ? "dark" : "light"));
  show(dark.matches ? "dark" : "light");
}

function startJump() {
  const sections = [...document.querySelectorAll("main > section")].filter((section) => !section.hidden);
  fill(byId("jump"), sections.map((section) => h("li", {}, h("a", { href: `#${section.id}` }, section.querySelector("h2").textContent))));
  const left = Object.entries(DATA.left_out).map(([name, why]) => `Left out: ${name} (${why}).`);
  byId("foot").textContent = [`Written by chopper ${DATA.version}.`, "Values and roundings are computed exactly, in integers of any length.", ...left].join(" ");
}

startTheme();
state.chosen.forEach(colourOf);
startPicker();
startLine();
startCodes();
startRounding();
startAccuracy();
startStudy();
startBlocks();
startJump();

/** For the console: formats to show, models by name, rounding, values. */
window.explorer = {
  show: (names) => change("formats", { chosen: names.slice(0, MOST), active: names[0] }),
  names: () => [...described.keys()],
  value: (name, code) => floatOf(drawn(name), BigInt(code)),
  kind: (name, code) => drawn(name).kind(BigInt(code)),
  round: (name, x, mode, overflow) => drawn(name).round(numberOf(x), mode, overflow).map(({ code, words }) => [String(code), String(words)]),
  blocks: (name, numbers) => blocksOf(described.get(name).model, numbers),
  readNumber,
  modes: MODES,
};
