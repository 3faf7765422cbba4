"""From statements to lines: what all languages share.

A language is a dict of spellings over rows of the table, and a little layout. A spelling is a sign
(`"+"`: infix, or prefix for one operand), a call with a place for each operand (`"exp({})"`), or
empty: the operand itself. A statement that is used once and short is written where it is used;
brackets go where a part binds less than its place asks for, and always on the right of a sign,
since floating-point sums are not associative.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from autodiff.export.identifiers import Identifiers, inert
from autodiff.export.statements import CONSTANT, PARAMETER, Body, Operand
from autodiff.op import CALL, COMPARISON, POWER, PRODUCT, SIGN, SUM

CHOICE, CONNECTIVE = COMPARISON - 2, COMPARISON - 1
WIDEST = 64  # characters of an expression that is still written inside another

BINDING = {
    "add": SUM,
    "sub": SUM,
    "mul": PRODUCT,
    "div": PRODUCT,
    "neg": SIGN,
    "less": COMPARISON,
    "less_equal": COMPARISON,
    "equal": COMPARISON,
}
ARITHMETIC = {
    "add": "+",
    "sub": "-",
    "mul": "*",
    "div": "/",
    "neg": "-",
    "less": "<",
    "less_equal": "<=",
    "equal": "==",
    "alias": "",
}


class Expression(NamedTuple):
    """A piece of text, how tightly it binds, and whether it is a truth value, not a number."""

    text: str
    binding: int = CALL
    truth: bool = False

    def within(self, least: int) -> str:
        """The text, in brackets where it binds less than its place asks for."""
        return self.text if self.binding >= least else f"({self.text})"


@dataclass(frozen=True)
class Unit:
    """Everything that one exported text says."""

    name: str
    body: Body
    functions: dict[tuple[str, int], Body]
    labels: dict[int, str]  # of statements: the user's own names
    comments: dict[int, str]  # of statements: what each was computed from
    single: bool  # one output, not a list of them
    shapes: dict[str, int]  # "value", "gradient", ... and how many of the results each takes
    titles: tuple[str, ...]  # of the results, in order
    check: tuple[float, ...]  # the numbers of the inputs at the recorded point, for a self-test
    expected: tuple[float, ...]  # and those of the results


@dataclass(frozen=True)
class Language:
    """How expressions are spelled; `write` lays out a whole text."""

    name: str
    spellings: Mapping[str, str]
    choice: str  # where(condition, a, b)
    either: str  # of two truth values
    both: str
    nonzero: str  # a number as a truth value
    truth: str  # a truth value as a number
    number: Callable[[float], str]
    declare: str  # a new variable
    declare_truth: str  # one that holds a truth value
    comment: str
    write: Callable[[Unit, Language], str]
    prefix: bool = False  # functions carry the name of the exported one
    reserved: frozenset[str] = frozenset()
    ignore: str = ""  # a statement that uses a parameter for nothing
    constant: str = "{}"  # a number that stands alone
    helpers: Mapping[str, str] = field(default_factory=dict)  # functions that spellings call

    @property
    def spelled(self) -> frozenset[str]:
        """The rows that the language says itself."""
        return frozenset(self.spellings) | {"where"}


class Writer:
    """Writes the functions of one text: names are shared, lines are not."""

    def __init__(self, language: Language, unit: Unit) -> None:
        self.language = language
        self.calls: dict[tuple[str, int], str] = {}
        self.global_names = Identifiers(language.reserved | {unit.name} | set(language.helpers))
        by_name = [name for name, _ in unit.functions]
        for name, arity in unit.functions:
            label = name if by_name.count(name) == 1 else f"{name}_{arity}"
            full = f"{unit.name}_{label}" if language.prefix else label
            self.calls[name, arity] = self.global_names.new(full)

    def variables(self, labels: Mapping[int, str]) -> tuple[dict[int, str], Identifiers]:
        """Identifiers for labelled statements, apart from all words and functions of the text."""
        taken = Identifiers(self.global_names.all)
        return {index: taken.new(label) for index, label in labels.items()}, taken

    def used_helpers(self, *bodies: Body) -> list[str]:
        """The helper functions that the spellings of these bodies need, in the language's order."""
        said = {self.language.spellings.get(s.op, "") for body in bodies for s in body.statements}
        wanted: dict[str, None] = {}
        for name in reversed(list(self.language.helpers)):  # a helper calls earlier ones
            users = [*said, *(self.language.helpers[user] for user in wanted)]
            if any(re.search(rf"(?<![\w.]){name}\(", text) for text in users):
                wanted[name] = None
        return [name for name in self.language.helpers if name in wanted]

    def lines(
        self, body: Body, names: dict[int, str], taken: Identifiers, comments: Mapping[int, str]
    ) -> tuple[list[str], list[str]]:
        """(the lines that declare variables, the texts of the results)."""
        language = self.language
        uses = [0] * len(body.statements)
        for operand in [a for s in body.statements for a in s.args] + body.results:
            if type(operand) is int:
                uses[operand] += 1
        shown: list[Expression] = []

        def show(operand: Operand) -> Expression:
            return shown[operand] if isinstance(operand, int) else self.figure(operand)

        lines = []
        for index, statement in enumerate(body.statements):
            if statement.op == PARAMETER:
                shown.append(Expression(names[index]))
                continue
            if statement.op == CONSTANT:
                made = self.figure(float(statement.args[0]), alone=True)
            else:
                made = self.expression(statement.op, [show(a) for a in statement.args])
            inside = statement.op == CONSTANT or (uses[index] == 1 and len(made.text) <= WIDEST)
            if index in names or not inside:
                truth = made.truth and index not in names
                name = names[index] if index in names else taken.numbered("t")
                declare = language.declare_truth if truth else language.declare
                line = declare.format(name, made.text if truth else self.number(made).text)
                said = comments.get(index)
                lines.append(f"{line}  {language.comment.format(inert(said))}" if said else line)
                made = Expression(name, truth=truth)
            shown.append(made)
        return lines, [self.number(show(r)).text for r in body.results]

    def figure(self, x: float, alone: bool = False) -> Expression:
        text = self.language.number(x)
        negative = text.startswith("-")
        if alone and self.language.constant != "{}":
            return Expression(self.language.constant.format(text))
        return Expression(text, SIGN if negative else CALL)

    def number(self, x: Expression) -> Expression:
        text = x.text if self.language.truth.endswith(")") else x.within(CALL)
        return Expression(self.language.truth.format(text), SIGN) if x.truth else x

    def expression(self, op: str, args: list[Expression]) -> Expression:
        """A row applied to operands."""
        language = self.language
        if op == "where":
            return self.choice(*args)
        args = [self.number(x) for x in args]
        spelling = language.spellings.get(op)
        if spelling is None:
            name = self.calls[op, len(args)]
            return Expression(f"{name}({', '.join(x.text for x in args)})")
        if not spelling:
            return args[0]
        if "{" in spelling:
            truth = BINDING.get(op) == COMPARISON
            return Expression(spelling.format(*(x.text for x in args)), truth=truth)
        binding = BINDING[op]
        if len(args) == 1:
            return Expression(f"{spelling}{args[0].within(POWER)}", binding)
        left, right = args[0].within(max(binding, SUM)), args[1].within(binding + 1)
        return Expression(f"{left} {spelling} {right}", binding, binding == COMPARISON)

    def choice(self, condition: Expression, a: Expression, b: Expression) -> Expression:
        """where(condition, a, b); a connective where it only joins truth values."""
        language = self.language
        if not condition.truth:
            condition = Expression(language.nonzero.format(condition.within(SUM)), COMPARISON, True)
        if a.text == language.number(1.0) and b.truth:
            return self.connective(language.either, condition, b)
        if b.text == language.number(0.0) and a.truth:
            return self.connective(language.both, condition, a)
        a, b = self.number(a), self.number(b)
        if language.choice.endswith(")"):
            return Expression(language.choice.format(condition.text, a.text, b.text))
        parts = condition.within(CONNECTIVE), a.within(COMPARISON), b.text
        return Expression(language.choice.format(*parts), CHOICE)

    def connective(self, template: str, a: Expression, b: Expression) -> Expression:
        if template.endswith(")"):
            return Expression(template.format(a.text, b.text), CALL, True)
        text = template.format(a.within(COMPARISON), b.within(COMPARISON))
        return Expression(text, CONNECTIVE, True)

    def functions(
        self, unit: Unit, write: Callable[[str, list[str], list[str], str], str]
    ) -> list[str]:
        """Every function behind the exported one, each laid out by `write`."""
        texts = []
        for key, body in unit.functions.items():
            names, taken = self.variables(dict(enumerate(body.parameters)))
            lines, results = self.lines(body, names, taken, {})
            parameters = [names[i] for i in range(len(body.parameters))]
            unused = [self.language.ignore.format(names[i]) for i in body.unused()]
            lines = [*filter(None, unused), *lines]
            texts.append(write(self.calls[key], parameters, lines, results[0]))
        return texts
