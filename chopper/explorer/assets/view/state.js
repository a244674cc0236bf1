// What is chosen, and who wants to know when it changes.

const DATA = JSON.parse(byId("data").textContent);
const described = new Map(DATA.formats.map((one) => [one.name, one]));
const MOST = 8;

const state = {
  chosen: DATA.chosen.slice(0, MOST),
  colours: new Map(),
  codes: new Map(), // the selected code of each format
  active: DATA.chosen[0], // the format of the panel of codes
  text: "0.1",
  overflow: "",
  listeners: [],
};

/** The model that is drawn for a format: of the elements where scales are shared. */
function drawn(name) {
  const { model } = described.get(name);
  return modelOf(model.family === "scaled" ? model.element : model);
}

const isScaled = (name) => described.get(name).family === "scaled";
const unitNote = (name) => (isScaled(name) ? `${name} (in units of the scale)` : name);

function colourOf(name) {
  if (!state.colours.has(name)) {
    const used = new Set(state.chosen.map((one) => state.colours.get(one)));
    const free = [...Array(MOST).keys()].find((i) => !used.has(i)) ?? 0;
    state.colours.set(name, free);
  }
  return `var(--c${state.colours.get(name)})`;
}

/** The selected code of a format; 1 or the largest number at first. */
function codeOf(name) {
  if (!state.codes.has(name)) {
    const fmt = drawn(name);
    const order = fmt.order;
    const at = countBelow(fmt, ONE);
    state.codes.set(name, order.code(at < order.count ? at : order.count - 1n));
  }
  return state.codes.get(name);
}

const subscribe = (listener) => state.listeners.push(listener);

/** Change some of the state; what: "formats", "code" or "number". */
function change(what, changes) {
  Object.assign(state, changes);
  for (const listener of state.listeners) listener(what);
}

function selectCode(name, code) {
  state.codes.set(name, code);
  change("code", { active: name });
}

function addFormat(name) {
  if (state.chosen.includes(name) || state.chosen.length >= MOST) return;
  colourOf(name);
  change("formats", { chosen: [...state.chosen, name] });
}

function removeFormat(name) {
  if (state.chosen.length < 2) return;
  const chosen = state.chosen.filter((one) => one !== name);
  state.colours.delete(name);
  change("formats", { chosen, active: chosen.includes(state.active) ? state.active : chosen[0] });
}
