"""What of the package runs compiled: decided here, once, when a part is first wanted.

Everything is written in Python and runs so. A part that was also compiled when the package was
installed takes the place of its Python original, unless the environment says `AUTODIFF_NATIVE=0`.
`status()` tells what is active, and why something is not; `autodiff info` prints it.
"""

from __future__ import annotations

import os
from importlib import import_module

TYPE_CHECKING = False  # importing typing would double the time of `import autodiff`
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any, TypeVar

    Class = TypeVar("Class", bound=type)

PARTS = ("value",)  # modules of this package that setup.py builds
SWITCH = "AUTODIFF_NATIVE"

_loaded: dict[str, tuple[ModuleType | None, str]] = {}


def load(part: str) -> ModuleType | None:
    """The compiled module of a part; None where it is switched off, missing or out of date."""
    if part not in _loaded:
        _loaded[part] = _load(f"{__name__}.{part}")
    return _loaded[part][0]


def status() -> dict[str, str]:
    """Every part, with "active" or why it is not."""
    for part in PARTS:
        load(part)
    return {part: why for part, (_, why) in _loaded.items()}


def _load(name: str) -> tuple[ModuleType | None, str]:
    if os.environ.get(SWITCH) == "0":
        return None, f"off ({SWITCH}=0)"
    try:
        module = import_module(name)
    except ModuleNotFoundError:
        return None, "not built (an installation with a C compiler and Python's headers builds it)"
    except ImportError as error:  # built for another machine
        return None, f"does not load ({error})"
    built = module.__file__ or ""
    source = os.path.join(os.path.dirname(built), name.rpartition(".")[2] + ".c")
    if os.path.exists(source) and os.path.getmtime(source) > os.path.getmtime(built):
        return None, "older than its source (install again)"  # in a checkout; wheels have no source
    return module, "active"


# ---------------------------------------------------------------- Value


def fast(cls: Class) -> Class:
    """The C type with all that `cls` has, or `cls` itself where there is none.

    The C type has arithmetic and `backward` of its own, and everything else from `cls`.
    """
    compiled = load("value")
    return cls if compiled is None else compiled.adopt(cls)


def method(op: Any, python: Callable[..., Any]) -> Any:
    """The method of Value for a row of the table: compiled where it can be, else `python`."""
    compiled = load("value")
    return (compiled and compiled.method(op.name, op.__doc__, python)) or python
