"""`explain_step`: one whole step of descent on a page, from the forward numbers to the smaller
error."""

from collections.abc import Sequence
from typing import Any

from autodiff.formula.derivation import Derivation
from autodiff.formula.deriving import derivation_of
from autodiff.formula.figures import Figures
from autodiff.formula.page import (
    Block,
    Heading,
    Item,
    Label,
    Line,
    Number,
    Page,
    Words,
)
from autodiff.formula.reading import Reader
from autodiff.formula.task import Options, with_value
from autodiff.graph import check_recorded, evaluate, topological
from autodiff.modes import recording
from autodiff.names import caller_names, find_all
from autodiff.op import number, quoted
from autodiff.value import Value


class Step(Derivation):
    """A derivation of all gradients between the forward numbers and the updates.

    * `before`, `after`: the error with the old and with the new weights;
    * `new`: label -> new number of each weight that moves. The graph itself is not changed.
    """

    before: float
    after: float
    new: dict[str, float]


def explain_step(
    y: Value,
    weights: Any,
    rate: float,
    *,
    freeze: Sequence[Any] = (),
    sense: str = "descent",
    signs: str = "difference",
    digits: int = 5,
    rounding: str = "nearest",
) -> Step:
    """Forward numbers, the derivation of every gradient, every update, and y before and after.

    `weights` are Values or names; those in `freeze` keep their number. Every gradient uses the old
    weights. Raises ValueError for unknown names, and when a leaf changed since y was computed.
    """
    if not isinstance(y, Value):
        raise TypeError(f"explain_step wants the Value that is to fall, not {quoted(y)}")
    check_recorded(y)
    extra = caller_names()
    kept = set(find_all([y], freeze, extra))
    xs = [x for x in find_all([y], weights, extra) if x not in kept]
    rate = number(rate)
    if not xs:
        raise ValueError("explain_step needs at least one weight that is not frozen")
    figures = Figures(digits, rounding)
    options = Options(rate=rate, sense=sense, signs=signs, figures=figures, whole_step=True)
    with recording():
        derivation, reader = derivation_of(y, xs, extra, options)
    moved = {x: d.new for x, d in zip(xs, derivation.derived, strict=True) if d.new is not None}
    after = evaluate(y, moved)[y][0]
    label = reader.labels[y]

    def around(backward: Sequence[Item]) -> list[Item]:
        return [
            Heading(Words("Forward")),
            *forward_lines(y, reader, derivation.figures),
            Heading(Words("Backward")),
            *backward,
            Heading(Words("The error")),
            Block([Line(Number(y.data), Label(label), note="before")]),
            Block([Line(Number(after), Label(label), note="after the step")]),
        ]

    step = Step(
        Page(Words(f"One step for {label}"), f"rate {rate:g}", around(derivation.page.items)),
        derivation.derived,
        derivation.figures,
        many=True,
        whole=around(derivation.whole),
    )
    step.before, step.after = y.data, after
    step.new = {d.label: d.new for d in derivation.derived if d.new is not None}
    return step


def forward_lines(y: Value, reader: Reader, figures: Figures) -> list[Block]:
    """name = formula, the numbers put in, and the value, for every named Value that is computed."""
    return [
        Block(with_value(figures, reader.definition(node), node.data, Label(reader.labels[node])))
        for node in topological(y)
        if node in reader.labels and node.args
    ]
