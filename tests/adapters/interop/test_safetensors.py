"""Codes in files of safetensors: written and read here, read and written by others."""

from __future__ import annotations

import numpy as np
import pytest

import chopper
from chopper.errors import RangeError, UnsupportedInputError

safetensors = pytest.importorskip("safetensors")
SUBJECT = "codes in files of safetensors"


def test_there_and_back(tmp_path, tally):
    from chopper_ext.interop.safetensors import load, save

    x = np.random.default_rng(0).standard_normal((5, 7))
    names = ("e4m3", "e5m2", "posit8", "nf4", "bf16", "e11m40", "fp32", "fixed<4,4>", "e8m0", "int16", "posit<12,1>")
    arrays = {f"layer.{name}": (chopper.encode(x, name), name) for name in names}
    arrays["scalar"] = (chopper.encode(np.array(0.3), "e4m3"), "e4m3")
    arrays["strided"] = (chopper.encode(x, "e4m3").T[::2], chopper.get("e4m3"))
    save(tmp_path / "all.safetensors", arrays)
    found = load(tmp_path / "all.safetensors")
    assert found.keys() == arrays.keys()
    for name, (codes, fmt) in arrays.items():
        assert found[name].fmt == chopper.get(fmt)
        tally.same(found[name].codes, np.asarray(codes), fmt=fmt)
    some = load(tmp_path / "all.safetensors", ["scalar"])
    assert chopper.decode(*some["scalar"]) == 0.3125


def test_others_read_numbers(tmp_path, tally):
    """Where safetensors has a dtype for the format."""
    torch = pytest.importorskip("torch")
    from safetensors.torch import load_file

    from chopper_ext.interop.safetensors import save

    codes = np.arange(256, dtype=np.uint8)
    names = ("e4m3", "e5m2", "e4m3fnuz", "e5m2fnuz", "e8m0")
    save(tmp_path / "x.safetensors", {name: (codes, name) for name in names})
    for name, tensor in load_file(tmp_path / "x.safetensors").items():
        assert tensor.dtype.itemsize == 1
        tally.same(tensor.to(torch.float32).numpy(), chopper.decode(codes, name), codes, fmt=name)


def test_files_of_others(tmp_path, tally):
    from safetensors.numpy import save_file

    from chopper_ext.interop.safetensors import load

    ml_dtypes = pytest.importorskip("ml_dtypes")
    x = np.random.default_rng(0).standard_normal(50).astype(ml_dtypes.float8_e4m3fn)
    save_file({"w": x, "step": np.array([3])}, tmp_path / "theirs.safetensors")
    codes, fmt = load(tmp_path / "theirs.safetensors", ["w"])["w"]
    tally.same(chopper.decode(codes, fmt), x.astype(np.float32), fmt=fmt)
    with pytest.raises(UnsupportedInputError, match=r"'step' has dtype I64 and no format; leave it out by names="):
        load(tmp_path / "theirs.safetensors")
    with pytest.raises(RangeError, match="holds no 'v'; it holds 'step', 'w'"):
        load(tmp_path / "theirs.safetensors", ["v"])


def test_nothing_is_written_in_error(tmp_path):
    from chopper_ext.interop.safetensors import save

    good, bad = (chopper.encode(np.ones(3), "e4m3"), "e4m3"), (np.ones(3), "e4m3")
    with pytest.raises(UnsupportedInputError, match="'b' has dtype float64; the codes of e4m3 are uint8"):
        save(tmp_path / "x.safetensors", {"a": good, "b": bad})
    assert not list(tmp_path.iterdir())
