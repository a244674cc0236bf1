// A format that is written out: the number of each code, and the names of the codes that are no numbers.

class ListModel extends ListedModel {
  constructor(fields) {
    super();
    Object.assign(this, fields.given);
    this.bits = fields.bits;
    this._values = fields.values.map((value) => (typeof value === "string" ? value : fromFloat(value)));
    this._split = fields.split;
    const first = new Map();
    this._values.forEach((value, code) => {
      if (typeof value === "string") return;
      const key = toFloat(value);
      if (!first.has(key)) first.set(key, BigInt(code));
    });
    const codes = [...first.keys()].sort((a, b) => a - b).map((key) => first.get(key));
    this.order = { count: BigInt(codes.length), code: (i) => codes[Number(i)] };
    for (const key of ["nanCode", "infinityCodes"]) {
      if (this[key]) this[key] = Array.isArray(this[key]) ? this[key].map(BigInt) : BigInt(this[key]);
    }
    if (this.beyond) this.beyond = rational(BigInt(this.beyond));
  }

  number(code) {
    return this._values[Number(code)];
  }

  kind(code) {
    const value = this._values[Number(code)];
    if (typeof value === "string") return value;
    if (value === undefined) return "spare";
    return value.n === 0n ? "zero" : this.kinds[Number(code)];
  }

  fields(bits) {
    return this._split ? cut(bits, this._split[parseInt(bits, 2)]) : [{ name: "code", bits }];
  }

  middle(low, high) {
    return mean(this.number(low), this.number(high));
  }
}
