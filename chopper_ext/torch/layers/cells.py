"""Cells of recurrent networks by a recipe: one step of `chopper_ext.torch.layers.gates` each."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import nn

from chopper_ext.torch.layers.base import layer_of, widened
from chopper_ext.torch.layers.gates import Gates, GRUGates, LSTMGates, RNNGates, States, Weights

__all__ = ["ChopGRUCell", "ChopLSTMCell", "ChopRNNCell"]


class _Cell(Gates):
    """What cells have in common."""

    def _advanced(self: Any, input: torch.Tensor, states: States | None, count: int) -> States:
        """Return the states after an input; without states before it they are zeros."""
        x = widened(input, self.weight_ih)
        if states is None:
            states = (x.new_zeros((*x.shape[:-1], self.hidden_size)),) * count
        weights = Weights(self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)
        return self._step(x, tuple(widened(s, self.weight_hh) for s in states), weights)  # type: ignore[no-any-return]


class _OneState(_Cell):
    """A cell of one state."""

    plain: ClassVar[type[nn.Module]]

    def forward(self, input: torch.Tensor, hx: torch.Tensor | None = None) -> torch.Tensor:
        """Return the new state."""
        if self.chop_plain:
            return self.plain.forward(self, input, hx)  # type: ignore[no-any-return]
        return self._advanced(input, None if hx is None else (hx,), 1)[0]


class _TwoStates(_Cell):
    """A cell of two states."""

    plain: ClassVar[type[nn.Module]]

    def forward(
        self, input: torch.Tensor, hx: tuple[torch.Tensor, torch.Tensor] | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the new states."""
        if self.chop_plain:
            return self.plain.forward(self, input, hx)  # type: ignore[no-any-return]
        h, c = self._advanced(input, hx, 2)
        return h, c


ChopRNNCell = layer_of(nn.RNNCell, _OneState, RNNGates, module=__name__)
"""`torch.nn.RNNCell` by a recipe."""

ChopLSTMCell = layer_of(nn.LSTMCell, _TwoStates, LSTMGates, module=__name__)
"""`torch.nn.LSTMCell` by a recipe."""

ChopGRUCell = layer_of(nn.GRUCell, _OneState, GRUGates, module=__name__)
"""`torch.nn.GRUCell` by a recipe."""
