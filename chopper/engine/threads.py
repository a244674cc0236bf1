"""Work split between threads, all of which is done or none: an interrupt waits for its end.

Python delivers the interrupt of a keyboard (Ctrl-C) to the main thread, between two of its instructions.  So work of
several steps runs in other threads, and the main thread does nothing but wait for them.
"""

from __future__ import annotations

import _thread
import os
import threading
from collections.abc import Callable

from chopper.errors import UnsupportedInputError

__all__ = ["as_threads", "share"]

_THREADED = 1 << 20
"""Arrays below this size are not worth a second thread."""


def as_threads(threads: object) -> int | None:
    """Return how many threads a caller allows, None if all processors.

    Raises
    ------
    UnsupportedInputError
        If it is no positive integer.
    """
    if threads is None or (isinstance(threads, int) and not isinstance(threads, bool) and threads >= 1):
        return threads
    raise UnsupportedInputError(f"threads={threads!r} is not legal; legal: a positive integer or None")


def share(
    part: Callable[[int, int], None], size: int, threads: int | None, weight: int = 1, steps: bool = False
) -> None:
    """Run part(start, stop) over [0, size), split between threads; an error in any of them is raised here.

    `weight` is how many elements each of the `size` stands for; `steps` tells that a part has several steps, between
    which an interrupt would leave it half done.

    Raises
    ------
    UnsupportedInputError
        If `threads` is neither None nor a positive integer; nothing has run then.
    """
    most = as_threads(threads) or _processors()
    whole = size * weight
    count = 1 if whole < _THREADED else min(most, whole // (_THREADED // 2), size)
    if count == 1 and not (steps and threading.current_thread() is threading.main_thread()):
        part(0, size)
        return
    grain = 64 if weight == 1 else 1
    bounds = [size * i // count // grain * grain for i in range(count)] + [size]
    _Parts([lambda i=i: part(bounds[i], bounds[i + 1]) for i in range(count)]).run()  # type: ignore[misc]


def _processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Parts:
    """Calls that threads take one after another from a list.

    Everything that is shared is changed by single instructions of the interpreter, since an interrupt may come between
    any two of those of the main thread; so there are no conditions, events or semaphores.
    """

    def __init__(self, calls: list[Callable[[], None]]) -> None:
        self._calls = calls
        self._left = list(range(len(calls)))
        self._done = [_thread.allocate_lock() for _ in calls]
        self._finished: list[int] = []
        self._errors: list[BaseException] = []
        for lock in self._done:
            lock.acquire()

    def run(self) -> None:
        """Make all calls, wait for them, and raise the first error, or the interrupt that came meanwhile."""
        try:
            for _ in self._calls:
                self._start()
            self._wait()
        except KeyboardInterrupt:
            self._finish()
            raise
        for error in self._errors:
            raise error

    def _start(self) -> None:
        """Let one more thread work; this one, where the system or the end of the interpreter allows no more."""
        try:
            _thread.start_new_thread(self._work, ())
        except RuntimeError:
            self._work()

    def _finish(self) -> None:
        """Wait, through more interrupts too."""
        try:
            self._start()  # if the interrupt came before the first one
            self._wait()
        except KeyboardInterrupt:
            self._finish()

    def _wait(self) -> None:
        for i, lock in enumerate(self._done):
            while i not in self._finished:
                lock.acquire(timeout=1)  # an interrupt may come after the lock was taken

    def _work(self) -> None:
        while self._left:
            try:
                i = self._left.pop()
            except IndexError:  # another thread was quicker
                return
            try:
                self._calls[i]()
            except BaseException as error:
                self._errors.append(error)
            self._finished.append(i)
            self._done[i].release()
