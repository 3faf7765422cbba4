"""What of the package runs compiled: decided here, once, when it is first imported.

Everything is written in Python and runs so. A part that was also compiled when the package was
installed takes the place of its Python original, unless the environment says `AUTODIFF_NATIVE=0`.
`status()` tells what is active and why not; `autodiff info` prints it.
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

SWITCH = "AUTODIFF_NATIVE"
_status: dict[str, str] = {}


def load(part: str) -> ModuleType | None:
    """The compiled module `autodiff.native.<part>`; None where it is switched off or missing."""
    name = f"{__name__}.{part}"
    if os.environ.get(SWITCH) == "0":
        _status[part] = f"off ({SWITCH}=0)"
        return None
    try:
        module = import_module(name)
    except ModuleNotFoundError as error:
        _status[part] = "not built" if error.name == name else f"does not load ({error})"
    except ImportError as error:  # built for another Python, or another machine
        _status[part] = f"does not load ({error})"
    else:
        _status[part] = "active"
        return module
    return None


def status() -> dict[str, str]:
    """The parts that were asked for, each with "active" or why it is not."""
    return dict(_status)


# ---------------------------------------------------------------- Value

_value = load("value")


def fast(cls: Class) -> Class:
    """The C type with all that `cls` has, or `cls` itself where there is none.

    The C type has arithmetic and `backward` of its own, and everything else from `cls`.
    """
    return cls if _value is None else _value.adopt(cls)


def method(op: Any, python: Callable[..., Any]) -> Any:
    """The method of Value for a row of the table: compiled where it can be, else `python`."""
    return (_value and _value.method(op.name, op.__doc__, python)) or python
