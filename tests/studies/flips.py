"""The definition of a bit flip, in Python integers: Threefry as its paper has it, one element at a time."""

from __future__ import annotations

from fractions import Fraction

from chopper.formats.base import Format
from chopper.formats.fixed import FixedFormat
from chopper.formats.float import FloatFormat
from chopper.formats.posit import PositFormat
from chopper.formats.takum import TakumFormat

ROTATIONS = (13, 15, 26, 6, 17, 29, 16, 24)
M = 0xFFFFFFFF


def threefry(key: tuple[int, int], counter: int) -> tuple[int, int]:
    """Return the two words of a block of Threefry-2x32-20."""
    keys = (*key, key[0] ^ key[1] ^ 0x1BD11BDA)
    x = [((counter >> 32) + keys[0]) & M, ((counter & M) + keys[1]) & M]
    for i in range(20):
        x[0] = (x[0] + x[1]) & M
        turn = ROTATIONS[i % 8]
        x[1] = ((x[1] << turn | x[1] >> (32 - turn)) & M) ^ x[0]
        if i % 4 == 3:
            step = i // 4 + 1
            x = [(x[0] + keys[step % 3]) & M, (x[1] + keys[(step + 1) % 3] + step) & M]
    return x[0], x[1]


def word(key: int, number: int, index: int) -> int:
    """Return the 64-bit word of an element in a stream."""
    words = [threefry(threefry((key >> 32, key & M), M << 32 | 2 * number + i), index) for i in range(2)]
    return (words[0][0] ^ words[0][1]) << 32 | words[1][0] ^ words[1][1]


def exponent_bits(fmt: Format, code: int) -> list[int]:
    """Return the numbers of the bits that say the exponent."""
    bits = f"{code:0{fmt.bits}b}"
    if isinstance(fmt, FloatFormat):
        first, count = int(fmt.signed), fmt.exponent_bits
    elif isinstance(fmt, PositFormat):
        run = 1
        while 1 + run < fmt.n and bits[1 + run] == bits[1]:
            run += 1
        first, count = 1, run + 1 + fmt.es
    elif isinstance(fmt, TakumFormat):
        regime = int(bits[2:5], 2)
        first, count = 1, 4 + (regime if bits[1] == "1" else 7 - regime)
    else:
        raise NotImplementedError(fmt)
    return sorted(fmt.bits - 1 - i for i in range(first, min(first + count, fmt.bits)))


def candidates(fmt: Format, code: int, field: str) -> list[int]:
    """Return the numbers of the bits of a code that a field holds, the lowest first."""
    every = list(range(fmt.bits))
    if field == "any" or (field == "significand" and isinstance(fmt, FixedFormat)):
        return every
    if field == "sign":
        return [fmt.bits - 1]
    power = exponent_bits(fmt, code)
    if field == "exponent":
        return power
    return [bit for bit in every if bit not in power and not (bit == fmt.bits - 1 and getattr(fmt, "signed", True))]


def flips(fmt: Format, codes: list[int], p: Fraction, key: int, field: str, per: str, first: int = 0) -> list[int]:
    """Return the bits that flip, for each element."""
    found = []
    for index, code in enumerate(codes, first):
        bits = candidates(fmt, code, field)
        if per == "bit":
            found.append(sum(1 << b for b in bits if Fraction(word(key, 64 + b, index), 1 << 64) < p))
        elif bits and Fraction(word(key, 0, index), 1 << 64) < p:
            found.append(1 << bits[word(key, 1, index) * len(bits) >> 64])
        else:
            found.append(0)
    return found
