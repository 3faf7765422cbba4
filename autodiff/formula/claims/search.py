"""Small changes that would make a wrong claim right: another index, a sign, a factor, brackets.

For claims that are written in another way than the derivation (multiplied out, with deltas).
The changes are tried in the order in which people make the slips, until one makes the claim
right at all points or the budget is spent. A change of one part needs only what lies above it
to be computed anew.
"""

from collections.abc import Iterator, Sequence

from autodiff.formula.claims.names import stem
from autodiff.formula.claims.parts import Part
from autodiff.formula.claims.program import (
    Column,
    Node,
    Points,
    Program,
    call,
    compiled,
    same,
    tight,
)
from autodiff.formula.claims.reading import Read
from autodiff.formula.claims.sentences import Finding
from autodiff.formula.delta import delta_name
from autodiff.syntax import ParseError, Token, postfix
from autodiff.value import Value

BUDGET = 400_000  # operations on numbers, about half a second
SAMPLES = 3  # points at which a change is tried first
MOST_NODES = 400
MOST_NAMES = 60  # other names that are tried in the place of one
MOST_TOKENS = 60  # of a claim in which brackets are tried

Changes = dict[int, Column]  # new numbers for some nodes
Try = tuple[Changes, Finding]


def search(program: Program, read: Read, points: Points, parts: Sequence[Part]) -> Finding | None:
    """The first small change that makes the claim right, said as a slip; None if none is found."""
    if len(program.nodes) > MOST_NODES:
        return None
    tried = _Trial(program, points)
    for tries in (_names, _signs, _indices, _shapes, _brackets, _exponents, _factors, _any_names):
        found: Iterator[Try] = tries(tried, read, parts)
        for changes, finding in found:
            if tried.spent > BUDGET:
                return None
            if tried.works(changes):
                return finding
    return None


class _Trial:
    """The claim with changes, and what the trials have cost."""

    def __init__(self, program: Program, points: Points) -> None:
        self.program = program
        self.points = points
        self.columns = program.columns(points)
        self.spent = 0
        finite = [
            k for k, e in enumerate(points.expected) if e == e and abs(e) < float("inf") and k
        ]
        self.sample = finite[:SAMPLES] or list(range(points.count))[:SAMPLES]
        self.atoms: dict[str, list[int]] = {}
        for i, node in enumerate(program.nodes):
            if node.atom is not None:
                self.atoms.setdefault(node.word, []).append(i)

    def works(self, changes: Changes) -> bool:
        """Whether the claim with these numbers put in is right."""
        if not changes:
            return False
        few = self._run(changes, self.sample)
        if not same(few, [self.points.expected[k] for k in self.sample]):
            return False
        return same(self._run(changes, range(self.points.count)), self.points.expected)

    def _run(self, changes: Changes, where: Sequence[int]) -> Column:
        fresh: dict[int, Column] = {i: [column[k] for k in where] for i, column in changes.items()}
        touched: set[int] = set()
        for i in changes:
            while i >= 0 and i not in touched:
                touched.add(i)
                i = self.program.parent[i]
        for i in sorted(touched):
            node = self.program.nodes[i]
            if i not in changes and node.op:
                self.spent += len(where) * len(node.args)
                rows = zip(
                    *(fresh.get(a) or [self.columns[a][k] for k in where] for a in node.args),
                    strict=True,
                )
                fresh[i] = [call(node.op, row) for row in rows]
        return fresh[len(self.program.nodes) - 1]

    def others(self, node: Node, *, alike: bool) -> list[tuple[str, Column]]:
        """Other names of the graph that could stand for this one, with their numbers."""
        labels = self.points.labels
        if isinstance(node.atom, tuple):
            y, x = node.atom
            if not node.word.startswith("∂"):
                pairs = [
                    (delta_name(label), n) for n, label in labels.items() if n.op and n is not x
                ]
                kind = stem(labels.get(x, ""))
                pairs = [(d, n) for d, n in pairs if stem(labels[n]) == kind and n is not y]
                return [(d, self.points.column((y, n))) for d, n in pairs[:MOST_NAMES]]
            return []
        own = stem(labels.get(node.atom, node.word)) if isinstance(node.atom, Value) else ""
        found = [n for n in labels if n is not node.atom and (stem(labels[n]) == own) == alike]
        return [(labels[n], self.points.column(n)) for n in found[:MOST_NAMES]]


def _place(right: str, parts: Sequence[Part]) -> tuple[str, str]:
    """Path and component where a name belongs, if there is but one."""
    found = {(part.path, f.component) for part in parts for f in part.factors if right in f.names}
    if len(found) == 1:
        return found.pop()
    paths = {path for path, _ in found}
    return (paths.pop() if len(paths) == 1 else "", "")


def _names(tried: _Trial, read: Read, parts: Sequence[Part], alike: bool = True) -> Iterator[Try]:
    """One name for another: everywhere, then in one place only."""
    for word, places in tried.atoms.items():
        for right, column in tried.others(tried.program.nodes[places[0]], alike=alike):
            path, component = _place(right, parts)
            why = f"{component or 'it'} should have {right}, you have {word}"
            why = why if component else f"{word} should be {right}"
            groups = [places] if len(places) == 1 else [places, *([place] for place in places)]
            for group in groups:
                yield dict.fromkeys(group, column), Finding(path, component, why)


def _any_names(tried: _Trial, read: Read, parts: Sequence[Part]) -> Iterator[Try]:
    """A name for one of another kind, and a number for the name that has it."""
    yield from _names(tried, read, parts, alike=False)
    for i, node in enumerate(tried.program.nodes):
        if not node.op and node.atom is None:
            for value, label in tried.points.labels.items():
                if value.data == node.number:
                    why = f"{node.word} is the number of {label}: write {label}"
                    yield {i: tried.points.column(value)}, Finding("", "", why)


def _indices(tried: _Trial, read: Read, parts: Sequence[Part]) -> Iterator[Try]:
    """Two or three names that have the index of another unit."""
    swaps: dict[str, list[tuple[str, Column]]] = {}
    for word, places in tried.atoms.items():
        swaps[word] = tried.others(tried.program.nodes[places[0]], alike=True)[:8]
    words = list(swaps)
    for i, first in enumerate(words):
        for second in words[i + 1 :]:
            for right, column in swaps[first]:
                for other, beside in swaps[second]:
                    if right == second and other == first:
                        why = f"{first} and {second} are interchanged"
                    else:
                        why = f"{first} should be {right} and {second} should be {other}"
                    changes = dict.fromkeys(tried.atoms[first], column)
                    changes |= dict.fromkeys(tried.atoms[second], beside)
                    yield changes, Finding("", "", why)


def _signs(tried: _Trial, read: Read, parts: Sequence[Part]) -> Iterator[Try]:
    """A sign, of the whole or of a part; the larger part first."""
    last = len(tried.program.nodes) - 1
    exponents = _number_exponents(tried.program)
    for i in range(last, -1, -1):
        said = "the sign of the whole" if i == last else f"the sign of {tried.program.text(i)}"
        negative = [-x for x in tried.columns[i]]
        if i not in exponents:
            yield {i: negative}, Finding("", "", f"{said} is wrong")


def _exponents(tried: _Trial, read: Read, parts: Sequence[Part]) -> Iterator[Try]:
    """The sign of an exponent; after brackets, since 1/2x^2 is meant to be 1/(2x^2)."""
    for i in _number_exponents(tried.program):
        why = f"the sign of the exponent {tried.program.text(i)} is wrong"
        yield {i: [-x for x in tried.columns[i]]}, Finding("", "", why)


def _number_exponents(program: Program) -> list[int]:
    nodes = program.nodes
    return [n.args[1] for n in nodes if n.op == "power" and nodes[n.args[1]].atom is None]


def _shapes(tried: _Trial, read: Read, parts: Sequence[Part]) -> Iterator[Try]:
    """A factor or term too much, divided for multiplied, 1 - x for x, a square, 2 and ½."""
    nodes = tried.program.nodes
    for i in range(len(nodes) - 1, -1, -1):
        column, text = tried.columns[i], tried.program.text(i)
        above = nodes[tried.program.parent[i]].op if tried.program.parent[i] >= 0 else ""
        if above in ("mul", "div"):
            yield {i: [1.0] * len(column)}, Finding("", "", f"the factor {text} is too much")
            divides = above == "div" and nodes[tried.program.parent[i]].args[1] == i
            does, should = ("divide", "multiply") if divides else ("multiply", "divide")
            why = f"{text} should {should}, not {does}"
            yield {i: [call("div", (1.0, x)) for x in column]}, Finding("", "", why)
        if above in ("add", "sub"):
            yield {i: [0.0] * len(column)}, Finding("", "", f"the term {text} is too much")
        if nodes[i].op or nodes[i].atom is not None:
            yield (
                {i: [1.0 - x for x in column]},
                Finding("", "", f"{text} should be 1 − {tight(text)}"),
            )
            yield {i: [x * x for x in column]}, Finding("", "", f"{text} should be squared")
        if nodes[i].op == "power":
            base = nodes[i].args[0]
            plain = tried.program.text(base)
            yield {i: tried.columns[base]}, Finding("", "", f"{plain} should not be squared")
        for size, said in ((2.0, "a factor 2 is missing"), (0.5, "a factor ½ is missing")):
            place = "" if i == len(nodes) - 1 else f" at {text}"
            yield {i: [size * x for x in column]}, Finding("", "", said + place)


def _factors(tried: _Trial, read: Read, parts: Sequence[Part]) -> Iterator[Try]:
    """A factor or a whole path that is missing."""
    nodes = tried.program.nodes
    last = len(nodes) - 1
    whole = tried.columns[last]
    for part in parts:
        total = [a + b for a, b in zip(whole, part.column, strict=True)]
        yield {last: total}, Finding(part.path, "", f"{part.route or part.formula} is missing")
    terms = [i for i in range(last, -1, -1) if nodes[i].op == "mul" or i == last]
    known = {factor.text: factor for part in parts for factor in part.factors}
    for i in terms:
        if i != last and nodes[tried.program.parent[i]].op == "mul":
            continue
        place = "" if i == last else f" from {tried.program.text(i)}"
        for factor in known.values():
            product = [a * b for a, b in zip(tried.columns[i], factor.column, strict=True)]
            where = f" of {factor.component}" if factor.component else ""
            why = f"the factor {factor.text}{where} is missing{place}"
            yield {i: product}, Finding("", factor.component, why)


def _brackets(tried: _Trial, read: Read, parts: Sequence[Part]) -> Iterator[Try]:
    """A pair of brackets that is missing."""
    tokens = read.tokens[:-1]
    if len(tokens) > MOST_TOKENS:
        return
    last = len(tried.program.nodes) - 1
    ends = [kind != "sign" or word == ")" for kind, word, _ in tokens]
    starts = [
        i
        for i, (kind, word, _) in enumerate(tokens)
        if kind != "sign" or (word in "(-" and not (i and ends[i - 1]))
    ]
    pairs = [(i, j) for i in starts for j in range(i + 2, len(tokens)) if ends[j]]
    crossed = {pair for pair in pairs if not _balanced(tokens[pair[0] : pair[1] + 1])}
    for i, j in sorted(pairs, key=crossed.__contains__):
        at = tokens[i][2]
        end = tokens[j + 1][2] if j + 1 < len(tokens) else read.tokens[-1][2]
        changed = [*tokens[:i], ("sign", "(", at), *tokens[i : j + 1], ("sign", ")", end)]
        try:
            steps = postfix([*changed, *tokens[j + 1 :], read.tokens[-1]], read.source)
            program = compiled(read._replace(steps=steps), tried.points.labels)
        except ParseError:
            continue
        tried.spent += 2 * len(program.nodes) * SAMPLES
        text = read.source.text
        shown = f"{text[:at]}({text[at:end].rstrip()}){text[end:]}".strip()
        why = f"brackets are missing: {shown}"
        if (i, j) in crossed:  # the new pair and an old one
            outer = i == 0 and shown.endswith(")")
            why = f"a bracket stands in the wrong place: {shown[1:-1] if outer else shown}"
        column = program.columns(tried.points)[-1]
        tried.spent += len(program.nodes) * tried.points.count
        yield {last: column}, Finding("", "", why)


def _balanced(tokens: Sequence[Token]) -> bool:
    depth = 0
    for _, word, _ in tokens:
        depth += (word == "(") - (word == ")")
        if depth < 0:
            return False
    return depth == 0
