"""The package as it is shipped: its version, its public names, and what lies in the wheel."""

import builtins
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

import autodiff
import nn
from autodiff.op import TABLE

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

NAMES = """
    Value Op grad derivative jacobian hessian jvp hvp check_gradient first_nonfinite strict
    no_record zero_grad values name_all parse parse_lines ParseError derive draw explain_step
    check_formula compile compile_cached export explore
""".split()
NN_NAMES = "Neuron Layer MLP half_squared_error SGD".split()


@pytest.mark.parametrize("name", NAMES)
def test_public_name(name: str) -> None:
    assert name in autodiff.__all__ or hasattr(builtins, name)
    assert getattr(autodiff, name)


@pytest.mark.parametrize("name", NN_NAMES)
def test_public_name_of_nn(name: str) -> None:
    assert name in nn.__all__
    assert getattr(nn, name)


@pytest.mark.parametrize("name", [n for row in TABLE.values() for n in (row.name, *row.aliases)])
def test_every_op_is_a_public_function(name: str) -> None:
    assert callable(getattr(autodiff, name))


def test_star_import_hides_no_builtin() -> None:
    assert not set(autodiff.__all__) & set(dir(builtins))
    assert len(autodiff.__all__) == len(set(autodiff.__all__))
    assert all(hasattr(autodiff, name) for name in autodiff.__all__)


def test_a_name_that_is_not_public_has_near_ones() -> None:
    with pytest.raises(AttributeError, match=r"no attribute 'sqroot'; did you mean sqrt\?$"):
        autodiff.sqroot  # noqa: B018
    with pytest.raises(AttributeError, match=r"no attribute 'Tensor'$"):
        autodiff.Tensor  # noqa: B018


def test_the_version_is_the_newest_of_the_changelog() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.search(r"^## \[(\d[^]]*)\]", changelog, re.MULTILINE)
    assert newest is not None
    assert newest[1] == autodiff.__version__


def test_typed_for_those_who_import_it() -> None:
    for package in (autodiff, nn):
        assert (Path(package.__file__).parent / "py.typed").exists()


def test_every_extra_is_in_all() -> None:
    extras = PROJECT["project"]["optional-dependencies"]
    (everything,) = extras["all"]
    named = re.fullmatch(r"scalar-autodiff\[(.*)\]", everything)
    assert named is not None
    assert set(named[1].split(",")) == set(extras) - {"all"}


PACKAGES = ("autodiff", "nn")


def built(kind: str, to: Path) -> Path:
    """The archive that the build makes of a copy, so that nothing built earlier gets in."""
    source = to / "source"
    for package in PACKAGES:
        ignored = shutil.ignore_patterns("__pycache__", "*.so", "*.pyd")
        shutil.copytree(ROOT / package, source / package, ignore=ignored)
    for name in ("pyproject.toml", "setup.cfg", "setup.py", "MANIFEST.in", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    build = f"import sys, setuptools.build_meta as b; b.build_{kind}(sys.argv[1])"
    done = subprocess.run(
        [sys.executable, "-c", build, str(to)], cwd=source, capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    (archive,) = to.glob("scalar_autodiff-*.*")
    return archive


@pytest.mark.slow
def test_the_source_archive_has_all_that_is_compiled(tmp_path: Path) -> None:
    archive = built("sdist", tmp_path)
    with tarfile.open(archive) as tar:
        packed = {name.partition("/")[2] for name in tar.getnames()}
    native = {
        path.name for path in (ROOT / "autodiff/native").iterdir() if path.suffix in (".c", ".h")
    }
    assert len(native) > 8
    assert packed >= {f"autodiff/native/{name}" for name in native}
    assert packed >= {"setup.py", "setup.cfg", "pyproject.toml", "MANIFEST.in", "LICENSE"}


RUN = """
import autodiff as ad, json
from autodiff import native
w, x = ad.values("w x", [0.5, 1.0])
(w * x).backward()
program = ad.compile((w * x).tanh(), x, parameters=w)
print(json.dumps([native.status(), program.backend, w.grad, program(0.0)]))
"""


@pytest.mark.slow
def test_the_wheel_holds_both_packages(tmp_path: Path) -> None:
    packages, wheel = PACKAGES, built("wheel", tmp_path)
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    shipped = {".py", ".html", ".css", ".js"}
    compiled = {name for name in packed if name.endswith((".so", ".pyd"))}  # where a compiler is
    assert all(name.startswith("autodiff/native/") for name in compiled)
    assert packed - compiled == {
        str(path.relative_to(ROOT))
        for package in packages
        for path in (ROOT / package).rglob("*")
        if path.suffix in shipped or path.name == "py.typed"
    }
    # it runs where there is no compiler: with what is compiled if that is in it, else without
    unpacked = tmp_path / "unpacked"
    shutil.unpack_archive(wheel, unpacked, "zip")
    done = subprocess.run(
        [sys.executable, "-c", RUN],
        env={**os.environ, "PYTHONPATH": str(unpacked), "PATH": "", "AUTODIFF_NATIVE": ""},
        capture_output=True,
        encoding="utf-8",
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    status, backend, slope, value = json.loads(done.stdout)
    assert {part for part, said in status.items() if said == "active"} == {
        Path(name).name.partition(".")[0] for name in compiled
    }
    assert backend == ("native" if status["machine"] == "active" else "numpy")
    assert (slope, value) == (1.0, 0.0)
