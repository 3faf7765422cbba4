"""From a tape to a layout, for one of the uses that a program has: all passes in their order."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from autodiff import native
from autodiff.program.allocate import Layout, allocate
from autodiff.program.differentiate import gradients
from autodiff.program.group import group
from autodiff.program.lower import lower
from autodiff.program.node import ROWS, SHARED, Node, behind
from autodiff.program.sums import raise_sums
from autodiff.program.tape import Tape

TYPE_CHECKING = False  # importing typing would double the time of `import autodiff`
if TYPE_CHECKING:
    from typing import Any

VALUES, GRADIENTS, NODES = "values", "gradients", "nodes"


def lay_out(
    tape: Tape, kind: str, gated: bool, counts: tuple[int, int], known: Collection[str]
) -> tuple[Layout, bool, set[str]]:
    """The layout for `kind`, whether gates were left out, and the rows that its steps run.

    `counts`: how many parameters there are, and by how many of them gradients are wanted. Rows that
    are not `known` are lowered as far as that goes.
    """
    n_parameters, wanted = counts
    gated = gated or kind == NODES or tape.decides_by_gates()
    builder, outputs, parameters = tape.load(gated, n_parameters)
    if kind == GRADIENTS:
        [y] = outputs
        outputs = _with_gradients(y, parameters[:wanted])
    elif kind == NODES:
        outputs = [node for node in builder.nodes if node.operands]
    layout, rows = planned(raise_sums(lower(outputs, known)), n_parameters)
    builder.clear()
    return layout, builder.dropped, rows


@native.fast_pass
def planned(outputs: Sequence[Any], n_parameters: int) -> tuple[Layout, set[str]]:
    """The layout that computes the outputs, and the rows that its steps run."""
    nodes = behind(outputs)
    rows = {node.op for node in nodes if node.operands}
    return allocate(nodes, group(nodes), outputs, n_parameters), rows


def _with_gradients(y: Any, parameters: list[Node]) -> list[Any]:
    """The sum of y over the rows of X, if it varies, and its derivatives."""
    if type(y) is float:
        return [y, *[0.0] * len(parameters)]
    total = y if y.axis == SHARED else y.home.total(y, ROWS)
    return [total, *gradients(total, parameters)]
