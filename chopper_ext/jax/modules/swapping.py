"""Converting models and back: modules change their class, and keep their parameters and places."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from chopper.errors import PolicyError
from chopper.recipes import Recipe
from chopper_ext.jax.modules.base import ChopModule, plain_of
from chopper_ext.jax.modules.table import MODULES
from chopper_ext.jax.streams import nth
from chopper_ext.jax.words import key_words

__all__ = ["converted", "unconverted"]

_WHOLE = (eqx.nn.BatchNorm, eqx.nn.SpectralNorm, eqx.nn.WeightNorm)
"""Modules without a counterpart: with a state, or around another module, which is not looked at."""


class _Place(NamedTuple):
    """A module that has a counterpart, or an array outside of all of these."""

    name: str
    found: Any
    owner: Any  # of an array


def converted(
    model: Any, recipe: Recipe | str | None, skip: str | Iterable[str], uncovered: str, key: Any, step: Any
) -> Any:
    """Return a model whose modules are of a recipe; see `chopper_ext.jax.convert`."""
    recipe = Recipe.of(recipe)
    left = (skip,) if isinstance(skip, str) else tuple(skip)
    if uncovered not in ("error", "keep"):
        raise PolicyError(f"uncovered={uncovered!r} is not legal; legal: 'error', 'keep'")
    places, tree = _places(model)
    _check_patterns(left, [one.name for one in places])
    chosen = [one for one in places if not any(_fits(one.name, pattern) for pattern in left)]
    if uncovered == "error":
        _check_covered([one for one in chosen if _kind(one.found) is None and _is_parameter(one.found)])
    base = jnp.asarray(key_words(key, False)) if recipe.draws and key is not None else None
    numbers = {id(one): n for n, one in enumerate(one for one in chosen if _kind(one.found) is not None)}
    if not numbers:
        raise PolicyError(f"no layer is converted; covered: {_names()}; look at skip=")
    made = []
    for one in places:
        n, kind = numbers.get(id(one)), _kind(one.found)
        made.append(one.found if n is None else MODULES[kind](one.found, recipe, *_stream(base, n, step)))
    return jax.tree.unflatten(tree, made)


def unconverted(model: Any) -> Any:
    """Return a model with plain modules."""
    places, tree = _places(model)
    plain = [plain_of(one.found) if isinstance(one.found, ChopModule) else one.found for one in places]
    return jax.tree.unflatten(tree, plain)


def _stream(base: Any, n: int, step: Any) -> tuple[Any, Any]:
    return (None, None) if base is None else (nth(base, n), jnp.asarray(step, jnp.int32))


def _kind(module: Any) -> Any:
    """Return the class of Equinox that a module is of, or was before its conversion, if it has a counterpart."""
    kind = module.plain if isinstance(module, ChopModule) else type(module)
    return kind if kind in MODULES else None


def _is_leaf(x: Any) -> bool:
    return _kind(x) is not None or isinstance(x, _WHOLE)


def _is_parameter(x: Any) -> bool:
    if isinstance(x, _WHOLE):
        return True
    return isinstance(x, (jax.Array, np.ndarray)) and bool(jnp.issubdtype(x.dtype, jnp.inexact))


def _places(model: Any) -> tuple[list[_Place], Any]:
    paths, tree = jax.tree_util.tree_flatten_with_path(model, is_leaf=_is_leaf)
    return [_Place(_name(path), found, _owner(model, path)) for path, found in paths], tree


def _owner(model: Any, path: Any) -> Any:
    """Return what holds the thing at the end of a path."""
    for step in path[:-1]:
        if isinstance(step, jax.tree_util.GetAttrKey):
            model = getattr(model, step.name)
        elif isinstance(step, jax.tree_util.SequenceKey | jax.tree_util.DictKey):
            model = model[step.idx if isinstance(step, jax.tree_util.SequenceKey) else step.key]
    return model


def _check_patterns(left: tuple[str, ...], names: list[str]) -> None:
    for pattern in left:
        if not any(_fits(name, pattern) for name in names):
            shown = ", ".join(names[:8]) or "none"
            raise PolicyError(f"skip={pattern!r} fits no layer; names are such as {shown}")


def _check_covered(bare: list[_Place]) -> None:
    if bare:
        shown = ", ".join(map(_described, bare[:8]))
        raise PolicyError(
            f"not covered by this conversion: {shown}{', ...' if len(bare) > 8 else ''}; name what stays in full "
            f"precision in skip=, or pass uncovered='keep'; covered: {_names()}"
        )


def _described(one: _Place) -> str:
    kind = type(one.found).__name__ if isinstance(one.found, _WHOLE) else f"of {type(one.owner).__name__}"
    return f"{one.name or 'the model'} ({kind})"


def _names() -> str:
    return ", ".join(kind.__name__ for kind in MODULES)


def _name(path: Any) -> str:
    return ".".join(str(getattr(one, "name", getattr(one, "idx", getattr(one, "key", one)))) for one in path)


def _fits(name: str, pattern: str) -> bool:
    parts = name.split(".")
    return any(fnmatchcase(".".join(parts[:n]), pattern) for n in range(1, len(parts) + 1))
