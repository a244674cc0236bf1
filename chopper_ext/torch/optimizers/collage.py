"""AdamW whose every operation is done in a narrow format, parameters and second moments kept as pairs: Collage."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch

from chopper import Arithmetic, Format, Rounding, chop, get
from chopper.compensation import CollageState, collage_step
from chopper.errors import PolicyError
from chopper_ext.torch.optimizers.base import RoundingOptimizer, check_dtype, refuse

__all__ = ["Collage"]


class Collage(RoundingOptimizer):
    """AdamW in a narrow format, each step that of `chopper.compensation.collage_step`, bit for bit.

    Parameters
    ----------
    params : iterable
        As for optimizers of torch: parameters in float32 or float64, or groups.  They are rounded at once.
    fmt : str or Format
        In which every operation is rounded, to nearest: a format of single numbers.
    lr, betas, eps, weight_decay : float
        As for AdamW; rounded to the format where they are used.
    plus : bool
        Whether the second moment is a pair, and beta_2, too; parameters always are.
    rounding : str or Rounding
        Mode of every operation, without chance.

    Raises
    ------
    PolicyError
        If the mode is random, or an argument out of range.
    UnsupportedInputError, UnknownFormatError
        If elements of the format share scales, a parameter has another dtype, or a name is unknown.

    Notes
    -----
    What a parameter stands for is its value plus ``state[p]["rest"]``.

    Yu and others, Collage: light-weight low-precision strategy for LLM training, arXiv:2405.03637.

    Examples
    --------
    >>> import torch
    >>> w = torch.nn.Parameter(torch.tensor([256.0]))
    >>> optimizer = Collage([w], "bf16", lr=0.25, weight_decay=0)
    >>> for _ in range(3):
    ...     w.grad = torch.ones(1)
    ...     optimizer.step()
    >>> w.item(), optimizer.state[w]["rest"].item()
    (255.0, 0.25)
    """

    def __init__(
        self,
        params: Iterable[Any],
        fmt: str | Format,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        *,
        plus: bool = True,
        rounding: str | Rounding = "nearest_even",
    ) -> None:
        if Rounding.parse(rounding).random:
            raise PolicyError(f"rounding={rounding!r} draws random words; legal: modes without chance")
        if not (lr >= 0 and eps >= 0 and weight_decay >= 0 and all(0 <= beta < 1 for beta in betas)):
            raise PolicyError(
                f"lr={lr}, eps={eps}, weight_decay={weight_decay}, betas={betas} are not legal; legal: numbers from 0 "
                "on, betas below 1"
            )
        self._arithmetic = Arithmetic(get(fmt), Rounding.parse(rounding))
        self._plus = plus
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay})

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group of parameters, and round them."""
        super().add_param_group(param_group)
        added = self.param_groups.pop()
        for p in added["params"]:
            check_dtype(p)
        with torch.no_grad():
            for p in added["params"]:
                self._round(p)
        self.param_groups.append(added)

    def _round(self, x: torch.Tensor) -> None:
        x.copy_(chop(x.detach(), self._arithmetic.fmt, self._arithmetic.rounding))

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Take a step: gradients are rounded where they lie, then parameters and states are updated."""
        if torch.compiler.is_compiling():
            refuse()
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        with torch.no_grad():
            for group in self.param_groups:
                for p in group["params"]:
                    if p.grad is not None:
                        self._round(p.grad)
                        self._update(group, p)
        return loss

    def _update(self, group: dict[str, Any], p: torch.Tensor) -> None:
        state = self.state[p]
        if not state:
            state["step"] = torch.tensor(0.0)
            state.update({name: torch.zeros_like(p) for name in ("rest", "exp_avg", "exp_avg_sq", "exp_avg_sq_rest")})
        arrays = {name: x.detach().cpu().numpy() for name, x in state.items()}
        before = CollageState(
            (p.detach().cpu().numpy(), arrays["rest"]),
            arrays["exp_avg"],
            (arrays["exp_avg_sq"], arrays["exp_avg_sq_rest"]),
            int(state["step"]),
        )
        assert p.grad is not None
        after = collage_step(
            before, p.grad.cpu().numpy(), self._arithmetic, rate=float(group["lr"]), betas=group["betas"],
            epsilon=group["eps"], decay=group["weight_decay"], plus=self._plus,
        )  # fmt: skip
        state["step"].fill_(after.step)
        new = (*after.parameter, after.moment, *after.second)
        names = ("rest", "exp_avg", "exp_avg_sq", "exp_avg_sq_rest")
        for target, value in zip((p, *(state[name] for name in names)), new, strict=True):
            target.copy_(torch.as_tensor(value))
