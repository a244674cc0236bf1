// Elements by function: h for HTML, s for SVG.

function make(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "style") node.style.cssText = value;
    else if (["value", "checked", "disabled", "selected", "hidden"].includes(name)) node[name] = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

const h = (tag, attributes, ...children) => make(document.createElement(tag), attributes, children);
const s = (tag, attributes, ...children) => make(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
const byId = (id) => document.getElementById(id);
const fill = (node, ...children) => node.replaceChildren(...children.flat(Infinity).filter((child) => child !== null && child !== false && child !== undefined));

/** A row of choices of which one holds: radio buttons in the look of tabs. */
function segments(label, name, options, chosen, pick) {
  const one = ([value, text, colour]) => {
    const box = h("input", { type: "radio", name, value, checked: value === chosen, onchange: () => pick(value) });
    const dot = colour && h("i", { class: "dot", style: `--c:${colour}`, "aria-hidden": "true" });
    return h("label", {}, box, h("span", {}, dot, text));
  };
  return h("div", { class: "segments", role: "radiogroup", "aria-label": label }, options.map(one));
}

/** Redraw when the width of a node changes. */
function onResize(node, draw) {
  let last = 0;
  new ResizeObserver(() => {
    if (node.clientWidth === last) return;
    last = node.clientWidth;
    draw();
  }).observe(node);
}
