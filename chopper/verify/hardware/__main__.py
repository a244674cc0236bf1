"""``python -m chopper.verify.hardware``: the same as ``chopper verify --hardware``, with nothing installed."""

import sys

from chopper.verify.hardware.command import main

__all__: list[str] = []

if __name__ == "__main__":
    sys.exit(main())
