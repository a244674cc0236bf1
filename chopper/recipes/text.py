"""Recipes as text: lists of ``name=value`` in which a value may hold commas between angle brackets."""

from __future__ import annotations

from collections.abc import Iterable

from chopper.errors import PolicyError, nearest_names

__all__ = ["check_known", "listed", "options"]


def listed(text: str, separator: str = ",") -> list[str]:
    """Cut a text at a separator outside of angle brackets, and strip the parts.

    Examples
    --------
    >>> listed("fixed<8,4>, block=2")
    ['fixed<8,4>', 'block=2']
    """
    found, depth, start = [], 0, 0
    for i, letter in enumerate(text):
        depth += (letter == "<") - (letter == ">")
        if letter == separator and depth == 0:
            found.append(text[start:i].strip())
            start = i + 1
    return [*found, text[start:].strip()]


def options(text: str, what: str, known: Iterable[str]) -> dict[str, str]:
    """Return the options of a text ``name=value,name=value``.

    Raises
    ------
    PolicyError
        If an option has no value, is unknown or comes twice.
    """
    given: dict[str, str] = {}
    for part in listed(text) if text.strip() else []:
        name, equals, value = part.partition("=")
        if not equals or not value:
            raise PolicyError(f"{part!r} is no option of {what}; legal: name=value, with {', '.join(known)}")
        if name in given:
            raise PolicyError(f"option {name!r} of {what} is given twice; give it once")
        given[name] = value
    check_known(given, what, known)
    return given


def check_known(given: Iterable[str], what: str, known: Iterable[str]) -> None:
    """Raise a `PolicyError` for the first name that is not known."""
    legal = tuple(known)
    for name in given:
        if name not in legal:
            near = nearest_names(str(name), legal, 1)
            hint = f"did you mean {near}? " if near else ""
            raise PolicyError(f"{name!r} is unknown in {what}; {hint}legal: {', '.join(legal)}")
