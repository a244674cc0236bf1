"""From a request to a job: the kernels that run one after the other on the bits of a JAX array, and their numbers.

A job holds what a compilation depends on, and the numbers of the format are arguments of what is compiled: formats that
share a kernel share a compilation.  An array's own dtype is a format too, so float16 and bfloat16 are widened by a
decoding kernel and narrowed by an encoding one, and nothing is left to floating-point arithmetic.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from chopper.engine.backend import Plan, Request, portable_plan
from chopper.formats.base import Format
from chopper.formats.registry import get
from chopper_ext.jax.words import random_words

__all__ = ["Job", "Numbers", "Rest", "Step", "Task", "prepare"]


class Numbers(NamedTuple):
    """The parameters of one kernel, as arguments of a compiled function."""

    integers: Any
    tables: tuple[Any, ...]


class Rest(NamedTuple):
    """What a job is given besides the array; None where it needs none."""

    numbers: tuple[Numbers, ...] = ()
    key: Any = None  # two uint32
    base: Any = None  # index of the first element, as two uint32
    words: Any = None  # the random words themselves
    scale: Any = None  # the outermost scales of a format with shared ones, where the caller brings them


class Step(NamedTuple):
    """A kernel, and how its parameters are put together from `Numbers`."""

    kernel: Any
    tree: Any
    tables: tuple[bool, ...]

    def __call__(self, lanes: Any, word: Any, numbers: Numbers) -> Any:
        """Run the kernel on patterns, or codes, in lanes of its width."""
        integers, tables = (iter(part) for part in (range(len(self.tables)), numbers.tables))
        leaves = [next(tables) if table else numbers.integers[next(integers)] for table in self.tables]
        return self.kernel(jnp.where, lanes, word, self.tree.unflatten(leaves), _take)


class Job(NamedTuple):
    """What to do with an array, as far as a compilation depends on it."""

    steps: tuple[Step, ...]
    source: int  # bits of an element
    result: str  # dtype
    random: bool
    strides: tuple[int, ...] = ()  # of the array that this one is a chunk of, in elements

    def __call__(self, x: Any, rest: Rest) -> Any:
        """Run the kernels on an array."""
        words = rest.words
        if self.random and words is None:
            words = random_words(rest.key, rest.base, x.shape, self.strides)
        bits = _bits(x, self.source)
        for step, numbers in zip(self.steps, rest.numbers, strict=True):
            bits = step(_signed(bits, step.kernel.width), self._word(step.kernel, words), numbers)
        dtype = jnp.dtype(self.result)
        return lax.bitcast_convert_type(bits.astype(f"uint{8 * dtype.itemsize}"), dtype)

    @staticmethod
    def _word(kernel: Any, words: Any) -> Any:
        return _signed(words, kernel.width) if kernel.random else 0


class Task(NamedTuple):
    """A job and its numbers."""

    job: Job
    numbers: tuple[Numbers, ...]
    wide: bool  # whether it needs 64-bit lanes
    marked: bool  # whether some inputs have no result and raise an error


@lru_cache(maxsize=4096)
def prepare(task: str, request: Request, source: str, result: str) -> Task:
    """Return how to run a task ("round", "encode", "decode") from one dtype to another; raises as `portable_plan`."""
    plans = [portable_plan(task, request, get(result).bits)] if task == "decode" else _chain(task, request, source)
    main = plans[-1]
    if task == "round":
        plans += _move(_carrier(main), get(result))
    flat = [jax.tree_util.tree_flatten(plan.params) for plan in plans]
    steps = tuple(
        Step(plan.kernel, tree, tuple(isinstance(leaf, np.ndarray) for leaf in leaves))
        for plan, (leaves, tree) in zip(plans, flat, strict=True)
    )
    numbers = tuple(_numbers(leaves, plan.kernel.width) for plan, (leaves, _) in zip(plans, flat, strict=True))
    job = Job(steps, get(source).bits, result, main.kernel.random)
    return Task(job, numbers, any(plan.kernel.width == 64 for plan in plans), main.mark is not None)


def _chain(task: str, request: Request, source: str) -> list[Plan]:
    """Return the plans that lead from patterns of a dtype to results, the main one last."""
    at, plans = get(source), list[Plan]()
    width = 32 if at.family == "float" and at.bits <= 32 else 64
    main = portable_plan(task, request, width)
    if main.narrow and width == 64:  # the preset's model: float32 first
        plans = [*_move(at, get("fp64")), *_move(get("fp64"), get("fp32"))]
        at, main = get("fp32"), portable_plan(task, request, 32)
    return [*plans, *_move(at, _carrier(main)), main]


def _move(at: Format, to: Format) -> list[Plan]:
    """Return the plans that turn patterns of a dtype into those of a carrier, or the other way round."""
    if at == to:
        return []
    if to.bits > at.bits:
        return [portable_plan("decode", Request(at), to.bits)]
    return [portable_plan("encode", Request(to), at.bits)]


def _carrier(plan: Plan) -> Format:
    return get(f"fp{plan.kernel.width}")


def _numbers(leaves: list[Any], width: int) -> Numbers:
    """Pack parameters; tables are made as long as a power of two, so that tables of many formats have one shape."""
    integers = [leaf & ((1 << width) - 1) for leaf in leaves if not isinstance(leaf, np.ndarray)]
    tables = [leaf for leaf in leaves if isinstance(leaf, np.ndarray)]
    padded = tuple(np.pad(table, (0, (1 << (table.size - 1).bit_length()) - table.size)) for table in tables)
    return Numbers(np.array(integers, f"u{width // 8}").view(f"i{width // 8}"), padded)


def _bits(x: Any, bits: int) -> Any:
    """Return the patterns of an array as unsigned integers."""
    whole = x.astype(jnp.uint8) if x.dtype == jnp.bool_ else x
    return lax.bitcast_convert_type(whole, f"uint{bits}")


def _signed(bits: Any, width: int) -> Any:
    return bits.astype(f"int{width}")


def _take(table: Any, index: Any) -> Any:
    spread = jax.typeof(index).sharding  # the looked-up values lie where the indices lie
    return table.at[index].get(mode="promise_in_bounds", wrap_negative_indices=False, out_sharding=spread)
