"""TestU01 by L'Ecuyer and Simard, doi:10.1145/1268776.1268777, fed with words through a pipe."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

SOURCE = Path(__file__).with_name("crush.c")
LIBRARIES = ("-ltestu01", "-ltestu01probdist", "-ltestu01mylib", "-lm")
CURE = "TestU01 is not installed: apt-get install gcc libtestu01-0-dev (Debian, section non-free)"


class Statistic(NamedTuple):
    """One statistic of a battery."""

    name: str
    p: float


class Result(NamedTuple):
    """The outcome of a battery on one stream."""

    statistics: tuple[Statistic, ...]
    words: int

    @property
    def extreme(self) -> Statistic:
        """The statistic whose p-value is nearest to 0 or 1."""
        return min(self.statistics, key=lambda one: min(one.p, 1 - one.p))


class Missing(Exception):
    """TestU01, or a compiler, is not installed."""


def build(folder: Path) -> Path:
    """Compile the driver into a folder.

    Raises
    ------
    Missing
        If there is no compiler or no TestU01.
    """
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        raise Missing(CURE)
    program = folder / "crush"
    probe = subprocess.run(
        [compiler, "-E", "-include", "TestU01.h", "-x", "c", "/dev/null"], capture_output=True, timeout=60
    )
    if probe.returncode:
        raise Missing(CURE)
    command = [compiler, "-O2", "-Wall", "-o", str(program), str(SOURCE), *LIBRARIES]
    subprocess.run(command, check=True, timeout=60)
    return program


def run(program: Path, chunks: Iterable[npt.NDArray[np.uint32]], battery: str = "small") -> Result:
    """Run a battery (small, crush or big) on a stream; the stream is read as far as the battery needs it."""
    command = [str(program), battery]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        with suppress(BrokenPipeError):
            for chunk in chunks:
                process.stdin.write(chunk.tobytes())
        with suppress(BrokenPipeError):
            process.stdin.close()
        lines = [line.split("\t") for line in process.stdout.read().decode().splitlines()]
    if process.returncode:
        raise RuntimeError(f"the battery ended with status {process.returncode}")
    statistics = tuple(Statistic(line[1].strip(), float(line[2])) for line in lines if line[0] == "p")
    (words,) = (int(line[1]) for line in lines if line[0] == "words")
    return Result(statistics, words)
