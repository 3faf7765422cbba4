"""The backends that are ready here, as test parameters."""

import pytest

from autodiff.backends import available

BACKENDS = [name for name, state in available().items() if state.startswith("ready")]

every_backend = pytest.mark.parametrize("backend", BACKENDS)
