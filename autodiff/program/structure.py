"""What recordings of one key have in common, and a Program for all of them.

Operands that were the same in each recording so far are *alike*: a parameter that is used at every
position, a row that was looked up once and used three times. (That two labels are both 1.0 says
nothing: numbers are the same where they are one Value.) Each class of such operands has one
*place* in the program; what stands there, which parameter or which number, is given with each call.
So a weight and a row of a table need not be told apart. A number that never changed is a constant.
Where the operand is another node each time, the program has all nodes it may be, each times 1 or 0
(`picks.py`).

Another recording may show that operands which were alike are not. Then the classes are split
(`admit`), and the program is made again.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import accumulate

from autodiff.program.laying import GRADIENTS
from autodiff.program.node import SHARED, Builder, Node, no_collection
from autodiff.program.picks import Picks
from autodiff.program.program import Program
from autodiff.program.recording import NUMBER, PARAMETER, Recording
from autodiff.program.sums import raise_sums
from autodiff.program.tape import Tape

TYPE_CHECKING = False  # importing typing would double the time of `import autodiff`
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class PlacedProgram(Program):
    """A Program of no inputs, whose parameters are places for numbers that are given in each call.

    It is differentiated by the first `wanted` of them only.
    """

    def __init__(
        self, tape: Tape, places: list[str], wanted: int, lanes: Sequence[Any], backend: str
    ) -> None:
        numbers = [0.0] * len(places)
        super().__init__(tape, True, ([], places, ["loss"]), numbers, lanes, backend, "numpy")
        self._wanted = wanted


class Alike:
    """Operands in classes: two are in one class if they were the same in every recording.

    Operands are integers here; `same` has one integer for those that are the same at first.
    `labels` has the class of each, `first` an operand of each class, `usual` what it was at first,
    `varies` whether it may be something else.
    """

    def __init__(self, operands: Any, same: Any, varies: bool) -> None:
        import numpy as np

        self._split(same)
        self.usual = operands[self.first]
        self.varies = np.full(len(self.first), varies)

    def fit(self, operands: Any) -> bool:
        now = operands[self.first]
        return bool(
            (now[self.labels] == operands).all() and (self.varies | (now == self.usual)).all()
        )

    def admit(self, operands: Any) -> None:
        """Split the classes so that these operands fit."""
        import numpy as np

        before = self.labels
        _, codes = np.unique(operands, return_inverse=True)
        self._split(before.astype(np.int64) * (len(codes) + 1) + codes)
        self.usual = self.usual[before[self.first]]
        self.varies = self.varies[before[self.first]] | (operands[self.first] != self.usual)

    def release(self, uses: Any) -> None:
        """Let those vary too that are used as those are that vary: two labels of twenty may well
        be what they were before.
        """
        import numpy as np

        varying = np.unique(uses[self.varies[self.labels]])
        self.varies[self.labels[np.isin(uses, varying)]] = True

    def _split(self, keys: Any) -> None:
        import numpy as np

        _, first, labels = np.unique(keys, return_index=True, return_inverse=True)
        order = np.argsort(first)  # classes in the order of their first operand
        rank = np.empty(len(order), dtype=np.intp)
        rank[order] = np.arange(len(order))
        self.first, self.labels = first[order], rank[labels]


class Structure:
    """The recordings of one key. `seen` counts them, `compiled` how often a program was made."""

    def __init__(self, recording: Recording) -> None:
        import numpy as np

        self.parameters = Alike(recording.rows, recording.rows, varies=True)
        self.numbers = Alike(recording.numbers.view(np.int64), recording.identities, varies=False)
        self.picks = Picks(recording)
        self.seen = 1
        self.settled = True
        self.compiled = 0
        self.program: PlacedProgram | None = None

    def admit(self, recording: Recording) -> None:
        """Count a recording, and let it be one of those that the program is for.

        If that program was made for less, there is none any more, and the structure is not
        `settled`: the next recording may show more.
        """
        import numpy as np

        self.seen += 1
        self.settled = True
        numbers = recording.numbers.view(np.int64)
        if not self.parameters.fit(recording.rows):
            self.parameters.admit(recording.rows)
            self.settled = False
        if not self.numbers.fit(numbers):
            self.numbers.admit(numbers)
            self.numbers.release(recording.uses()[recording.links == NUMBER])
            self.settled = False
        if not self.picks.fit(recording.links):
            self.picks.admit(recording)
            self.settled = False
        if not self.settled:
            self.program = None

    def compile(self, recording: Recording, backend: str) -> None:
        """Make the program; see `Program` for backends."""
        with no_collection():
            builder = Builder()
            result = self._node(recording, builder)
            tape = Tape(raise_sums([result]))
            builder.clear()
        wanted = len(self.parameters.first)
        count = wanted + int(self.numbers.varies.sum()) + self.picks.count
        places = [f"place {i}" for i in range(count)]
        self.program = PlacedProgram(tape, places, wanted, [], backend)
        self.program.layout(GRADIENTS)  # now, so that what cannot be compiled is found now
        self.compiled += 1

    def bound(self, recording: Recording) -> Callable[[Any], tuple[float, Any]]:
        """What computes, from the numbers of all parameters, the result and its derivatives."""
        assert self.program is not None
        which = recording.rows[self.parameters.first]
        numbers = recording.numbers[self.numbers.first[self.numbers.varies]]
        return partial(_run, self.program, which, (numbers, self.picks.flags(recording.links)))

    def _node(self, recording: Recording, builder: Builder) -> Any:
        """The root of the recording, over places."""
        operands = self._operands(recording, builder)
        ends = list(accumulate(recording.lengths().tolist()))
        starts = [0, *ends]
        needed = bytearray(len(recording.nodes))
        needed[recording.root] = 1
        for i in range(recording.root, -1, -1):
            if needed[i]:
                for x in operands[starts[i] : ends[i]]:
                    for node in x if type(x) is list else (x,) if type(x) is int else ():
                        needed[node] = 1
        flag = len(self.parameters.first) + int(self.numbers.varies.sum())
        flags: dict[int, list[Node]] = {}
        for at, nodes in self.picks.candidates.items():
            flags[at] = [builder.leaf("parameter", flag + i, SHARED) for i in range(len(nodes))]
            flag += len(nodes)
        made: list[Any] = [None] * (recording.root + 1)
        for i in range(recording.root + 1):
            if not needed[i]:
                continue
            args: list[Any] = []
            for at in range(starts[i], ends[i]):
                x = operands[at]
                if type(x) is int:
                    x = made[x]
                elif type(x) is list:
                    picked = tuple([made[node] for node in x])
                    x = builder.record("inner", (*flags[at], *picked))
                args.append(x)
            made[i] = builder.record(recording.nodes[i].op, tuple(args))
        return made[recording.root]

    def _operands(self, recording: Recording, builder: Builder) -> list[Any]:
        """For each operand a node by its number, a list of such to pick from, a leaf or a float."""
        operands: list[Any] = recording.links.tolist()
        leaves = [builder.leaf("parameter", i, SHARED) for i in range(len(self.parameters.first))]
        at_parameter = [at for at, x in enumerate(operands) if x == PARAMETER]
        for at, label in zip(at_parameter, self.parameters.labels.tolist(), strict=True):
            operands[at] = leaves[label]
        place = len(leaves)
        numbers: list[Any] = recording.numbers[self.numbers.first].tolist()
        for i, varies in enumerate(self.numbers.varies.tolist()):
            if varies:
                numbers[i] = builder.leaf("parameter", place, SHARED)
                place += 1
        at_number = [at for at, x in enumerate(operands) if type(x) is int and x == NUMBER]
        for at, label in zip(at_number, self.numbers.labels.tolist(), strict=True):
            operands[at] = numbers[label]
        operands_of_picks: dict[int, Any] = dict(self.picks.candidates)
        for at, nodes in operands_of_picks.items():
            operands[at] = nodes
        return operands


def _run(
    program: PlacedProgram, which: Any, given: tuple[Any, ...], parameters: Any
) -> tuple[float, Any]:
    import numpy as np

    places = np.concatenate((parameters[which], *given))
    value, slopes = program.value_and_grad(params=places)
    return value, np.bincount(which, slopes, len(parameters))
