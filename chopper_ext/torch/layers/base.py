"""What every converted layer has: its recipe, its name, and its stream of keys."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch
from torch import nn

from chopper.errors import RandomKeyError, UnsupportedInputError
from chopper.random import Keys, as_key
from chopper.recipes import Recipe
from chopper_ext.torch.layers.operands import Call, noted, signed
from chopper_ext.torch.layers.spec import Spec, spec_of

__all__ = ["ChopLayer", "Stream", "call_of", "layer_of", "widened"]


class Stream:
    """The keys of a layer: the n-th call has ``chopper.random.Keys(key).at(n)``.

    The position is a tensor, so that a graph can count it.  A copy of the layer goes on where the original stood.
    """

    def __init__(self, key: Any = None, position: int = 0) -> None:
        found = as_key(key)
        self.key = found.high << 32 | found.low
        self.signed = signed(self.key)
        self.count = np.array(position, np.int64)  # the memory of the tensor, which transforms of torch.func would hide
        self.position = torch.from_numpy(self.count)
        self.replaying = False

    def __reduce__(self) -> tuple[Any, ...]:
        return Stream, (self.key, int(self.count))

    def __repr__(self) -> str:
        return f"Stream({self.key}, position={int(self.count)})"


def call_of(stream: Stream | None, name: str = "") -> Call:
    """Return the next call of a stream.

    Raises
    ------
    RandomKeyError
        If a layer is run again in a backward pass, as checkpointing does, without a word on which keys to use.
    """
    if stream is None:
        return Call(name=name)
    if torch.compiler.is_compiling():
        position = noted(stream.position)
        stream.position.add_(1)
        return Call(stream.signed, position, name)
    if torch._C._current_graph_task_id() != -1 and not stream.replaying:
        raise RandomKeyError(
            "a layer that draws random words is run again in the backward pass; tell the checkpoint which words to "
            "use: torch.utils.checkpoint.checkpoint(..., use_reentrant=False, context_fn=lambda: replayed(model))"
        )
    key = Keys(stream.key).at(int(stream.count))
    stream.count += 1
    return Call(key, None, name)


_PLAIN = spec_of(Recipe())


class ChopLayer:
    """A mixin of converted layers; the class in `plain` is what they were before."""

    plain: ClassVar[type[nn.Module]]
    chop_recipe: Recipe
    chop_spec: Spec
    chop_name: str
    chop_stream: Stream | None

    @property
    def chop_plain(self) -> bool:
        """Whether the recipe says nothing, so that the layer computes as torch does."""
        return self.chop_spec == _PLAIN

    def chop_call(self) -> Call:
        """Return the next call."""
        return call_of(self.chop_stream, self.chop_name)

    def __repr__(self) -> str:
        lines = str(self.chop_recipe).replace("\n", "; ")
        return f"{super().__repr__()}[{lines}]"


def layer_of(plain: type[nn.Module], *ways: type[ChopLayer], module: str) -> Any:
    """Return the class of the layers that stand for those of a class and compute in some ways; `module` holds it."""
    fields = {"plain": plain, "__module__": module, "__doc__": f"`torch.nn.{plain.__name__}` by a recipe."}
    return type(f"Chop{plain.__name__}", (*ways, plain), fields)


def widened(x: torch.Tensor, *parameters: torch.Tensor | None) -> torch.Tensor:
    """Return the input in the dtype of the parameters, which must be float32 or float64.

    Raises
    ------
    UnsupportedInputError
        If they are narrower: their values are not those of the recipe; or if the input is wider: it would be rounded
        before the recipe rounds it.
    """
    dtypes = {p.dtype for p in parameters if p is not None}
    if not dtypes <= {torch.float32, torch.float64} or len(dtypes) > 1:
        raise UnsupportedInputError(
            f"parameters of dtype {', '.join(map(str, dtypes))} cannot be used with a recipe; keep them in float32 "
            "with model.float(), and say in the recipe how they are rounded"
        )
    wanted = dtypes.pop() if dtypes else (x.dtype if x.dtype == torch.float64 else torch.float32)
    if x.dtype == torch.float64 and wanted == torch.float32:
        raise UnsupportedInputError(
            "an input of float64 does not fit parameters of float32; pass x.float(), or use model.double()"
        )
    return x.to(wanted) if x.dtype != wanted else x
