// How finely a format divides the positive numbers: gaps between neighbours, and the error each can make.

const FEW = 512n;

/** Gaps of the positive numbers up to 10^±reach, as {low, high, error, size} in float64: all of few, else some. */
function gapsOf(fmt, reach = 310, perBinade = 8) {
  const first = countUpTo(fmt, ZERO);
  const last = fmt.order.count - 1n;
  if (last - first <= FEW) {
    const every = [];
    for (let i = first; i < last; i++) every.push(gapAt(fmt, i));
    return every;
  }
  return sampled(fmt, first, last, reach, perBinade).map((i) => gapAt(fmt, i));
}

/** Indices of gaps: the first and the last of each binade, and some between; of very many binades the first alone. */
function sampled(fmt, first, last, reach, perBinade) {
  const found = new Set();
  const most = reach * Math.log2(10) + 1;
  const low = Math.max(-most, Math.floor(Math.log2(fmt.approximate(fmt.order.code(first)) || 2 ** -1074)));
  const high = Math.min(most, Math.ceil(Math.log2(Math.min(fmt.approximate(fmt.order.code(last)), Number.MAX_VALUE))));
  const stride = Math.max(1, Math.floor((high - low) / 300));
  let start = low > -most ? first : countBelowFloat(fmt, 2 ** Math.ceil(low));
  if (stride > 1) perBinade = 1;
  for (let e = Math.ceil(low); e <= high; e += stride) {
    const stop = e + 1 > 1023 ? last : countBelowFloat(fmt, 2 ** (e + 1));
    const size = stop - start;
    for (let k = 0n; k < BigInt(perBinade); k++) found.add(start + (size * k) / BigInt(perBinade));
    if (stop > first && stride === 1) found.add(stop - 1n);
    start = stride === 1 || e + stride > 1023 ? stop : countBelowFloat(fmt, 2 ** (e + stride));
  }
  return [...found].filter((i) => i >= first && i < last).sort((a, b) => (a < b ? -1 : 1));
}

function gapAt(fmt, i) {
  const [a, b] = [fmt.order.code(i), fmt.order.code(i + 1n)];
  const turn = fmt.middle ? centre(fmt.middle(a, b)) : mean(fmt.number(a), fmt.number(b));
  const [low, high] = [fmt.number(a), fmt.number(b)];
  const [down, up] = [minus(turn, low), minus(high, turn)];
  const worst = compare(down, up) > 0 ? down : up;
  return { low: toFloat(low), high: toFloat(high), error: toFloat(over(worst, turn)), size: toFloat(minus(high, low)) };
}

const centre = (real) => (isBetween(real) ? real.low : real);
