// Logarithmic number systems: (-1)^s 2^((E + bias) / 2^r).

class LnsModel extends ListedModel {
  constructor(fields) {
    super();
    Object.assign(this, fields);
    this.bits = this.width;
    this.signCode = 1n << BigInt(this.width - 1);
    const half = 2 ** (this.width - 2);
    const kept = Number(this.zero || this.nan);
    this.lowest = (this.unsigned_exponent ? 0 : -half) + kept;
    this.highest = this.unsigned_exponent ? 2 * half - 1 : half - 1;
    this.reserved = this.unsigned_exponent ? 0n : this.signCode >> 1n;
    this.nanCode = this.nan ? this.signCode | this.reserved : null;
    this.smallStays = !this.zero || this.underflow === "smallest";
    this.withoutNan = this.nan_input;
    this.coarse = true;
    const code = (i) => BigInt.asUintN(this.width - 1, BigInt(this.lowest) + i);
    const count = BigInt(this.highest - this.lowest + 1);
    this.order = mirrored(count, (i) => this.signCode | code(i), this.zero ? this.reserved : null, code);
    this._numbers = new Map();
  }

  _isZero(code) {
    return this.zero && code === this.reserved;
  }

  /** E + bias of a code. */
  exponent(code) {
    const field = code & (this.signCode - 1n);
    const e = this.unsigned_exponent ? field : BigInt.asIntN(this.width - 1, field);
    return Number(e) + this.bias;
  }

  number(code) {
    if (this._isZero(code)) return ZERO;
    if (!this._numbers.has(code)) {
      const size = nearest(twoToThe(this.exponent(code), this.fraction_bits), 53);
      this._numbers.set(code, code & this.signCode ? opposite(size) : size);
    }
    return this._numbers.get(code);
  }

  approximate(code) {
    if (this._isZero(code)) return 0;
    const size = 2 ** (this.exponent(code) / 2 ** this.fraction_bits);
    return code & this.signCode ? -size : size;
  }

  kind(code) {
    if (code === this.nanCode) return "nan";
    if (this._isZero(code)) return "zero";
    const spare = (this.zero || this.nan) && (code & (this.signCode - 1n)) === this.reserved;
    return spare ? "nan" : "number";
  }

  fields(bits) {
    const whole = this.width - 1 - this.fraction_bits;
    return cut(bits, [["sign", 1], ["exponent", whole], ["fraction", this.fraction_bits]]);
  }

  exactText(code) {
    if (this._isZero(code)) return null;
    const exponent = reduced(rational(BigInt(this.exponent(code)), 1n << BigInt(this.fraction_bits)));
    if (exponent.d === 1n) return null;
    return `${code & this.signCode ? "-" : ""}2^(${exponent.n}/${exponent.d})`;
  }

  middle(low, high) {
    const zeros = [low, high].filter((code) => this._isZero(code)).length;
    if (!zeros && (low ^ high) & this.signCode) return ZERO;
    const outer = low & this.signCode ? low : high;
    const e = Math.min(...[low, high].filter((code) => !this._isZero(code)).map((code) => this.exponent(code)));
    const r = this.fraction_bits;
    let turn;
    if (this.nearest === "code") turn = twoToThe(2 * e + (zeros ? -1 : 1), r + 1);
    else turn = meanReal(zeros ? ZERO : twoToThe(e, r), twoToThe(e + (zeros ? 0 : 1), r));
    return outer & this.signCode ? oppositeReal(turn) : turn;
  }
}
