"""Optimizers that adapt the rate to each parameter, by the sizes of the gradients it has had.

g is the gradient, and all slots start at 0. `epsilon` keeps the first divisions from being 0/0.
"""

import math
from collections.abc import Iterable
from typing import Any

import autodiff as ad
from nn.optimizers import SGD, Optimizer, checked_fraction
from nn.penalties import checked_strength


class Adagrad(Optimizer):
    """w - rate * g / (sqrt(s) + epsilon), where s is the sum of all g**2 (Duchi et al. 2011).

    >>> w = ad.Value(1.0, "w")
    >>> (3 * w).backward()
    >>> Adagrad([w], rate=0.5).step()  # the first step is one rate long
    >>> round(w.data, 9)
    0.5
    """

    SLOTS = ("squares",)
    SETTINGS = ("epsilon",)

    def __init__(
        self,
        parameters: Iterable[ad.Value],
        rate: float | None = None,
        *,
        epsilon: float = 1e-10,
        **options: Any,
    ) -> None:
        super().__init__(parameters, rate, **options)
        self.epsilon = _checked_epsilon(epsilon)

    def change(self, parameter: ad.Value) -> float:
        g = self.slope(parameter)
        squares = self.remember("squares", parameter, self.remembered("squares", parameter) + g * g)
        return self.rate * g / (math.sqrt(squares) + self.epsilon)


class RMSProp(Optimizer):
    """w - rate * g / (sqrt(s) + epsilon), with the running mean s = decay*s + (1 - decay)*g**2.

    Hinton, Neural Networks for Machine Learning, lecture 6e (2012), whose decay is 0.9.
    """

    SLOTS = ("squares",)
    SETTINGS = ("decay", "epsilon")

    def __init__(
        self,
        parameters: Iterable[ad.Value],
        rate: float | None = None,
        *,
        decay: float = 0.9,
        epsilon: float = 1e-8,
        **options: Any,
    ) -> None:
        super().__init__(parameters, rate, **options)
        self.decay = checked_fraction(decay, "decay")
        self.epsilon = _checked_epsilon(epsilon)

    def change(self, parameter: ad.Value) -> float:
        g = self.slope(parameter)
        squares = self.decay * self.remembered("squares", parameter) + (1.0 - self.decay) * g * g
        self.remember("squares", parameter, squares)
        return self.rate * g / (math.sqrt(squares) + self.epsilon)


class Adam(Optimizer):
    """Running means of g and of g**2, freed of their start at 0 (Kingma and Ba 2015).

        m = beta1*m + (1 - beta1)*g          v = beta2*v + (1 - beta2)*g**2
        w - rate * (m / (1 - beta1**t)) / (sqrt(v / (1 - beta2**t)) + epsilon)      in step t

    >>> w = ad.Value(1.0, "w")
    >>> (3 * w).backward()
    >>> Adam([w], rate=0.5).step()  # the first step is one rate long
    >>> round(w.data, 8)
    0.5
    """

    SLOTS = ("mean", "squares")
    SETTINGS: tuple[str, ...] = ("beta1", "beta2", "epsilon")

    def __init__(
        self,
        parameters: Iterable[ad.Value],
        rate: float | None = None,
        *,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        **options: Any,
    ) -> None:
        super().__init__(parameters, rate, **options)
        self.beta1 = checked_fraction(beta1, "beta1")
        self.beta2 = checked_fraction(beta2, "beta2")
        self.epsilon = _checked_epsilon(epsilon)

    def change(self, parameter: ad.Value) -> float:
        g, t = self.slope(parameter), self.steps + 1
        mean = self.beta1 * self.remembered("mean", parameter) + (1.0 - self.beta1) * g
        squares = self.beta2 * self.remembered("squares", parameter) + (1.0 - self.beta2) * g * g
        self.remember("mean", parameter, mean)
        self.remember("squares", parameter, squares)
        unbiased = math.sqrt(squares / (1.0 - self.beta2**t))
        return self.rate * (mean / (1.0 - self.beta1**t)) / (unbiased + self.epsilon)


class AdamW(Adam):
    """Adam, and apart from it every parameter shrinks by rate * decay of itself.

    Loshchilov and Hutter 2019: unlike an L2 penalty the decay is not divided by sqrt(v).
    """

    SETTINGS = (*Adam.SETTINGS, "decay")

    def __init__(
        self,
        parameters: Iterable[ad.Value],
        rate: float | None = None,
        *,
        decay: float = 0.01,
        **options: Any,
    ) -> None:
        super().__init__(parameters, rate, **options)
        self.decay = checked_strength(decay)

    def change(self, parameter: ad.Value) -> float:
        return super().change(parameter) + self.rate * self.decay * parameter.data


OPTIMIZERS: dict[str, type[Optimizer]] = {
    kind.__name__.lower(): kind for kind in (SGD, Adagrad, RMSProp, Adam, AdamW)
}


def _checked_epsilon(epsilon: Any) -> float:
    number = ad.Value(epsilon).data
    if not 0.0 < number < math.inf:
        raise ValueError(f"epsilon is {number:g}; it is positive, and small")
    return number
