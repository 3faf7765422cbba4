r"""The words of a formula as people write it, and as our printers do: text to marks.

Read are `·`, `×`, `−`, `½`, `²`, `√(...)`, `|x|`, `[x > 0]`, brackets of all kinds, factors
side by side (`2x`, `out(1 - out)`), `∂y/∂x` and deltas as symbols, and the subset of LaTeX that
we print. What the marks mean together is `claims/order`'s business. Every mark keeps its place
in the text.
"""

import re
from math import isinf

from autodiff.formula.claims import cases
from autodiff.formula.claims.names import DRESS, ClaimNames
from autodiff.formula.claims.spellings import COMMANDS, NUMBERS, POWERS, REFUSED, SIGNS, functions
from autodiff.formula.symbols import GREEK
from autodiff.formula.text import SUBSCRIPTS
from autodiff.syntax import Source, visible
from autodiff.value import Value

Mark = tuple[
    str, str, int
]  # "number" | "constant" | "name" | "function" | "power" | "sign", its text, where

MOST_BRACES = 500  # each is looked through for its label
LONGEST_LABEL = 5_000  # characters of an \\underbrace with what is below it
_WORD = r"[^\W⁰¹²³⁴⁵⁶⁷⁸⁹½¼¾]"
_GROUP = r"\{(?:[^{}]|\{[^{}]*\})*\}"
_GREEK = rf"\\(?:{'|'.join(GREEK)})(?![A-Za-z])"
_PLAIN = rf"(?![0-9_])(?:(?!_){_WORD}|_(?!\s*[\\{{]))+(?:\.(?![0-9]){_WORD}+)*"
_LATEX = rf"(?:{DRESS.pattern}\s*\{{[^{{}}]*\}}|{_GREEK})"
_SUB = rf"(?:\s*_\s*(?:{_GROUP}|{_GREEK}|{DRESS.pattern}\s*{_GROUP}))?"
_NAME = rf"(?:{_LATEX}|{_PLAIN}){_SUB}"
_PLAINEST = re.compile(_NAME)
# Ways in which a name may go on, the longest first; the first that is known is meant.
_NAMES = [
    re.compile(base + end)
    for base in (_NAME, rf"{_LATEX}_[A-Za-z0-9]+", rf"{_LATEX}_[A-Za-z0-9]")
    for end in (r"\s*\^\s*\{?\(\w+\)\}?['′⁺]*", r"['′⁺]+", r"#[0-9]+", rf"(?:->|→){_WORD}+", "")
]
_NUMBER = re.compile(r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+−]?[0-9]+)?")
_SPACE = re.compile(r"[\s&~​]+|\\\s|\\(?:begin|end)\{aligned\*?\}")
_SPACE_IN_CASES = re.compile(r"[\s~​]+|\\\s|\\(?:begin|end)\{aligned\*?\}")
_COMMAND = re.compile(r"\\([A-Za-z]+|[^A-Za-z0-9\s])")
_POWER = re.compile("⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_BRACKET = r"(?=\s*(?:\\left\s*|\\[bB]igl?\s*)?[(\[{|])"
_CALL = re.compile(rf"\\?((?:(?!_){_WORD}|_(?!\{{)|√)+)(['′]?){_BRACKET}")
_OPERATOR = re.compile(rf"\\(?:operatorname|mathrm)\{{((?:{_WORD}|\\_)+)\}}(['′]?){_BRACKET}")
_LATEX_FUNCTIONS = {
    re.compile(r"\\sqrt\s*\[3\]"): "cbrt",
    re.compile(r"\\log\s*_\s*(?:2|\{2\})"): "log2",
    re.compile(r"\\log\s*_\s*\{10\}"): "log10",
}
_SUBSCRIPTS = {subscript: digit for digit, subscript in SUBSCRIPTS.items()}
_SHARE = re.compile(
    r"(?:\\(?:operatorname|mathrm)\{softmax\}|\\?softmax)\s*_?\s*"
    rf"\{{?\s*([0-9]+|[{''.join(map(chr, _SUBSCRIPTS))}]+)\s*\}}?{_BRACKET}"
)
_LATEX_RELATION = re.compile(r"\\mathrel\{([<>])\}")
_ROOT = re.compile("sqrt([0-9]+|pi)(?![A-Za-z0-9_])")
_SHORT_FRACTION = re.compile(r"\\[td]?frac\s*([0-9])\s*([0-9])")


class Scanner:
    """One walk over a claim; `atoms` tells what the names in its marks stand for.

    An atom is a Value, or a pair (y, x) for the derivative of the one with respect to the other.
    """

    def __init__(self, source: Source, names: ClaimNames) -> None:
        self.source = source
        self.names = names
        self.atoms: dict[str, Value | tuple[Value, Value]] = {}
        self._functions = functions()
        self._marks: list[Mark] = []
        self._skipped: dict[int, int] = {}  # labels below braces: where they start and end
        self._braces = 0
        self._at = 0
        self._in_cases = 0  # how many cases are open
        self._name_here = -1, ""  # where the last name was looked for, and what was found

    def scan(self) -> list[Mark]:
        """The marks of the whole text. ParseError at what has no meaning."""
        text = self.source.text
        while self._at < len(text):
            space = (_SPACE_IN_CASES if self._in_cases else _SPACE).match(text, self._at)
            if self._at in self._skipped:
                self._at = self._skipped[self._at]
            elif self._case():
                pass
            elif space:
                self._at = space.end()
            elif not (self._function() or self._label_or_number() or self._name() or self._sign()):
                refused = next(
                    (why for sign, why in REFUSED.items() if text.startswith(sign, self._at)), ""
                )
                raise self.source.error(
                    refused or f'unexpected "{visible(text[self._at])}"', self._at
                )
        return self._marks

    def _put(self, kind: str, word: str, length: int) -> bool:
        self._marks.append((kind, word, self._at))
        self._at += length
        return True

    def _case(self) -> bool:
        """What tells cases apart: `&`, `\\\\`, and words such as if and otherwise."""
        text, at = self.source.text, self._at
        sign = next((sign for sign in cases.SIGNS if text.startswith(sign, at)), "")
        if sign == cases.BEGIN or (self._in_cases and sign):
            self._in_cases += (sign == cases.BEGIN) - (sign == cases.END)
            return self._put("sign", sign, len(sign))
        word = cases.WORDS.match(text, at) if self._in_cases else None
        self._at = word.end() if word else at
        return bool(word)

    def _function(self) -> bool:
        """A function's name with a bracket behind it; what is no function stands for itself."""
        text = self.source.text
        for pattern, op in _LATEX_FUNCTIONS.items():
            special = pattern.match(text, self._at)
            if special:
                return self._put("function", op, len(special[0]))
        share = _SHARE.match(text, self._at)
        if share and self._resolve(share[0]) is None:
            which = share[1].translate(_SUBSCRIPTS)
            return self._put("function", f"softmax_share#{int(which)}", len(share[0]))
        found = _OPERATOR.match(text, self._at) or _CALL.match(text, self._at)
        word = found[1].replace("\\_", "_") if found else ""
        word = GREEK.get(word, word) if text[self._at] == "\\" else word
        if not found or word not in self._functions:
            return False
        follows = text[found.end() :][:40].lstrip()
        if follows.startswith("|") and self._resolve(found[0]) is not None:
            return False  # as in |x|, where x is called like a function
        return self._put(
            "function", self._functions[word] + found[2].replace("′", "'"), len(found[0])
        )

    def _label_or_number(self) -> bool:
        """A label as it is, unless a longer name stands here; or a number."""
        text = self.source.text
        number = _NUMBER.match(text, self._at)
        length = self.names.longest_at(text, self._at)
        if length > (len(number[0]) if number else 0) and length >= len(self._longest_name()):
            return self._atom(text[self._at : self._at + length])
        if number:
            word = number[0].replace("−", "-")
            if isinf(float(word)):
                raise self.source.error(f"{visible(word)} does not fit a float64", self._at)
            return self._put("number", word, len(number[0]))
        power = _POWER.match(text, self._at)
        if power:
            return self._put("power", "".join(POWERS[c] for c in power[0]), len(power[0]))
        if text[self._at] in "½¼¾":
            return self._put("number", NUMBERS[text[self._at]], 1)
        return text[self._at] == "∞" and self._constant("∞")

    def _constant(self, word: str) -> bool:
        return self._put("constant", NUMBERS[word], len(word))

    def _longest_name(self) -> str:
        """The longest name here that is known, else the plainest."""
        at, word = self._name_here
        if at != self._at:
            found = (pattern.match(self.source.text, self._at) for pattern in _NAMES)
            known = (name[0] for name in found if name and self._resolve(name[0]) is not None)
            plainest = _PLAINEST.match(self.source.text, self._at)
            word = next(known, plainest[0] if plainest else "")
            self._name_here = self._at, word
        return word

    def _resolve(self, word: str) -> Value | None:
        try:
            return self.names.resolve(word)
        except ValueError as several:
            raise self.source.error(str(several), self._at) from None

    def _name(self) -> bool:
        """A name of the graph, a constant, or a function that stands without brackets."""
        word = self._longest_name()
        if not word:
            return False
        root = _ROOT.match(self.source.text, self._at)
        if self._resolve(word) is not None:
            return self._atom(word)
        if word in NUMBERS:
            return self._constant(word)
        if word in self._functions:
            return self._put("function", self._functions[word], len(word))
        if root:  # what √2 and √π become in ASCII
            return self._put("function", "sqrt", 4)
        if word[0] == "d" and self._is_differential(word):
            return self._put("sign", "∂", 1)
        if word in REFUSED:
            raise self.source.error(REFUSED[word], self._at)
        raise self.source.error(self.names.unknown(word), self._at)

    def _atom(self, word: str) -> bool:
        node = self._resolve(word)
        assert node is not None
        self.atoms[word] = (self.names.y, node) if self.names.is_delta(word) else node
        return self._put("name", word, len(word))

    def _is_differential(self, word: str) -> bool:
        """Whether this is the dE or the dw of dE/dw."""
        text = self.source.text
        over = re.compile(r"[\s})]*(?:/[\s({]*d|\{\s*d)").match(text, self._at + len(word))
        under = text[: self._at].rstrip(" {(").endswith(("/", "}"))
        return bool(over or under) and len(word) > 1 and self._resolve(word[1:]) is not None

    def _skip_label(self) -> None:
        r"""Leave out what is written below a brace: the second { } of \underbrace{ }_{ }."""
        text = self.source.text
        depth, start, below = 0, 0, False
        for i in range(self._at + len(r"\underbrace"), min(len(text), self._at + LONGEST_LABEL)):
            depth += (text[i] == "{") - (text[i] == "}")
            if text[i] == "}" and depth == 0:
                follows = re.compile(r"\s*_\s*(?=\{)").match(text, i + 1)
                if below or not follows:
                    if below:
                        self._skipped[start] = i + 1
                    return
                start, below = i + 1, True

    def _sign(self) -> bool:
        text = self.source.text
        relation = _LATEX_RELATION.match(text, self._at)
        if relation:
            return self._put("sign", relation[1], len(relation[0]))
        short = _SHORT_FRACTION.match(text, self._at)
        if short:
            pairs = [
                ("sign", "{"),
                ("number", short[1]),
                ("sign", "}"),
                ("sign", "{"),
                ("number", short[2]),
            ]
            self._marks += [(kind, word, self._at) for kind, word in [("sign", "frac"), *pairs]]
            return self._put("sign", "}", len(short[0]))
        if text.startswith("√", self._at):
            return self._put("function", "sqrt", 1)
        command = _COMMAND.match(text, self._at)
        if command:
            word = command[1]
            if word == "underbrace":
                self._braces += 1
                if self._braces > MOST_BRACES:
                    problem = f"more than {MOST_BRACES} \\underbrace are not read"
                    raise self.source.error(problem, self._at)
                self._skip_label()
            if COMMANDS.get(word) == "":
                self._at = command.end()
                return True
            if word in COMMANDS:
                return self._put("sign", COMMANDS[word], len(command[0]))
            if command[0] in NUMBERS:
                return self._constant(command[0])
            if word in self._functions:
                return self._put("function", self._functions[word], len(command[0]))
            problem = REFUSED.get(
                command[0], f"\\{visible(word)} is not among the LaTeX that is read"
            )
            raise self.source.error(problem, self._at)
        for length in (2, 1):
            sign = text[self._at : self._at + length]
            if len(sign) == length and sign in SIGNS:
                return self._put("sign", SIGNS[sign], length)
        return False
