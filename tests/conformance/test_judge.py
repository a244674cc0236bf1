"""The vectorised judge is the oracle: the same codes and the same errors."""

from __future__ import annotations

import numpy as np
import pytest

from chopper.errors import PolicyError, RangeError
from tests.conformance.catalogue import FORMATS, MODES, POLICIES
from tests.conformance.judge import Judge, boundary_words
from tests.oracle import adversarial, round_code

SUBJECT = "the vectorised judge against the oracle"
SAMPLE = 24


def by_oracle(fmt, x, mode, policy, word, bits):
    try:
        return round_code(fmt, x, mode, overflow=policy, word=word, random_bits=bits)
    except RangeError:
        return None


@pytest.mark.parametrize("fmt", FORMATS, ids=str)
def test_judge_is_the_oracle(fmt, tally):
    number = FORMATS.index(fmt)
    rng = np.random.default_rng(number)
    every = adversarial(fmt, "float64" if number % 2 else "float32")
    special = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, -np.nan], every.dtype)
    for at, mode in enumerate(MODES):
        xs = np.concatenate([special, rng.choice(every, SAMPLE)])
        judge, bits = Judge(fmt, xs), (32, 1, 7, 20)[(at + number) % 4]
        words = boundary_words(judge, bits, at)
        for policy in POLICIES:
            try:
                answer = judge.answer(mode, policy, words, bits)
            except PolicyError:
                with pytest.raises(PolicyError):
                    round_code(fmt, fmt.max * 8, mode, overflow=policy)
                continue
            want = [by_oracle(fmt, x, mode, policy, int(w), bits) for x, w in zip(xs, words, strict=True)]
            got = [None if bad else int(code) for code, bad in zip(*answer, strict=True)]
            tally.note(xs.size, fmt, mode, sum(a != b for a, b in zip(got, want, strict=True)))
            assert got == want, (mode, policy, [float(x).hex() for x in xs])
