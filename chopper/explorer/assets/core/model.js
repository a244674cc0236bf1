// From the description of a format to what knows its numbers.

const FAMILIES = { float: FloatModel, posit: PositModel, takum: TakumModel, lns: LnsModel, fixed: FixedModel, list: ListModel };

const models = new Map();

/** The model of a described format of single numbers. */
function modelOf(described) {
  const key = JSON.stringify(described);
  if (!models.has(key)) models.set(key, new FAMILIES[described.family](described));
  return models.get(key);
}

const bitsOf = (fmt, code) => code.toString(2).padStart(fmt.bits, "0");
const hexOf = (fmt, code) => "0x" + code.toString(16).padStart(Math.ceil(fmt.bits / 4), "0");
const NO_NUMBER = ["nan", "nar", "infinity", "spare"];

function isNumber(fmt, code) {
  const kind = fmt.kind(code);
  return !NO_NUMBER.includes(kind) || (kind === "spare" && fmt.spareIsNumber === true);
}

/** The value of a code as float64: rounded to nearest where it does not hold it. */
function floatOf(fmt, code) {
  const kind = fmt.kind(code);
  if (kind === "infinity") return fmt.isNegative(code) ? -Infinity : Infinity;
  if (!isNumber(fmt, code)) return NaN;
  const value = toFloat(fmt.number(code));
  return value === 0 && fmt.isNegative(code) ? -0 : value;
}

/** The value of a code exactly: a power of two or e where it is irrational. */
function exactText(fmt, code) {
  const kind = fmt.kind(code);
  if (kind === "infinity") return fmt.isNegative(code) ? "−∞" : "∞";
  if (!isNumber(fmt, code)) return { nan: "NaN", nar: "NaR", spare: "no number" }[kind];
  if (kind === "zero") return fmt.isNegative(code) ? "−0" : "0";
  return fmt.exactText?.(code) ?? dyadicText(fmt.number(code));
}
