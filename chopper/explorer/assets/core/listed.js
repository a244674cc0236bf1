// What formats share whose numbers lie in one ordered list: posits, takums, logarithms, codebooks, HiFloat8.
// A subclass has: order, number(code), middle(low, high) and the fields below.

class ListedModel {
  nanCode = null;
  infinityCodes = null; // of +infinity, -infinity
  defaultOverflow = "saturate";
  smallStays = false; // a number other than zero never becomes zero
  withoutNan = "zero";
  tieGoesUp = null;
  coarse = false; // chance sees neighbours to 29 bits
  beyond = null; // the number that would follow the largest

  approximate(code) {
    return toFloat(this.number(code));
  }

  isNegative(code) {
    return this.infinityCodes ? code === this.infinityCodes[1] || this._below(code) : this._below(code);
  }

  _below(code) {
    return !["nan", "nar", "infinity", "spare"].includes(this.kind(code)) && this.number(code).n < 0n;
  }

  extreme(above) {
    return this.order.code(above ? this.order.count - 1n : 0n);
  }

  round(x, mode, overflow) {
    const policy = overflow ?? this.defaultOverflow;
    if (policy === "wrap" || (policy === "infinity" && !this.infinityCodes) || (policy === "nan" && this.nanCode === null)) {
      throw new Refusal(`${policy} does not suit this format`);
    }
    if (x.nan) return this._nan(mode, policy);
    if (x.infinite) return certain(this._infinity(x.negative, policy));
    if (compare(x.q, this.number(this.extreme(true))) > 0) return certain(this._outside(x, true, mode, policy));
    if (compare(x.q, this.number(this.extreme(false))) < 0) return certain(this._outside(x, false, mode, policy));
    return this._inside(x, mode);
  }

  _nan(mode, policy) {
    if (this.nanCode !== null) return certain(this.nanCode);
    if (this.withoutNan === "raise") throw new Refusal("NaN does not fit");
    if (this.withoutNan === "max") return certain(this.extreme(true));
    return certain(this.round(numberOf(0), mode, policy)[0].code); // as zero, without chance
  }

  _infinity(negative, policy) {
    if (policy === "saturate") return this.extreme(!negative);
    if (this.infinityCodes) return this.infinityCodes[Number(negative)];
    if (policy === "raise") throw new Refusal("infinity does not fit");
    return this.nanCode ?? this.extreme(!negative);
  }

  _outside(x, above, mode, policy) {
    const end = this.extreme(above);
    const outward = compare(magnitude(x.q), magnitude(this.number(end))) > 0;
    if (!outward && (this.smallStays || policy === "saturate" || policy === "propagate")) return end;
    if (this.beyond && this._stays(magnitude(x.q), end, x.negative, mode)) return end;
    if (policy === "raise") throw new Refusal("the number does not fit");
    if (policy === "nan") return this.nanCode;
    if (policy !== "infinity") return end;
    const inward = mode === "toward_zero" || mode === (x.negative ? "up" : "down");
    return inward || (mode === "to_odd" && (end & 1n) === 1n) ? end : this.infinityCodes[Number(x.negative)];
  }

  /** Whether a magnitude beyond the largest rounds to it, in the list that goes on with one more number. */
  _stays(a, end, negative, mode) {
    const top = magnitude(this.number(end));
    const nu = over(minus(a, top), minus(this.beyond, top));
    if (isRandom(mode) || compare(nu, ONE) >= 0) return false;
    return !stepsAway(mode, compare(nu, HALF), (end & 1n) === 1n, negative);
  }

  /** The codes toward zero and away from it; the same where the number is one of the list. */
  neighbours(x) {
    let near, away;
    if (x.negative) {
      const i = countBelow(this, x.q);
      [near, away] = [this.order.code(i), i > 0n ? this.order.code(i - 1n) : null];
    } else {
      const i = countUpTo(this, x.q);
      [near, away] = [this.order.code(i - 1n), i < this.order.count ? this.order.code(i) : null];
    }
    return compare(this.number(near), x.q) === 0 ? { near, away: near } : { near, away };
  }

  _inside(x, mode) {
    const { near, away } = this.neighbours(x);
    if (near === away) return certain(near);
    const side = signOf(this.number(near)) * (x.negative ? -1 : 1);
    if (this.smallStays && side <= 0) return certain(away);
    if (isRandom(mode)) return chance(near, away, wordsAway(mode, this.share(x, near, away)));
    const odd = (near & 1n) === 1n;
    const [low, high] = x.negative ? [away, near] : [near, away];
    if (!mode.startsWith("nearest")) return certain(stepsAway(mode, 0, odd, x.negative) ? away : near);
    const turn = compareReal(x.q, this.middle(low, high)) * (x.negative ? -1 : 1);
    if (turn === 0 && mode === "nearest_even" && this.tieGoesUp !== null) {
      return certain(this.tieGoesUp !== x.negative ? away : near);
    }
    return certain(stepsAway(mode, turn, odd, x.negative) ? away : near);
  }

  /** Where a number lies between its neighbours, by value: what chance sees. */
  share(x, near, away) {
    if (this.stochastic === "code") throw new Refusal("chance by the code is not shown here");
    let [a, b] = [this.number(near), this.number(away)];
    if (this.coarse) {
      const [sizeA, sizeB] = [magnitude(a), magnitude(b)];
      const unit = powerOfTwo(exponentOf(compare(sizeA, sizeB) > 0 ? sizeA : sizeB) - 28);
      const side = x.negative ? -1n : 1n;
      [a, b] = [a, b].map((one) => {
        const steps = over(times(rational(side), one), unit);
        return times(rational(side * -floorOf(opposite(steps))), unit);
      });
      if (compare(a, b) === 0) return ZERO;
    }
    return over(minus(x.q, a), minus(b, a));
  }
}
