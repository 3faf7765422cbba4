"""Optimizers: they change parameters by their gradients.

    optimizer.zero_grad()
    E.backward()
    optimizer.step()

A step computes every new number first and then writes them all, so each change uses the old ones,
and a step that fails changes nothing. The graph recorded before stays at its old point: record it
again, or call `E.forward()`. `nn.adaptive` has the optimizers that adapt the rate to each weight.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import autodiff as ad
from nn.choices import meant
from nn.leaves import as_list, as_values, labelled

OTHER_SPELLINGS = {"lr", "learning_rate", "alpha", "eta", "step_size"}


class Optimizer:
    """What all optimizers share; a kind of optimizer says how one parameter changes (`change`).

    * `parameters`: leaves, as from `model.parameters()`; repeats count once.
    * `rate`: the learning rate; may be given a new number at any time.
    * `freeze`: those of the parameters that stay as they are, as Values or by label ("b1").
    * `maximize`: climb instead of descend (the gradient ascent of text 002).

    What an optimizer remembers of earlier steps lies in `memory`: a number for each of its `SLOTS`
    and each parameter, 0.0 before the first step. `state()` copies it, `restore` puts it back.

    Raises ValueError for a computed Value, a rate that is negative or not finite, an unknown label;
    TypeError for a plain number, and for `lr=`.
    """

    SLOTS: tuple[str, ...] = ()  # what is remembered of each parameter
    SETTINGS: tuple[str, ...] = ()  # attributes, besides the rate, that the rule depends on

    def __init__(
        self,
        parameters: Iterable[ad.Value],
        rate: float | None = None,
        *,
        freeze: Iterable[ad.Value | str] | ad.Value | str = (),
        maximize: bool = False,
        **unknown: Any,
    ) -> None:
        call = f"{type(self).__name__}(parameters, rate=0.1)"
        self.rate = checked_rate(rate, unknown, call, self._options())
        self.maximize = maximize
        self.parameters = _checked_parameters(parameters)
        self.frozen = _resolve(freeze, self.parameters)
        self.steps = 0
        self.memory: dict[tuple[str, ad.Value], float] = {}
        self._fresh: dict[tuple[str, ad.Value], float] = {}

    @classmethod
    def _options(cls) -> list[str]:
        """What may be given by name, here and in the classes above."""
        known = (
            getattr(vars(kind).get("__init__"), "__kwdefaults__", None) or {}
            for kind in cls.__mro__
        )
        return [name for names in known for name in names]

    def change(self, parameter: ad.Value) -> float:
        """How far the parameter goes down in this step."""
        raise NotImplementedError

    def slope(self, parameter: ad.Value) -> float:
        """The gradient to go down: that of the parameter, or its opposite when climbing."""
        return -parameter.grad if self.maximize else parameter.grad

    def remembered(self, slot: str, parameter: ad.Value) -> float:
        """What the last step left in a slot of this parameter."""
        return self.memory.get((slot, parameter), 0.0)

    def remember(self, slot: str, parameter: ad.Value, number: float) -> float:
        """Leave a number for the next step, and return it."""
        self._fresh[slot, parameter] = number
        return number

    def step(self) -> None:
        """Move every parameter that is not frozen, by its present gradient."""
        moving = [p for p in self.parameters if p not in self.frozen]
        self._fresh = {}
        new = [p.data - self.change(p) for p in moving]
        self.memory.update(self._fresh)
        self.steps += 1
        for p, data in zip(moving, new, strict=True):
            p.data = data

    def zero_grad(self) -> None:
        """Set the gradient of every parameter, frozen or not, to 0.0."""
        ad.zero_grad(self.parameters)

    def settings(self) -> dict[str, Any]:
        """What the rule depends on besides the rate: momentum, decay and the like."""
        return {name: getattr(self, name) for name in (*self.SETTINGS, "maximize")}

    def state(self) -> dict[str, Any]:
        """All that the next step depends on besides parameters and gradients, as plain data."""
        slots = {slot: [self.remembered(slot, p) for p in self.parameters] for slot in self.SLOTS}
        return {
            "kind": type(self).__name__,
            "rate": self.rate,
            "steps": self.steps,
            "settings": self.settings(),
            "slots": slots,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a `state()` of an optimizer of the same kind, settings and parameters.

        Raises ValueError, and changes nothing, when they differ.
        """
        kind, settings, slots = state["kind"], state["settings"], state["slots"]
        if kind != type(self).__name__:
            raise ValueError(f"this is the state of {kind}, and the optimizer is {self!r}")
        if settings != self.settings():
            raise ValueError(f"the state has {settings}, the optimizer {self.settings()}")
        if set(slots) != set(self.SLOTS) or any(
            len(numbers) != len(self.parameters) for numbers in slots.values()
        ):
            given = {slot: len(numbers) for slot, numbers in slots.items()}
            raise ValueError(f"the state remembers {given}, and the optimizer is {self!r}")
        self.rate, self.steps = state["rate"], state["steps"]
        self.memory = {
            (slot, p): number
            for slot, numbers in slots.items()
            for p, number in zip(self.parameters, numbers, strict=True)
        }

    def __repr__(self) -> str:
        frozen = f", {len(self.frozen)} frozen" if self.frozen else ""
        return f"{type(self).__name__}({len(self.parameters)} parameters{frozen}, rate={self.rate})"


class SGD(Optimizer):
    """Gradient descent: w - rate * dE/dw, or with momentum w - rate * v.

    The velocity v = momentum*v + dE/dw starts at 0. With `nesterov` the step is taken from where
    the velocity would lead, w - rate * (dE/dw + momentum*v) (Sutskever et al. 2013).

    >>> w, b = ad.values("w b", [0.5, 1.0])
    >>> optimizer = SGD([w, b], rate=0.5, freeze="b")
    >>> ((w - b) ** 2).backward()
    >>> optimizer.step()
    >>> w.data, b.data
    (1.0, 1.0)

    Raises ValueError for a momentum outside 0 to 1, and for nesterov without momentum.
    """

    SLOTS = ("velocity",)
    SETTINGS = ("momentum", "nesterov")

    def __init__(
        self,
        parameters: Iterable[ad.Value],
        rate: float | None = None,
        *,
        momentum: float = 0.0,
        nesterov: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(parameters, rate, **options)
        self.momentum = checked_fraction(momentum, "momentum")
        self.nesterov = nesterov
        if nesterov and not momentum:
            raise ValueError("nesterov=True looks ahead along the momentum: give one, momentum=0.9")

    def change(self, parameter: ad.Value) -> float:
        slope = self.slope(parameter)
        if not self.momentum:
            return self.rate * slope
        velocity = self.momentum * self.remembered("velocity", parameter) + slope
        self.remember("velocity", parameter, velocity)
        return self.rate * (slope + self.momentum * velocity if self.nesterov else velocity)


def checked_fraction(given: Any, what: str) -> float:
    """A number from 0 up to, not including, 1."""
    number = ad.Value(given).data
    if not 0.0 <= number < 1.0:
        raise ValueError(f"{what} is {number:g}; it is a number from 0 to below 1")
    return number


def checked_rate(
    rate: Any, unknown: Mapping[str, Any], call: str, options: Iterable[str] = ()
) -> float:
    """The learning rate as a float; a TypeError says `rate=` where it was spelled otherwise, and
    for another unknown word which of the options looks like it."""
    for word in unknown:
        if word in OTHER_SPELLINGS:
            raise TypeError(f"the learning rate is spelled rate=, not {word}=: {call}")
        near = meant(word, options, "{}=")
        raise TypeError(f"there is no option {word}=" + (f"; {near}" if near else f" here: {call}"))
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
    found: dict[ad.Value, None] = {}
    for i, p in enumerate(as_values(given), 1):
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
