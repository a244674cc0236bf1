// Numbers in and out: what is typed becomes a float64, floats become rationals, rationals become text.

/** The rational of a finite float64. */
function fromFloat(x) {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, x);
  const bits = view.getBigUint64(0);
  const field = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & ((1n << 52n) - 1n);
  const whole = field ? fraction | (1n << 52n) : fraction;
  const value = times(rational(whole), powerOfTwo(Math.max(field, 1) - 1075));
  return bits >> 63n ? opposite(value) : value;
}

/** The float64 nearest to a rational, ties to even; infinities beyond the range. */
function toFloat(a) {
  if (a.n === 0n) return 0;
  const size = magnitude(a);
  const e = Math.max(exponentOf(size), -1022);
  const steps = roundHalfEven(over(size, powerOfTwo(e - 52)));
  if (e > 1023) return a.n < 0n ? -Infinity : Infinity;
  const found = scaled(Number(steps), e - 52);
  return a.n < 0n ? -found : found;
}

/** x 2^e, by two powers of two, so that neither leaves the range of float64. */
function scaled(x, e) {
  const first = Math.max(e, -1000);
  return x * 2 ** first * 2 ** (e - first);
}

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const HEX = /^([+-]?)0x([0-9a-f]*)\.?([0-9a-f]*)(p([+-]?\d+))?$/i;

/** Read 0.1, -3e5, 0x1.8p3, 1/3, inf, nan as float64; null if it is no number. */
function readNumber(text) {
  const given = text.trim().replace(/\u2212/g, "-").toLowerCase();
  const special = /^(nan)$|^([+-]?)(inf|infinity)$/.exec(given);
  if (special) return special[1] ? NaN : special[2] === "-" ? -Infinity : Infinity;
  if (DECIMAL.test(given)) return Number(given);
  const hex = HEX.exec(given);
  if (hex && hex[2] + hex[3]) return readHex(hex);
  const parts = given.split("/");
  if (parts.length === 2 && parts.every((part) => /^[+-]?\d+$/.test(part.trim()))) {
    const [n, d] = parts.map((part) => BigInt(part.trim().replace("+", "")));
    return d === 0n ? null : toFloat(rational(n, d));
  }
  return null;
}

function readHex([, sign, whole, fraction, , power]) {
  const digits = rational(BigInt("0x" + whole + fraction));
  const e = Math.max(-20000, Math.min(20000, Number(power ?? 0))) - 4 * fraction.length;
  const value = toFloat(times(digits, powerOfTwo(e)));
  return sign === "-" ? -value : value;
}

/** What is rounded: {nan}, {infinite, negative} or {q, negative}. */
function numberOf(x) {
  const negative = x < 0 || Object.is(x, -0);
  if (Number.isNaN(x)) return { nan: true, negative: false };
  if (!Number.isFinite(x)) return { infinite: true, negative };
  return { q: fromFloat(x), negative };
}

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const raised = (e) => (e < 0 ? "⁻" : "") + [...String(Math.abs(e))].map((d) => SUPERSCRIPTS[d]).join("");

/** A number with a power of two below the line as text: an integer times a power of two. */
function dyadicText(a) {
  const { n, d } = reduced(a);
  let [top, power] = [n, 1 - bitLength(d)];
  if (d !== 1n << BigInt(-power)) return `${n}/${d}`;
  if (power === 0 && (n < 0n ? -n : n) >= 1n << 20n) {
    while ((top & 1n) === 0n) [top, power] = [top / 2n, power + 1];
  }
  if (power === 0) return `${top}`;
  const scale = `2${raised(power)}`;
  return top === 1n ? scale : top === -1n ? `−${scale}` : `${top} × ${scale}`;
}

/** The decimal digits of a number with a power of two below the line, all of them if they are few. */
function decimalText(a, most = 40) {
  const { n, d } = reduced(a);
  const places = bitLength(d) - 1;
  if (places > 4 * most) return "";
  const digits = ((n < 0n ? -n : n) * 5n ** BigInt(places)).toString().padStart(places + 1, "0");
  const whole = digits.slice(0, digits.length - places);
  const rest = digits.slice(digits.length - places);
  const text = (n < 0n ? "-" : "") + whole + (rest ? `.${rest}` : "");
  return text.length > most ? "" : text;
}

/** A number in at most so many digits. */
function shortText(x, digits = 6) {
  if (typeof x !== "number") {
    const near = toFloat(x);
    if ((near === 0 && x.n !== 0n) || !Number.isFinite(near)) return dyadicText(x);
    return shortText(near, digits);
  }
  if (Number.isNaN(x)) return "NaN";
  if (!Number.isFinite(x)) return x < 0 ? "−∞" : "∞";
  if (Object.is(x, -0)) return "−0";
  const near = Number.isInteger(x) && digits >= 7 && Math.abs(x) < 2 ** 53 ? x : Number(x.toPrecision(digits));
  const text = Math.abs(near) >= 1e9 && near !== x ? near.toExponential() : String(near);
  return text.replace("e+", "e").replace(/-/g, "−");
}
