"""Single matrix instructions of CUDA devices as probes: PTX text on torch tensors."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Any

from chopper_ext.probes.instructions import DEVICES, INSTRUCTIONS, Instruction

__all__ = ["TensorCore", "tensor_core_probes", "unusable"]


def unusable(capabilities: tuple[tuple[int, int], ...] | None = None) -> str | None:
    """Return why a CUDA device of one of these compute capabilities cannot be used here, or None."""
    if find_spec("torch") is None:
        return "torch is not installed"
    from chopper_ext.probes import driver

    reason = driver.absent()
    if reason or capabilities is None or driver.capability() in capabilities:
        return reason
    wanted = " or ".join(f"{major}.{minor}" for major, minor in capabilities)
    return f"it needs compute capability {wanted}; this device has {'.'.join(map(str, driver.capability()))}"


@dataclass(frozen=True)
class TensorCore:
    """One instruction on the devices of one name.

    Examples
    --------
    >>> TensorCore(INSTRUCTIONS[0], (9, 0)).unit
    'h100.mma.fp16'
    """

    instruction: Instruction
    capability: tuple[int, int]

    @property
    def unit(self) -> str:
        """The name of the unit."""
        return self.instruction.unit(self.capability)

    @property
    def label(self) -> str:
        """Which of the unit's instructions it is."""
        return self.instruction.label

    @property
    def shape(self) -> tuple[int, int, int]:
        """Rows, columns and terms of a tile."""
        return self.instruction.shape

    def missing(self) -> str | None:
        """Return why it cannot run here, or None."""
        name = DEVICES[self.capability]
        return unusable(tuple(one for one, other in DEVICES.items() if other == name))

    def machine(self) -> str:
        """Return what the device calls itself."""
        from chopper_ext.probes import driver

        return driver.device()

    def products(self, a: Any, b: Any, c: Any) -> Any:
        """Return d = a b + c of every tile, in codes.

        Parameters
        ----------
        a, b, c : array of unsigned integers
            Codes [tiles, m, k], [tiles, n, k] and [tiles, m, n].

        Raises
        ------
        UnsupportedInputError
            If the driver refuses the instruction.
        """
        from chopper_ext.probes import driver

        result = driver.empty(c.shape, c.dtype.itemsize)
        kernel = _kernel(self.instruction, driver.capability())
        kernel(a.shape[0], driver.to_tensor(a), driver.to_tensor(b), driver.to_tensor(c), result)
        return driver.from_tensor(result, c.dtype)


@cache
def _kernel(instruction: Instruction, capability: tuple[int, int]) -> Any:
    from chopper_ext.probes import driver

    return driver.Kernel(instruction.ptx(capability), instruction.threads)


def tensor_core_probes() -> tuple[TensorCore, ...]:
    """Return a probe for every instruction and every device that has it."""
    once = {name: capability for capability, name in reversed(tuple(DEVICES.items()))}
    return tuple(TensorCore(one, at) for at in once.values() for one in INSTRUCTIONS if at in one.devices())
