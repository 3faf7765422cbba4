"""The leaves of a network: numbers become named Values, the user's own Values stay what they are.

Inputs, targets, weights and biases may all be given as numbers or as Values; this is where both are
taken in.
"""

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import autodiff as ad


def named_leaves(given: Any, names: Sequence[str], what: str = "input") -> list[ad.Value]:
    """One Value for each name: numbers become leaves of that name, Values pass through.

    A single number or Value stands for a list of one. Raises ValueError when there are more or
    fewer than names, TypeError for rows of numbers.

    >>> named_leaves([0.1, ad.Value(0.5, "mine")], ["i1", "i2"])
    [Value(i1=0.1), Value(mine=0.5)]
    """
    row = as_list(given)
    if any(is_row(x) for x in row):
        raise TypeError(
            f"one {what} is a list of its own ({row[0]!r}); a call records one sample: "
            "use [model(row) for row in X], or model.predict(X) for numbers"
        )
    if len(row) != len(names):
        short = [name.rpartition(".")[2] for name in names]
        shown = ", ".join(short if len(short) < 6 else [*short[:2], "...", short[-1]])
        raise ValueError(f"{what}s wanted: {len(names)} ({shown}); given: {len(row)}")
    return [
        x if isinstance(x, ad.Value) else ad.Value(x, name)
        for x, name in zip(row, names, strict=True)
    ]


def as_list(given: Any) -> list[Any]:
    """A list as it is; a single number or Value as a list of one."""
    return list(given) if is_row(given) else [given]


def as_rows(given: Any, what: str) -> list[Any]:
    """X or y, as `what` says: a list with one entry a sample."""
    if not is_row(given):
        raise TypeError(f"{what} is a list with one entry a sample, not {given!r}")
    return list(given)


def as_values(given: Any) -> list[ad.Value]:
    """Parameters, a list of them or one; a TypeError shows what is no Value."""
    if hasattr(given, "parameters"):
        raise TypeError("give the list model.parameters(), not the model")
    found = as_list(given)
    for i, p in enumerate(found, 1):
        if not isinstance(p, ad.Value):
            raise TypeError(
                f"parameter {i} is {p!r}, a {type(p).__name__} and not a Value: it has no gradient"
            )
    return found


def is_row(x: Any) -> bool:
    """Whether x is a list of things (a list, tuple, array, ...) and not one number."""
    return hasattr(x, "__iter__") and not isinstance(x, str) and getattr(x, "shape", None) != ()


def parameter(given: Any, name: str) -> ad.Value:
    """A weight or bias: the user's own Value, named if it has no name, or a leaf for a number."""
    if not isinstance(given, ad.Value):
        return ad.Value(given, name)
    if given.args:
        raise ValueError(
            f"{given.name or name} is computed ({given.op}), and training changes leaves only: "
            "give a Value made from a number"
        )
    return given if given.name else given.named(name)


def name_from_variables(given: Any, depth: int = 1) -> None:
    """Name the unnamed Values of a nested list after the caller's variables that hold them.

    So `MLP(..., weights=[[[w1, w3], [w2, w4]], ...])` says w3 where the user does, and not w2
    because it is the second. Depth 1 is the function that called the one that calls this.
    """
    flat = [given]
    for _ in "layers", "neurons", "weights", "a list around them":
        flat = [y for x in flat for y in (x if isinstance(x, (list, tuple)) else [x])]
    unnamed = {x for x in flat if isinstance(x, ad.Value) and not x.name}
    if unnamed:
        frame = sys._getframe(depth + 1)
        variables = (frame.f_globals | frame.f_locals).items()
        ad.name_all({v: x for v, x in variables if isinstance(x, ad.Value) and x in unnamed})


def labelled(parameters: Iterable[ad.Value]) -> dict[str, ad.Value]:
    """Parameters by label: the shortest end of the dotted name that no other has; repeats get #2.

    >>> list(labelled([ad.Value(0.1, "hidden.h1.w1"), ad.Value(0.2, "b"), ad.Value(0.3, "b")]))
    ['w1', 'b', 'b#2']
    """
    parameters = list(parameters)
    ends = Counter(end for path in {p.name for p in parameters} for end in _ends(path))
    found: dict[str, ad.Value] = {}
    for p in parameters:
        label = next((end for end in _ends(p.name) if ends[end] == 1), p.name)
        number, stem = 1, label
        while label in found:
            number += 1
            label = f"{stem}#{number}"
        found[label] = p
    return found


def _ends(path: str) -> list[str]:
    parts = path.split(".")
    return [".".join(parts[-n:]) for n in range(1, len(parts) + 1)]
