"""The ``chopper`` command."""

try:
    from chopper.cli.commands import app
except ModuleNotFoundError as error:
    if error.name not in ("rich", "typer"):
        raise

    def app() -> None:  # type: ignore[misc]
        """Say what to install: the command needs typer and rich, the library does not."""
        raise SystemExit('the chopper command needs typer and rich: pip install "chopper[cli]"')


__all__ = ["app"]
