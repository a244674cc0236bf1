"""The page in use: clicks, typing, keyboard, a narrow window, both themes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import chopper
from tests.explorer.ask import CODES, CONTRASTS, FOCUS, NAMELESS

WIDTHS = (360, 768, 960, 1200)


def fits(page: Any) -> bool:
    """Whether nothing reaches beyond the window."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def value(page: Any) -> str:
    return str(page.locator("#code-value").inner_text())


def test_clicking_bits(show: Any) -> None:
    """Turning bits gives the library's values, and the fields of the bits."""
    page = show()
    assert value(page) == "1"
    code = 0x38
    for bit in (0, 6, 7, 3, 1):
        page.locator(f'#codes-body [data-bit="{bit}"]').click()
        code ^= 1 << bit
        assert value(page).replace("−", "-") == f"{chopper.decode(code, 'e4m3'):g}"
    fields = page.locator("#codes-body .bits small").all_inner_texts()
    assert fields == ["sign", "exponent", "fraction"]
    page.locator("#codes-body").get_by_role("button", name="NaN", exact=True).click()
    assert value(page) == "NaN"


def test_fields_of_posits_follow_the_code(show: Any) -> None:
    """Another format, a code that is typed, a cell of the map."""
    page = show()
    page.get_by_role("radio", name="posit8").check()
    page.get_by_label("Code", exact=True).fill("0x7e")
    page.get_by_label("Code", exact=True).press("Enter")
    assert page.locator("#codes-body .bits small").all_inner_texts() == ["sign", "regime"]
    assert value(page) == "1048576"
    page.locator('#codes-body [data-cell="128"]').click()
    assert value(page) == "NaR"
    page.get_by_label("Code", exact=True).fill("0x100")
    page.get_by_label("Code", exact=True).press("Enter")
    assert value(page) == "NaR"


@pytest.mark.parametrize("text", ["300", "-0.011", "1/3", "1e30"])
def test_typing_a_number(show: Any, text: str) -> None:
    """The codes that are shown are those of the library, in every mode that is not left to chance."""
    page = show()
    page.get_by_label("Number", exact=True).fill(text)
    number = eval(text)
    for name in ("e4m3", "posit8"):
        column = page.locator(f'[data-format="{name}"]')
        for mode in chopper.Rounding:
            codes = column.locator(f'[data-mode="{mode.value}"] .out').evaluate_all(CODES)
            if mode.random:
                assert set(codes) <= {int(chopper.encode(number, name, m)) for m in ("toward_zero", "away_from_zero")}
            else:
                assert codes == [int(chopper.encode(number, name, mode))]
    assert "float64" in page.locator("#number-read").inner_text()


def test_what_is_no_number(show: Any) -> None:
    """It is said, and nothing is rounded."""
    page = show()
    page.get_by_label("Number", exact=True).fill("three")
    assert "No number" in page.locator("#number-read").inner_text()
    assert page.get_by_label("Number", exact=True).get_attribute("aria-invalid") == "true"
    assert page.locator("#rounding-body .column").count() == 0


def test_overflow_policy(show: Any) -> None:
    """The policy is that of the choice; one that does not suit is refused."""
    page = show()
    page.get_by_label("Number", exact=True).fill("1e9")
    page.get_by_label("Beyond the range").select_option("nan")
    first = page.locator('[data-format="e4m3"] [data-mode="nearest_even"]')
    assert "NaN" in first.inner_text()
    page.get_by_label("Beyond the range").select_option("wrap")
    assert "does not suit" in first.inner_text()


def test_choosing_formats(show: Any) -> None:
    """The list is searched, formats are added up to eight and taken away down to one."""
    page = show()
    page.get_by_role("button", name="Add a format").click()
    page.get_by_label("Search formats").fill("posit")
    names = page.locator("#picker-list input").evaluate_all("all => all.map(one => one.value)")
    assert {str(fmt) for fmt in chopper.formats() if "posit" in str(fmt)} <= set(names)
    assert len(names) < 20
    for name in ("posit16", "posit32", "posit64", "posit8es0", "posit4es1"):
        page.locator(f'#picker-list input[value="{name}"]').check()
    assert page.locator('#picker-list input[value="posit16es1"]').is_disabled()
    page.keyboard.press("Escape")
    assert not page.locator("#picker").is_visible()
    assert page.locator("#chips .chip").count() == 8
    assert page.locator("#line-chart [data-row]").count() == 8
    for _ in range(7):
        page.locator("#chips button:enabled").first.click()
    assert page.locator("#chips .chip").count() == 1
    assert page.locator("#chips button").is_disabled()


ODD = ["fp64", "e8m0", "posit64", "takum_log12", "hif8", "lns_madam8_g1", "int2", "uint64", "binary", "hif4"]
EVERY = [str(fmt) for fmt in chopper.formats()]


@pytest.mark.parametrize("names", [ODD, pytest.param(EVERY, marks=pytest.mark.exhaustive)], ids=["odd", "every"])
def test_formats_can_be_shown(show: Any, names: list[str]) -> None:
    """No format is too wide, too short or too odd for any part of the page."""
    page = show(360)
    for name in names:
        page.evaluate("(name) => explorer.show([name])", name)
        assert page.locator("#chips").inner_text().startswith(name)
        assert value(page)
        assert fits(page), name
    for start in range(0, len(names), 8):
        page.evaluate("(names) => explorer.show(names)", names[start : start + 8])


def test_number_line(show: Any) -> None:
    """It zooms, moves, turns logarithmic, and a click selects the value."""
    page = show()
    note = page.locator("#line-note")
    first = note.inner_text()
    assert first.startswith("From −8 to 8: ") and "15 values of mxfp4" in first
    page.get_by_label("Zoom in").click()
    assert note.inner_text().startswith("From −4.8 to 4.8")
    page.locator("#line-svg").focus()
    page.keyboard.press("ArrowRight")
    assert not note.inner_text().startswith("From −4.8")
    assert page.evaluate("document.activeElement.id") == "line-svg"
    page.keyboard.press("0")
    assert note.inner_text() == first
    page.get_by_role("radio", name="Logarithmic").check()
    positive = sum(1 for code in range(256) if chopper.get("posit8").value(code) > 0)
    assert f"{positive} values of posit8" in note.inner_text()
    page.get_by_role("radio", name="Linear").check()
    box = page.locator("#line-svg").bounding_box()
    page.mouse.click(box["x"] + 12 + (box["width"] - 24) * (6 + 8) / 16, box["y"] + 2 * 58 + 36)
    assert value(page) == "6"
    assert page.locator("#codes-format, [name=codes-format]:checked").first.input_value() == "mxfp4"


def test_a_drag_that_is_cancelled_selects_nothing(show: Any) -> None:
    """A touch that becomes scrolling ends with pointercancel: the next click elsewhere is none on the line."""
    page = show()
    before = value(page)
    page.locator("#line-svg").dispatch_event("pointerdown", {"clientX": 100, "clientY": 100, "bubbles": True})
    page.evaluate("window.dispatchEvent(new PointerEvent('pointercancel'))")
    box = page.locator("#line-svg").bounding_box()
    page.evaluate("([x, y]) => window.dispatchEvent(new PointerEvent('pointerup', {clientX: x, clientY: y}))",
                  [box["x"] + 0.8 * box["width"], box["y"] + 36])  # fmt: skip
    assert value(page) == before


def test_shared_scales(show: Any) -> None:
    """Typed blocks show the library's scales and elements."""
    page = show()
    page.locator("#block-numbers").fill("1 2 3 -4.5 100")
    want = chopper.encode([1, 2, 3, -4.5, 100], "mxfp4")
    codes = page.locator("#blocks-body tr[data-code]").evaluate_all(CODES)
    assert codes == want.codes.tolist()
    assert f"→ {want.scales[0][0]:g}" in page.locator("#blocks-body .level").inner_text()
    page.locator("#block-format").select_option("nvfp4")
    assert page.locator("#blocks-body .level").count() == 2
    page.locator("#block-format").select_option("flex16_5")
    assert "earlier numbers" in page.locator("#blocks-body").inner_text()
    page.locator("#block-numbers").fill("1 x")
    assert "no finite number" in page.locator("#blocks-body").inner_text()


def test_study(show: Any) -> None:
    """The user's numbers are there, as Python found them; formats that were refused or not studied say so."""
    page = show()
    text = page.locator("#study").inner_text()
    assert "weights.npy: 4,096 numbers" in text
    row = page.locator("#study-body tbody tr").first.inner_text()
    assert re.search(r"e4m3\s+\d+\.\d+", row)
    page.get_by_role("button", name="Add a format").click()
    page.locator('#picker-list input[value="lns8"]').check()
    page.keyboard.press("Escape")
    assert "lns8: not studied here" in page.locator("#study").inner_text()


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_the_window(show: Any, width: int, tmp_path: Path) -> None:
    """Neither at first, nor with wide formats, nor with the list open; and it can be seen."""
    page = show(width)
    assert fits(page)
    wide = ("takum_log16", "posit64", "nvfp4")
    for name in wide if width == min(WIDTHS) else wide[:1]:
        page.get_by_role("button", name="Add a format").click()
        page.locator(f'#picker-list input[value="{name}"]').check()
        assert fits(page)
        page.keyboard.press("Escape")
        page.get_by_role("radio", name=name, exact=True).check()
        assert fits(page), name
    page.locator("#block-format").select_option("hif4")
    page.get_by_label("Number", exact=True).fill("-1.2345678901234567e-300")
    assert fits(page)
    picture = page.screenshot(path=tmp_path / f"{width}.png", full_page=True)
    assert len(picture) > 20_000


def test_keyboard_alone(show: Any) -> None:
    """Everything is reached by Tab, the focus is seen, arrows move along bits and codes."""
    page = show()
    seen = []
    for _ in range(60):
        page.keyboard.press("Tab")
        seen.append(page.evaluate(FOCUS))
        if seen[-1][0] == "number":
            break
    names = [str(name) for name, _, _ in seen]
    assert {"theme", "add", "line-svg", "line-scale", "codes-format", "7", "0", "next", "code", "number"} <= set(names)
    assert all(style != "none" and width >= 2 for _, style, width in seen)
    page.locator('#codes-body [data-bit="7"]').focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    assert page.evaluate("document.activeElement.dataset.bit") == "6"
    assert value(page) == f"{chopper.decode(0x78, 'e4m3'):g}"
    page.locator("#codes-body [data-cell='120']").focus()
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.dataset.cell") == "104"
    assert value(page) == f"{chopper.decode(104, 'e4m3'):g}"


def test_names_for_those_who_hear(show: Any) -> None:
    """Every button, field and picture has a name."""
    page = show()
    assert page.evaluate(NAMELESS) == []


def test_themes(show: Any) -> None:
    """The page follows the system and can be switched; texts keep a contrast of at least 4.5."""
    page = show(theme="dark")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    for _ in range(2):
        assert min(page.evaluate(CONTRASTS)) >= 4.5
        page.locator("#theme").click()
    page.locator("#theme").click()
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
