"""A claim that was read: its steps, what its names stand for, and what stands around its `=`.

`∂E/∂w = δ·out_h1 = 0.13·0.60 ≈ 0.08` has a symbol on the left, the formula that is judged, and two
numbers that should be its value.
"""

from typing import NamedTuple

from autodiff.formula.claims.names import ClaimNames
from autodiff.formula.claims.order import Arranger
from autodiff.formula.claims.raised import powers_behind
from autodiff.formula.claims.text import Mark, Scanner
from autodiff.syntax import Limits, Source, Step, Token, postfix
from autodiff.value import Value

LIMITS = Limits(characters=100_000, nodes=50_000, depth=200)
Atoms = dict[str, Value | tuple[Value, Value]]


class Read(NamedTuple):
    """A claim that was read: its steps, what its names stand for, and the symbol before its `=`."""

    source: Source
    tokens: list[Token]
    steps: list[Step]
    atoms: Atoms
    left: Value | tuple[Value, Value] | None
    numbers: tuple[list[Step], ...]  # what the formula is said to be in numbers


def read_claim(text: str, names: ClaimNames, limits: Limits = LIMITS) -> Read:
    """The steps of a claim in the order of evaluation. ParseError where it cannot be read."""
    source = Source(text)
    if len(text) > limits.characters:
        problem = (
            f"the formula has {len(text):,} characters, at most {limits.characters:,} are read"
        )
        raise source.error(problem, limits.characters)
    scanner = Scanner(source, names)
    marks = powers_behind(scanner.scan(), source)
    arranger = Arranger(source, scanner.atoms, names.y)
    tokens = arranger.arrange(marks)
    steps = postfix(tokens, source, limits.depth)
    if len(steps) > limits.nodes:
        raise source.error(f"more than {limits.nodes:,} numbers, names and ops", steps[-1][3])
    atoms = dict(scanner.atoms)
    for word, (upper, lower) in arranger.derivatives.items():
        y, x = scanner.atoms[upper], scanner.atoms[lower]
        if not isinstance(y, Value) or not isinstance(x, Value):
            raise source.error(f"{word}: a derivative is of one Value with respect to another", 0)
        atoms[word] = y, x
    left = atoms.get(arranger.left[0][1]) if len(arranger.left) == 1 else None
    numbers = tuple(
        postfix(Arranger(source, {}, names.y).arrange(part), source, limits.depth)
        for part in _between_equals(arranger.numbers)
    )
    return Read(source, tokens, steps, atoms, left, numbers)


def _between_equals(marks: list[Mark]) -> list[list[Mark]]:
    """The marks of `0.68·0.12 ≈ 0.08` in two: what stands between the signs."""
    cuts = [i for i, (_, word, _) in enumerate(marks) if word in ("=", "≈")]
    parts = zip([-1, *cuts], [*cuts, len(marks)], strict=True) if marks else ()
    return [marks[a + 1 : b] for a, b in parts]
