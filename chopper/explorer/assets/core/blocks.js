// Shared scales by definition: from the outermost level inwards  scale = round(statistic / (target * scales above)),
// then  element = round(x / (scale * outer scales)).

const DIRECTIONS = { down: "toward_zero", up: "away_from_zero", nearest: "nearest_even" };

/** The largest power of two that is at most a positive number. */
const powerBelow = (a) => powerOfTwo(exponentOf(a));

function readFraction(text) {
  const [n, d] = text.split("/");
  return rational(BigInt(n), BigInt(d ?? 1));
}

/** Blocks of shared scales over one row of finite numbers. */
class BlockWork {
  constructor(described, numbers) {
    this.fmt = described;
    this.element = modelOf(described.element);
    this.levels = described.levels.map((level) => ({ ...level, model: modelOf(level.scale) }));
    this.x = numbers.map((number) => ({ ...numberOf(number), float: number }));
    this.lengths = this.levels.map(({ block }) => (block.length && block.at(-1) > 0 ? block.at(-1) : numbers.length));
    this.targets = this._targets();
    this.scales = this.levels.map((_, i) => new Array(Math.ceil(numbers.length / this.lengths[i])));
  }

  run(mode = "nearest_even") {
    for (let level = this.levels.length - 1; level >= 0; level--) {
      for (let b = 0; b < this.scales[level].length; b++) this.scales[level][b] = this._scale(level, b);
    }
    return { scales: this.scales, elements: this.x.map((_, i) => this._finished(i, mode)), lengths: this.lengths };
  }

  _targets() {
    let [below, product] = [this.element, ONE];
    return this.levels.map((level, i) => {
      const most = below.number(below.order.code(below.order.count - 1n));
      const { target } = level.rule;
      const one = target === "max" ? most : target === "power" ? powerBelow(most) : readFraction(target);
      product = times(product, one);
      below = level.model;
      const whole = i === 0 && this.fmt.zero_point && ["max", "power"].includes(target);
      if (whole) product = rational((1n << BigInt(this.element.bits)) - 1n);
      return product;
    });
  }

  members(level, block) {
    const [from, to] = [block * this.lengths[level], (block + 1) * this.lengths[level]];
    return this.x.slice(from, to);
  }

  /** The product of the scales of the levels from one on, for the number at an index. */
  product(index, from) {
    let found = ONE;
    for (let level = from; level < this.levels.length; level++) {
      found = times(found, this.scales[level][Math.floor(index / this.lengths[level])].value);
    }
    return found;
  }

  _scale(level, block) {
    const { rule } = this.levels[level];
    const above = this.product(block * this.lengths[level], level + 1);
    const statistic = this._statistic(level, this.members(level, block));
    if (above.n === 0n) return { ...this._rounded(level, ZERO), statistic, above, quotient: ZERO, target: this.targets[level] };
    const targets = level ? [this.targets[level]] : [this.targets[level], ...rule.choose.map(readFraction)];
    let best = null;
    for (const target of targets) {
      const quotient = over(statistic, times(target, above));
      const found = { ...this._rounded(level, quotient), statistic, above, quotient, target };
      if (targets.length === 1) return found;
      found.loss = this._loss(block, times(found.value, above));
      if (best === null || found.loss < best.loss) best = found;
    }
    return best;
  }

  _statistic(level, members) {
    const { statistic, least, before } = this.levels[level].rule;
    const values = members.map(({ q }) => q);
    const larger = (a, b) => (compare(a, b) >= 0 ? a : b);
    const smaller = (a, b) => (compare(a, b) <= 0 ? a : b);
    let found;
    if (statistic === "amax") found = values.map(magnitude).reduce(larger, ZERO);
    else if (statistic === "absmean") found = over(values.map(magnitude).reduce(plus, ZERO), rational(BigInt(values.length || 1)));
    else if (statistic === "minmax") found = minus(values.reduce(larger, ZERO), values.reduce(smaller, ZERO));
    else if (["rms", "std", "given"].includes(statistic)) throw new Refusal(`the statistic ${statistic} is not shown here`);
    else found = readFraction(statistic);
    if (before && found.n) found = tiesAway(found, this.element.precision ?? this.element.bits - Number(this.element.signed));
    return larger(found, readFraction(least));
  }

  _rounded(level, quotient) {
    const { model, rule } = this.levels[level];
    const into = (q, direction) => model.round({ q, negative: false }, DIRECTIONS[direction], "saturate")[0].code;
    let code = into(quotient, rule.direction);
    const floor = readFraction(rule.floor);
    if (compare(model.number(code), floor) < 0) code = into(floor, "up");
    return { code, value: model.number(code) };
  }

  /** The loss of a block, in float64 arithmetic in the order of its elements. */
  _loss(block, scale) {
    const kind = this.levels[0].rule.loss;
    let total = 0;
    for (const x of this.members(0, block)) {
      const value = times(this.element.number(this._code(x, scale, "nearest_even")), scale);
      const error = Math.abs(x.float - toFloat(value));
      total = kind === "largest" ? Math.max(total, error) : total + (kind === "squares" ? error * error : error);
    }
    return total;
  }

  _code(x, scale, mode) {
    const q = scale.n ? over(x.q, scale) : ZERO;
    const policy = this.fmt.specials === "element" ? "propagate" : "saturate";
    return this.element.round({ q, negative: x.negative }, mode, policy)[0].code;
  }

  _finished(i, mode) {
    const x = this.x[i];
    const scale = this.product(i, 0);
    const quotient = scale.n ? over(x.q, scale) : ZERO;
    if (this.fmt.zero_point) return this._shifted(i, quotient, scale, mode);
    const code = this._code(x, scale, mode);
    const value = toFloat(times(this.element.number(code), scale));
    return { x: x.float, quotient, code, value: this.element.isNegative(code) && value === 0 ? -0 : value };
  }

  /** Integers with a zero point: code = round(x / scale) + z. */
  _shifted(i, quotient, scale, mode) {
    const top = (1n << BigInt(this.element.bits)) - 1n;
    const clamp = (k) => (k < 0n ? 0n : k > top ? top : k);
    const members = this.members(0, Math.floor(i / this.lengths[0])).map(({ q }) => q);
    const low = members.reduce((a, b) => (compare(a, b) <= 0 ? a : b), ZERO);
    const zero = scale.n ? clamp(roundHalfEven(over(opposite(low), scale))) : 0n;
    const k = this.element.integers({ q: quotient, negative: quotient.n < 0n }, mode)[0].code;
    const code = clamp(k + zero);
    return { x: this.x[i].float, quotient, code, zero, value: toFloat(times(rational(code - zero), scale)) };
  }
}

/** Round a positive number to so many bits, ties away from zero. */
function tiesAway(a, precision) {
  const unit = powerOfTwo(exponentOf(a) - precision + 1);
  return times(rational(floorOf(plus(over(a, unit), HALF))), unit);
}

/** The scales and elements of a row of numbers in a format with shared scales. */
const blocksOf = (described, numbers, mode) => new BlockWork(described, numbers).run(mode);
