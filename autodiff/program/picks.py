"""Operands that are another node in each recording, like `probabilities[target]`.

Two recordings show two of the nodes that may stand there. The others are guessed: a list made in a
loop is a stretch of the recording in which the same ops come again and again, and if both nodes
have the same place in such a round, so have the rest of the list. Guessing too many costs time,
too few another round of compiling; neither costs a wrong number.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from autodiff.program.recording import Recording

TYPE_CHECKING = False  # importing typing would double the time of `import autodiff`
if TYPE_CHECKING:
    from typing import Any

LONGEST = 1024  # candidates that are guessed for one operand
TRIED = 4096  # other operands that are looked at, whether they pick from such a list too


class Picks:
    """Which operands pick, and from what.

    * `candidates`: for an operand, by its place among all operands, the nodes it may be, in order.
    * `count`: of all candidates together.
    * `fixed`: which operands are the same node each time, the one in `usual`.
    """

    def __init__(self, recording: Recording) -> None:
        import numpy as np

        self.usual = recording.links
        self.fixed = recording.links >= 0
        self.candidates: dict[int, list[int]] = {}
        self._at = self._nodes = np.zeros(0, dtype=np.intp)  # of each candidate

    @property
    def count(self) -> int:
        return sum(map(len, self.candidates.values()))

    def fit(self, links: Any) -> bool:
        """Whether each operand is what it always was, or one of its candidates."""
        if self.fixed[links != self.usual].any():
            return False
        return int(self.flags(links).sum()) == len(self.candidates)  # one of each

    def flags(self, links: Any) -> Any:
        """For each candidate whether it was picked."""
        return links[self._at] == self._nodes

    def admit(self, recording: Recording) -> None:
        """Let the operands be what they are in this recording as well."""
        import numpy as np

        links = recording.links
        ops = [node.op for node in recording.nodes]
        users = np.repeat(np.arange(len(ops)), recording.lengths())
        fresh = np.flatnonzero((links != self.usual) & self.fixed)
        rounds: set[tuple[int, int, int]] = set()
        for at in fresh.tolist():
            first, second = sorted((int(self.usual[at]), int(links[at])))
            nodes, period = stretch(ops, first, second, int(users[at]))
            self._pick(at, nodes)
            if period and len(self.candidates) <= TRIED:
                rounds.add((at, period, len(nodes)))
        for at, nodes in self.candidates.items():
            if int(links[at]) not in nodes:
                self.candidates[at] = sorted({*nodes, int(links[at])})
        self._pick_likewise(ops, users, rounds)
        counts = [len(nodes) for nodes in self.candidates.values()]
        self._at = np.repeat(np.array(list(self.candidates), dtype=np.intp), counts)
        self._nodes = np.array(list(chain.from_iterable(self.candidates.values())), dtype=np.intp)

    def _pick(self, at: int, nodes: list[int]) -> None:
        self.fixed[at] = False
        self.candidates[at] = nodes

    def _pick_likewise(
        self, ops: Sequence[str], users: Any, rounds: set[tuple[int, int, int]]
    ) -> None:
        """Operands of the same op that stand in a list as long pick too, though they chose the
        same each time so far.
        """
        import numpy as np

        codes = np.unique(np.array(ops), return_inverse=True)[1]
        done: set[tuple[int, int, int, int]] = set()
        for at, period, length in rounds:
            kind = int(codes[users[at]]), int(codes[self.usual[at]]), period, length
            if kind in done:
                continue
            done.add(kind)
            fixed = np.flatnonzero(self.fixed)
            same = (codes[users[fixed]] == kind[0]) & (codes[self.usual[fixed]] == kind[1])
            for other in fixed[same][:TRIED].tolist():
                node = int(self.usual[other])
                nodes = around(ops, node, node, period, int(users[other]))
                if len(nodes) == length:
                    self._pick(other, nodes)


def stretch(ops: Sequence[str], first: int, last: int, end: int) -> tuple[list[int], int]:
    """Nodes that come again and again, two of them being given, all before `end`; and the period.

    If the ops between the two do not repeat, it is just the two, and no period.
    """
    distance = last - first
    for period in range(1, distance + 1):
        if distance % period == 0 and first - period + 1 >= 0:
            before = first - period + 1
            if ops[before : last - period + 1] == ops[before + period : last + 1]:
                return around(ops, first, last, period, end), period
    return [first, last], 0


def around(ops: Sequence[str], first: int, last: int, period: int, end: int) -> list[int]:
    """The nodes at this period from the two, as far as the ops repeat."""
    once = ops[first - period + 1 : first + 1]
    if first - period + 1 < 0:
        return [first, last]
    while last + period < end and ops[last + 1 : last + period + 1] == once:
        last += period
        if last - first > LONGEST * period:
            break
    while first - 2 * period + 1 >= 0 and ops[first - 2 * period + 1 : first - period + 1] == once:
        first -= period
        if last - first > LONGEST * period:
            break
    return list(range(first, last + 1, period))
