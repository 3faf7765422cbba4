"""Optimizers: they change parameters by their gradients.

    E.backward()
    optimizer.step()
    optimizer.zero_grad()

A step computes every new number first and then writes them all, so each change uses the old ones.
The graph recorded before stays at its old point: record it again, or call `E.forward()`.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import autodiff as ad
from nn.leaves import as_list, labelled

OTHER_SPELLINGS = {"lr", "learning_rate", "alpha", "eta", "step_size"}


class Optimizer:
    """What all optimizers share; a kind of optimizer says how one parameter changes (`change`).

    * `parameters`: leaves, as from `model.parameters()`; repeats count once.
    * `rate`: the learning rate; may be given a new number at any time.
    * `freeze`: those of the parameters that stay as they are, as Values or by label ("b1").
    * `maximize`: climb instead of descend (the gradient ascent of seed 002).

    Raises ValueError for a computed Value, a rate that is negative or not finite, an unknown label;
    TypeError for a plain number, and for `lr=`.
    """

    def __init__(
        self,
        parameters: Iterable[ad.Value],
        rate: float | None = None,
        *,
        freeze: Iterable[ad.Value | str] | ad.Value | str = (),
        maximize: bool = False,
        **unknown: Any,
    ) -> None:
        self.rate = checked_rate(rate, unknown, f"{type(self).__name__}(parameters, rate=0.1)")
        self.maximize = maximize
        self.parameters = _checked_parameters(parameters)
        self.frozen = _resolve(freeze, self.parameters)

    def change(self, parameter: ad.Value) -> float:
        """How far the parameter goes down in this step."""
        raise NotImplementedError

    def step(self) -> None:
        """Move every parameter that is not frozen, by its present gradient."""
        sign = -1.0 if self.maximize else 1.0
        moving = [p for p in self.parameters if p not in self.frozen]
        new = [p.data - sign * self.change(p) for p in moving]
        for p, data in zip(moving, new, strict=True):
            p.data = data

    def zero_grad(self) -> None:
        """Set the gradient of every parameter, frozen or not, to 0.0."""
        ad.zero_grad(self.parameters)

    def __repr__(self) -> str:
        frozen = f", {len(self.frozen)} frozen" if self.frozen else ""
        return f"{type(self).__name__}({len(self.parameters)} parameters{frozen}, rate={self.rate})"


class SGD(Optimizer):
    """Gradient descent: w - rate * dE/dw.

    >>> w, b = ad.values("w b", [0.5, 1.0])
    >>> optimizer = SGD([w, b], rate=0.5, freeze="b")
    >>> ((w - b) ** 2).backward()
    >>> optimizer.step()
    >>> w.data, b.data
    (1.0, 1.0)
    """

    def change(self, parameter: ad.Value) -> float:
        return self.rate * parameter.grad


def checked_rate(rate: Any, unknown: Mapping[str, Any], call: str) -> float:
    """The learning rate as a float; a TypeError says `rate=` where it was spelled otherwise."""
    for word in unknown:
        if word in OTHER_SPELLINGS:
            raise TypeError(f"the learning rate is spelled rate=, not {word}=: {call}")
        raise TypeError(f"there is no option {word}= here: {call}")
    if rate is None:
        raise TypeError(f"a learning rate is missing: {call}")
    number = ad.Value(rate).data
    if not math.isfinite(number) or number < 0:
        raise ValueError(
            f"rate is {number}; it is a finite number, not negative (maximize=True climbs)"
        )
    return number


def _checked_parameters(parameters: Any) -> list[ad.Value]:
    given = parameters.values() if isinstance(parameters, Mapping) else parameters
    if hasattr(given, "parameters"):
        raise TypeError("give the list model.parameters(), not the model")
    found: dict[ad.Value, None] = {}
    for i, p in enumerate(as_list(given), 1):
        if not isinstance(p, ad.Value):
            raise TypeError(
                f"parameter {i} is {p!r}, a {type(p).__name__} and not a Value: it has no gradient"
            )
        if p.args:
            raise ValueError(
                f"parameter {i}, {p.name or 'which has no name'}, is computed ({p.op}): "
                "only leaves can be given new numbers"
            )
        found[p] = None
    if not found:
        raise ValueError("there are no parameters (was a generator used up before?)")
    return list(found)


def _resolve(freeze: Any, parameters: list[ad.Value]) -> set[ad.Value]:
    """The parameters that are meant, by label, by full name or as themselves."""
    labels = labelled(parameters)
    called = {p.name: p for p in parameters} | labels
    frozen = set()
    for which in as_list(freeze):
        p = called.get(which) if isinstance(which, str) else which
        if p not in parameters:
            known = ", ".join(list(labels)[:12]) + (", ..." if len(labels) > 12 else "")
            raise ValueError(f"freeze: {which!r} is none of the parameters {known}")
        frozen.add(p)
    return frozen
