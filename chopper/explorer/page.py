"""The page: a template with style, scripts and data put into it."""

from __future__ import annotations

import json
import re
import webbrowser
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Any

from chopper import __version__
from chopper.errors import UnsupportedInputError
from chopper.explorer.describe import describe, formats_of
from chopper.formats.base import Format
from chopper.formats.registry import formats
from chopper.rounding import Overflow, Rounding

__all__ = ["DEFAULT", "SCRIPTS", "page", "show_page", "write_page"]

DEFAULT = ("e4m3", "posit8", "mxfp4")
"""The formats chosen at first."""

SCRIPTS = (
    *(f"core/{name}.js" for name in (
        "rational", "real", "number", "rules", "order", "float", "listed", "tapered", "posit", "takum", "lns", "fixed",
        "list", "model", "gaps", "blocks",
    )),
    *(f"view/{name}.js" for name in (
        "dom", "chart", "state", "picker", "line", "bits", "codes", "rounding", "accuracy", "study", "blocks", "main",
    )),
)  # fmt: skip
"""The scripts, each after those that it needs."""


def page(
    chosen: str | Format | Iterable[str | Format] = DEFAULT, study: dict[str, Any] | None = None, only: bool = False
) -> str:
    """Return the page as text.

    Parameters
    ----------
    chosen : str, Format or iterable of either
        The formats that are shown at first, at most eight of them.
    study : dict, optional
        What `chopper.explorer.study` found for the user's own array.
    only : bool
        Leave all other named formats out.

    Raises
    ------
    UnsupportedInputError
        If none or too many formats are chosen, or one of them cannot be shown.

    Examples
    --------
    >>> text = page(["e4m3", "e5m9"])
    >>> text.startswith("<!doctype html>"), "https://" in text
    (True, False)
    """
    first = list(dict.fromkeys(formats_of(chosen)))
    if not 1 <= len(first) <= 8:
        raise UnsupportedInputError(f"{len(first)} formats are not legal; legal: 1 to 8")
    described: dict[str, dict[str, Any]] = {}
    left_out: dict[str, str] = {}
    for fmt in [*first, *(() if only else formats())]:
        try:
            described.setdefault(str(fmt), describe(fmt))
        except UnsupportedInputError as refusal:
            if fmt in first:
                raise
            left_out[str(fmt)] = str(refusal)
    data = {
        "version": __version__,
        "formats": list(described.values()),
        "left_out": left_out,
        "chosen": [str(fmt) for fmt in first],
        "modes": [{"name": mode.value, "formula": mode.formula, "ieee": mode.ieee} for mode in Rounding],
        "policies": [policy.value for policy in Overflow],
        "study": study,
    }
    return _filled(data)


def _filled(data: dict[str, Any]) -> str:
    scripts = "\n".join(_asset(name) for name in SCRIPTS)
    parts = {
        "/*style*/": _asset("explorer.css"),
        '"the data"': json.dumps(data, separators=(",", ":"), ensure_ascii=True).replace("<", "\\u003c"),
        "/*scripts*/": f'(() => {{\n"use strict";\n{scripts}\n}})();',
    }
    marks = re.compile("|".join(map(re.escape, parts)))  # all at once: a mark within a part stays what it is
    return marks.sub(lambda found: parts[found[0]], _asset("explorer.html"))


def _asset(name: str) -> str:
    return files("chopper.explorer").joinpath("assets", *name.split("/")).read_text("utf-8")


def write_page(path: str | Path, chosen: str | Format | Iterable[str | Format] = DEFAULT, **options: Any) -> None:
    """Write the page to a file; `options` are those of `page`.

    Raises
    ------
    UnsupportedInputError
        As `page`.
    OSError
        If the file cannot be written.
    """
    Path(path).write_text(page(chosen, **options), "utf-8")


def show_page(path: str | Path) -> bool:
    """Open a written page in the user's browser; return whether there is one."""
    return webbrowser.open(Path(path).resolve().as_uri())
