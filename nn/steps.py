"""Steps: the loss of a batch and the gradient of its mean, left in the parameters' `.grad`.

    total = step([0, 1, 2, 3])     # samples by index; the sum of their losses

`EagerStep` records a graph for each sample, as anyone would by hand. `CompiledStep` records one
sample, compiles it, and runs whole batches: the same numbers to rounding, some hundred times as
fast. It is taken by itself for networks and losses of this package, whose graphs are the same for
every sample, once there is enough to do and if it can be; a loss of the user's own may look at its
numbers (`if t > 0`), and is only compiled when a backend is asked for by name.
"""

import math
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any

import autodiff as ad
from nn.classification import cross_entropy, cross_entropy_of_marked
from nn.labels import short
from nn.leaves import as_list
from nn.losses import LOSSES
from nn.pairing import plain
from nn.samples import Samples

Loss = Callable[[Any, Any], Any]


class NonFinite(Exception):
    """The loss of a sample, or the gradient of a parameter, is nan or infinite. Caught in `fit`."""

    def __init__(self, sample: int | None, cause: str) -> None:
        super().__init__(cause)
        self.sample = sample
        self.cause = cause


class EagerStep:
    """One graph for each sample, freed as soon as its gradient is taken."""

    def __init__(self, model: Any, loss: Loss, samples: Samples, check: bool = True) -> None:
        self.model = model
        self.loss = loss
        self.samples = samples
        self.check = check
        self.parameters: list[ad.Value] = model.parameters()

    def record(self, sample: int) -> ad.Value:
        """The loss of one sample, as a Value."""
        E = self.loss(self.model(self.samples.X[sample]), self.samples.y[sample])
        if not isinstance(E, ad.Value):
            raise TypeError(
                f"the loss of sample {sample} is {E!r}, a {type(E).__name__} and not a Value: it "
                "has no gradient; compute it from the outputs, not from their .data"
            )
        return E

    def __call__(self, batch: Sequence[int]) -> float:
        ad.zero_grad(self.parameters)
        losses = []
        for sample in batch:
            E = self.record(sample)
            if self.check and not math.isfinite(E.data):
                raise NonFinite(self.samples.place(sample), f"the loss is {E.data}: {origin(E)}")
            E.backward()
            losses.append(E.data)
        for p in self.parameters:
            p.grad /= len(batch)
        return summed(losses)

    def culprit(self, batch: Sequence[int]) -> NonFinite:
        """Which sample of the batch has a gradient that is not finite, and in which parameter."""
        labels = self.model.named_parameters()
        for sample in batch:
            ad.zero_grad(self.parameters)
            self.record(sample).backward()
            for label, p in labels.items():
                if not math.isfinite(p.grad):
                    cause = f"the loss is finite, the gradient of {label} is not"
                    return NonFinite(self.samples.place(sample), cause)
        return NonFinite(None, "the gradient of the batch is not finite, those of its samples are")


class CompiledStep(EagerStep):
    """One Program for all samples; inputs and targets are its inputs."""

    def __init__(
        self, model: Any, loss: Loss, samples: Samples, check: bool = True, backend: str = "auto"
    ) -> None:
        import numpy as np

        super().__init__(model, loss, samples, check)
        x = [ad.Value(number) for number in samples.X[0]]
        outputs = model(x)
        targets = self._targets(len(as_list(outputs)))
        t = [ad.Value(number) for number in targets[0]]
        if loss is cross_entropy:
            E = cross_entropy_of_marked(as_list(outputs), t)
        else:
            E = loss(outputs, t if isinstance(samples.y[0], list) else t[0])
        self.program = ad.compile(E, [*x, *t], parameters=self.parameters, backend=backend)
        self.rows = np.hstack([np.array(samples.X), np.array(targets)])

    def _targets(self, n_outputs: int) -> list[list[float]]:
        """The targets as rows of numbers; a class as a 1 among zeros."""
        y = self.samples.y
        if self.loss is cross_entropy:
            return [[float(k == as_list(c)[0]) for k in range(n_outputs)] for c in y]
        return [as_list(t) for t in y]

    def __call__(self, batch: Sequence[int]) -> float:
        rows = self.rows if len(batch) == len(self.rows) else self.rows[list(batch)]
        mean, gradient = self.program.value_and_grad(rows, params=[p.data for p in self.parameters])
        if not math.isfinite(mean):
            return super().__call__(batch)  # it says where, or finds that it can do better
        for p, slope in zip(self.parameters, gradient.tolist(), strict=True):
            p.grad = slope
        return float(mean) * len(batch)

    def descend(self, batches: Sequence[Sequence[int]], rate: float) -> float | None:
        """A plain step of descent for each batch, all of one size; the sum of all losses. None, and
        nothing is changed, where a number is not finite.
        """
        program, size = self.program, len(batches[0])
        program.parameters[:] = [p.data for p in self.parameters]
        order = [sample for batch in batches for sample in batch]
        total = float(program.epoch(self.rows, rate=rate, batch=size, order=order).sum()) * size
        if not (math.isfinite(total) and all(map(math.isfinite, program.parameters.tolist()))):
            return None
        program.write_back(self.parameters)
        return total


ENOUGH = 256  # samples times parameters: below, importing NumPy and compiling take longer
BACKENDS = ("auto", "eager", "numpy", "native")


def chosen_step(
    model: Any, loss: Loss, samples: Samples, check: bool, backend: str
) -> tuple[EagerStep, str]:
    """The step for this run, and which it is: "eager", or the name of a backend."""
    if backend not in BACKENDS:
        raise ValueError(f"backend={backend!r} is unknown; use one of {', '.join(BACKENDS)}")
    wanted = backend
    if backend == "auto":
        ours = type(model).__module__.startswith("nn.") and loss in LOSSES.values()
        worth = len(samples) * len(model.parameters()) >= ENOUGH
        if not (ours and worth and hasattr(ad, "compile") and find_spec("numpy")):
            backend = "eager"
    if backend == "eager":
        return EagerStep(model, loss, samples, check), backend
    if wanted == "auto":
        try:
            step = CompiledStep(model, loss, samples, check)
            step(range(len(samples)))
        except Exception:  # an op of the user's own, say, that arrays cannot go through
            return EagerStep(model, loss, samples, check), "eager"
    else:
        step = CompiledStep(model, loss, samples, check, backend)
    return step, step.program.backend


def summed(numbers: Sequence[float]) -> float:
    """Their sum, rounded once where that is possible."""
    try:
        return math.fsum(numbers)
    except (OverflowError, ValueError):  # beyond the largest float, or inf - inf
        return sum(numbers)


def origin(E: ad.Value) -> str:
    """Where the first nan or inf behind a Value arose, in words."""
    node = ad.first_nonfinite(E)
    if node is None:
        return "it is finite when computed again"
    if not node.args:
        return f"{short(node) or 'a leaf without a name'} is {node.data}"
    operands = ", ".join(
        f"{short(a)}={a.data:.6g}" if isinstance(a, ad.Value) and a.name else f"{plain(a):.6g}"
        for a in node.args[:6]
    ) + (", ..." if len(node.args) > 6 else "")
    name = short(node) or _first_named(E, node)
    return f"it begins at {name} = {node.op}({operands}) = {node.data}"


def _first_named(E: ad.Value, node: ad.Value) -> str:
    """The named Value that an unnamed node is a part of."""
    seen: set[ad.Value] = set()
    waiting = [(E, short(E))]
    while waiting:
        user, name = waiting.pop()
        if user is node:
            return f"a part of {name}" if name else "a node without a name"
        if user not in seen:
            seen.add(user)
            waiting += [(a, short(a) or name) for a in user.args if isinstance(a, ad.Value)]
    return "a node without a name"
