"""Error statistics, sweeps, single numbers and files."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import chopper
from chopper.analysis import as_finite, compare, rounder, sweep
from chopper.anatomy import code_of, dyadic, explain, number_line, row_of, some_values, special_codes
from chopper.errors import ChopperError, RangeError, RoundingError, UnsupportedInputError
from chopper.files import check_figure, read_numbers
from chopper.plots import plot_errors
from chopper.verify import checks, compiled_check, proof_check, table_check, values_check, words_check


def test_compare_counts_and_measures() -> None:
    """Every column, on data whose errors are known by hand."""
    (row,) = compare(np.array([1.0, 1.0625, -500.0, 1e-5, 0.0, np.nan, np.inf]), ["e4m3"])
    assert (row.format, row.rounding, row.count) == ("e4m3", "nearest_even", 5)
    assert (row.overflow, row.underflow, row.nonfinite, row.exact) == (1, 1, 0, 0.4)
    assert (row.max_abs, row.max_rel) == (52.0, 1.0)
    errors = np.array([0.0, -0.0625, 52.0, -1e-5, 0.0])
    assert row.rms == pytest.approx(math.sqrt(np.mean(errors**2)), rel=1e-14)
    signal = np.sum(np.array([1.0, 1.0625, 500.0, 1e-5]) ** 2)
    assert row.sqnr_db == pytest.approx(10 * math.log10(signal / np.sum(errors**2)), rel=1e-12)


def test_what_becomes_infinite_is_counted_apart() -> None:
    """Errors stay finite; the count and the range tell."""
    (row,) = compare([1.0, 1e6], ["e5m2"])
    assert (row.nonfinite, row.overflow, row.max_abs, row.sqnr_db) == (1, 1, 0.0, math.inf)
    (kept,) = compare([1.0, 1e6], ["e5m2"], overflow="saturate")
    assert (kept.nonfinite, kept.overflow, kept.max_abs) == (0, 1, 1e6 - 57344)


def test_formats_without_sign_or_zero() -> None:
    """Negative numbers lie outside of an unsigned format, zero outside of one without."""
    unsigned, powers = compare([-1.0, 0.0, 2.0], ["ue4m3", "e8m0"])
    assert (unsigned.overflow, unsigned.underflow, unsigned.nonfinite) == (1, 1, 0)
    assert (powers.overflow, powers.nonfinite) == (2, 1)


def test_statistics_neither_overflow_nor_underflow() -> None:
    """Squares beyond float64 do no harm."""
    (row,) = compare([1e300, 3e-300, 1e300], ["bf16"], overflow="saturate")
    assert row.rms == pytest.approx(1e300 * math.sqrt(2 / 3), rel=1e-9)
    (small,) = compare([3.3e-200], ["fp64"], "up")
    assert (small.rms, small.sqnr_db, small.exact) == (0.0, math.inf, 1.0)


def test_stochastic_comparison_is_reproducible() -> None:
    """The default key is fixed; another key gives other words."""
    x = np.random.default_rng(0).normal(size=1000)
    assert compare(x, ["e4m3"], "stochastic") == compare(x, ["e4m3"], "stochastic")
    assert compare(x, ["e4m3"], "stochastic") != compare(x, ["e4m3"], "stochastic", key=1)


@pytest.mark.parametrize("x", [[], [np.nan], ["a"], [1j], [None]])
def test_data_must_hold_a_finite_number(x: list[object]) -> None:
    """Nothing to measure is an error."""
    with pytest.raises(UnsupportedInputError):
        as_finite(x)


def test_sweep_records_refusals() -> None:
    """A format that chopper refuses takes its place, with the reason; modes are the inner loop."""
    found = list(sweep(lambda r: r(0.3), ["e4m3", "binary12p1ue"], ["up", "down"]))
    assert [(one.format, one.rounding) for one in found][:2] == [("e4m3", "up"), ("e4m3", "down")]
    assert [one.value for one in found] == [0.3125, 0.28125, None, None]
    assert "binary12p1ue" in found[-1].error
    with pytest.raises(RoundingError):
        list(sweep(lambda r: r(0.3), ["e4m3"], ["sideways"]))


def test_rounder_draws_anew_at_each_call() -> None:
    """Two calls differ, two rounders of one key agree."""
    x = np.full(1000, 0.3)
    first, second = rounder("e4m3", "SR", key=7), rounder("e4m3", "SR", key=7)
    once, again = first(x), first(x)
    assert (once != again).any()
    assert (second(x) == once).all()


@pytest.mark.parametrize("fmt", ["e4m3", "fp16", "e2m1", "binary8p3se", "fp24"])
@pytest.mark.parametrize("x", [0.1, -0.3, 1.0, 3.9, 0.0, -7e-6])
def test_explain(fmt: str, x: float) -> None:
    """Value, code, error and neighbours fit each other."""
    one = explain(x, fmt)
    assert one.code is not None and one.error is not None
    assert chopper.get(fmt).value(one.code) == one.value == chopper.chop(x, fmt)
    assert one.error == Fraction(one.value) - Fraction(x)
    assert one.below is not None and one.above is not None and one.below <= x <= one.above
    assert one.value in (one.below, one.above)


def test_explain_beyond_the_range() -> None:
    """There is no neighbour beyond the largest value, and no error where a result is infinite."""
    assert (explain(500.0, "e4m3").above, explain(-500.0, "e4m3").below) == (None, None)
    assert (explain(1e6, "fp16").value, explain(1e6, "fp16").error) == (math.inf, None)
    assert math.isnan(explain(math.nan, "fp16").value)


def test_anatomy() -> None:
    """Codes and formats, taken apart."""
    assert code_of("e4m3", 0x01).kind == "subnormal"
    assert [code_of("e5m2", code).kind for code in (0, 0x7C, 0x7D, 0x3C)] == ["zero", "infinity", "nan", "normal"]
    assert dict(special_codes("fp16"))["one"] == 0x3C00
    assert dict(special_codes("e8m0"))["one"] == 127
    assert "zero" not in dict(special_codes("e8m0"))
    assert some_values("e3m0").split() == ["0.25", "0.5", "1", "2", "4", "8", "16"]
    assert number_line("fp16") == ""
    assert row_of("bfloat16") is row_of("bf16") is not None
    for fmt in chopper.formats():
        assert all(code_of(fmt, code).hex for _, code in special_codes(fmt))


@pytest.mark.parametrize("value", [Fraction(0), Fraction(3, 8), Fraction(-448), Fraction(2**40), Fraction(-1, 2**1074)])
def test_dyadic_is_exact(value: Fraction) -> None:
    """The text can be read back."""
    text = dyadic(value).replace("-2^", "-1 * 2^") if dyadic(value).startswith("-2^") else dyadic(value)
    factor, _, power = ("1 * " + text if text.startswith("2^") else text).partition(" * 2^")
    assert int(factor) * Fraction(2) ** int(power or 0) == value


def test_files(tmp_path: Path) -> None:
    """Each kind of file is read."""
    x = np.array([[1.5, 2.0], [3.0, -4.0]])
    np.save(tmp_path / "x.npy", x)
    np.savez(tmp_path / "one.npz", a=x)
    np.savez(tmp_path / "two.npz", a=x, b=2 * x)
    (tmp_path / "x.csv").write_text("left,right\n1.5,2\n3,-4\n")
    (tmp_path / "x.txt").write_text("1.5 2\n3 -4\n")
    for name in ("x.npy", "one.npz", "x.csv", "x.txt"):
        assert (read_numbers(tmp_path / name) == x).all()
    assert (read_numbers(tmp_path / "two.npz", "b") == 2 * x).all()
    with pytest.raises(RangeError, match="a, b"):
        read_numbers(tmp_path / "two.npz")


def test_files_that_hold_no_numbers(tmp_path: Path) -> None:
    """Each failure is an error of chopper, or the system's own."""
    (tmp_path / "words.csv").write_text("a,b\nc,d\n")
    (tmp_path / "broken.npy").write_bytes(b"\x93NUMPY")
    np.save(tmp_path / "objects.npy", np.array([None]), allow_pickle=True)
    (tmp_path / "x.json").write_text("[]")
    for name in ("words.csv", "broken.npy", "objects.npy", "x.json"):
        with pytest.raises(UnsupportedInputError, match=name):
            read_numbers(tmp_path / name)
    with pytest.raises(OSError):
        read_numbers(tmp_path / "missing.npy")
    with pytest.raises(UnsupportedInputError, match="no such folder"):
        check_figure(tmp_path / "missing" / "x.png")


def test_figure(tmp_path: Path) -> None:
    """A figure is written for ordinary data, for one number and for zeros, with formats of every kind."""
    pytest.importorskip("matplotlib")
    x = np.random.default_rng(0).normal(size=500)
    for name, data in (("a.png", x), ("b.svg", [1.0]), ("c.pdf", [0.0, 0.0])):
        plot_errors(data, ["fp16", "e4m3", "e8m0", "fp64", "ue4m3"], tmp_path / name, title="numbers")
        assert (tmp_path / name).stat().st_size > 5000


CHECKS = ("tables", "values", "engines")
"""The modules of the checks that round."""


def test_witnesses() -> None:
    """The quick checks pass here."""
    assert words_check() == (3, 0)
    assert table_check("e3m2")[1] == 0
    assert compiled_check("e4m3", "nearest_even")[1] == 0


def test_witnesses_see_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each check can fail, and an exception is a failure."""
    for module in CHECKS:
        monkeypatch.setattr(f"chopper.verify.{module}.chop", lambda x, fmt, mode, **_: chopper.chop(x, fmt, "up"))
    assert values_check("posit<5,1>")[1] > 0
    assert table_check("e2m1")[1] > 0
    assert compiled_check("e4m3", "nearest_even")[1] > 0
    monkeypatch.setattr("chopper.verify.words._WORDS", (((0, 0, 0, 0), (1, 2)),))
    assert words_check() == (1, 1)

    def refuse(*_: object, **__: object) -> None:
        raise ChopperError("no")

    for module in CHECKS:
        monkeypatch.setattr(f"chopper.verify.{module}.chop", refuse)
    found = [check for _, check in checks(proofs=False)]
    assert not any(check.passed for check in found)
    assert found[-1].error == "ChopperError: no"


def test_proof() -> None:
    """One proof, and the refutation of a kernel that rounds otherwise than claimed."""
    pytest.importorskip("z3")
    assert proof_check("e5m2", "up", 32) == (1 << 32, 0)


def test_a_wrong_claim_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rounding up is not rounding down."""
    pytest.importorskip("z3")
    monkeypatch.setitem(__import__("chopper.verify.proofs", fromlist=["MODES"]).MODES, "up", "RTN")
    assert proof_check("e5m2", "up", 32) == (1 << 32, 1)
