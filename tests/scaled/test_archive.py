"""Scaled arrays in files: nothing is lost, other readers understand them, and a bad file does no harm."""

from __future__ import annotations

import contextlib
import io
import json
import pickle
import zipfile

import numpy as np
import pytest

import chopper
from chopper import ScaledArray
from chopper.errors import ChopperError, FormatError, UnsupportedInputError
from chopper.formats.level import Level
from chopper.formats.scaled import ScaledFormat
from tests.scaled.arrays import NAMES, encoded, numbers, suited

KINDS = (".npz", ".safetensors")
X = numbers((5, 70), 1)


def test_every_named_format(tmp_path):
    """Saved and loaded, both kinds of files, several shapes and axes."""
    for name in NAMES:
        for shape, axis in (((70, 5), 0), ((), -1), ((3, 0), -1)):
            codes = encoded(numbers(shape, 2), name, axis=suited(name, shape, axis))
            for kind in KINDS:
                path = tmp_path / f"x{kind}"
                codes.save(path)
                again = ScaledArray.load(path)
                assert again == codes and repr(again) == repr(codes) and again.fmt.name == codes.fmt.name
                assert again.decode().tobytes() == codes.decode().tobytes()
                assert not again.data.flags.writeable


@pytest.mark.parametrize("kind", KINDS)
def test_formats_of_ones_own(kind, tmp_path):
    """Formats without a name, written-out ones, and codebooks are described in full."""
    book = chopper.get("nf4_block64").element
    for fmt in (
        chopper.get("mxfp4<scaling=rceil,block=16>"),
        chopper.get("bfp<5,7>"),
        chopper.get("scaled<posit<8,1>,e8m0,32,scaling=floor>"),
        chopper.get("mxfp4").with_options(block=(4, 8)),
        ScaledFormat(element=book, scale=chopper.get("e5m2"), block=64, outer=Level(scale=chopper.get("fp32"))),
    ):
        codes = chopper.encode(X, fmt)
        codes.save(str(tmp_path / f"x{kind}"))
        again = ScaledArray.load(str(tmp_path / f"x{kind}"))
        assert again == codes and again.fmt.name == (fmt.name if fmt.name == str(chopper.get(str(fmt))) else None)


@pytest.mark.parametrize("kind", KINDS)
def test_a_name_that_stands_for_something_else(kind, tmp_path):
    """The fields count; a name that no longer means them is dropped."""
    lying = chopper.get("mxfp4").with_options(block=16, name="mxfp4")
    codes = chopper.encode(X, lying)
    codes.save(tmp_path / f"x{kind}")
    again = ScaledArray.load(tmp_path / f"x{kind}")
    assert again == codes and again.fmt.block == (16,) and again.fmt.name is None


def test_numpy_reads_it(tmp_path):
    codes = chopper.encode(X, "nvfp4")
    codes.save(tmp_path / "x.npz")
    with np.load(tmp_path / "x.npz", allow_pickle=False) as file:
        assert sorted(file) == ["chopper", "data", "scale_data_0", "scale_data_1"]
        assert np.array_equal(file["data"], codes.data)
        about = json.loads(file["chopper"].tobytes())
    assert about["shape"] == [5, 70] and about["axis"] == 1 and about["version"] == 1


def test_safetensors_reads_and_writes_it(tmp_path):
    """The package of that name understands our files, and we understand what it makes of them."""
    package = pytest.importorskip("safetensors")
    import safetensors.numpy

    for name in NAMES:
        codes = encoded(X, name)
        codes.save(tmp_path / "x.safetensors")
        with package.safe_open(tmp_path / "x.safetensors", framework="np") as file:
            about = file.metadata()
            arrays = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - it is no dict
        assert np.array_equal(arrays["data"], codes.data) and arrays["data"].dtype == codes.data.dtype
        for i, scale in enumerate(codes.scale_data):
            assert np.array_equal(arrays[f"scale_data_{i}"], scale)
        safetensors.numpy.save_file(arrays, tmp_path / "y.safetensors", about)
        assert ScaledArray.load(tmp_path / "y.safetensors") == codes


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["mxfp4", "int8_affine", "nvfp4"])
def test_truncated_files(kind, name, tmp_path):
    """A file that ends early is refused with a message, wherever it ends."""
    whole, path = tmp_path / f"whole{kind}", tmp_path / f"part{kind}"
    chopper.encode(X, name).save(whole)
    raw = whole.read_bytes()
    for size in {*range(40), *range(0, len(raw), 41), len(raw) - 1}:
        path.write_bytes(raw[:size])
        with pytest.raises(ChopperError, match="part"):
            ScaledArray.load(path)


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_files(kind, tmp_path):
    """Any byte may be wrong: what comes is an array of the right kind or an error of chopper's."""
    path = tmp_path / f"x{kind}"
    chopper.encode(X, "nvfp4").save(path)
    raw = path.read_bytes()
    rng = np.random.default_rng(3)
    for _ in range(150):
        bad = bytearray(raw)
        for at in rng.integers(0, len(raw), rng.integers(1, 4)):
            bad[at] = rng.integers(256)
        path.write_bytes(bytes(bad))
        with contextlib.suppress(ChopperError):
            assert isinstance(ScaledArray.load(path).decode(), np.ndarray)


def rewritten(path, **changes):
    """Save an array as .npz with some members replaced; a value of bytes is a member as it is."""
    chopper.encode(X, "mxfp4").save(path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    for name, value in changes.items():
        if isinstance(value, np.ndarray):
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, value, allow_pickle=True)
            value = buffer.getvalue()
        members[f"{name}.npy"] = value
    with zipfile.ZipFile(path, "w") as archive:
        for name, value in members.items():
            if value is not None:
                archive.writestr(name, value)


class Harmful:
    """Leaves a trace when it is unpickled."""

    def __reduce__(self):
        return exec, ("raise SystemExit('executed')",)


def text(**changes):
    """Return the description of the array in `rewritten`, changed."""
    about = {"version": 1, "format": chopper.get("mxfp4").to_dict(), "shape": [5, 70], "axis": 1}
    return np.frombuffer(json.dumps(about | changes).encode(), np.uint8)


def header(shape, descr="|u1"):
    """Return an array file that claims to be larger than it is."""
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": descr, "fortran_order": False, "shape": shape})
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("changes", "error", "says"),
    [
        ({"data": np.array([Harmful()], object)}, UnsupportedInputError, "dtype('O')"),
        ({"data": pickle.dumps(Harmful())}, UnsupportedInputError, "holds no scaled array"),
        ({"chopper": pickle.dumps(Harmful())}, UnsupportedInputError, "holds no scaled array"),
        ({"chopper": np.array([Harmful()], object)}, UnsupportedInputError, "holds no scaled array"),
        ({"data": np.zeros((5, 36), np.uint8)}, UnsupportedInputError, "'data' is"),
        ({"data": np.zeros((5, 35), np.int8)}, UnsupportedInputError, "'data' is"),
        ({"data": np.zeros((35, 5), np.uint8).T}, UnsupportedInputError, "not in C order"),
        ({"data": header((5, 35))}, UnsupportedInputError, "175 bytes are called for, and there are 0"),
        ({"data": header((5, 35)) + bytes(176)}, UnsupportedInputError, "175 bytes are called for, and there are more"),
        ({"data": header((5, 35), "|O")}, UnsupportedInputError, "'data' is"),
        ({"data": header((1 << 60,))}, UnsupportedInputError, "'data' is"),
        ({"data": None}, UnsupportedInputError, "no item named 'data.npy'"),
        ({"scale_data_0": None}, UnsupportedInputError, "no item named 'scale_data_0.npy'"),
        ({"chopper": None}, UnsupportedInputError, "no item named 'chopper.npy'"),
        ({"chopper": text(version=2)}, UnsupportedInputError, "not of version 1"),
        ({"chopper": text(shape=[5, -70])}, ChopperError, ""),
        ({"chopper": text(shape=[1 << 40, 1 << 40])}, UnsupportedInputError, "'scale_data_0' is"),
        ({"chopper": text(shape="5")}, UnsupportedInputError, "'5' are no lengths"),
        ({"chopper": text(shape=[5, 70.0])}, UnsupportedInputError, "are no lengths"),
        ({"chopper": text(shape=[5, True])}, UnsupportedInputError, "are no lengths"),
        ({"chopper": text(axis=None)}, UnsupportedInputError, "are no lengths"),
        ({"chopper": text(axis=7)}, UnsupportedInputError, "axis=7"),
        ({"chopper": text(format="mxfp4")}, UnsupportedInputError, "none with shared scales"),
        ({"chopper": text(format={"family": "float"})}, UnsupportedInputError, "none with shared scales"),
        ({"chopper": text(format={"family": "scaled"})}, FormatError, "needs the field"),
        ({"chopper": text(format={**chopper.get("mxfp4").to_dict(), "block": "33 x"})}, FormatError, "block="),
        ({"chopper": text(format={**chopper.get("mxfp4").to_dict(), "rule": 3})}, FormatError, "rule=3"),
        ({"chopper": text(format={**chopper.get("mxfp4").to_dict(), "rule": {"floor": "1e999999999"}})},
         UnsupportedInputError, "the number '1e999999999' in its format"),
        ({"chopper": text(format={**chopper.get("mxfp4").to_dict(), "__class__": 3})}, FormatError, "unknown field"),
        ({"chopper": np.frombuffer(b"[" * 100_000, np.uint8)}, UnsupportedInputError, "holds no scaled array"),
        ({"chopper": np.frombuffer(b"\xff{}", np.uint8)}, UnsupportedInputError, "holds no scaled array"),
    ],
    ids=range(31),
)  # fmt: skip
def test_bad_members(changes, error, says, tmp_path):
    """Wrong arrays and wrong descriptions: an error that names the file, and nothing is executed."""
    path = tmp_path / "bad.npz"
    rewritten(path, **changes)
    with pytest.raises(error) as caught:
        ScaledArray.load(path)
    assert "'bad.npz'" in str(caught.value) and says in str(caught.value)


def test_the_rewriting_is_faithful(tmp_path):
    rewritten(tmp_path / "x.npz", chopper=text())
    assert ScaledArray.load(tmp_path / "x.npz") == chopper.encode(X, "mxfp4")


@pytest.mark.parametrize(
    "raw",
    [b"", b"\xff" * 8, bytes(5) + b"\1" + bytes(2), b"\2" + bytes(7) + b"{}", b"\2" + bytes(7) + b"[]"],
)
def test_bad_safetensors(raw, tmp_path):
    (tmp_path / "bad.safetensors").write_bytes(raw)
    with pytest.raises(UnsupportedInputError, match=r"'bad\.safetensors' holds no scaled array"):
        ScaledArray.load(tmp_path / "bad.safetensors")


@pytest.mark.parametrize(
    "entry",
    [
        {"dtype": "I8"},
        {"shape": [5, 34]},
        {"data_offsets": [0, 174]},
        {"data_offsets": [-175, 0]},
        {"data_offsets": [1 << 50, (1 << 50) + 175]},
        {"data_offsets": "0"},
    ],
)
def test_bad_entries(entry, tmp_path):
    """The header of a .safetensors file may lie about its arrays."""
    path = tmp_path / "bad.safetensors"
    chopper.encode(X, "mxfp4").save(path)
    raw = path.read_bytes()
    size = int.from_bytes(raw[:8], "little")
    about = json.loads(raw[8 : 8 + size])
    about["data"] |= entry
    changed = json.dumps(about).encode()
    path.write_bytes(len(changed).to_bytes(8, "little") + changed + raw[8 + size :])
    with pytest.raises(ChopperError, match=r"bad\.safetensors"):
        ScaledArray.load(path)


@pytest.mark.parametrize("name", ["x.npy", "x", "x.pkl", "x.pt"])
def test_other_names(name, tmp_path):
    """The ending decides; nothing is written or read under another one."""
    codes = chopper.encode(X, "mxfp4")
    for call in (codes.save, ScaledArray.load):
        with pytest.raises(UnsupportedInputError, match=r"legal: \.npz, \.safetensors"):
            call(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", KINDS)
def test_places_that_are_none(kind, tmp_path):
    with pytest.raises(OSError, match="No such file"):
        ScaledArray.load(tmp_path / f"missing{kind}")
    with pytest.raises(OSError, match="No such file"):
        chopper.encode(X, "mxfp4").save(tmp_path / "missing" / f"x{kind}")
