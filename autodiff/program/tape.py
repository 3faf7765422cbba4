"""A traced program as plain numbers: what a Program keeps, pickles, and loads for each use."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from struct import pack

from autodiff import native
from autodiff.program.node import SHARED, Builder, Node, behind, rebuilt

TYPE_CHECKING = False  # importing typing would double the time of `import autodiff`
if TYPE_CHECKING:
    from typing import Any

    Fields = tuple[bytes, bytes, list[str], dict[int, str], list[int]]


class Tape:
    """The nodes behind some outputs, arguments before users.

    `code` has int32 numbers: of each node its op (a place in `ops`), place, axis, how many operands
    it has, and these. An operand is a place on the tape, or -1 - k for number k of `numbers`, which
    are float64; so are `outputs`. `names` has the names of the nodes that have one.
    """

    def __init__(self, outputs: Sequence[Any]) -> None:
        self.code, self.numbers, self.ops, self.names, self.outputs = fields(outputs)

    def load(self, gated: bool, n_parameters: int) -> tuple[Builder, list[Any], list[Node]]:
        """A builder with these nodes in it, the outputs, and all parameters."""
        builder = Builder(gated)
        parameters = [builder.leaf("parameter", i, SHARED) for i in range(n_parameters)]
        given = self.code, self.numbers, self.ops, self.names, self.outputs
        return builder, loaded(builder, given), parameters

    def nodes(self) -> Iterator[tuple[str, int, int, list[Any]]]:
        """Op, place, axis and operands of each node; operands are places on the tape or floats."""
        return nodes_of(self.code, self.numbers, self.ops)

    def results(self) -> list[Any]:
        """The outputs, places or floats."""
        return operands_of(self.numbers, self.outputs)

    def decides_by_gates(self) -> bool:
        """Whether a comparison depends on a gate: then a nan that it holds back may not show."""
        if "gate" not in self.ops or COMPARISONS.isdisjoint(self.ops):
            return False
        marked: set[int] = set()
        for i, (op, _, _, operands) in enumerate(self.nodes()):
            behind = any(type(x) is int and x in marked for x in operands)
            if behind and op in COMPARISONS:
                return True
            if behind or op == "gate":
                marked.add(i)
        return False


def nodes_of(
    code: bytes, constants: bytes, ops: list[str]
) -> Iterator[tuple[str, int, int, list[Any]]]:
    words, at = memoryview(code).cast("i"), 0
    while at < len(words):
        op, place, axis, n = words[at : at + 4]
        at += 4 + n
        yield ops[op], place, axis, operands_of(constants, words[at - n : at])


def operands_of(constants: bytes, refs: Iterable[int]) -> list[Any]:
    """Each a place on the tape or a float."""
    numbers = memoryview(constants).cast("d")
    return [x if x >= 0 else numbers[-1 - x] for x in refs]


@native.fast_pass
def fields(outputs: Sequence[Any]) -> Fields:
    """What a tape keeps."""
    nodes = behind(outputs)
    where = {node: i for i, node in enumerate(nodes)}
    code, ops = array("i"), dict[str, int]()
    numbers: dict[bytes, int] = {}  # by their bits: 0.0 and -0.0 are two

    def ref(x: Any) -> int:
        if type(x) is float:
            return -1 - numbers.setdefault(pack("d", x), len(numbers))
        return where[x]

    for node in nodes:
        op = ops.setdefault(node.op, len(ops))
        code.extend([op, node.place, node.axis, len(node.operands), *map(ref, node.operands)])
    names = {i: node.name for i, node in enumerate(nodes) if node.name}
    refs = list(map(ref, outputs))
    return code.tobytes(), b"".join(numbers), list(ops), names, refs


@native.fast_pass
def loaded(builder: Builder, given: Fields) -> list[Any]:
    """The outputs of a tape with these fields, and what they need, in a builder."""
    code, constants, ops, names, outputs = given
    made: list[Any] = []
    node = _new(Node)  # what `rebuilt` wants to see of a node
    for i, (op, place, axis, operands) in enumerate(nodes_of(code, constants, ops)):
        name = names.get(i, "")
        if operands:
            node.op, node.place = op, place
            args = tuple([x if type(x) is float else made[x] for x in operands])
            found = rebuilt(builder, node, args)
        else:
            found = builder.leaf(op, place, axis, name)
        if name and type(found) is Node and not found.name:
            found.name = name
        made.append(found)
    return [x if type(x) is float else made[x] for x in operands_of(constants, outputs)]


COMPARISONS = {"less", "less_equal", "equal"}
_new = object.__new__
