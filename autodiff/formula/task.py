"""What a derivation is asked for, and what a form gives back.

Each form is a function from a `Task` to a `Result`: the items of a page and the assembled formula
with its value. The value is computed from the components shown, so that the closing check against
`backward()` checks the page.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from autodiff.formula.alike import MOST, Entry
from autodiff.formula.chain import Chain
from autodiff.formula.components import Component, Components
from autodiff.formula.figures import Figures
from autodiff.formula.page import (
    Block,
    Factors,
    Formula,
    Label,
    Line,
    Partial,
    Piece,
    numbers_in,
)
from autodiff.formula.reading import Reader
from autodiff.formula.symbols import partial
from autodiff.formula.terms import Name, Term, flipped
from autodiff.formula.text import Text
from autodiff.value import Value

SENSES = {"descent": ("−", "η", "⁺"), "ascent": ("+", "α", "′")}
LONGEST = 200  # signs of a formula: about four lines


@dataclass(frozen=True, slots=True)
class Options:
    """How a derivation is to be written: the options of `derive`, its names resolved."""

    form: str = "auto"
    rate: float | None = None
    sense: str = "descent"
    signs: str = "difference"
    figures: Figures = Figures()  # noqa: RUF009
    through: Sequence[Value] | None = None
    stops: tuple[Value, ...] = ()
    expand: bool = False
    whole_step: bool = False  # one page of `explain_step`: updates in the table, one check for all

    @property
    def step(self) -> float:
        """What a gradient is multiplied by before it is added to its weight."""
        return (self.rate or 0.0) * (1.0 if self.sense == "ascent" else -1.0)


@dataclass(slots=True)
class Task:
    """One gradient to be derived, and what its page has explained already."""

    y: Value
    x: Value
    chain: Chain
    reader: Reader
    components: Components
    options: Options
    adjoints: Mapping[Value, float]  # d y / d node, from the engine
    shown: dict[tuple[str, ...], str]  # component -> where it was shown
    defined: set[str] = field(default_factory=set)  # whose definition stands above

    @property
    def figures(self) -> Figures:
        """How numbers are shown."""
        return self.options.figures

    def label(self, node: Value) -> str:
        """The label of a node of the graph."""
        return self.reader.labels[node]

    def signed(self, x: Term) -> Term:
        """(b - a)*c for -(a - b)*c where differences are asked for."""
        return flipped(x) if self.options.signs == "difference" else x

    def relation(self, numbers: Iterable[float]) -> str:
        """`=` where every number is shown exactly, else `≈`."""
        return relation_of(self.figures, numbers)


@dataclass(frozen=True, slots=True)
class Factor:
    """One factor of a chain: d upper / d lower, one component or the sum of several branches."""

    upper: str
    lower: str
    formula: Term
    value: float
    branches: tuple[tuple[float, ...], ...] = ()  # the numbers that each branch multiplies

    @property
    def key(self) -> tuple[str, ...]:
        """What it is called among all that a page has shown."""
        return (self.upper, self.lower, *(["sum"] if self.branches else []))

    @property
    def symbol(self) -> Name:
        """∂upper/∂lower as a name that stands for the number."""
        return Name(partial(self.upper, self.lower), self.value)


@dataclass(frozen=True, slots=True)
class Result:
    """Items of the page, the assembled formula, and its value as the components give it."""

    items: list[Entry]
    formula: Term
    value: float
    steps: tuple[Component, ...] = ()
    factors: tuple[Factor, ...] = ()  # of the assembled formula

    def explained(self) -> list[tuple[str, ...]]:
        """All that was shown: the components, and the sums over branches."""
        return [*((c.upper, c.lower) for c in self.steps), *(f.key for f in self.factors)]


def component_block(task: Task, c: Component, number: str) -> Block:
    """Definition, raw derivative, formula, substitution and value of one component."""
    head = Partial(c.upper, c.lower)
    seen = task.shown.get((c.upper, c.lower))
    if seen:
        return Block([Line(Formula(c.formula), value=c.value, note=seen)], number, head)
    lines = []
    if c.definition and c.upper not in task.defined:
        task.defined.add(c.upper)
        lines.append(Line(Formula(c.definition), Label(c.upper), rule=_rule(c)))
    lines += [Line(piece) for piece in c.proof]
    if c.raw:
        several = len(c.raw) > 1
        raw = Factors(tuple(map(Formula, c.raw)), tight=True) if several else Formula(c.raw[0])
        lines.append(Line(raw))
    lines += with_value(task.figures, c.formula, c.value)
    return Block(lines, number, head)


def with_value(
    figures: Figures, formula: Term, value: float, left: Piece | None = None
) -> list[Line]:
    """`left = formula`, and the same in numbers where that says more and is not too long."""
    numbers = numbers_in(formula)
    if len(numbers) < 2 or is_long(formula, figures, numbers=True):
        return [Line(Formula(formula), left, value=value)]
    relation = relation_of(figures, numbers_in(formula, constants=False))
    line = Line(Formula(formula, numbers=True), None, relation, value)
    return [Line(Formula(formula), left), line]


def relation_of(figures: Figures, numbers: Iterable[float]) -> str:
    """`=` where every number is shown exactly, else `≈`."""
    return "=" if all(map(figures.exact, numbers)) else "≈"


def is_long(formula: Term, figures: Figures, *, numbers: bool = False) -> bool:
    """Whether a formula takes more than about four lines."""
    text = Text(figures, numbers=numbers)
    text.most_terms = MOST
    return len(text.write(formula)) > LONGEST


def _rule(c: Component) -> tuple[str, Term] | None:
    """The slope of an activation where it is written with the activation itself."""
    return c.rule if c.rule and c.rule[0] in Text().write(c.rule[1]) else None


def equation(task: Task, left: Piece, meaning: Piece | None, formula: Term, value: float) -> Block:
    """`left = meaning = formula = numbers`, a line each, with the value at the end."""
    lines = [Line(meaning, left)] if meaning else []
    return Block([*lines, *with_value(task.figures, formula, value, None if meaning else left)])
