// Takums: sign, direction, three bits of regime, characteristic, fraction; linear or logarithmic.

class TakumModel extends ListedModel {
  constructor(fields) {
    super();
    Object.assign(this, fields);
    this.bits = this.n;
    this.nar = 1n << BigInt(this.n - 1);
    this.top = 1n << BigInt(this.n);
    this.nanCode = this.nar;
    this.defaultOverflow = "propagate";
    this.smallStays = this.underflow === "smallest";
    this.coarse = this.n <= 16;
    this.order = mirrored(this.nar - 1n, (i) => this.top - 1n - i, 0n, (i) => i + 1n);
    this._numbers = new Map();
  }

  /** The number itself, which may be irrational. */
  real(code) {
    if (code === 0n) return ZERO;
    return code > this.nar ? oppositeReal(this._positive(this.top - code, this.n)) : this._positive(code, this.n);
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

  _positive(code, bits) {
    const { c, m, digits } = this._parts(code, bits);
    const one = 1n << digits;
    if (this.logarithmic) return exponential(BigInt(c) * one + m, 2n * one);
    return times(rational(one + m, one), powerOfTwo(c));
  }

  kind(code) {
    return code === 0n ? "zero" : code === this.nar ? "nar" : "number";
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

  middle(low, high) {
    if (low >= this.nar) return oppositeReal(this.middle((this.top - high) % this.top, this.top - low));
    if (low === 0n || this.nearest === "value") {
      const [a, b] = [this.real(low), this.real(high)];
      return meanReal(a, b);
    }
    return this._positive(2n * low + 1n, this.n + 1);
  }
}
