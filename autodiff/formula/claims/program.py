"""A claim that can be evaluated: at the recorded point and at random points around it.

A `column` holds one number for each point; the recorded point comes first. Names of the graph
are re-evaluated from its leaves at every point, so that a claim may use what lies between.
"""

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autodiff.calculus import gradients
from autodiff.formula.claims.reading import Read
from autodiff.formula.delta import delta_name
from autodiff.formula.figures import Figures, spelled
from autodiff.formula.printer import simple_fraction
from autodiff.formula.terms import Name, apply
from autodiff.formula.text import Text
from autodiff.graph import evaluate, topological
from autodiff.op import TABLE, number
from autodiff.ops import each_first
from autodiff.syntax import Source
from autodiff.value import Value

POINTS, FEWEST = 20, 5
WORK = 500_000  # nodes that are evaluated at random points; a larger graph gets fewer points
ATTEMPTS = 120
EPSILON = 2.0**-52
CLOSE = 1e-9
PRINTED_WHOLE = 40  # nodes of a part of a claim that is shown as a formula
Column = list[float]
Atom = Value | tuple[Value, Value]


class Points:
    """The points at which a claim is compared, and the numbers of the graph there."""

    def __init__(self, y: Value, target: Value | float, labels: Mapping[Value, str]) -> None:
        self.labels = labels
        leaves = [n for n in topological(y) if not n.operands and n in labels]
        roots = [n for n in (y, target) if isinstance(n, Value)]
        self._order = topological(*roots)
        self._kept = [n for n in self._order if n in labels or n in roots]
        most = max(FEWEST, min(POINTS, WORK // len(self._order)))
        chance = random.Random(20)
        self._given: list[dict[Value, float]] = []
        self._columns: dict[Value, Column] = {}
        self._slopes: dict[tuple[Value, Value], Value | float] = {}
        self._take({})
        for attempt in range(ATTEMPTS if leaves else 0):
            wide = attempt % 2 and attempt < ATTEMPTS // 2
            reach = 0.5 / (1 + attempt // POINTS)
            self._take({leaf: _moved(leaf.data, reach, wide, chance) for leaf in leaves})
            if len(self._given) > most:
                break
        self.expected = self.column(target) if isinstance(target, Value) else [target] * self.count

    @property
    def count(self) -> int:
        """How many points there are, the recorded one among them."""
        return len(self._given)

    def column(self, atom: Atom) -> Column:
        """The numbers of a Value, or of a derivative (y, x), at all points."""
        if isinstance(atom, tuple):
            if atom not in self._slopes:
                y, x = atom
                self._slopes[atom] = 1.0 if x is y else gradients(y, [x])[0]
            slope = self._slopes[atom]
            return self.column(slope) if isinstance(slope, Value) else [slope] * self.count
        if atom not in self._columns:
            self._columns[atom] = [evaluate(atom, given)[atom][0] for given in self._given]
        return self._columns[atom]

    def _take(self, given: dict[Value, float]) -> None:
        """Evaluate the graph at one more point; a random one counts only if all is finite there."""
        fresh: dict[Any, float] = dict(given)
        for node in self._order:
            if node.operands:
                numbers = [a if type(a) is float else fresh[a] for a in node.operands]
                fresh[node] = float(TABLE[node.op].forward(*numbers))
            elif node not in fresh:
                fresh[node] = number(node.data)
        if given and not all(math.isfinite(fresh[node]) for node in self._kept):
            return
        self._given.append(given)
        for node in self._kept:
            self._columns.setdefault(node, []).append(fresh[node])


def _moved(x: float, reach: float, wide: int, chance: random.Random) -> float:
    """A leaf moved, its sign kept; every second point, while that stays in the domain, anywhere."""
    if wide or x == 0.0:
        return chance.uniform(-1.5, 1.5) * (max(abs(x), 0.5) if abs(x) < 2.0 else abs(x))
    return x * chance.uniform(1.0 - reach, 1.0 + 2.0 * reach)


# ---------------------------------------------------------------- programs


@dataclass(frozen=True, slots=True)
class Node:
    """A number (`op` empty, no atom), an atom, or an op on earlier nodes."""

    op: str
    args: tuple[int, ...] = ()
    number: float = 0.0
    atom: Atom | None = None
    word: str = ""
    at: int = 0


class Program:
    """The nodes of a claim, arguments before their users; the last is the claim itself."""

    def __init__(self, nodes: Sequence[Node], source: Source) -> None:
        self.nodes = list(nodes)
        self.source = source
        self.parent = [-1] * len(self.nodes)
        for i, node in enumerate(self.nodes):
            for arg in node.args:
                self.parent[arg] = i

    def columns(self, points: Points) -> list[Column]:
        """The column of every node."""
        found: list[Column] = []
        for node in self.nodes:
            if node.op:
                rows = list(zip(*(found[arg] for arg in node.args), strict=True))
                op = TABLE.get(node.op)
                try:
                    if op is not None and op.arity in (None, len(node.args)):
                        found.append([op.forward(*row) for row in rows])
                        continue
                    found.append([call(node.op, row) for row in rows])
                except (ArithmeticError, ValueError):
                    found.append([call(node.op, row) for row in rows])
            else:
                found.append(self.leaf(node, points))
        return found

    @staticmethod
    def leaf(node: Node, points: Points) -> Column:
        """The column of a number or an atom."""
        return [node.number] * points.count if node.atom is None else points.column(node.atom)

    def slack(self, columns: list[Column], point: int) -> float:
        """How far rounding may have carried the claim off at one point: a running error bound.

        A number written with decimals (0.68493) counts as exact.
        """
        errors: list[float] = []
        for i, node in enumerate(self.nodes):
            out = columns[i][point]
            error = 0.0 if node.atom is None and not node.op else EPSILON * abs(out)
            if node.op:
                row = [columns[arg][point] for arg in node.args]
                for slope, arg in zip(slopes(node.op, out, row), node.args, strict=True):
                    error += abs(slope) * errors[arg] if slope and errors[arg] else 0.0
            errors.append(error if math.isfinite(error) else 0.0)
        return 16.0 * errors[-1]

    def inside(self, i: int) -> list[int]:
        """The nodes of the part that ends in node i, in order."""
        found, waiting = [], [i]
        while waiting:
            found.append(waiting.pop())
            waiting += self.nodes[found[-1]].args
        return sorted(found)

    def text(self, i: int) -> str:
        """A part as a formula, if it is short; else as the words of the claim that it spans."""
        inside = self.inside(i)
        if len(inside) > PRINTED_WHOLE or any(self.nodes[j].op.endswith("'") for j in inside):
            start = min(self.nodes[j].at for j in inside)
            return f"the part from column {start + 1}"
        terms: dict[int, Any] = {}
        for j in inside:
            node = self.nodes[j]
            if node.op:
                terms[j] = apply(TABLE[node.op], tuple(terms[arg] for arg in node.args))
            else:
                terms[j] = Name(node.word, 0.0) if node.atom is not None else node.number
        shown = terms[i]
        return number_text(shown) if isinstance(shown, float) else Text().write(shown)


def number_text(x: float) -> str:
    """A number as a sentence shows it: ½, 2/3, 1/ln(10), 0.25, or rounded."""
    if spelled(abs(x)) or (simple_fraction(x) and (x < 1.0 or not Figures().exact(x))):
        return Text().coefficient_alone(x)[0]
    return Figures().text(x).replace("-", "−")


def tight(text: str) -> str:
    """A part of a claim as a factor."""
    return f"({text})" if " " in text else text


def compiled(read: Read, labels: Mapping[Value, str]) -> Program:
    """The program of a claim. ParseError for a function with the wrong number of operands."""
    nodes: list[Node] = []
    stack: list[int] = []
    for kind, word, count, at in read.steps:
        if kind == "apply":
            _check_call(word, count, read.source, at)
            args = tuple(stack[len(stack) - count :])
            del stack[len(stack) - count :]
            word, _, which = word.partition("#")
            args = each_first(args, int(which) - 1) if which else args
            nodes.append(Node(word, args, at=at))
        elif kind == "number":
            nodes.append(Node("", number=float(word), word=word, at=at))
        else:
            atom = read.atoms[word]
            nodes.append(Node("", atom=atom, word=_label(word, atom, labels), at=at))
        stack.append(len(nodes) - 1)
    return Program(nodes, read.source)


def _label(word: str, atom: Atom, labels: Mapping[Value, str]) -> str:
    """What an atom is called in the graph, however the claim has spelled it."""
    if isinstance(atom, Value):
        return labels.get(atom, word)
    upper, lower = (labels.get(node, "") for node in atom)
    if not upper or not lower:
        return word
    return f"∂{upper}/∂{lower}" if word.startswith("∂") else delta_name(lower)


def _check_call(word: str, count: int, source: Source, at: int) -> None:
    word, _, which = word.partition("#")
    row = TABLE[word.rstrip("'")]
    if which and not 1 <= int(which) <= count:
        raise source.error(f"softmax_{which} of {count} operands: it counts from 1 to {count}", at)
    if word.endswith("'"):
        if count != 1 or len(row.partials) != 1:
            raise source.error(f"{row.name}′ takes one operand", at)
    elif row.arity is None:
        if row.name == "inner" and count % 2:
            raise source.error("dot takes x1, ..., xn, y1, ..., yn", at)
    elif not row.arity - len(row.defaults) <= count <= row.arity:
        wanted = f"{row.arity} operand{'s' if row.arity > 1 else ''}"
        raise source.error(f"{row.signature} takes {wanted}, not {count}", at)


def call(op: str, operands: Sequence[float]) -> float:
    """A row of the table, or the slope of one (`sigmoid'`), on numbers; nan where it raises."""
    row = TABLE[op.rstrip("'")]
    if row.arity is not None:
        operands = [*operands, *row.defaults[len(row.defaults) - (row.arity - len(operands)) :]][
            : row.arity
        ]
    try:
        out = float(row.forward(*operands))
        return slopes(row.name, out, operands)[0] if op.endswith("'") else out
    except (ArithmeticError, ValueError):
        return math.nan


def slopes(op: str, out: float, operands: Sequence[float]) -> list[float]:
    """The partial derivatives of a row at a point, for as many operands as are given."""
    row = TABLE[op.rstrip("'")]
    full = [*operands, *row.defaults[len(row.defaults) - ((row.arity or 0) - len(operands)) :]]
    full = full if row.arity else list(operands)
    try:
        partials = row.all_partials(out, *full) if row.all_partials else row.partials
        return [
            float(p(out, *full)) if callable(p) else float(p or 0.0)
            for p, _ in zip(partials, operands, strict=False)
        ]
    except (ArithmeticError, ValueError):
        return [0.0] * len(operands)


def close(a: float, b: float, slack: float = 0.0, relative: float = CLOSE) -> bool:
    """Whether two numbers are the same but for rounding; nan is nan here."""
    if a == b or (a != a and b != b):
        return True
    if not (math.isfinite(a) and math.isfinite(b)):
        return False
    return abs(a - b) <= relative * max(abs(a), abs(b)) + slack


def same(a: Column, b: Column) -> bool:
    """Whether two columns are the same but for rounding, wherever both are finite."""
    pairs = [(x, y) for x, y in zip(a, b, strict=True) if math.isfinite(x) and math.isfinite(y)]
    return len(pairs) * 2 > len(a) and all(close(x, y, 1e-300, 1e-8) for x, y in pairs)
