"""Calls in any order: what one leaves behind never changes what another returns."""

from __future__ import annotations

import copy
import json
import pickle

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

import chopper
from chopper import ops
from chopper.errors import ChopperError

NAMES = (
    "e4m3",
    "bf16",
    "posit8",
    "takum_linear16",
    "lns8",
    "int8",
    "fixed<4,4>",
    "nf4",
    "e8m0",
    "mxfp4",
    "mxint8",
    "mine",
)
MODES = ("nearest_even", "up", "toward_zero", "stochastic")
MINE = ({"exponent_bits": 3, "precision": 3}, {"exponent_bits": 2, "precision": 4, "infinities": False, "top_nans": 1})


class Calls(RuleBasedStateMachine):
    """Arrays and scaled arrays that calls make and take, beside what they were when they were made."""

    arrays, scaled = Bundle("arrays"), Bundle("scaled")

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[tuple[np.ndarray, bytes]] = []
        self.first: dict[tuple[object, ...], bytes] = {}
        chopper.register("mine", MINE[0], replace=True)

    def keep(self, x: np.ndarray) -> np.ndarray:
        """Remember the bits of an array."""
        self.kept.append((x, x.tobytes()))
        return x

    def same_as_before(self, what: tuple[object, ...], result: object) -> None:
        """A call that was made before returns the same."""
        found = np.asarray(result)
        assert self.first.setdefault(what, found.tobytes()) == found.tobytes()

    @rule(target=arrays, seed=st.integers(0, 9), rows=st.integers(0, 5), wide=st.booleans(), e=st.integers(-40, 40))
    def new(self, seed: int, rows: int, wide: bool, e: int) -> np.ndarray:
        """Normally distributed numbers of any size."""
        x = np.random.default_rng(seed).standard_normal((rows, 33)) * 2.0**e
        return self.keep(x if wide else x.astype(np.float32))

    @rule(target=arrays, x=arrays, name=st.sampled_from(NAMES), mode=st.sampled_from(MODES), key=st.integers(0, 3))
    def round(self, x: np.ndarray, name: str, mode: str, key: int) -> np.ndarray:
        """Round; once more with `out` and in other memory gives the same."""
        try:
            y = chopper.chop(x, name, mode, key=key)
        except ChopperError:
            return x
        out = np.full((x.shape[0], 66), 7, x.dtype)[:, ::2]
        assert chopper.chop(np.asfortranarray(x), name, mode, key=key, out=out) is out
        assert out.tobytes() == y.tobytes()
        self.same_as_before(("round", x.tobytes(), x.dtype, x.shape, str(chopper.get(name).to_dict()), mode, key), y)
        return self.keep(y)

    @rule(target=arrays, x=arrays, y=arrays, name=st.sampled_from(NAMES), which=st.sampled_from(["add", "mul", "div"]))
    def operate(self, x: np.ndarray, y: np.ndarray, name: str, which: str) -> np.ndarray:
        """Operations, or an error that leaves `out` as it was."""
        out = np.full(x.shape, 7.0)
        try:
            result = getattr(ops, which)(x, y, name, out=out)
        except (ChopperError, ValueError):
            assert (out == 7).all()
            return x
        return self.keep(result.copy())

    @rule(target=scaled, x=arrays, name=st.sampled_from(["mxfp4", "mxint8", "nvfp4", "mxfp8_e4m3"]))
    def share_scales(self, x: np.ndarray, name: str) -> object:
        """Codes and scales."""
        return chopper.encode(x.astype(np.float32), name)

    @rule(s=consumes(scaled))
    def there_and_back(self, s: chopper.ScaledArray) -> None:
        """Copies and pickles decode alike."""
        want = s.decode().tobytes()
        for twin in (copy.deepcopy(s), pickle.loads(pickle.dumps(s))):
            assert twin.decode().tobytes() == want

    @rule(which=st.sampled_from(MINE))
    def redefine(self, which: dict[str, object]) -> None:
        """A name that is given to another format is that format from then on."""
        fmt = chopper.register("mine", json.loads(json.dumps(which)), replace=True)
        assert chopper.get("mine") == fmt

    @rule(name=st.sampled_from(["e4mm", "", "posit", "fixed<-1,2>", "mine<", "bf16<bias=x>"]))
    def ask_for_nonsense(self, name: str) -> None:
        """Unknown formats are errors, and stay so."""
        try:
            chopper.get(name)
        except ChopperError:
            return
        raise AssertionError(name)

    @invariant()
    def nothing_has_changed(self) -> None:
        """No call writes into what it was given, or into what another returned."""
        for x, bits in self.kept[-6:]:
            assert x.tobytes() == bits


Calls.TestCase.settings = settings(stateful_step_count=25, deadline=None)
TestCalls = Calls.TestCase
