"""Losses: functions over the outputs of a network and what they should be.

A loss takes two lists, or two single things. Targets given as numbers become leaves `target1`,
`target2`, ...; the error of each output is a waypoint `E1`, `E2`, ..., and the result is `E_total`,
or just `E` if there is one output. `name="C"` says C1, C2 and C_total.

Where nothing is a Value the result is a plain number, as for the outputs of `model.predict`.
"""

from collections.abc import Callable
from functools import reduce
from operator import add
from typing import Any

import autodiff as ad
from nn.leaves import as_list, is_row, named_leaves


def half_squared_error(outputs: Any, targets: Any, *, name: str = "E") -> Any:
    """The sum of 0.5*(target - output)**2, as seeds 000 and 003 have it.

    >>> outputs = ad.values("out_o1 out_o2", [0.73492, 0.77955])
    >>> E = half_squared_error(outputs, [0.05, 0.95])
    >>> E, E.args[0].name
    (Value(E_total=0.24908), 'E1')

    Raises ValueError unless there are as many targets as outputs.
    """
    outputs, targets = _pairs(outputs, targets)
    return _total([0.5 * (t - o) ** 2 for o, t in zip(outputs, targets, strict=True)], name)


def mse(outputs: Any, targets: Any, *, name: str = "E") -> Any:
    """The mean of (target - output)**2: mean squared error.

    Here the waypoints are the squared errors, and the result is their mean, `E_mean`.

    Raises ValueError unless there are as many targets as outputs.
    """
    outputs, targets = _pairs(outputs, targets)
    squares = [(t - o) ** 2 for o, t in zip(outputs, targets, strict=True)]
    return _total(squares, name, mean=True)


LOSSES: dict[str, Callable[..., Any]] = {loss.__name__: loss for loss in (half_squared_error, mse)}


def _pairs(outputs: Any, targets: Any) -> tuple[list[Any], list[Any]]:
    """Outputs and targets as lists of equal length, numbers among the targets named."""
    outputs, targets = as_list(outputs), as_list(targets)
    if any(map(is_row, [*outputs, *targets])):
        raise TypeError(
            "a loss takes the outputs and targets of one sample, as two flat lists; "
            "add up the losses of the samples for more"
        )
    if not outputs or len(outputs) != len(targets):
        shown = f"{outputs!r} and {targets!r}"
        shown = shown if len(shown) <= 200 else shown[:197] + "..."
        raise ValueError(
            "a loss needs one target for each output; "
            f"outputs: {len(outputs)}, targets: {len(targets)}: {shown}"
        )
    if any(isinstance(x, ad.Value) for x in [*outputs, *targets]):
        names = [f"target{i}" for i in range(1, len(targets) + 1)]
        return outputs, list(named_leaves(targets, names, "target"))
    return [ad.Value(x).data for x in outputs], [ad.Value(x).data for x in targets]


def _total(errors: list[Any], name: str, mean: bool = False) -> Any:
    """The sum or mean of the errors, with names if they are Values."""
    if isinstance(errors[0], ad.Value) and len(errors) > 1:
        errors = [error.named(f"{name}{i}") for i, error in enumerate(errors, 1)]
        name += "_mean" if mean else "_total"
    total = reduce(add, errors)
    if mean and len(errors) > 1:
        total = total / len(errors)
    return total.named(name) if isinstance(total, ad.Value) else total
