"""Where names become formats: the tables, the grammars and the formats that a user registers."""

from __future__ import annotations

import re
import reprlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields, is_dataclass, replace
from functools import lru_cache
from typing import Any

from chopper.errors import FormatError, UnknownFormatError, nearest_names
from chopper.formats.base import Format
from chopper.formats.fixed_names import FIXED
from chopper.formats.grammar import FLOAT, Family, fold, label, options
from chopper.formats.plugins import Brought, brought
from chopper.formats.posit_names import POSIT
from chopper.formats.scaled_names import SCALED
from chopper.formats.table_names import CODEBOOK, LNS
from chopper.formats.tables import Row
from chopper.formats.tapered_names import HIF8, TAKUM

__all__ = ["FAMILIES", "Registry", "formats", "get", "names", "register", "rows"]

FAMILIES: tuple[Family, ...] = (FLOAT, POSIT, TAKUM, HIF8, LNS, FIXED, CODEBOOK, SCALED)
"""Every family of formats that chopper knows."""

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_OPTIONS = re.compile(r"(?:[^<>]|<(?:[^<>]|<[^<>]*>)*>)*>")


class Registry:
    """The formats of some families, and those registered by name.

    Names differ neither by case nor by ``-``, ``_`` and spaces.  What the families define cannot be redefined.
    `plugins` yields formats of other packages; it is asked once, when a name is unknown or all names are wanted.

    Examples
    --------
    >>> mine = Registry()
    >>> mine.register("my-fp4", {"exponent_bits": 2, "precision": 2, "infinities": False, "top_nans": 0}).max
    Fraction(6, 1)
    >>> str(mine.get("My FP4"))
    'my-fp4'
    """

    def __init__(
        self, families: tuple[Family, ...] = FAMILIES, plugins: Callable[[], Iterable[Brought]] = tuple
    ) -> None:
        self._families, self._plugins = families, plugins
        self._builtin: dict[str, Row] = {}
        self._own: dict[str, Row] = {}
        self._resolve = lru_cache(maxsize=1024)(self._find)
        for row in (row for family in families for row in family.rows):
            for key in map(fold, (row.name, *row.aliases)):
                if self._builtin.setdefault(key, row) is not row:
                    raise FormatError(f"the name {key!r} stands for both {self._builtin[key].name} and {row.name}")

    def get(self, fmt: str | Format) -> Format:
        """Return the format that a name or grammar string stands for; a `Format` is returned as it is."""
        if isinstance(fmt, Format):
            return fmt
        if not isinstance(fmt, str):
            raise UnknownFormatError(f"a format is a name such as 'e4m3' or a Format, not {self._shown(fmt)}")
        return self._resolve(fmt)

    def rows(self) -> Iterator[Row]:
        """Yield the row of every named format, the registered ones last."""
        self._ask_plugins()
        yield from (row for family in self._families for row in family.rows)
        yield from dict.fromkeys(self._own.values())

    def register(
        self, name: str, fmt: Format | dict[str, Any], *, aliases: Iterable[str] = (), replace: bool = False
    ) -> Format:
        """Give a format a name; see `chopper.formats.registry.register`."""
        if isinstance(aliases, str):
            raise FormatError(f"aliases={aliases!r} is not legal; legal: several names, as in ({aliases!r},)")
        aliases = tuple(aliases)
        keys = [self._free(text) for text in (name, *aliases)]
        return self._add(name, aliases, keys, fmt, "registered", replace)

    def _add(
        self, name: str, aliases: tuple[str, ...], keys: list[str], fmt: object, source: str, replace: bool
    ) -> Format:
        row = Row(name, aliases, self._named(name, self._from(fmt)), source)
        old = self._own.get(keys[0])
        if old is not None and not replace and old.format != row.format:
            raise FormatError(f"the name {name!r} is taken by {old.name}; pass replace=True to replace it")
        for key in keys:
            other = self._own.get(key)
            if other is not None and other is not old:
                raise FormatError(f"the name {key!r} is taken by {other.name}; choose another")
        kept = {key: value for key, value in self._own.items() if value is not old}
        self._own = {**kept, **dict.fromkeys(keys, row)}
        self._resolve.cache_clear()
        return row.format

    def _ask_plugins(self) -> None:
        """Register the formats of other packages, the first time."""
        plugins, self._plugins = self._plugins, tuple
        try:
            for name, fmt, package in plugins():
                self._add(name, (), [self._free(name)], fmt, f"package {package}", replace=False)
        except BaseException:
            self._plugins = plugins
            raise

    def _find(self, text: str) -> Format:
        key = fold(text)
        try:
            found = self._understand(key)
            if found is None:
                self._ask_plugins()
                found = self._understand(key)
        except FormatError as error:
            raise FormatError(f"format {text!r}: {error}") from None
        if found is None:
            raise UnknownFormatError(self._complaint(text, key))
        return found

    def _understand(self, key: str) -> Format | None:
        if row := self._builtin.get(key) or self._own.get(key):
            return row.format
        for rule in (rule for family in self._families for rule in family.rules):
            if match := rule.pattern.fullmatch(key):
                return rule.build(match)
        stem, mark, rest = key.partition("<")
        row = self._builtin.get(stem) or self._own.get(stem)
        if row and mark and _OPTIONS.fullmatch(rest):
            return self._with_options(row, rest[:-1])
        return None

    def _with_options(self, row: Row, text: str) -> Format:
        for family in self._families:
            if isinstance(row.format, family.type) and family.options:
                given = options(text, family.options)
                changed: Format = row.format.with_options(**given, name=label(row.name, given))  # type: ignore[attr-defined]
                return changed
        raise FormatError(f"the format {row.name!r} takes no options: '<{text}>'")

    def _from(self, fmt: object) -> Format:
        if isinstance(fmt, Format):
            return fmt
        if not isinstance(fmt, dict):
            raise FormatError(f"{fmt!r} is no format; legal: a Format, or a dict of the fields of one")
        kinds = {family.name: family for family in self._families}
        kind = fmt.get("family", "float")
        if not isinstance(kind, str) or kind not in kinds:
            raise FormatError(f"family={kind!r} is not legal; legal: {', '.join(kinds)}")
        return kinds[kind].from_dict(fmt)

    @staticmethod
    def _named(name: str, fmt: Any) -> Format:
        """Return `fmt` under its new name, so that ``str`` of it leads back to it."""
        has_name = is_dataclass(fmt) and any(field.name == "name" for field in fields(fmt))
        named: Format = replace(fmt, name=name) if has_name else fmt
        return named

    def _free(self, name: object) -> str:
        """Return the folded name, or complain that it is no name or means something already."""
        key = fold(name) if isinstance(name, str) else ""
        if not _NAME.fullmatch(key):
            raise FormatError(f"{name!r} cannot be a name; legal: a letter, then letters, digits, '-', '_' and spaces")
        taken = key in self._builtin
        if taken or any(rule.pattern.fullmatch(key) for family in self._families for rule in family.rules):
            raise FormatError(f"the name {name!r} is built in and cannot be redefined; choose another")
        return key

    def _shown(self, thing: object) -> str:
        """Return what was given for a format, and its name if it is a type of numbers that has one here."""
        name = getattr(thing, "name", None) or getattr(thing, "__name__", None) or str(thing).rpartition(".")[2]
        row = self._builtin.get(fold(name)) if isinstance(name, str) else None
        return f"{thing!r}; pass its name: {name!r}" if row else f"{reprlib.repr(thing)}; chop(x, fmt): numbers first"

    def _complaint(self, text: str, key: str) -> str:
        known = [name for row in self.rows() for name in (row.name, *row.aliases)]
        near = nearest_names(text.lower().partition("<")[0], known)
        advice = "; ".join(filter(None, (family.advise(key) for family in self._families)))
        examples = ", ".join(repr(rule.example) for family in self._families for rule in family.rules)
        hint = f"nearest: {near}; " if near else ""
        return f"unknown format {text!r}; {hint}{advice or f'a format can be written out, as in {examples}'}"


_REGISTRY = Registry(plugins=brought)


def get(fmt: str | Format) -> Format:
    """Return the format that a name or grammar string stands for; a `Format` is returned as it is.

    Raises
    ------
    UnknownFormatError
        If no table, grammar or registered name knows it; the message lists the nearest names.
    FormatError
        If it is understood but impossible.

    Examples
    --------
    >>> get("E4M3-FN") == get("e4m3"), str(get("half"))
    (True, 'fp16')
    >>> get("bf16<subnormals=flush>").smallest_subnormal is None
    True
    >>> get("binary8p3se").max
    Fraction(49152, 1)
    """
    return _REGISTRY.get(fmt)


def formats() -> Iterator[Format]:
    """Yield every named format: the tables, then what was registered.

    Examples
    --------
    >>> next(formats()).bits
    16
    """
    return (row.format for row in _REGISTRY.rows())


def names() -> tuple[str, ...]:
    """Return the canonical name of every named format.

    Examples
    --------
    >>> "e5m2" in names()
    True
    """
    return tuple(row.name for row in _REGISTRY.rows())


def rows() -> Iterator[Row]:
    """Yield the row of every named format: name, aliases, format, source and note.

    Examples
    --------
    >>> next(row.aliases for row in rows() if row.name == "bf16")
    ('bfloat16', 'b', 'e8m7')
    """
    return _REGISTRY.rows()


def register(name: str, fmt: Format | dict[str, Any], *, aliases: Iterable[str] = (), replace: bool = False) -> Format:
    """Give a format a name of your own, and return it under that name.

    Parameters
    ----------
    name : str
        A letter, then letters, digits, ``-``, ``_`` and spaces; not a built-in name or grammar string.
    fmt : Format or dict
        The format, or its fields as ``to_dict`` returns them (JSON-able).
    aliases : iterable of str
        Other names.
    replace : bool
        Whether the name may already stand for another registered format.

    Raises
    ------
    FormatError
        If the name is illegal, built in or taken, or the fields are impossible.

    Examples
    --------
    >>> register("half", get("bf16"))
    Traceback (most recent call last):
    chopper.errors.FormatError: the name 'half' is built in and cannot be redefined; choose another
    """
    return _REGISTRY.register(name, fmt, aliases=aliases, replace=replace)
