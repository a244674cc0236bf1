"""A linear layer by a recipe, forward and backward, beside torch's plain one and beside other tools' ways."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, suppress
from copy import deepcopy
from functools import partial
from importlib import import_module
from io import StringIO
from typing import Any

from benchmarks.figure import Figure, Wanted
from benchmarks.timing import Effort, interleaved

__all__ = ["measure", "missing"]

SIZE = 512
FLOOR = 2.5
"""What a layer of formats of single numbers, or of MX, may cost, in times of torch's plain layer."""

Case = Callable[[], object]

PROMISED = ("e4m3, e5m2", "e4m3, e5m2 stochastic", "bf16", "fp8_tensorwise", "mxfp8", "mxfp4")
OTHERS = ("fp8_rowwise", "switchback", "posit8", "nvfp4", "mxfp4_sr_rht", "e4m3, sums in bf16")
QPYTORCH = "QPyTorch's steps, on tensors"
MICROXCALING = "microxcaling's steps for MXFP8, on tensors"
TORCHAO = "torchao Float8Linear, emulated, tensorwise"
PYCHOP = "Pychop QuantizedLinear, Chop(4, 3)"
PEERS = (QPYTORCH, MICROXCALING, TORCHAO, PYCHOP)
PACKAGES = {TORCHAO: "torchao", PYCHOP: "pychop"}


def missing(wanted: Wanted) -> list[str]:
    """List the packages of wanted peers that are not installed."""
    return [package for line, package in PACKAGES.items() if wanted(f"layers/{line}") and _installed(package) is None]


def measure(effort: Effort, wanted: Wanted) -> Iterator[Figure]:
    """Measure; nothing where torch is not installed."""
    lines = [line for line in (*PROMISED, *OTHERS, *PEERS) if wanted(f"layers/{line}")]
    torch = _installed("torch") if lines else None
    if torch is None:
        return
    size = SIZE // 4 if effort.quick else SIZE
    torch.manual_seed(0)
    plain = torch.nn.Linear(size, size)
    x, g = torch.randn(size, size, requires_grad=True), torch.randn(size, size)
    models = {line: model for line in lines if (model := _model(torch, plain, line, effort)) is not None}
    times = interleaved({"plain": partial(_step, plain, x, g), **_cases(models, x, g)}, effort)
    table = f"A linear layer {size} x {size}, batch {size}, forward and backward, float32 sums: times torch's plain one"
    for line in models:
        floor = FLOOR if line in PROMISED and not effort.quick else None
        ours = line not in PEERS
        yield Figure(
            f"layers/{line}",
            table,
            line,
            "times plain",
            times[line] / times["plain"],
            floor=floor,
            smaller=True,
            ours=ours,
        )


def _cases(models: dict[str, Any], x: Any, g: Any) -> dict[str, Case]:
    return {line: partial(_step, model, x, g) for line, model in models.items()}


def _step(model: Any, x: Any, g: Any) -> None:
    model(x).backward(g)


def _model(torch: Any, plain: Any, line: str, effort: Effort) -> Any:
    """Return a layer, None where a peer is not installed, or too slow for a quick look."""
    if line == QPYTORCH:
        return _three_products(torch, plain, _by_adding_half)
    if line == MICROXCALING:
        return _three_products(torch, plain, _by_shared_exponents)
    if line == TORCHAO:
        return _torchao(torch, plain)
    if line == PYCHOP:
        return None if effort.quick else _pychop(plain)
    recipes, adapter = import_module("chopper.recipes"), import_module("chopper_ext.torch")
    return adapter.convert(deepcopy(plain), _recipe(recipes, line), key=1)


def _recipe(recipes: Any, line: str) -> Any:
    if line == "e4m3, sums in bf16":
        return recipes.Recipe(weight="e4m3", input="e4m3", grad_output="e5m2", accumulate="bf16")
    if line in recipes.presets() and line != "posit8":
        return line
    grad = "e5m2:stochastic" if "stochastic" in line else "posit8" if line == "posit8" else "e5m2"
    fmt = "posit8" if line == "posit8" else "e4m3"
    return recipes.Recipe(weight=fmt, input=fmt, grad_output=grad)


def _installed(package: str) -> Any:
    with suppress(ImportError), redirect_stderr(StringIO()):
        return import_module(package)
    return None


def _torchao(torch: Any, plain: Any) -> Any:
    if _installed("torchao") is None:
        return None
    float8 = import_module("torchao.float8")
    model = torch.nn.Sequential(deepcopy(plain))
    return float8.convert_to_float8_training(model, config=float8.Float8LinearConfig(emulate=True))


def _pychop(plain: Any) -> Any:
    """Return Pychop's layer, which rounds weight, bias and result; neither the input nor a gradient."""
    pychop = _installed("pychop")
    if pychop is None:
        return None
    pychop.backend("torch")
    layer = import_module("pychop.tch.layers").QuantizedLinear(SIZE, SIZE, chop=pychop.Chop(4, 3, rmode=1))
    layer.load_state_dict(plain.state_dict())
    return layer


def _three_products(torch: Any, plain: Any, rounded: Callable[..., Any]) -> Any:
    """Return a layer that rounds the operands of its three products along their contraction axes."""

    class Products(torch.autograd.Function):  # type: ignore[misc]
        @staticmethod
        def forward(ctx: Any, x: Any, weight: Any, bias: Any) -> Any:
            ctx.save_for_backward(x, weight)
            return torch.nn.functional.linear(rounded(torch, x, 1), rounded(torch, weight, 1), bias)

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            x, weight = ctx.saved_tensors
            of_x = rounded(torch, g, 1) @ rounded(torch, weight, 0)
            return of_x, rounded(torch, g, 0).mT @ rounded(torch, x, 0), g.sum(0)

    layer = deepcopy(plain)
    return lambda x: Products.apply(x, layer.weight, layer.bias)


def _by_adding_half(torch: Any, x: Any, axis: int) -> Any:
    """Round to e4m3 as QPyTorch's ``float_quantize`` does, written with torch's operators.

    Half of what is dropped is added to the pattern, which is then cut; exponents out of range are clipped.  Ties go
    away from zero and there are no subnormal numbers.  QPyTorch itself runs the same steps in C++.
    """
    bits = x.view(torch.int32)
    sign = bits & -(2**31)
    cut = (bits ^ sign) + (1 << 19) & -(1 << 20)
    exponent = cut >> 23
    low = (cut > 119 << 23).to(torch.int32) * (120 << 23)
    cut = torch.where(exponent < 120, low, torch.where(exponent > 134, (134 << 23) + (7 << 20), cut))
    return (cut | sign).view(torch.float32)


def _by_shared_exponents(torch: Any, x: Any, axis: int) -> Any:
    """Round to MXFP8 as microxcaling's ``_quantize_mx`` does without its extension, written with torch's operators.

    Shared exponents come from floor(log2(amax)), private ones from floor(log2(abs)), neither of which is exact at the
    ends of binades; then scale, round, clamp and scale back.
    """
    blocks = x.unflatten(axis, (-1, 32))
    along = axis + 1
    largest = blocks.abs().amax(along, keepdim=True)
    shared = torch.floor(torch.log2(largest + 2.0**-126 * (largest == 0))) - 8
    scaled = blocks / 2.0**shared
    private = torch.floor(torch.log2(scaled.abs() + (scaled == 0))).clip(min=-6)
    unit = 2.0 ** (private - 3)
    found = scaled / unit
    found = torch.sign(found) * torch.floor(found.abs() + 0.5) * unit
    return (found.clamp(-448, 448) * 2.0**shared).flatten(axis, axis + 1)
