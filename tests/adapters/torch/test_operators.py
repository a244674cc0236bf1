"""The operators keep what torch asks of operators, and their texts mean what was said."""

from __future__ import annotations

from itertools import product

import pytest

torch = pytest.importorskip("torch")

import chopper  # noqa: E402
from chopper.engine.backend import Request  # noqa: E402
from chopper_ext.torch.operators import decode_op, encode_op, round_op  # noqa: E402
from chopper_ext.torch.spelling import read, spell, spell_format  # noqa: E402
from tests.adapters.torch.inputs import same  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.:DeprecationWarning")

NEAREST = spell(Request(chopper.get("e4m3")))
RANDOM = spell(Request(chopper.get("bf16"), chopper.Rounding.STOCHASTIC))
CHECKS = ("test_schema", "test_autograd_registration", "test_faketensor", "test_aot_dispatch_dynamic")
SAMPLES = {
    "contiguous": torch.randn(8),
    "transposed": torch.randn(4, 6).T,
    "channels last": torch.randn(1, 2, 3, 4).to(memory_format=torch.channels_last),
    "0-d": torch.tensor(0.3),
    "empty": torch.randn(0, 3),
    "half": torch.randn(5).half(),
    "bfloat16": torch.randn(2, 3).bfloat16().T,
    "float64": torch.randn(5).double(),
    "int64": torch.arange(4),
    "float8": torch.randn(6).to(torch.float8_e5m2),
}


@pytest.mark.parametrize("sample", SAMPLES)
def test_opcheck(sample):
    x = SAMPLES[sample]
    utils = CHECKS if x.dtype != torch.int64 else CHECKS[:3]
    utils = utils if x.dtype != torch.float8_e5m2 else CHECKS[1:3]  # the others would multiply float8
    for operator, text in product((round_op, encode_op), (NEAREST, RANDOM)):
        found = torch.library.opcheck(operator, (x, None, text, 3, 2), test_utils=utils)
        assert set(found.values()) == {"SUCCESS"}
    words = torch.randint(-9, 9, x.shape).to(torch.int32)
    assert set(torch.library.opcheck(round_op, (x, words, RANDOM, 0, 0), test_utils=utils).values()) == {"SUCCESS"}


@pytest.mark.parametrize("wide", [False, True])
def test_opcheck_of_decoding(wide):
    codes = torch.arange(24, dtype=torch.uint8).view(4, 6)
    for c, checks in ((codes, CHECKS), (codes.T, CHECKS), (codes.view(torch.float8_e4m3fn), CHECKS[1:3])):
        assert set(torch.library.opcheck(decode_op, (c, "e4m3", wide), test_utils=checks).values()) == {"SUCCESS"}


def test_every_request_has_a_text():
    for fmt, mode in product(chopper.formats(), chopper.Rounding):
        asked = Request(fmt, mode)
        assert read(spell(asked)) == asked
        assert chopper.get(spell_format(fmt)) == fmt
    options = Request(
        chopper.get("e4m3<negative_zero=false>"), chopper.Rounding.STOCHASTIC_B, chopper.Overflow.NAN, 7, "p3109"
    )
    assert read(spell(options)) == options


def test_a_text_outlives_the_name_of_a_format():
    """A name may come to stand for another format; a graph keeps the one that was meant."""
    chopper.register("of-this-test", chopper.get("e5m2"))
    text = spell(Request(chopper.get("of-this-test")))
    chopper.register("of-this-test", chopper.get("e4m3"), replace=True)
    assert read(text).fmt == chopper.get("e5m2")


def test_a_format_that_no_name_leads_to():
    from chopper.formats.codebook import CodebookFormat

    lone = chopper.get("nf4")
    assert isinstance(lone, CodebookFormat)
    mine = CodebookFormat(values=lone.values[:8], name="nowhere")
    try:
        found = spell_format(mine)
    except chopper.FormatError as error:
        assert "chopper.register" in str(error)
    else:
        assert chopper.get(found) == mine


def test_keys_of_64_bits_are_signed_in_graphs():
    x = torch.randn(50)
    want = chopper.chop(x, "bf16", "stochastic", key=2**64 - 1, offset=2**64 - 9)
    assert same(round_op(x, None, RANDOM, -1, -9), want)


def test_words_are_checked():
    with pytest.raises(chopper.RandomKeyError):
        round_op(torch.zeros(3), torch.zeros(2, dtype=torch.int32), RANDOM, 0, 0)
