r"""Formulas as people write them, and as our printers do, turned into the tokens of `syntax.postfix`.

Read are `·`, `×`, `−`, `½`, `²`, `√(...)`, `|x|`, `[x > 0]`, brackets of all kinds, factors side by side
(`2x`, `out(1 - out)`), derivatives `∂y/∂x` and deltas as symbols, and the subset of LaTeX that we print. As with
`1/2*(a + b)`, a number before a bracket multiplies: `1/2(a + b)` is half of it.

One walk over the text with a stack of open brackets; every token keeps its place in the text.
"""

import re

from autodiff.formula.claim_names import ClaimNames, _in_word
from autodiff.formula.symbols import GREEK
from autodiff.formula.text import to_ascii
from autodiff.op import CALL, TABLE, lookup
from autodiff.syntax import Limits, Source, Step, Token, postfix, visible
from autodiff.value import Value

LIMITS = Limits(characters=100_000, nodes=50_000, depth=200)

SIGNS = {
    "+": "+", "-": "-", "−": "-", "–": "-", "*": "*", "·": "*", "⋅": "*", "×": "*", "∗": "*", "•": "*", "/": "/",
    "÷": "/", "∕": "/", "⁄": "/", "^": "**", "**": "**", ",": ",",
}  # fmt: skip
RELATIONS = {"<": "<", ">": ">", "<=": "<=", ">=": ">=", "≤": "<=", "≥": ">=", "==": "=", "=": "="}
OPENING = {"(": ")", "[": "]", "{": "}"}
VULGAR = {"½": "0.5", "¼": "0.25", "¾": "0.75"}
SUPERSCRIPTS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789", strict=True))
CONSTANTS = {"e": "2.718281828459045", "π": "3.141592653589793", "pi": "3.141592653589793"}
CONSTANTS |= {"∞": "inf", "inf": "inf", "nan": "nan", "infty": "inf"}
# LaTeX commands that are another spelling of a sign, or nothing but space.
COMMANDS = {
    "cdot": "·", "times": "·", "ast": "·", "div": "/", "le": "≤", "leq": "≤", "ge": "≥", "geq": "≥", "lt": "<",
    "gt": ">", "lvert": "|", "rvert": "|", "vert": "|", "mid": "|", "{": "(", "}": ")", "lbrack": "[", "rbrack": "]",
    "partial": "∂", "infty": "∞", "approx": "≈", "lbrace": "(", "rbrace": ")", "sqrt": "√",
}  # fmt: skip
BLANK = set("left right big Big bigl bigr Bigl Bigr displaystyle quad qquad limits".split()) | set(",;:! ")
SPOKEN = {"ln": "log", "√": "sqrt", "φ": "normal_density", "phi": "normal_density", "dot": "inner", "arctan": "atan"}
REFUSED = {
    "…": "the formula is abridged here (…): write it out, .full() prints it all",
    "Σ": "a sum over an index is not read: write its terms out",
    "∑": "a sum over an index is not read: write its terms out",
    "sum": "a sum over an index is not read: write its terms out",
    "⊙": "matrices are not read: write the formula of one weight",
}

_WORD = r"[^\W⁰¹²³⁴⁵⁶⁷⁸⁹½¼¾]"
_GROUP = r"\{(?:[^{}]|\{[^{}]*\})*\}"
_BASE = (
    rf"(?:\\(?:mathrm|mathit|mathbf|mathsf|operatorname|text|textrm|boldsymbol)\s*\{{[^{{}}]*\}}"
    rf"|\\(?:{'|'.join(GREEK)})(?![A-Za-z])"
    rf"|(?!\d)(?:(?!_){_WORD}|_(?!\s*\{{))+(?:\.(?!\d){_WORD}+)*)"
)
_SUB = rf"(?:\s*_\s*(?:{_GROUP}|(?<=_)[A-Za-z0-9]+))?"
_NAMES = [  # the longest that is known wins
    re.compile(_BASE + _SUB + end)
    for end in (r"\s*\^\s*\{?\(\w+\)\}?['′+⁺]*", r"['′⁺]+", r"#\d+", r"(?:->|→)\w+", "")
]
_NUMBER = re.compile(r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+−]?[0-9]+)?")
_SPACE = re.compile(r"[\s&~​ ]+|\\begin\{[^{}]*\}|\\end\{[^{}]*\}")
_COMMAND = re.compile(r"\\([A-Za-z]+|[{},;:! ])")
_CLOSING_NUMBER = re.compile(r"\s*[-−]?[0-9.]+(?:[eE][-+−]?[0-9]+)?\s*")


def functions() -> dict[str, str]:
    """Every way to write a function of the table, and the row that it calls."""
    found = {name: op.name for op in TABLE.values() for name in (op.name, *op.aliases)}
    for op in TABLE.values():
        if op.precedence == CALL and "{" not in op.spelling:
            found.setdefault(op.spelling, op.name)
            found.setdefault(to_ascii(op.spelling), op.name)
    return SPOKEN | found


class _Frame:
    """An open bracket: how it closes, where its content starts among the tokens, what compares there."""

    __slots__ = ("close", "compared", "role", "start")

    def __init__(self, close: str, start: int, role: str = "") -> None:
        self.close = close
        self.role = role
        self.start = start
        self.compared: list[tuple[int, str, int]] = []


class Scanner:
    """One walk over a claim. `tokens` and `atoms` (word -> Value, or a pair for ∂y/∂x) are the result."""

    def __init__(self, source: Source, names: ClaimNames) -> None:
        self.source = source
        self.text = source.text
        self.names = names
        self.functions = functions()
        self.tokens: list[Token] = []
        self.atoms: dict[str, Value | tuple[Value, Value]] = {}
        self.frames = [_Frame("", 0)]
        self.at = 0
        self.ends_operand = False
        self.wrap = 0  # functions written without brackets, that take the next operand
        self.left_side: tuple[Value, ...] = ()

    def scan(self) -> list[Token]:
        """The tokens of the whole text, closed with one of kind "end"."""
        text = self.text
        while self.at < len(text):
            space = _SPACE.match(text, self.at)
            if space:
                self.at = space.end()
            elif not (self._label() or self._number() or self._name() or self._command()):
                self._sign(text[self.at], 1)
        if len(self.frames) > 1:
            opened = self.tokens[self.frames[-1].start - 1]
            raise self.source.error("this bracket is never closed", opened[2])
        self._compare(self.frames[0])
        end = len(text.rstrip())
        return [*_derivatives(self.tokens, self), ("end", "", end)]

    # ------------------------------------------------------------ operands

    def _put(self, kind: str, word: str, at: int) -> None:
        """An operand: after another one, it multiplies."""
        if self.ends_operand:
            if kind == "number" and not self.tokens[-1][1] == ")":
                raise self.source.error("a sign is missing before this number", at)
            self.tokens.append(("sign", "*", at))
        self.tokens.append((kind, word, at))
        self.ends_operand = True
        self._close_wraps(at)

    def _close_wraps(self, at: int) -> None:
        self.tokens += [("sign", ")", at)] * self.wrap
        self.wrap = 0

    def _label(self) -> bool:
        length = self.names.longest_at(self.text, self.at)
        number = _NUMBER.match(self.text, self.at)
        if not length or (number and number.end() - self.at >= length):
            return False
        if self._longest_name()[0] > length or self._is_call(self.text[self.at : self.at + length], length):
            return False
        self._atom(self.text[self.at : self.at + length], length)
        return True

    def _number(self) -> bool:
        found = _NUMBER.match(self.text, self.at)
        if found:
            self._put("number", found[0].replace("−", "-"), self.at)
            self.at = found.end()
        elif self.text[self.at] in VULGAR:
            self._put("number", VULGAR[self.text[self.at]], self.at)
            self.at += 1
        elif self.text[self.at] in SUPERSCRIPTS or self.text[self.at] == "⁻":
            self._superscript()
        else:
            return False
        return True

    def _superscript(self) -> None:
        end = self.at
        while end < len(self.text) and (self.text[end] in SUPERSCRIPTS or (end == self.at and self.text[end] == "⁻")):
            end += 1
        digits = "".join(SUPERSCRIPTS.get(c, "") for c in self.text[self.at : end])
        if not digits or not self.ends_operand:
            raise self.source.error("this exponent belongs to nothing", self.at)
        minus = [("sign", "-", self.at)] if self.text[self.at] == "⁻" else []
        self.tokens += [("sign", "**", self.at), *minus, ("number", digits, self.at)]
        self.at = end

    def _longest_name(self) -> tuple[int, str]:
        """Length and spelling of the longest name here that is known; else of the plainest."""
        last = (0, "")
        for pattern in _NAMES:
            found = pattern.match(self.text, self.at)
            if found:
                last = (len(found[0]), found[0])
                try:
                    if self.names.resolve(found[0]) is not None:
                        return last
                except ValueError:
                    return last
        return last

    def _is_call(self, word: str, length: int) -> bool:
        rest = self.text[self.at + length :][:80].lstrip()
        word = word.lstrip("\\").rstrip("'′")
        return word in self.functions and rest.startswith(("(", r"\left", "{", "["))

    def _name(self) -> bool:
        length, word = self._longest_name()
        called = re.match(rf"\\?((?:(?!_){_WORD}|_)+)(['′]?)", self.text[self.at :][:80])
        if called and self._is_call(called[0], len(called[0])):
            self._function(self.functions[called[1]] + ("'" if called[2] else ""), self.at)
            self.at += len(called[0])
            return True
        if not length:
            return False
        try:
            node = self.names.resolve(word)
        except ValueError as several:
            raise self.source.error(str(several), self.at) from None
        if node is not None:
            self._atom(word, length)
            return True
        return self._unresolved(word, length)

    def _unresolved(self, word: str, length: int) -> bool:
        """A word that is no name of the graph: a constant, a bare function, dE in dE/dw, LaTeX."""
        bare = word.lstrip("\\")
        root = re.fullmatch(r"sqrt([0-9]+|pi)", bare)
        if bare in CONSTANTS or word == r"\pi":
            self._put("number", CONSTANTS[bare], self.at)
        elif root:
            self._function("sqrt", self.at)
            self.wrap += 1
            self._put("number", CONSTANTS.get(root[1], root[1]), self.at)
        elif bare in self.functions and bare not in REFUSED:
            self._function(self.functions[bare], self.at)
            self.wrap += 1
        elif word.startswith("\\") and bare.isalpha() and bare not in GREEK:
            return False
        elif bare.startswith("d") and self._is_differential(bare[1:], length):
            self.tokens.append(("sign", "∂", self.at))
            self.at += 1
            return True
        elif bare in REFUSED:
            raise self.source.error(REFUSED[bare], self.at)
        else:
            raise self.source.error(self.names.unknown(word), self.at)
        self.at += length
        return True

    def _is_differential(self, word: str, length: int) -> bool:
        over = self.text[self.at + length :].lstrip(" }").startswith(("/d", "/ d", "{"))
        under = self.text[: self.at].rstrip(" {").endswith(("/", "}"))
        return (over or under) and bool(word) and self.names.resolve(word) is not None

    def _atom(self, word: str, length: int) -> None:
        node = self.names.resolve(word)
        assert node is not None
        self.atoms[word] = (self.names.y, node) if self.names.is_delta(word) else node
        if self.tokens and self.tokens[-1][1] == "∂":
            self.tokens.append(("name", word, self.at))
            self.ends_operand = True
        else:
            self._put("name", word, self.at)
        self.at += length

    def _function(self, op: str, at: int) -> None:
        """A function's name; its bracket follows, or is put here for one operand without brackets."""
        if self.ends_operand:
            self.tokens.append(("sign", "*", at))
        self.ends_operand = False
        rest = self.text[at:][:80]
        bare = re.match(r"\\?\w*['′]?√?\s*(?:\\left\s*|\\bigl?\s*)?([(\[{]?)", rest)
        self.tokens.append(("name", op, at))
        if not (bare and bare[1]):
            self.tokens.append(("sign", "(", at))

    # ------------------------------------------------------------ signs and brackets

    def _command(self) -> bool:
        found = _COMMAND.match(self.text, self.at)
        if not found:
            return False
        word = found[1]
        if word in BLANK:
            self.at = found.end()
        elif word in ("frac", "tfrac", "dfrac"):
            self._open("(", _Frame(")", 0, "whole"))
            self.at = found.end()
            self._part("over")
        elif word == "underbrace":
            self.at = found.end()
            self._part("braced")
        elif word in COMMANDS:
            self._sign(COMMANDS[word], found.end() - self.at)
        elif word in REFUSED:
            raise self.source.error(REFUSED[word], self.at)
        else:
            raise self.source.error(f"\\{word} is not among the LaTeX that is read", self.at)
        return True

    def _part(self, role: str) -> None:
        r"""The { ... } of a \frac or \underbrace, or one digit in its place."""
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1
        character = self.text[self.at : self.at + 1]
        if character != "{" and not (character.isascii() and character.isdecimal()):
            raise self.source.error("a { is missing here", min(self.at, len(self.text)))
        self._open("(", _Frame("}", 0, role))
        if character != "{":
            self._put("number", character, self.at)
            self._closed(self.frames.pop())
        self.at += character == "{"

    def _open(self, sign: str, frame: _Frame) -> None:
        if self.ends_operand:
            self.tokens.append(("sign", "*", self.at))
        self.tokens.append(("sign", "(", self.at))
        frame.start = len(self.tokens)
        self.frames.append(frame)
        self.ends_operand = False

    def _sign(self, sign: str, length: int) -> None:
        two = self.text[self.at : self.at + 2] if length == 1 else ""
        if two in SIGNS or two in RELATIONS:
            sign, length = two, 2
        start = self.at
        if sign in OPENING:
            self._open(sign, _Frame(OPENING[sign], 0))
        elif sign in OPENING.values():
            self._shut(sign, length)
            return
        elif sign == "|":
            self._bar()
        elif sign in SIGNS:
            if sign == ",":
                self._compare(self.frames[-1])
            self.tokens.append(("sign", SIGNS[sign], self.at))
            self.ends_operand = False
            if sign == ",":
                self.frames[-1].start = len(self.tokens)
        elif sign in RELATIONS:
            self._relation(RELATIONS[sign])
        elif sign == "√":
            self._root(length)
            return
        elif sign == "∂":
            if self.ends_operand:
                self.tokens.append(("sign", "*", self.at))
            self.tokens.append(("sign", "∂", self.at))
            self.ends_operand = False
        elif sign == "∞":
            self._put("number", "inf", self.at)
        elif sign == "≈" and len(self.frames) == 1 and _CLOSING_NUMBER.fullmatch(self.text, self.at + length):
            length = len(self.text) - self.at
        else:
            raise self.source.error(REFUSED.get(sign, f'unexpected "{visible(sign)}"'), self.at)
        self.at = start + length
