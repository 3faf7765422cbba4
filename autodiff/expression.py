"""Text to Values: a safe reader of formulas, `parse("sigmoid(w*x + b)", w=0.5, x=1, b=0)`.

`syntax` orders the text into steps; here each step runs on a stack of operands: a number becomes a
float64 at once (so `9**9**9` is inf in a microsecond), a name is looked up, an op is a row of the
table. Nothing recurses and nothing but rows of the table can be called.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from autodiff.op import lookup
from autodiff.syntax import LIMITS, Limits, ParseError, Source, Step, Token, postfix, tokenise
from autodiff.value import Value

__all__ = ["ParseError", "evaluate", "parse", "parse_lines", "read_expression", "read_lines"]

# Other names of rows; dot(x1, x2, y1, y2) is x1*y1 + x2*y2.
SPOKEN = {"dot": "inner", "ln": "log", "arctan": "atan", "arcsin": "asin", "arccos": "acos"}
WELL_KNOWN = {"pi": "3.141592653589793", "e": "2.718281828459045"}  # what advice gives them
SEVERAL = {"softmax": "softmax has several results; one of them is exp(a - logsumexp(a, b, c))"}


def parse(text: str, /, **values: Value | float) -> Value:
    """Return the Value of one expression; numbers given by name become named leaves.

    Known are `+ - * / **`, brackets, and every op of the table by its name (`sigmoid(x)`, `max(a,
    b)`, `sum(a, b, c)`). Raises ParseError, a ValueError, that points at the place.

    >>> parse("sigmoid(w*x + b)", w=0.5, x=1, b=0).data
    0.6224593312018546
    >>> parse("w*x + k", w=0.5, x=1)
    Traceback (most recent call last):
        ...
    autodiff.syntax.ParseError: column 7: k has no value yet; write for example parse(..., k=1.0)
      w*x + k
            ^
    """
    return read_expression(text, values)


def parse_lines(text: str, /, **values: Value | float) -> dict[str, Value]:
    """Return the Values of lines `name = expression`: those given first, then one for each line.

    A name that a line assigns becomes a named Value, a waypoint of every derivation. A semicolon
    ends a line too. Blank lines and `# comments` are skipped. Raises ParseError with line and
    column.

    >>> graph = parse_lines('''z = w*x + b                # the weighted sum
    ...                        E = 0.5*(t - sigmoid(z))**2''', w=0.5, x=1, b=0, t=1)
    >>> list(graph), graph["z"].name, graph["z"].data
    (['w', 'x', 'b', 't', 'z', 'E'], 'z', 0.5)
    """
    return read_lines(text, values)


def read_expression(
    text: str, values: Mapping[str, Value | float], limits: Limits = LIMITS
) -> Value:
    """`parse` with the variables in a mapping and with limits of the caller's choice."""
    source = Source(_checked(text, limits))
    steps = postfix(tokenise(source), source, limits.depth)
    _Budget(limits).spend(steps, source)
    result = evaluate(steps, _leaves(values), source, "parse(..., {0}={1})")
    return result if isinstance(result, Value) else Value(result)


def read_lines(
    text: str, values: Mapping[str, Value | float], limits: Limits = LIMITS
) -> dict[str, Value]:
    """`parse_lines` with the variables in a mapping and with limits of the caller's choice."""
    graph = _leaves(values)
    budget = _Budget(limits)
    for number, line in enumerate(_checked(text, limits).split("\n"), 1):
        source = Source(line, number)
        for (kind, name, at), *rest in _statements(tokenise(source)):
            if kind == "end":
                continue
            if kind != "name" or rest[0][1] != "=":
                call = kind == "name" and rest[0][1] == "("
                hint = f"; write {name} = ... without brackets" if call else ""
                raise source.error(f"expected a line such as z = w*x + b{hint}", at)
            if name in graph:
                raise source.error(f"{name} has a value already", at)
            steps = postfix(rest[1:], source, limits.depth)
            budget.spend(steps, source)
            result = evaluate(steps, graph, source, '"{0} = {1}"')
            graph[name] = _waypoint(result, name, steps)
    return graph


def _statements(tokens: Iterable[Token]) -> Iterator[list[Token]]:
    """The tokens between semicolons, each part with an "end" of its own."""
    part: list[Token] = []
    for kind, word, at in tokens:
        if kind == "end" or word == ";":
            yield [*part, ("end", "", at)]
            part = []
        else:
            part.append((kind, word, at))


def evaluate(
    steps: Iterable[Step], values: Mapping[str, Value], source: Source, advice: str
) -> Value | float:
    """Run the steps on a stack of operands; the result is a number when no Value takes part.

    `advice` says how a missing variable is given, with {0} for its name and {1} for a number.
    """
    stack: list[Value | float] = []
    functions: dict[tuple[str, int], Callable[..., Value | float]] = {}
    for kind, word, count, at in steps:
        if kind == "number":
            stack.append(float(word))
        elif kind == "name":
            if word not in values:
                raise source.error(_no_value(word, advice), at)
            stack.append(values[word])
        else:
            if (word, count) not in functions:
                functions[word, count] = _function(word, count, values, source, at)
            stack[-count:] = [functions[word, count](*stack[-count:])]
    return stack[0]


# ---------------------------------------------------------------- functions and variables


def _function(
    name: str, count: int, values: Mapping[str, Value], source: Source, at: int
) -> Callable[..., Value | float]:
    """Return the op `name`, taking `count` operands one by one."""
    if name in SEVERAL:
        raise source.error(SEVERAL[name], at)
    try:
        row = lookup(SPOKEN.get(name, name))
    except KeyError as unknown:
        advice = f"{name} is no function; write {name}*(...) to multiply"
        raise source.error(advice if name in values else str(unknown.args[0]), at) from None
    if row.name == "inner" and count % 2:
        raise source.error(f"{name} takes x1, ..., xn, y1, ..., yn, not {count} arguments", at)
    if row.arity is None:
        return lambda *operands: row(list(operands))
    most = len(row.arguments)
    least = most - len(row.defaults)
    if not least <= count <= most:
        wanted = f"{most}" if least == most else f"{least} to {most}"
        s = "" if wanted == "1" else "s"
        raise source.error(f"{row.signature} takes {wanted} argument{s}, not {count}", at)
    return row


def _no_value(name: str, advice: str) -> str:
    """Say what to do about a name that stands for nothing."""
    try:
        row = lookup(name)
    except KeyError:
        number = WELL_KNOWN.get(name, "1.0")
        return f"{name} has no value yet; write for example {advice.format(name, number)}"
    return f"{name} is a function and has no value; write {row.signature}"


def _leaves(values: Mapping[str, Value | float]) -> dict[str, Value]:
    """Turn the numbers among the given values into named leaves."""
    return {
        name: value if isinstance(value, Value) else Value(value, name)
        for name, value in values.items()
    }


def _waypoint(result: Value | float, name: str, steps: list[Step]) -> Value:
    """Name the result of a line; a line that only repeats a Value gets a node of its own."""
    if not isinstance(result, Value):
        return Value(result, name)
    return result.alias(name) if steps[-1][0] == "name" or result.name else result.named(name)


# ---------------------------------------------------------------- limits


def _checked(text: str, limits: Limits) -> str:
    """Return the text if it is one and not too long."""
    if not isinstance(text, str):
        raise TypeError(f"a formula is a str, not {type(text).__name__}")
    if len(text) > limits.characters:
        problem = f"the text has {len(text):,} characters, at most {limits.characters:,} are read"
        raise Source(text).error(problem, limits.characters)
    return text


class _Budget:
    """Counts the nodes and the variables of all the lines of one text."""

    __slots__ = ("limits", "nodes", "variables")

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.nodes = 0
        self.variables: set[str] = set()

    def spend(self, steps: list[Step], source: Source) -> None:
        """Count these steps; raise ParseError when a limit is passed."""
        self.nodes += len(steps)
        self.variables.update(step[1] for step in steps if step[0] == "name")
        for what, used, most in (
            ("numbers, names and ops", self.nodes, self.limits.nodes),
            ("variables", len(self.variables), self.limits.variables),
        ):
            if used > most:
                raise source.error(f"more than {most:,} {what}", steps[-1][3])
