"""How every derivation ends: the assembled formula, its value and checks, the update, the table."""

import math
from collections.abc import Mapping, Sequence

from autodiff.formula.alike import (
    MOST,
    MOST_FACTORS,
    MOST_WEIGHTS,
    Alike,
    Either,
    Entry,
    abridged,
    listed,
    middle_out,
)
from autodiff.formula.components import Component
from autodiff.formula.derivation import Derived
from autodiff.formula.figures import Figures
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
    Summands,
    Table,
)
from autodiff.formula.symbols import partial
from autodiff.formula.task import SENSES, Factor, Options, Result, Task
from autodiff.formula.terms import Name, Term, plus, times
from autodiff.graph import evaluate
from autodiff.value import Value


def new_components(task: Task, result: Result, shown: Mapping[tuple[str, ...], str]) -> list[Entry]:
    """A later weight of a page: only what the weights before it did not need."""
    blocks: list[list[Entry]] = []
    before: dict[str, list[str]] = {}
    known = {f.key for f in result.factors if f.branches and f.key in shown}
    for f in result.factors:
        if f.key in known:
            before.setdefault(shown[f.key], []).append(f.symbol.label)
    inside = {c for c in result.steps if known and not _is_factor(c, result)}
    for c in dict.fromkeys(result.steps):
        where = shown.get((c.upper, c.lower))
        if where and c not in inside:
            before.setdefault(where, []).append(partial(c.upper, c.lower))
        elif not where:
            line = Line(Formula(c.formula), Partial(c.upper, c.lower), value=c.value)
            blocks.append([Block([line])])
    told = [f"{listed(names, 'components')} {where}" for where, names in before.items()]
    sums: list[Entry] = [
        _sum_of_branches(task, f) for f in result.factors if f.branches and f.key not in known
    ]
    return [
        *([Remark(" · ".join(told))] if told else []),
        Alike(blocks, "components", MOST_FACTORS),
        *sums,
    ]


def _is_factor(c: Component, result: Result) -> bool:
    return any((f.upper, f.lower) == (c.upper, c.lower) for f in result.factors)


def _sum_of_branches(task: Task, f: Factor) -> Block:
    """d upper / d lower where paths meet: the formula, and the numbers of each branch."""
    branches = [
        Factors(middle_out([Number(x) for x in branch], MOST_FACTORS), tight=True)
        for branch in f.branches
    ]
    numbers = Summands(middle_out(branches, MOST))
    relation = task.relation(x for branch in f.branches for x in branch)
    left = Partial(f.upper, f.lower)
    return Block([Line(Formula(f.formula), left), Line(numbers, None, relation, f.value)])


def closing(task: Task, result: Result, d: Derived, *, later: bool, update: bool) -> list[Entry]:
    """The assembled formula, the line that checks it, and the update step.

    A later weight of a page names the sums that stand above, and does not write them out.
    """
    left = Partial(task.label(task.y), d.label)
    items: list[Entry] = []
    if len(result.factors) == 1:
        line = Line(Formula(result.formula), left, value=d.value)
        items.append(Block([line], result=True))
    elif result.factors:
        short, whole = (
            _assembled(task, result, d, left, most, later)
            for most in (MOST_FACTORS, len(result.factors))
        )
        items.append(Either(short, whole))
    if not task.options.whole_step or not _agrees(d):
        items.append(Remark(_checked(task.figures, d)))
    if update and d.new is not None:
        sign, eta, mark = SENSES[task.options.sense]
        change = Change(Label(d.label), sign, Factors((Label(eta), left)))
        lines = [
            Line(change, Label(d.label, mark)),
            Line(
                Formula(_substituted(task.x, d, task.options), True),
                None,
                task.relation([task.x.data, task.options.step, d.value]),
                d.new,
            ),
        ]
        items += [Remark(""), Block(lines)]
    return items


def _substituted(x: Value, d: Derived, options: Options) -> Term:
    """The new weight in numbers: old - rate*gradient."""
    sign = 1.0 if options.sense == "ascent" else -1.0
    change = times(sign, Name("η", options.rate or 0.0), Name("∂", d.value))
    return plus(Name(d.label, x.data), change)


def _checked(figures: Figures, d: Derived) -> str:
    """The line that compares a gradient with the engine's and with a finite difference."""
    difference = (
        f" · finite difference {figures.text(d.difference)}" if d.difference == d.difference else ""
    )
    checked = f"checked: backward() {figures.text(d.engine)}{difference}".replace("-", "−")
    return checked + _disagreement(d)


def _agrees(d: Derived) -> bool:
    close = math.isclose(d.value, d.engine, rel_tol=1e-9, abs_tol=1e-300)
    return close and d.difference == d.difference and not _disagreement(d)


def _disagreement(d: Derived) -> str:
    """What to make of a finite difference that does not agree: words, or nothing."""
    if not math.isfinite(d.engine):
        return "  (not finite: an edge of the domain)"
    off = abs(d.engine - d.difference)
    if off <= 1e-4 * max(abs(d.engine), abs(d.difference)) + 1e-6 or d.difference != d.difference:
        return ""
    return "  (they differ: a kink, or too rough for a finite difference)"


def _assembled(
    task: Task, result: Result, d: Derived, left: Partial, most: int, named: bool
) -> Block:
    """The factors of the formula, and below them their numbers."""
    factors = result.factors
    numbers = Factors(middle_out([Number(f.value) for f in factors], most))
    relation = task.relation(f.value for f in factors)
    terms = [f.symbol if named and f.branches else f.formula for f in factors]
    pieces = Factors(middle_out([Formula(x) for x in terms], most))
    lines = [Line(pieces, left), Line(numbers, None, relation, d.value)]
    return Block(lines, result=True)


def ending(xs: Sequence[Value], derived: Sequence[Derived], options: Options) -> list[Entry]:
    """What ends a page of several gradients: the table, and for a whole step one check for all."""
    if not options.whole_step:
        return [table_of(derived)]
    agree = sum(map(_agrees, derived))
    gradients = f"{agree} of {len(xs)}" if agree < len(xs) else f"all {agree}"
    told = f"checked: backward() and finite differences agree with {gradients} gradients"
    table = updates_of(xs, derived, options) if len(xs) <= MOST_WEIGHTS else table_of(derived)
    return [table, Remark(told)]


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
    if len(rows) > MOST_WEIGHTS:
        short[MOST_WEIGHTS // 2 : -MOST_WEIGHTS // 2 + 1] = [(Label("…"),) * len(header)]
    return Either(Table(header, tuple(short)), Table(header, tuple(rows)))


def updates_of(xs: Sequence[Value], derived: Sequence[Derived], options: Options) -> Table:
    """Weight, gradient, the update in numbers and the new value, where the formulas stand above."""
    rows = [
        (
            Label(d.label),
            Number(d.value),
            Formula(_substituted(x, d, options), True),
            Number(x.data if d.new is None else d.new),
        )
        for x, d in zip(xs, derived, strict=True)
    ]
    return Table(("weight", "gradient", "update", "new value"), tuple(rows))


def finite_difference(y: Value, x: Value) -> float:
    """(y(x + h) - y(x - h)) / 2h by re-evaluating the recorded graph; the graph is not changed."""
    h = 6e-6 * max(1.0, abs(x.data))
    above, below = (evaluate(y, {x: x.data + step})[y][0] for step in (h, -h))
    return float((above - below) / (2.0 * h))
