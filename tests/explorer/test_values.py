"""The numbers of the page are the library's: values of codes, rounding in every mode, shared scales."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import chopper
from chopper import explorer
from chopper.errors import ChopperError
from chopper.formats.base import Format
from chopper.formats.registry import rows as named
from chopper.formats.table import TableFormat
from chopper.rounding import Overflow, Rounding
from tests.explorer.ask import BLOCKS, ROUND, VALUES
from tests.explorer.difficult import difficult, rows
from tests.families import posit_oracle
from tests.families.definition import Definition
from tests.families.values import number
from tests.tally import Tally

SUBJECT = "numbers of the explorer's page"
SCALAR = tuple(row.format for row in named() if not row.format.blocked)
SCALED = tuple(row.format for row in named() if row.format.blocked)
MODES = tuple(Rounding)
FEWER = tuple(mode for mode in MODES if not mode.random or mode is Rounding.STOCHASTIC)
"""For formats that are looked up: the library prepares a table for each mode."""
SLOW = ("posit64", "takum_log16", "takum_log12")
"""Judged by definitions: the library refuses the first, which float64 does not hold, and prepares the others long."""
REFUSED = (1 << 64) - 1


def patterns(x: np.ndarray) -> list[str]:
    return [str(bits) for bits in x.view(np.uint64).tolist()]


@pytest.mark.parametrize("fmt", SCALAR, ids=str)
def test_values(models: Any, fmt: Format, tally) -> None:
    """Every code of at most 12 bits, and samples of longer ones, have the library's value and kind."""
    last = (1 << fmt.bits) - 1
    codes = range(last + 1)
    if fmt.bits > 12:
        picked = np.random.default_rng(0).integers(0, last, 200, dtype=np.uint64, endpoint=True).tolist()
        codes = sorted({*picked, *range(8), *(last - k for k in range(8)), *(last // 2 + k for k in range(-4, 5))})
    found = models.evaluate(VALUES, [str(fmt), [str(code) for code in codes]])
    got = np.array([int(bits) for bits, _ in found], np.uint64).view(np.float64)
    want = np.array([float(fmt.value(code)) for code in codes])
    tally.same(got, want, np.array(codes, np.uint64), fmt=fmt)
    assert [kind for _, kind in found] == [chopper.anatomy.kind_of(fmt, code) for code in codes]


def rounded(models: Any, fmt: Format, x: np.ndarray, mode: Rounding, overflow: Overflow | None = None) -> Any:
    """Return the codes toward zero and away from it, and how many of the 2^32 words lead away."""
    policy = None if overflow is None else overflow.value
    found = models.evaluate(ROUND, [str(fmt), patterns(x), mode.value, policy])
    refused = np.array([isinstance(one, str) for one in found])
    near = np.array([REFUSED if isinstance(one, str) else int(one[0][0]) for one in found], np.uint64)
    away = np.array([REFUSED if isinstance(one, str) else int(one[-1][0]) for one in found], np.uint64)
    words = np.array([int(one[1][1]) if not isinstance(one, str) and len(one) == 2 else 0 for one in found], np.int64)
    return near, away, words, refused


class Slow(Definition):
    """The definition for a list that is too long to be written out; values are made when they are asked for."""

    def __init__(self, fmt: TableFormat) -> None:
        self.fmt, self.precision, self.codes = fmt, 53, list(fmt.ascending)
        self.values = _Made(partial(number, fmt, precision=53), self.codes)  # type: ignore[assignment]
        self.small = fmt.below_smallest.value == "smallest"


class _Made:
    def __init__(self, make: Callable[[int], Any], codes: list[int]) -> None:
        self.make, self.codes = make, codes

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, i: int) -> Any:
        return self.make(self.codes[i])


def reference(fmt: Format) -> Callable[[np.ndarray, Rounding, np.ndarray], np.ndarray]:
    """Return what gives the codes: the library, or a definition where it refuses or takes long to prepare."""
    if str(fmt) == "posit64":
        one = partial(posit_oracle.round_code, fmt)
        return lambda x, mode, words: _each(lambda v, w: one(float(v), mode, word=int(w)), x, words)
    if str(fmt) in SLOW:
        slow = Slow(fmt)  # type: ignore[arg-type]
        return lambda x, mode, words: _each(lambda v, w: slow.code(float(v), mode, None, int(w)), x, words)
    return lambda x, mode, words: library(fmt, x, mode, words)


def library(fmt: Format, x: np.ndarray, mode: Rounding, words: np.ndarray) -> np.ndarray:
    given = words.astype(np.uint32) if mode.random else None
    return np.asarray(chopper.encode(x, fmt, mode, random_words=given)).astype(np.uint64)


def _each(one: Callable[[Any, Any], int], x: np.ndarray, words: np.ndarray) -> np.ndarray:
    return np.array([one(v, w) for v, w in zip(x, words, strict=True)], np.uint64)


def check(models: Any, fmt: Format, x: np.ndarray, modes: Any, codes_of: Any, tally: Any) -> None:
    """Compare in some modes; those of chance at the very words where the page says that the result turns."""
    for mode in modes:
        near, away, words, refused = rounded(models, fmt, x, mode)
        assert not refused.any()
        turn = (1 << 32) - words
        drawn = np.clip(np.concatenate([turn, turn - 1]), 0, (1 << 32) - 1)
        twice = [np.tile(part, 2) for part in (x, near, away, words, turn)]
        want = codes_of(twice[0], mode, drawn)
        got = np.where((twice[3] > 0) & (drawn >= twice[4]), twice[2], twice[1])
        tally.same(got, want, twice[0], fmt=fmt, mode=mode)


@pytest.mark.parametrize("fmt", SCALAR, ids=str)
def test_rounding(models: Any, fmt: Format, tally) -> None:
    """Difficult numbers become the library's codes, in every mode."""
    x = difficult(fmt, 2)
    x = x[:: max(1, x.size // (30 if str(fmt) in SLOW else 60))]
    check(models, fmt, x, FEWER if isinstance(fmt, TableFormat) else MODES, reference(fmt), tally)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("side > 0 || (side === 0 && odd)", "side >= 0"),
        ("2n * low + 1n, this.n + 1", "2n * low + 1n + 0n * low, this.n"),
        ("return floorOf(scaled);", "return floorOf(scaled) + 1n;"),
    ],
)
def test_a_wrong_page_is_caught(browser: Any, tmp_path: Path, right: str, wrong: str) -> None:
    """The comparison can fail: a tie, a turning point, a probability by one word in 2^32."""
    text = explorer.page(["e4m3", "posit8"], only=True)
    assert right in text
    (tmp_path / "page.html").write_text(text.replace(right, wrong), "utf-8")
    page = browser.new_page()
    page.goto((tmp_path / "page.html").as_uri())
    with pytest.raises(AssertionError, match="differ"):
        for name in ("e4m3", "posit8"):
            fmt = chopper.get(name)
            check(page, fmt, difficult(fmt, 8), MODES, partial(library, fmt), Tally(SUBJECT))
    page.close()


@pytest.mark.exhaustive
@pytest.mark.parametrize("fmt", [fmt for fmt in SCALAR if str(fmt) != "posit64"], ids=str)
def test_rounding_of_many(models: Any, fmt: Format, tally) -> None:
    """Many more of them, all by the library."""
    check(models, fmt, difficult(fmt, 12, seed=1), MODES, partial(library, fmt), tally)


@pytest.mark.parametrize(
    "name", ["e4m3", "e5m2", "ue4m3", "e8m0", "e2m1", "posit8", "takum_linear8", "lns8", "hif8", "int8", "nf4"]
)
def test_policies(models: Any, name: str, tally) -> None:
    """Every overflow policy gives the library's codes, or is refused where the library refuses."""
    fmt = chopper.get(name)
    x = np.array([0.1, fmt.max * 1.1, 1e30, -1e30, np.inf, -np.inf, np.nan, -0.3])
    for policy in Overflow:
        for mode in (Rounding.NEAREST_EVEN, Rounding.TOWARD_ZERO, Rounding.UP, Rounding.TO_ODD):
            near, _, _, refused = rounded(models, fmt, x, mode, policy)
            want = np.full(x.size, REFUSED, np.uint64)
            for i, one in enumerate(x):
                with suppress(ChopperError):
                    want[i] = int(chopper.encode(float(one), fmt, mode, overflow=policy))
            tally.same(near, want, x, fmt=fmt, mode=mode, about=policy.value)
            assert (refused == (want == REFUSED)).all()


def test_chance_by_the_code_is_refused(browser: Any, tmp_path: Path) -> None:
    """What the page does not know it says."""
    explorer.write_page(tmp_path / "page.html", ["lns8<stochastic=code>"], only=True)
    page = browser.new_page()
    page.goto((tmp_path / "page.html").as_uri())
    text = page.locator("[data-mode=stochastic]").inner_text()
    page.close()
    assert "not shown here" in text


@pytest.mark.parametrize("fmt", SCALED, ids=str)
def test_shared_scales(models: Any, fmt: Format, tally) -> None:
    """Blocks of typed numbers have the library's scales, codes, zero points and values."""
    for x in rows(12):
        if str(fmt) == "flex16_5":
            with pytest.raises(Exception, match="given is not shown"):
                models.evaluate(BLOCKS, [str(fmt), x.tolist()])
            continue
        found = models.evaluate(BLOCKS, [str(fmt), x.tolist()])
        want = chopper.encode(x[None, :], fmt)
        tally.same(np.array(found["codes"], np.int64), want.codes.reshape(-1).astype(np.int64), x, fmt=fmt)
        tally.same(np.array(found["values"], np.float64), want.decode(np.float64).reshape(-1), x, fmt=fmt)
        for got, level in zip(found["scales"], want.scale_codes, strict=True):
            tally.same(np.array(got, np.int64), np.asarray(level).reshape(-1).astype(np.int64), fmt=fmt)
        if want.zero_points is not None:
            assert set(found["zeros"]) == set(want.zero_points.reshape(-1).tolist())


@pytest.mark.parametrize(
    "text", ["0.1", "-3e5", "1/3", "-7/3", "1e400", "5e-324", "0.1e-400", ".5", "4.", "9007199254740993"]
)
def test_reading(models: Any, text: str) -> None:
    """What is typed is read as the command reads it."""
    pytest.importorskip("typer")
    from chopper.cli.commands import _number

    assert models.evaluate("(text) => explorer.readNumber(text)", text) == _number(text)


@pytest.mark.parametrize("text", ["0x1.8p3", "-0x1.fffffffffffff8p0", "0x1p-1074", "0x.8", "0x1.8p-1075", "0x1p1024"])
def test_reading_hexadecimal(models: Any, text: str) -> None:
    """Hexadecimal numbers are rounded once; those beyond the range, which Python refuses, are infinite."""
    try:
        want = float.fromhex(text)
    except OverflowError:
        want = np.inf
    assert models.evaluate("(text) => explorer.readNumber(text)", text) == want


@pytest.mark.parametrize("text", ["", "abc", "1/0", "1e", "0x", "--1", "1 2"])
def test_no_numbers(models: Any, text: str) -> None:
    """What is no number is not taken for one."""
    assert models.evaluate("(text) => explorer.readNumber(text)", text) is None
