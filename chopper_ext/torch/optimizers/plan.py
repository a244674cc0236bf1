"""What an optimizer rounds, for one group of parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from chopper import Rounding
from chopper.errors import PolicyError, nearest_names
from chopper.recipes import Quant

__all__ = ["UPDATES", "Plan", "plan_of"]

UPDATES = ("plain", "stochastic", "kahan", "expansion")
"""How an update reaches the weights; see `chopper_ext.torch.ChopOptimizer`."""


@dataclass(frozen=True)
class Plan:
    """Formats of weights, gradients, states and of the master copy, and the kind of update."""

    weight: Quant | None
    grad: Quant | None
    state: Mapping[str, tuple[Quant, ...]]  # by the name of the state; "" stands for all others
    master: Quant | str | None  # "fp32": as the optimizer left it
    update: str

    def changed(self, given: Mapping[str, Any]) -> Plan:
        """Return a plan in which a group of parameters has its own way."""
        if not isinstance(given, Mapping):
            raise PolicyError(f"'chopper': {given!r} is not legal in a group; legal: a dict of {', '.join(_NAMES)}")
        unknown = [name for name in given if name not in _NAMES]
        if unknown:
            near = nearest_names(unknown[0], _NAMES)
            raise PolicyError(f"{unknown[0]!r} is nothing that a group may change; legal: {near or ', '.join(_NAMES)}")
        mine = {name: getattr(self, name) for name in _NAMES}
        return plan_of(**{**mine, **given})


_NAMES = tuple(field.name for field in fields(Plan))


def plan_of(weight: Any, grad: Any, state: Any, master: Any, update: str) -> Plan:
    """Return the plan that users' arguments stand for.

    Raises
    ------
    PolicyError
        If an argument is not legal, or they do not go together.
    """
    if update not in UPDATES:
        raise PolicyError(f"update={update!r} is not legal; legal: {', '.join(map(repr, UPDATES))}")
    kept = master if master == "fp32" else _quant("master", master)
    found = Plan(_quant("weight", weight), _quant("grad", grad), _states(state), kept, update)
    if update != "plain" and found.weight is None:
        raise PolicyError(f"update={update!r} is a way to round weights; give weight=, the format")
    if update == "stochastic":
        found = replace(found, weight=replace(found.weight, rounding=Rounding.STOCHASTIC.value))  # type: ignore[type-var]
    if update in ("kahan", "expansion"):
        if kept is not None:
            raise PolicyError(f"update={update!r} keeps what weights lack itself; leave master={master!r} out")
        assert found.weight is not None
        if found.weight.format.blocked:
            raise PolicyError(
                f"update={update!r} computes with single numbers, and those of {found.weight.fmt} share scales; use "
                "master='fp32', or update='stochastic'"
            )
    return found


def _quant(name: str, given: Any) -> Quant | None:
    found = Quant.of(given)
    if found is not None and (found.hadamard is not None or found.gain != 1):
        raise PolicyError(f"{name}={str(found)!r} is kept, not multiplied; leave hadamard= and gain= out")
    return found


def _states(given: Any) -> Mapping[str, tuple[Quant, ...]]:
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        given = {"": given}
    return {name: _parts(name, one) for name, one in given.items() if one is not None}


def _parts(name: str, given: Any) -> tuple[Quant, ...]:
    parts = given if isinstance(given, (tuple, list)) else (given,)
    found = tuple(_quant(f"state[{name!r}]", one) for one in parts)
    if not found or any(one is None for one in found):
        raise PolicyError(f"state[{name!r}]={given!r} is not legal; legal: a Quant, its text, or a tuple of them")
    return found  # type: ignore[return-value]
