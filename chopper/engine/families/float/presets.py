"""Presets: how other tools convert, as data, so that ``compat=`` gives their codes bit for bit (NaN payloads aside)."""

from __future__ import annotations

from typing import NamedTuple

from chopper.engine.families.float.edges import Edges, default_overflow, edges_of
from chopper.errors import PolicyError, nearest_names
from chopper.formats.float import FloatFormat
from chopper.formats.registry import get
from chopper.rounding import Overflow, Rounding

__all__ = ["PRESETS", "Preset", "Resolved", "Row", "p3109_edges", "preset", "resolve"]


class Row(NamedTuple):
    """What a preset does with some formats."""

    formats: str  # names, separated by spaces; "*" for all others
    overflow: str | None = None  # the policy used when the caller names none
    rounding: str | None = None  # the mode that stands in for nearest_even
    codes: tuple[tuple[str, int], ...] = ()  # fields of `Edges` given outright
    negative: str | None = None  # stands in for the format's own policy
    naive: bool = False  # parity of the significand even for precision 1, carrier subnormals left unnormalised


class Resolved(NamedTuple):
    """What a format, a mode, a policy and a preset come to."""

    fmt: FloatFormat
    mode: Rounding
    edges: Edges
    narrow: bool = False
    naive: bool = False


class Preset(NamedTuple):
    """How one tool converts."""

    name: str
    source: str
    narrow: bool  # whether float64 is rounded to float32 first
    rows: tuple[Row, ...]


_ML_DTYPES = Preset(
    "ml_dtypes",
    "ml_dtypes 0.6.0; also JAX from float32",
    True,
    (
        Row("e4m3 e4m3fnuz e5m2fnuz e4m3b11fnuz", "nan"),
        Row("e2m3 e3m2", "saturate", codes=(("nan_pos", 0x20), ("nan_neg", 0))),
        Row("e2m1", "saturate", codes=(("nan_pos", 0x8), ("nan_neg", 0))),
        Row("e8m0", "nan", None, (("zero_pos", 0xFF), ("zero_neg", 0xFF)), "nan", naive=True),
    ),
)
_TORCH_E5M2 = Row("e5m2", codes=(("nan_pos", 0x7F), ("nan_neg", 0xFF)))
_TORCH_REST = (
    _TORCH_E5M2,
    Row("e4m3fnuz e5m2fnuz", "nan"),
    Row("e8m0", "nan", None, (("zero_pos", 0), ("zero_neg", 0)), "magnitude", naive=True),
)

PRESETS: tuple[Preset, ...] = (
    _ML_DTYPES,
    Preset("torch", "torch 2.12 to 2.13, CPU (pytorch PR #178817)", True, (Row("e4m3", "saturate"), *_TORCH_REST)),
    Preset("torch<2.12", "torch before 2.12, CPU", True, (Row("e4m3", "nan"), *_TORCH_REST)),
    Preset(
        "cuda",
        "CUDA SATFINITE conversions; PTX ISA, cvt with .satfinite",
        False,
        (
            Row("e4m3 e5m2 e2m3 e3m2 e2m1 ue4m3 ue5m3", "saturate"),
            Row("e8m0", "saturate", "away_from_zero", negative="magnitude"),
        ),
    ),
    Preset(
        "onnx",
        "ONNX Cast-25, saturate=1, round_mode=up",
        False,
        (
            Row("e4m3 e5m2 e2m1", "saturate"),
            Row("e4m3fnuz e5m2fnuz", "saturate", codes=(("inf_pos", 0x80), ("inf_neg", 0x80))),
            Row("e8m0", "saturate", "away_from_zero", negative="magnitude"),
        ),
    ),
    Preset("p3109", "IEEE P3109 Interim Report v4.0, sections 4.7.4 and 4.7.5", False, ()),
    Preset("matlab_chop", "github.com/higham/chop 906c31e", False, ()),
)
"""Every preset, with its source."""


def preset(name: str) -> Preset:
    """Return the preset of a name.

    Raises
    ------
    PolicyError
        If there is none.
    """
    for candidate in PRESETS:
        if candidate.name == name:
            return candidate
    names = [p.name for p in PRESETS]
    near = nearest_names(str(name), names, 1)
    hint = f"did you mean {near}? " if near else ""
    raise PolicyError(f"unknown compat {name!r}; {hint}legal: {', '.join(names)}")


def resolve(fmt: FloatFormat, mode: Rounding, overflow: Overflow | None, compat: str | None) -> Resolved:
    """Return the format, mode and edges to use, and which peculiarities of the preset apply."""
    if compat is None:
        return Resolved(fmt, mode, edges_of(fmt, mode, overflow or default_overflow(fmt)))
    chosen = preset(compat)
    if chosen.name == "p3109":
        return Resolved(fmt, mode, p3109_edges(fmt, mode, overflow))
    row = next((row for row in chosen.rows if any(get(name) == fmt for name in row.formats.split())), Row("*"))
    if row.negative is not None:
        fmt = fmt.with_options(negative=row.negative)
    if row.rounding is not None and mode is Rounding.NEAREST_EVEN:
        mode = Rounding.parse(row.rounding)
    policy = overflow or (Overflow(row.overflow) if row.overflow else default_overflow(fmt))
    edges = edges_of(fmt, mode, policy)._replace(**dict(row.codes))
    narrow = chosen.narrow and fmt.bits <= 16  # float32 and wider formats take float64 as it is
    return Resolved(fmt, mode, edges, narrow, row.naive)


def p3109_edges(fmt: FloatFormat, mode: Rounding, overflow: Overflow | None) -> Edges:
    """Return the edges of P3109 v4.0, table 4.7.5: SatNone unless `overflow` is saturate or propagate."""
    if overflow not in (None, Overflow.INFINITY, Overflow.SATURATE, Overflow.PROPAGATE):
        raise PolicyError(
            f"overflow={overflow.value!r} does not exist in P3109; "
            "legal: 'infinity' (SatNone), 'saturate' (SatFinite), 'propagate' (SatPropagate)"
        )
    plain = edges_of(fmt, mode, Overflow.SATURATE)
    high, low = fmt.max_code, fmt.max_code | fmt.sign_code if fmt.signed else 0
    inf_high = fmt.infinity_code if fmt.infinity_code is not None else high
    inf_low = inf_high | fmt.sign_code if fmt.signed else low
    if overflow is Overflow.SATURATE:
        return plain._replace(over_pos=high, over_neg=low, inf_pos=high, inf_neg=low)
    if overflow is Overflow.PROPAGATE:
        return plain._replace(over_pos=high, over_neg=low, inf_pos=inf_high, inf_neg=inf_low)
    if not fmt.signed:
        inf_low = plain.nan_pos if plain.nan_pos is not None else low
    odd_stays = mode is Rounding.TO_ODD and not fmt.signed and fmt.infinities
    return plain._replace(
        over_pos=high if odd_stays or mode in (Rounding.TOWARD_ZERO, Rounding.DOWN) else inf_high,
        over_neg=low if mode in (Rounding.TOWARD_ZERO, Rounding.UP) else inf_low,
        inf_pos=inf_high,
        inf_neg=inf_low,
    )
