"""Cells of recurrent networks by a recipe.

Both products of a cell are linear layers of the recipe.  Every sum, product and activation of the gates is JAX's own,
rounded by ``elementwise``; its gradient is rounded by ``grad_elementwise`` on the way back.
"""

from __future__ import annotations

from typing import Any, ClassVar

import equinox as eqx
import jax.numpy as jnp
from jax.nn import sigmoid

from chopper_ext.jax.modules.base import ChopModule, plain_of, widened
from chopper_ext.jax.modules.linear import linear

__all__ = ["ChopGRUCell", "ChopLSTMCell"]


class ChopGRUCell(ChopModule, eqx.nn.GRUCell):
    """`equinox.nn.GRUCell`: r, z of sums; n = tanh(W x + b + r (U h + d)); h' = n + z (h - n).

    Inputs are (..., input_size), states (..., hidden_size): leading axes are rows of one product.
    """

    plain: ClassVar[Any] = eqx.nn.GRUCell

    def __call__(self, input: Any, hidden: Any, *, key: Any = None) -> Any:
        """Return the new state; `key`, if given, stands for that of the conversion in this call."""
        if self.recipe.plain:
            cell = plain_of(self)
            return jnp.vectorize(lambda x, h: cell(x, h), signature="(i),(h)->(h)")(input, hidden)
        call = self.calls(10, key, input, hidden, self.weight_ih)
        x, h = widened(input, self.weight_ih), widened(hidden, self.weight_hh)
        size = 2 * self.hidden_size
        late = None if self.bias_n is None else jnp.concatenate([jnp.zeros(size, x.dtype), self.bias_n])
        one = linear(x, self.weight_ih, self.bias, self.recipe, call())
        two = linear(h, self.weight_hh, late, self.recipe, call())
        gates = self.rounded(one[..., :size] + two[..., :size], call())
        r, z = jnp.split(self.rounded(sigmoid(gates), call()), 2, -1)
        kept = self.rounded(r * two[..., size:], call())
        n = self.rounded(jnp.tanh(self.rounded(one[..., size:] + kept, call())), call())
        change = self.rounded(h - n, call())
        return self.rounded(n + self.rounded(z * change, call()), call())


class ChopLSTMCell(ChopModule, eqx.nn.LSTMCell):
    """`equinox.nn.LSTMCell`: gates i, f, g, o of s = (W x + b) + U h; c' = f c + i g; h' = o tanh(c').

    The bias joins the first product; Equinox itself adds it to the sum of both.  Inputs are (..., input_size), states
    pairs of (..., hidden_size): leading axes are rows of one product.
    """

    plain: ClassVar[Any] = eqx.nn.LSTMCell

    def __call__(self, input: Any, hidden: Any, *, key: Any = None) -> Any:
        """Return the new state; `key`, if given, stands for that of the conversion in this call."""
        if self.recipe.plain:
            cell = plain_of(self)
            run = jnp.vectorize(lambda x, h, c: cell(x, (h, c)), signature="(i),(h),(h)->(h),(h)")
            return run(input, *hidden)
        call = self.calls(9, key, input, hidden, self.weight_ih)
        x, (h, c) = widened(input, self.weight_ih), (widened(part, self.weight_hh) for part in hidden)
        one = linear(x, self.weight_ih, self.bias, self.recipe, call())
        two = linear(h, self.weight_hh, None, self.recipe, call())
        i, f, g, o = jnp.split(self.rounded(one + two, call()), 4, -1)
        gates = jnp.concatenate([sigmoid(i), sigmoid(f), jnp.tanh(g), sigmoid(o)], -1)
        i, f, g, o = jnp.split(self.rounded(gates, call()), 4, -1)
        kept, new = self.rounded(f * c, call()), self.rounded(i * g, call())
        c = self.rounded(kept + new, call())
        return self.rounded(o * self.rounded(jnp.tanh(c), call()), call()), c
