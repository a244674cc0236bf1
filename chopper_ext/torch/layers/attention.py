"""Attention by a recipe: projections, both products, softmax."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import ClassVar

import torch
from torch import nn
from torch.nn import functional

from chopper.errors import UnsupportedInputError
from chopper_ext.torch.layers.base import ChopLayer, widened
from chopper_ext.torch.layers.linear import linear
from chopper_ext.torch.layers.operands import Call
from chopper_ext.torch.layers.points import around, point
from chopper_ext.torch.layers.products import three_products
from chopper_ext.torch.layers.spec import Spec

__all__ = ["ChopMultiheadAttention", "attend"]


def attend(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    spec: Spec,
    calls: Callable[[], Call],
    mask: torch.Tensor | None = None,
    dropout: float = 0.0,
    scale: float | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return ``softmax(query scale key^T + mask) value`` and the weights, in these steps.

    1. query is multiplied by the scale.
    2. scores = query key^T by the three products of the recipe: key is the weight of the layer.
    3. The mask is added, by torch; the sum is rounded by ``elementwise``, as if it were 0 where the mask is -inf: what
       is masked stays masked, also in formats without infinities, and has no part in a shared scale.
    4. softmax, torch's own, is rounded by ``elementwise``; its gradient by ``grad_elementwise``.
    5. Dropout, torch's own.
    6. weights value by the three products: value, transposed, is the weight of the layer.
    """
    factor = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
    scores = three_products(query * factor, key, None, spec, calls())
    if mask is not None:
        scores = _masked(scores + mask, mask, spec.elementwise, calls())
    weights = around(partial(torch.softmax, dim=-1), scores, spec, calls())
    kept = functional.dropout(weights, dropout) if dropout else weights
    return three_products(kept, value.mT, None, spec, calls()), weights


def _masked(scores: torch.Tensor, mask: torch.Tensor, quant: str | None, call: Call) -> torch.Tensor:
    if quant is None:
        return scores
    gone = mask == -math.inf
    return point(scores.masked_fill(gone, 0.0), quant, None, call).masked_fill(gone, -math.inf)


class ChopMultiheadAttention(ChopLayer, nn.MultiheadAttention):
    """`torch.nn.MultiheadAttention` by a recipe: four projections as linear layers, and `attend`.

    The fused kernels of torch are not used, also not where it would itself.
    """

    plain: ClassVar[type[nn.Module]] = nn.MultiheadAttention

    def forward(
        self,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        key_padding_mask: torch.Tensor | None = None,
        need_weights: bool = True,
        attn_mask: torch.Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Return output and weights.

        Raises
        ------
        UnsupportedInputError
            If ``is_causal`` comes without the mask: it is a hint of what the mask says.
        """
        if self.chop_plain:
            return nn.MultiheadAttention.forward(
                self, query, key, value, key_padding_mask, need_weights, attn_mask, average_attn_weights, is_causal
            )
        if is_causal and attn_mask is None:
            raise UnsupportedInputError("is_causal=True is a hint of what attn_mask says; pass attn_mask, too")
        batched = query.dim() == 3
        inputs = [t if batched else t.unsqueeze(0 if self.batch_first else 1) for t in (query, key, value)]
        if not self.batch_first:
            inputs = [t.transpose(0, 1) for t in inputs]
        heads = self._projected(inputs)
        heads, added = self._extended(heads)
        mask = _joined(attn_mask, key_padding_mask, batched, self.num_heads, added, heads[0])
        dropout = self.dropout if self.training else 0.0
        q, k, v = heads
        made, weights = attend(q, k, v, self.chop_spec, self.chop_call, mask, dropout)
        rows = made.transpose(1, 2).flatten(2)
        y = linear(rows, self.out_proj.weight, self.out_proj.bias, self.chop_spec, self.chop_call())
        y = y if self.batch_first else y.transpose(0, 1)
        y = y if batched else y.squeeze(0 if self.batch_first else 1)
        if not need_weights:
            return y, None
        weights = weights.mean(1) if average_attn_weights else weights
        return y, weights if batched else weights.squeeze(0)

    def _projected(self, inputs: list[torch.Tensor]) -> list[torch.Tensor]:
        """Return queries, keys and values as (batch, heads, length, features)."""
        if self.in_proj_weight is None:
            matrices = [self.q_proj_weight, self.k_proj_weight, self.v_proj_weight]
        else:
            matrices = list(self.in_proj_weight.chunk(3))
        biases = [None] * 3 if self.in_proj_bias is None else list(self.in_proj_bias.chunk(3))
        triples = zip(inputs, matrices, biases, strict=True)
        made = [linear(widened(x, w), w, b, self.chop_spec, self.chop_call()) for x, w, b in triples]
        return [_split(y, self.num_heads).transpose(1, 2) for y in made]

    def _extended(self, heads: list[torch.Tensor]) -> tuple[list[torch.Tensor], int]:
        """Return heads with learned and zero positions appended to keys and values, and how many these are."""
        added = 0
        query, pairs = heads[0], heads[1:]
        if self.bias_k is not None and self.bias_v is not None:
            learned = (
                _split(b.expand(len(query), 1, -1), self.num_heads).transpose(1, 2) for b in (self.bias_k, self.bias_v)
            )
            pairs, added = [torch.cat((t, b), 2) for t, b in zip(pairs, learned, strict=True)], added + 1
        if self.add_zero_attn:
            pairs, added = [functional.pad(t, (0, 0, 0, 1)) for t in pairs], added + 1
        return [query, *pairs], added


def _split(x: torch.Tensor, heads: int) -> torch.Tensor:
    return x.reshape(*x.shape[:-1], heads, -1)


def _joined(
    mask: torch.Tensor | None, padding: torch.Tensor | None, batched: bool, heads: int, added: int, like: torch.Tensor
) -> torch.Tensor | None:
    """Return both masks as what is added to the scores (batch, heads, queries, keys)."""
    found = None
    if mask is not None:
        found = _additive(mask, like)
        found = found.reshape(-1, heads, *found.shape[1:]) if found.dim() == 3 else found
    if padding is not None:
        rows = _additive(padding if batched else padding.unsqueeze(0), like)[:, None, None, :]
        found = rows if found is None else found + rows
    return found if found is None or not added else functional.pad(found, (0, added))


def _additive(mask: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    if mask.dtype != torch.bool:
        return mask.to(like.dtype)
    return torch.zeros_like(mask, dtype=like.dtype).masked_fill(mask, -math.inf)
