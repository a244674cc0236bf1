"""What a recipe does to a model: which layers it reaches, what is lost in each operand, what it does not reach."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from chopper_ext.torch.layers.base import ChopLayer
from chopper_ext.torch.layers.measures import Measure, Watch
from chopper_ext.torch.layers.operands import WATCH
from chopper_ext.torch.layers.swapping import converted, covered, inside, is_silent

__all__ = ["Report", "report"]

_MOVES = frozenset(
    {
        "empty", "empty_like", "empty_strided", "zeros", "zeros_like", "ones", "ones_like", "full", "full_like",
        "new_empty", "new_zeros", "arange", "clone", "copy_", "_to_copy", "detach", "alias", "lift_fresh", "zero_",
        "fill_", "scalar_tensor", "where", "cat", "stack", "index", "constant_pad_nd", "masked_fill", "tril", "triu",
        "relu", "relu_", "threshold_backward", "embedding", "max_pool2d_with_indices", "_reshape_alias",
        "_unsafe_view", "nll_loss_forward", "neg", "sign",
    }
)  # fmt: skip
"""Operations whose results are numbers that were there before."""


@dataclass(frozen=True)
class Report:
    """What `report` found; its text is a table."""

    layers: tuple[tuple[str, str, str], ...]
    """Of each converted layer: name, class, recipe in one line."""
    measures: tuple[Measure, ...]
    """Of each operand that was rounded while the model ran."""
    uncovered: tuple[tuple[str, str], ...]
    """Layers with parameters that compute as torch does: name and class."""
    unrounded: tuple[tuple[str, str], ...]
    """Layers without parameters that are none of chopper's: name and class."""
    operations: tuple[tuple[str, int], ...]
    """Operations of torch that ran forward outside of converted layers, and how often: what nothing rounds."""

    def measure(self, layer: str, role: str) -> Measure:
        """Return the measure of an operand.

        Raises
        ------
        KeyError
            If it was not rounded.
        """
        for one in self.measures:
            if (one.layer, one.role) == (layer, role):
                return one
        raise KeyError(f"{role!r} of {layer!r} was not rounded while the model ran")

    def __str__(self) -> str:
        lines = [f"{len(self.layers)} layers by a recipe"]
        if self.measures:
            head = ("layer", "operand", "format", "elements", "overflow", "saturated", "underflow", "SQNR dB", "grid")
            rows = [head, *map(_row, self.measures)]
            widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
            lines += ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
        for what, pairs in (
            ("not covered, with parameters", self.uncovered),
            ("not rounded, without parameters", self.unrounded),
            ("operations outside of layers", self.operations),
        ):
            if pairs:
                lines.append(f"{what}: " + ", ".join(f"{name or 'the model'} ({more})" for name, more in pairs))
        return "\n".join(lines)


def _row(m: Measure) -> tuple[str, ...]:
    shares = (f"{100 * count / max(m.elements, 1):.3g}%" for count in (m.overflows, m.saturated, m.underflows))
    grid = "yes" if m.off_grid == 0 else f"{m.off_grid} OFF"
    return (m.layer, m.role, m.quant, str(m.elements), *shares, f"{m.sqnr:.1f}", grid)


def report(model: nn.Module, run: Callable[[], Any] | None = None) -> Report:
    """Return which layers of a model follow a recipe and what its roundings lose.

    Parameters
    ----------
    model : Module
        See `convert`.
    run : function, optional
        Runs the model, also backward: ``lambda: loss(model(x)).backward()``.  It is called once, not compiled; every
        rounding is measured.  Without it the report tells of layers alone.

    Returns
    -------
    Report
        Shares of overflow, saturation and underflow, the ratio of signal and noise and a check that every result lies
        on the grid of its format, for each operand; layers and operations that the recipe does not reach.

    Examples
    --------
    >>> from chopper_ext.torch import convert
    >>> model = convert(torch.nn.Linear(4, 1, bias=False), "fp8_tensorwise")
    >>> with torch.no_grad():
    ...     _ = model.weight.copy_(torch.tensor([[1.0, 2.0, 3.0, 1e-9]]))
    >>> found = report(model, lambda: model(torch.ones(2, 4)))
    >>> m = found.measure("", "forward.rhs")
    >>> m.elements, m.underflows, m.overflows, m.off_grid
    (4, 1, 0, 0)
    """
    watch, seen = Watch(), _Seen()
    if run is not None:
        token = WATCH.set(watch)
        try:
            with _watched(model, seen), seen:
                run()
        finally:
            WATCH.reset(token)
    layers = converted(model)
    within = inside(model)
    rest = [(name, m) for name, m in model.named_modules() if not isinstance(m, ChopLayer) and name not in within]
    return Report(
        tuple((name, type(m).__name__, str(m.chop_recipe).replace("\n", "; ")) for name, m in layers),
        tuple(watch.found.values()),
        tuple((name, type(module).__name__) for name, module in rest if not is_silent(module)),
        tuple((name, type(m).__name__) for name, m in rest if is_silent(m) and covered(m)),
        tuple(sorted(seen.counts.items())),
    )


class _Seen(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts operations outside of layers, forward."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.depth = 0
        self.counts: Counter[str] = Counter()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        namespace, _, rest = str(func).partition(".")
        name = rest.partition(".")[0]
        made = func(*args, **(kwargs or {}))
        outside = self.depth == 0 and torch._C._current_graph_task_id() == -1
        if outside and namespace == "aten" and not func.is_view and name not in _MOVES and _has_floats(made):
            self.counts[name] += 1
        return made


def _has_floats(made: Any) -> bool:
    return any(isinstance(x, torch.Tensor) and x.is_floating_point() for x in tree_leaves(made))


@contextmanager
def _watched(model: nn.Module, seen: _Seen) -> Iterator[None]:
    """Tell `seen` whenever a layer is entered and left."""

    def enter(*_: Any) -> None:
        seen.depth += 1

    def leave(*_: Any) -> None:
        seen.depth -= 1

    hooks = []
    for _, module in converted(model):
        hooks.append(module.register_forward_pre_hook(enter))
        hooks.append(module.register_forward_hook(leave, always_call=True))
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
