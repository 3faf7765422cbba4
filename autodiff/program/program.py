"""A compiled graph: call it with arrays, ask it for gradients over a batch, let it descend.

A Program keeps what was traced (`Tape`) and makes a layout of it for each use when that use first
comes: one for the outputs, one for the value and the gradients over a batch. Gradients run without
the gates that keep a dead branch silent; a dead branch can only show as a number that is not
finite, and then the program with gates runs instead.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import partial

from autodiff.op import refuse_unknown
from autodiff.program.allocate import Layout
from autodiff.program.descent import Descent, batches, descend
from autodiff.program.given import listed, parameters_given, rows_of_inputs
from autodiff.program.laying import GRADIENTS, NODES, VALUES, lay_out
from autodiff.program.node import no_collection
from autodiff.program.show import shown
from autodiff.program.strictness import is_strict, refuse_nonfinite, refuse_nonfinite_total
from autodiff.program.tape import Tape

TYPE_CHECKING = False  # importing typing would double the time of `import autodiff`
if TYPE_CHECKING:
    from typing import Any

ANY = -1  # a runner of any number of rows
KEPT = 4  # bindings to a batch size that are kept


class Program:
    """What `compile` returns.

    * `program(X)`: the outputs, one row of X for each sample; or `program(x1, x2)`, a number or a
      column for each input. One output gives an array with a number for each row, a list of
      outputs an array with a row for each. A single row, or numbers, give a float or a list of
      floats.
    * `value_and_grad(X)`: the output averaged (or summed) over the rows and its gradients.
    * `step(X, rate)`, `run(X, rate, steps)`, `epoch(X, rate=, batch=)`: gradient descent on the
      program's own `parameters`; `bind(X, rate)` for many steps on the same rows.
    * `inputs`, `parameters`: names of what varies from row to row, and numbers of what is shared.
    """

    def __init__(
        self,
        tape: Tape,
        single: bool,
        names: tuple[Sequence[str], Sequence[str], Sequence[str]],
        parameters: Sequence[float],
        leaves: Sequence[Any] = (),
        backend: str = "numpy",
        alternative: str = "",
    ) -> None:
        import numpy as np

        self._tape = tape
        self._single = single
        self.inputs, self.parameter_names, self.output_names = map(tuple, names)
        self._parameters = np.array(parameters, dtype=np.float64)
        self.backend = backend
        self._alternative = alternative  # for rows that the backend does not know
        self._leaves = list(leaves)
        self._wanted = len(self.parameters)  # how many of them it is differentiated by
        self._layouts: dict[tuple[str, bool], tuple[Layout, bool]] = {}
        self._runners: dict[tuple[str, bool, int], Any] = {}
        self.running = threading.Lock()  # the buffers are one call's at a time

    @property
    def parameters(self) -> Any:
        """Their numbers, one array for good: what is assigned is written into it."""
        return self._parameters

    @parameters.setter
    def parameters(self, numbers: Any) -> None:
        self._parameters[:] = parameters_given(numbers, self._parameters, self.parameter_names)

    # ------------------------------------------------------------ the outputs

    def __call__(self, *args: Any, parameters: Any = None) -> Any:
        """The outputs; see the class. `parameters` stand for the program's own in this call."""
        X, n, one = rows_of_inputs(args, self.inputs)
        given = parameters_given(parameters, self.parameters, self.parameter_names)
        import numpy as np

        with self.running:
            if is_strict():
                self._refuse_nonfinite(X, given)
            runner = self._run(VALUES, X, n, given)
            results = [runner.output(i, X) for i in range(len(runner.layout.outputs))]
            columns = [np.full(n, r) if type(r) is float else np.array(r) for r in results]
        if one:
            numbers = [float(column[0]) for column in columns]
            return numbers[0] if self._single else numbers
        return columns[0] if self._single else np.stack(columns, axis=1)

    def value_and_grad(
        self, *args: Any, params: Any = None, reduce: str = "mean"
    ) -> tuple[float, Any]:
        """The output over all rows, and its derivatives by the parameters as an array.

        `reduce` is "mean" or "sum". `params` stand for the program's own parameters in this call.
        Raises ValueError unless the program has one output and parameters.
        """
        if reduce not in ("mean", "sum"):
            raise ValueError(f'reduce is "mean" or "sum", not {reduce!r}')
        if len(args) == 2 and params is None and len(self.inputs) != 2:
            *args, params = args  # type: ignore[assignment]
        X, n = self._samples(args)
        given = parameters_given(params, self.parameters, self.parameter_names)
        scale = 1.0 / n if reduce == "mean" and self.inputs else 1.0
        with self.running:
            runner = self._run(GRADIENTS, X, n, given)
            value, gradient = runner.output(0, X) * scale, runner.gradient() * scale
            if is_strict():
                self._refuse_nonfinite(X, given, value, gradient)
        return value, gradient

    # ------------------------------------------------------------ descent

    def step(self, *args: Any, rate: Any = None, **unknown: Any) -> float:
        """One step of gradient descent on the mean over all rows; returns the value before it."""
        refuse_unknown("step", unknown)
        if rate is None and len(args) > bool(self.inputs):
            *args, rate = args  # type: ignore[assignment]
        return float(descend(self, self._samples(args)[0], rate, 1)[0])

    def run(self, *args: Any, rate: Any = None, steps: int | None = None, **unknown: Any) -> Any:
        """`steps` steps of descent on the mean over all rows; the value before each of them."""
        refuse_unknown("run", unknown)
        if steps is None and len(args) >= 2:
            *args, rate, steps = args  # type: ignore[assignment]
        return descend(self, self._samples(args)[0], rate, steps)

    def epoch(
        self, X: Any, *, rate: Any = None, batch: Any = None, order: Any = None, **unknown: Any
    ) -> Any:
        """A step for each `batch` rows, one after the other; the mean over each before its step.

        `order` lists numbers of rows: a shuffled `range(len(X))`. The last batch takes those that
        are left. ValueError for a batch below 1, IndexError for rows that X does not have.
        """
        refuse_unknown("epoch", unknown)
        columns, _ = self._samples([X])
        steps, rows = batches(columns, batch, order)
        return descend(self, columns, rate, steps, batch, rows)

    def bind(self, X: Any, rate: Any = None, **unknown: Any) -> Descent:
        """Descent on rows that stay: a step of it costs little more than its arithmetic."""
        refuse_unknown("bind", unknown)
        return Descent(self, X, rate)

    def write_back(self, parameters: Sequence[Any]) -> None:
        """Give its numbers to the Values that it was compiled with, in their order."""
        parameters = list(parameters)
        if len(parameters) != len(self.parameters):
            raise ValueError(f"{len(self.parameters)} parameters, but {len(parameters)} given")
        for value, number in zip(parameters, self.parameters.tolist(), strict=True):
            value.data = number

    def _samples(self, args: Sequence[Any]) -> tuple[Any, int]:
        X, n, _ = rows_of_inputs(args, self.inputs)
        if not n:
            raise ValueError("X has no rows: there is nothing to average")
        return X, n

    # ------------------------------------------------------------ running

    def _run(self, kind: str, X: Any, n: int, parameters: Any) -> Any:
        """The runner after a run: without gates, and with them if that made a difference."""
        import numpy as np

        with np.errstate(all="ignore"):
            runner = self._runner(kind, False, n)
            runner.run(parameters, X)
            if self._layouts[kind, False][1] and not runner.finite(X):
                runner = self._runner(kind, True, n)
                runner.run(parameters, X)
        return runner

    def descend_once(self, X: Any, rate: float) -> float:
        """A step of descent on the mean over the rows of X; the value before it."""
        n = X.shape[1]
        scale = 1.0 / n if self.inputs else 1.0
        runner = self._run(GRADIENTS, X, n, self.parameters)
        value, gradient = runner.output(0, X) * scale, runner.gradient()
        if is_strict():
            self._refuse_nonfinite(X, self.parameters, value, gradient)
        self._parameters -= (rate * scale) * gradient
        return float(value)

    def descend_natively(self, X: Any, rate: float, values: Any, batch: int, order: Any) -> int:
        """How many steps the backend made by itself, before one whose numbers are not finite."""
        runner = self._runner(GRADIENTS, False, batch or X.shape[1])
        if not hasattr(runner, "descend"):
            return 0
        given = self.parameters, X, order, rate, batch, bool(self.inputs), values
        return int(runner.descend(*given))

    def bound_step(self, X: Any, rate: float) -> Any:
        """A function that makes one step on X; the backend's own, if it has one."""
        given = [X] if self.inputs else []
        step = partial(self.step, *given, rate=rate)
        columns, n, _ = rows_of_inputs(given, self.inputs)
        with self.running:
            runner = self._runner(GRADIENTS, False, n)
        bound = getattr(runner, "bound", None)
        return bound(self.parameters, columns, rate, bool(self.inputs), step) if bound else step

    def _runner(self, kind: str, gated: bool, n: int) -> Any:
        runner = self._runners.get((kind, gated, n if self.backend == "numpy" else ANY))
        if runner is None:
            from autodiff.backends import runner as runner_of  # a floor up

            layout = self.layout(kind, gated)  # first, since it may change the backend
            key = kind, gated, n if self.backend == "numpy" else ANY
            while len(self._runners) >= KEPT:
                self._runners.pop(next(iter(self._runners)))
            with no_collection():
                runner = self._runners[key] = runner_of(
                    self.backend, layout, n, len(self.inputs), self._leaves, len(self.parameters)
                )
        return runner

    def layout(self, kind: str = VALUES, gated: bool = False) -> Layout:
        """The steps and slots for `kind`, "values" or "gradients"; made when first asked for."""
        if (kind, gated) not in self._layouts:
            with no_collection():
                self._layouts[kind, gated] = self._laid_out(kind, gated)
        return self._layouts[kind, gated][0]

    def _laid_out(self, kind: str, gated: bool) -> tuple[Layout, bool]:
        """The layout, and whether gates were left out."""
        from autodiff.backends import rows_of  # a floor up

        if kind == GRADIENTS and not (self._single and len(self.parameters)):
            raise ValueError(
                "gradients over a batch need one output and parameters: "
                "compile(loss, inputs, parameters=model.parameters())"
            )
        known = rows_of(self.backend)
        counts = len(self.parameters), self._wanted
        layout, dropped, rows = lay_out(self._tape, kind, gated, counts, known)
        unknown = sorted(rows.difference(known))
        if not unknown or self.backend == "numpy":  # which calls a row's own forward
            return layout, dropped
        if not self._alternative:
            raise ValueError(
                f"the {self.backend} backend has no kernel for {listed(unknown)}; "
                'compile with backend="numpy" or "auto"'
            )
        self.backend, self._alternative = self._alternative, ""
        self._layouts.clear()
        self._runners.clear()
        return self._laid_out(kind, gated)

    # ------------------------------------------------------------ what is given

    def _refuse_nonfinite(
        self, X: Any, given: Any, value: float = 0.0, gradient: Any = None
    ) -> None:
        """Raise FloatingPointError for a node, or a total over all rows, that is not finite."""

        def numbers(X: Any) -> list[Any]:
            runner = self._run(NODES, X, X.shape[1], given)
            return [runner.output(i, X) for i in range(len(runner.layout.outputs))]

        def gradient_of(X: Any) -> Any:
            return self._run(GRADIENTS, X, X.shape[1], given).gradient()

        refuse_nonfinite(self, X, given, numbers)
        if gradient is not None:
            refuse_nonfinite_total(self, X, given, value, gradient, gradient_of)

    # ------------------------------------------------------------ as an object

    def __getstate__(self) -> dict[str, Any]:
        kept = self.__dict__ | {"_runners": {}}
        return {name: x for name, x in kept.items() if name != "running"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.running = threading.Lock()
        from autodiff.backends import usable  # a floor up

        self.backend = usable(self.backend)

    def __repr__(self) -> str:
        counts = {"input": self.inputs, "parameter": self.parameters, "output": self.output_names}
        told = (f"{len(those)} {what}{'s' * (len(those) != 1)}" for what, those in counts.items())
        return f"<Program of {', '.join(told)} on {self.backend}>"

    def __str__(self) -> str:
        kind = GRADIENTS if self._single and len(self.parameters) else VALUES
        layout = self.layout(kind)
        lanes = {axis: len(self._leaves[min(x.values())]) for axis, x in layout.lanes.items()}
        return shown(self, layout, lanes)
