// Bits of a code, by field: to be clicked, or only shown.

const fieldClass = (name) => (name === "dot" ? "dot-field" : name);

/** Buttons for the bits of a code; `pick` gets the code with one bit turned. */
function bitButtons(fmt, code, pick) {
  const bits = bitsOf(fmt, code);
  let at = fmt.bits;
  const groups = fmt.fields(bits).map(({ name, bits: part }) => {
    const buttons = [...part].map((bit) => {
      at -= 1;
      const place = BigInt(at);
      return h("button", {
        type: "button", class: "bit", "aria-pressed": String(bit === "1"), "aria-label": `${name} bit ${at}: ${bit}`, "data-bit": at,
        onclick: () => pick(code ^ (1n << place), at),
      }, bit);
    });
    return h("div", { class: `field ${fieldClass(name)}` }, h("div", {}, buttons), h("small", {}, name));
  });
  return h("div", { class: fmt.bits > 16 ? "bits many" : "bits", role: "group", "aria-label": "Bits, the highest first; arrow keys move", onkeydown: moveByArrows }, groups);
}

function moveByArrows(event) {
  const step = { ArrowLeft: 1, ArrowRight: -1 }[event.key];
  const at = Number(event.target.dataset?.bit);
  if (!step || Number.isNaN(at)) return;
  const next = event.currentTarget.querySelector(`[data-bit="${at + step}"]`);
  if (!next) return;
  event.preventDefault();
  next.focus();
}

/** The bits as coloured text. */
function bitText(fmt, code) {
  return fmt.fields(bitsOf(fmt, code)).map(({ name, bits }) => h("span", { class: `piece ${fieldClass(name)}`, title: name }, bits));
}
