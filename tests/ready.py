"""The backends and instruction sets that are ready here, as test parameters."""

from contextlib import contextmanager
from unittest import mock

import pytest

from autodiff import native
from autodiff.backends import available

BACKENDS = [name for name, state in available().items() if state.startswith("ready")]
SETS = native.load("machine").INSTRUCTIONS if "native" in BACKENDS else []  # widest first

every_backend = pytest.mark.parametrize("backend", BACKENDS)
every_set = pytest.mark.parametrize("instructions", SETS)
native_only = pytest.mark.skipif("native" not in BACKENDS, reason="programs are not compiled here")


@contextmanager
def held_to(instructions):
    """Within this block new programs of the native backend use this instruction set."""
    where = "autodiff.backends.native_backend.instructions"
    with mock.patch(where, return_value=instructions):
        yield
