"""`convert` and `unconvert` for models of Equinox, which is imported when they are called."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from chopper.recipes import Recipe

__all__ = ["convert", "unconvert"]


def convert(
    model: Any, recipe: Recipe | str | None, *, skip: str | Iterable[str] = (), uncovered: str = "error",
    key: Any = None, step: Any = 0,
) -> Any:  # fmt: skip
    """Return a model of Equinox whose layers compute by a recipe.

    Layers keep their parameters.  Made of products are Linear (also inside of MLP and others), Conv of 1 to 3 axes,
    MultiheadAttention, GRUCell and LSTMCell: each product has its three, as from `dot_general`, with weights as (N, K),
    but that a bias joins it, rounded as the recipe says.  LayerNorm, RMSNorm, GroupNorm, Embedding, PReLU, Dropout,
    AvgPool and AdaptiveAvgPool are rounded by ``elementwise`` and ``grad_elementwise``.  A layer for which the recipe
    says nothing computes as before.

    All take batches in front of what they take in Equinox, (..., in_features), (images, channels, height, width): rows
    of one product.  Under vmap each example has a product of its own, with the words that it has alone.

    Functions between layers, such as activations, also those in MLP and Lambda, are not looked at; `emulate` rounds
    them.

    Parameters
    ----------
    model : equinox.Module
        Its parameters in float32 or float64.  One that is converted already is converted anew.
    recipe : Recipe, str or None
        What `Recipe.of` takes.
    skip : str or list of str
        Names of layers, or of arrays outside of them, that stay as they are, as `fnmatch` patterns: ``"layers.2"``,
        ``"*.norm"``.  What is below such a name stays too.
    uncovered : str
        What is done about parameters that no layer above holds, such as those of ConvTranspose, BatchNorm, WeightNorm,
        of subclasses and of modules of one's own: "error", or "keep".
    key : JAX key or int, optional
        For recipes that draw: the i-th converted layer has the stream ``Keys(Keys(key).at(i))`` of
        `chopper.random.Keys`.  A layer that asks for c keys in a call takes those at ``step * c`` and after it: 1 for
        most, 9 for LSTMCell, 10 for GRUCell, 7 for MultiheadAttention and 8 with a mask.  So does a layer of torch with
        this key in its call number `step`.  Convert inside of each step, with its number, which may be traced.
    step : int
        The position in the stream of each layer.

    Returns
    -------
    equinox.Module

    Raises
    ------
    PolicyError
        If a pattern fits nothing, no layer is converted, or something is not covered.
    UnsupportedInputError
        In a call, for parameters of fewer than 32 bits, and for shapes that do not go together.

    Examples
    --------
    >>> import equinox, jax
    >>> mlp = equinox.nn.MLP(8, 4, 16, depth=1, key=jax.random.key(0))
    >>> convert(mlp, "hfp8").layers[0].recipe.name
    'hfp8'
    """
    from chopper_ext.jax.modules import converted

    return converted(model, recipe, skip, uncovered, key, step)


def unconvert(model: Any) -> Any:
    """Return a model with plain layers in place of converted ones.

    Examples
    --------
    >>> import equinox, jax
    >>> mlp = equinox.nn.MLP(8, 4, 16, depth=1, key=jax.random.key(0))
    >>> jax.tree.structure(unconvert(convert(mlp, "hfp8"))) == jax.tree.structure(mlp)
    True
    """
    from chopper_ext.jax.modules import unconverted

    return unconverted(model)
