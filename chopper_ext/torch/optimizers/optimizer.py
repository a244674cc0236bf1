"""Any optimizer of torch with weights, gradients and states of few digits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch.optim import Optimizer

from chopper.errors import ChopperError, UnsupportedInputError
from chopper.random import Keys
from chopper.recipes import Quant
from chopper_ext.torch.optimizers.base import RoundingOptimizer, check_dtype, refuse
from chopper_ext.torch.optimizers.measures import Figures, figures_of
from chopper_ext.torch.optimizers.plan import Plan, plan_of
from chopper_ext.torch.optimizers.updates import arithmetic_of, expanded, held, kahan, nearest, rounded, split

__all__ = ["ChopOptimizer"]

_EXTRAS = {"kahan": "correction", "expansion": "rest"}
"""What is kept beside the weights, by the kind of update."""


class ChopOptimizer(RoundingOptimizer):
    """An optimizer of torch whose weights, gradients and states are rounded after each step.

    A step is, for each parameter with weights w: round the gradient; put the master copy in place of w, if there is
    one; let the optimizer compute, in the dtype of the parameters, what w is to become, new; round it to the master
    copy; then write to the parameter, with R the rounding that `weight` says,

    ==============  ===================================================================================================
    ``plain``       R(new), or R of the master copy
    ``stochastic``  the same, R stochastic
    ``kahan``       s of ``u = R(new - w); y = R(u - c); s = R(w + y); c = R(R(s - w) - y)``, c kept, 0 at first
    ``expansion``   the first of ``(w, e) = grow_pair((w, e), R(new - w))``, see `chopper.compensation.grow_pair`; e
                    kept, at first the rest of the initial weights, rounded
    ==============  ===================================================================================================

    and round the states where they lie.  Every rounding is that of `chopper.chop` or `chopper.ops`, bit for bit; of the
    optimizer's own arithmetic, ``new - w`` is exact before it is rounded.

    Parameters
    ----------
    optimizer : torch.optim.Optimizer
        Made of parameters in float32 or float64.  Its groups are shared: schedulers may change either's.
    weight : Quant, str or None
        How weights are rounded: at once, and in each step.  None: not at all.  A `chopper.recipes.Quant`, or its text
        as ``"e4m3:stochastic"``.
    grad : Quant, str or None
        How gradients are rounded, where they lie.
    state : Quant, str, dict or None
        How states of the optimizer are kept: one for all that have the shape of their parameter, or by name, as
        ``{"exp_avg": "e4m3", "exp_avg_sq": ("bf16", "bf16")}``.  A tuple is an expansion: the sum of x rounded by the
        first, the rest by the second, and so on.
    master : "fp32", Quant, str or None
        How the optimizer keeps weights for itself: unrounded, or rounded to another format than `weight`.
    update : str
        See above.
    key : int, pair of uint32, numpy.random.Generator, Keys or None
        Base of the stream of keys for random modes.  A step draws keys in this order, one for each tensor that is
        rounded at random: gradients, masters and weights, parameter by parameter, then states.
    measure : bool
        Whether to take `figures`.

    Attributes
    ----------
    optimizer : torch.optim.Optimizer
        The one that was given.
    figures : Figures
        What the last step did to the weights: updates, lost ones, EDQ.
    lost_updates : int
        Updates lost in all steps so far.

    Raises
    ------
    PolicyError, UnknownFormatError, RoundingError
        If arguments name nothing or do not go together; kahan and expansion need formats of single numbers, and no
        master copy.
    UnsupportedInputError
        If parameters have another dtype; if a step is compiled; if no state has a name that `state` gives; for sparse
        gradients.

    Notes
    -----
    A group of parameters may have a way of its own: ``{"params": ..., "chopper": {"weight": None}}``.  A closure finds
    the rounded weights, in optimizers that call it again those that the trial would be rounded to, to nearest; its
    gradients are rounded, too.  `state_dict` holds everything, the position of the stream of keys included: loaded into
    an optimizer that is made alike, training goes on with the same bits.

    Zamirai, Zhang, Aberger and De Sa, Revisiting BFloat16 training, arXiv:2010.06192 (stochastic, kahan); Yu and
    others, Collage, arXiv:2405.03637 (expansion, whose arithmetic in the format itself is `Collage`).

    Examples
    --------
    >>> import torch
    >>> def trained(update):
    ...     w = torch.nn.Parameter(torch.tensor([256.0]))
    ...     optimizer = ChopOptimizer(torch.optim.SGD([w], lr=0.125), weight="bf16", update=update, key=1)
    ...     for _ in range(16):
    ...         w.grad = torch.ones(1)
    ...         optimizer.step()
    ...     return w.item(), optimizer.lost_updates
    >>> trained("plain"), trained("kahan"), trained("expansion")
    ((256.0, 16), (254.0, 0), (254.0, 0))
    """

    def __init__(
        self,
        optimizer: Optimizer,
        weight: Quant | str | None = None,
        grad: Quant | str | None = None,
        state: Quant | str | Mapping[str, Any] | None = None,
        master: Quant | str | None = None,
        update: str = "plain",
        *,
        key: Any = None,
        measure: bool = True,
    ) -> None:
        if not isinstance(optimizer, Optimizer):
            raise UnsupportedInputError(f"{optimizer!r} is no optimizer; pass one of torch.optim, made of parameters")
        self._plan = plan_of(weight, grad, state, master, update)
        self._own: dict[torch.Tensor, dict[str, torch.Tensor]] = {}
        self._keys = Keys.of(key)
        self.optimizer, self._measure = optimizer, measure
        self.figures, self.lost_updates = Figures(), 0
        self._ready = False
        super().__init__(optimizer.param_groups, optimizer.defaults)
        self._ready = True
        self._link()
        for group in self.param_groups:
            self._prepare(group)

    def _link(self) -> None:
        self.param_groups, self.state = self.optimizer.param_groups, self.optimizer.state

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group of parameters, and round them."""
        if not self._ready:
            super().add_param_group(param_group)
            return
        self.optimizer.add_param_group(param_group)
        self._link()
        try:
            self._prepare(self.param_groups[-1])
        except ChopperError:
            self.param_groups.pop()
            raise

    def _planned(self, group: dict[str, Any]) -> Plan:
        return self._plan.changed(group["chopper"]) if group.get("chopper") else self._plan

    def _prepare(self, group: dict[str, Any]) -> None:
        """Round parameters at once, and make what is kept beside them."""
        plan = self._planned(group)
        for p in group["params"]:
            if plan != Plan(None, None, plan.state, None, "plain"):
                check_dtype(p)
            full, own = p.detach().clone(), self._own.setdefault(p, {})
            if isinstance(plan.master, Quant):
                full = rounded(full, plan.master, self._keys)
            with torch.no_grad():
                p.copy_(rounded(full, plan.weight, self._keys))
            if plan.master is not None:
                own["master"] = full
            if plan.update == "kahan":
                own["correction"] = torch.zeros_like(full)
            if plan.update == "expansion":
                by = arithmetic_of(plan.weight, self._keys)  # type: ignore[arg-type]
                own["rest"] = by.sub(full, p.detach()).to(full.dtype)

    # --- a step ------------------------------------------------------------------------------------------------------

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Take a step; see the class.  Returns what the closure returned first, as the optimizer does."""
        if torch.compiler.is_compiling():
            refuse()
        with torch.no_grad():
            if closure is None:
                self._round_gradients()
            weights = {p: p.detach().clone() for _, p in self._parameters()}
            for _, p in self._parameters():
                if "master" in self._own[p]:
                    p.copy_(self._own[p]["master"])
            starts = {p: p.detach().clone() for p in weights}
            loss = self.optimizer.step(None if closure is None else self._watched(closure, weights, starts))
            self.figures = Figures()
            for plan, p in self._parameters():
                self._finish(plan, p, weights[p], starts[p])
            self._round_states()
            self.lost_updates += self.figures.lost
        return loss

    def _parameters(self) -> Iterator[tuple[Plan, torch.Tensor]]:
        for group in self.param_groups:
            plan = self._planned(group)
            for p in group["params"]:
                yield plan, p

    def _round_gradients(self) -> None:
        for plan, p in self._parameters():
            if p.grad is not None and plan.grad is not None:
                p.grad.copy_(rounded(p.grad, plan.grad, self._keys))

    def _watched(self, closure: Callable[[], Any], weights: Any, starts: Any) -> Callable[[], Any]:
        """Return a closure that sees rounded weights, and rounds gradients."""

        def watched() -> Any:
            with torch.no_grad():
                trials = {p: p.detach().clone() for p in weights}
                for plan, p in self._parameters():
                    begun = torch.equal(trials[p], starts[p])
                    p.copy_(weights[p] if begun else nearest(trials[p], plan.weight))
            with torch.enable_grad():
                loss = closure()
            with torch.no_grad():
                for p, trial in trials.items():
                    p.copy_(trial)
                self._round_gradients()
            return loss

        return watched

    def _finish(self, plan: Plan, p: torch.Tensor, w: torch.Tensor, start: torch.Tensor) -> None:
        """Round what the optimizer has made of a parameter."""
        own, new = self._own[p], p.detach().clone()
        if p.grad is None and torch.equal(new, start):
            p.copy_(w)
            return
        before = held(plan, own, w) if self._measure else None
        if plan.update in _EXTRAS:
            by = arithmetic_of(plan.weight, self._keys)  # type: ignore[arg-type]
            way, kept = (kahan if plan.update == "kahan" else expanded), _EXTRAS[plan.update]
            value, own[kept] = (x.to(p.dtype) for x in way(w, new, own[kept], by))
        else:
            if plan.master is not None:
                new = rounded(new, plan.master, self._keys) if isinstance(plan.master, Quant) else new
                own["master"] = new
            value = rounded(new, plan.weight, self._keys)
        meant = p.detach().double() - start.double() if self._measure else None
        p.copy_(value)
        if before is not None and meant is not None:
            self.figures = self.figures.plus(figures_of(meant, before, held(plan, own, p.detach())))

    def _round_states(self) -> None:
        for plan, p in self._parameters():
            found = self.state.get(p, {})
            for name, x in found.items():
                quants = plan.state.get(name) or (plan.state.get("") if _is_like(x, p) and name != "step" else None)
                if quants:
                    x.copy_(split(x, quants, self._keys))
            missing = [name for name in plan.state if name and found and name not in found]
            if missing:
                legal = ", ".join(map(repr, (name for name, x in found.items() if _is_like(x, p))))
                raise UnsupportedInputError(f"state={missing[0]!r} is no state of this optimizer; legal: {legal}")

    # --- saving ------------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Return the optimizer's own, and what is kept beside the weights, under the name "chopper"."""
        own = [dict(self._own[p]) for _, p in self._parameters()]
        stream = (self._keys.base, self._keys.position)
        return {
            **self.optimizer.state_dict(),
            "chopper": {"own": own, "keys": stream, "lost_updates": self.lost_updates},
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load what `state_dict` gave, into an optimizer made with the same arguments.

        Raises
        ------
        UnsupportedInputError
            If it comes from another kind of optimizer; nothing is then loaded.
        """
        mine = state_dict.get("chopper")
        known = [self._own[p] for _, p in self._parameters()]
        if mine is None or [set(one) for one in mine["own"]] != [set(one) for one in known]:
            raise UnsupportedInputError(
                "this state_dict does not hold what this optimizer keeps beside the weights; load it into a "
                "ChopOptimizer with the same update= and master=, or a plain one into the plain optimizer"
            )
        self.optimizer.load_state_dict({name: x for name, x in state_dict.items() if name != "chopper"})
        self._link()
        for here, there in zip(known, mine["own"], strict=True):
            for name, x in here.items():
                x.copy_(there[name])
        self._keys = Keys(*mine["keys"])
        self.lost_updates = mine["lost_updates"]


def _is_like(x: Any, p: torch.Tensor) -> bool:
    return isinstance(x, torch.Tensor) and x.shape == p.shape and x.is_floating_point()
