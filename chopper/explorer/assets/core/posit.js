// Posits: sign, regime, exponent, fraction; negative numbers have the two's complement code.

class PositModel extends ListedModel {
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

  number(code) {
    return code > this.nar ? opposite(this._magnitude(this.top - code, this.n)) : this._magnitude(code, this.n);
  }

  /** The value of a magnitude code of any number of bits. */
  _magnitude(code, bits) {
    if (code === 0n) return ZERO;
    const body = code.toString(2).padStart(bits - 1, "0");
    const run = runOf(body);
    const regime = body[0] === "1" ? run - 1 : -run;
    const rest = body.slice(run + 1);
    const exponent = this.es ? parseInt(rest.slice(0, this.es).padEnd(this.es, "0"), 2) : 0;
    const fraction = rest.slice(this.es);
    const scale = regime * 2 ** this.es + exponent - fraction.length;
    return times(rational(BigInt("0b1" + fraction)), powerOfTwo(scale));
  }

  kind(code) {
    return code === 0n ? "zero" : code === this.nar ? "nar" : "number";
  }

  fields(bits) {
    const run = runOf(bits.slice(1));
    return cut(bits, [["sign", 1], ["regime", run + 1], ["exponent", this.es], ["fraction", bits.length]]);
  }

  middle(low, high) {
    if (low >= this.nar) return opposite(this.middle((this.top - high) % this.top, this.top - low));
    if (low === 0n || this.nearest === "value") return mean(this.number(low), this.number(high));
    return this._magnitude(2n * low + 1n, this.n + 1);
  }
}

/** How many of the first bits are equal. */
function runOf(bits) {
  const other = bits[0] === "1" ? "0" : "1";
  const end = bits.indexOf(other);
  return end < 0 ? bits.length : end;
}
