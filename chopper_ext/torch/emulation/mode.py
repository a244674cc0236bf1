"""A program of torch run as if the machine computed in another format: every operation rounds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from types import MappingProxyType
from typing import Any

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map

from chopper import Format, Overflow, Rounding
from chopper.errors import UnsupportedInputError
from chopper_ext.torch.compiling import constant
from chopper_ext.torch.emulation.composites import COMPOSITES, decomposition
from chopper_ext.torch.emulation.convolutions import CONVOLUTIONS
from chopper_ext.torch.emulation.elementwise import ELEMENTWISE
from chopper_ext.torch.emulation.foreach import one_by_one
from chopper_ext.torch.emulation.lookups import LOOKUPS
from chopper_ext.torch.emulation.moves import MOVES, PLACED, UNTOUCHED, adds_up
from chopper_ext.torch.emulation.names import Selection, base_name
from chopper_ext.torch.emulation.products import PRODUCTS
from chopper_ext.torch.emulation.reductions import REDUCTIONS
from chopper_ext.torch.emulation.report import Report
from chopper_ext.torch.emulation.rounder import Rounder, escapes, is_dense, is_rounded
from chopper_ext.torch.emulation.writes import deliver, leaves, out_names, written

__all__ = ["Emulation", "emulate"]

_ROUNDED = MappingProxyType({**ELEMENTWISE, **PRODUCTS, **REDUCTIONS, **CONVOLUTIONS, **LOOKUPS})
_SUMS = frozenset({*PRODUCTS, *CONVOLUTIONS, *LOOKUPS, "sum"})
_KERNEL_SWITCHES = (
    (torch._C._get_mkldnn_enabled, torch._C._set_mkldnn_enabled),
    (torch.backends.mha.get_fastpath_enabled, torch.backends.mha.set_fastpath_enabled),
)
"""Whether torch may compute recurrent and transformer layers in one kernel."""
_KERNELS = ("_foreach_", "_fused_adagrad", "_fused_adam", "_fused_sgd")


class Emulation(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Rounds what operations give; made by `emulate`, entered with ``with``."""

    def __init__(self, rounder: Rounder, selection: Selection, operands: bool) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.report = Report()
        """What has run so far, and how."""
        self._rounder, self._selection, self._operands = rounder, selection, operands
        self._stack: list[ExitStack] = []

    def __enter__(self) -> Emulation:
        if torch.compiler.is_compiling():
            _refuse()
        with ExitStack() as stack:
            # Composites of one kernel come apart before autograd sees them, so that their gradients do, too.
            stack.enter_context(sdpa_kernel(SDPBackend.MATH))
            for read, write in _KERNEL_SWITCHES:
                stack.callback(write, read())
                write(False)
            super().__enter__()  # type: ignore[no-untyped-call]
            self._stack.append(stack.pop_all())
        return self

    def __exit__(self, *exception: Any) -> None:
        super().__exit__(*exception)  # type: ignore[no-untyped-call]
        self._stack.pop().close()

    @contextmanager
    def _again(self) -> Iterator[None]:
        """Round, within an operation, what its steps give."""
        super().__enter__()  # type: ignore[no-untyped-call]
        try:
            yield
        finally:
            super().__exit__(None, None, None)  # type: ignore[no-untyped-call]

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run an operation, and round its results."""
        given = kwargs or {}
        name = base_name(func)
        if func.is_view or name in UNTOUCHED:
            return func(*args, **given)
        with torch.no_grad():
            if not self._selection.has(name):
                return self._plainly(func, name, args, given)
            if name.startswith(_KERNELS):
                return self._each(func, args, given)
            return self._rounded(func, name, args, given)

    # --- the ways ----------------------------------------------------------------------------------------------------

    def _rounded(self, func: Any, name: str, args: Any, kwargs: Any) -> Any:
        """Return what the most exact way gives that there is for an operation."""
        if name in MOVES or (name in PLACED and not adds_up(args, kwargs)):
            return self._afterwards(func, name, args, kwargs, "moved")
        if not all(is_dense(x) for x in leaves(args, kwargs) if isinstance(x, torch.Tensor)):
            return self._afterwards(func, name, args, kwargs, "torch")
        targets = written(func, args, kwargs)
        if len(targets) < 2 and all(map(is_rounded, targets)):
            inputs = {k: v for k, v in kwargs.items() if k not in out_names(func)}
            result = self._once(name, args, inputs)
            result = self._in_steps(name, args, inputs) if result is NotImplemented else result
            if result is not NotImplemented:
                return deliver(result, targets, self._rounder)
        if not any(is_rounded(x) and not _among(x, targets) for x in leaves(args, kwargs)):
            return self._afterwards(func, name, args, kwargs, "moved")
        with self._again():
            result = func.decompose(*args, **kwargs)
            apart = decomposition(func) if result is NotImplemented else None
            result = result if apart is None else apart(*args, **kwargs)
        return self._afterwards(func, name, args, kwargs, "torch") if result is NotImplemented else result

    def _once(self, name: str, args: Any, kwargs: Any) -> Any:
        handler = _ROUNDED.get(name)
        if handler is None:
            return NotImplemented
        if self._operands:
            args, kwargs = tree_map(self._operand, (args, kwargs))
        result = handler(self._rounder, *args, **kwargs)
        if result is not NotImplemented:
            self.report.add(name, "torch" if self._rounder.sums is None and name in _SUMS else "once")
        return result

    def _operand(self, x: Any) -> Any:
        """Return an operand rounded to the format."""
        if is_rounded(x):
            return self._rounder.round(x)
        return self._rounder.number(x) if isinstance(x, float) else x

    def _in_steps(self, name: str, args: Any, kwargs: Any) -> Any:
        steps = COMPOSITES.get(name)
        if steps is None:
            return NotImplemented
        with self._again():
            return steps(*args, **kwargs)

    def _afterwards(self, func: Any, name: str, args: Any, kwargs: Any, how: str) -> Any:
        """Run torch's own operation, and round what it returns and what it wrote."""
        out = func(*args, **kwargs)
        targets = [x for x in written(func, args, kwargs) if is_rounded(x)]
        for x in targets:
            x.copy_(self._rounder.round(x))
        fresh = {id(x) for x in leaves(out) if is_rounded(x) and not _among(x, targets)}
        if targets or fresh:
            self.report.add(name, how)
        elif any(map(escapes, leaves(out))):
            self.report.add(name, "plain")
        if isinstance(out, torch.Tensor):
            return self._rounder.round(out) if fresh else out
        return tree_map(lambda x: self._rounder.round(x) if id(x) in fresh else x, out)

    def _plainly(self, func: Any, name: str, args: Any, kwargs: Any) -> Any:
        out = func(*args, **kwargs)
        if any(is_rounded(x) or escapes(x) for x in leaves(out, written(func, args, kwargs))):
            self.report.add(name, "plain")
        return out

    def _each(self, func: Any, args: Any, kwargs: Any) -> Any:
        """Run an operation on lists of tensors as operations on tensors."""
        run = one_by_one(func, args, kwargs)
        if run is None:
            raise UnsupportedInputError(
                f"{func} computes in one kernel what cannot be rounded step by step; use foreach=False, fused=False"
            )
        with self._again():
            return run()


def _among(x: Any, tensors: Iterable[Any]) -> bool:
    return any(x is one for one in tensors)


@constant
def _refuse() -> None:
    raise UnsupportedInputError(
        "emulate() cannot round inside a compiled graph, whose operations are fused; enter it around plain calls, or "
        "put torch.compiler.disable around the function that enters it"
    )


def emulate(
    fmt: str | Format,
    rounding: str | Rounding = "nearest_even",
    *,
    key: Any = None,
    overflow: str | Overflow | None = None,
    random_bits: int = 32,
    accumulate: Any = "exact",
    ops: str | Iterable[str] | None = None,
    exclude: str | Iterable[str] = (),
    operands: bool = False,
) -> Emulation:
    """Round the result of every operation of torch to a format, of unchanged programs: ``with emulate("bf16"): ...``.

    Operations are those of aten, into which torch resolves what a program calls.  The backward pass is rounded if it
    runs inside, an optimizer's step too.  Results of in-place operations, of ``out=`` and of ``_foreach_`` are rounded
    where they lie.  Views, integers and booleans are left alone; so are complex, sparse and float8 tensors, which the
    report names.

    =============  ====================================================================================================
    rounded once   from the exact result, by `chopper.ops`: add, sub, mul, div, reciprocal, sqrt, rsqrt, pow, hypot,
                   fmod, exp, exp2, expm1, log, log2, log10, log1p, sin, cos, tan and their inverses, sinh, cosh, tanh,
                   erf, erfc, sigmoid, silu, gelu, softplus.  With ``alpha=``, add and sub are one fused multiply-add.
    products       mm, bmm, mv, dot, convolutions, gradients of these and of embeddings: as `accumulate` says, a bias is
                   added afterwards; sum: as the product with ones
    in two steps   addcmul: ``R(x + R(value a) b)``; addcdiv: ``R(x + value R(a / b))``; lerp:
                   ``R(a + weight R(b - a))``; addmm and the like: the product, then the sum with the addend
    in steps       mean, var, norms of order 2, softmax, layer, group, batch and RMS norm, attention, recurrent layers,
                   losses, activations, and all their gradients: each step an operation of this table; cumsum, cumprod,
                   prod: element by element
    moved          copies, indexing, max, min, abs, clamp, relu, sort; rounded too, which changes values of the format
                   nothing, and other numbers like any operation
    torch's own    everything else: torch's result in the dtype of the tensors, rounded again.  Twice in all, and its
                   last bits are torch's; `Emulation.report` names such operations as ``twice``.  Among them: atan2,
                   asinh, acosh, atanh, remainder, averages of pools, cdist, fft, linalg, scatter_add, index_add,
                   interpolation.
    =============  ====================================================================================================

    Operations on sparse tensors are torch's own, too.  Operands are taken as the exact numbers that they are, among
    them parameters that are no values of the format, and Python numbers as 0.1.  Numbers that torch puts into a tensor
    (``full``, ``clamp``, ``where``) pass through its dtype.

    Parameters
    ----------
    fmt : str or Format
        A format of single numbers.
    rounding, overflow, random_bits
        As for `chopper.chop`.
    key : int, pair of uint32, numpy.random.Generator, Keys or None
        For stochastic modes: base of the stream of keys, of which every operation that rounds draws the next; within
        it, the word of an element is that of its index in C order.
    accumulate : "exact", Accumulator, unit of hardware, str or None
        What adds up products and sums.  "exact": rounded once from the exact sum.  None and "fp32": torch's own
        product, whose order of summation is that of its kernels, rounded again.  An `Accumulator`, or a text as
        `chopper.recipes.Gemm` takes it: by its order and formats, and its result rounded to `fmt`; a unit of hardware
        leaves sums exact.
    ops : str or iterable of str, optional
        Round these alone; names of aten operations, without underscores and the prefix ``native_``, or patterns as
        ``"layer_norm*"``.
    exclude : str or iterable of str
        Leave these unrounded, whole: an excluded ``softmax`` is torch's own.  Gradients have names of their own:
        ``"softmax*"`` has both.
    operands : bool
        Round operands, too, before they go into an operation that computes, and Python numbers among them.

    Returns
    -------
    Emulation
        To be entered, as often as wanted, one after the other; its ``report`` counts what ran.

    Raises
    ------
    UnsupportedInputError
        If elements of the format share scales; if a pattern fits no operation; inside `torch.compile`; for an optimizer
        that computes in one kernel (``fused=True``).
    RangeError
        If a result does not fit the dtype of the tensors.

    Notes
    -----
    While it is entered, kernels that do a whole layer at once (oneDNN, fused attention, the fast path of transformer
    layers) are switched off for the process.  Compiled functions that are called inside run as they were written,
    operation by operation.  What computes outside of torch is not seen: calls of chopper itself, and layers converted
    by a recipe with accumulators of their own.

    Examples
    --------
    >>> import torch
    >>> x = torch.tensor([256.0, 0.1], requires_grad=True)
    >>> with emulate("bf16") as mode:
    ...     y = (x + 1) * 3
    ...     y.sum().backward()
    >>> y.tolist(), x.grad.tolist()
    ([768.0, 3.3125], [3.0, 3.0])
    >>> mode.report.unrounded
    ()
    """
    if torch.compiler.is_compiling():
        _refuse()
    rounder = Rounder(fmt, rounding, key=key, overflow=overflow, random_bits=random_bits, accumulate=accumulate)
    return Emulation(rounder, Selection(ops, exclude), operands)
