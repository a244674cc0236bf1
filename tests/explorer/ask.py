"""What tests ask of the page, in its own language."""

from __future__ import annotations

__all__ = ["BLOCKS", "CODES", "CONTRASTS", "FOCUS", "NAMELESS", "ROUND", "VALUES"]

VALUES = """([name, codes]) => codes.map((code) => {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, explorer.value(name, code));
  return [view.getBigUint64(0).toString(), explorer.kind(name, code)];
})"""
"""Bits and kinds of the values of codes."""

ROUND = """([name, xs, mode, overflow]) => xs.map((text) => {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt(text));
  try {
    return explorer.round(name, view.getFloat64(0), mode, overflow ?? undefined);
  } catch (error) {
    return error.message;
  }
})"""
"""Codes that numbers, given by their bits, become, with how many words lead to each; or a refusal."""

BLOCKS = """([name, xs]) => {
  const { scales, elements } = explorer.blocks(name, xs);
  return {
    scales: scales.map((level) => level.map((one) => Number(one.code))), codes: elements.map((one) => Number(one.code)),
    values: elements.map((one) => one.value), zeros: elements.map((one) => Number(one.zero ?? 0)),
  };
}"""
"""Scales and elements of a row of numbers."""

CODES = "all => all.map(one => Number(one.dataset.code))"
"""The codes that nodes show."""

FOCUS = """() => {
  const node = document.activeElement;
  const look = getComputedStyle(node.matches(".segments input") ? node.nextElementSibling : node);
  const name = node.id || node.dataset.bit || node.dataset.key || node.name || node.textContent;
  return [name, look.outlineStyle, parseFloat(look.outlineWidth)];
}"""
"""What has the focus, and how that is shown."""

NAMELESS = """() => {
  const every = [...document.querySelectorAll("button, input, select, textarea, svg[role=img], svg[role=group]")];
  const named = (node) => node.getAttribute("aria-label") || node.textContent.trim() || node.labels?.length;
  return every.filter((node) => !named(node)).map((node) => node.outerHTML.slice(0, 80));
}"""
"""Controls and pictures that a screen reader cannot name."""

CONTRASTS = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const linear = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  const light = (colour) => {
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((c) => linear(c / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const look = getComputedStyle(document.documentElement);
  const colour = (name) => look.getPropertyValue(name).trim();
  const pairs = [["--ink", "--paper"], ["--ink", "--card"], ["--focus", "--card"]];
  for (const ground of ["--card", "--paper", "--wash"]) pairs.push(["--soft", ground]);
  for (const field of ["sign", "regime", "exponent", "fraction", "code"]) pairs.push([`--${field}-ink`, `--${field}`]);
  const both = pairs.map((pair) => pair.map(colour).map(light).sort((a, b) => b - a));
  return both.map(([a, b]) => (a + 0.05) / (b + 0.05));
}"""
"""Ratios of contrast of texts and what they stand on (WCAG 2.2, section 1.4.3)."""
