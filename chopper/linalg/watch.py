"""Progress of what takes long: nothing by default, a callback, or a bar."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from chopper.errors import UnsupportedInputError

__all__ = ["Progress", "watched"]

Progress = bool | Callable[[int, int], None] | None
"""None or False: silent; a function: called with (steps done, steps in all); True: a bar, by rich."""


@contextmanager
def watched(progress: Progress, title: str, total: int) -> Iterator[Callable[[int], None]]:
    """Give a function that takes the number of steps done.

    Raises
    ------
    UnsupportedInputError
        If `progress` is something else, or rich is not installed.

    Examples
    --------
    >>> with watched(lambda done, total: print(done, "of", total), "work", 2) as tick:
    ...     tick(1)
    1 of 2
    """
    if progress is None or progress is False:
        yield lambda done: None
    elif callable(progress):
        yield lambda done: progress(done, total)
    elif progress is True:
        try:
            from rich.progress import Progress as Bar
        except ModuleNotFoundError as error:
            raise UnsupportedInputError(
                'progress=True needs rich: pip install "chopper[cli]", or pass a function of (done, total)'
            ) from error
        with Bar(transient=True) as bar:
            task = bar.add_task(title, total=total)
            yield lambda done: bar.update(task, completed=done)
    else:
        raise UnsupportedInputError(
            f"progress={progress!r} is not legal; legal: None, True, a function of (done, total)"
        )
