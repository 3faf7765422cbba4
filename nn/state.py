"""The state of training between two epochs: all that the next epoch depends on, as plain data.

`fit` keeps one after every epoch. It goes back to it when an epoch is broken off, and from it
training resumes with the same numbers as if it had never stopped.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

import autodiff as ad
from nn.optimizers import Optimizer


@dataclass(frozen=True)
class TrainingState:
    """What is known after a number of whole epochs.

    * `parameters`, `best`: numbers in the order of `model.parameters()`; `best` is empty unless
      patience keeps the weights of the best epoch, that of `best_epoch` with `best_score`.
    * `optimizer`: its `state()`. `random`: the state of the generator that shuffles.
    * `run`: what must be the same to go on exactly (the samples, the loss, the batch size).
    """

    epoch: int
    parameters: tuple[float, ...]
    optimizer: Mapping[str, Any]
    random: tuple[Any, ...]
    run: Mapping[str, Any]
    best: tuple[float, ...] = ()
    best_score: float | None = None
    best_epoch: int = 0

    def write_to(self, parameters: list[ad.Value], optimizer: Optimizer, rng: Random) -> None:
        """Put the numbers back: parameters, optimizer and random numbers go on from here."""
        if len(parameters) != len(self.parameters):
            raise ValueError(
                f"the state has {len(self.parameters)} parameters, the model {len(parameters)}"
            )
        optimizer.restore(self.optimizer)
        version, words, gauss = self.random
        rng.setstate((version, tuple(words), gauss))
        set_numbers(parameters, self.parameters)


def numbers(parameters: list[ad.Value]) -> tuple[float, ...]:
    return tuple(p.data for p in parameters)


def set_numbers(parameters: list[ad.Value], data: tuple[float, ...]) -> None:
    for p, number in zip(parameters, data, strict=True):
        p.data = number
