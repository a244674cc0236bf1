"""Recipes from the configurations of NVIDIA's TensorRT Model Optimizer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chopper.errors import PolicyError
from chopper.recipes.recipe import Recipe
from chopper.recipes.text import check_known

__all__ = ["from_modelopt"]

_PLACES = {"weight_quantizer": "weight", "input_quantizer": "input", "output_quantizer": "output"}
_FIELDS = ("num_bits", "block_sizes", "axis", "enable", "trt_high_precision_dtype", "type", "fake_quant", "unsigned")


def from_modelopt(config: Mapping[str, Any], default: Any = None) -> tuple[Recipe, dict[str, Recipe]]:
    """Return what a configuration says: the recipe of all layers, and rules by name for some of them.

    Parameters
    ----------
    config : mapping
        ``{"quant_cfg": {pattern: {"num_bits": (4, 3), "block_sizes": {-1: 32, "scale_bits": (8, 0)}}}}``, or what is
        under ``quant_cfg``.  Patterns end in ``weight_quantizer``, ``input_quantizer`` or ``output_quantizer``; a
        later one wins.
    default : Recipe, optional
        What is said of the rest: accumulators, gradients.

    Returns
    -------
    recipe, rules
        For ``convert(model, recipe, rules=rules)``.  The configurations describe inference, so gradients are those of
        `default`.

    Raises
    ------
    PolicyError
        If an entry says what chopper has no format for, or is not understood.

    Examples
    --------
    >>> mx = {"num_bits": (4, 3), "block_sizes": {-1: 32, "type": "dynamic", "scale_bits": (8, 0)}, "enable": True}
    >>> recipe, rules = from_modelopt({"quant_cfg": {"*weight_quantizer": mx, "*lm_head*": {"enable": False}}})
    >>> print(recipe.forward, list(rules))
    - @ mxfp8_e4m3 ['*lm_head*']
    """
    base = Recipe() if default is None else Recipe.of(default)
    entries = config.get("quant_cfg", config)
    if not isinstance(entries, Mapping):
        raise PolicyError(f"quant_cfg={entries!r} is no mapping of patterns; pass what modelopt's presets hold")
    found: dict[str, dict[str, str | None]] = {"*": {}}
    for pattern, entry in entries.items():
        if pattern == "default":
            if isinstance(entry, Mapping) and entry.get("enable", True):
                raise PolicyError("default may only be {'enable': False}; say what is rounded by patterns")
            continue
        where, places = _place(str(pattern))
        formats = _format(entry, str(pattern))
        rule = found.setdefault(where, dict(found["*"]))
        for one in found.values() if where == "*" else (rule,):
            one |= dict.fromkeys(places, formats)
    made = {where: _recipe(base, rule) for where, rule in found.items()}
    return made.pop("*"), made


def _place(pattern: str) -> tuple[str, tuple[str, ...]]:
    """Return the pattern of the layers, and which tensors are meant."""
    for suffix, place in _PLACES.items():
        if pattern.endswith(suffix):
            head = pattern.removesuffix(suffix)
            if head in ("", "*", "*."):
                return "*", (place,)
            return head.removesuffix("."), (place,)
    if "quantizer" in pattern:
        raise PolicyError(f"pattern {pattern!r} is not understood; legal ends: {', '.join(_PLACES)}")
    return pattern, tuple(_PLACES.values())


def _recipe(base: Recipe, rule: Mapping[str, str | None]) -> Recipe:
    changed = base.forward.replace(
        lhs=rule.get("input", base.forward.lhs),
        rhs=rule.get("weight", base.forward.rhs),
        out=rule.get("output", base.forward.out),
    )
    return base.replace(forward=changed)


def _format(entry: Any, pattern: str) -> str | None:
    if not isinstance(entry, Mapping):
        raise PolicyError(f"{pattern!r}: {entry!r} is not understood; legal: a mapping with {', '.join(_FIELDS)}")
    check_known(entry, f"the entry {pattern!r}", _FIELDS)
    if not entry.get("enable", True):
        return None
    element = _element(entry.get("num_bits", 8), entry.get("unsigned", False), pattern)
    blocks = entry.get("block_sizes")
    if blocks:
        return _blocks(element, dict(blocks) if isinstance(blocks, Mapping) else {}, pattern)
    axis = entry.get("axis")
    whole = element.startswith("int")
    element = f"{element}<symmetric=true>" if whole else element
    return f"scaled<{element},fp32,{'tensor' if axis is None else 'all'}>"


def _element(bits: Any, unsigned: bool, pattern: str) -> str:
    if isinstance(bits, (tuple, list)) and tuple(bits) in _ELEMENTS:
        return _ELEMENTS[tuple(bits)]
    if isinstance(bits, int) and not isinstance(bits, bool) and 2 <= bits <= 16 and not unsigned:
        return f"int{bits}"
    legal = ", ".join(map(str, _ELEMENTS))
    raise PolicyError(f"{pattern!r}: num_bits={bits!r} is not understood; legal: 2 to 16 (signed), {legal}")


_ELEMENTS = {(4, 3): "e4m3", (5, 2): "e5m2", (3, 2): "e3m2", (2, 3): "e2m3", (2, 1): "e2m1"}


def _blocks(element: str, sizes: dict[Any, Any], pattern: str) -> str:
    scale = sizes.pop("scale_bits", None)
    sizes.pop("type", None)
    axes = {int(axis) if str(axis) in ("-1", "-2") else axis: size for axis, size in sizes.items()}
    if not axes or set(axes) - {-1, -2} or -1 not in axes:
        raise PolicyError(f"{pattern!r}: block_sizes={sizes!r} is not understood; legal: axes -1 and -2")
    block = "x".join(str(axes[axis]) for axis in sorted(axes) if axes[axis] is not None)
    if element.startswith("int"):
        element = f"{element}<symmetric=true>"
    if scale is None:
        return f"scaled<{element},fp32,{block}>"
    bits = tuple(scale) if isinstance(scale, (tuple, list)) else None
    if bits == (8, 0):
        named = {"e4m3": "mxfp8_e4m3", "e5m2": "mxfp8_e5m2", "e3m2": "mxfp6_e3m2", "e2m3": "mxfp6_e2m3",
                 "e2m1": "mxfp4"}.get(element)  # fmt: skip
        return named if named and block == "32" else f"scaled<{element},e8m0,{block},target=power,direction=down>"
    if bits == (4, 3):
        return (
            "nvfp4"
            if (element, block) == ("e2m1", "16")
            else f"scaled<{element},ue4m3,{block},outer=level<fp32,tensor>>"
        )
    raise PolicyError(f"{pattern!r}: scale_bits={scale!r} is not understood; legal: (8, 0), (4, 3)")
