"""What several tests share: running Python as a person would, from an empty directory."""

import gc
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).parent.parent

# The same examples on every run, and no deadline: a slow machine is not a failure.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")

collect_ignore = ["mutation"]  # settings and scripts for Cosmic Ray, see docs/testing.md

RunPython = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run_python(tmp_path: Path) -> RunPython:
    """`run_python("-c", "print(1)")` runs this interpreter in an empty directory."""
    environment = os.environ | {
        "MPLBACKEND": "Agg",
        "PYTHONIOENCODING": "utf-8",
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "error",
    }

    def run(*arguments: str, timeout: float = 300) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=timeout,
        )

    return run


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The ten readable tests run first."""
    items.sort(key=lambda item: item.path.name != "test_tiny.py")  # stable


def pytest_configure() -> None:
    """Ctrl-C is tested: it must arrive, also where the shell started us in the background."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def no_collector_callbacks():
    """Hypothesis times the collector by a callback; an interruption there would be lost in it."""
    callbacks = gc.callbacks[:]
    gc.callbacks.clear()
    yield
    gc.callbacks.extend(callbacks)
