"""What every cached loss has: the recorded way to a gradient, a bounded memory of structures, and
counts of what was done.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import repeat
from math import isfinite
from operator import add, attrgetter
from types import MappingProxyType
from typing import Any, NamedTuple

from autodiff import native
from autodiff.graph import check_interior, local_slopes, refuse_nonfinite, sweep, topological
from autodiff.modes import MODES, recording
from autodiff.names import describe
from autodiff.program.node import no_collection
from autodiff.value import Value, _committing

NONE: Mapping[str, Any] = MappingProxyType({})


class CacheInfo(NamedTuple):
    """How many calls a program answered, how many were eager, how many programs are kept of at
    most how many, and how many were ever compiled.
    """

    compiled: int
    eager: int
    programs: int
    maxsize: int
    compilations: int


class CachedLoss:
    """What `compile_cached` returns.

    * `loss(...)`: the loss as a float; its derivatives are added to `.grad` of the parameters, as
      `function(...).backward()` would do.
    * `loss.value_and_grad(...)`: the loss and an array of derivatives; no `.grad` changes.
    * `loss.cache_info()`: counts; `loss.cache_clear()` forgets all programs.
    * `loss.function`, `loss.parameters`: what it was made of.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        parameters: list[Value],
        threshold: int,
        maxsize: int,
        backend: str,
    ) -> None:
        self.function = function
        self.parameters = parameters
        self._index = {p: i for i, p in enumerate(parameters)}
        self._threshold = threshold
        self._maxsize = maxsize
        self._backend = backend
        self._met: OrderedDict[Any, Any] = OrderedDict()  # structures without a program yet
        self._kept: OrderedDict[Any, Any] = OrderedDict()  # structures with one
        self._counts = {"compiled": 0, "eager": 0, "compilations": 0}
        self._changing = threading.RLock()
        self._name = getattr(function, "__name__", type(function).__name__)

    def __call__(self, *args: Any, **keywords: Any) -> float:
        """The loss; its derivatives are added to `.grad` of the parameters."""
        value, gradient = self.value_and_grad(*args, **keywords)
        add_to_grads(self.parameters, gradient)
        return value

    def value_and_grad(self, *args: Any, **keywords: Any) -> tuple[float, Any]:
        """The loss and its derivatives by the parameters, in their order, as an array."""
        with no_collection():
            return self._value_and_grad(args, keywords)

    def cache_info(self) -> CacheInfo:
        """Counts of calls and programs."""
        with self._changing:
            counts = self._counts
            return CacheInfo(
                counts["compiled"],
                counts["eager"],
                len(self._kept),
                self._maxsize,
                counts["compilations"],
            )

    def cache_clear(self) -> None:
        """Forget every structure and program, and begin to count again."""
        with self._changing:
            self._met.clear()
            self._kept.clear()
            self._counts = dict.fromkeys(self._counts, 0)

    def __reduce__(self) -> Any:
        raise TypeError(
            f"the cached {self._name} knows its parameters by identity, which a pickle cannot "
            "keep: call compile_cached again where it is loaded"
        )

    def __repr__(self) -> str:
        info = ", ".join(f"{name} {count}" for name, count in self.cache_info()._asdict().items())
        return f"<{self._name} cached: {info}>"

    # ------------------------------------------------------------ the recorded way

    def _value_and_grad(self, args: Sequence[Any], keywords: dict[str, Any]) -> tuple[float, Any]:
        raise NotImplementedError

    def _record(self, args: Sequence[Any], keywords: Mapping[str, Any] = NONE) -> Value:
        """The loss, recorded."""
        if "no_record" not in MODES.get():
            return self._checked(self.function(*args, **keywords))
        with recording():
            return self._checked(self.function(*args, **keywords))

    def _checked(self, root: Any) -> Value:
        if not isinstance(root, Value):
            raise TypeError(
                f"{self._name} returned {root!r} ({type(root).__name__}); a loss is one Value, "
                "computed from the parameters and not from their .data"
            )
        return root

    def _eager(self, root: Value) -> tuple[Any, int, int]:
        """The gradient as `root.backward()` computes it, and the counts of `slopes_of`."""
        import numpy as np

        slopes, nodes, by_python = slopes_of(root, self.parameters)
        return np.frombuffer(slopes), nodes, by_python

    def _numbers(self) -> Any:
        """The present numbers of the parameters."""
        import numpy as np

        return np.frombuffer(numbers_of(self.parameters))

    # ------------------------------------------------------------ the memory

    def _count(self, what: str) -> None:
        with self._changing:
            self._counts[what] += 1

    def _find(self, key: Any) -> Any:
        """The structure of this key, which is then the one used last; or None."""
        for memory in (self._kept, self._met):
            if key in memory:
                memory.move_to_end(key)
                return memory[key]
        return None

    def _keep(self, key: Any, structure: Any) -> None:
        """Put a structure where it belongs, with a program or without; the one that was not used
        for the longest time goes.
        """
        memory, other = self._kept, self._met
        if structure.program is None:
            memory, other = other, memory
        other.pop(key, None)
        memory[key] = structure
        memory.move_to_end(key)
        while len(memory) > self._maxsize:
            memory.popitem(last=False)


# ---------------------------------------------------------------- over whole lists, at one go


@native.fast_walk
def slopes_of(root: Value, xs: list[Value]) -> tuple[Any, int, int]:
    """The derivatives of the root by leaves, as `root.backward()` finds them; how many nodes there
    were, and for how many of them Python did it.
    """
    import numpy as np

    order = topological(root, right_first=True)
    check_interior(root, order)
    adjoints = sweep(root, 1.0, order, local_slopes)
    if "strict" in MODES.get():
        refuse_nonfinite(adjoints, order)
    slopes = np.array([adjoints.get(x, 0.0) for x in xs], dtype=np.float64)
    return slopes, len(order), len(order)


@native.fast_pass
def numbers_of(values: list[Value]) -> Any:
    """Their numbers."""
    import numpy as np

    return np.array([x.data for x in values], dtype=np.float64)


@native.fast_pass
def add_to_grads(values: list[Value], gradient: Any) -> None:
    """Add derivatives to `.grad`, to all or to none."""
    with _committing:
        totals = list(map(add, map(attrgetter("grad"), values), gradient.tolist()))
        deque(map(setattr, values, repeat("grad"), totals), maxlen=0)


def finite(value: float, gradient: Any) -> bool:
    """Whether the loss and all derivatives are."""
    import numpy as np

    return isfinite(value) and bool(np.isfinite(gradient).all())


def checked_parameters(given: Any) -> list[Value]:
    """The parameters as a list: leaves, each once. Raises TypeError or ValueError, by name."""
    if isinstance(given, Value):
        given = [given]
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise TypeError(f"parameters are a list of Values, not {given!r}")
    found: dict[Value, None] = {}
    for i, p in enumerate(given):
        if not isinstance(p, Value):
            raise TypeError(
                f"parameter {i} is {p!r} ({type(p).__name__}); parameters are one flat list of "
                "Values: [p for matrix in matrices for row in matrix for p in row]"
            )
        if p.operands:
            raise ValueError(f"{describe(p)} is computed ({p.op}); parameters are leaves")
        if p in found:
            raise ValueError(f"the parameter {describe(p)} is given twice")
        found[p] = None
    if not found:
        raise ValueError("there are no parameters to differentiate by")
    return list(found)
