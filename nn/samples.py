"""Samples: X and y as lists of rows, checked before the first step.

X is a list of rows (or an array) with as many numbers as the network has inputs; y has a target for
each row, a number or a row of numbers, as the loss wants it.
"""

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from struct import pack
from typing import Any

import autodiff as ad
from nn.initialisers import Seed, generator
from nn.leaves import as_rows, is_row
from nn.losses import LOSSES
from nn.pairing import plain


@dataclass(frozen=True)
class Samples:
    """Rows of inputs, and a target for each: a float, or a list of them.

    `places` are their places in a larger list, where they were drawn from one.
    """

    X: list[list[float]]
    y: list[Any]
    places: tuple[int, ...] = ()

    def place(self, i: int) -> int:
        """Where sample i was in the X that the user gave."""
        return self.places[i] if self.places else i

    def __len__(self) -> int:
        return len(self.X)

    def fingerprint(self) -> str:
        """A digest of all numbers: resumed training is the same only on the same samples."""
        digest = hashlib.sha256(f"{len(self.X)} {len(self.X[0])}".encode())
        for row, target in zip(self.X, self.y, strict=True):
            numbers = [*row, *(target if isinstance(target, list) else [target])]
            digest.update(pack(f"<{len(numbers)}d", *numbers))
        return digest.hexdigest()[:16]


def checked_samples(
    X: Any, y: Any, n_inputs: int | None, n_outputs: int, loss: Callable[..., Any], what: str = ""
) -> Samples:
    """X and y as `Samples`; a ValueError or TypeError names the row that does not fit.

    `what` goes before X and y in messages ("validation ").
    """
    rows, targets = as_rows(X, f"{what}X"), as_rows(y, f"{what}y")
    if not rows:
        raise ValueError(f"{what}X has no samples")
    if len(rows) != len(targets):
        raise ValueError(
            f"{what}X has {len(rows)} samples and {what}y has {len(targets)} targets; "
            "every sample needs one"
        )
    found = [_inputs(row, n_inputs, f"{what}X[{i}]") for i, row in enumerate(rows)]
    if any(len(row) != len(found[0]) for row in found):
        i = next(i for i, row in enumerate(found) if len(row) != len(found[0]))
        raise ValueError(f"{what}X[0] has {len(found[0])} numbers and X[{i}] has {len(found[i])}")
    goals = [_target(t, f"{what}y[{i}]") for i, t in enumerate(targets)]
    if loss in LOSSES.values():  # ours take plain numbers; they check labels and say what is wrong
        for i, goal in enumerate(goals):
            try:
                loss([0.5] * n_outputs, goal)
            except (ValueError, TypeError) as error:
                raise type(error)(f"{what}y[{i}]: {error}") from None
    return Samples(found, goals)


def _inputs(row: Any, n_inputs: int | None, where: str) -> list[float]:
    numbers = [_number(x, where) for x in (row if is_row(row) else [row])]
    if n_inputs is not None and len(numbers) != n_inputs:
        raise ValueError(f"{where} has {len(numbers)} numbers, the network has {n_inputs} inputs")
    for x in numbers:
        if not math.isfinite(x):
            raise ValueError(f"{where} holds {x}; leave the sample out or put a number there")
    return numbers


def _target(target: Any, where: str) -> Any:
    found = [_number(t, where) for t in target] if is_row(target) else _number(target, where)
    for t in found if isinstance(found, list) else [found]:
        if not math.isfinite(t):
            raise ValueError(f"{where} holds {t}; leave the sample out or put a number there")
    return found


def _number(x: Any, where: str) -> float:
    try:
        return plain(x)
    except TypeError as error:
        raise TypeError(f"{where}: {error}") from None


def apart(samples: Samples, fraction: float, seed: Seed) -> tuple[Samples, Samples]:
    """Samples for training and, a `fraction` of them drawn by `seed`, for validation."""
    number = ad.Value(fraction).data
    count = round(number * len(samples))
    if not 0.0 < number < 1.0 or not 0 < count < len(samples):
        raise ValueError(
            f"{fraction!r} of {len(samples)} samples leaves nothing to "
            f"{'train' if number > 0.5 else 'validate'} with; give a fraction between 0 and 1"
        )
    order = list(range(len(samples)))
    generator(seed).shuffle(order)

    def pick(indices: Sequence[int]) -> Samples:
        X, y = [samples.X[i] for i in indices], [samples.y[i] for i in indices]
        return Samples(X, y, tuple(indices))

    return pick(sorted(order[count:])), pick(sorted(order[:count]))
