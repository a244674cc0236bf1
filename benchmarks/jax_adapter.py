"""JAX arrays: compiled rounding as a multiple of a compiled ``x + 1`` on the same array, and beside Pychop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any

import chopper
from benchmarks.data import normal
from benchmarks.figure import Figure, Wanted
from benchmarks.timing import Effort, interleaved

__all__ = ["LINES", "measure"]

LINES = {
    "nearest_even": ("e4m3", "nearest_even", 2.0),
    "nearest_even, bf16": ("bf16", "nearest_even", 2.0),
    "stochastic": ("e4m3", "stochastic", 4.0),
    "toward_zero": ("e4m3", "toward_zero", None),
    "nearest_even, posit8": ("posit8", "nearest_even", None),
    "nearest_even, nf4": ("nf4", "nearest_even", None),
}
"""What is timed, format, mode and the most it may take, in times of ``x + 1``."""

PYCHOP = "Pychop, backend jax, nearest_even"


def measure(effort: Effort, wanted: Wanted) -> Iterator[Figure]:
    """Measure inside jit, with what a call costs that is not compiled into anything beside it."""
    names = {line: f"jax/{line}" for line in (*LINES, "at once", "encode", PYCHOP)}
    names = {line: name for line, name in names.items() if wanted(name)}
    if not names or not find_spec("jax"):
        return
    import jax

    megabytes = 4 if effort.quick else 40
    x = jax.numpy.asarray(normal("float32", megabytes))
    cases = {line: case for line, case in _cases(x).items() if line in names or line == "x + 1"}
    times = interleaved(cases, effort)
    table = f"JAX, float32, {megabytes} MB, inside jit"
    for line in cases:
        if line != "x + 1":
            most = None if effort.quick or line not in LINES else LINES[line][2]
            ours = line != PYCHOP
            value = times[line] / times["x + 1"]
            yield Figure(
                names[line], table, line, "its time / that of x + 1", value, floor=most, smaller=True, ours=ours
            )


def _cases(x: Any) -> dict[str, Callable[[], object]]:
    import jax

    def compiled(function: Callable[..., Any]) -> Callable[[], object]:
        run = jax.jit(function)
        return lambda: run(x).block_until_ready()

    def rounding(fmt: str, mode: str) -> Callable[[Any], Any]:
        return lambda x: chopper.chop(x, fmt, mode, key=1)

    cases = {"x + 1": compiled(lambda x: x + 1)}
    cases |= {line: compiled(rounding(fmt, mode)) for line, (fmt, mode, _) in LINES.items()}
    cases["encode"] = compiled(lambda x: chopper.encode(x, "e4m3"))
    cases["at once"] = lambda: chopper.chop(x, "e4m3").block_until_ready()
    if find_spec("pychop"):
        import pychop

        pychop.backend("jax")
        theirs = pychop.Chop(4, 3, rmode=1)
        cases[PYCHOP] = lambda: jax.block_until_ready(theirs(x))
    return cases
