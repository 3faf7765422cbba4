"""The chain and paths forms: products of named-to-named derivatives, and what joins them."""

from collections.abc import Iterable
from functools import reduce
from itertools import pairwise
from operator import mul

from autodiff.formula.components import Component
from autodiff.formula.delta import delta_form
from autodiff.formula.matrix import matrix_form
from autodiff.formula.page import (
    Block,
    Display,
    Factors,
    Formula,
    Item,
    Line,
    Number,
    Partial,
    Piece,
    Remark,
    Summands,
)
from autodiff.formula.task import Result, Task, component_block
from autodiff.formula.terms import Term, plus, times
from autodiff.value import Value

# ---------------------------------------------------------------- chain


def chain_form(task: Task) -> Result:
    """A product of named-to-named derivatives; where paths split and meet again, a sum in
    brackets."""
    marks = task.chain.passes(task.x)
    heads = task.chain.heads()
    opening = _opening(task, marks)
    if len(marks) > 1 and marks[1] in heads:
        marks = [marks[0], *marks[2:]]  # y = y1 + nothing else that matters: the factor is 1
    factors: list[Piece] = []
    items: list[Item] = []
    formulas: list[Term] = []
    steps: list[Component] = [*opening]
    values: list[float] = []
    for c in opening:
        items.append(component_block(task, c, "1"))
        factors.append(Partial(c.upper, c.lower))
        formulas.append(c.formula)
        values.append(c.value)
        marks = marks[marks.index(task.stops[-1]) :]
    for i, (upper, lower) in enumerate(pairwise(marks), 1 + len(opening)):
        branches = list(task.chain.paths(upper, lower))
        if upper is task.y and len(branches) == 1 and len(branches[0]) == 3:
            branches = [[upper, lower]]  # through a hidden summand
        if len(branches) == 1 and len(branches[0]) == 2:
            c = _between(task, upper, lower)
            items.append(component_block(task, c, str(i)))
            factors.append(Partial(c.upper, c.lower))
            formula, part, made = c.formula, c.value, [c]
        else:
            piece, block, formula, part, made = _split(task, branches, heads, str(i))
            factors.append(piece)
            items += block
        formulas.append(formula)
        steps += made
        values.append(part)
    left = Partial(task.label(task.y), task.label(task.x))
    note = _hidden_note(task, heads, marks)
    display = [Display(left, Factors(tuple(factors)), note)] if len(factors) > 1 else []
    assembled = times(*formulas)
    value = reduce(mul, values, 1.0)
    return Result(
        [*display, *items], assembled, value, tuple(steps), tuple(formulas), tuple(values)
    )


def _opening(task: Task, marks: list[Value]) -> list[Component]:
    """d y / d stop, left as a symbol, where the derivation is to stop early."""
    if not task.stops:
        return []
    stop = task.stops[-1]
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


def _hidden_note(task: Task, heads: set[Value], marks: list[Value]) -> str:
    if len(marks) < 2 or marks[1] in task.chain.slopes[task.y]:
        return ""
    hidden = [h for h in heads if marks[1] in task.chain.slopes[h]]
    y = task.label(task.y)
    return f"({task.label(hidden[0])} hidden: ∂{y}/∂{task.label(hidden[0])} = 1)" if hidden else ""


def _split(
    task: Task, branches: list[list[Value]], heads: set[Value], number: str
) -> tuple[Piece, list[Item], Term, float, list[Component]]:
    """Where several paths lead from one mark to the next: one line a branch, and their sum."""
    names: list[Piece] = []
    items: list[Item] = []
    products: list[Term] = []
    values: list[float] = []
    steps: list[Component] = []
    upper, lower = branches[0][0], branches[0][-1]
    for letter, path in zip(_letters(), branches, strict=False):
        nodes = path[1:] if path[1] in heads else path
        made = [_between(task, a, b) for a, b in pairwise(nodes)]
        symbol = Partial(task.label(nodes[0]), task.label(lower))
        names.append(symbol)
        factors = Factors(tuple(Partial(c.upper, c.lower) for c in made))
        items.append(Block([Line(factors)] if len(made) > 1 else [], f"{number}{letter}", symbol))
        for c in made:
            items.append(component_block(task, c, ""))
            task.shown.setdefault((c.upper, c.lower), "as above")
        product = task.signed(times(*(c.formula for c in made)))
        value = reduce(lambda v, c: v * c.value, made, 1.0)
        items.append(
            Block(
                [
                    Line(Formula(product), symbol),
                    Line(
                        Factors(tuple(Number(c.value) for c in made)),
                        relation=task.relation([c.value for c in made]),
                        value=value,
                    ),
                ]
            )
        )
        products.append(product)
        values.append(value)
        steps += made
    total = sum(values)
    head = Partial(task.label(upper), task.label(lower))
    items.append(
        Block(
            [
                Line(Summands(tuple(names)), head),
                Line(
                    Summands(tuple(map(Number, values))),
                    relation=task.relation(values),
                    value=total,
                ),
            ],
            number,
        )
    )
    return Summands(tuple(names)), items, plus(*products), total, steps


def _letters() -> Iterable[str]:
    return (chr(ord("a") + i) if i < 26 else f".{i}" for i in range(10**6))


# ---------------------------------------------------------------- paths


def paths_form(task: Task) -> Result:
    """One block for every path from y to x, shared factors marked, and the sum of the paths."""
    heads = task.chain.heads()
    items: list[Item] = []
    formulas: list[Term] = []
    values: list[float] = []
    names: list[Piece] = []
    steps: list[Component] = []
    shown = dict(task.shown)
    target = task.label(task.x)
    for letter, path in zip(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ", task.chain.paths(task.y, task.x), strict=False
    ):
        nodes = path[1:] if path[1] in heads and len(path) > 2 else path
        made = [task.components.between(a, b) for a, b in pairwise(nodes)]
        symbol = Partial(task.label(nodes[0]), target)
        names.append(symbol)
        items.append(Remark(f"path {letter}   " + " → ".join(map(task.label, nodes))))
        for i, c in enumerate(made, 1):
            items.append(component_block(task, c, str(i)))
            task.shown.setdefault((c.upper, c.lower), f"as in path {letter}")
        value = reduce(lambda v, c: v * c.value, made, 1.0)
        items.append(
            Block(
                [
                    Line(
                        Factors(tuple(Number(c.value) for c in made)),
                        symbol,
                        task.relation([c.value for c in made]),
                        value,
                    )
                ]
            )
        )
        formulas.append(task.signed(times(*(c.formula for c in made))))
        values.append(value)
        steps += made
    task.shown.clear()
    task.shown.update(shown)
    left = Partial(task.label(task.y), target)
    display: list[Item] = []
    if len(names) > 1:
        display = [Display(left, Summands(tuple(names)))]
        items.append(
            Block(
                [
                    Line(
                        Summands(tuple(map(Number, values))),
                        left,
                        task.relation(values),
                        sum(values),
                    )
                ],
                "sum",
            )
        )
    return Result([*display, *items], plus(*formulas), sum(values), tuple(steps))


FORMS = {"chain": chain_form, "paths": paths_form, "delta": delta_form, "matrix": matrix_form}
