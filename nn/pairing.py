"""Outputs beside their targets: what every loss starts from, and how it ends in one number.

A loss takes two lists, or two single things. Targets given as numbers become leaves `target1`,
`target2`, ...; the error of each output is a waypoint `E1`, `E2`, ..., and the result is `E_total`
(`E_mean` for a mean), or just `E` if there is one output. `name="C"` says C1, C2 and C_total.
"""

from functools import reduce
from operator import add
from typing import Any

import autodiff as ad
from nn.leaves import as_list, is_row, named_leaves


def pairs(outputs: Any, targets: Any) -> tuple[list[Any], list[Any]]:
    """Outputs and targets as lists of equal length, numbers among the targets named.

    Where nothing is a Value, both come back as plain numbers.
    """
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


def total(errors: list[Any], name: str, mean: bool = False) -> Any:
    """The sum or mean of the errors, with names if they are Values."""
    if len(errors) > 1 and any(isinstance(error, ad.Value) for error in errors):
        for i, error in enumerate(errors, 1):
            if isinstance(error, ad.Value):
                error.named(f"{name}{i}")
        name += "_mean" if mean else "_total"
    result = reduce(add, errors)
    if mean and len(errors) > 1:
        result = result / len(errors)
    return result.named(name) if isinstance(result, ad.Value) else result


def plain(x: Any) -> float:
    """The number of a Value, or the number itself."""
    return x.data if isinstance(x, ad.Value) else ad.Value(x).data
