"""Initialisers: the weights that training starts from, always drawn from an explicit seed."""

import math
from random import Random

RECTIFIERS = {"relu", "leaky_relu", "elu", "gelu", "gelu_tanh", "silu", "softplus"}

Seed = int | Random


def generator(seed: Seed) -> Random:
    """The random numbers of a seed; a `random.Random` is used, and advanced, as it is."""
    if isinstance(seed, Random):
        return seed
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise TypeError(f"seed is an int or a random.Random, not {seed!r}")
    return Random(seed)


def initial_weights(activation: str, n_inputs: int, size: int, seed: Seed) -> list[list[float]]:
    """Weights for each neuron of a layer, uniform within a limit that keeps signals alive.

    The limit is sqrt(6 / (n_inputs + size)) (Glorot and Bengio 2010, also called Xavier), and
    sqrt(6 / n_inputs) for relu and its kin (He et al. 2015).
    """
    rng = generator(seed)
    limit = math.sqrt(6.0 / (n_inputs if activation in RECTIFIERS else n_inputs + size))
    return [[rng.uniform(-limit, limit) for _ in range(n_inputs)] for _ in range(size)]
