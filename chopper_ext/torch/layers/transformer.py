"""Encoders of transformers by a recipe, step by step: torch's own take one kernel in inference, past their layers."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import nn

from chopper_ext.torch.layers.base import ChopLayer
from chopper_ext.torch.layers.points import around, point

__all__ = ["ChopTransformerEncoder", "ChopTransformerEncoderLayer"]


class ChopTransformerEncoderLayer(ChopLayer, nn.TransformerEncoderLayer):
    """`torch.nn.TransformerEncoderLayer` step by step: sums and the activation are rounded by ``elementwise``."""

    plain: ClassVar[type[nn.Module]] = nn.TransformerEncoderLayer

    def forward(
        self,
        src: torch.Tensor,
        src_mask: torch.Tensor | None = None,
        src_key_padding_mask: torch.Tensor | None = None,
        is_causal: bool = False,
    ) -> torch.Tensor:
        """Return the output."""
        if self.chop_plain and all(part.chop_plain for part in self.children() if isinstance(part, ChopLayer)):
            return nn.TransformerEncoderLayer.forward(self, src, src_mask, src_key_padding_mask, is_causal)
        masks = (src_mask, src_key_padding_mask)
        if self.norm_first:
            x = self._sum(src, self._sa_block(self.norm1(src), *masks, is_causal=is_causal))
            return self._sum(x, self._ff_block(self.norm2(x)))
        x = self.norm1(self._sum(src, self._sa_block(src, *masks, is_causal=is_causal)))
        return self.norm2(self._sum(x, self._ff_block(x)))  # type: ignore[no-any-return]

    def _sum(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return point(x + y, self.chop_spec.elementwise, None, self.chop_call())

    def _ff_block(self, x: torch.Tensor) -> torch.Tensor:
        call = self.chop_call()
        made = around(self.activation, self.linear1(x), self.chop_spec, call)
        return self.dropout2(self.linear2(self.dropout(made)))  # type: ignore[no-any-return]


class ChopTransformerEncoder(nn.TransformerEncoder):
    """`torch.nn.TransformerEncoder` around converted layers, which do not take nested tensors."""

    plain: ClassVar[type[nn.Module]] = nn.TransformerEncoder

    @property
    def use_nested_tensor(self) -> bool:  # type: ignore[override]
        """False where a recipe says something, else what it was."""
        silent = all(part.chop_plain for part in self.modules() if isinstance(part, ChopLayer))
        return silent and bool(self.__dict__["use_nested_tensor"])
