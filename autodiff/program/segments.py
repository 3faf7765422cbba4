"""The steps of a layout in as few stretches along one axis as possible.

What a step reads varies along its own axis or is shared. So the steps along an axis can run for a
few entries at a time, one after the other, until one of them reads what such a stretch adds up.
Along each axis steps keep their order, since slots are used again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from autodiff.program.allocate import Step
from autodiff.program.node import SHARED


def segments(steps: Sequence[Step]) -> list[tuple[int, list[Step]]]:
    """The steps in an order in which they can run, those along one axis side by side."""
    writers = [0] * (1 + max([-1, *(max(s.out.slots) for s in steps if s.out.space == SHARED)]))
    for step in steps:  # how many steps a shared number waits for; sums may be added to
        if step.out.space == SHARED:
            for slot in step.out.slots:
                writers[slot] += 1
    waiting: dict[int, deque[Step]] = {}
    for step in steps:
        waiting.setdefault(step.axis, deque()).append(step)
    found: list[tuple[int, list[Step]]] = []

    def ready(step: Step) -> bool:
        for column in step.columns:
            if column.space == SHARED:
                for slot in column.slots:
                    if slot < len(writers) and writers[slot]:
                        return False
        return True

    def done(step: Step) -> None:
        if step.out.space == SHARED:
            for slot in step.out.slots:
                writers[slot] -= 1

    left = len(steps)
    while left:
        before = left
        for axis in sorted(waiting):
            there = waiting[axis]
            part: list[Step] = []
            while there and ready(there[0]):
                step = there.popleft()
                part.append(step)
                if axis == SHARED:
                    done(step)
            if part:
                found.append((axis, part))
                left -= len(part)
                for step in part if axis else ():
                    done(step)
        if left == before:
            raise ValueError("the steps of this layout wait for each other")
    return found
