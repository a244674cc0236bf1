// Fixed point and integers: k 2^-fraction_bits, k in two's complement or unsigned.

class FixedModel {
  constructor(fields) {
    Object.assign(this, fields);
    this.bits = this.integer_bits + this.fraction_bits;
    this.top = 1n << BigInt(this.bits);
    this.maxInteger = (1n << BigInt(this.bits - Number(this.signed))) - 1n;
    this.minInteger = this.signed ? BigInt(this.symmetric) - this.maxInteger - 1n : 0n;
    this.quantum = powerOfTwo(-this.fraction_bits);
    this.defaultOverflow = "saturate";
    this.nanCode = null;
    this.spareIsNumber = true; // the code left out decodes to the lowest number
    this.order = {
      count: this.maxInteger - this.minInteger + 1n,
      code: (i) => BigInt.asUintN(this.bits, this.minInteger + i),
    };
  }

  integer(code) {
    const k = code > this.maxInteger ? code - this.top : code;
    return k < this.minInteger ? this.minInteger : k;
  }

  number(code) {
    return times(rational(this.integer(code)), this.quantum);
  }

  approximate(code) {
    return toFloat(this.number(code));
  }

  kind(code) {
    if (this.symmetric && code === this.maxInteger + 1n) return "spare";
    return this.integer(code) === 0n ? "zero" : "number";
  }

  isNegative(code) {
    return this.integer(code) < 0n;
  }

  fields(bits) {
    return cut(bits, [["integer", this.integer_bits], ["fraction", this.bits]]);
  }

  round(x, mode, overflow) {
    const policy = overflow ?? this.defaultOverflow;
    if (policy === "infinity" || policy === "nan" || (policy === "wrap" && this.symmetric)) {
      throw new Refusal(`${policy} does not suit this format`);
    }
    const clamps = policy === "saturate" || policy === "propagate";
    if (x.nan) {
      if (this.nan_input === "raise") throw new Refusal("NaN does not fit");
      return certain(this.nan_input === "max" ? this.maxInteger : 0n);
    }
    if (x.infinite) {
      if (!clamps) throw new Refusal("infinity does not fit");
      return certain(this._code(x.negative ? this.minInteger : this.maxInteger, true));
    }
    const found = this.integers(x, mode).map(({ code, words }) => ({ code: this._fit(code, policy, clamps), words }));
    return merged(found);
  }

  /** The integers that a number becomes, whatever the range; as outcomes. */
  integers(x, mode) {
    const steps = over(magnitude(x.q), this.quantum);
    const low = floorOf(steps);
    const nu = minus(steps, rational(low));
    const signed = (k) => (x.negative ? -k : k);
    if (nu.n === 0n) return certain(signed(low));
    if (isRandom(mode)) return chance(signed(low), signed(low + 1n), wordsAway(mode, nu));
    const up = stepsAway(mode, compare(nu, HALF), (low & 1n) === 1n, x.negative);
    return certain(signed(up ? low + 1n : low));
  }

  _fit(k, policy, clamps) {
    if (policy === "raise" && (k < this.minInteger || k > this.maxInteger)) throw new Refusal("the number does not fit");
    return this._code(k, clamps);
  }

  _code(k, clamps) {
    if (clamps && k > this.maxInteger) return this._code(this.maxInteger, false);
    if (clamps && k < this.minInteger) return this._code(this.minInteger, false);
    return BigInt.asUintN(this.bits, k);
  }
}
