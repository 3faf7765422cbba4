"""A cached loss that is recorded in every call, so that nothing in it can be frozen.

The function runs as always, and decides by its numbers as it likes. Only the way back, and all
that it costs, is taken from the program of the structure that was recorded. To find that costs
something too, so calls stay eager until there is more to be saved.
"""

from __future__ import annotations

import warnings

from autodiff.backends.caching import CachedLoss, finite
from autodiff.modes import MODES, taped
from autodiff.program.recording import Recording
from autodiff.program.structure import Structure
from autodiff.value import Value

TYPE_CHECKING = False  # importing typing would double the time of `import autodiff`
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

MOST_COMPILATIONS = 16  # of one structure; one that still changes is no structure, and stays eager
MOST_PICKS = 4  # candidates for each node of the recording, above which a program is not worth it
CLOSE = 1e-9  # how far the program's loss may be from the recorded one, relative to it or to 1

# Where a program is quicker than the way back through the graph. Value in C takes most nodes back
# as quickly as their program is found, but calls Python for the slopes of some; if Value is of
# Python, these are all. Measured as docs/decisions/011-recorded-in-every-call.md says.
FEWEST = 300  # nodes that Python takes back
OTHERS = {"native": 100, "numpy": 20}  # most nodes for each of them, by backend


class RecordedLoss(CachedLoss):
    """A loss with a program for each structure that was recorded `threshold` times; from when there
    was a graph for which programs pay, or, where one `insists`, always.
    """

    def __init__(self, insists: bool, *args: Any) -> None:
        super().__init__(*args)
        self._insists = insists
        self.cache_clear()

    def cache_clear(self) -> None:
        """Forget every structure and program, and begin to count again."""
        super().cache_clear()
        self._pays = self._insists
        self._looking = True  # for structures: until there was a call without

    def _value_and_grad(self, args: Sequence[Any], keywords: dict[str, Any]) -> tuple[float, Any]:
        if self._looking and "strict" not in MODES.get():  # which wants the node where it happens
            with taped() as made:
                root = self._checked(self.function(*args, **keywords))
            gradient = self._by_program(root, made)
            if gradient is not None:
                self._count("compiled")
                return root.data, gradient
        else:
            root = self._record(args, keywords)
        self._count("eager")
        gradient, nodes, by_python = self._eager(root)
        if by_python >= FEWEST and by_python * OTHERS[self._backend] >= nodes:
            self._pays = True
        self._looking = self._pays
        return root.data, gradient

    def _by_program(self, root: Value, nodes: list[Value]) -> Any:
        """The gradient, or None where there is no program for what was recorded."""
        recording = Recording.of(root, nodes, self._index)
        structure = None if recording is None else self._structure(recording)
        if structure is None:
            return None
        value, gradient = structure(self._numbers())
        # A parameter may have got new data on the way, or a number be beyond all bounds.
        close = abs(value - root.data) <= CLOSE * max(1.0, abs(root.data))
        return gradient if close and finite(value, gradient) else None

    def _structure(self, recording: Recording) -> Any:
        """What computes loss and gradient for this recording, or None."""
        with self._changing:
            structure = self._find(recording.key)
            if structure is None:
                structure = Structure(recording)
            else:
                structure.admit(recording)
            if structure.program is None and self._worth(structure, recording):
                self._compile(structure, recording)
            self._keep(recording.key, structure)
            return structure.bound(recording) if structure.program is not None else None

    def _compile(self, structure: Structure, recording: Recording) -> None:
        try:
            structure.compile(recording, self._backend)
            self._counts["compilations"] += 1
        except (TypeError, ValueError, AttributeError, ArithmeticError) as error:
            structure.compiled = MOST_COMPILATIONS
            structure.program = None
            message = f"{self._name} stays eager, since a row of its ops wants numbers: {error}"
            warnings.warn(message, RuntimeWarning, stacklevel=7)

    def _worth(self, structure: Structure, recording: Recording) -> bool:
        return (
            self._pays
            and structure.seen >= self._threshold
            and (structure.settled or not structure.compiled)
            and structure.compiled < MOST_COMPILATIONS
            and structure.picks.count <= MOST_PICKS * len(recording.nodes)
            and len(structure.parameters.first) > 0
        )
