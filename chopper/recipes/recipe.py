"""A recipe: the three products of a layer with weights, and how everything else is rounded."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from dataclasses import replace as replaced
from typing import Any

from chopper.errors import PolicyError
from chopper.formats.hashing import hash_once, state_of_fields
from chopper.recipes.accumulation import accumulation_from
from chopper.recipes.gemm import Gemm
from chopper.recipes.quant import Quant
from chopper.recipes.text import check_known

__all__ = ["GEMMS", "Recipe"]

GEMMS = ("forward", "dgrad", "wgrad")
"""The products of a layer: y = x W^T, the gradient of the input g W, and that of the weight g^T x."""

_SHORT = {
    "input": (("forward", "lhs"), ("wgrad", "rhs")),
    "weight": (("forward", "rhs"), ("dgrad", "rhs")),
    "grad_output": (("dgrad", "lhs"), ("wgrad", "lhs")),
    "output": (("forward", "out"),),
    "grad_input": (("dgrad", "out"),),
    "grad_weight": (("wgrad", "out"),),
    "accumulate": tuple((gemm, "accumulate") for gemm in GEMMS),
}
_QUANTS = ("bias", "elementwise", "grad_elementwise", "optimizer_state")


@dataclass(frozen=True, init=False, repr=False)
class Recipe:
    """How a network is rounded while it is trained or used.

    ========  =============================  ==========================  =======================================
    product   value                          contraction axis            operands
    ========  =============================  ==========================  =======================================
    forward   y = x W^T                      features of the input       lhs: input; rhs: weight
    dgrad     gradient of x = g W            features of the output      lhs: gradient of y; rhs: weight
    wgrad     gradient of W = g^T x          all leading axes, as one    lhs: gradient of y; rhs: input
    ========  =============================  ==========================  =======================================

    Each product rounds its operands from full precision along its own contraction axis.

    Parameters
    ----------
    forward, dgrad, wgrad : Gemm, str or None
        The products in full; what the short form says of them is then left out.
    weight, input, grad_output : Quant, str or None
        Short form: how this tensor is rounded wherever it is an operand.
    output, grad_input, grad_weight : Quant, str or None
        Short form: how the result of forward, dgrad, wgrad is rounded.
    accumulate : Accumulator, unit of hardware, str or None
        Short form: what adds up the terms of all three products.
    bias : Quant, str or None
        How a bias is rounded before it joins the product: in the framework's own product as that does it, with an
        accumulator as what the products are added to; where operands have a gain it is added afterwards, in float32.
    elementwise : Quant, str or None
        How results of layers that are no products are rounded: normalizations, softmax, embeddings, gates of
        recurrent cells.  Blocks lie along the last axis.
    grad_elementwise : Quant, str or None
        How the gradients that such layers pass back are rounded.
    optimizer_state : Quant, str or None
        How an optimizer keeps its state; layers do not look at it.
    name : str, optional
        What it is called; no part of equality.

    Raises
    ------
    PolicyError
        If a part is not legal, or says something of a product that is given in full.

    Examples
    --------
    >>> r = Recipe(weight="e4m3", input="e4m3", grad_output="e5m2:stochastic")
    >>> print(r)
    forward: e4m3 @ e4m3
    dgrad: e5m2:stochastic @ e4m3
    wgrad: e5m2:stochastic @ e4m3
    >>> Recipe.parse(str(r)) == Recipe.from_json(r.to_json()) == r
    True
    >>> r.replace(wgrad=None).wgrad.plain
    True
    """

    forward: Gemm
    dgrad: Gemm
    wgrad: Gemm
    bias: Quant | None = None
    elementwise: Quant | None = None
    grad_elementwise: Quant | None = None
    optimizer_state: Quant | None = None
    name: str | None = field(default=None, compare=False)

    __hash__ = hash_once
    __getstate__ = state_of_fields

    def __init__(
        self,
        forward: Any = None,
        dgrad: Any = None,
        wgrad: Any = None,
        *,
        weight: Any = None,
        input: Any = None,
        output: Any = None,
        grad_output: Any = None,
        grad_input: Any = None,
        grad_weight: Any = None,
        accumulate: Any = None,
        bias: Any = None,
        elementwise: Any = None,
        grad_elementwise: Any = None,
        optimizer_state: Any = None,
        name: str | None = None,
    ) -> None:
        given = {"forward": forward, "dgrad": dgrad, "wgrad": wgrad}
        short = {
            "weight": weight, "input": input, "output": output, "grad_output": grad_output, "grad_input": grad_input,
            "grad_weight": grad_weight, "accumulate": accumulate,
        }  # fmt: skip
        for gemm, made in _expanded(given, short).items():
            object.__setattr__(self, gemm, made)
        rest = (bias, elementwise, grad_elementwise, optimizer_state)
        for part, quant in zip(_QUANTS, rest, strict=True):
            object.__setattr__(self, part, Quant.of(quant))
        object.__setattr__(self, "name", name)
        _check(self)

    @property
    def gemms(self) -> tuple[tuple[str, Gemm], ...]:
        """The three products with their names."""
        return tuple((gemm, getattr(self, gemm)) for gemm in GEMMS)

    @property
    def draws(self) -> bool:
        """Whether layers draw random words or signs."""
        quants = (self.bias, self.elementwise, self.grad_elementwise)
        return any(gemm.draws for _, gemm in self.gemms) or any(q is not None and q.draws for q in quants)

    @property
    def plain(self) -> bool:
        """Whether nothing is rounded at all."""
        return self == Recipe()

    def replace(self, **changes: Any) -> Recipe:
        """Return a copy with some fields changed: fields, not words of the short form.  It has no name."""
        check_known(changes, "a Recipe", (*GEMMS, *_QUANTS, "name"))
        return replaced(self, **{"name": None, **changes})

    @classmethod
    def of(cls, given: Recipe | str | None) -> Recipe:
        """Return what users pass for a recipe: one, the name of a preset, its text, or None for full precision.

        Raises
        ------
        PolicyError
            If it is something else, or there is no such preset.
        """
        if given is None or isinstance(given, Recipe):
            return given or cls()
        if not isinstance(given, str):
            raise PolicyError(f"{given!r} is no recipe; legal: a Recipe, the name of a preset, the text of a recipe")
        if ":" in given:
            return cls.parse(given)
        from chopper.recipes.presets import preset  # which knows this class

        return preset(given)

    @classmethod
    def parse(cls, text: str) -> Recipe:
        """Read what ``str`` writes: lines ``forward: product``, ``bias: format`` and so on, in any order.

        Raises
        ------
        PolicyError
            If a line is not legal.
        """
        given: dict[str, Any] = {}
        for line in filter(None, map(str.strip, text.splitlines())):
            part, colon, rest = line.partition(":")
            check_known([part.strip()], "a Recipe", (*GEMMS, *_QUANTS))
            if not colon or part.strip() in given:
                raise PolicyError(f"{line!r} is no line of a recipe, or comes twice; legal: 'forward: e4m3 @ e4m3'")
            given[part.strip()] = rest.strip()
        return cls(**given)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values of JSON."""
        found: dict[str, Any] = {} if self.name is None else {"name": self.name}
        found |= {gemm: made.to_dict() for gemm, made in self.gemms if not made.plain}
        return found | {part: str(quant) for part in _QUANTS if (quant := getattr(self, part)) is not None}

    @classmethod
    def from_dict(cls, given: Any) -> Recipe:
        """Return the recipe of what `to_dict` makes; the short form is legal too.

        Raises
        ------
        PolicyError
            If a name is unknown.
        """
        if not isinstance(given, dict):
            raise PolicyError(f"{given!r} is no recipe; legal: a dict with {', '.join((*GEMMS, *_SHORT, *_QUANTS))}")
        check_known(given, "a Recipe", (*GEMMS, *_SHORT, *_QUANTS, "name"))
        made: dict[str, Any] = dict(given)
        for name, value in given.items():
            if name in GEMMS:
                made[name] = Gemm.from_dict(value)
            elif name == "accumulate":
                made[name] = accumulation_from(value)
            elif isinstance(value, dict):
                made[name] = Quant.from_dict(value)
        return cls(**made)

    def to_json(self) -> str:
        """Return the recipe as JSON."""
        return json.dumps(self.to_dict())

    @classmethod
    def from_json(cls, text: str) -> Recipe:
        """Read JSON that `to_json` wrote."""
        return cls.from_dict(json.loads(text))

    def __str__(self) -> str:
        lines = [f"{gemm}: {made}" for gemm, made in self.gemms]
        lines += [f"{part}: {quant}" for part in _QUANTS if (quant := getattr(self, part)) is not None]
        return "\n".join(lines)

    def __repr__(self) -> str:
        named = "" if self.name is None else f"name={self.name!r}, "
        parts = [f"{f.name}={str(v)!r}" for f in fields(self) if f.compare and (v := getattr(self, f.name)) is not None]
        return f"Recipe({named}{', '.join(parts)})"


def _expanded(given: dict[str, Any], short: dict[str, Any]) -> dict[str, Gemm]:
    """Return the three products."""
    parts: dict[str, dict[str, Any]] = {gemm: {} for gemm in GEMMS}
    for word, value in short.items():
        if value is None:
            continue
        places = [(gemm, part) for gemm, part in _SHORT[word] if given[gemm] is None]
        if not places:
            full = ", ".join(gemm for gemm, _ in _SHORT[word])
            raise PolicyError(
                f"{word}={value!r} says something of {full}, given in full; say it there, or leave it out"
            )
        for gemm, part in places:
            parts[gemm][part] = value
    return {gemm: Gemm(**parts[gemm]) if given[gemm] is None else Gemm.of(given[gemm]) for gemm in GEMMS}


def _check(r: Recipe) -> None:
    for part in _QUANTS:
        quant = getattr(r, part)
        if quant is not None and not quant.bare:
            raise PolicyError(f"{part}={quant} is no operand of a product; leave hadamard=, gain= and ste= out")
    if r.name is not None and not isinstance(r.name, str):
        raise PolicyError(f"name={r.name!r} is not legal; legal: text or None")
