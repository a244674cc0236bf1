"""Every named format in every mode: tensors give the bits of NumPy, by the host's loops and by torch's operators."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import chopper  # noqa: E402
from chopper.engine.backend import Draw, Request  # noqa: E402
from chopper.formats.table import TableFormat  # noqa: E402
from chopper_ext.torch import device  # noqa: E402
from tests.adapters.inputs import difficult, named  # noqa: E402

SUBJECT = "torch tensors against NumPy, eager"
KEY = 2**63 + 11
FORMATS = [str(fmt) for fmt in named("float64", at_length=True)]
QUICK = [name for name in FORMATS if not isinstance(chopper.get(name), TableFormat) or chopper.get(name).bits < 12]
"""All but those whose tables take many seconds to make."""
DTYPES = ("float32", "float64")
FEW, MANY = 500, 100_000


def outcome(function):
    """Return what a call gives, or the error it raises."""
    try:
        return function()
    except chopper.RangeError as error:
        return error


def modes_of(fmt, everything):
    """Return the modes to try: three for formats that are lists, of which each mode makes tables first."""
    few = isinstance(fmt, TableFormat) and not everything
    return (
        [chopper.Rounding.parse(mode) for mode in ("nearest_even", "down", "stochastic")] if few else chopper.Rounding
    )


def compare(name, dtype, count, tally, everything):
    fmt = chopper.get(name)
    xs = difficult(fmt, dtype, count)
    tensor = torch.from_numpy(xs)
    for mode in modes_of(fmt, everything):
        asked, draw = Request(fmt, mode), Draw(KEY, 7)
        options = {"key": KEY, "offset": 7} if mode.random else {}
        for task, call in (("round_", chopper.chop), ("encode", chopper.encode)):
            want = outcome(lambda call=call, o=options, m=mode: call(xs, fmt, m, **o))
            ours = outcome(lambda call=call, o=options, m=mode: call(tensor, fmt, m, **o))
            portable = outcome(lambda task=task, a=asked, d=draw: getattr(device, task)(tensor, a, d))
            if isinstance(want, Exception):
                assert isinstance(ours, chopper.RangeError), f"{fmt} {mode} {task}"
                assert isinstance(portable, chopper.RangeError), f"{fmt} {mode} {task}"
                continue
            tally.same(ours.numpy(), want, xs, fmt=fmt, mode=mode, about=task)
            tally.same(portable.numpy(), want, xs, fmt=fmt, mode=mode, about=f"{task} by operators")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", QUICK)
def test_rounding_and_encoding(name, dtype, tally):
    compare(name, dtype, FEW, tally, False)


@pytest.mark.exhaustive
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", FORMATS)
def test_rounding_and_encoding_of_many(name, dtype, tally):
    compare(name, dtype, MANY, tally, True)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", QUICK)
def test_decoding(name, dtype, tally):
    fmt = chopper.get(name)
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 1 << fmt.bits, FEW, np.uint64).astype(f"u{max(1, 1 << (fmt.bits - 1).bit_length() >> 3)}")
    tensor = torch.from_numpy(codes)
    want = outcome(lambda: chopper.decode(codes, fmt, dtype))
    ours = outcome(lambda: chopper.decode(tensor, fmt, getattr(torch, dtype)))
    portable = outcome(lambda: device.decode(tensor, fmt, dtype == "float64"))
    if isinstance(want, Exception):
        assert isinstance(ours, chopper.RangeError) and isinstance(portable, chopper.RangeError)
        return
    tally.same(ours.numpy(), want, codes, fmt=fmt)
    tally.same(portable.numpy(), want, codes, fmt=fmt, about="by operators")


@pytest.mark.parametrize("options", [{"overflow": "infinity"}, {"overflow": "nan"}, {"overflow": "raise"},
                                     {"compat": "torch"}, {"compat": "cuda"}, {"compat": "matlab_chop"},
                                     {"random_bits": 5, "rounding": "stochastic_b"}], ids=str)  # fmt: skip
@pytest.mark.parametrize("dtype", DTYPES)
def test_policies_and_presets(options, dtype, tally):
    fmt = chopper.get("e5m2")
    for xs in (difficult(fmt, dtype, FEW), np.linspace(-3, 3, 50, dtype=dtype)):
        call = {"key": KEY, **options}
        tensor = torch.from_numpy(xs)
        asked = chopper.engine.backend.request(
            fmt, *(call.get(k, d) for k, d in (("rounding", "nearest_even"), ("overflow", None), ("random_bits", 32),
                                               ("compat", None)))
        )  # fmt: skip
        want = outcome(lambda xs=xs, call=call: chopper.chop(xs, fmt, **call))
        ours = outcome(lambda tensor=tensor, call=call: chopper.chop(tensor, fmt, **call))
        portable = outcome(lambda tensor=tensor, asked=asked: device.round_(tensor, asked, Draw(KEY)))
        if options.get("compat") != "matlab_chop":
            coded = [outcome(lambda t=t, call=call: chopper.encode(t, fmt, **call)) for t in (xs, tensor)]
            coded.append(outcome(lambda tensor=tensor, asked=asked: device.encode(tensor, asked, Draw(KEY))))
            assert len({type(found) for found in coded} & {chopper.RangeError}) == isinstance(want, Exception)
            if not isinstance(want, Exception):
                tally.same(coded[1].numpy(), coded[0], xs, fmt=fmt, about=options)
                tally.same(coded[2].numpy(), coded[0], xs, fmt=fmt, about=f"{options} by operators")
        if isinstance(want, Exception):
            assert isinstance(ours, chopper.RangeError) and isinstance(portable, chopper.RangeError)
            continue
        tally.same(ours.numpy(), want, xs, fmt=fmt, about=options)
        tally.same(portable.numpy(), want, xs, fmt=fmt, about=f"{options} by operators")


def test_what_no_carrier_holds():
    for call in (chopper.chop, lambda x, f: device.round_(x, Request(chopper.get(f)), Draw())):
        with pytest.raises(chopper.RangeError, match="float64 does not hold"):
            call(torch.zeros(3), "posit64")


def test_given_words(tally):
    xs = difficult(chopper.get("e4m3"), "float32", FEW)
    words = np.random.default_rng(1).integers(0, 1 << 32, xs.size, np.uint32)
    want = chopper.chop(xs, "e4m3", "stochastic", random_words=words)
    tensor = torch.from_numpy(xs)
    for given in (torch.from_numpy(words), torch.from_numpy(words.view(np.int32)), words):
        ours = chopper.chop(tensor, "e4m3", "stochastic", random_words=given)
        tally.same(ours.numpy(), want, xs, fmt="e4m3", mode="stochastic")
    asked = Request(chopper.get("e4m3"), chopper.Rounding.STOCHASTIC)
    for width in ("float32", "float64"):
        portable = device.round_(tensor.to(getattr(torch, width)), asked, Draw(words=torch.from_numpy(words)))
        tally.same(portable.numpy().astype(np.float32), want, xs, fmt="e4m3", mode="stochastic", about="by operators")


def test_an_index_beyond_32_bits(tally):
    xs = difficult(chopper.get("e4m3"), "float32", FEW)
    asked = Request(chopper.get("e4m3"), chopper.Rounding.STOCHASTIC)
    for offset in (2**32 - 300, 2**63 - 300, 2**64 - 300):
        want = chopper.chop(xs, "e4m3", "stochastic", key=KEY, offset=offset)
        ours = chopper.chop(torch.from_numpy(xs), "e4m3", "stochastic", key=KEY, offset=offset)
        portable = device.round_(torch.from_numpy(xs), asked, Draw(KEY, offset))
        for found in (ours, portable):
            tally.same(found.numpy(), want, xs, fmt="e4m3", mode="stochastic")


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_small_carriers_by_operators(dtype, tally):
    """A sample of all numbers of 16 bits."""
    kind = getattr(torch, dtype)
    xs = torch.arange(0, 1 << 16, 13, dtype=torch.int32).to(torch.int16).view(kind)
    for name in ("e4m3", "fp16", "bf16", "posit8"):
        fmt = chopper.get(name)
        for mode in (chopper.Rounding.NEAREST_EVEN, chopper.Rounding.STOCHASTIC):
            asked = Request(fmt, mode)
            want = outcome(lambda name=name, mode=mode: chopper.chop(xs, name, mode, key=KEY))
            got = outcome(lambda asked=asked: device.round_(xs, asked, Draw(KEY)))
            if isinstance(want, Exception):
                assert isinstance(got, chopper.RangeError)
                continue
            tally.same(got.float().numpy(), want.float().numpy(), fmt=fmt, mode=mode, about=dtype)
