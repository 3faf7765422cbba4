"""When each step of a layout runs: before the rows of X, over them, or after.

What a step over rows reads is either of its own row or shared. So as long as nothing that is added
up over the rows comes back into them, X may be taken in slices that fit into the cache: the first
phase once, the second for each slice with its totals added up, the third once.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from autodiff.program.node import ROWS, SHARED
from autodiff.program.steps import Step

BEFORE, DURING, AFTER = range(3)


def phases(steps: Iterable[Step]) -> tuple[list[int], bool]:
    """The phase of each step, and whether the rows may be taken in slices."""
    found: list[int] = []
    late: set[int] = set()  # shared slots that wait for totals over rows
    sliceable = True
    for step in steps:
        waits = False
        for column in step.columns:
            if column.space == SHARED and not late.isdisjoint(column.slots):
                waits = True
        if step.axis == ROWS:
            sliceable &= not waits
            found.append(DURING)
        else:
            found.append(AFTER if waits else BEFORE)
        if step.out.space == SHARED and (waits or step.axis == ROWS):
            late.update(step.out.slots)
    return found, sliceable


def slices(n: int, numbers_a_row: int) -> list[slice]:
    """Rows in slices of nearly equal length, none with more numbers than suit a cache."""
    numbers = max(numbers_a_row, 1)
    most = max(CACHE // numbers, min(FEWEST, MEMORY // numbers), 1)
    count = max(-(-n // most), 1)
    ends = [n * i // count for i in range(count + 1)]
    return [slice(a, b) for a, b in pairwise(ends)]


CACHE = 400_000  # numbers; 3.2 MB
FEWEST = 128  # rows: below, the calls cost more than the cache saves
MEMORY = 32_000_000  # numbers, from which memory counts more; 256 MB
