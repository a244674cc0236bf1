// Posits: sign, regime, exponent, fraction; negative numbers have the two's complement code.

class PositModel extends TaperedModel {
  number(code) {
    return this.real(code);
  }

  positive(code, bits) {
    const body = code.toString(2).padStart(bits - 1, "0");
    const run = runOf(body);
    const regime = body[0] === "1" ? run - 1 : -run;
    const rest = body.slice(run + 1);
    const exponent = this.es ? parseInt(rest.slice(0, this.es).padEnd(this.es, "0"), 2) : 0;
    const fraction = rest.slice(this.es);
    const scale = regime * 2 ** this.es + exponent - fraction.length;
    return times(rational(BigInt("0b1" + fraction)), powerOfTwo(scale));
  }

  fields(bits) {
    const run = runOf(bits.slice(1));
    return cut(bits, [["sign", 1], ["regime", run + 1], ["exponent", this.es], ["fraction", bits.length]]);
  }
}

/** How many of the first bits are equal. */
function runOf(bits) {
  const other = bits[0] === "1" ? "0" : "1";
  const end = bits.indexOf(other);
  return end < 0 ? bits.length : end;
}
