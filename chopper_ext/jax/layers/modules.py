"""Linear layers of Equinox by recipes, and the conversion of models."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax

from chopper.errors import PolicyError
from chopper.recipes import Recipe
from chopper_ext.jax.layers.products import Setting, three_products
from chopper_ext.jax.streams import nth
from chopper_ext.jax.words import key_words, traced

__all__ = ["ChopLinear", "converted", "unconverted"]

_FIELDS = ("weight", "bias", "in_features", "out_features", "use_bias")
_PRODUCTS = ("Conv", "ConvTranspose", "GRUCell", "LSTMCell")  # by the names of their classes, with subclasses
_ELEMENTWISE = ("BatchNorm", "Embedding", "GroupNorm", "LayerNorm", "RMSNorm", "WeightNorm", "SpectralNorm")


class ChopLinear(eqx.nn.Linear):
    """`equinox.nn.Linear` by a recipe; `chopper_ext.jax.convert` makes it.

    It takes inputs (..., in_features): all leading axes are rows of one product.  Under vmap each example has a product
    of its own instead, with the words that it has alone, and the gradients of the weight are added by JAX.
    """

    recipe: Recipe = eqx.field(static=True)
    words: Any

    def __init__(self, linear: Any, recipe: Recipe, words: Any) -> None:
        for name in _FIELDS:
            setattr(self, name, getattr(linear, name))
        self.recipe = recipe
        self.words = words

    def __call__(self, x: Any, *, key: Any = None) -> Any:
        """Return the output; `key`, if given, stands for that of the conversion in this call."""
        rows = jnp.asarray(x)[..., None] if self.in_features == "scalar" else jnp.asarray(x)
        y = self._plain(rows) if self.recipe.plain else self._rounded(rows, key)
        return y[..., 0] if self.out_features == "scalar" else y

    def _plain(self, rows: Any) -> Any:
        y = self.weight @ rows if rows.ndim == 1 else rows @ self.weight.T
        return y if self.bias is None else y + self.bias

    def _rounded(self, rows: Any, key: Any) -> Any:
        words = self.words if key is None else key
        if self.recipe.draws:
            words = jnp.asarray(key_words(words, traced(rows, self.weight, jnp.zeros(()))))
        x = rows.astype(jnp.promote_types(rows.dtype, self.weight.dtype))
        setting = Setting(self.recipe, (((rows.ndim - 1,), (1,)), ((), ())), lax.Precision.HIGHEST)
        return three_products(setting, x, self.weight, self.bias, words)


def converted(model: Any, recipe: Recipe | str | None, skip: str | Iterable[str], key: Any, step: Any) -> Any:
    """Return a model whose linear layers are of a recipe; see `chopper_ext.jax.convert`."""
    recipe = Recipe.of(recipe)
    left = (skip,) if isinstance(skip, str) else tuple(skip)
    paths, tree = _layers(model)
    names = [_name(path) for path, _ in paths]
    for pattern in left:
        if not any(_fits(name, pattern) for name in names):
            raise PolicyError(f"skip={pattern!r} fits no layer; layers: {', '.join(names) or 'none'}")
    base = None if key is None else jnp.asarray(key_words(key, False))
    made, count = [], 0
    for name, (_, layer) in zip(names, paths, strict=True):
        if isinstance(layer, eqx.nn.Linear) and not any(_fits(name, pattern) for pattern in left):
            made.append(ChopLinear(layer, recipe, nth(nth(base, count), step) if recipe.draws else None))
            count += 1
        else:
            _check_covered(name, layer, recipe, left)
            made.append(layer)
    if not count:
        raise PolicyError("no layer is converted; equinox.nn.Linear is covered; look at skip=")
    return jax.tree.unflatten(tree, made)


def unconverted(model: Any) -> Any:
    """Return a model with plain linear layers."""
    paths, tree = _layers(model)
    return jax.tree.unflatten(tree, [_plain_of(one) if isinstance(one, ChopLinear) else one for _, one in paths])


def _plain_of(layer: ChopLinear) -> Any:
    plain = object.__new__(eqx.nn.Linear)
    for name in _FIELDS:
        object.__setattr__(plain, name, getattr(layer, name))
    return plain


def _layers(model: Any) -> tuple[Any, Any]:
    def is_layer(x: Any) -> bool:
        return isinstance(x, eqx.nn.Linear) or bool(_kind(x, (*_PRODUCTS, *_ELEMENTWISE)))

    found: tuple[Any, Any] = jax.tree_util.tree_flatten_with_path(model, is_leaf=is_layer)
    return found


def _kind(layer: Any, names: tuple[str, ...]) -> str | None:
    kinds = [kind for kind in type(layer).__mro__ if kind.__module__.startswith("equinox.nn")]
    return next((kind.__name__ for kind in kinds if kind.__name__ in names), None)


def _check_covered(name: str, layer: Any, recipe: Recipe, left: tuple[str, ...]) -> None:
    elementwise = recipe.elementwise is not None or recipe.grad_elementwise is not None
    kind = _kind(layer, (*_PRODUCTS, *_ELEMENTWISE) if elementwise else _PRODUCTS)
    if kind is not None and not any(_fits(name, pattern) for pattern in left):
        raise PolicyError(
            f"{name or 'the model'} ({type(layer).__name__}) is not covered by this conversion; name it in skip= to "
            "leave it in full precision; covered: equinox.nn.Linear"
        )


def _name(path: Any) -> str:
    return ".".join(str(getattr(one, "name", getattr(one, "idx", getattr(one, "key", one)))) for one in path)


def _fits(name: str, pattern: str) -> bool:
    parts = name.split(".")
    return any(fnmatchcase(".".join(parts[:n]), pattern) for n in range(1, len(parts) + 1))
