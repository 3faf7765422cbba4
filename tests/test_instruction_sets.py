"""The switch AUTODIFF_NATIVE: off, or an instruction set; and everything on the narrower ones."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from ready import SETS, native_only

from autodiff import native

ROOT = Path(__file__).parent.parent
MATRIX = "test_accuracy_backends test_edges test_compile test_strict_programs".split()

ASK = """
import autodiff as ad
from autodiff.backends import available
w, x = ad.values("w x", [0.5, 1.0])
program = ad.compile((w * x).tanh(), x, parameters=w)
print(available()["native"], program.backend, program(2.0), program.value_and_grad(2.0)[1][0])
runner = program._runner("values", False, 9)
print(getattr(getattr(runner, "machine", None), "instructions", None))
"""
TANH = 0.7615941559557649  # of 1
SLOPE = 2.0 * 0.41997434161402614


def asked(switch):
    """(what is said of the native backend, what ran, two numbers, the instruction set)."""
    done = subprocess.run(
        [sys.executable, "-c", ASK],
        env=os.environ | {"PYTHONPATH": str(ROOT), native.SWITCH: switch},
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()
    said, backend, value, slope = first.rsplit(" ", 3)
    assert abs(float(value) - TANH) < 4e-16
    assert abs(float(slope) - SLOPE) < 8e-16
    return said, backend, second


@native_only
@pytest.mark.parametrize("instructions", SETS)
def test_held_to_an_instruction_set(instructions):
    assert asked(instructions) == (f"ready ({instructions})", "native", instructions)


@native_only
@pytest.mark.parametrize("switch", ["", "1"])
def test_the_widest_unless_rows_are_few(switch):
    said, backend, _ = asked(switch)
    assert (said, backend) == (f"ready ({SETS[0]})", "native")


def test_off():
    assert asked("0") == ("off (AUTODIFF_NATIVE=0)", "numpy", "None")


@native_only
def test_an_instruction_set_that_is_not_here():
    said, backend, _ = asked("nonsense")
    names = ", ".join(SETS)
    assert said == f"no nonsense here; AUTODIFF_NATIVE is 0 or one of {names}"
    assert backend == "numpy"


@pytest.mark.parametrize("switch", ["0", "nonsense", *SETS])
def test_info_says_what_runs(switch, run_python, monkeypatch):
    monkeypatch.setenv(native.SWITCH, switch)
    code = "import os; os.environ['AUTODIFF_NATIVE'] = '" + switch + "'\n"
    done = run_python("-c", code + "from autodiff.cli import main; main(['info'])")
    assert done.returncode == 0, done.stderr
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("programs")]
    assert "numpy ready (NumPy" in line
    if switch in SETS:
        assert f"native ready ({switch})" in line
    elif switch == "0":
        assert "native off (AUTODIFF_NATIVE=0)" in line
    elif SETS:
        assert "native no nonsense here" in line


@pytest.mark.slow
@native_only
@pytest.mark.parametrize("instructions", SETS[1:])  # the first is what all tests run on
def test_the_matrix_of_backends(instructions):
    """Values, gradients, edges and messages of compiled programs, held to this set."""
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "-k",
            "native or test_compile",
        ]
        + [f"tests/{name}.py" for name in MATRIX],
        cwd=ROOT,
        env=os.environ | {native.SWITCH: instructions},
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stdout[-8000:]
    assert "passed" in done.stdout
