// Axes: where ticks stand and what they say.

/** Round numbers between two ends, about so many. */
function niceTicks(low, high, count) {
  const raw = (high - low) / Math.max(count, 1);
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((k) => k * power).find((one) => one >= raw * 0.999) ?? raw;
  const found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k++) found.push(k * step + 0); // no minus zero
  return found;
}

/** Whole exponents between two ends, about so many. */
function decadeTicks(low, high, count) {
  const step = [1, 2, 3, 5, 10, 20, 50, 100].find((one) => (high - low) / one <= count) ?? 200;
  const found = [];
  for (let k = Math.ceil(low / step); k * step <= high; k++) found.push(k * step + 0);
  return found;
}

const decadeText = (e) => (e === 0 ? "1" : e === 1 ? "10" : `10${raised(e)}`);
const tickText = (x, step) => {
  if (x === 0) return "0";
  const digits = Math.max(1, Math.min(15, Math.ceil(Math.log10(Math.abs(x) / step) + 1)));
  return shortText(x, digits);
};

/** A line of text fitted into a width, by leaving out its end. */
const fitted = (text, width) => (text.length * 7 > width ? text.slice(0, Math.max(1, Math.floor(width / 7) - 1)) + "…" : text);
/** Where a text under a tick begins, so that it stays inside of its picture. */
const anchorAt = (x, width) => (x < 22 ? "start" : x > width - 22 ? "end" : "middle");
const px = (x) => Math.round(x * 10) / 10;
