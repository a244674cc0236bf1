"""`convert` and `unconvert` for models of Equinox, which is imported when they are called."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from chopper.recipes import Recipe

__all__ = ["convert", "unconvert"]


def convert(
    model: Any, recipe: Recipe | str | None, *, skip: str | Iterable[str] = (), key: Any = None, step: Any = 0
) -> Any:
    """Return a model of Equinox whose linear layers compute by a recipe.

    A layer (`equinox.nn.Linear`, also inside MLP, MultiheadAttention and others) keeps its parameters; the weight lies
    as (N, K), and the products are those of `dot_general`, but that a bias joins the product, rounded as the recipe
    says.  Layers take batches, (..., in_features), as one product; under vmap each example has its own.

    Parameters
    ----------
    model : equinox.Module
        One that is converted already is converted anew.
    recipe : Recipe, str or None
        What `Recipe.of` takes.
    skip : str or list of str
        Names of layers that stay as they are, as `fnmatch` patterns: ``"layers.2"``, ``"*.norm"``.
    key : JAX key or int, optional
        For recipes that draw: the i-th converted layer draws in a call from the key
        ``Keys(Keys(key).at(i)).at(step)`` of `chopper.random.Keys`, as a layer of torch with this key in its call
        number `step`.  Convert inside of each step, with its number, which may be traced.
    step : int
        The position in the stream of each layer.

    Returns
    -------
    equinox.Module

    Raises
    ------
    PolicyError
        If a pattern fits no layer, no layer is converted, or a layer is not covered: convolutions and recurrent cells
        always, normalizations and embeddings where the recipe has ``elementwise`` or ``grad_elementwise``.

    Examples
    --------
    >>> import equinox, jax
    >>> mlp = equinox.nn.MLP(8, 4, 16, depth=1, key=jax.random.key(0))
    >>> convert(mlp, "hfp8").layers[0].recipe.name
    'hfp8'
    """
    from chopper_ext.jax.layers.modules import converted

    return converted(model, recipe, skip, key, step)


def unconvert(model: Any) -> Any:
    """Return a model with plain linear layers in place of converted ones.

    Examples
    --------
    >>> import equinox, jax
    >>> mlp = equinox.nn.MLP(8, 4, 16, depth=1, key=jax.random.key(0))
    >>> jax.tree.structure(unconvert(convert(mlp, "hfp8"))) == jax.tree.structure(mlp)
    True
    """
    from chopper_ext.jax.layers.modules import unconverted

    return unconverted(model)
