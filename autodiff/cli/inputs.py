"""What a command works on: formulas from the shell, a file or standard input, or an example."""

from __future__ import annotations

import argparse
import re
from os.path import isfile
from typing import NamedTuple

from autodiff.cli.options import Option, names, numbers, option
from autodiff.expression import read_expression, read_lines
from autodiff.graph import topological
from autodiff.names import find
from autodiff.syntax import LIMITS, ParseError
from autodiff.value import Value

STANDARD_INPUT = "-"
LIKE_A_FILE = re.compile(r"[^\s()=+*]+\.[A-Za-z]\w*")  # a word with an ending, as in net.txt
SPARE_NAMES = ("y", "result", "formula")  # for a formula that was given without a name


class Problem(NamedTuple):
    """What is to be differentiated, and with respect to what when the user says `all`."""

    y: Value
    variables: list[Value]


def example_of(which: str) -> Problem:
    """A published example of `nn.textbook`; its variables are what a network of it could learn."""
    from nn import textbook

    example = textbook.build(which)
    learned = example.model.parameters() if example.model else example.weights
    return Problem(example.loss, sorted(learned, key=_kind_and_number))


def _kind_and_number(node: Value) -> tuple[bool, str, int, str]:
    """Weights before biases, w2 before w10."""
    name = node.name.rpartition(".")[2]
    digits = name[len(name.rstrip("0123456789")) :]
    return name.startswith("b"), name.rstrip("0123456789"), int(digits or 0), name


OPTIONS: tuple[Option, ...] = (
    option(
        "text",
        nargs="?",
        help='a formula, lines such as "z = w*x + b; y = z**2", or - for standard input',
    ),
    option("--file", metavar="FILE", help="read the lines from a file"),
    option(
        "--example",
        metavar="003",
        help="a published example: 000 to 003, mazur, micrograd, ...; a wrong name lists all",
    ),
    option(
        "--at",
        action="append",
        type=numbers,
        default=[],
        metavar="w=0.5,x=1",
        help="the numbers of the variables; lines such as w = 0.5 do the same",
    ),
    option("--of", metavar="NAME", help="the result: the name of the last line if left out"),
)
WRT = option(
    "--wrt", type=names, metavar="w,b", help="with respect to what: names, or all of the variables"
)


def read_problem(args: argparse.Namespace) -> Problem:
    """Build the graph that the options describe. Raises ValueError that says what is missing."""
    given = [args.text is not None, args.file is not None, args.example is not None]
    if sum(given) != 1:
        wanted = "a formula, --file FILE, --example 003, or - for standard input"
        raise ValueError(f"give {'only ' if any(given) else ''}one of these: {wanted}")
    at: dict[str, float] = {}
    for some in args.at:
        for name in some:
            if name in at:
                raise ValueError(f"--at gives {name} twice")
        at |= some
    if args.example is not None:
        return _example(args.example, at, args.of)
    return _formulas(_text(args), at, args.of)


def chosen(problem: Problem, wrt: list[str] | None) -> list[Value]:
    """The Values that `--wrt` names; it may be left out where there is only one."""
    if wrt and wrt != ["all"]:
        return [find([problem.y], name) for name in wrt]
    if not problem.variables:
        raise ValueError(f"{problem.y.name} depends on no variable")
    if not wrt and len(problem.variables) > 1:
        known = ", ".join(v.name.rpartition(".")[2] for v in problem.variables[:10])
        raise ValueError(f"--wrt is missing: with respect to what? The variables: {known}")
    return problem.variables


def _example(which: str, at: dict[str, float], of: str | None) -> Problem:
    y, variables = example_of(which)
    for name, data in at.items():
        node = find([y], name)
        if node.args:
            raise ValueError(f"--at: {name} is computed; only the variables can be given numbers")
        node.data = data
    y.forward()
    return Problem(find([y], of) if of else y, variables)


def _formulas(text: str, at: dict[str, float], of: str | None) -> Problem:
    """The graph of the lines, or of one formula."""
    try:
        return _read(text, at, of)
    except ParseError:
        if isfile(text) or LIKE_A_FILE.fullmatch(text):
            advice = f"to read a file, write --file {text}"
            raise ValueError(f"{text} is no formula; {advice}") from None
        raise


def _read(text: str, at: dict[str, float], of: str | None) -> Problem:
    if "=" not in text and text.strip():
        graph = _named_formula(text, at)
    else:
        graph = read_lines(text, at)
        graph = {name: value for name, value in graph.items() if name not in at}
    if not graph:
        raise ValueError("there is no formula in the text")
    if of is not None and of not in graph:
        raise ValueError(f"--of {of}: there is no line for it; there are {', '.join(graph)}")
    computed = [name for name in graph if graph[name].args]
    y = graph[of or (computed or list(graph))[-1]]
    leaves = [node for node in topological(y) if node.name and node is not y and not node.args]
    order = [*at, *graph]
    return Problem(y, sorted(leaves, key=lambda leaf: order.index(leaf.name)))


def _named_formula(text: str, at: dict[str, float]) -> dict[str, Value]:
    """A formula that stands alone, under a name that is free."""
    name = next((spare for spare in SPARE_NAMES if spare not in at), SPARE_NAMES[0])
    y = read_expression(text, at)
    return {name: y.alias(name) if y.name else y.named(name)}


def _text(args: argparse.Namespace) -> str:
    """The text, of which no more is read than can be used."""
    if args.file is None and args.text != STANDARD_INPUT:
        return str(args.text)
    source = 0 if args.file in (None, STANDARD_INPUT) else args.file
    spoken = "standard input" if source == 0 else args.file
    try:
        with open(source, encoding="utf-8-sig", closefd=bool(source)) as file:
            return file.read(LIMITS.characters + 1)
    except UnicodeDecodeError:
        raise ValueError(f"{spoken} is not text in UTF-8") from None
    except OSError as error:
        raise ValueError(f"{spoken} cannot be read: {error.strerror}") from None
