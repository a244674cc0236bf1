"""A matrix product with every name resolved."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from chopper.accumulate import Accumulator
from chopper.engine.plan import Request, request
from chopper.formats.registry import get

__all__ = ["Task", "task_of"]


class Task(NamedTuple):
    """The roundings of a product; None where there is none."""

    accumulate: Accumulator
    product: Request | None
    sum: Request | None  # None: exact
    flush: Request | None
    result: Request

    @property
    def random(self) -> bool:
        """Whether random words are needed."""
        return self.result.rounding.random

    @property
    def formats(self) -> tuple[Request, ...]:
        """Every rounding, without repetition."""
        return tuple(dict.fromkeys(r for r in (self.product, self.sum, self.flush, self.result) if r is not None))


@lru_cache(maxsize=256)
def task_of(a: Accumulator) -> Task:
    """Resolve the names of an accumulator.

    Raises
    ------
    PolicyError
        If the overflow policy does not suit the format of the sum, or of the result of an exact sum.
    """

    def asked(name: str, overflow: str | None = None) -> Request:
        return request(get(name), a.rounding, overflow, a.random_bits, None)

    total = None if a.sum == "exact" else asked(a.sum, a.overflow)
    flush = total if a.flush is None else asked(a.flush)
    product = None if a.exact_products else total if a.product is None else asked(a.product)
    if product is not None and total is not None and product.fmt == total.fmt:
        product = total
    if total is None:  # an exact sum overflows in the format of the result
        last: Request | None = asked(a.result, a.overflow)
    else:
        last = flush if a.result is None or (flush is not None and get(a.result) == flush.fmt) else asked(a.result)
    assert last is not None
    return Task(a, product, total, flush, last)
