"""What is ready here: backends and instruction sets, as test parameters, and a tracer of lines."""

import sys
from contextlib import contextmanager
from unittest import mock

import pytest

from autodiff import native
from autodiff.backends import available

BACKENDS = [name for name, state in available().items() if state.startswith("ready")]
SETS = native.load("machine").INSTRUCTIONS if "native" in BACKENDS else []  # widest first

every_backend = pytest.mark.parametrize("backend", BACKENDS)
every_set = pytest.mark.parametrize("instructions", SETS)
# An interruption at a random moment may fall into the tracer, which keeps its own lock then.
untraced = pytest.mark.skipif(
    sys.gettrace() is not None, reason="interruptions would fall into the tracer of lines"
)
# How much longer a hostile text may take than without a tracer of lines.
PATIENCE = 1 if sys.gettrace() is None else 10
native_only = pytest.mark.skipif("native" not in BACKENDS, reason="programs are not compiled here")


@contextmanager
def held_to(instructions):
    """Within this block new programs of the native backend use this instruction set."""
    where = "autodiff.backends.native_backend.instructions"
    with mock.patch(where, return_value=instructions):
        yield
