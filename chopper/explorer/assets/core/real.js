// Irrational numbers as {low, high}, two rationals so close that all that is asked of them has one answer.
// Both ends are strict.  What they cannot decide is an error, never a guess.

const ENCLOSURE = 256n;
const FINE = 512n;

const isBetween = (real) => real.low !== undefined;
const oppositeReal = (a) => (isBetween(a) ? { low: opposite(a.high), high: opposite(a.low) } : opposite(a));
const ends = (a) => (isBetween(a) ? [a.low, a.high] : [a, a]);

/** The mean of two positive numbers. */
function meanReal(a, b) {
  if (!isBetween(a) && !isBetween(b)) return mean(a, b);
  const [low, high] = [0, 1].map((i) => mean(ends(a)[i], ends(b)[i]));
  return { low, high };
}

/** -1, 0 or 1 as the rational x is below, equal to, above a real. */
function compareReal(x, real) {
  if (!isBetween(real)) return compare(x, real);
  if (compare(x, real.low) <= 0) return -1;
  if (compare(x, real.high) >= 0) return 1;
  throw new Error("an enclosure is too wide");
}

function squareRoot(n) {
  if (n < 2n) return n;
  let x = 1n << BigInt((bitLength(n) + 1) >> 1);
  for (;;) {
    const y = (x + n / x) >> 1n;
    if (y >= x) return x;
    x = y;
  }
}

const rootsOfTwo = new Map();

/** floor(2^(1 / 2^times) 2^ENCLOSURE), less at most one. */
function rootOfTwo(times) {
  if (!rootsOfTwo.has(times)) {
    const root = times === 0 ? 2n << ENCLOSURE : squareRoot(rootOfTwo(times - 1) << ENCLOSURE);
    rootsOfTwo.set(times, root);
  }
  return rootsOfTwo.get(times);
}

/** 2^(k / 2^root): rational where it can be. */
function twoToThe(k, root) {
  while (root && k % 2 === 0) [k, root] = [k / 2, root - 1];
  const whole = Math.floor(k / 2 ** root);
  const rest = k - whole * 2 ** root;
  const scale = powerOfTwo(whole);
  if (!rest) return scale;
  let low = 1n << ENCLOSURE;
  for (let bit = 0; bit < root; bit++) {
    if ((rest >> bit) & 1) low = (low * rootOfTwo(root - bit)) >> ENCLOSURE;
  }
  const one = 1n << ENCLOSURE;
  const high = low + BigInt(2 * root + 2);
  return { low: times(scale, rational(low, one)), high: times(scale, rational(high, one)) };
}

/** e^(n / d), d a power of two. */
function exponential(n, d) {
  if (n === 0n) return ONE;
  const negative = n < 0n;
  const size = negative ? -n : n;
  const halvings = 16 + bitLength(size / d + 1n);
  const x = (size << FINE) / (d << BigInt(halvings));
  const one = 1n << FINE;
  let [total, term, k] = [one, one, 1n];
  while (term) {
    term = ((term * x) >> FINE) / k;
    total += term;
    k += 1n;
  }
  let [low, high] = [total, total + 2n * k + 4n];
  for (let i = 0; i < halvings; i++) {
    low = (low * low) >> FINE;
    high = ((high * high) >> FINE) + 1n;
  }
  const [near, far] = [rational(low, one), rational(high, one)];
  return negative ? { low: over(ONE, far), high: over(ONE, near) } : { low: near, high: far };
}

/** The number of so many bits that is nearest to a rational; ties to even. */
function nearestRational(a, precision) {
  if (a.n === 0n) return a;
  const size = magnitude(a);
  const unit = powerOfTwo(exponentOf(size) - precision + 1);
  const found = times(rational(roundHalfEven(over(size, unit))), unit);
  return a.n < 0n ? opposite(found) : found;
}

/** The number of so many bits that is nearest to a real. */
function nearest(real, precision) {
  if (!isBetween(real)) return nearestRational(real, precision);
  const [low, high] = [nearestRational(real.low, precision), nearestRational(real.high, precision)];
  if (compare(low, high) !== 0) throw new Error("an enclosure is too wide");
  return low;
}
