"""For the reference: tables of docstrings, drawn with ``====``, are shown letter by letter."""

from __future__ import annotations

import re
from typing import Any

import griffe

__all__ = ["LiteralTables", "fenced"]

_TABLE = re.compile(r"(?ms)^( *)=+( +=+)+$\n.*?^\1=+( +=+)+$\n(?:(?!^ *$).*?^\1=+( +=+)+$\n?)?")


def fenced(text: str) -> str:
    """Return a docstring whose tables are blocks of code of Markdown.

    Examples
    --------
    >>> print(fenced("== ==\\n a  b\\n== =="))
    ```text
    == ==
     a  b
    == ==
    ```
    """
    return _TABLE.sub(lambda found: f"{found[1]}```text\n{found[0].rstrip()}\n{found[1]}```\n", f"{text}\n").rstrip()


class LiteralTables(griffe.Extension):
    """Rewrites docstrings before they are read."""

    def on_instance(self, *, obj: griffe.Object, **_: Any) -> None:
        """Fence the tables of one object."""
        if obj.docstring is not None:
            obj.docstring.value = fenced(obj.docstring.value)
