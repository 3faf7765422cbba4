"""A cached loss whose data are given apart from it, so that most calls need not record anything.

What `data` returns is put in one order: rows that were looked up, numbers, and around them lists.
The lists are the structure; the rows and numbers are data. For each structure the function is
called once with Values that have no number, so a choice by one of them is refused, not frozen.
What the function takes from elsewhere would be: a random number, the `.data` of a parameter.
Therefore every program is compared with a recording, at its first call, second, fourth, eighth
and so on.
"""

from __future__ import annotations

from math import isnan, nan

from autodiff.backends import traced
from autodiff.backends.caching import CachedLoss, finite
from autodiff.modes import MODES
from autodiff.names import describe
from autodiff.op import number
from autodiff.program.node import no_collection
from autodiff.program.structure import PlacedProgram
from autodiff.program.symbol import Symbol
from autodiff.value import Value

TYPE_CHECKING = False  # importing typing would double the time of `import autodiff`
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

CLOSE = 1e-7  # how far loss and gradient may be from the recorded ones, relative to the largest
ROW, GIVEN = "row", "given"  # a parameter, a number
WANTED = (
    "data are parameters, numbers, texts, None, and lists, tuples and dicts of them; "
    "what is computed belongs into the loss"
)


class Data:
    """What `data` returned: `shape` without the numbers, `rows` (indices of parameters) and
    `numbers` in order.
    """

    def __init__(self, given: Any, index: Mapping[Value, int]) -> None:
        self.rows: list[int] = []
        self.numbers: list[float] = []
        self._index = index
        self.arguments: tuple[Any, ...] = given if type(given) is tuple else (given,)
        self.shape = self._shape(self.arguments)

    def _shape(self, x: Any) -> Any:
        """Nested tuples, equal for what one program is for; rows and numbers are gathered."""
        kind = type(x)
        if kind is list or kind is tuple:
            return kind, *[self._shape(entry) for entry in x]
        if kind is float:
            self.numbers.append(x)
            return GIVEN
        if kind is int or kind is str or kind is bool or x is None:
            return kind, x
        if kind is dict:
            return kind, *[(key, self._shape(entry)) for key, entry in x.items()]
        if isinstance(x, Value):
            if x in self._index:
                self.rows.append(self._index[x])
                return ROW
            if x.operands:
                raise TypeError(f"data has {describe(x)}, which is computed ({x.op}); {WANTED}")
            x = x.data
        if hasattr(x, "tolist"):  # an array, or a number of NumPy's
            return self._shape(x.tolist())
        try:
            self.numbers.append(number(x))
        except TypeError as error:
            raise TypeError(f"data has {error}; {WANTED}") from None
        return GIVEN

    def replaced(self, rows: Sequence[Value], numbers: Sequence[Value]) -> tuple[Any, ...]:
        """The arguments, with these in place of rows and numbers."""
        next_row, next_number = iter(rows), iter(numbers)

        def rebuild(x: Any, shape: Any) -> Any:
            if shape is ROW:
                return next(next_row)
            if shape is GIVEN:
                return next(next_number)
            kind, *inner = shape
            x = x.tolist() if hasattr(x, "tolist") else x
            if kind is dict:
                return {key: rebuild(x[key], entry) for key, entry in inner}
            if kind is list or kind is tuple:
                return kind([rebuild(entry, there) for entry, there in zip(x, inner, strict=True)])
            return x

        found: tuple[Any, ...] = rebuild(self.arguments, self.shape)
        return found


class Traced:
    """The program for one shape of data. `calls` counts, to know when to compare."""

    def __init__(self) -> None:
        self.seen = self.calls = 0
        self.program: PlacedProgram | None = None

    def compile(
        self, function: Callable[..., Value], data: Data, parameters: Sequence[Value], backend: str
    ) -> None:
        """Call the function with Values that have no number, and make a program of it."""
        rows = [Symbol(nan, f"row {i}") for i in range(len(data.rows))]
        numbers = [Symbol(nan, f"number {i}") for i in range(len(data.numbers))]
        root = function(*data.replaced(rows, numbers))
        places: list[Value] = [*rows, *parameters, *numbers]
        with no_collection():
            tape, lanes = traced([root], [], places)
        names = [p.name or f"parameter {i}" for i, p in enumerate(places)]
        wanted = len(rows) + len(parameters)
        self.program = PlacedProgram(tape, names, wanted, lanes, backend)

    def run(self, data: Data, parameters: Any) -> tuple[float, Any]:
        """The loss and its derivatives by all parameters, whose numbers are given."""
        import numpy as np

        assert self.program is not None
        which = np.array(data.rows, dtype=np.intp)
        given = np.concatenate((parameters[which], parameters, data.numbers))
        value, slopes = self.program.value_and_grad(params=given)
        looked_up = np.bincount(which, slopes[: len(which)], len(parameters))
        return value, slopes[len(which) :] + looked_up


class TracedLoss(CachedLoss):
    """A loss with a program for each shape of its data that was met `threshold` times."""

    def __init__(self, data: Callable[..., Any], *args: Any) -> None:
        super().__init__(*args)
        self._data = data

    def _value_and_grad(self, args: Sequence[Any], keywords: dict[str, Any]) -> tuple[float, Any]:
        data = Data(self._data(*args, **keywords), self._index)
        structure = None if "strict" in MODES.get() else self._structure(data)
        if structure is not None:
            value, gradient = structure.run(data, self._numbers())
            structure.calls += 1
            if structure.calls & (structure.calls - 1) == 0:  # a power of two
                self._compare(value, gradient, data)
            if finite(value, gradient):
                self._count("compiled")
                return value, gradient
        self._count("eager")
        return self._recorded(data)

    def _recorded(self, data: Data) -> tuple[float, Any]:
        root = self._record(data.arguments)
        return root.data, self._eager(root)[0]

    def _structure(self, data: Data) -> Traced | None:
        with self._changing:
            structure = self._find(data.shape) or Traced()
            structure.seen += 1
            if structure.program is None and structure.seen >= self._threshold:
                structure.compile(self._traced, data, self.parameters, self._backend)
                self._counts["compilations"] += 1
            self._keep(data.shape, structure)
            return structure if structure.program is not None else None

    def _traced(self, *args: Any) -> Value:
        return self._checked(self.function(*args))

    def _compare(self, value: float, gradient: Any, data: Data) -> None:
        """Raise ValueError if a recording of the same data says something else."""
        import numpy as np

        true, slopes = self._recorded(data)
        if not finite(true, slopes):
            return
        got, wanted = np.append(gradient, value), np.append(slopes, true)
        scale = max(1.0, float(np.abs(wanted).max()))
        if not np.allclose(got, wanted, rtol=CLOSE, atol=CLOSE * scale):
            cause = "reads .data of its arguments" if isnan(value) else "changes from call to call"
            raise ValueError(
                f"the compiled {self._name} is {value!r}, the recorded one {true!r}: it {cause}, "
                "or decides by the number of a parameter. Everything that changes has to be in "
                "what data returns; or leave data out, then every call is recorded"
            )
