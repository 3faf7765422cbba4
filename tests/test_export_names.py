"""Names are inert in exported texts: they compile, run, and do nothing but name.

The same graph is exported with plain names and with hostile ones; every language compiles both
without a warning and computes the same numbers.
"""

import ast
import re

import pytest
from languages import CFLAGS, RUNNERS, Case, call, compile_c, eager, load, needs, ulps

import autodiff as ad
from autodiff.export import LANGUAGES, export
from autodiff.export.identifiers import Identifiers, ascii_name, inert

HOSTILE = [
    "*/ int evil(void) { return 1; } /*",
    "*/ throw new Error('evil'); /*",
    "//*/ evil",
    "x\nimport os; os.abort()",
    "x\r\nthrow 1;",
    "x\\",
    "x\\\n#error evil",
    "x??/",
    "x ??/\n#error evil",
    "</script><script>alert(1)</script>",
    "<!-- x",
    "--> x",
    "\u2028throw 1;",
    "\u2029throw 1;",
    "\u202e evil",
    "\0",
    "\ud800",
    "'''",
    '"""',
    '"); abort(); ("',
    "`${evil()}`",
    "%s%n",
    "# -*- coding: utf-7 -*-",
    "#include <evil.h>",
    "@# sourceMappingURL=evil",
    "/*# sourceMappingURL=evil */",
    "\x1b[31m",
    "{}",
    "{0}",
    "\\u002a/",
    "__import__('os').abort()",
    "λ",
    "δ_o1",
    "größe",
    "权重",
    "e\u0301",
    "a-b",
    "a_b",
    "a.b",
    "a b",
    "3",
    "_",
    "__",
    "w#2",
]
WORDS = """
    int double for if const return static main inputs outputs gradient exp sigmoid square pow fabs
    in let class function var new delete this await yield arguments eval Math Number NaN Infinity
    def lambda None True False print float abs math np jnp jax inf nan where t1 t2 f f_sigmoid
    f_square NAN INFINITY EDOM linux unix I M_PI y1 j0 __FILE__ __LINE__ _Bool __proto__
    constructor undefined null async match case type div power
""".split()
ALL = HOSTILE + WORDS


def named(names):
    """A graph with a leaf, a constant and two computed Values named by each group of names."""
    leaves = [ad.Value(0.25 + 0.01 * i, name) for i, name in enumerate(names)]
    total = None
    for i, leaf in enumerate(leaves):
        node = (leaf * (0.5 + i)).sigmoid()
        total = node if total is None else (total + node.square())
        if i % 3 == 0:
            total.named(f"{names[i]}!")
    return total, leaves[::2]


@pytest.fixture(scope="module")
def case():
    y, inputs = named(ALL)
    point = tuple(0.1 + 0.01 * i for i in range(len(inputs)))
    return Case(y, inputs, [point])


@pytest.mark.parametrize("to", RUNNERS)
def test_hostile_names_do_nothing(to, case, tmp_path):
    y, inputs = named([f"n{i}" for i in range(len(ALL))])
    plain = Case(y, inputs, case.points)
    [[found]] = RUNNERS[to]([case], tmp_path)
    [[expected]] = RUNNERS[to]([plain], tmp_path)
    assert found == expected
    assert all(ulps(a, b) < 1000 for a, b in zip(found, eager(case)[0], strict=True))


@pytest.mark.parametrize("to", RUNNERS)
@pytest.mark.parametrize("name", [*HOSTILE[:12], "exp", "double", "out"])
def test_one_hostile_name_alone(to, name, tmp_path):
    x = ad.Value(0.5, name)
    case = Case((x * 2.0).named(f"{name} "), [x], [(0.5,)])
    assert RUNNERS[to]([case], tmp_path) == [[[1.0, 2.0]]]


@pytest.mark.parametrize("to", LANGUAGES)
def test_a_text_is_printable_ascii(to, case):
    text = case.text(to)
    assert all(c == "\n" or c.isprintable() for c in text)
    assert text.isascii()
    for word in ("</script", "<!--", "-->", "??", "\\u", "//#"):
        assert word not in text.replace("\\'s", "")
    assert not re.search(r"\\$", text, re.MULTILINE)


def test_comments_end_where_they_should(case):
    """What is left of the C text without comments has nothing of the names in it."""
    code = re.sub(r"/\*.*?\*/", "", case.text("c"), flags=re.DOTALL)
    assert "evil" not in re.sub(r"\bv?\w*evil\w*\b", "", code)
    assert not set(code) & set("'`@$")


@pytest.mark.parametrize("to", ["python", "numpy", "jax"])
def test_python_texts_have_only_functions(to, case):
    kinds = {type(node) for node in ast.parse(case.text(to)).body}
    assert kinds <= {ast.Expr, ast.Import, ast.ImportFrom, ast.FunctionDef}


@pytest.mark.parametrize("standard", ["c99", "gnu99", "c11", "gnu17"])
def test_trigraphs_and_standards(standard, case, tmp_path):
    needs("cc")
    flags = [f for f in CFLAGS if not f.startswith("-std")] + [f"-std={standard}", "-trigraphs"]
    compile_c(case.text("c") + "int main(void) { return 0; }\n", tmp_path, flags=flags)


def test_the_text_is_a_header_for_cpp_too(case, tmp_path):
    needs("c++")
    user = '#include "f.h"\nint main() { return 0; }\n'
    (tmp_path / "f.h").write_text(case.text("c"))
    (tmp_path / "user.cpp").write_text(user)
    call("c++", "-std=c++17", "-Wall", "-Wno-unused-function", "user.cpp", cwd=tmp_path)


def test_identifiers_are_unlike():
    names = Identifiers({"int"})
    made = [names.new(label) for label in ["a.b", "a_b", "a-b", "a_b_2", "int", "", "\0", "3"]]
    assert len(set(made)) == len(made)
    assert all(re.fullmatch(r"[A-Za-z]\w*", name, re.ASCII) for name in made)
    assert made[:3] == ["a_b", "a_b_2", "a_b_3"]


def test_long_names_stay_within_the_standard():
    names = Identifiers(())
    made = [names.new("w" * 500), names.new("w" * 501)]
    assert made[0] != made[1]
    assert max(map(len, made)) < 63


@pytest.mark.parametrize("label", ALL)
def test_ascii_name_and_inert(label):
    assert re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", ascii_name(label))
    said = inert(label)
    assert said.isascii()
    assert said.isprintable()
    assert "*/" not in said


@pytest.mark.parametrize("to", LANGUAGES)
@pytest.mark.parametrize("name", ["", "3f", "a b", "int*", "é", "f;g", "_", "a__b"])
def test_the_name_of_the_function_is_an_identifier(to, name):
    x = ad.Value(1.0, "x")
    with pytest.raises(ValueError, match="cannot be the name of a function"):
        export(x.exp(), x, to, name=name)


def test_the_name_is_used():
    x = ad.Value(1.0, "x")
    assert load(export(x.exp(), x, "python", name="rate")).rate(0.0) == 1.0
