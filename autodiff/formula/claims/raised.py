"""Powers between a function and its operand: sin²(x) and tanh^2 x are sin(x)² and tanh(x)²."""

from autodiff.formula.claims.text import Mark
from autodiff.syntax import Source

OPENS, CLOSES = ("(", "[", "{"), (")", "]", "}")
OPERANDS = ("name", "number", "constant")


def powers_behind(marks: list[Mark], source: Source) -> list[Mark]:
    """The marks with each such power behind the operand of its function."""
    found: list[Mark] = []
    waiting: list[tuple[int, list[Mark]]] = []  # at which depth a bracket closes, and the power
    depth, i = 0, 0
    while i < len(marks):
        kind, word, _ = marks[i]
        found.append(marks[i])
        i += 1
        depth += (word in OPENS) - (word in CLOSES)
        while word in CLOSES and waiting and waiting[-1][0] >= depth:
            found += waiting.pop()[1]
        power, end = _power(marks, i, source) if kind == "function" else ([], i)
        follows = marks[end] if power and end < len(marks) else ("", "", 0)
        if follows[1] in OPENS:
            waiting.append((depth, power))
            i = end
        elif follows[0] in OPERANDS:
            found += [follows, *power]
            i = end + 1
    return found


def _power(marks: list[Mark], start: int, source: Source) -> tuple[list[Mark], int]:
    """The power that starts here, without its braces, and where it ends."""
    part = [*marks[start : start + 4], *[("", "", 0)] * 4]
    if part[0][0] == "power" and part[0][1] != "-1":
        return part[:1], start + 1
    raised = part[0][1] == "**"
    braced = raised and part[1][1] == "{"
    inner = part[2] if braced else part[1]
    if part[0][0] == "power" or (raised and inner[1] == "-"):
        said = "the inverse, or 1 over it? write 1/f(x), or arcsin(x) and the like"
        raise source.error(said, part[0][2])
    if raised and inner[0] == "number" and (not braced or part[3][1] == "}"):
        return [part[0], inner], start + (4 if braced else 2)
    return [], start
