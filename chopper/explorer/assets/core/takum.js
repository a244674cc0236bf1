// Takums: sign, direction, three bits of regime, characteristic, fraction; linear or logarithmic.

class TakumModel extends TaperedModel {
  constructor(fields) {
    super(fields);
    this.coarse = this.n <= 16;
    this._numbers = new Map();
  }

  number(code) {
    if (!this.logarithmic) return this.real(code);
    if (!this._numbers.has(code)) this._numbers.set(code, nearest(this.real(code), 53));
    return this._numbers.get(code);
  }

  approximate(code) {
    if (code === 0n) return 0;
    const { c, m, digits } = this._parts(code > this.nar ? this.top - code : code, this.n);
    const part = Number(m) / 2 ** Number(digits);
    const size = this.logarithmic ? Math.exp((c + part) / 2) : (1 + part) * 2 ** c;
    return code > this.nar ? -size : size;
  }

  /** Characteristic, and mantissa m / 2^digits, of the code of a positive number. */
  _parts(code, bits) {
    if (bits < 12) [code, bits] = [code << BigInt(12 - bits), 12];
    const at = BigInt(bits);
    const regime = Number((code >> (at - 5n)) & 7n);
    const up = (code >> (at - 2n)) & 1n;
    const r = up ? regime : 7 - regime;
    const digits = at - 5n - BigInt(r);
    const raw = Number((code >> digits) & ((1n << BigInt(r)) - 1n));
    const c = up ? 2 ** r - 1 + raw : 1 - 2 ** (r + 1) + raw;
    return { c, m: code & ((1n << digits) - 1n), digits };
  }

  positive(code, bits) {
    const { c, m, digits } = this._parts(code, bits);
    const one = 1n << digits;
    if (this.logarithmic) return exponential(BigInt(c) * one + m, 2n * one);
    return times(rational(one + m, one), powerOfTwo(c));
  }

  fields(bits) {
    const regime = parseInt(bits.slice(2, 5).padEnd(3, "0"), 2);
    const digits = bits[1] === "1" ? regime : 7 - regime;
    const widths = [["sign", 1], ["direction", 1], ["regime", 3], ["characteristic", digits], ["fraction", bits.length]];
    return cut(bits, widths);
  }

  exactText(code) {
    if (!this.logarithmic) return null;
    const negative = code > this.nar;
    const { c, m, digits } = this._parts(negative ? this.top - code : code, this.n);
    const exponent = reduced(rational((BigInt(c) << digits) + m, 2n << digits));
    if (exponent.n === 0n) return null;
    return `${negative ? "-" : ""}e^(${exponent.n}${exponent.d === 1n ? "" : `/${exponent.d}`})`;
  }
}
