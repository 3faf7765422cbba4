"""Products of every left factor with every right one, as they occur in gradients of weights."""

from __future__ import annotations

from autodiff.program.steps import Step


def grid(step: Step) -> tuple[list[int], list[int], list[int]] | None:
    """If the pairs of a step are all that two sets have: left slots, right slots, and the results,
    row by row; else None.
    """
    left, right = step.columns
    lefts, rights = list(dict.fromkeys(left.slots)), list(dict.fromkeys(right.slots))
    if len(lefts) * len(rights) != len(step.out.slots):
        return None
    pairs = zip(left.slots, right.slots, strict=True)
    given = dict(zip(pairs, step.out.slots, strict=True))
    if len(given) < len(step.out.slots):
        return None
    return lefts, rights, [given[a, b] for a in lefts for b in rights]
