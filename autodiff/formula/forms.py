"""The chain and paths forms: products of named-to-named derivatives, and what joins them."""

from collections.abc import Iterable, Iterator
from functools import reduce
from itertools import chain, count, pairwise
from operator import mul
from typing import Any

from autodiff.formula.alike import (
    MOST,
    MOST_FACTORS,
    Alike,
    Either,
    Entry,
    abridged,
    middle_out,
)
from autodiff.formula.chain import ways_of
from autodiff.formula.components import Component
from autodiff.formula.delta import delta_form
from autodiff.formula.matrix import matrix_form
from autodiff.formula.page import (
    Block,
    Display,
    Factors,
    Formula,
    Line,
    Number,
    Partial,
    Piece,
    Remark,
    Summands,
    Words,
)
from autodiff.formula.task import Factor, Result, Task, component_block
from autodiff.formula.terms import Term, plus, times
from autodiff.value import Value

MOST_PATHS = 64  # that are written down one by one

# ---------------------------------------------------------------- chain


def chain_form(task: Task) -> Result:
    """A product of named-to-named derivatives; where paths split and meet again, a sum in
    brackets."""
    marks = task.chain.passes(task.x)
    heads = task.chain.heads()
    opening = _opening(task, marks)
    if len(marks) > 1 and marks[1] in heads.difference(task.options.stops[-1:]):
        marks = [marks[0], *marks[2:]]  # y = y1 + nothing else that matters: the factor is 1
    factors: list[Piece] = []
    blocks: list[list[Entry]] = []
    found: list[Factor] = []
    steps: list[Component] = [*opening]
    note = ""
    for c in opening:
        blocks.append([component_block(task, c, "1")])
        factors.append(Partial(c.upper, c.lower))
        found.append(Factor(c.upper, c.lower, c.formula, c.value))
        marks = marks[marks.index(task.options.stops[-1]) :]
    for i, (upper, lower) in enumerate(pairwise(marks), 1 + len(opening)):
        branches = _branches(task, upper, lower)
        if upper is task.y and len(branches) == 1 and len(branches[0]) == 3:
            note = _hidden_note(task, branches[0][1])
            branches = [[upper, lower]]
        if len(branches) == 1 and len(branches[0]) == 2:
            c = _between(task, upper, lower)
            block: list[Entry] = [component_block(task, c, str(i))]
            factors.append(Partial(c.upper, c.lower))
            factor, made = Factor(c.upper, c.lower, c.formula, c.value), [c]
        else:
            piece, block, factor, made = _split(task, branches, heads, str(i))
            factors.append(piece)
        blocks.append(block)
        found.append(factor)
        steps += made
    left = Partial(task.label(task.y), task.label(task.x))
    assembled = times(*(factor.formula for factor in found))
    value = reduce(mul, (factor.value for factor in found), 1.0)
    return Result(
        [
            *([_display(left, factors, Factors, MOST_FACTORS, note)] if len(factors) > 1 else []),
            Alike(blocks, "components", MOST_FACTORS),
        ],
        assembled,
        value,
        tuple(steps),
        tuple(found),
    )


def _display(left: Piece, parts: list[Piece], joined: Any, most: int, note: str = "") -> Entry:
    """An equation set large; with its middle left out where it is long."""
    whole = Display(left, joined(tuple(parts)), note)
    short = joined(tuple(_few(p) for p in middle_out(parts, most)))
    return Either(Display(left, short, note), whole)


def _few(part: Piece) -> Piece:
    return Summands(middle_out(part.parts, MOST)) if isinstance(part, Summands) else part


def _branches(task: Task, upper: Value, lower: Value) -> list[list[Value]]:
    """All paths between two waypoints, unless there are too many to write down."""
    found = task.chain.count_paths(lower, upper)
    if found > MOST_PATHS:
        top, bottom = task.label(upper), task.label(lower)
        raise ValueError(
            f"{found:,} paths lead from {top} to {bottom}, too many to write down one by one: "
            "form='delta' is only as long as the graph"
        )
    return list(task.chain.paths(upper, lower))


def _opening(task: Task, marks: list[Value]) -> list[Component]:
    """d y / d stop, left as a symbol, where the derivation is to stop early."""
    if not task.options.stops:
        return []
    stop = task.options.stops[-1]
    if stop not in marks[1:-1]:
        y, x = task.label(task.y), task.label(task.x)
        raise ValueError(f"stop: not every path from {y} to {x} goes through {task.label(stop)}")
    return [task.components.left_open(stop, task.adjoints[stop])]


def _between(task: Task, upper: Value, lower: Value) -> Component:
    """The component of two marks that are neighbours, or have only a hidden summand between
    them."""
    slopes = task.chain.slopes
    if lower in slopes[upper]:
        return task.components.between(upper, lower)
    head = next(h for h in slopes[upper] if lower in slopes[h])
    return task.components.between(upper, lower, slopes[head][lower])


def _hidden_note(task: Task, summand: Value) -> str:
    hidden = task.label(summand)
    return f"({hidden} hidden: ∂{task.label(task.y)}/∂{hidden} = 1)"


def _split(
    task: Task, branches: list[list[Value]], heads: set[Value], number: str
) -> tuple[Summands, list[Entry], Factor, list[Component]]:
    """Where several paths lead from one mark to the next: one line a branch, and their sum."""
    names: list[Piece] = []
    large: list[Piece] = []
    groups: list[list[Entry]] = []
    products: list[Term] = []
    values: list[float] = []
    numbers: list[tuple[float, ...]] = []
    steps: list[Component] = []
    upper, lower = branches[0][0], branches[0][-1]
    starts = [path[1] if path[1] in heads else path[0] for path in branches]
    ways = ways_of(branches, task.label)
    for letter, path, start, way in zip(_letters("a"), branches, starts, ways, strict=False):
        made = [_between(task, a, b) for a, b in pairwise(path if start is path[0] else path[1:])]
        partials = Factors(tuple(Partial(c.upper, c.lower) for c in made))
        # else the branches are told apart by their way; d upper / d lower is the sum of them all
        alone = starts.count(start) == 1 and start is not upper
        symbol: Piece = Partial(task.label(start), task.label(lower)) if alone else Words(way)
        names.append(symbol)
        large.append(symbol if alone or len(made) == 1 else partials)
        mark = f"{number}{letter}"
        group: list[Entry] = [Block([Line(partials)], mark, symbol)] if len(made) > 1 else []
        for c in made:
            block = component_block(task, c, "" if group else mark)
            if len(made) == 1 and not alone:
                block.head = symbol  # d upper / d lower is the sum of all branches, not this one
            group.append(block)
            task.shown.setdefault((c.upper, c.lower), "as above")
        product = task.signed(times(*(c.formula for c in made)))
        value = reduce(mul, (c.value for c in made), 1.0)
        if len(made) > 1:
            group.append(Block(_numbered(task, symbol, product, [c.value for c in made], value)))
        groups.append(group)
        products.append(product)
        values.append(value)
        numbers.append(tuple(c.value for c in made))
        steps += made
    whole = Partial(task.label(upper), task.label(lower))
    short, full = (
        Block(
            [Line(Summands(middle_out(names, most)), whole), _sum_line(task, values, most)], number
        )
        for most in (MOST, len(names))
    )
    items: list[Entry] = [Alike(groups, "branches"), Either(short, full)]
    factor = Factor(whole.upper, whole.lower, plus(*products), sum(values), tuple(numbers))
    return Summands(tuple(large)), items, factor, steps


def _numbered(
    task: Task, left: Piece, product: Term, values: list[float], value: float
) -> list[Line]:
    numbers = Factors(middle_out([Number(v) for v in values], MOST_FACTORS))
    formula = Line(Formula(abridged(product)), left)
    return [formula, Line(numbers, relation=task.relation(values), value=value)]


def _sum_line(task: Task, values: list[float], most: int, left: Piece | None = None) -> Line:
    shown = Summands(middle_out([Number(v) for v in values], most))
    return Line(shown, left, task.relation(values), sum(values))


def _letters(first: str) -> Iterator[str]:
    """a, b, ..., z, a2, b2, ...; the same for A."""
    rounds: Iterable[str] = chain([""], map(str, count(2)))
    return (chr(ord(first) + i) + again for again in rounds for i in range(26))


# ---------------------------------------------------------------- paths


def paths_form(task: Task) -> Result:
    """One block for every path from y to x, shared factors marked, and the sum of the paths."""
    heads = task.chain.heads()
    groups: list[list[Entry]] = []
    formulas: list[Term] = []
    values: list[float] = []
    names: list[Piece] = []
    steps: list[Component] = []
    shown = dict(task.shown)
    target = task.label(task.x)
    branches = _branches(task, task.y, task.x)
    starts = [p[1] if p[1] in heads else p[0] for p in branches]
    for letter, path, start in zip(_letters("A"), branches, starts, strict=False):
        nodes = path if start is path[0] else path[1:]
        made = [task.components.between(a, b) for a, b in pairwise(nodes)]
        alone = starts.count(start) == 1 and (start is not task.y or len(branches) == 1)
        symbol: Piece = Partial(task.label(start), target) if alone else Words(f"path {letter}")
        names.append(symbol)
        group: list[Entry] = [
            Remark(""),
            Remark(f"path {letter}   " + " → ".join(map(task.label, nodes))),
        ]
        components: list[list[Entry]] = []
        for i, c in enumerate(made, 1):
            components.append([component_block(task, c, str(i))])
            task.shown.setdefault((c.upper, c.lower), f"as in path {letter}")
        group.append(Alike(components, "components", MOST_FACTORS))
        factors = [c.value for c in made]
        value = reduce(mul, factors, 1.0)
        if len(made) > 1:
            numbers = Factors(middle_out([Number(v) for v in factors], MOST_FACTORS))
            group.append(Block([Line(numbers, symbol, task.relation(factors), value)]))
        groups.append(group)
        formulas.append(task.signed(times(*(c.formula for c in made))))
        values.append(value)
        steps += made
    task.shown.clear()
    task.shown.update(shown)
    left = Partial(task.label(task.y), target)
    items: list[Entry] = [Alike(groups, "paths")]
    if len(names) > 1:
        items.insert(0, _display(left, names, Summands, MOST))
        sums = [Block([_sum_line(task, values, m, left)], "sum") for m in (MOST, len(values))]
        items += [Remark(""), Either(*sums)]
    return Result(items, plus(*formulas), sum(values), tuple(steps))


FORMS = {"chain": chain_form, "paths": paths_form, "delta": delta_form, "matrix": matrix_form}
