// The finite values of a format in ascending order: {count, code(i)}, i a BigInt.  Lists too long to be written out
// are looked through by halving.

/** How many values of the order satisfy a condition that holds for all before some point, and for none after. */
function countWhile(order, holds) {
  let [low, high] = [0n, order.count];
  while (low < high) {
    const middle = (low + high) >> 1n;
    if (holds(order.code(middle))) low = middle + 1n;
    else high = middle;
  }
  return low;
}

const countBelow = (fmt, x) => countWhile(fmt.order, (code) => compare(fmt.number(code), x) < 0);
const countUpTo = (fmt, x) => countWhile(fmt.order, (code) => compare(fmt.number(code), x) <= 0);

/** As countBelow, by float64: good enough for what is drawn. */
const countBelowFloat = (fmt, x) => countWhile(fmt.order, (code) => fmt.approximate(code) < x);

/** Negative codes with the largest magnitude first, zero if there is one, then the positive ones. */
function mirrored(magnitudes, negativeCode, zero, positiveCode, signed = true) {
  const below = signed ? magnitudes : 0n;
  const middle = zero === null ? 0n : 1n;
  return {
    count: below + middle + magnitudes,
    code(i) {
      if (i < below) return negativeCode(below - 1n - i);
      if (i < below + middle) return zero;
      return positiveCode(i - below - middle);
    },
  };
}
