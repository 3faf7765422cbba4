"""A cached loss that is recorded in every call, so that nothing in it can be frozen.

The function runs as always, and decides by its numbers as it likes. Only the way back, and all
that it costs, is taken from the program of the structure that was recorded.
"""

from __future__ import annotations

import warnings

from autodiff.backends.caching import CachedLoss, finite
from autodiff.modes import MODES
from autodiff.program.recording import Recording
from autodiff.program.structure import Structure

TYPE_CHECKING = False  # importing typing would double the time of `import autodiff`
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

MOST_COMPILATIONS = 16  # of one structure; one that still changes is no structure, and stays eager
MOST_PICKS = 4  # candidates for each node of the recording, above which a program is not worth it
CLOSE = 1e-9  # how far the program's loss may be from the recorded one, relative to it or to 1


class RecordedLoss(CachedLoss):
    """A loss with a program for each structure that was recorded `threshold` times."""

    def _value_and_grad(self, args: Sequence[Any], keywords: dict[str, Any]) -> tuple[float, Any]:
        root, nodes = self._record(args, keywords)
        recording = None
        if "strict" not in MODES.get():  # which wants the node where it happens
            recording = Recording.of(root, nodes, self._index)
        if recording is not None:
            structure = self._structure(recording)
            if structure is not None:
                value, gradient = structure(self._numbers())
                # A parameter may have got new data on the way, or a number be beyond all bounds.
                if finite(value, gradient) and abs(value - root.data) <= CLOSE * max(
                    1.0, abs(root.data)
                ):
                    self._count("compiled")
                    return root.data, gradient
        self._count("eager")
        return self._eager(root)

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
            warnings.warn(message, RuntimeWarning, stacklevel=6)

    def _worth(self, structure: Structure, recording: Recording) -> bool:
        return (
            structure.seen >= self._threshold
            and (structure.settled or not structure.compiled)
            and structure.compiled < MOST_COMPILATIONS
            and structure.picks.count <= MOST_PICKS * len(recording.nodes)
            and len(structure.parameters.first) > 0
        )
