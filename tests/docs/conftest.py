"""What the examples register is forgotten after each of them."""

from __future__ import annotations

import pytest

from chopper.formats import registry


@pytest.fixture(autouse=True)
def registry_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give an example a registry of its own."""
    monkeypatch.setattr(registry, "_REGISTRY", registry.Registry())
