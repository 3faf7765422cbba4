"""From marks to the steps of `syntax.postfix`: brackets, bars, fractions, comparisons, and the
times signs that people leave out.

A number or bracket before a bracket multiplies, from left to right: `1/2(a + b)` is half of a +
b. One walk with a stack of open brackets; nothing recurses.
"""

from collections.abc import Mapping

from autodiff.formula.claims import cases
from autodiff.formula.claims.text import Mark
from autodiff.syntax import Source, Token
from autodiff.value import Value

LONGEST_LEFT = 16  # tokens before the =, such as ((∂E)/(∂w))
CLOSES = {"(": ")", "[": "]", "{": "}"}
COMPARISONS = ("<", ">", "<=", ">=", "=")


class _Open:
    """An open bracket: how it closes, what it is for, where it starts, what it compares."""

    __slots__ = ("cells", "close", "compared", "role", "start")

    def __init__(self, close: str, role: str, start: int) -> None:
        self.close = close
        self.role = role
        self.start = start
        self.compared: list[tuple[int, str, int]] = []  # index of a token, the comparison, where
        self.cells: list[list[Token]] = []  # of cases: values and conditions in turn


class Arranger:
    """Writes marks as tokens; `left` receives what stands before an `=`, the symbol claimed."""

    def __init__(
        self, source: Source, atoms: Mapping[str, Value | tuple[Value, Value]], y: Value
    ) -> None:
        self.source = source
        self._atoms = atoms
        self._y = y
        self.tokens: list[Token] = []
        self.left: list[Token] = []
        self.numbers: list[Mark] = []  # what follows the formula and a further `=`
        self.derivatives: dict[str, tuple[str, str]] = {}  # ∂y/∂x as one word, and its two names
        self._opened = [_Open("", "", 0)]
        self._complete = False  # whether the last token ends an operand
        self._waiting = 0  # functions without brackets, which take the next operand
        self._role = ""  # of the next bracket: a part of a fraction

    def arrange(self, marks: list[Mark]) -> list[Token]:
        """The tokens of all marks, closed with one of kind "end"."""
        for i, (kind, word, at) in enumerate(marks):
            if self._role and word != "{":
                raise self.source.error("a { is missing here", at)
            if kind in ("number", "constant", "name"):
                self._operand(kind, word, at)
            elif kind == "function":
                self._multiply(at)
                self.tokens.append(("name", word, at))
                follows = marks[i + 1][1] if i + 1 < len(marks) else ""
                if follows == "|":
                    self.tokens.append(("sign", "(", at))
                    self._opened.append(_Open("", "call", len(self.tokens)))
                elif follows not in CLOSES:
                    self.tokens.append(("sign", "(", at))
                    self._waiting += 1
            elif kind == "power":
                self._power(word, at)
            elif word in ("=", "≈") and self._ends_here(word, marks[i + 1 :], at):
                self.numbers = marks[i + 1 :]
                break
            else:
                self._sign(word, at)
        end = marks[-1][2] + len(marks[-1][1]) if marks else 0
        if len(self._opened) > 1:
            at = self.tokens[self._opened[-1].start - 1][2]
            raise self.source.error("this bracket is never closed", at)
        self._compare(self._opened[0])
        self.left = self._derivatives(self.left)
        return [*self._derivatives(self.tokens), ("end", "", min(end, len(self.source.text)))]

    # ------------------------------------------------------------ operands

    def _multiply(self, at: int) -> None:
        if self._complete:
            self.tokens.append(("sign", "*", at))
        self._complete = False

    def _operand(self, kind: str, word: str, at: int) -> None:
        if self._complete and kind == "number":
            raise self.source.error("a sign is missing before this number", at)
        if not (self.tokens and self.tokens[-1][1] == "∂"):
            self._multiply(at)
        self.tokens.append(("number" if kind == "constant" else kind, word, at))
        self._end_operand(at)

    def _end_operand(self, at: int) -> None:
        self.tokens += [("sign", ")", at)] * self._waiting
        self._waiting = 0
        self._complete = True

    def _power(self, digits: str, at: int) -> None:
        if not self._complete:
            raise self.source.error("this exponent belongs to nothing", at)
        minus: list[Token] = [("sign", "-", at)] if digits[0] == "-" else []
        self.tokens += [("sign", "**", at), *minus, ("number", digits.lstrip("-"), at)]

    def _ends_here(self, sign: str, rest: list[Mark], at: int) -> bool:
        """Whether the formula is over: what follows are its numbers, `... = 0.68·0.12 ≈ 0.0802`."""
        if len(self._opened) > 1 or not self.tokens or self._is_left_side():
            return False
        if self._y.op == "equal" and sign == "=":
            return False
        if any(kind == "name" for kind, _, _ in rest):
            raise self.source.error(f'a second formula after this "{sign}": write only one', at)
        return bool(rest)

    def _derivatives(self, tokens: list[Token]) -> list[Token]:
        """The tokens with ∂y/∂x, with or without brackets around its parts, as one name."""
        if all(word != "∂" for _, word, _ in tokens):
            return tokens
        found: list[Token] = []
        i = 0
        while i < len(tokens):
            for shape in _SHAPES:
                part = tokens[i : i + len(shape)]
                if len(part) == len(shape) and all(map(_fits, part, shape)):
                    upper, lower = (word for kind, word, _ in part if kind == "name")
                    word = f"∂{upper}/∂{lower}"
                    self.derivatives[word] = upper, lower
                    found.append(("name", word, tokens[i][2]))
                    i += len(shape)
                    break
            else:
                if tokens[i][1] == "∂":
                    problem = "∂ stands only in the symbol of a derivative, ∂y/∂x"
                    raise self.source.error(problem, tokens[i][2])
                found.append(tokens[i])
                i += 1
        return found

    # ------------------------------------------------------------ signs and brackets

    def _sign(self, sign: str, at: int) -> None:
        if sign in CLOSES:
            self._open(sign, at)
        elif sign in CLOSES.values():
            self._close(sign, at)
        elif sign == "|":
            self._bar(at)
        elif sign in ("=", "≈") and len(self._opened) == 1 and self._is_left_side():
            self.left, self.tokens = self.tokens, []
            self._complete = False
        elif sign in cases.SIGNS:
            self._case(sign, at)
        elif sign in COMPARISONS:
            self._opened[-1].compared.append((len(self.tokens), sign, at))
            self.tokens.append(("sign", "?", at))
            self._complete = False
        elif sign == "frac":
            self._open("(", at)
            self._opened[-1].close, self._role = "", "over"
        elif sign == "under":
            self._multiply(at)
            self._role = "under"
        elif sign == ",":
            self._compare(self._opened[-1])
            self.tokens.append(("sign", ",", at))
            self._opened[-1].start = len(self.tokens)
            self._complete = False
        elif sign in ("≈", "→", "_"):
            raise self.source.error(f'"{sign}" has no meaning here', at)
        elif sign:
            if sign == "∂":
                self._multiply(at)
            self.tokens.append(("sign", sign, at))
            self._complete = False

    def _open(self, sign: str, at: int) -> None:
        role, self._role = self._role or sign, ""
        if role != "below":
            self._multiply(at)
        self.tokens.append(("sign", "(", at))
        waiting, self._waiting = self._waiting, 0
        self._opened.append(_Open(CLOSES[sign], role, len(self.tokens)))
        if waiting:
            raise self.source.error("write the brackets of each function", at)
        self._complete = False

    def _close(self, sign: str, at: int) -> None:
        opened = self._opened.pop()
        if not self._opened or opened.close != sign:
            wanted = (
                f'"{opened.close}" is wanted here'
                if opened.close
                else f'nothing is open for this "{sign}"'
            )
            raise self.source.error(wanted, at)
        self._compare(opened)
        self.tokens.append(("sign", ")", at))
        self._complete = True
        if opened.role == "over":
            self.tokens.append(("sign", "/", at))
            self._complete = False
            self._role = "below"
        elif opened.role == "below":
            self._opened.pop()
            self.tokens.append(("sign", ")", at))

    def _bar(self, at: int) -> None:
        """A bar closes what a bar has opened, where an operand is complete; otherwise it opens."""
        opened = self._opened[-1]
        if opened.role == "|" and self._complete:
            self._opened.pop()
            self._compare(opened)
            self.tokens.append(("sign", ")", at))
            if self._opened[-1].role == "call":  # σ|x|
                self._opened.pop()
                self.tokens.append(("sign", ")", at))
        else:
            self._multiply(at)
            self.tokens += [("name", "absolute", at), ("sign", "(", at)]
            self._opened.append(_Open("|", "|", len(self.tokens)))

    def _case(self, sign: str, at: int) -> None:
        """Gather the values and conditions of cases, and write them as calls of where."""
        opened = self._opened[-1]
        if sign == cases.BEGIN:
            self._multiply(at)
            self.tokens.append(("sign", "(", at))
            self._opened.append(_Open(cases.END, "cases", len(self.tokens)))
            return
        if opened.role != "cases":
            raise self.source.error("this stands only between cases", at)
        self._compare(opened)
        opened.cells.append(self.tokens[opened.start :])
        del self.tokens[opened.start :]
        if sign != cases.CELL and len(opened.cells) % 2:
            opened.cells.append([])  # a row without a condition
        self._complete = sign == cases.END
        if sign == cases.END:
            self._opened.pop()
            if not any(opened.cells[-2:]):
                del opened.cells[-2:]  # the last row may end in \\ too
            self.tokens += cases.chosen(opened.cells, self.source, at)
            self.tokens.append(("sign", ")", at))

    # ------------------------------------------------------------ comparisons

    def _is_left_side(self) -> bool:
        """Whether the tokens so far are ∂E/∂w, or one name: what the formula is said to be."""
        if len(self.tokens) > LONGEST_LEFT:
            return False
        words = {word for _, word, _ in self.tokens}
        kinds = [kind for kind, _, _ in self.tokens]
        symbol = "∂" in words and not words & {"+", "*", "**", ",", "?"} and "number" not in kinds
        atom = self._atoms.get(self.tokens[0][1]) if kinds == ["name"] else None
        is_y = atom is self._y or isinstance(atom, tuple)
        return not self.left and (symbol or is_y)

    def _compare(self, opened: _Open) -> None:
        """Write comparisons as calls: `x < y` as less(x, y), `[x > 0]` as the slope of relu."""
        if not opened.compared:
            return
        tokens = self.tokens[opened.start :]
        cuts = [index - opened.start for index, _, _ in opened.compared]
        parts = [tokens[a + 1 : b] for a, b in zip([-1, *cuts], [*cuts, len(tokens)], strict=True)]
        signs = [sign for _, sign, _ in opened.compared]
        at = opened.compared[0][2]
        ways = {sign[0] for sign in signs}  # 0 < x > 1 says nothing of 0 and 1
        if len(parts) > 3 or not all(parts) or (len(parts) == 3 and (len(ways) > 1 or "=" in ways)):
            raise self.source.error("a comparison has a number or a name on either side", at)
        if signs[0] in (">", ">="):
            parts.reverse()
        op = {"=": "equal", "<=": "less_equal", ">=": "less_equal"}.get(signs[0], "less")
        if len(parts) == 3:
            op, parts = "clamp_slope", [parts[1], parts[0], parts[2]]
        elif op == "less" and opened.role == "[":
            op, parts = "maximum_share", parts[::-1]
            if [word for _, word, _ in parts[1]] == ["0"]:
                op, parts = "relu_slope", parts[:1]
        del self.tokens[opened.start :]
        self.tokens += [("name", op, at), ("sign", "(", at)]
        for i, part in enumerate(parts):
            self.tokens += [("sign", ",", at)] if i else []
            self.tokens += part
        self.tokens.append(("sign", ")", at))
        opened.compared.clear()


_SHAPES = ("∂x/∂x", "(∂x)/(∂x)", "((∂x)/(∂x))", "(∂x)/∂x", "∂x/(∂x)")


def _fits(token: Token, sign: str) -> bool:
    return token[0] == "name" if sign == "x" else token[:2] == ("sign", sign)
