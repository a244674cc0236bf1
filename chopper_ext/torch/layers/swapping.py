"""Converting models and back: layers change their class, and keep their parameters and names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from torch import nn

from chopper.errors import PolicyError
from chopper.random import Keys
from chopper.recipes import GEMMS, Recipe
from chopper_ext.torch.layers.base import ChopLayer, Stream
from chopper_ext.torch.layers.spec import spec_of
from chopper_ext.torch.layers.table import AROUND, FUSED, INSIDE, LAYERS

__all__ = ["Role", "convert", "converted", "covered", "inside", "is_silent", "unconvert"]

_ATTRIBUTES = ("chop_recipe", "chop_spec", "chop_name", "chop_stream")


class Role(NamedTuple):
    """One operand, or the result, of one product of one layer: what a function of ``rules=`` is asked about."""

    name: str
    """Of the layer, as `torch.nn.Module.named_modules` gives it."""
    module: nn.Module
    """The layer."""
    gemm: str
    """forward, dgrad or wgrad."""
    operand: str
    """lhs, rhs or out."""
    quant: Any
    """What the recipe says."""


_Rules = Mapping[str, Any] | Callable[[Role], Any]


def convert(
    model: nn.Module,
    recipe: Recipe | str,
    *,
    skip: str | Iterable[str] = (),
    rules: _Rules | None = None,
    types: type[nn.Module] | Sequence[type[nn.Module]] | None = None,
    key: Any = None,
    uncovered: str = "error",
) -> nn.Module:
    """Let every layer of a model compute by a recipe, in place.

    A layer changes its class and gets a few attributes; parameters, buffers, hooks and the keys of its ``state_dict``
    stay.  A layer for which the recipe says nothing computes as before, bit for bit.

    Parameters
    ----------
    model : Module
        Its parameters in float32 or float64.  A model that is converted already is converted anew.
    recipe : Recipe or str
        A recipe, its text, or the name of a preset.
    skip : str or list of str
        Names of layers that stay as they are, as `fnmatch` patterns: ``"lm_head"``, ``"*.norm*"``.  What is below a
        layer of that name stays too.
    rules : mapping or function, optional
        Patterns of names with the recipe of these layers, None for full precision; a later pattern wins.  Or a function
        that is asked with a `Role` about each operand and result of each product, and returns a quant, its text, or
        None; ``role.quant`` leaves it.
    types : class or list of classes, optional
        Convert layers of these classes alone.  A `torch.nn.TransformerEncoderLayer` around one of them is converted,
        too, by a recipe that says nothing, since torch's own computes past its layers in inference.
    key : int, optional
        Base of all random words: the i-th converted layer, in the order of ``model.named_modules()``, has the base
        ``chopper.random.Keys(key).at(i)``.  None draws fresh entropy, once, where something is random.
    uncovered : str
        What is done about layers with parameters of their own that have no counterpart here: "error", or "keep".

    Returns
    -------
    Module
        The model.

    Raises
    ------
    PolicyError
        If a recipe or an argument is not legal, a pattern fits no layer, nothing is converted, or layers are not
        covered.  The model is then untouched.

    Examples
    --------
    >>> import torch
    >>> model = torch.nn.Sequential(torch.nn.Linear(32, 32), torch.nn.ReLU(), torch.nn.Linear(32, 10))
    >>> convert(model, "switchback", skip="2")[0]  # doctest: +ELLIPSIS
    ChopLinear(in_features=32, out_features=32, bias=True)[forward: int8_row @ int8_tensor; ...; wgrad: - @ -]
    >>> list(model.state_dict())
    ['0.weight', '0.bias', '2.weight', '2.bias']
    """
    base = Recipe.of(recipe)
    left = (skip,) if isinstance(skip, str) else tuple(skip)
    _check_arguments(model, left, rules, uncovered)
    kinds = None if types is None else (types,) if isinstance(types, (type, str)) else tuple(types)
    for kind in kinds or ():
        if kind not in LAYERS:
            raise PolicyError(f"types={getattr(kind, '__name__', kind)} has no counterpart here; legal: {_names()}")
    chosen, bare = _sorted(model, left, kinds)
    if bare and uncovered == "error":
        shown = ", ".join(f"{name or 'the model'} ({type(module).__name__})" for name, module in bare[:8])
        raise PolicyError(
            f"{len(bare)} layers with parameters are not covered: {shown}{', ...' if len(bare) > 8 else ''}; name them "
            f"in skip=, or pass uncovered='keep' and see report(model); covered: {_names()}"
        )
    if not chosen:
        raise PolicyError(f"no layer is converted; covered: {_names()}; look at skip= and types=")
    recipes = [(name, module, _ruled(name, module, base, rules)) for name, module in chosen]
    keys = Keys(key)
    for i, (name, module, own) in enumerate(recipes):
        _swap(module, name, own, keys.at(i))
    _surround(model)
    return model


def unconvert(model: nn.Module) -> nn.Module:
    """Make every converted layer what it was before, in place, and return the model.

    Raises
    ------
    PolicyError
        If the class of a layer has changed since, as `torch.nn.utils.parametrize` does; the model is then untouched.

    Examples
    --------
    >>> import torch
    >>> type(unconvert(convert(torch.nn.Linear(2, 2), "bf16"))) is torch.nn.Linear
    True
    """
    for name, module in converted(model):
        if type(module) is not LAYERS[module.plain]:
            raise PolicyError(
                f"{name or 'the model'} has become a {type(module).__name__} since it was converted; undo that first, "
                "for example by torch.nn.utils.parametrize.remove_parametrizations"
            )
    for module in model.modules():
        if isinstance(module, ChopLayer):
            module.__class__ = module.plain  # type: ignore[assignment]
            for name in _ATTRIBUTES:
                module.__dict__.pop(name, None)
        elif isinstance(module, tuple(AROUND.values())):
            module.__class__ = module.plain  # type: ignore[assignment]
    return model


def converted(model: nn.Module) -> list[tuple[str, Any]]:
    """List the converted layers with their names."""
    return [(name, module) for name, module in model.named_modules() if isinstance(module, ChopLayer)]


def covered(module: nn.Module) -> bool:
    """Whether there is a layer for this one."""
    return type(module) in LAYERS or isinstance(module, ChopLayer)


def is_silent(module: nn.Module) -> bool:
    """Whether a module has no parameters of its own."""
    return not list(module.parameters(recurse=False))


def inside(model: nn.Module) -> frozenset[str]:
    """Return the names of modules with which the layers around them compute by themselves."""
    found = [(name, INSIDE.get(_plain(module), ())) for name, module in model.named_modules()]
    return frozenset(f"{name}.{part}" if name else part for name, parts in found for part in parts)


def _plain(module: nn.Module) -> type[nn.Module]:
    """Return what the class of a module is without a recipe."""
    kind = type(module)
    return module.plain if isinstance(module, ChopLayer) and kind is LAYERS[module.plain] else kind


def _sorted(model: nn.Module, left: tuple[str, ...], kinds: Any) -> tuple[list[Any], list[Any]]:
    """Return the layers to convert, and those with parameters that are not covered."""
    chosen, bare = [], []
    within = inside(model)
    for name, module in model.named_modules():
        if _fits(name, left) or name in within:
            continue
        plain = _plain(module)
        if plain in LAYERS:
            if kinds is None or plain in kinds:
                chosen.append((name, module))
        elif not is_silent(module):
            bare.append((name, module))
    return chosen, bare


def _fits(name: str, patterns: Iterable[str]) -> bool:
    parts = name.split(".") if name else []
    heads = [".".join(parts[: i + 1]) for i in range(len(parts))] or [""]
    return any(fnmatchcase(head, pattern) for head in heads for pattern in patterns)


def _ruled(name: str, module: nn.Module, base: Recipe, rules: _Rules | None) -> Recipe:
    if rules is None:
        return base
    if isinstance(rules, Mapping):
        found = [own for pattern, own in rules.items() if _fits(name, (pattern,))]
        return Recipe.of(found[-1]) if found else base
    changes = {}
    for gemm in GEMMS:
        made = getattr(base, gemm)
        parts = {part: rules(Role(name, module, gemm, part, getattr(made, part))) for part in ("lhs", "rhs", "out")}
        changes[gemm] = made.replace(**parts)
    return base.replace(**changes)


def _swap(module: nn.Module, name: str, recipe: Recipe, key: int) -> None:
    module.__class__ = LAYERS[_plain(module)]
    module.chop_recipe = recipe  # type: ignore[assignment]
    module.chop_spec = spec_of(recipe)  # type: ignore[assignment]
    module.chop_name = name  # type: ignore[assignment]
    module.__dict__["chop_stream"] = Stream(key) if recipe.draws else None


def _surround(model: nn.Module) -> None:
    """Let modules around converted layers call these, and with what they take."""
    for name, module in model.named_modules():
        if type(module) in (*FUSED, *AROUND) and any(isinstance(part, ChopLayer) for part in module.modules()):
            if type(module) in FUSED:
                _swap(module, name, Recipe(), 0)
            else:
                module.__class__ = AROUND[type(module)]


def _check_arguments(model: nn.Module, left: tuple[str, ...], rules: Any, uncovered: str) -> None:
    if not isinstance(model, nn.Module):
        raise PolicyError(f"{type(model).__name__} is no module; pass a torch.nn.Module")
    if uncovered not in ("error", "keep"):
        raise PolicyError(f"uncovered={uncovered!r} is not legal; legal: 'error', 'keep'")
    if rules is not None and not isinstance(rules, Mapping) and not callable(rules):
        raise PolicyError(
            f"rules={rules!r} is not legal; legal: a mapping of patterns to recipes, a function of a Role"
        )
    names = [name for name, _ in model.named_modules()]
    for pattern in (*left, *(rules if isinstance(rules, Mapping) else ())):
        if not any(_fits(name, (pattern,)) for name in names):
            raise PolicyError(f"the pattern {pattern!r} fits no layer; names are such as {', '.join(names[1:5])}")


def _names() -> str:
    return ", ".join(kind.__name__ for kind in LAYERS)
