"""The tables of the documentation are those of the data."""

from __future__ import annotations

import pytest

from tests.docs.pages import DOCS, MARK, TABLES, filled

PAGES = [page for page in sorted(DOCS.rglob("*.md")) if MARK.search(page.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_tables_are_current(page) -> None:
    """``python -m tests.docs.pages`` would change nothing."""
    text = page.read_text(encoding="utf-8")
    assert filled(text) == text, "run python -m tests.docs.pages"


def test_every_table_is_shown() -> None:
    """No table is made for nothing."""
    shown = {found[2] for page in PAGES for found in MARK.finditer(page.read_text(encoding="utf-8"))}
    assert shown == set(TABLES)
