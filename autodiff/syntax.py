"""The grammar of formulas: text to tokens, tokens to steps in the order of evaluation.

    tokenise   text   -> tokens   a table of patterns; nothing but ASCII has a meaning
    postfix    tokens -> steps    operator precedence with an explicit stack (shunting yard)

What the steps mean is decided elsewhere: `expression` makes Values of them, `formula` judges
claims. Another dialect passes its own patterns to `tokenise`, or rewrites the tokens on their way
to `postfix` (`^` into `**`, a `*` put between a factor and a bracket).

The text is never handed to `eval` or `ast`: those run code, recurse, and crash on long input. Here
are no attributes, indices, strings, comparisons or keywords, and `Limits` bound what a stranger's
text may cost.

Floor 0 of the package: this module imports nothing of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

Token = tuple[str, str, int]  # kind, text, where it starts
Step = tuple[str, str, int, int]  # "number" | "name" | "apply", text or op, operands taken, where

# What a text is made of. The first pattern that fits wins; "space" separates and is dropped.
TOKENS = {
    "number": r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?",
    "name": r"[A-Za-z_][A-Za-z0-9_]*",
    "sign": r"\*\*|[-+*/(),=;]",
    "space": r"[ \t\r\n]+|#[^\n]*",
}

# How hard a sign pulls at its left and at its right operand. As in Python, -x**2 is -(x**2),
# 2**-1 is 2**(-1), 2**3**2 is 2**(3**2).
INFIX = {
    "+": ("add", 10, 11),
    "-": ("sub", 10, 11),
    "*": ("mul", 20, 21),
    "/": ("div", 20, 21),
    "**": ("power", 41, 40),
}
PREFIX = {"-": ("neg", 30), "+": ("", 30), "(": ("", 0)}  # op "" leaves no step behind

HINTS = {
    "^": "write ** for a power",
    "=": "parse_lines reads lines such as z = w*x + b, with one =",
    ";": "parse_lines reads several formulas",
    "<": "write less(a, b) for a comparison",
    ">": "write less(b, a) for a comparison",
    ".": "there are no attributes; a decimal point needs a digit beside it",
    "−": "write -",
    "÷": "write /",
    "½": "write 1/2",
    "²": "write **2",
    "³": "write **3",
    "π": "write pi",
    "√": "write sqrt(...)",
    "|": "write abs(...)",
    "σ": "write sigmoid(...)",
}
HINTS |= dict.fromkeys("·×", "write *") | dict.fromkeys("'\"", "there are no strings")
HINTS |= dict.fromkeys("[]", "there is no indexing; group with ( )")


class Limits:
    """What one text may cost; the defaults suit a terminal, `WEB` suits strangers.

    `nodes` counts numbers, names and ops; `depth` counts the brackets, signs and powers that wait
    for their operand at the same time.
    """

    __slots__ = ("characters", "depth", "nodes", "variables")

    def __init__(
        self,
        *,
        characters: int = 1_000_000,
        nodes: int = 1_000_000,
        depth: int = 200,
        variables: int = 1_000_000,
    ) -> None:
        self.characters = characters
        self.nodes = nodes
        self.depth = depth
        self.variables = variables


LIMITS = Limits()
WEB = Limits(characters=10_000, nodes=5_000, variables=64)


class ParseError(ValueError):
    """A text that is not a formula: `problem`, `column` and `line` (from 1; or None), `excerpt`.

    `str()` shows the line with a caret below the place. Characters that cannot be seen, or that
    would shift the caret, are shown as escapes.
    """

    def __init__(self, problem: str, excerpt: str, column: int, line: int | None = None) -> None:
        super().__init__(problem, excerpt, column, line)
        self.problem = problem
        self.excerpt = excerpt
        self.column = column
        self.line = line

    def __str__(self) -> str:
        at = self.column - 1
        start, end = max(0, at - 50), at + 30  # a window, for a text that is one very long line
        before = ("..." if start else "") + visible(self.excerpt[start:at])
        after = visible(self.excerpt[at:end]) + ("..." if end < len(self.excerpt) else "")
        line = "" if self.line is None else f"line {self.line}, "
        shown = f"  {before}{after}".rstrip()
        return f"{line}column {self.column}: {self.problem}\n{shown}\n  {' ' * len(before)}^"


class Source:
    """A text being read, and how to complain about it; `line` is its number if it has one."""

    __slots__ = ("line", "text")

    def __init__(self, text: str, line: int | None = None) -> None:
        self.text = text
        self.line = line

    def error(self, problem: str, at: int) -> ParseError:
        """Return the ParseError that points at the character with index `at`."""
        start = self.text.rfind("\n", 0, at) + 1
        excerpt = self.text[start:].partition("\n")[0]
        line = self.line
        if line is None and "\n" in self.text:
            line = self.text.count("\n", 0, at) + 1
        return ParseError(shortened(problem), excerpt, at - start + 1, line)


# ---------------------------------------------------------------- the two steps


def tokenise(source: Source, patterns: Mapping[str, str] = TOKENS) -> list[Token]:
    """Cut the text into tokens and close them with one of kind "end".

    >>> tokenise(Source("w*2"))
    [('name', 'w', 0), ('sign', '*', 1), ('number', '2', 2), ('end', '', 3)]
    """
    import re  # some milliseconds, which `import autodiff` need not pay

    scanner = re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in patterns.items()))
    tokens: list[Token] = []
    at = end = 0
    while found := scanner.match(source.text, at):
        at = found.end()
        kind = found.lastgroup or ""
        if kind != "space":
            tokens.append((kind, found.group(), found.start()))
            end = at
    if at < len(source.text):
        raise source.error(_unexpected(source.text[at]), at)
    return [*tokens, ("end", "", end)]


def postfix(tokens: Iterable[Token], source: Source, depth: int = LIMITS.depth) -> list[Step]:
    """Order the tokens of one expression, up to its "end", so that an op follows its operands.

    A number or a name is an operand. A sign waits until something that pulls less hard follows its
    right operand; a bracket, which pulls at nothing, waits until it is closed.

    >>> source = Source("a + b*f(c, 1)")
    >>> [word for kind, word, operands, at in postfix(tokenise(source), source)]
    ['a', 'b', 'c', '1', 'f', 'mul', 'add']
    """
    steps: list[Step] = []
    waiting: list[tuple[str, int, int, int, int]] = []  # op, pull, operands, where, depth

    def wait(op: str, pull: int, operands: int, at: int, deeper: bool = True) -> None:
        level = deeper + (waiting[-1][4] if waiting else 0)
        if level > depth:
            raise source.error(f"nested more than {depth} deep", at)
        waiting.append((op, pull, operands, at, level))

    def finish(pull: int) -> None:
        while waiting and waiting[-1][1] > pull:
            op, _, operands, at, _ = waiting.pop()
            if op:
                steps.append(("apply", op, operands, at))

    def end_argument(sign: str, at: int) -> None:
        finish(0)
        if sign == "," and not (waiting and waiting[-1][0]):
            problem = "a comma stands only between the arguments of a function"
            if source.text[at - 1].isdecimal() and source.text[at + 1 : at + 2].isdecimal():
                problem += "; a number has a decimal point: 0.5"
            raise source.error(problem, at)
        if not waiting:
            raise source.error(f'there is no "(" before this "{sign}"', at)
        function, _, operands, start, level = waiting.pop()
        if sign == ",":
            waiting.append((function, 0, operands + 1, start, level))
        elif function:
            steps.append(("apply", function, operands, start))

    wants_operand = True
    previous = last = ""
    for kind, word, at in tokens:
        if wants_operand and kind in ("number", "name"):
            steps.append((kind, word, 0, at))
            wants_operand = False
        elif wants_operand and word in PREFIX:
            wait(*PREFIX[word], 1, at)
        elif wants_operand:
            raise source.error(_expected('a number, a name or "("', kind, word), at)
        elif word in INFIX:
            op, left, right = INFIX[word]
            finish(left)
            wait(op, right, 2, at, deeper=left > right)
            wants_operand = True
        elif word == "(" and previous == "name":  # so that name was a function's
            wait(steps[-1][1], 0, 1, steps.pop()[3])
            wants_operand = True
        elif word in (",", ")"):
            end_argument(word, at)
            wants_operand = word == ","
        elif kind == "end":
            finish(0)
        else:
            raise source.error(_expected("an operator", kind, word, previous and last), at)
        previous, last = kind, word
    if waiting:
        raise source.error(f'"{waiting[-1][0]}(" is never closed', waiting[-1][3])
    return steps


# ---------------------------------------------------------------- words for errors


def shortened(text: str, most: int = 600) -> str:
    """A sentence that repeats what somebody sent, with its middle left out where it is very long.

    >>> shortened("w is no name", 9)
    'w i...ame'
    """
    ends = (most - 3) // 2
    return text if len(text) <= most else f"{text[:ends]}...{text[-ends:]}"


def visible(text: str) -> str:
    """Return the text with one printed cell for each character, or an escape.

    >>> print(visible("w\\x1b[2J ½ \\u202e"))
    w\\x1b[2J ½ \\u202e
    """
    import unicodedata

    def cell(character: str) -> str:
        if character in "\t\r":
            return " "
        if character.isascii() and character.isprintable():
            return character
        combining = unicodedata.category(character).startswith("M")
        wide = unicodedata.east_asian_width(character) in "WF"
        if character.isprintable() and not combining and not wide:
            return character
        return character.encode("unicode_escape").decode("ascii")

    return "".join(map(cell, text))


def _unexpected(character: str) -> str:
    """Name a character that starts no token; two that look alike differ in their code point."""
    import unicodedata

    if character.isascii() and character.isprintable():
        said = f'unexpected "{character}"'
    else:
        name = unicodedata.name(character, "a character that cannot be seen")
        said = f'unexpected "{visible(character)}" (U+{ord(character):04X} {name})'
    letter = "names are ASCII letters, digits, _"
    hint = HINTS.get(character, "" if character.isascii() else letter)
    return f"{said}; {hint}" if hint else said


def _expected(wanted: str, kind: str, word: str, last: str = "") -> str:
    """Say what should have come; `word` is a token, so it is printable as far as its dialect is.

    Where an operator was wanted, `last` is the token before.
    """
    found = "the end" if kind == "end" else f'"{visible(word[:40])}"'
    hint = HINTS.get(word, _side_by_side(last, word) if last and word else "")
    return f"expected {wanted}, found {found}" + (f"; {hint}" if hint else "")


def _side_by_side(left: str, right: str) -> str:
    """What to write for two factors without a sign, or for a function without brackets."""
    if len(left + right) > 40:
        return "write * to multiply"
    calls = f"{left}({right}), or " if left.isidentifier() and right != "(" else ""
    left, right = ("(...)" if word in ("(", ")") else visible(word) for word in (left, right))
    return f"write {calls}{left}*{right} to multiply"
