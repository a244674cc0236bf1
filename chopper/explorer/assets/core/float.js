// Binary floating-point formats, after the fields of chopper's FloatFormat.

class FloatModel {
  constructor(fields) {
    Object.assign(this, fields);
    this.fractionBits = BigInt(this.precision - 1);
    this.bits = Number(this.signed) + this.exponent_bits + this.precision - 1;
    this.half = 1n << (BigInt(this.exponent_bits) + this.fractionBits);
    this.signCode = this.signed ? this.half : 0n;
    this.topNans = BigInt(this.top_nans);
    this.maxCode = this.half - 1n - this.topNans - BigInt(this.infinities);
    this.infinityCode = this.infinities ? this.maxCode + 1n : null;
    this.nanCode = this._nanCode();
    this.firstCode = this._firstCode();
    this.firstNormal = BigInt(this.first_field) << this.fractionBits;
    if (this.zero && this.firstNormal === 0n) this.firstNormal = 1n;
    this.defaultOverflow = this.infinities ? "infinity" : "saturate";
    const signed = (code) => code | this.signCode;
    const count = this.maxCode - this.firstCode + 1n;
    this.order = mirrored(
      count, (i) => signed(this.firstCode + i), this.zero ? 0n : null, (i) => this.firstCode + i, this.signed,
    );
  }

  _nanCode() {
    if (this.nan_at_negative_zero) return this.signCode;
    if (this.topNans === 0n) return null;
    const quiet = this.half - (1n << this.fractionBits) + ((1n << this.fractionBits) >> 1n);
    return quiet > this.half - 1n - this.topNans ? quiet : this.half - 1n;
  }

  _firstCode() {
    if (this.first_field === 0) return this.zero ? 1n : 0n;
    return this.subnormals === "gradual" ? 1n : 1n << this.fractionBits;
  }

  /** The value of a magnitude code where every exponent field is a normal binade. */
  normal(code) {
    const field = floorDivide(code, 1n << this.fractionBits);
    const fraction = code - (field << this.fractionBits);
    const whole = (1n << this.fractionBits) + fraction;
    return times(rational(whole), powerOfTwo(Number(field) - this.bias - this.precision + 1));
  }

  _magnitude(code) {
    if (code < this.firstCode) return ZERO;
    if (code >> this.fractionBits < BigInt(this.first_field)) {
      return times(rational(code), powerOfTwo(2 - this.bias - this.precision));
    }
    return this.normal(code);
  }

  number(code) {
    const size = this._magnitude(code & (this.half - 1n));
    return code & this.signCode ? opposite(size) : size;
  }

  /** The value in float64 arithmetic, exact where float64 holds it. */
  approximate(code) {
    const size = code & (this.half - 1n);
    if (size < this.firstCode) return 0;
    const field = Number(size >> this.fractionBits);
    const fraction = Number(BigInt.asUintN(this.precision - 1, size));
    const subnormal = field < this.first_field;
    const whole = subnormal ? fraction : fraction + 2 ** (this.precision - 1);
    const value = scaled(whole, (subnormal ? 1 : field) - this.bias - this.precision + 1);
    return code & this.signCode ? -value : value;
  }

  kind(code) {
    const size = code & (this.half - 1n);
    const negative = (code & this.signCode) !== 0n;
    if (negative && size === 0n) return this.nan_at_negative_zero ? "nan" : "zero";
    if (size > this.half - 1n - this.topNans) return "nan";
    if (size === this.infinityCode) return "infinity";
    if (size < this.firstCode) return "zero";
    return size < this.firstNormal ? "subnormal" : "normal";
  }

  isNegative(code) {
    const bare = (code & (this.half - 1n)) < this.firstCode && !this.negative_zero;
    return !bare && (code & this.signCode) !== 0n;
  }

  fields(bits) {
    return cut(bits, [["sign", Number(this.signed)], ["exponent", this.exponent_bits], ["fraction", this.precision - 1]]);
  }

  /** The codes around a magnitude, in a list without upper end, and its place between them. */
  neighbours(a) {
    const first = this.firstNormal;
    const bottom = this.normal(first);
    if (!this.zero && compare(a, bottom) < 0) return { low: first, high: first, nu: ZERO };
    if (compare(a, bottom) >= 0 || this.subnormals === "flush") {
      if (a.n === 0n) return { low: 0n, high: 0n, nu: ZERO };
      const e = exponentOf(a);
      const steps = over(a, powerOfTwo(e - this.precision + 1));
      const whole = floorOf(steps);
      const low = (BigInt(e + this.bias) << this.fractionBits) + whole - (1n << this.fractionBits);
      return { low, high: low + 1n, nu: minus(steps, rational(whole)) };
    }
    if (this.subnormals === "round") return { low: 0n, high: first, nu: over(a, bottom) };
    const steps = times(over(a, bottom), rational(first));
    const low = floorOf(steps);
    return { low, high: low + 1n, nu: minus(steps, rational(low)) };
  }

  /** What a number becomes: codes, and the words that lead to each. */
  round(x, mode, overflow) {
    const policy = overflow ?? this.defaultOverflow;
    const lacks = { wrap: true, infinity: !this.infinities, nan: this.nanCode === null };
    if (lacks[policy]) throw new Refusal(`${policy} does not suit this format`);
    if (x.nan) return certain(this._nan(false));
    let negative = x.negative;
    if (negative && !this.signed && (x.infinite || x.q.n !== 0n)) {
      if (this.negative !== "magnitude") return this._belowZero(x, mode, policy);
      negative = false;
    }
    if (x.infinite) return certain(this._infinity(negative, policy));
    if (x.q.n === 0n) return certain(this._zeroInput(negative));
    return this._codes(magnitude(x.q), negative, mode).map(({ code, words }) => ({
      code: this._finished(code, negative, mode, policy), words,
    }));
  }

  _codes(a, negative, mode) {
    const { low, high, nu } = this.neighbours(a);
    const flushed = (code) => (this.subnormals === "flush" && code < this.firstNormal ? 0n : code);
    if (nu.n === 0n) return certain(flushed(low));
    if (isRandom(mode)) return chance(flushed(low), flushed(high), wordsAway(mode, nu));
    const up = stepsAway(mode, compare(nu, HALF), (low & 1n) === 1n, negative);
    return certain(flushed(up ? high : low));
  }

  _finished(code, negative, mode, policy) {
    if (code > this.maxCode) return this._overflow(negative, mode, policy);
    if (code === 0n && this.zero) return this._zero(negative);
    return this._signed(code, negative);
  }

  _signed(code, negative) {
    return negative ? code | this.signCode : code;
  }

  _zero(negative) {
    return negative && this.negative_zero ? this.signCode : 0n;
  }

  _zeroInput(negative) {
    return !this.zero && this.zero_input === "nan" ? this._nan(negative) : this._zero(negative);
  }

  _nan(negative) {
    if (this.nanCode !== null) return this._signed(this.nanCode, negative && !this.nan_at_negative_zero);
    if (this.nan_input === "raise") throw new Refusal("NaN does not fit");
    return this.nan_input === "max" ? this.maxCode : 0n;
  }

  _infinity(negative, policy) {
    if (policy === "saturate") return this._signed(this.maxCode, negative);
    if (this.infinityCode !== null) return this._signed(this.infinityCode, negative);
    if (policy === "raise") throw new Refusal("infinity does not fit");
    return this.nanCode !== null ? this._nan(negative) : this._signed(this.maxCode, negative);
  }

  _overflow(negative, mode, policy) {
    const top = this._signed(this.maxCode, negative);
    if (policy === "saturate" || policy === "propagate") return top;
    if (policy === "raise") throw new Refusal("the number does not fit");
    if (policy === "nan") return this._nan(negative);
    const inward = negative ? "up" : "down";
    const stays = mode === "toward_zero" || mode === inward || (mode === "to_odd" && (this.maxCode & 1n) === 1n);
    return stays ? top : this._signed(this.infinityCode, negative);
  }

  /** Negative numbers in an unsigned format. */
  _belowZero(x, mode, policy) {
    if (x.q && this.zero) {
      const found = this._codes(magnitude(x.q), true, mode);
      const other = found.every(({ code }) => code === 0n) ? 0n : this._negative(x, mode, policy);
      return found.length === 1 ? certain(other) : merged(found.map((one) => ({ ...one, code: one.code ? other : 0n })));
    }
    return certain(this._negative(x, mode, policy));
  }

  _negative(x, mode, policy) {
    if (this.negative === "zero") return 0n;
    if (this.negative === "nan") return this._nan(true);
    if (policy === "saturate" || policy === "propagate") return 0n;
    if (policy === "raise") throw new Refusal("a negative number does not fit");
    const inward = x.q && policy === "infinity" && (mode === "toward_zero" || mode === "up");
    return inward ? 0n : this._nan(true);
  }
}

/** Outcomes with the same code, as one. */
function merged(outcomes) {
  const [first, ...rest] = outcomes;
  if (!rest.length || rest.some((one) => one.code !== first.code)) return outcomes;
  return certain(first.code);
}

/** Bits cut into fields from the left; what is empty is left out. */
function cut(bits, widths) {
  const found = [];
  let at = 0;
  for (const [name, width] of widths) {
    const part = bits.slice(at, at + Math.max(width, 0));
    if (part) found.push({ name, bits: part });
    at += part.length;
  }
  return found;
}
