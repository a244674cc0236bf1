// What posits and takums share: codes of n bits in two's complement, NaR at the top, more fraction bits about 1.
// A subclass has: number(code), and positive(code, bits), the number of a magnitude code of any width.

class TaperedModel extends ListedModel {
  constructor(fields) {
    super();
    Object.assign(this, fields);
    this.bits = this.n;
    this.nar = 1n << BigInt(this.n - 1);
    this.top = 1n << BigInt(this.n);
    this.nanCode = this.nar;
    this.defaultOverflow = "propagate";
    this.smallStays = this.underflow === "smallest";
    this.order = mirrored(this.nar - 1n, (i) => this.top - 1n - i, 0n, (i) => i + 1n);
  }

  /** The number of a code, which may be irrational. */
  real(code) {
    if (code === 0n) return ZERO;
    return code > this.nar ? oppositeReal(this.positive(this.top - code, this.n)) : this.positive(code, this.n);
  }

  kind(code) {
    return code === 0n ? "zero" : code === this.nar ? "nar" : "number";
  }

  /** Where rounding to nearest turns: halfway by value, or at the code of one more bit. */
  middle(low, high) {
    if (low >= this.nar) return oppositeReal(this.middle((this.top - high) % this.top, this.top - low));
    if (low === 0n || this.nearest === "value") return meanReal(this.real(low), this.real(high));
    return this.positive(2n * low + 1n, this.n + 1);
  }
}
