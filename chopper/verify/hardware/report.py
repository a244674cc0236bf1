"""What came of a run, as lines for a terminal and as a page in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

__all__ = ["lines", "page"]

_CLASSES = """\
| class | what it asks |
|---|---|
| randn | numbers in a bell shape |
| positive | the same without signs: long sums of one sign |
| spread | exponents from -6 to 6 on both sides |
| gaps | one product leads; the others lie as far below as the bits that are kept reach, two more or less |
| cancel | half of the products are the others with the sign changed; in half of the tiles one differs in its last bit |
| tiny | sums about and below the smallest subnormal number of the result |
| floor | one product is about the smallest number of the result, few others lie far below it |
| normal | c within units of the smallest normal number, products of about its last bit |
| large | c near the largest number, products from its last bit to beyond it |
| dominating | c leads all products by as much as the bits that are kept reach |
| subnormal | subnormal operands |
| zeros | zeros of both signs |
| special | infinities, NaNs, zeros among numbers |
| bits | random codes |
| extremes | integers at the ends of their range |
| one sign | integers of one sign, and c where the sum leaves its range |
"""


def _count(number: int) -> str:
    return f"{number:,}"


def lines(data: Any) -> Iterator[str]:
    """Yield a line for each probe that ran, for each reason why others did not, and a last one for all."""
    ran = [one for one in (*data["units"], *data["conversions"]) if not one["reason"]]
    for one in ran:
        results, wrong = _totals(one)
        yield f"{_title(one):58} {_count(results):>15} compared {_count(wrong):>10} differ  {one['seconds']:6.1f} s"
        yield from (f"    {name}: {_count(bad)} of {_count(n)} differ" for name, (n, bad) in _wrong_classes(one))
        yield from (f"    {example}" for example in one["examples"][:2])
    for reason, names in _reasons(data).items():
        yield f"not run: {reason}: {', '.join(names)}"
    results, wrong = (sum(numbers) for numbers in zip(*map(_totals, ran), strict=True)) if ran else (0, 0)
    yield f"{len(ran)} probes ran: {_count(results)} results compared bit for bit, {_count(wrong)} differ"


def page(runs: Iterable[Any]) -> str:
    """Return a page in Markdown for one run or several."""
    text = [
        "# Hardware report", "",
        "Results of real instructions beside the models of `chopper.hardware`, compared bit for bit; NaNs are one",
        "class. Written by `chopper verify --hardware --report FILE`.", "",
        "## Classes of inputs", "", _CLASSES,
    ]  # fmt: skip
    runs = list(runs)
    for data in runs:
        text += [*_section(data)]
    if reasons := _reasons(_never_run(runs)):
        text += ["## What did not run", ""]
        text += [f"- {reason}: {', '.join(names)}" for reason, names in reasons.items()]
    return "\n".join(text).rstrip() + "\n"


def _section(data: Any) -> Iterator[str]:
    machines = dict.fromkeys(one["machine"] for one in (*data["units"], *data["conversions"]) if one["machine"])
    for machine in machines:
        ran = [one for one in data["units"] if one["machine"] == machine and not one["reason"]]
        turned = [one for one in data["conversions"] if one["machine"] == machine and not one["reason"]]
        results, wrong = _sum([*ran, *turned])
        yield f"## {machine}, {data['date']}"
        yield ""
        yield f"{_count(results)} results, **{_count(wrong)} differ**."
        yield ""
        if ran:
            yield from _products(ran)
        if turned:
            yield from _conversions(turned)


def _never_run(runs: list[Any]) -> Any:
    """Return what ran in none of the runs, as a run of its own; the first one that met a probe gives the reason."""
    kinds: dict[str, dict[str, Any]] = {"units": {}, "conversions": {}}
    for kind, found in kinds.items():
        for data in runs:
            for one in data[kind]:
                if not one["reason"] or _title(one) not in found:
                    found[_title(one)] = one
    left = {kind: [one for one in found.values() if one["reason"]] for kind, found in kinds.items()}
    probed = {one["unit"] for one in kinds["units"].values()}
    without = dict.fromkeys(name for data in runs for name in data["without_probe"] if name not in probed)
    return {**left, "without_probe": list(without)}


def _products(ran: list[Any]) -> Iterator[str]:
    yield "| unit | instruction | results | differ | classes that differ |"
    yield "|---|---|---:|---:|---|"
    for one in ran:
        results, wrong = _totals(one)
        bad = ", ".join(f"{name} {_count(w)} of {_count(n)}" for name, (n, w) in _wrong_classes(one))
        yield f"| `{one['unit']}` | {one['label']} | {_count(results)} | {_count(wrong)} | {bad} |"
    yield ""
    judged = [one for one in ran if one.get("rivals")]
    if judged:
        yield "What models with one parameter changed would get wrong, of some of these results:"
        yield ""
        yield "| unit | instruction | results | wrong |"
        yield "|---|---|---:|---|"
        for one in judged:
            lost = ", ".join(f"{what}: {_count(wrong)}" for what, (_, wrong) in one["rivals"].items())
            yield f"| `{one['unit']}` | {one['label']} | {_count(max(n for n, _ in one['rivals'].values()))} | {lost} |"
        yield ""


def _conversions(ran: list[Any]) -> Iterator[str]:
    yield "| conversion | codes | differ |"
    yield "|---|---:|---:|"
    for one in ran:
        every = "all " if one["every"] else ""
        yield f"| `{one['name']}` | {every}{_count(one['results'])} | {_count(one['wrong'])} |"
    yield ""


def _title(one: Any) -> str:
    return f"{one['unit']} {one['label']}".strip() if "unit" in one else str(one["name"])


def _totals(one: Any) -> tuple[int, int]:
    if "classes" not in one:
        return one["results"], one["wrong"]
    return sum(n for n, _ in one["classes"].values()), sum(w for _, w in one["classes"].values())


def _sum(ran: list[Any]) -> tuple[int, int]:
    totals = [_totals(one) for one in ran]
    return sum(n for n, _ in totals), sum(w for _, w in totals)


def _wrong_classes(one: Any) -> list[tuple[str, tuple[int, int]]]:
    return [(name, (n, wrong)) for name, (n, wrong) in one.get("classes", {}).items() if wrong]


def _reasons(data: Any) -> dict[str, list[str]]:
    """Return what did not run by the reason: how many of each device and instruction."""
    found: dict[str, dict[str, int]] = {}
    for one in (*data["units"], *data["conversions"]):
        if one["reason"]:
            _tick(found, one["reason"], one["unit"] if "unit" in one else str(one["name"]))
    for name in data["without_probe"]:
        _tick(found, "there is no probe", name)
    return {
        reason: [f"{name} ({count})" if count > 1 else name for name, count in names.items()]
        for reason, names in found.items()
    }


def _tick(found: dict[str, dict[str, int]], reason: str, name: str) -> None:
    stem = "cvt" if name.startswith("cvt.") else ".".join(name.split(".")[:2])
    names = found.setdefault(reason, {})
    names[stem] = names.get(stem, 0) + 1
