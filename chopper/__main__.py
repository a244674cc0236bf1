"""``python -m chopper`` is the command ``chopper``."""

from chopper.cli import app

__all__: list[str] = []

if __name__ == "__main__":
    app()
