// The rounding rules: whether a magnitude steps away from zero.

const MODES = [
  "nearest_even", "nearest_away", "nearest_zero", "toward_zero", "away_from_zero", "up", "down", "to_odd",
  "stochastic", "stochastic_b", "stochastic_c", "stochastic_equal",
];
const isRandom = (mode) => mode.startsWith("stochastic");
const WORDS = 1n << 32n;

/**
 * Whether a magnitude between two neighbours steps away from zero.
 * side: -1, 0, 1 as it lies before, at, beyond the point where nearest turns; odd: parity of the code toward zero.
 */
function stepsAway(mode, side, odd, negative) {
  switch (mode) {
    case "nearest_even": return side > 0 || (side === 0 && odd);
    case "nearest_away": return side >= 0;
    case "nearest_zero": return side > 0;
    case "toward_zero": return false;
    case "away_from_zero": return true;
    case "up": return !negative;
    case "down": return negative;
    case "to_odd": return !odd;
  }
  throw new Error(`no such mode: ${mode}`);
}

/** How many of the 2^32 random words make a magnitude step away, nu in [0, 1) of its gap from the one toward zero. */
function wordsAway(mode, nu) {
  const scaled = rational(nu.n * WORDS, nu.d);
  switch (mode) {
    case "stochastic": return floorOf(scaled);
    case "stochastic_b": return floorOf(plus(scaled, HALF));
    case "stochastic_c": return roundHalfEven(scaled);
    case "stochastic_equal": return nu.n > 0n ? WORDS / 2n : 0n;
  }
  throw new Error(`no such mode: ${mode}`);
}

/** A refusal: what chopper answers with an error. */
class Refusal extends Error {}

/** One code, or two with the number of words, of 2^32, that lead to each. */
const certain = (code) => [{ code, words: WORDS }];

function chance(near, away, words) {
  if (near === away || words === 0n) return certain(near);
  if (words >= WORDS) return certain(away);
  return [{ code: near, words: WORDS - words }, { code: away, words }];
}
