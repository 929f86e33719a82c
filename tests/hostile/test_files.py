"""Files from strangers: reading one runs nothing, opens no other file and takes no memory on its word."""

from __future__ import annotations

import ast
import io
import json
import pickle
import shutil
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr
from support import corpus, results
from support.attempts import Answer, Refused, answers, require_harmless

from wignercq import Solution
from wignercq.cli import commands as cli
from wignercq.model.definition import definition_of

PACKAGE = Path(cli.__file__).parents[1]


def shown(path: str) -> None:
    """What `wignercq info` says of a file: plain lines, or one line of error."""
    told, complaint = io.StringIO(), io.StringIO()
    with redirect_stdout(told), redirect_stderr(complaint):
        code = cli.main(["info", path])
    if code == 2:
        raise Refused(complaint.getvalue().removesuffix("\n"))
    assert (code, complaint.getvalue()) == (0, "")
    assert told.getvalue().replace("\n", "").isprintable()


def resumed(path: str) -> None:
    """What `wignercq run --resume` says when a file lies in the place of the checkpoint."""
    Path("run.toml").write_text(corpus.configuration())
    shutil.copy(path, "run.nc.checkpoint")
    complaint = io.StringIO()
    with redirect_stderr(complaint):
        code = cli.main(["run", "run.toml", "--resume", "--quiet"])
    assert code == 2
    raise Refused(complaint.getvalue().removesuffix("\n"))


class Bomb:
    """Calls the canary when it is unpickled."""

    def __reduce__(self) -> tuple[Callable, tuple[str]]:
        return eval, (f"{corpus.CANARY}()",)


def unpickled(path: str) -> None:
    """What nobody should do with a file."""
    np.load(path, allow_pickle=True)


def bombs(folder: Path) -> list[str]:
    """Pickles, as they are and as NumPy wraps them, with and without the first bytes of the formats read here."""
    np.save(folder / "array.npy", np.array([Bomb()], object), allow_pickle=True)
    np.savez(folder / "arrays.npz", W=np.array([Bomb()], object))
    plain = pickle.dumps(Bomb())
    contents = {"plain": plain, "hdf": b"\x89HDF\r\n\x1a\n" + plain, "ours": b"wignercq archive 1, sha256 " + plain}
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return [str(path) for path in sorted(folder.iterdir())]


def test_pickles_are_not_opened(tmp_path: Path) -> None:
    """Kills: a reader that unpickles; and a bomb that would not go off anyway."""
    (tmp_path / "bombs").mkdir()
    files = bombs(tmp_path / "bombs")
    opened = answers(unpickled, files, tmp_path)
    assert (
        sum(answer.defeat == "code was run" for answer in opened) == 2
    )  # an .npz is opened when its arrays are asked for
    for act in (shown, resumed):
        found = answers(act, files, tmp_path)
        require_harmless(found)
        assert all(answer.error for answer in found)


MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve", "code", "runpy"}
CALLS = {"eval", "exec", "__import__", "sympify", "parse_expr", "system", "popen"}


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nothing_in_the_package_runs_text_or_unpickles(path: Path) -> None:
    """Kills: eval, exec, pickle or `allow_pickle` in any module. SymPy's lambdify compiles what the parser has built.

    SymPy's own parser, sympify, evaluates text.
    """
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Import(names=names):
                assert not {alias.name for alias in names} & MODULES
            case ast.ImportFrom(module=module, names=names):
                assert module not in MODULES
                assert not {alias.name for alias in names} & CALLS
            case ast.Call(func=ast.Name(id=name)):
                assert name not in {*CALLS, "compile"}
            case ast.Call(func=ast.Attribute(attr=name)):
                assert name not in CALLS
            case ast.keyword(arg=name):
                assert name not in ("allow_pickle", "shell")


# Results that are whole HDF5 files and lie.


def replaced(file: h5py.File) -> str:
    """The name of a variable that every result of its kind has, which is taken out of the file."""
    name = "norm" if "norm" in file else "breakdown_time"
    del file[name]
    return name


def stretch(file: h5py.File) -> None:
    """A hundred gigabytes, of which nothing is stored."""
    name = replaced(file)
    file.create_dataset(name, (10**10,), "f8", chunks=(1000,))


def link_outside(file: h5py.File) -> None:
    name = replaced(file)
    file[name] = h5py.ExternalLink("/etc/hostname", "/")


def link_softly(file: h5py.File) -> None:
    name = replaced(file)
    file[name] = h5py.SoftLink(f"/{name}")


def store_outside(file: h5py.File) -> None:
    name = replaced(file)
    file.create_dataset(name, (8,), "u1", external=[("/etc/hostname", 0, 8)])


def view_outside(file: h5py.File) -> None:
    name = replaced(file)
    layout = h5py.VirtualLayout((8,), "f8")
    layout[...] = h5py.VirtualSource("/etc/hostname", "norm", (8,))
    file.create_virtual_dataset(name, layout)


def nest(file: h5py.File) -> None:
    file.create_group("a/b/c")


def hide_a_pickle(file: h5py.File) -> None:
    name = replaced(file)
    file.create_dataset(name, data=np.void(pickle.dumps(Bomb())))


def keep_objects(file: h5py.File) -> None:
    name = replaced(file)
    file.create_dataset(name, (8,), h5py.special_dtype(vlen=str))[:] = f"{corpus.CANARY}()"


def refer(file: h5py.File) -> None:
    name = replaced(file)
    file.create_dataset(name, (8,), h5py.ref_dtype)


def name_badly(file: h5py.File) -> None:
    file["\x1b[2J\n"] = 1.0


def configure_badly(file: h5py.File) -> None:
    file.attrs["configuration"] = f"[model]\nhbar = '{corpus.CANARY}()'"


def configure_with_code(file: h5py.File) -> None:
    changes = {"model.classical.potential": f'"{corpus.CANARY}()"'}
    file.attrs["configuration"] = corpus.configuration(**changes)


def clear_the_screen(file: h5py.File) -> None:
    for name in ("scheme", "engine", "model", "grid", "wignercq_version", "warnings"):
        file.attrs[name] = "\x1b[2J\x1b]0;you\x07"


def talk_without_end(file: h5py.File) -> None:
    file.attrs["scheme"] = "x" * 60_000


def put_in_nan(file: h5py.File) -> None:
    for name in file:
        if file[name].dtype.kind == "f" and file[name].shape:
            file[name][...] = np.nan


def put_in_infinity(file: h5py.File) -> None:
    for name in file:
        if file[name].dtype.kind == "f" and file[name].shape:
            file[name][...] = 1e308


def attach_arrays(file: h5py.File) -> None:
    for name in list(file.attrs):
        if not name.startswith("_"):
            file.attrs[name] = np.arange(5)


def forget_attributes(file: h5py.File) -> None:
    for name in list(file.attrs):
        if name != "wignercq_version" and not name.startswith("_"):
            del file.attrs[name]


def scale_wildly(file: h5py.File) -> None:
    for name in file:
        file[name].attrs["scale_factor"] = "1e999"
        file[name].attrs["units"] = "days since the flood"
        file[name].attrs["_FillValue"] = f"{corpus.CANARY}()"


LIES = [
    *(stretch, link_outside, link_softly, store_outside, view_outside, nest, hide_a_pickle, keep_objects, refer),
    *(name_badly, configure_badly, configure_with_code, clear_the_screen, talk_without_end),
    *(put_in_nan, put_in_infinity, attach_arrays, forget_attributes, scale_wildly),
]


def lying(folder: Path, original: Path, lies: list[Callable[[h5py.File], None]]) -> list[str]:
    """Copies of a file, each with one lie."""
    paths = []
    for lie in lies:
        path = folder / f"{lie.__name__}.nc"
        shutil.copy(original, path)
        with h5py.File(path, "a") as file:
            lie(file)
        paths.append(str(path))
    return paths


def damaged(folder: Path, original: Path, count: int) -> list[str]:
    """Copies of a file with flipped bytes, cut off, or with bytes of another place."""
    whole, rng, paths = original.read_bytes(), np.random.default_rng(11), []
    for number in range(count):
        content = bytearray(whole)
        place = int(rng.integers(len(whole) if number % 2 else 4000))
        match number % 4:
            case 0 | 1:
                content[place] ^= 1 << int(rng.integers(8))
            case 2:
                content[place : place + 8] = bytes(rng.integers(0, 256, 8, dtype=np.uint8))
            case 3:
                del content[place:]
        path = folder / f"damaged{number}.nc"
        path.write_bytes(content)
        paths.append(str(path))
    return paths


def looked_at(folder: Path, original: Path, damages: int) -> list[Answer]:
    """What comes of every lie and of some damage."""
    found = answers(shown, [str(original)], folder)
    assert found == [Answer(str(original), "", found[0].seconds, "")]
    files = [*lying(folder, original, LIES), *damaged(folder, original, damages)]
    found = answers(shown, files, folder)
    require_harmless(found)
    return found


def test_results_that_lie(tmp_path: Path) -> None:
    """Kills: memory taken on a file's word, other files opened, text from a file on the terminal as it is."""
    Solution(results.result(outputs=7, frames=2)).save(tmp_path / "run.nc")
    found = looked_at(tmp_path, tmp_path / "run.nc", 12)
    told = {Path(answer.case).stem for answer in found[: len(LIES)] if not answer.error}
    assert told <= {"scale_wildly"}


def remembered(formula: str) -> None:
    """What a result makes of a formula in its definition of the model."""
    values = json.loads(str(definition_of(results.model()))) | {"quantum_potential": formula}
    _ = Solution(xr.Dataset(attrs={"model_definition": json.dumps(values)})).model


@pytest.mark.slow
def test_models_of_results_that_attack(tmp_path: Path) -> None:
    """Kills: a model of a file whose formulas do not go through the whitelist and its bounds."""
    formulas = [*corpus.CODE, *corpus.NONSENSE, *corpus.RUNAWAY, *corpus.ENDLESS, *corpus.DEMANDING]
    found = answers(remembered, formulas, tmp_path)
    require_harmless(found)
    assert all(answer.error for answer in found[: len(corpus.CODE)])


@pytest.mark.slow
def test_results_that_are_damaged(tmp_path: Path) -> None:
    """Kills: bytes that make a library below crash, hang or raise what is not caught."""
    Solution(results.result(outputs=7, frames=2)).save(tmp_path / "run.nc")
    looked_at(tmp_path, tmp_path / "run.nc", 300)


@pytest.mark.slow
@pytest.mark.parametrize("made", [results.breakdown, results.sweep])
def test_comparisons_and_sweeps_that_lie(tmp_path: Path, made: Callable) -> None:
    """Kills: the same for the other kinds of results."""
    made().save(tmp_path / "other.nc")
    looked_at(tmp_path, tmp_path / "other.nc", 100)
