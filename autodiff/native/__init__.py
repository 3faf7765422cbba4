"""What of the package runs compiled: decided here, once, when a part is first wanted.

Everything is written in Python and runs so. A part that was also compiled when the package was
installed takes the place of its Python original, unless the environment says `AUTODIFF_NATIVE=0`.
`AUTODIFF_NATIVE=AVX2`, or another instruction set that the machine has, holds programs to that one.
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
    Function = TypeVar("Function", bound=Callable[..., Any])

PARTS = ("value", "nodes", "machine")  # modules of this package that setup.py builds
SWITCH = "AUTODIFF_NATIVE"

_loaded: dict[str, tuple[ModuleType | None, str]] = {}


def instructions() -> str | None:
    """The instruction set that the environment asks for; None for the widest."""
    asked = os.environ.get(SWITCH, "")
    return None if asked in ("", "0", "1") else asked


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
    if _is_stale(module.__file__ or "", name.rpartition(".")[2]):
        return None, "older than its source (install again)"
    return module, "active"


def _is_stale(built: str, part: str) -> bool:
    """Whether C code has changed since; a wheel has none."""
    files = [f for f in os.scandir(os.path.dirname(built)) if f.name.endswith((".c", ".h"))]
    sources = [f for f in files if part in PARTS_OF.get(f.name, ("machine",))]
    return any(f.stat().st_mtime > os.path.getmtime(built) for f in sources)


# What the sources of the smaller parts are for; all others are the machine's.
NODES = """
    arrays hashing ops nodes simplify handles builder tape nodes_module
    trace alike sums slopes recording
    layout ordering grouping placing packing
    writing segments choosing finishing
""".split()
PARTS_OF = {
    **dict.fromkeys(["value.c", "attributes.c", "walk.c", "compiled.h", "scalars.h"], ("value",)),
    "value.h": ("value", "nodes"),
    **{name + kind: ("nodes",) for name in NODES for kind in (".c", ".h")},
}


# ---------------------------------------------------------------- Value


def fast(cls: Class, part: str = "value") -> Class:
    """The C type with all that `cls` has, or `cls` itself where there is none.

    The C type has arithmetic and `backward` of its own, and everything else from `cls`.
    """
    compiled = load(part)
    return cls if compiled is None else compiled.adopt(cls)


def method(op: Any, python: Callable[..., Any]) -> Any:
    """The method of Value for a row of the table: compiled where it can be, else `python`."""
    compiled = load("value")
    return (compiled and compiled.method(op.name, op.__doc__, python)) or python


# ---------------------------------------------------------------- nodes of programs


def fast_node(cls: Class) -> Class:
    """The C type for the Node or the Builder of programs; see `fast`."""
    return fast(cls, "nodes")


def fast_pass(python: Function, part: str = "nodes") -> Function:
    """The pass over nodes of that name, compiled where it is; what that leaves to `python` it
    answers with NotImplemented.
    """
    compiled = getattr(load(part), python.__name__, None)
    if compiled is None:
        return python

    def either(*args: Any) -> Any:
        found = compiled(*args)
        return python(*args) if found is NotImplemented else found

    either.__doc__ = python.__doc__
    either.__wrapped__ = python  # type: ignore[attr-defined]
    return either  # type: ignore[return-value]


def fast_walk(python: Function) -> Function:
    """The same for a walk over Values."""
    return fast_pass(python, "value")
