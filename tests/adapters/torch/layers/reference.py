"""Layers as their definition says: `chopper.chop`, `chopper.hadamard`, `chopper.matmul`, torch's own product."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional

import chopper
from chopper.random import Keys
from chopper.recipes import ROLES, Recipe, accumulator_of
from chopper.rotation import TRANSFORMER_ENGINE_SIGNS

__all__ = ["RECIPES", "Linear", "Rounded", "linear", "multiplied", "rounded"]

RECIPES = {
    "formats": Recipe(weight="e4m3", input="e4m3", grad_output="e5m2"),
    "everything": Recipe(
        weight="e4m3", input="e3m4", grad_output="e5m2", output="bf16", grad_input="posit16", grad_weight="fp16",
        bias="e5m2",
    ),
    "clipped": Recipe(weight="e2m1:ste=clipped", input="e3m0:ste=clipped", grad_output="e5m2"),
    "none": Recipe(weight="e4m3:ste=none", input="e4m3", grad_output="e5m2"),
    "stochastic": Recipe(
        weight="e4m3:stochastic", input="e4m3:stochastic,random_bits=9", grad_output="e5m2:stochastic",
        output="bf16:stochastic", bias="e4m3:stochastic",
    ),
    "accumulator": Recipe(weight="e4m3", input="e4m3", grad_output="e5m2", accumulate="bf16"),
    "random sums": Recipe(weight="bf16", input="bf16", accumulate="sum=e5m10,rounding=stochastic,product=exact"),
    "quire": Recipe(weight="posit8", input="posit8", accumulate="sum=exact,result=posit16"),
    "mxfp8": Recipe.of("mxfp8"),
    "mxfp4": Recipe.of("mxfp4_sr_rht"),
    "nvfp4": Recipe.of("nvfp4"),
    "tensorwise": Recipe.of("fp8_tensorwise"),
    "rowwise": Recipe.of("fp8_rowwise"),
    "switchback": Recipe.of("switchback"),
    "tiles": Recipe(weight="jetfire_int8", input="scaled<e4m3,fp32,8x16>", grad_output="scaled<e5m2,fp32,4x2>"),
    "quartet": Recipe.of("quartet"),
    "lns": Recipe.of("lns8"),
    "dfp16": Recipe.of("dfp16"),
    "backward alone": Recipe(grad_output="e5m2"),
}  # fmt: skip


def rounded(x, quant, axis, key=0, role="forward.lhs", other=None):
    """Return an operand rounded along a contraction axis."""
    if quant is None:
        return x
    a = x.detach().numpy()
    if quant.gain != 1:
        a = a * np.float32(float(quant.gain))
    if quant.hadamard:
        drawn = Keys(key).at(ROLES.index(role.split(".")[0] + ".signs"))
        signs = {"none": {}, "random": {"key": drawn}, "transformer_engine": {"signs": TRANSFORMER_ENGINE_SIGNS}}
        a = chopper.hadamard(a, block=quant.hadamard, axis=axis, **signs[quant.signs])
    fmt = chopper.get(quant.fmt)
    options = {}
    if fmt.blocked:
        first = {-1: -2, -2: -1}.get(axis) if other is None else other
        options["axis"] = (first, axis) if len(fmt.block) == 2 and a.ndim > 1 else axis
    if "stochastic" in quant.rounding:
        options |= {"key": Keys(key).at(ROLES.index(role)), "random_bits": quant.random_bits}
    return torch.from_numpy(np.asarray(chopper.chop(a, fmt, quant.rounding, overflow=quant.overflow, **options)))


def multiplied(a, b, gemm, key, name, c=None):
    """Return a product of rounded operands: torch's own, or that of an accumulator."""
    if gemm.accumulate is None:
        return functional.linear(a, b.mT, c) if c is not None else a @ b
    drawn = Keys(key).at(ROLES.index(f"{name}.accumulate"))
    arrays = [None if t is None else t.numpy() for t in (a, b, c)]
    made = chopper.matmul(*arrays, accumulate=accumulator_of(gemm.accumulate), key=drawn)
    return torch.from_numpy(np.asarray(made)).to(a.dtype)


def finished(y, gemm, key, name, axis=-1):
    """Return a product without the gains of its operands, rounded as a result."""
    if gemm.gain != 1:
        y = y * float(np.float32(float(gemm.gain)))
    return rounded(y, gemm.out, axis, key, f"{name}.out", None if axis == -1 else 0)


def passing(g, x, quant):
    """Return what of a gradient passes the rounding of an operand."""
    if quant is None or quant.ste == "identity":
        return g
    if quant.ste == "none":
        return torch.zeros_like(g)
    fmt = chopper.get(quant.fmt)
    return torch.where((x >= float(fmt.min)) & (x <= float(fmt.max)), g, torch.zeros_like(g))


def linear(x, weight, bias, g, recipe, key=0):
    """Return output, gradients of input, weight and bias; of matrices, maybe stacks of them."""
    f, d, w = recipe.forward, recipe.dgrad, recipe.wgrad
    added = None if bias is None else rounded(bias, recipe.bias, -1, key, "bias")
    xq, wq = rounded(x, f.lhs, -1, key, "forward.lhs"), rounded(weight, f.rhs, -1, key, "forward.rhs")
    late = added is not None and f.gain != 1
    y = multiplied(xq, wq.mT, f, key, "forward", None if late else added)
    if f.gain != 1:
        y = y * float(np.float32(float(f.gain)))
    y = rounded(y + added if late else y, f.out, -1, key, "forward.out")
    gq, wq = rounded(g, d.lhs, -1, key, "dgrad.lhs"), rounded(weight, d.rhs, -2, key, "dgrad.rhs")
    of_x = passing(finished(multiplied(gq, wq, d, key, "dgrad"), d, key, "dgrad"), x, f.lhs)
    gq, xq = rounded(g, w.lhs, -2, key, "wgrad.lhs"), rounded(x, w.rhs, -2, key, "wgrad.rhs")
    of_w = passing(finished(multiplied(gq.mT, xq, w, key, "wgrad"), w, key, "wgrad"), weight, f.rhs)
    return y, of_x, of_w, None if bias is None else g.sum(0)


class Linear(torch.autograd.Function):
    """The same as a step of a longer computation; leading axes of the input count as one unless the weight has them."""

    @staticmethod
    def forward(ctx, x, weight, bias, recipe):
        ctx.save_for_backward(x, weight, bias)
        ctx.recipe = recipe
        return Linear.run(x, weight, bias, None, recipe)[0]

    @staticmethod
    def backward(ctx, g):
        return *Linear.run(*ctx.saved_tensors, g, ctx.recipe)[1:], None

    @staticmethod
    def run(x, weight, bias, g, recipe):
        rows = x.reshape(-1, x.shape[-1]) if weight.dim() == 2 else x
        shape = (*rows.shape[:-1], weight.shape[-2])
        bias = None if bias is None else bias.detach()
        g = torch.zeros(shape) if g is None else g.reshape(shape)
        y, of_x, of_w, of_b = linear(rows.detach(), weight.detach(), bias, g, recipe)
        return y.reshape(*x.shape[:-1], weight.shape[-2]), of_x.reshape(x.shape), of_w, of_b


class Rounded(torch.autograd.Function):
    """A point where values are rounded, and gradients."""

    @staticmethod
    def forward(ctx, x, forward, backward):
        ctx.way = backward
        return x.clone() if forward is None else rounded(x, forward, -1)

    @staticmethod
    def backward(ctx, g):
        return g if ctx.way is None else rounded(g, ctx.way, -1), None, None
