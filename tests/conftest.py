"""Fixtures and profiles for all tests."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.tally import Tally, summarise

ROOT = Path(__file__).resolve().parent.parent

if find_spec("hypothesis"):  # a machine lent for its GPU may lack it
    from hypothesis import HealthCheck, settings

    settings.register_profile("dev", max_examples=50, deadline=None)
    settings.register_profile("ci", max_examples=100, deadline=None, derandomize=True, database=None, print_blob=True)
    settings.register_profile(
        "thorough", max_examples=5000, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev"))


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the root of the source tree."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of measured data: `CHOPPER_SHARED`, or ``shared/`` beside the source tree."""
    folder = Path(os.environ.get("CHOPPER_SHARED") or ROOT.parent / "shared")
    if not folder.is_dir():
        pytest.skip(f"no measured data: {folder.name!r} is no folder; set CHOPPER_SHARED to the one that holds them")
    return folder


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Tally:
    """Return what compares and counts; the module's ``SUBJECT`` says what is compared."""
    counting = Tally(getattr(request.module, "SUBJECT", request.module.__name__))
    request.node.user_properties.append(("tally", counting.counts))
    return counting


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what was compared, one line for each subject."""
    reports = [report for group in terminalreporter.stats.values() for report in group]
    tallies = [
        value
        for report in reports
        if getattr(report, "when", None) == "call"
        for key, value in getattr(report, "user_properties", ())
        if key == "tally"
    ]
    if lines := summarise(tallies):
        terminalreporter.section("compared bit for bit")
        for line in lines:
            terminalreporter.write_line(line)
