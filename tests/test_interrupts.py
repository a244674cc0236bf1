"""An interrupt leaves the result whole or untouched, never torn."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable

import numpy as np
import pytest

import chopper
from chopper import ops
from chopper.engine import threads
from chopper.engine.threads import share
from chopper.errors import UnsupportedInputError

RNG = np.random.default_rng(0)
X = RNG.standard_normal(1_500_000).astype(np.float32)
ROWS = X.reshape(-1, 500)
TIMES = 12

CASES: dict[str, tuple[Callable[[np.ndarray], object], np.ndarray]] = {
    "two threads": (lambda out: chopper.chop(X, "e4m3", out=out, threads=2), X),
    "random": (lambda out: chopper.chop(X, "posit16", "stochastic", key=3, out=out, threads=2), X),
    "in place": (lambda out: chopper.chop(out, "bf16", "stochastic", key=5, out=out, threads=2), X),
    "shared scales": (lambda out: chopper.chop(ROWS, "mxfp4", out=out), ROWS),
    "an operation": (lambda out: ops.add(X[:300_000], X[:300_000], "bf16", out=out), X[:300_000]),
    "a function": (lambda out: ops.exp(X[:100_000], "bf16", out=out), X[:100_000]),
    "a product": (lambda out: chopper.matmul(X[:90_000].reshape(300, 300), X[:90_000].reshape(300, 300), out=out),
                  X[:90_000].reshape(300, 300)),
}  # fmt: skip


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="signals cannot be sent to a thread here")
@pytest.mark.parametrize("name", CASES)
def test_never_torn(name: str) -> None:
    """Interrupts at any moment of a call."""
    call, like = CASES[name]
    start = X.copy() if name == "in place" else np.full_like(like, 7)
    want = start.copy()
    call(want)
    again = start.copy()
    began = time.perf_counter()
    call(again)
    lasts = time.perf_counter() - began
    main = threading.get_ident()
    for delay in RNG.random(TIMES) * lasts:
        out = start.copy()
        timer = threading.Timer(delay, lambda: signal.pthread_kill(main, signal.SIGINT))
        try:
            timer.start()
            call(out)
            timer.join()
            time.sleep(0.01)
        except KeyboardInterrupt:
            timer.join()
        assert np.array_equal(out, want) or np.array_equal(out, start)


def test_every_part_once_and_errors_raised() -> None:
    """Work is cut into parts that cover it; the error of a part is raised after all have ended."""
    seen: list[tuple[int, int]] = []
    share(lambda start, stop: seen.append((start, stop)), 1 << 21, 3)
    assert sorted(seen)[0][0] == 0
    assert sorted(seen)[-1][1] == 1 << 21
    assert [stop for _, stop in sorted(seen)][:-1] == [start for start, _ in sorted(seen)][1:]

    def part(start: int, _: int) -> None:
        if start:
            raise ValueError(start)
        time.sleep(0.01)
        seen.append((start, 0))

    seen.clear()
    with pytest.raises(ValueError, match="1048576"):
        share(part, 1 << 21, 2)
    assert seen == [(0, 0)]


def test_where_no_thread_can_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """The work is done all the same, by the thread that asks for it; so it is at the end of the interpreter."""
    seen: list[int] = []
    start = threads._thread.start_new_thread
    for most in (0, 1):
        left = [most]

        def refuse(work: Callable[[], None], given: tuple[()], left: list[int] = left) -> int:
            left[0] -= 1
            if left[0] < 0:
                raise RuntimeError("can't start new thread")
            return start(work, given)

        monkeypatch.setattr(threads._thread, "start_new_thread", refuse)
        seen.clear()
        share(lambda first, last: seen.append(last - first), 1 << 22, 4)
        assert len(seen) == 4 and sum(seen) == 1 << 22


@pytest.mark.parametrize("count", [0, -1, True, 2.0, "2"])
def test_counts_of_threads(count: object) -> None:
    """Nothing runs under a count that is none: of -1 threads, none would do the work."""
    seen: list[int] = []
    for size in (1, 1 << 21):
        with pytest.raises(UnsupportedInputError, match="legal: a positive integer or None"):
            share(lambda first, last: seen.append(first), size, count)  # type: ignore[arg-type]
    assert seen == []
