"""How every derivation ends: the assembled formula, its value and checks, the update, the table."""

import math
from collections.abc import Mapping, Sequence

from autodiff.formula.alike import (
    MOST_FACTORS,
    Alike,
    Either,
    Entry,
    abridged,
    middle_out,
)
from autodiff.formula.derivation import Derived
from autodiff.formula.page import (
    Block,
    Change,
    Factors,
    Formula,
    Label,
    Line,
    Number,
    Partial,
    Piece,
    Remark,
    Table,
)
from autodiff.formula.task import Result, Task
from autodiff.formula.terms import Name, plus, times
from autodiff.graph import evaluate
from autodiff.value import Value

SENSES = {"descent": ("−", "η", "⁺"), "ascent": ("+", "α", "′")}
MOST_ROWS = 12  # of the table


def new_components(result: Result, shown: Mapping[tuple[str, str], str]) -> list[Entry]:
    """A later weight of a page: only what the weights before it did not need."""
    blocks: list[list[Entry]] = []
    before: dict[str, int] = {}
    for c in dict.fromkeys(result.steps):
        where = shown.get((c.upper, c.lower))
        if where:
            before[where] = before.get(where, 0) + 1
        else:
            line = Line(Formula(c.formula), Partial(c.upper, c.lower), value=c.value)
            blocks.append([Block([line])])
    told = [f"{n} component{'s' if n > 1 else ''} {where}" for where, n in before.items()]
    return [
        *([Remark(" · ".join(told))] if told else []),
        Alike(blocks, "components", MOST_FACTORS),
    ]


def closing(task: Task, result: Result, d: Derived, rate: float | None, sense: str) -> list[Entry]:
    """The assembled formula, the line that checks it, and the update step."""
    left = Partial(task.label(task.y), d.label)
    items: list[Entry] = []
    if len(result.factors) == 1:
        line = Line(Formula(result.formula), left, value=d.value)
        items.append(Block([line], result=True))
    elif result.factors:
        short, whole = (_assembled(task, result, d, left, most) for most in (MOST_FACTORS, 10**9))
        items.append(Either(short, whole))
    number = task.figures.text
    difference = (
        f" · finite difference {number(d.difference)}" if d.difference == d.difference else ""
    )
    checked = f"checked: backward() {number(d.engine)}{difference}".replace("-", "−")
    items.append(Remark(checked + _disagreement(d)))
    if rate is not None and d.new is not None:
        sign, eta, mark = SENSES[sense]
        substituted = plus(
            Name(d.label, task.x.data),
            times(1.0 if sense == "ascent" else -1.0, Name(eta, rate), Name("∂", d.value)),
        )
        relation = task.relation([task.x.data, rate, d.value])
        change = Change(Label(d.label), sign, Factors((Label(eta), left)))
        lines = [
            Line(change, Label(d.label, mark)),
            Line(Formula(substituted, True), None, relation, d.new),
        ]
        items += [Remark(""), Block(lines)]
    return items


def _disagreement(d: Derived) -> str:
    """What to make of a finite difference that does not agree: words, or nothing."""
    if not math.isfinite(d.engine):
        return "  (not finite: an edge of the domain)"
    off = abs(d.engine - d.difference)
    if off <= 1e-4 * max(abs(d.engine), abs(d.difference)) + 1e-6 or d.difference != d.difference:
        return ""
    return "  (they differ: a kink, or too rough for a finite difference)"


def _assembled(task: Task, result: Result, d: Derived, left: Partial, most: int) -> Block:
    """The factors of the formula, and below them their numbers."""
    numbers = Factors(middle_out([Number(x) for x in result.factors], most))
    relation = task.relation(result.factors)
    if not result.pieces:
        return Block([Line(numbers, left, relation, d.value)], result=True)
    pieces = Factors(middle_out([Formula(x) for x in result.pieces], most))
    lines = [Line(pieces, left), Line(numbers, None, relation, d.value)]
    return Block(lines, result=True)


def table_of(derived: Sequence[Derived]) -> Either:
    """Weight, formula, gradient and new value of every gradient of a page."""
    updated = any(d.new is not None for d in derived)
    header = ("weight", "formula", "gradient", *(["new value"] if updated else []))
    rows: list[tuple[Piece, ...]] = []
    short: list[tuple[Piece, ...]] = []
    for d in derived:
        numbers: list[Piece] = [Number(d.value), *([Number(d.new)] if d.new is not None else [])]
        rows.append((Label(d.label), Formula(d.formula), *numbers))
        short.append((Label(d.label), Formula(abridged(d.formula)), *numbers))
    if len(rows) > MOST_ROWS:
        short[MOST_ROWS // 2 : -MOST_ROWS // 2 + 1] = [(Label("…"),) * len(header)]
    return Either(Table(header, tuple(short)), Table(header, tuple(rows)))


def finite_difference(y: Value, x: Value) -> float:
    """(y(x + h) - y(x - h)) / 2h by re-evaluating the recorded graph; the graph is not changed."""
    h = 6e-6 * max(1.0, abs(x.data))
    above, below = (evaluate(y, {x: x.data + step})[y][0] for step in (h, -h))
    return float((above - below) / (2.0 * h))
