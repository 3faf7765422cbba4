"""Rows for what varies: a block of the table for each group, free again after the last group that
reads it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from autodiff.program.group import Group
from autodiff.program.node import SHARED, Node

TYPE_CHECKING = False  # importing typing would double the time of `import autodiff`
if TYPE_CHECKING:
    from typing import Any


def place_blocks(
    groups: Sequence[Group], outputs: Sequence[Any], slots: list[int], used: Mapping[int, int]
) -> dict[int, int]:
    """Put the row of each result into `slots`, by the index of its node.

    `used` are the rows of each axis that have numbers already; returned are how many it needs.
    """
    owner = [-1] * len(slots)  # by index: the number of the group
    last: list[int] = []  # by group: the number of the last one that reads it
    for i, group in enumerate(groups):
        last.append(i)
        varies = group.axis != SHARED
        for node in group.nodes:
            if varies:
                owner[node.index] = i
            for arg in node.operands:
                if type(arg) is not float and owner[arg.index] >= 0:
                    last[owner[arg.index]] = i
    for x in outputs:
        if type(x) is Node and owner[x.index] >= 0:
            last[owner[x.index]] = len(groups)
    ending: list[list[int]] = [[] for _ in range(len(groups) + 1)]
    for i, end in enumerate(last):
        if groups[i].axis != SHARED:
            ending[end].append(i)
    free: dict[tuple[int, int], list[int]] = {}
    starts: dict[int, int] = {}
    rows = dict(used)
    for i, group in enumerate(groups):
        axis, size = group.axis, len(group.nodes)
        if axis != SHARED:
            same = free.get((axis, size))
            start = same.pop() if same else rows.get(axis, 0)
            rows[axis] = max(rows.get(axis, 0), start + size)
            starts[i] = start
            for slot, node in enumerate(group.nodes, start):
                slots[node.index] = slot
        for done in ending[i]:
            key = groups[done].axis, len(groups[done].nodes)
            free.setdefault(key, []).append(starts[done])
    return rows
