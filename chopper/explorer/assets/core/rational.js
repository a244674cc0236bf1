// Exact rational numbers: {n, d} of BigInt, d > 0.  Nothing is reduced until it is shown.

const rational = (n, d = 1n) => (d < 0n ? { n: -n, d: -d } : { n, d });
const ZERO = rational(0n);
const ONE = rational(1n);
const HALF = rational(1n, 2n);

const powerOfTwo = (e) => (e >= 0 ? rational(1n << BigInt(e)) : rational(1n, 1n << BigInt(-e)));
const times = (a, b) => rational(a.n * b.n, a.d * b.d);
const over = (a, b) => rational(a.n * b.d, a.d * b.n);
const plus = (a, b) => rational(a.n * b.d + b.n * a.d, a.d * b.d);
const minus = (a, b) => rational(a.n * b.d - b.n * a.d, a.d * b.d);
const opposite = (a) => rational(-a.n, a.d);
const magnitude = (a) => (a.n < 0n ? opposite(a) : a);
const mean = (a, b) => rational(a.n * b.d + b.n * a.d, 2n * a.d * b.d);
const signOf = (a) => (a.n > 0n) - (a.n < 0n);

/** -1, 0 or 1 as a is below, equal to, above b. */
function compare(a, b) {
  const left = a.n * b.d;
  const right = b.n * a.d;
  return (left > right) - (left < right);
}

/** The largest integer that is at most n / d; d > 0. */
function floorDivide(n, d) {
  const q = n / d;
  return n < 0n && q * d !== n ? q - 1n : q;
}

const floorOf = (a) => floorDivide(a.n, a.d);

/** The nearest integer, ties to the even one. */
function roundHalfEven(a) {
  const low = floorOf(a);
  const side = compare(minus(a, rational(low)), HALF);
  return side > 0 || (side === 0 && (low & 1n) === 1n) ? low + 1n : low;
}

/** Number of bits of an integer that is not negative. */
function bitLength(n) {
  if (n === 0n) return 0;
  const hex = n.toString(16);
  return hex.length * 4 - Math.clz32(parseInt(hex[0], 16)) + 28;
}

/** floor(log2(a)) of a positive number. */
function exponentOf(a) {
  const e = bitLength(a.n) - bitLength(a.d);
  return compare(powerOfTwo(e), a) > 0 ? e - 1 : e;
}

/** The same number in lowest terms. */
function reduced(a) {
  let [x, y] = [a.n < 0n ? -a.n : a.n, a.d];
  while (y) [x, y] = [y, x % y];
  return rational(a.n / x, a.d / x);
}
