"""Penalties on large weights: what is added to the loss so that they stay small.

    E = half_squared_error(model(x), t) + l2_penalty(weights(model), 0.01)

Biases are left out by custom: they shift a neuron and do not make it steep.
"""

from collections.abc import Iterable
from functools import reduce
from operator import add
from typing import Any

import autodiff as ad
from nn.leaves import as_values


def weights(model: Any) -> list[ad.Value]:
    """The weights of a network, a layer or a neuron, without the biases."""
    neurons = [
        neuron
        for layer in getattr(model, "layers", [model])
        for neuron in getattr(layer, "neurons", [layer])
    ]
    if not all(hasattr(neuron, "weights") for neuron in neurons):
        raise TypeError(
            f"{type(model).__name__} has no layers of neurons, so its weights are not known: "
            "give a penalty the list of Values it is to keep small"
        )
    return list(dict.fromkeys(w for neuron in neurons for w in neuron.weights))


def l1_penalty(parameters: Iterable[ad.Value], strength: float, *, name: str = "L1") -> ad.Value:
    """strength * (|w1| + |w2| + ...): pulls every weight by the same force, some to 0.

    >>> l1_penalty(ad.values("w1 w2", [0.5, -2.0]), 0.1)
    Value(L1=0.25)

    Raises ValueError for a negative strength or no parameters.
    """
    return _penalty([ad.absolute(w) for w in as_values(parameters)], strength, name)


def l2_penalty(parameters: Iterable[ad.Value], strength: float, *, name: str = "L2") -> ad.Value:
    """strength/2 * (w1**2 + w2**2 + ...): pulls a weight by strength*w (weight decay).

    >>> l2_penalty(ad.values("w1 w2", [1.0, -2.0]), 0.1)
    Value(L2=0.25)

    Raises ValueError for a negative strength or no parameters.
    """
    return _penalty([w**2 for w in as_values(parameters)], 0.5 * checked_strength(strength), name)


def _penalty(terms: list[ad.Value], strength: float, name: str) -> ad.Value:
    if not terms:
        raise ValueError("there are no parameters to penalise (was a generator used up before?)")
    result: ad.Value = checked_strength(strength) * reduce(add, terms)
    return result.named(name)


def checked_strength(strength: Any) -> float:
    number = ad.Value(strength).data
    if not 0.0 <= number < float("inf"):
        raise ValueError(f"the strength of a penalty is finite and not negative, not {number:g}")
    return number
