"""Whole recurrent networks by a recipe: loops over the steps of `chopper_ext.torch.layers.gates`.

Values and gradients are those of a loop over converted cells, one for each layer and direction.  Layers run one after
the other, a backward direction after the forward one, and each takes the steps in its own order: in this order they
draw their words.  Every step rounds its operands anew.

Between layers, while training, dropout is torch's own on the results of all steps at once; like a converted
`torch.nn.Dropout` it is rounded by ``elementwise``, its gradient by ``grad_elementwise``.  The projection of
``proj_size=`` is a third product of each step, a linear layer without bias.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar, NamedTuple

import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.rnn import PackedSequence
from torch.utils._pytree import tree_map

from chopper.errors import UnsupportedInputError
from chopper_ext.torch.layers.base import layer_of, widened
from chopper_ext.torch.layers.gates import Gates, GRUGates, LSTMGates, RNNGates, States, Weights
from chopper_ext.torch.layers.linear import linear
from chopper_ext.torch.layers.points import around

__all__ = ["ChopGRU", "ChopLSTM", "ChopRNN"]


class _Layout(NamedTuple):
    """How one tensor holds all steps: one behind the other, of these sizes, or along an axis."""

    sizes: list[int] | None
    axis: int = 0

    def split(self, x: torch.Tensor) -> Sequence[torch.Tensor]:
        """Return the steps."""
        return x.unbind(self.axis) if self.sizes is None else x.split(self.sizes)  # type: ignore[no-untyped-call]

    def join(self, steps: Sequence[torch.Tensor]) -> torch.Tensor:
        """Return the tensor of some steps."""
        return torch.stack(list(steps), self.axis) if self.sizes is None else torch.cat(list(steps))


class _Network(Gates):
    """What networks have in common."""

    plain: ClassVar[type[nn.Module]]

    def forward(self: Any, input: Any, hx: Any = None) -> Any:
        """Return the results of all steps and the last states, as torch's own does.

        Parameters
        ----------
        input : Tensor or PackedSequence
            (T, N, F), (N, T, F) with ``batch_first``, or (T, F).
        hx : Tensor, or two of an LSTM; optional
            The states before the first step, (layers times directions, N, features); None: zeros.

        Raises
        ------
        UnsupportedInputError
            If there is no step, or parameters are narrower than float32.
        """
        if self.chop_plain:
            return self.plain.forward(self, input, hx)
        if isinstance(input, PackedSequence):
            return self._of_packed(input, hx)
        x = widened(input, self.weight_ih_l0)
        layout = _Layout(None, 1 if self.batch_first else 0)
        if x.dim() != 2:
            return self._run(x, self._started(x, layout, hx), layout)
        batch = 1 - layout.axis
        hx = None if hx is None else tree_map(lambda s: s.unsqueeze(1), hx)
        x = x.unsqueeze(batch)
        made, hidden = self._run(x, self._started(x, layout, hx), layout)
        return made.squeeze(batch), tree_map(lambda s: s.squeeze(1), hidden)

    def _of_packed(self: Any, input: PackedSequence, hx: Any) -> tuple[PackedSequence, Any]:
        x = widened(input.data, self.weight_ih_l0)
        layout = _Layout(input.batch_sizes.tolist())
        if hx is not None:
            hx = self.permute_hidden(hx, input.sorted_indices)
        made, hidden = self._run(x, self._started(x, layout, hx, input.batch_sizes), layout)
        return PackedSequence(made, *input[1:]), self.permute_hidden(hidden, input.unsorted_indices)

    def _started(self: Any, x: torch.Tensor, layout: _Layout, hx: Any, sizes: torch.Tensor | None = None) -> Any:
        """Return the states before the first step, after torch's own checks."""
        if hx is None:
            rows = x.shape[1 - layout.axis] if layout.sizes is None else layout.sizes[0]
            count = self.num_layers * (2 if self.bidirectional else 1)
            h = x.new_zeros(count, rows, self.proj_size or self.hidden_size)
            hx = (h, x.new_zeros(count, rows, self.hidden_size)) if self.mode == "LSTM" else h
        else:
            hx = tree_map(lambda s: widened(s, self.weight_hh_l0), hx)
        self.check_forward_args(x, hx, sizes)
        return hx

    def _run(self: Any, x: torch.Tensor, hidden: Any, layout: _Layout) -> tuple[torch.Tensor, Any]:
        """Run all layers."""
        if layout.sizes is None and not x.shape[layout.axis]:
            raise UnsupportedInputError(f"an input of shape {tuple(x.shape)} has no step; pass at least one")
        pair = isinstance(hidden, tuple)
        starts = list(zip(*(s.unbind(0) for s in (hidden if pair else (hidden,))), strict=True))
        ends: list[States] = []
        sides = 2 if self.bidirectional else 1
        for layer in range(self.num_layers):
            if layer and self.training and self.dropout:
                drop = partial(functional.dropout, p=self.dropout)
                x = around(drop, x, self.chop_spec, self.chop_call())
            made = []
            for back in range(sides):
                results, end = self._direction(layout.split(x), starts[sides * layer + back], layer, back == 1)
                made.append(layout.join(results))
                ends.append(end)
            x = torch.cat(made, -1)
        states = tuple(torch.stack(parts) for parts in zip(*ends, strict=True))
        return x, states if pair else states[0]

    def _direction(
        self: Any, steps: Sequence[torch.Tensor], states: States, layer: int, back: bool
    ) -> tuple[list[torch.Tensor], States]:
        """Return the results of a layer in one direction, in the order of the steps, and its last states.

        Packed sequences lie by length, the longest first: a step has rows of the first ones, the others wait.
        """
        weights, projection = self._parameters_of(layer, "_reverse" if back else "")
        results = []
        for x in reversed(steps) if back else steps:
            rows = len(x)
            waiting = rows < len(states[0])
            made = self._step(x, tuple(s[:rows] for s in states) if waiting else states, weights)
            if projection is not None:
                made = (linear(made[0], projection, None, self.chop_spec, self.chop_call()), *made[1:])
            pairs = zip(made, states, strict=True)
            states = tuple(torch.cat((new, s[rows:])) for new, s in pairs) if waiting else made
            results.append(made[0])
        return results[::-1] if back else results, states

    def _parameters_of(self, layer: int, side: str) -> tuple[Weights, torch.Tensor | None]:
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")
        found = [getattr(self, f"{name}_l{layer}{side}", None) for name in names]
        return Weights(*found[:4]), found[4]  # type: ignore[arg-type]


ChopRNN = layer_of(nn.RNN, _Network, RNNGates, module=__name__)
"""`torch.nn.RNN` by a recipe."""

ChopLSTM = layer_of(nn.LSTM, _Network, LSTMGates, module=__name__)
"""`torch.nn.LSTM` by a recipe."""

ChopGRU = layer_of(nn.GRU, _Network, GRUGates, module=__name__)
"""`torch.nn.GRU` by a recipe."""
