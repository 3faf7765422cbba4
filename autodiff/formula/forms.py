"""The forms in which a derivation is written: chain, paths and delta.

Each form is a function from a `Task` to the items of a page and the assembled formula with its value. The
value is computed from the components shown, so that the closing check against `backward()` checks the page.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import reduce
from operator import mul

from autodiff.formula.chain import Chain, number_of
from autodiff.formula.components import Component, Components
from autodiff.formula.figures import Figures
from autodiff.formula.page import (
    Block,
    Display,
    Factors,
    Formula,
    Item,
    Label,
    Line,
    Number,
    Partial,
    Piece,
    Remark,
    Summands,
    numbers_in,
)
from autodiff.formula.reading import Reader
from autodiff.formula.terms import Name, Term, flipped, plus, times
from autodiff.value import Value


@dataclass(slots=True)
class Task:
    """What a derivation is asked for, and what one page of it has explained already."""

    y: Value
    x: Value
    chain: Chain
    reader: Reader
    components: Components
    figures: Figures
    signs: str
    ascent: bool
    stops: list[Value] = field(default_factory=list)
    shown: dict[tuple[str, str], str] = field(default_factory=dict)  # component -> where it was shown

    def label(self, node: Value) -> str:
        """The label of a node of the graph."""
        return self.reader.labels[node]

    def relation(self, numbers: Iterable[float]) -> str:
        """`=` where every number is shown exactly, else `≈`."""
        return "=" if all(map(self.figures.exact, numbers)) else "≈"


@dataclass(frozen=True, slots=True)
class Result:
    """Items of the page, the assembled formula, and its value as the components give it."""

    items: list[Item]
    formula: Term
    value: float
    steps: tuple[Component, ...] = ()
    pieces: tuple[Term, ...] = ()  # the factors of the assembled formula, and their numbers
    factors: tuple[float, ...] = ()


# ---------------------------------------------------------------- one component


def component_block(task: Task, c: Component, number: str) -> Block:
    """Definition, raw derivative, formula, substitution and value of one component."""
    head = Partial(c.upper, c.lower)
    seen = task.shown.get((c.upper, c.lower))
    if seen:
        return Block([Line(Formula(c.formula), value=c.value, note=seen)], number, head)
    lines = [Line(Formula(c.definition), Label(c.upper), note=_rule_text(c))]
    if c.raw:
        lines.append(Line(Factors(tuple(map(Formula, c.raw)))))
    lines.append(Line(Formula(c.formula)))
    numbers = numbers_in(c.formula)
    if isinstance(c.formula, Name) or len(numbers) < 2:
        lines[-1] = Line(Formula(c.formula), value=c.value)
    else:
        relation = task.relation(numbers)
        lines.append(Line(Formula(c.formula, numbers=True), relation=relation, value=c.value))
    return Block(lines, number, head)


def _rule_text(c: Component) -> str:
    from autodiff.formula.text import Text

    if not c.rule:
        return ""
    name, slope = c.rule
    text = Text().write(slope)
    return f"{name}′ = {text}" if name in text else ""


# ---------------------------------------------------------------- chain


def chain_form(task: Task) -> Result:
    """A product of named-to-named derivatives; where paths split and meet again, a sum in brackets."""
    marks = task.chain.passes(task.x)
    heads = task.chain.heads()
    if len(marks) > 1 and marks[1] in heads:
        marks = [marks[0], *marks[2:]]  # y = y1 + nothing else that matters: the factor is 1
    factors: list[Piece] = []
    items: list[Item] = []
    formulas: list[Term] = []
    steps: list[Component] = []
    values: list[float] = []
    for i, (upper, lower) in enumerate(zip(marks, marks[1:], strict=False), 1):
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
    return Result([*display, *items], assembled, value, tuple(steps), tuple(formulas), tuple(values))


def _between(task: Task, upper: Value, lower: Value) -> Component:
    """The component of two marks that are neighbours, or have only a hidden summand between them."""
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
        made = [_between(task, a, b) for a, b in zip(nodes, nodes[1:], strict=False)]
        symbol = Partial(task.label(nodes[0]), task.label(lower))
        names.append(symbol)
        factors = Factors(tuple(Partial(c.upper, c.lower) for c in made))
        items.append(Block([Line(factors)] if len(made) > 1 else [], f"{number}{letter}", symbol))
        for c in made:
            items.append(component_block(task, c, ""))
            task.shown.setdefault((c.upper, c.lower), "as above")
        product = _signed(task, times(*(c.formula for c in made)))
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
                    Summands(tuple(map(Number, values))), relation=task.relation(values), value=total
                ),
            ],
            number,
        )
    )
    return Summands(tuple(names)), items, plus(*products), total, steps


def _letters() -> Iterable[str]:
    return (chr(ord("a") + i) if i < 26 else f".{i}" for i in range(10**6))


def _signed(task: Task, x: Term) -> Term:
    return flipped(x) if task.signs == "difference" else x


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
    for letter, path in zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", task.chain.paths(task.y, task.x), strict=False):
        nodes = path[1:] if path[1] in heads and len(path) > 2 else path
        made = [task.components.between(a, b) for a, b in zip(nodes, nodes[1:], strict=False)]
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
        formulas.append(_signed(task, times(*(c.formula for c in made))))
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


# ---------------------------------------------------------------- delta


def delta_name(label: str) -> str:
    """The delta of a pre-activation: sum_o1 gives δ_o1, z_2^(3) gives δ_2^(3), p_r gives δ_r.

    >>> delta_name("sum_o1"), delta_name("z_2^(3)"), delta_name("u")
    ('δ_o1', 'δ_2^(3)', 'δ_u')
    """
    stem, _, rest = label.partition("_")
    return f"δ_{rest or stem}"


def delta_form(task: Task) -> Result:
    """Adjoints named delta, from the output down: its length is that of the graph, not of its paths."""
    chain, x, y = task.chain, task.x, task.y
    leads = chain.leading_to(x)
    users = chain.above()
    named = _delta_nodes(task, leads)
    adjoint: dict[Value, Term] = {}
    value: dict[Value, float] = {y: 1.0}
    items: list[Item] = []
    for node in chain.waypoints:
        if node not in leads or node is y:
            continue
        shares: list[Term] = []
        total = 0.0
        for upper, slope in users[node]:
            if upper not in leads and upper is not y:
                continue
            c = task.components.between(upper, node)
            total += value[upper] * number_of(slope)
            above = adjoint.get(upper)
            first = above is None or not _slope_first(task, above, c)
            shares.append(c.formula if above is None else times(above, c.formula) if first else times(c.formula, above))
        value[node] = total
        adjoint[node] = formula = _signed(task, plus(*shares))
        if node in named:
            label = delta_name(task.label(node))
            items.append(_equation(task, Label(label), Partial(task.label(y), task.label(node)), formula, total))
            adjoint[node] = Name(label, total)
    final = adjoint.get(x, plus())
    left = Partial(task.label(y), task.label(x))
    items.append(_equation(task, left, None, final, value.get(x, 0.0)))
    return Result(items, final, value.get(x, 0.0))


def _slope_first(task: Task, above: Term, c: Component) -> bool:
    """w·δ where a weight stands before a delta; seed 002 (ascent) writes the slope first throughout."""
    is_delta = isinstance(above, Name) and above.label.startswith("δ")
    return task.ascent or (is_delta and c.lower != task.label(task.x))


def _delta_nodes(task: Task, leads: set[Value]) -> set[Value]:
    """Pre-activations, and every waypoint that more than one waypoint below depends on."""
    chain = task.chain
    named = set()
    for node in chain.waypoints:
        if len(node.args) == 1 and node.args[0] in leads and node.args[0] in chain.slopes:
            named.add(node.args[0])
        if node not in (task.y, task.x) and len(chain.slopes[node].keys() & leads) > 1:
            named.add(node)
    heads = chain.heads()
    return {n for n in named if isinstance(n, Value)} - {task.x, task.y} - heads


def _equation(task: Task, left: Piece, meaning: Piece | None, formula: Term, value: float) -> Block:
    lines = [Line(meaning, left)] if meaning else []
    lines.append(Line(Formula(formula), None if meaning else left))
    numbers = numbers_in(formula)
    if len(numbers) > 1:
        lines.append(
            Line(Formula(formula, numbers=True), relation=task.relation(numbers), value=value)
        )
    else:
        lines[-1] = Line(Formula(formula), lines[-1].left, value=value)
    return Block(lines)


FORMS = {"chain": chain_form, "paths": paths_form, "delta": delta_form}
