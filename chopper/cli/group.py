"""How the command fails: one line on stderr and exit code 2, never a traceback for a mistake of the user."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import typer
from typer.core import TyperGroup

from chopper.errors import ChopperError

__all__ = ["OneLineErrors"]

_EXTRAS = MappingProxyType({"matplotlib": "plot", "sklearn": "demo"})


class OneLineErrors(TyperGroup):
    """A group of commands that turns errors a user can cure into one line and exit code 2."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except (ChopperError, OSError) as error:
            text = str(error)
        except ModuleNotFoundError as error:
            package = (error.name or "").partition(".")[0]
            if package not in _EXTRAS:
                raise
            text = f'this needs {package}: pip install "chopper[{_EXTRAS[package]}]"'
        typer.echo(f"chopper: {' '.join(text.split())}", err=True)
        raise typer.Exit(2)
