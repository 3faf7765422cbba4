"""`derive`: the derivation of a recorded gradient, the way a lecturer writes it on a board.

>>> import autodiff as ad
>>> w, x, b = ad.values("w x b", [0.5, 2.0, -1.0])
>>> out = (w * x + b).sigmoid().named("out")
>>> E = (0.5 * (1 - out) ** 2).named("E")
>>> derivation = ad.derive(E, w)
>>> print(derivation.formula_text())
(out − 1)·out·(1 − out)·x
>>> derivation.value
-0.25
"""

from collections.abc import Mapping, Sequence
from typing import Any

from autodiff.formula.chain import Chain
from autodiff.formula.components import Components
from autodiff.formula.derivation import Derivation, Derived
from autodiff.formula.figures import Figures
from autodiff.formula.forms import FORMS
from autodiff.formula.higher import higher_order
from autodiff.formula.page import (
    Block,
    Change,
    Factors,
    Formula,
    Heading,
    Label,
    Line,
    Number,
    Page,
    Partial,
    Remark,
    Table,
    Words,
)
from autodiff.formula.reading import Reader
from autodiff.formula.task import Result, Task
from autodiff.formula.terms import Name, plus, times
from autodiff.graph import check_recorded, evaluate, local_slopes, sweep, topological
from autodiff.names import caller_names, find, labels
from autodiff.value import Value

MANY_PATHS = 8
SENSES = {"descent": ("−", "η", "⁺"), "ascent": ("+", "α", "′")}
SIGNS = ("difference", "minus")


def derive(
    y: Value,
    x: Any,
    *,
    form: str = "auto",
    order: int = 1,
    rate: float | None = None,
    sense: str = "descent",
    signs: str = "difference",
    through: Sequence[Any] | None = None,
    stop: Sequence[Any] | None = None,
    expand: bool = False,
    digits: int = 5,
    rounding: str = "nearest",
) -> Derivation:
    """The derivation of dy/dx in the names of the graph, with the numbers put in.

    `x` is a Value, the name of one, or a list of them (one page: what was shown once is referred
    to, and a table closes it). Values without a name are called like the caller's variables.

    * `form`: `chain` (a product of named-to-named derivatives, sums where paths split), `paths`
      (one block for each path), `delta` (adjoints named delta), `matrix` (layers of a network);
      `auto` is chain, or delta beyond eight paths.
    * `rate`: adds the update step; `sense="ascent"` adds the gradient instead of subtracting it.
    * `signs`: `difference` writes (out - t), `minus` keeps -(t - out).
    * `through`: the only named Values to step through. `stop`: leave dy/d stop and f' as symbols.
    * `expand`: prove the slope of each activation. `order`: 2 and more for higher derivatives.
    * `digits`, `rounding="nearest"|"truncate"`: decimals shown.

    Raises ValueError for an unknown name or option, or when a Value changed since y was computed.
    """
    _known("form", form, ("auto", *FORMS))
    _known("sense", sense, tuple(SENSES))
    _known("signs", signs, SIGNS)
    check_recorded(y)
    extra = caller_names()
    many = isinstance(x, (list, tuple))
    xs = [find([y], each, extra) for each in (x if many else [x])]
    if not xs:
        raise ValueError("derive needs at least one Value to differentiate with respect to")
    figures = Figures(digits, rounding)
    if order != 1:
        reader = Reader(_table_of_labels(y, xs, extra, many))
        page, derived = higher_order(y, xs, order, reader, figures)
        return Derivation(page, derived, figures, many)
    return derivation_of(
        y,
        xs if many else xs[0],
        extra,
        form=form,
        rate=rate,
        sense=sense,
        signs=signs,
        figures=figures,
        through=None if through is None else [find([y], each, extra) for each in through],
        stops=[find([y], each, extra) for each in stop or ()],
        expand=expand,
    )[0]


def _table_of_labels(
    y: Value, xs: Sequence[Value], extra: Mapping[Value, str], many: bool
) -> dict[Value, str]:
    """The labels of the graph; y and the xs get one even where they have no name."""
    table = labels([y], extra)
    spoken = [(y, "y"), *((x, f"x{i}" if many else "x") for i, x in enumerate(xs, 1))]
    for node, name in spoken:
        if node not in table:
            table[node] = extra.get(node) or _free(name, table.values())
    return table


def derivation_of(
    y: Value,
    x: Any,
    extra: Mapping[Value, str],
    *,
    form: str,
    rate: float | None,
    sense: str,
    signs: str,
    figures: Figures,
    through: Sequence[Value] | None = None,
    stops: Sequence[Value] = (),
    expand: bool = False,
) -> tuple[Derivation, Reader]:
    """`derive` with its names resolved; also gives the reader of the graph."""
    many = isinstance(x, list)
    xs = x if many else [x]
    table = _table_of_labels(y, xs, extra, many)
    if through is not None:
        kept = {y, *xs, *through}
        table = {node: label for node, label in table.items() if not node.args or node in kept}
    reader = Reader(table)
    adjoints = sweep(y, 1.0, topological(y, right_first=True), local_slopes)
    chain = Chain(y, xs, table)
    components = Components(
        chain, reader, signs, chain.summands, expand=expand, abstract=bool(stops)
    )
    shown: dict[tuple[str, str], str] = {}
    page = Page(Words(f"The gradients of {table[y]}") if many else Partial(table[y], table[xs[0]]))
    derived: list[Derived] = []
    for each in xs:
        task = Task(
            y,
            each,
            chain,
            reader,
            components,
            figures,
            signs,
            sense == "ascent",
            adjoints,
            list(stops),
            shown,
        )
        paths = chain.count_paths(each)
        short = paths <= MANY_PATHS or stops
        chosen = form if form != "auto" else "chain" if short else "delta"
        known = dict(shown)
        result = _in_form(chosen, task, paths)
        engine = adjoints.get(each, 0.0)
        new = (
            None
            if rate is None
            else each.data + (rate if sense == "ascent" else -rate) * result.value
        )
        derived.append(
            Derived(
                table[each], chosen, result.formula, result.value, engine,
                finite_difference(y, each), new, result.steps,
            )
        )  # fmt: skip
        aside = _aside(chosen, paths, result)
        if many:
            page.items.append(Heading(Partial(table[y], table[each]), aside))
        else:
            page.aside = aside
        repeated = many and len(derived) > 1 and chosen == "chain"
        page.items += _new_components(result, known) if repeated else result.items
        page.items += _closing(task, result, derived[-1], None if many else rate, sense)
        for c in result.steps:
            if (c.upper, c.lower) not in known:
                shown[c.upper, c.lower] = f"as for {table[each]}"
    if many:
        page.items += [Remark(""), _table(derived)]
    return Derivation(page, derived, figures, many), reader


def _in_form(form: str, task: Task, paths: int) -> Result:
    if paths == 0:
        y, x = task.label(task.y), task.label(task.x)
        return Result([Remark(f"{y} does not depend on {x}")], plus(), 0.0)
    if task.x is task.y:
        return Result([], times(), 1.0)
    return FORMS[form](task)


def _new_components(result: Result, shown: Mapping[tuple[str, str], str]) -> list[Any]:
    """A later weight of a page: only what the weights before it did not need."""
    items: list[Any] = []
    before: dict[str, int] = {}
    for c in dict.fromkeys(result.steps):
        where = shown.get((c.upper, c.lower))
        if where:
            before[where] = before.get(where, 0) + 1
        else:
            items.append(
                Block([Line(Formula(c.formula), Partial(c.upper, c.lower), value=c.value)])
            )
    told = [f"{n} component{'s' if n > 1 else ''} {where}" for where, n in before.items()]
    return [*([Remark(" · ".join(told))] if told else []), *items]


def _closing(task: Task, result: Result, d: Derived, rate: float | None, sense: str) -> list[Any]:
    """The assembled formula, the line that checks it, and the update step."""
    left = Partial(task.label(task.y), d.label)
    items: list[Any] = []
    if result.factors:
        lines = [Line(Factors(tuple(map(Formula, result.pieces))), left)] if result.pieces else []
        numbers = Factors(tuple(map(Number, result.factors)))
        lines.append(Line(numbers, None if lines else left, task.relation(result.factors), d.value))
        items.append(Block(lines, result=True))
    number = task.figures.text
    difference = (
        f" · finite difference {number(d.difference)}" if d.difference == d.difference else ""
    )
    items.append(Remark(f"checked: backward() {number(d.engine)}{difference}".replace("-", "−")))
    if rate is not None and d.new is not None:
        sign, eta, mark = SENSES[sense]
        substituted = plus(
            Name(d.label, task.x.data),
            times(1.0 if sense == "ascent" else -1.0, Name(eta, rate), Name("∂", d.value)),
        )
        relation = task.relation([task.x.data, rate, d.value])
        change = Change(Label(d.label), sign, Factors((Label(eta), left)))
        items += [
            Remark(""),
            Block(
                [
                    Line(change, Label(d.label, mark)),
                    Line(Formula(substituted, True), None, relation, d.new),
                ],
                "update" if not result.items else "",
            ),
        ]
    return items


def _table(derived: Sequence[Derived]) -> Table:
    """Weight, formula, gradient and new value of every gradient of a page."""
    updated = any(d.new is not None for d in derived)
    rows = []
    for d in derived:
        row: list[Any] = [Label(d.label), Formula(d.formula), Number(d.value)]
        rows.append(tuple(row + ([Number(d.new)] if d.new is not None else [])))
    return Table(
        ("weight", "formula", "gradient", *(["new value"] if updated else [])), tuple(rows)
    )


def finite_difference(y: Value, x: Value) -> float:
    """(y(x + h) - y(x - h)) / 2h by re-evaluating the recorded graph; the graph is not changed."""
    h = 6e-6 * max(1.0, abs(x.data))
    above, below = (evaluate(y, {x: x.data + step})[y][0] for step in (h, -h))
    return float((above - below) / (2.0 * h))


def _aside(form: str, paths: int, result: Result) -> str:
    shown = f"{paths:,}" if paths < 10**6 else f"{paths:.1e}"
    text = f"{shown} path{'s' if paths != 1 else ''}"
    return (
        f"{text} · {len(result.steps)} components"
        if form == "chain" and result.steps
        else f"{text} · {form} form"
    )


def _free(name: str, taken: Any) -> str:
    while name in set(taken):
        name += "′"
    return name


def _known(option: str, given: str, known: tuple[str, ...]) -> None:
    if given not in known:
        raise ValueError(f"{option}={given!r}: choose one of {', '.join(map(repr, known))}")
