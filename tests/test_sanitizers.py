"""What is compiled, built with AddressSanitizer and UndefinedBehaviorSanitizer: they find nothing.

The package is copied and built with them, and the tests of the compiled parts run over that copy.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autodiff import native

ROOT = Path(__file__).parent.parent
FLAGS = "-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer"
COMPILER = shutil.which("gcc")
TESTS = {
    "machine": [f"test_machine{part}" for part in ("", "_text", "_threads", "_writing")],
    "descent": ["test_descent"],
    "nodes": ["test_native_nodes", "test_recording"],
    "value": "test_value test_native".split(),
}


def library():
    """The run-time library of the sanitizer, which has to be loaded before Python."""
    if COMPILER is None:
        pytest.skip("there is no gcc")
    asked = [COMPILER, "-print-file-name=libasan.so"]
    path = subprocess.run(asked, capture_output=True, encoding="utf-8").stdout.strip()
    if not os.path.isabs(path):
        pytest.skip("gcc has no AddressSanitizer here")
    return path


@pytest.fixture(scope="module")
def sanitized(tmp_path_factory):
    """(a copy of the package whose extensions are sanitized, the environment to use it in)."""
    environment = os.environ | {"ASAN_OPTIONS": "detect_leaks=0", "CFLAGS": FLAGS, "LDFLAGS": FLAGS}
    preloaded = environment | {"LD_PRELOAD": library()}
    copy = tmp_path_factory.mktemp("sanitized")
    for part in ("autodiff", "nn", "tests"):
        ignored = shutil.ignore_patterns("__pycache__", "*.so", "*.pyd")
        shutil.copytree(ROOT / part, copy / part, ignore=ignored)
    for name in ("pyproject.toml", "setup.cfg", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy / name)
    setup = (ROOT / "setup.py").read_text(encoding="utf-8")
    assert "-O3" in setup
    (copy / "setup.py").write_text(setup.replace("-O3", "-O1"), encoding="utf-8")
    build = [sys.executable, "setup.py", "-q", "build_ext", "--inplace"]
    done = subprocess.run(build, cwd=copy, env=environment, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    built = {path.name.split(".")[0] for path in (copy / "autodiff" / "native").glob("*.so")}
    if not built:
        pytest.skip(f"nothing is built with the sanitizers: {done.stdout}{done.stderr}")
    assert built == set(native.PARTS)
    return copy, preloaded


@pytest.mark.slow
@pytest.mark.parametrize("part", TESTS)
def test_sanitizers_are_silent(part, sanitized):
    copy, environment = sanitized
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, *(f"tests/{name}.py" for name in TESTS[part])],
        cwd=copy,
        env=environment,
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-8000:]
    assert "passed" in done.stdout
    assert "Sanitizer" not in done.stdout + done.stderr


@pytest.mark.slow
def test_sanitizers_would_speak(sanitized):
    """A read behind a buffer is seen: they are at work."""
    copy, environment = sanitized
    program = (
        "import ctypes, numpy, autodiff.native.machine as m;"
        "libc = ctypes.CDLL(None); libc.malloc.restype = ctypes.c_void_p;"
        "there = libc.malloc(8); to = ctypes.create_string_buffer(64);"
        "libc.memcpy(to, ctypes.c_void_p(there), ctypes.c_size_t(64))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=copy, env=environment, capture_output=True
    )
    assert done.returncode != 0
    assert b"heap-buffer-overflow" in done.stderr
