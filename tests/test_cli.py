"""The ``chopper`` command: every subcommand, and how it fails."""

from __future__ import annotations

import builtins
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("typer")

from typer.testing import CliRunner

import chopper
from chopper.cli import app
from chopper.cli.commands import _names
from chopper.errors import RangeError
from chopper.verify import Check

WIDE = {"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"}


def call(*args: str, code: int = 0) -> str:
    """Run the command and return what it prints to stdout, or to stderr where it fails."""
    result = CliRunner(env=WIDE).invoke(app, list(args))
    assert result.exit_code == code, result.output
    return result.stdout if code == 0 else result.stderr


def refused(*args: str) -> str:
    """Run the command, which must fail with one line."""
    text = call(*args, code=2).lstrip("\n")
    assert text.startswith("chopper: ") and text.count("\n") == 1
    return text


def test_formats() -> None:
    """Every named format is listed."""
    text = call("formats")
    for fmt in chopper.formats():
        assert f" {fmt} " in text
    assert "bfloat16" in text and "65504" in text


def test_info() -> None:
    """Numbers, special codes, source and values."""
    text = call("info", "E4M3")
    for part in ("448", "0.001953125", "0x7e", "0 1111 110", "OFP8", "Positive values", "352 384 416 448"):
        assert part in text
    assert "|-" in call("info", "e2m1")


@pytest.mark.parametrize("fmt", [*map(str, chopper.formats()), "binary8p3se", "binary12p1ue", "e5m9", "e4m3b9"])
def test_info_of_every_format(fmt: str) -> None:
    """No format is beyond description."""
    assert fmt in call("info", fmt)


def test_table() -> None:
    """All codes of a small format, some of a large one."""
    text = call("table", "e2m1")
    assert all(f"0x{code:x} " in text for code in range(16))
    assert "3 * 2^-1" in text and "subnormal" in text
    some = call("table", "fp16", "--from", "0x3c00", "--to", "0x3c01")
    assert "1025 * 2^-10" in some and "1.0009765625" in some and "0x3c02" not in some
    assert "0x0002" in call("table", "bf16", "--limit", "3")
    assert "0x3ff0000000000000" in call("table", "fp64", "--from", "0x3ff0000000000000", "--limit", "1")


def test_families_in_their_own_terms() -> None:
    """Fields, special codes and turning points of formats that are no floats."""
    text = call("info", "posit8")
    for part in ("regime", "maxpos", "0 0000001", "NaR, not a real", "minus one"):
        assert part in text
    assert "e^(239/2)" in call("info", "takum_log8") and "2^(63/8)" in call("info", "lns8")
    assert "0000 0001" in call("info", "fixed<4,4>") and "list of 16 values" in call("info", "nf4")
    text = call("table", "hif8", "--from", "0x6c", "--to", "0x6f")
    assert "0 11 0111 1" in text and "infinity" in text
    assert "the geometric mean, since exponent bits are cut off" in call("round", "3e6", "--fmt", "posit8")
    assert "half a step of the logarithm" in call("round", "0.3", "--fmt", "lns8")


def test_table_needs_a_choice() -> None:
    """Too many codes, and codes that are none."""
    assert "65536 codes" in refused("table", "bf16")
    assert "'300'" in refused("table", "e4m3", "--from", "300")
    assert "legal: 0 to 0xff" in refused("table", "e4m3", "--to", "x")


def test_round() -> None:
    """Value, code, error and neighbours."""
    text = call("round", "0.1", "--fmt", "e4m3")
    for part in ("0.1015625", "0x1d", "0 0011 101", "56294995342131 * 2^-55", "0.09375 below"):
        assert part in text
    assert "-0.09375" in call("round", "-0.1", "--fmt", "e4m3", "--rounding", "up")
    assert "448.0" in call("round", "500", "--fmt", "e4m3", "--overflow", "saturate")
    assert "none above" in call("round", "500", "--fmt", "e4m3")
    assert "one of the values" in call("round", "0x1.8p3", "--fmt", "e4m3")
    assert "0.34375" in call("round", "1/3", "--fmt", "e4m3")
    assert "nan" in call("round", "nan", "--fmt", "fp16")
    assert "nan" in call("round", "1e6", "--fmt", "e4m3", "--compat", "ml_dtypes")


def test_round_in_all_modes() -> None:
    """One row per mode; a mode that a preset refuses says so in its row."""
    text = call("round", "0.3", "--fmt", "e4m3", "--rounding", "all", "--key", "1")
    assert all(mode.value in text for mode in chopper.Rounding)
    assert "0.28125" in text and "0.3125" in text


def test_round_to_several_formats() -> None:
    """One view or one table for each, in the order asked for."""
    text = call("round", "0.1", "--fmt", "e4m3,bf16")
    assert 0 < text.index("0.1015625") < text.index("0.10009765625")
    text = call("round", "0.1", "--fmt", "e4m3,posit<8,1>", "--rounding", "all")
    assert text.index("0.1 in e4m3") < text.index("0.1 in posit<8,1>")
    assert text.count("nearest_even") == 2


def test_version() -> None:
    """The version of the library."""
    assert call("--version") == f"chopper {chopper.__version__}\n"


def test_round_with_random_bits() -> None:
    """The key is shown, and repeats the result."""
    text = call("round", "0.3", "--fmt", "e4m3", "--rounding", "stochastic")
    key = text.partition("key ")[2].split()[0]
    assert text == call("round", "0.3", "--fmt", "e4m3", "--rounding", "stochastic", "--key", key)


def test_mistakes_are_one_line() -> None:
    """What the user can cure is told in one line, exit code 2."""
    assert "'e4m3'" in refused("info", "e4m33x")
    assert "legal" in refused("round", "ten", "--fmt", "e4m3")
    assert "legal" in refused("round", "1/0", "--fmt", "e4m3")
    assert "sideways" in refused("round", "1", "--fmt", "e4m3", "--rounding", "sideways")
    assert "wrap" in refused("round", "1", "--fmt", "e4m3", "--overflow", "wrap")
    assert "float64" in refused("round", "1", "--fmt", "binary12p1ue")
    assert "No such command" in call("nothing", code=2)


def test_compare(tmp_path: Path) -> None:
    """A table, and a figure where one is wanted."""
    pytest.importorskip("matplotlib")
    path, plot = tmp_path / "x.npy", tmp_path / "x.png"
    np.save(path, np.random.default_rng(0).normal(size=2000).astype(np.float32))
    text = call("compare", str(path), "--fmt", "e4m3,e5m2<bias=15>,bf16", "--plot", str(plot))
    assert "x.npy: 2000 numbers, nearest_even" in text and "e5m2<bias=15>" in text and "dB" in text
    assert plot.stat().st_size > 20_000
    assert "stochastic" in call("compare", str(path), "--rounding", "SR")


def test_compare_fails_early(tmp_path: Path) -> None:
    """Files that are missing or unreadable, and figures that cannot be."""
    assert "missing.npy" in refused("compare", str(tmp_path / "missing.npy"))
    path = tmp_path / "x.txt"
    path.write_text("1\n2\n")
    assert ".png, .pdf, .svg" in refused("compare", str(path), "--plot", "x.gif")
    assert "no such folder" in refused("compare", str(path), "--plot", str(tmp_path / "no" / "x.png"))
    assert "unknown format" in refused("compare", str(path), "--fmt", "e4m3,none")


def test_names_are_split_outside_of_brackets() -> None:
    """Options of a format may hold commas."""
    assert _names("fp16, e4m3<bias=1,signed=true>,,bf16") == ["fp16", "e4m3<bias=1,signed=true>", "bf16"]


def test_plot(tmp_path: Path) -> None:
    """A figure of formats."""
    pytest.importorskip("matplotlib")
    plot = tmp_path / "x.svg"
    assert str(plot) in call(
        "plot", "e4m3,posit8,takum_linear8<nearest=value>", "--plot", str(plot), "--from", "-9"
    ).replace("\n", "")
    assert plot.stat().st_size > 20_000
    assert "unknown format" in refused("plot", "e4m3,none")
    assert ".png, .pdf, .svg" in refused("plot", "e4m3", "--plot", "x.gif")


def test_demo(tmp_path: Path) -> None:
    """Three tables and a figure."""
    pytest.importorskip("sklearn")
    pytest.importorskip("matplotlib")
    plot = tmp_path / "demo.svg"
    text = call("demo", "--plot", str(plot), "--fmt", "bf16,e8m0", "--seed", "3")
    assert "Handwritten digits" in text and "Least squares" in text and "5.0625" in text
    assert plot.stat().st_size > 20_000


@pytest.mark.parametrize(("package", "extra"), [("matplotlib", "plot"), ("sklearn", "demo")])
def test_missing_packages(package: str, extra: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What to install is said."""
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.setitem(sys.modules, f"{package}.datasets", None)
    text = refused("demo", "--plot", str(tmp_path / "x.png"), "--fmt", "bf16")
    assert f'pip install "chopper[{extra}]"' in text


def test_verify(monkeypatch: pytest.MonkeyPatch) -> None:
    """The table of results, with one proof in place of all."""
    monkeypatch.setattr("chopper.verify.run._PROOFS", (("e5m2", 32),))
    monkeypatch.setattr("chopper.verify.run._FORMATS", ("e4m3", "e2m1"))
    monkeypatch.setattr("chopper.verify.run._FAMILIES", ("lns8", "nf4"))
    monkeypatch.setattr("chopper.verify.run._KERNELS", (("e4m3", "nearest_even"),))
    text = call("verify")
    assert "threefry" in text and "table of values" in text and "FAILED" not in text and "checks passed" in text


def test_verify_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong bit is exit code 1."""
    wrong = Check("witness", "subject", 10, 1, 0.0)
    monkeypatch.setattr("chopper.cli.commands.checks", lambda proofs, seed: iter([(1, wrong)]))
    result = CliRunner(env=WIDE).invoke(app, ["verify", "--no-proofs"])
    assert result.exit_code == 1
    assert "FAILED" in result.stdout and "0 of 1 checks passed" in result.stdout


def test_other_errors_are_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect of the program keeps its traceback; a missing package of somebody else too."""

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("chopper.cli.commands.explain", broken)
    assert isinstance(CliRunner().invoke(app, ["round", "1", "--fmt", "e4m3"]).exception, ZeroDivisionError)


def test_one_mode_may_be_refused_among_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its row holds the reason."""
    explain = __import__("chopper.cli.commands", fromlist=["explain"]).explain

    def picky(x: float, fmt: Any, mode: chopper.Rounding, **options: Any) -> Any:
        if mode is chopper.Rounding.UP:
            raise RangeError("not this way")
        return explain(x, fmt, mode, **options)

    monkeypatch.setattr("chopper.cli.commands.explain", picky)
    assert "not this way" in call("round", "1", "--fmt", "e4m3", "--rounding", "all")


def test_the_command_needs_typer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without typer the entry point says what to install."""
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.partition(".")[0] == "typer":
            raise ModuleNotFoundError("No module named 'typer'", name="typer")
        return real(name, *args, **kwargs)

    for name in [name for name in sys.modules if name.startswith("chopper.cli")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", without)
    import chopper.cli as bare

    with pytest.raises(SystemExit, match=r'pip install "chopper\[cli\]"'):
        bare.app()


@pytest.mark.slow
def test_as_a_program() -> None:
    """The entry point in a process of its own; the command loads no plotting and no learning library."""
    code = "import sys; from chopper.cli import app; app(['round', '1', '--fmt', 'e4m3'], standalone_mode=False); "
    code += "print(sorted({'matplotlib', 'sklearn', 'numba', 'torch'} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.endswith("[]\n")
