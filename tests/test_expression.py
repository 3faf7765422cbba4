"""Formulas as text: what they mean, what is refused in which words, what a long one costs."""

import math
import pickle
import re
import threading
import time
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from autodiff.expression import ParseError, parse, parse_lines, read_expression, read_lines
from autodiff.op import TABLE
from autodiff.syntax import WEB, Limits, Source, postfix, shortened, tokenise, visible
from autodiff.value import Value

# ---------------------------------------------------------------- what a formula means

# Each row: a text, and the same in Python arithmetic with x = 3, y = -2.
MEANINGS = [
    ("2*3", 6.0),
    ("-x**2", -9.0),
    ("(-x)**2", 9.0),
    ("2**-1", 0.5),
    ("2**3**2", 512.0),
    ("2**-1*3", 1.5),
    ("2**-1**2", 0.5),
    ("x - y - 1", 4.0),
    ("x/y/2", -0.75),
    ("x - y + 1", 6.0),
    ("x/y*2", -3.0),
    ("1e308 + 1e308 + -1e308", math.inf),  # from the left
    ("1e308*10*.1", math.inf),
    ("--x", 3.0),
    ("+-+x", -3.0),
    ("x*-y", 6.0),
    ("5. + .5 + 1e-3 + 2.5E+2", 255.501),
    ("1e999", math.inf),
    ("1/0", math.inf),
    ("9**9**9", math.inf),
    ("max(x, y) + min(x, y)", 1.0),
    ("abs(y) + pow(x, 2)", 11.0),
    ("2**-x**2*ln(x)/x", 2.0**-9 * math.log(3) / 3),
    ("arctan(y) - atan(y)", 0.0),
    ("sum(x, y, 1, 2)", 4.0),
    ("sum(x)", 3.0),
    ("dot(1, 2, x, y)", -1.0),
    ("leaky_relu(y)", -0.02),
    ("leaky_relu(y, 0.5)", -1.0),
    ("clamp(x, y, 1)", 1.0),
    ("where(less(x, y), 1, 2)", 2.0),
    ("\tx\n +\r\n y # a comment", 1.0),
]


@pytest.mark.parametrize(("text", "wanted"), MEANINGS, ids=[text for text, _ in MEANINGS])
def test_meaning(text: str, wanted: float) -> None:
    result = parse(text, x=3, y=-2)
    assert type(result) is Value
    assert result.data == pytest.approx(wanted, rel=1e-15)


@pytest.mark.parametrize("row", TABLE.values(), ids=TABLE)
def test_every_op_of_the_table_can_be_called(row: Any) -> None:
    for name in (row.name, *row.aliases):
        count = row.arity or 2
        numbers = [0.3, 0.7, 0.2][:count]
        expected = row(*numbers) if row.arity else row(numbers)
        variables = dict(zip("abc", numbers, strict=False))
        result = parse(f"{name}({', '.join(list(variables)[:count])})", **variables)
        assert repr(result.data) == repr(expected)  # nan is nan
        assert result.op == row.name


def test_numbers_become_named_leaves_and_values_stay() -> None:
    w = Value(0.5)
    y = parse("w*x", w=w, x=2)
    assert y.args[0] is w
    assert w.name == ""
    assert repr(y.args[1]) == "Value(x=2)"
    assert parse("w", w=w) is w
    y.backward()
    assert w.grad == 2.0


def test_a_name_may_be_a_function_and_a_variable() -> None:
    assert parse("max(max, 2) + text", max=5, text=1).data == 6.0


def test_lines_give_waypoints_in_order() -> None:
    graph = parse_lines(
        "# a neuron\nw = 0.5\r\n\nz = w*x + b   # weighted sum\n  out = sigmoid(z)\n", x=1, b=0
    )
    assert list(graph) == ["x", "b", "w", "z", "out"]
    assert [v.name for v in graph.values()] == ["x", "b", "w", "z", "out"]
    assert graph["out"].args == (graph["z"],)
    assert graph["w"].op == ""


def test_a_line_that_repeats_a_value_is_an_alias() -> None:
    graph = parse_lines("y = x\nz = +y", x=Value(2.0))
    assert graph["x"].name == ""
    assert [graph[name].op for name in "yz"] == ["alias", "alias"]
    assert [graph[name].data for name in "yz"] == [2.0, 2.0]


def test_a_semicolon_ends_a_line() -> None:
    graph = parse_lines("z = w*x; y = z**2;; # here; is a comment\nE = y + z", w=2, x=3)
    assert list(graph) == ["w", "x", "z", "y", "E"]
    assert graph["E"].data == 42.0
    with pytest.raises(ParseError) as caught:
        parse_lines("a = 1\nz = a; z2 = z*")
    assert (caught.value.line, caught.value.column) == (2, 15)


def test_no_lines_are_no_error() -> None:
    assert parse_lines("") == {}
    assert list(parse_lines("# nothing\n\n", x=1)) == ["x"]


# ---------------------------------------------------------------- against Python's own arithmetic

NUMBER = re.compile(r"(?<![A-Za-z_0-9.])[0-9.]+(?:e[+-]?[0-9]+)?")


class Spelled(str):
    """What Python's own parser makes of a formula, op by op: no rounding hides a wrong bracket."""

    def __add__(self, other: str) -> "Spelled":
        return Spelled(f"add({self}, {other})")

    def __sub__(self, other: str) -> "Spelled":
        return Spelled(f"sub({self}, {other})")

    def __mul__(self, other: Any) -> "Spelled":
        return Spelled(f"mul({self}, {other})")

    def __truediv__(self, other: str) -> "Spelled":
        return Spelled(f"div({self}, {other})")

    def __pow__(self, other: str) -> "Spelled":
        return Spelled(f"power({self}, {other})")

    def __neg__(self) -> "Spelled":
        return Spelled(f"neg({self})")

    def __pos__(self) -> "Spelled":
        return self


def spelled_steps(text: str) -> str:
    """The same spelling from our own steps."""
    source = Source(text)
    stack: list[str] = []
    for kind, word, count, _ in postfix(tokenise(source), source):
        taken = [stack.pop() for _ in range(count)][::-1]
        leaf = repr(float(word)) if kind == "number" else word
        stack.append(f"{word}({', '.join(taken)})" if kind == "apply" else leaf)
    assert len(stack) == 1
    return stack[0]


numbers = st.one_of(
    st.integers(0, 9).map(str),
    st.floats(0, 1e6, allow_nan=False).map(repr),
    st.sampled_from(["1.", ".5", "2e3", "1e-2", "0", "1.5e+2"]),
)
signs = st.sampled_from(["+", "-", "*", "/", "**"])
spaces = st.sampled_from(["", "", " ", "  ", "\n"])


def flat(operands: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Operands with signs before and between them and no brackets: all is left to precedence."""
    signed = st.tuples(st.sampled_from(["", "", "-", "+", "- -"]), spaces, operands).map("".join)
    tail = st.lists(st.tuples(spaces, signs, spaces, signed).map("".join), max_size=5)
    return st.tuples(signed, tail.map("".join)).map("".join)


def nested(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        inner.map(lambda e: f"({e})"),
        st.tuples(inner, inner).map(lambda pair: f"max({pair[0]} , {pair[1]})"),
        inner.map(lambda e: f"abs ({e})"),
    )


atoms = st.one_of(numbers, st.sampled_from(["x", "y", "z"]))
formulas = st.recursive(flat(atoms), lambda inner: flat(st.one_of(atoms, nested(inner))))


@settings(max_examples=400)
@given(formulas)
def test_formulas_are_bracketed_as_in_python(text: str) -> None:
    names: dict[str, Any] = {name: Spelled(name) for name in ("x", "y", "z")}
    for function in ("max", "abs"):
        names[function] = lambda *args, f=function: Spelled(f"{f}({', '.join(args)})")
    python = NUMBER.sub(lambda found: f"N('{found[0]}')", text)
    names["N"] = lambda word: Spelled(repr(float(word)))
    assert spelled_steps(text) == eval(f"({python})", {"__builtins__": {}}, names)


@settings(max_examples=400)
@given(formulas)
def test_formulas_have_the_value_that_values_have_in_python(text: str) -> None:
    names: dict[str, Any] = {"x": Value(1.5), "y": Value(-0.75), "z": Value(2.0)}
    functions = {
        "max": TABLE["maximum"],
        "abs": TABLE["absolute"],
        "N": lambda word: Value(float(word)),
    }
    python = NUMBER.sub(lambda found: f"N('{found[0]}')", text)
    wanted = eval(f"({python})", {"__builtins__": {}}, names | functions)
    assert repr(parse(text, **names).data) == repr(wanted.data)


@settings(max_examples=1000)
@given(st.one_of(st.text(), st.text(alphabet="xk12.e+-*/(), =\n#^[]'\"\x00\u202e\ud800аmin")))
def test_any_text_is_a_formula_or_a_parse_error(text: str) -> None:
    for read in (parse, parse_lines):
        message = refusal(read, text)
        lines = message.encode("utf-8").decode().split("\n")
        assert "column " in lines[0] or not message
        assert lines[-1].strip() == "^" or not message
        assert all(line.isprintable() for line in lines)


def refusal(read: Any, text: str) -> str:
    """The message of the ParseError, or nothing; any other exception fails the test."""
    try:
        read(text, x=1.0)
    except ParseError as error:
        return str(error)
    return ""


# ---------------------------------------------------------------- errors, word for word

WRONG = [
    (
        "w*x + k",
        """
column 7: k has no value yet; write for example parse(..., k=1.0)
  w*x + k
        ^""",
    ),
    (
        "2*(x + )",
        """
column 8: expected a number, a name or "(", found ")"
  2*(x + )
         ^""",
    ),
    (
        "2*(x +",
        """
column 7: expected a number, a name or "(", found the end
  2*(x +
        ^""",
    ),
    (
        "2*max(x, (1)",
        """
column 3: "max(" is never closed
  2*max(x, (1)
    ^""",
    ),
    (
        "x + 1)",
        """
column 6: there is no "(" before this ")"
  x + 1)
       ^""",
    ),
    (
        "2x",
        """
column 2: expected an operator, found "x"; write 2*x to multiply
  2x
   ^""",
    ),
    (
        "sigmoid x",
        """
column 9: expected an operator, found "x"; write sigmoid(x), or sigmoid*x to multiply
  sigmoid x
          ^""",
    ),
    (
        "3(x + 1)",
        """
column 2: expected an operator, found "("; write 3*(...) to multiply
  3(x + 1)
   ^""",
    ),
    (
        "x^2",
        """
column 2: unexpected "^"; write ** for a power
  x^2
   ^""",
    ),
    (
        "x²",
        """
column 2: unexpected "²" (U+00B2 SUPERSCRIPT TWO); write **2
  x²
   ^""",
    ),
    (
        "|x|",
        """
column 1: unexpected "|"; write abs(...)
  |x|
  ^""",
    ),
    (
        "x; x",
        """
column 2: expected an operator, found ";"; parse_lines reads several formulas
  x; x
   ^""",
    ),
    (
        "2*pi*x",
        """
column 3: pi has no value yet; write for example parse(..., pi=3.141592653589793)
  2*pi*x
    ^""",
    ),
    (
        "x.__class__",
        """
column 2: unexpected "."; there are no attributes; a decimal point needs a digit beside it
  x.__class__
   ^""",
    ),
    (
        "x = 2",
        """
column 3: expected an operator, found "="; parse_lines reads lines such as z = w*x + b, with one =
  x = 2
    ^""",
    ),
    (
        "(x, 2)",
        """
column 3: a comma stands only between the arguments of a function
  (x, 2)
    ^""",
    ),
    (
        "0,5*x",
        """
column 2: a comma stands only between the arguments of a function; a number has a decimal point: 0.5
  0,5*x
   ^""",
    ),
    (
        "x + 2,",
        """
column 6: a comma stands only between the arguments of a function
  x + 2,
       ^""",
    ),
    (
        "1 + sigmod(x)",
        """
column 5: the table has no op called 'sigmod'; did you mean sigmoid or logsigmoid or sigmoid_bend?
  1 + sigmod(x)
      ^""",
    ),
    (
        "x(2)",
        """
column 1: x is no function; write x*(...) to multiply
  x(2)
  ^""",
    ),
    (
        "sigmoid + 1",
        """
column 1: sigmoid is a function and has no value; write sigmoid(x)
  sigmoid + 1
  ^""",
    ),
    (
        "leaky_relu(1, 2, 3)",
        """
column 1: leaky_relu(x, slope=0.01) takes 1 to 2 arguments, not 3
  leaky_relu(1, 2, 3)
  ^""",
    ),
    (
        "1 - softmax(x, 2)",
        """
column 5: softmax has several results; one of them is exp(a - logsumexp(a, b, c))
  1 - softmax(x, 2)
      ^""",
    ),
    (
        "dot(1, 2, 3)",
        """
column 1: dot takes x1, ..., xn, y1, ..., yn, not 3 arguments
  dot(1, 2, 3)
  ^""",
    ),
    (
        "x + \u0430",
        """
column 5: unexpected "а" (U+0430 CYRILLIC SMALL LETTER A); names are ASCII letters, digits, _
  x + а
      ^""",
    ),
    (
        "x\t+ \x1b[2J",
        """
column 5: unexpected "\\x1b" (U+001B a character that cannot be seen)
  x + \\x1b[2J
      ^""",
    ),
    (
        "x +\n2 * * 3",
        """
line 2, column 5: expected a number, a name or "(", found "*"
  2 * * 3
      ^""",
    ),
    (
        "1 + abs(x",
        """
column 5: "abs(" is never closed
  1 + abs(x
      ^""",
    ),
    (
        "abs(x*(2 + sin(1",
        """
column 12: "sin(" is never closed
  abs(x*(2 + sin(1
             ^""",
    ),
    (
        "x " + "y" * 41,
        f"""
column 3: expected an operator, found "{"y" * 40}"; write * to multiply
  x {"y" * 30}...
    ^""",
    ),
    (
        "? " + "+x" * 14,
        f"""
column 1: unexpected "?"
  ? {"+x" * 14}
  ^""",
    ),
    (
        "x + " * 30 + "?" + " + x" * 30,
        """
column 121: unexpected "?"
  ...+ x + x + x + x + x + x + x + x + x + x + x + x + ? + x + x + x + x + x + x + x ...
                                                       ^""",
    ),
]


@pytest.mark.parametrize(("text", "message"), WRONG, ids=[ascii(text[:20]) for text, _ in WRONG])
def test_error(text: str, message: str) -> None:
    with pytest.raises(ParseError) as caught:
        parse(text, x=1, w=2)
    assert str(caught.value) == message.lstrip("\n")
    assert isinstance(caught.value, ValueError)


WRONG_LINES = [
    (
        "z = w*x\nq = z + k",
        """
line 2, column 9: k has no value yet; write for example "k = 1.0"
  q = z + k
          ^""",
    ),
    (
        "\nw*x",
        """
line 2, column 1: expected a line such as z = w*x + b
  w*x
  ^""",
    ),
    (
        "2 = w",
        """
line 1, column 1: expected a line such as z = w*x + b
  2 = w
  ^""",
    ),
    (
        "z = 1\nz = 2",
        """
line 2, column 1: z has a value already
  z = 2
  ^""",
    ),
    (
        "z =   # nothing",
        """
line 1, column 4: expected a number, a name or "(", found the end
  z =   # nothing
     ^""",
    ),
    (
        "z = (1 +\n2)",
        """
line 1, column 9: expected a number, a name or "(", found the end
  z = (1 +
          ^""",
    ),
]


@pytest.mark.parametrize(("text", "message"), WRONG_LINES, ids=[t for t, _ in WRONG_LINES])
def test_error_in_lines(text: str, message: str) -> None:
    with pytest.raises(ParseError) as caught:
        parse_lines(text, x=1, w=2)
    assert str(caught.value) == message.lstrip("\n")


def test_a_parse_error_survives_pickling() -> None:
    with pytest.raises(ParseError) as caught:
        parse_lines("z = (")
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (str(copy), copy.line, copy.column) == (str(caught.value), 1, 6)


@pytest.mark.parametrize("text", [b"x", None, 3])
def test_a_formula_is_text(text: Any) -> None:
    with pytest.raises(TypeError, match="a formula is a str, not "):
        parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "().__class__.__mro__[1].__subclasses__()",
        "__import__('os')",
        "exec(x)",
        "lambda: x",
        "x if x else x",
        "[x for x in x]",
        "sin.__self__",
        "x; x",
        "f'{x}'",
        "x := 1",
        "0x10",
        "1_000",
        "1j",
        "\uff11 + 1",
        "x @ x",
        "x // x",
        "not x",
        "None",
        "max(x, key=x)",
        "max(*x)",
    ],
)
def test_nothing_of_python_but_arithmetic(text: str) -> None:
    with pytest.raises(ParseError):
        parse(text, x=1)


# ---------------------------------------------------------------- limits


@pytest.mark.parametrize(
    "text",
    [
        "(" * 100_000 + "x" + ")" * 100_000,
        "-" * 100_000 + "x",
        "**".join(["x"] * 100_000),
        "abs(" * 100_000,
        "x**-" * 100_000 + "x",
    ],
    ids=["brackets", "signs", "powers", "calls", "mixed"],
)
def test_depth_is_bounded(text: str) -> None:
    started = time.process_time()
    with pytest.raises(ParseError, match="nested more than 200 deep"):
        parse(text, x=1)
    assert time.process_time() - started < 2


@pytest.mark.parametrize("wrap", ["({})", "1+2*({})", "-{}", "abs({})"])
def test_two_hundred_levels_are_allowed(wrap: str) -> None:
    text = wrap.replace("{}", "") or ""
    before, after = wrap.split("{}")
    assert text
    parse(before * 200 + "x" + after * 200, x=1)
    with pytest.raises(ParseError, match="nested"):
        parse(before * 201 + "x" + after * 201, x=1)


def test_a_long_sum_is_linear_and_does_not_recurse() -> None:
    """Half a million terms, in a thread with a stack of 256 KiB."""
    results: list[Value] = []
    size = threading.stack_size(256 * 1024)
    try:
        thread = threading.Thread(target=lambda: results.append(parse("x" + "+x" * 499_999, x=1)))
        thread.start()
        thread.join(60)
    finally:
        threading.stack_size(size)
    assert results[0].data == 500_000


def test_a_text_that_is_too_long_is_not_read() -> None:
    started = time.process_time()
    with pytest.raises(ParseError, match="the text has 2,000,001 characters, at most 1,000,000"):
        parse("x" + "+1" * 1_000_000, x=1)
    assert time.process_time() - started < 0.5


def test_a_number_of_a_million_digits_is_a_float_at_once() -> None:
    assert parse("9" * 999_999).data == math.inf
    assert parse("0." + "3" * 999_990).data == 1 / 3


@pytest.mark.parametrize("most", [9, 10, 600])
def test_a_long_sentence_keeps_its_ends(most: int) -> None:
    text = "".join(chr(97 + i % 26) for i in range(most + 1))
    short = shortened(text, most)
    ends = (most - 3) // 2
    assert short == f"{text[:ends]}...{text[-ends:]}"
    assert most - 1 <= len(short) <= most
    assert shortened(text[:most], most) == text[:most]


def test_a_long_sentence_of_an_error_has_six_hundred_characters() -> None:
    assert len(shortened("x" * 600)) == 600
    assert shortened("x" * 601) == f"{'x' * 298}...{'x' * 298}"


def test_what_would_shift_the_caret_is_an_escape() -> None:
    assert visible("½ a\u0301 \u4e2d") == "½ a\\u0301 \\u4e2d"


@pytest.mark.parametrize("lines", [1, 2])
def test_a_line_is_counted_from_the_very_first(lines: int) -> None:
    with pytest.raises(ParseError) as error:
        parse("\n" * lines + ")")
    assert (error.value.line, error.value.column) == (lines + 1, 1)


def test_limits_are_met_exactly() -> None:
    assert read_expression("x + 1", {"x": 1}, Limits(characters=5, nodes=3, variables=1)).data == 2
    for text, limits, column, message in [
        ("x + 1", Limits(characters=4), 5, "has 5 characters, at most 4"),
        ("-x + 1", Limits(nodes=3), 4, "more than 3 numbers"),
        ("x + 1 + 2", Limits(nodes=3), 7, "more than 3 numbers"),
        ("x + y + x", Limits(variables=1), 7, "more than 1 variables"),
    ]:
        with pytest.raises(ParseError, match=message) as error:
            read_expression(text, {"x": 1, "y": 1}, limits)
        assert error.value.column == column


def test_limits_for_strangers() -> None:
    assert read_expression("x+" * 4_000 + "x", {"x": 1}, Limits(characters=10_000)).data == 4_001
    refused = {
        "x+" * 5_000 + "x": "at most 10,000 are read",
        "x+" * 4_000 + "x": "more than 5,000 numbers, names and ops",
        "+".join(f"v{i}" for i in range(65)): "more than 64 variables",
    }
    for text, message in refused.items():
        with pytest.raises(ParseError, match=message):
            read_expression(text, {"x": 1}, WEB)
    with pytest.raises(ParseError, match=r"line 33, column 1.: more than 64 variables"):
        read_lines("\n".join(f"z{i} = a{i} + b{i}" for i in range(40)), AB, WEB)


def test_limits_are_given_by_name() -> None:
    with pytest.raises(TypeError, match="positional"):
        Limits(10_000)  # type: ignore[misc]


AB = {f"{name}{i}": 1.0 for name in "ab" for i in range(40)}


# ---------------------------------------------------------------- the parts, for other dialects


def test_another_dialect() -> None:
    """`^`, square brackets and a factor put before a bracket, by rewriting tokens."""
    source = Source("2[x + 1]^2")
    patterns = {"number": r"[0-9]+", "name": "[a-z]+", "sign": r"[-+*/^\[\]]", "space": " +"}
    spelling = {"^": "**", "[": "(", "]": ")"}
    tokens = []
    for kind, word, at in tokenise(source, patterns):
        if word == "[" and tokens and tokens[-1][0] in ("number", "name"):
            tokens.append(("sign", "*", at))
        tokens.append((kind, spelling.get(word, word), at))
    steps = postfix(tokens, source)
    assert [word for _, word, _, _ in steps] == ["2", "x", "1", "add", "2", "power", "mul"]
    assert steps[0] == ("number", "2", 0, 0)
    assert steps[1] == ("name", "x", 0, 2)
    assert steps[3] == ("apply", "add", 2, 4)


def test_what_stands_behind_an_empty_statement_counts() -> None:
    assert [*parse_lines("; z = 2*w; ; y = z*z;", w=3.0)] == ["w", "z", "y"]


@pytest.mark.parametrize(
    ("line", "hint"),
    [("f(x) = 2*x", "; write f = ... without brackets"), ("w*x", ""), ("(w)", ""), ("2(w", "")],
)
def test_a_line_that_is_no_definition_says_what_to_write(line: str, hint: str) -> None:
    with pytest.raises(ParseError) as caught:
        parse_lines(line, w=3.0, x=2.0)
    assert caught.value.problem == f"expected a line such as z = w*x + b{hint}"
