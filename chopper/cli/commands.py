"""The commands: they read what the user types and show what the library finds."""

from __future__ import annotations

import secrets
import time
from fractions import Fraction
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from chopper import __version__
from chopper.analysis import as_finite, errors
from chopper.anatomy import Rounded, explain
from chopper.cli import show
from chopper.cli.group import OneLineErrors
from chopper.cli.units import unit_table, unit_view
from chopper.errors import ChopperError, FormatError, RangeError, UnknownUnitError, UnsupportedInputError
from chopper.files import check_figure, read_numbers
from chopper.formats.base import Format
from chopper.formats.registry import get
from chopper.hardware import unit, units
from chopper.rounding import Rounding
from chopper.verify import can_prove, checks

__all__ = [
    "app", "compare", "demo", "explore", "formats", "info", "list_units", "plot_figure", "round_number", "table",
    "verify",
]  # fmt: skip

app = typer.Typer(
    name="chopper",
    cls=OneLineErrors,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
"""The command."""

_FormatName = Annotated[str, typer.Argument(help="A name or grammar string, such as e4m3, bf16, e5m10, binary8p3se.")]
_Compat = Annotated[
    str | None, typer.Option(help="Round as another tool does: ml_dtypes, torch, cuda, onnx, p3109, ...")
]
_Overflow = Annotated[str | None, typer.Option(help="infinity, saturate, propagate, nan, raise.")]

_ALL_CODES = 256
"""Formats with more codes need a choice of them."""


def _console() -> Console:
    return Console(soft_wrap=False)


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"chopper {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Bit-exact emulation of low-precision number formats."""


@app.command()
def formats() -> None:
    """List the named formats, with other names, bits and range."""
    show.page(_console(), show.format_table())


@app.command()
def info(fmt: _FormatName) -> None:
    """Describe a format: its numbers, its special codes, its source; or a matrix unit, such as h100.wgmma.e4m3."""
    if "." not in fmt and _units_of(fmt):
        raise UnknownUnitError(f"{fmt!r} is a device: chopper units {fmt} lists its units")
    _console().print(unit_view(unit(fmt)) if "." in fmt else show.info_view(get(fmt)))


@app.command("units")
def list_units(
    part: Annotated[str, typer.Argument(help="Only those whose name, or another name, holds this.")] = "",
) -> None:
    """List the models of matrix units of real hardware."""
    found = [one for one in units() if any(part.lower() in name for name in (one.name, *one.aliases))]
    if not found:
        devices = dict.fromkeys(one.name.partition(".")[0] for one in units())
        raise UnknownUnitError(f"no unit's name holds {part!r}; devices: {', '.join(devices)}")
    show.page(_console(), unit_table(found))


def _units_of(device: str) -> bool:
    """Whether units of a device have this name before the first point."""
    start = f"{device.strip().lower()}."
    return any(name.startswith(start) for one in units() for name in (one.name, *one.aliases))


@app.command()
def table(
    fmt: _FormatName,
    first: Annotated[str | None, typer.Option("--from", help="First code, decimal or 0x...")] = None,
    last: Annotated[str | None, typer.Option("--to", help="Last code.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many codes.")] = None,
) -> None:
    """List the codes of a format and their exact values."""
    found = get(fmt)
    show.page(_console(), show.code_table(found, _codes(found, first, last, limit)))


def _codes(fmt: Format, first: str | None, last: str | None, limit: int | None) -> range:
    count = 1 << fmt.bits
    if count > _ALL_CODES and last is None and limit is None:
        raise RangeError(f"{fmt} has {count} codes: choose some with --from, --to and --limit")
    start = 0 if first is None else _code(fmt, first)
    stop = count if last is None else _code(fmt, last) + 1
    return range(start, stop if limit is None else min(stop, start + limit))


def _code(fmt: Format, text: str) -> int:
    top = (1 << fmt.bits) - 1
    try:
        code = int(text, 0)
    except ValueError:
        code = -1
    if not 0 <= code <= top:
        raise FormatError(f"{text!r} is not a code of {fmt}; legal: 0 to {top:#x}")
    return code


@app.command("round", context_settings={"ignore_unknown_options": True})
def round_number(
    number: Annotated[str, typer.Argument(help="0.1, -3e5, 0x1.8p3, 1/3, inf, nan; read as float64.")],
    fmt: Annotated[str, typer.Option("--fmt", help="Formats, separated by commas.")],
    rounding: Annotated[str, typer.Option(help="A rounding mode, or all.")] = "nearest_even",
    overflow: _Overflow = None,
    key: Annotated[int | None, typer.Option(help="Of the random bits; fresh without one.")] = None,
    compat: _Compat = None,
) -> None:
    """Round one number: value, code, exact error and neighbours."""
    x, chosen = _number(number), [get(name) for name in _names(fmt)]
    options: dict[str, Any] = {"overflow": overflow, "compat": compat}
    options["key"] = secrets.randbits(32) if key is None else key
    modes = list(Rounding) if rounding == "all" else [Rounding.parse(rounding)]
    console = _console()
    for count, one in enumerate(chosen):
        if count:
            console.print()
        if rounding == "all":
            console.print(show.rounded_table(x, one, [(mode.value, _rounded(x, one, mode, options)) for mode in modes]))
        else:
            note = f", key {options['key']}" if modes[0].random else ""
            console.print(show.rounded_view(x, one, explain(x, one, modes[0], **options), note))


def _rounded(x: float, fmt: Format, mode: Rounding, options: dict[str, Any]) -> Rounded | ChopperError:
    """Return what the mode makes of a number, or why it refuses."""
    try:
        return explain(x, fmt, mode, **options)
    except ChopperError as refusal:
        return refusal


def _number(text: str) -> float:
    try:
        if "/" in text:
            return float(Fraction(text))
        return float.fromhex(text) if "0x" in text.lower() else float(text)
    except (ValueError, ArithmeticError):
        raise UnsupportedInputError(f"{text!r} is no number; legal: 0.1, -3e5, 0x1.8p3, 1/3, inf, nan") from None


@app.command()
def compare(
    data: Annotated[Path, typer.Argument(help="A .npy, .npz, .csv or .txt file.")],
    fmt: Annotated[str, typer.Option("--fmt", help="Formats, separated by commas.")] = "fp16,bf16,e5m2,e4m3",
    rounding: Annotated[str, typer.Option(help="A rounding mode.")] = "nearest_even",
    array: Annotated[str | None, typer.Option(help="Which array of an .npz file.")] = None,
    key: Annotated[int, typer.Option(help="Of the random bits.")] = 0,
    overflow: _Overflow = None,
    compat: _Compat = None,
    plot: Annotated[Path | None, typer.Option(help="Write a figure to this file: .png, .pdf, .svg.")] = None,
) -> None:
    """Compare formats on the numbers of a file."""
    chosen = [get(name) for name in _names(fmt)]
    if plot is not None:
        _check_plot(plot)
    numbers = as_finite(read_numbers(data, array))
    options: dict[str, Any] = {"key": key, "overflow": overflow, "compat": compat}
    title = f"{data.name}: {numbers.size} numbers, {Rounding.parse(rounding).value}"
    with _progress() as progress:
        rows = [errors(numbers, one, rounding, **options) for one in progress.track(chosen, description="rounding")]
    _console().print(show.error_table(title, rows))
    if plot is not None:
        from chopper.plots import plot_errors

        plot_errors(numbers, chosen, plot, rounding, rows=rows, title=title, **options)
        _console().print(f"figure: {plot}")


@app.command("plot")
def plot_figure(
    fmt: Annotated[str, typer.Argument(metavar="FORMATS", help="Formats, separated by commas.")],
    plot: Annotated[Path, typer.Option(help="Where the figure goes: .png, .pdf, .svg.")] = Path("chopper-plot.png"),
    first: Annotated[float | None, typer.Option("--from", help="Show magnitudes from this power of ten.")] = None,
    last: Annotated[float | None, typer.Option("--to", help="And to this one.")] = None,
) -> None:
    """Draw the accuracy of formats by magnitude, and their values on number lines."""
    chosen = [get(name) for name in _names(fmt)]
    _check_plot(plot)
    from chopper.plots import plot_formats

    plot_formats(chosen, plot, decades=(first, last))
    _console().print(f"figure: {plot}")


@app.command()
def explore(
    data: Annotated[Path | None, typer.Argument(help="Numbers of your own: a .npy, .npz, .csv or .txt file.")] = None,
    fmt: Annotated[str, typer.Option("--fmt", help="Those shown at first, with commas.")] = "e4m3,posit8,mxfp4",
    out: Annotated[Path, typer.Option(help="Where the page goes.")] = Path("chopper-explorer.html"),
    array: Annotated[str | None, typer.Option(help="Which array of an .npz file.")] = None,
    only: Annotated[bool, typer.Option("--only", help="Leave all other formats out.")] = False,
    opened: Annotated[bool, typer.Option("--open", help="Show it in the browser.")] = False,
) -> None:
    """Write a page to look at formats with: number lines, codes, rounding, accuracy, shared scales."""
    from chopper import explorer
    from chopper.formats import registry

    chosen = [get(name) for name in _names(fmt)]
    found = None
    if data is not None:
        numbers = read_numbers(data, array)
        others = (one for one in registry.formats() if explorer.is_quick(one) and not only)
        every = list(dict.fromkeys([*chosen, *others]))
        with _progress() as progress:
            found = explorer.study(numbers, progress.track(every, description="rounding"), data.name)
    explorer.write_page(out, chosen, study=found, only=only)
    _console().print(f"page: {out}", soft_wrap=True)
    if opened and not explorer.show_page(out):
        _console().print("no browser found: open the file yourself")


def _check_plot(path: Path) -> None:
    """Fail before the work is done, not after it."""
    check_figure(path)
    import_module("matplotlib")


def _names(text: str) -> list[str]:
    """Split at the commas that stand outside of ``<...>``."""
    parts, depth = [""], 0
    for sign in text:
        depth += (sign == "<") - (sign == ">")
        if sign == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += sign
    return [part.strip() for part in parts if part.strip()]


@app.command()
def demo(
    plot: Annotated[Path, typer.Option(help="Where the figure goes.")] = Path("chopper-demo.png"),
    fmt: Annotated[str | None, typer.Option("--fmt", help="Formats, separated by commas; by default all.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the data split, the training and stochastic rounding.")] = 0,
) -> None:
    """Run a network, a least squares problem and a series in every format; print tables and draw a figure."""
    from chopper import demo as parts
    from chopper.demo import figure, report

    _check_plot(plot)
    start = time.perf_counter()
    with _progress() as progress:
        tasks: dict[str, Any] = {}

        def follow(part: str, done: int, count: int) -> None:
            if part not in tasks:
                tasks[part] = progress.add_task(part, total=count)
            progress.update(tasks[part], completed=done)

        result = parts.run(None if fmt is None else _names(fmt), seed, follow)
    console = _console()
    for one in report.tables(result):
        console.print(one)
        console.print()
    figure.draw(result, plot)
    console.print(f"figure: {plot}   ({time.perf_counter() - start:.0f} s)")


@app.command()
def verify(
    proofs: Annotated[bool, typer.Option(help="Prove the kernels too, where z3 is installed.")] = True,
    seed: Annotated[int, typer.Option(min=0, help="Of the random inputs.")] = 0,
    hardware: Annotated[
        bool, typer.Option("--hardware", help="Compare matrix instructions with their models.")
    ] = False,
    rows: Annotated[int, typer.Option(min=1, help="--hardware: results of each class of inputs.")] = 20_000,
    only: Annotated[str, typer.Option(help="--hardware: units whose names start so.")] = "",
    rehearse: Annotated[bool, typer.Option("--rehearse", help="--hardware: models play the instructions.")] = False,
    every: Annotated[bool, typer.Option("--every", help="--hardware: conversions of all codes of 32 bits.")] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="--hardware: write the data here.")] = None,
    report: Annotated[Path | None, typer.Option(help="--hardware: write a page in Markdown here.")] = None,
    record: Annotated[Path | None, typer.Option(help="--hardware: write recorded vectors into this folder.")] = None,
) -> None:
    """Check on this machine that the bits are right; exit code 1 if any is not."""
    if hardware:
        _verify_hardware(
            rows=rows, key=seed, only=only, rehearse=rehearse, every=every, json_file=json_file, report=report,
            record=record,
        )  # fmt: skip
        return
    found = []
    with _progress() as progress:
        task = progress.add_task("checking", total=None)
        for count, check in checks(proofs, seed):
            found.append(check)
            progress.update(task, total=count, completed=len(found), description=check.subject)
    console = _console()
    console.print(show.check_table(found))
    if proofs and not can_prove():
        console.print("no proofs: z3 is not installed (pip install z3-solver)")
    wrong = sum(not check.passed for check in found)
    console.print(f"{len(found) - wrong} of {len(found)} checks passed")
    if wrong:
        raise typer.Exit(1)


def _verify_hardware(**asked: Any) -> None:
    from chopper.verify.hardware import verify_hardware

    with _progress() as progress:
        task = progress.add_task("probing", total=None)
        text, agreed = verify_hardware(**asked, follow=lambda what: progress.update(task, description=what))
    console = _console()
    for line in text:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    if not agreed:
        raise typer.Exit(1)
