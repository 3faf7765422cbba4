"""`check_formula`: is this formula, derived by hand, right? If not, where is the slip?

>>> import autodiff as ad
>>> w, x, b = ad.values("w x b", [0.5, 2.0, -1.0])
>>> out = (w * x + b).sigmoid().named("out")
>>> E = (0.5 * (1 - out) ** 2).named("E")
>>> print(check_formula(E, w, "-(1 - out)*out*(1 - out)*x"))
✓ right: ∂E/∂w = −0.25 (and at 20 random points)
>>> print(check_formula(E, w, "(1 - out)*out*(1 - out)*x"))
✗ differs: yours 0.25, ∂E/∂w = −0.25 (and at 20 random points)
  the sign is wrong: ∂E/∂out should be out − 1, you have 1 − out.
"""

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autodiff.calculus import gradients
from autodiff.formula.claims.causes import find_causes
from autodiff.formula.claims.names import ClaimNames
from autodiff.formula.claims.numbers import UNEXPLAINED, as_number, judge_number
from autodiff.formula.claims.parts import Parts
from autodiff.formula.claims.program import FEWEST, Column, Points, Program, close, compiled
from autodiff.formula.claims.reading import Read, read_claim
from autodiff.formula.claims.sentences import Finding
from autodiff.formula.figures import Figures
from autodiff.formula.reading import Reader
from autodiff.formula.symbols import free_name
from autodiff.formula.text import to_ascii
from autodiff.graph import check_recorded
from autodiff.modes import only
from autodiff.names import caller_names, find, labels
from autodiff.op import checked_dict, number
from autodiff.value import Value


@dataclass(frozen=True)
class Verdict:
    """Whether a claim is right; as a bool it is `ok`, as a text a few lines.

    * `value`: of the claim at the recorded point; `expected`: of the engine; `what` is claimed.
    * `where`, `why`: the first wrong factor or path, and the likely cause; empty if all is right.
    * `matches`, `remarks`: paths that are right; how a doubtful name was read.
    * `points`: at how many random points both were compared.
    """

    ok: bool
    value: float
    expected: float
    what: str
    points: int
    findings: tuple[Finding, ...] = ()
    matches: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        """The first wrong place, as `path B: ∂sum_o2/∂out_h1`; empty for a right claim."""
        return self.findings[0].where if self.findings else ""

    @property
    def why(self) -> str:
        """The likely cause, in a sentence or two; empty for a right claim."""
        return " ".join(f"{finding.why}." for finding in self.findings)

    def __bool__(self) -> bool:
        return self.ok

    def text(self, *, ascii: bool = False) -> str:
        """The verdict as text, in plain ASCII on request."""
        yours, right = _numbers(self.value, self.expected)
        random = f" (and at {self.points} random points)" if self.points else ""
        if self.ok:
            lines = [f"✓ right: {self.what} = {right}{random}"]
        elif close(self.value, self.expected):
            random = f"differs at {self.points} random points, though not at this one"
            lines = [f"✗ {random}: {self.what} = {right}"]
        else:
            lines = [f"✗ differs: yours {yours}, {self.what} = {right}{random}"]
        said = [f"{match} matches." for match in self.matches] if not self.ok else []
        said += [f"{f.path}: {f.why}." if f.path else f"{f.why}." for f in self.findings]
        lines += _lines(said) + [f"  {remark}" for remark in self.remarks]
        return to_ascii("\n".join(lines)) if ascii else "\n".join(lines)

    def __str__(self) -> str:
        try:
            "∂σ½·−√✓✗δ′".encode(getattr(sys.stdout, "encoding", None) or "utf-8")
        except (UnicodeEncodeError, LookupError):
            return self.text(ascii=True)
        return self.text()

    __repr__ = __str__


def check_formula(
    y: Value,
    x: Value | str | None,
    claim: str | float,
    names: Mapping[str, Value | str] | None = None,
) -> Verdict:
    """Whether `claim`, a formula or a number, is dy/dx; with x=None, whether it is y itself.

    A formula is compared at the recorded point and at 20 random points, with the names of the
    graph; a number at the recorded point, to the digits that are written; `formula = number` is
    both. `names={"t1": "target1"}` tells what the claim's own names mean. Values without a name are
    called like the caller's variables.

    Raises ParseError, a ValueError that points at the place, when the claim cannot be read, and
    ValueError for an unknown or ambiguous name, or when a Value changed since y was computed.
    """
    if not isinstance(y, Value):
        raise TypeError(
            f"check_formula takes a Value and what it is differentiated by, not {type(y).__name__}"
        )
    extra = caller_names()
    if names is not None:
        checked_dict(names, "names is a dict from names in the claim to Values")
    check_recorded(y)
    with only():  # neither strict() nor no_record() is about our own evaluations
        return _check(y, x, claim, names or {}, extra)


def _check(
    y: Value,
    x: Value | str | None,
    claim: str | float,
    names: Mapping[str, Value | str],
    extra: dict[Value, str],
) -> Verdict:
    variable = None if x is None else find([y], x, extra)
    taken = set(labels([y], extra).values())
    for node, name in ((y, "y"), (variable, "x")):
        if node is not None and not node.name and node not in extra:
            extra[node] = free_name(name, taken)
    table = labels([y], extra)
    if variable is not None and variable not in table:
        table[variable] = variable.name or extra[variable]  # y does not depend on it
    target = y if variable is None else 1.0 if variable is y else gradients(y, [variable])[0]
    what = table[y] if variable is None else f"∂{table[y]}/∂{table[variable]}"
    if not isinstance(claim, str):
        claim = repr(number(claim))
    known = ClaimNames(
        y, table, extra, {own: find([y], meant, extra) for own, meant in names.items()}
    )
    read = read_claim(claim, known)
    _check_left_side(read, y, variable, what)
    program = compiled(read, table)
    points = Points(y, target, table)
    reader = Reader(table)
    if any(kind == "name" for kind, *_ in read.steps):
        verdict = _compared(program, read, points, y, variable, reader, known, what)
        if not verdict.ok:
            return verdict
        numbers = [compiled(read._replace(steps=steps), table) for steps in read.numbers]
    else:
        verdict = None
        numbers = [compiled(read._replace(steps=s), table) for s in (read.steps, *read.numbers)]
    for program in numbers:
        ok, findings, remarks = judge_number(as_number(program), points, y, variable, reader)
        value = program.columns(points)[-1][0]
        remarks += _ways(points, reader, y, variable, [f.where + f.why for f in findings])
        if verdict is None or not ok:
            before = "the formula is right, the number behind it is not"
            causes = tuple(f for f in findings if f is not UNEXPLAINED)
            told = (Finding("", "", before), *causes) if verdict else findings
            verdict = Verdict(ok, value, points.expected[0], what, 0, told, (), remarks)
        if not ok:
            break
    assert verdict is not None
    return verdict


def _compared(
    program: Program,
    read: Read,
    points: Points,
    y: Value,
    x: Value | None,
    reader: Reader,
    known: ClaimNames,
    what: str,
) -> Verdict:
    columns = program.columns(points)
    claimed, expected = columns[-1], points.expected

    def right(k: int) -> bool:
        mine, engine = claimed[k], expected[k]
        return close(mine, engine) or close(mine, engine, program.slack(columns, k))

    remarks = tuple(known.remarks)
    random = [k for k in range(1, points.count) if not _overflows(columns, k)]
    random = random if len(random) >= FEWEST else list(range(1, points.count))
    at_random = len(random)
    if all(map(right, random)) and (at_random or right(0)):
        if not right(0):
            there = _numbers(claimed[0], 0.0)[0]
            remarks += (f"At the recorded point itself the claim is {there}: a kink or a limit.",)
        return Verdict(True, claimed[0], expected[0], what, at_random, (), (), remarks)
    for word, choices in known.repeated.items():
        if word in read.atoms:
            at = next(step[3] for step in read.steps if step[1] == word)
            raise read.source.error(f"{word} may be any of {', '.join(choices)}: say which", at)
    answer = find_causes(program, read, points, y, x, reader)
    found, matches = answer.findings, answer.matches
    remarks += _ways(points, reader, y, x, [*matches, *(f.where for f in found)])
    return Verdict(False, claimed[0], expected[0], what, at_random, found, matches, remarks)


def _overflows(columns: list[Column], k: int) -> bool:
    """Whether a claim is ∞/∞ at a point, as exp(a)/(exp(a) + exp(b)) for a large a."""
    return math.isnan(columns[-1][k]) and any(math.isinf(column[k]) for column in columns)


def _ways(
    points: Points, reader: Reader, y: Value, x: Value | None, said: Sequence[str]
) -> tuple[str, ...]:
    """Which path is meant, where paths are spoken of by their letters."""
    if x is None or not any("path A" in words or "path B" in words for words in said):
        return ()
    return (f"({Parts(points, reader).ways(y, x)})",)


def _check_left_side(read: Read, y: Value, x: Value | None, what: str) -> None:
    """`∂E/∂w5 = ...` must be about what is asked."""
    if read.left is not None and read.left != (y if x is None else (y, x)):
        raise read.source.error(f"what is checked is {what}, this is about something else", 0)


def _numbers(a: float, b: float) -> tuple[str, str]:
    """Two numbers with as many digits as it takes to tell them apart."""
    for digits in range(5, 17):
        shown = Figures(digits).text(a), Figures(digits).text(b)
        if shown[0] != shown[1]:
            break
    else:
        shown = Figures().text(a), Figures().text(b)
    if close(a, b):
        shown = Figures().text(a), Figures().text(b)
    return shown[0].replace("-", "−"), shown[1].replace("-", "−")


def _lines(sentences: list[str]) -> list[str]:
    """Sentences in lines of at most 88 columns where they fit."""
    lines: list[str] = []
    for sentence in sentences:
        if lines and len(lines[-1]) + len(sentence) + 2 <= 88:
            lines[-1] += "  " + sentence
        else:
            lines.append("  " + sentence)
    return lines
