"""LaTeX of formulas and derivations: what it says, what it may contain, and that KaTeX takes it."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from pages import HOSTILE, derivations, formulas, seed003, text_of
from rows import user_rows

import autodiff as ad
from autodiff.formula import formula_latex
from autodiff.formula.latex import Latex, broken, tidy, width
from autodiff.formula.symbols import visible
from autodiff.formula.terms import Name, Product, raised
from autodiff.names import labels

KATEX = """
const katex = require(process.argv[1]);
const options = {throwOnError: true, strict: "error", displayMode: true, output: "mathml"};
const check = s => {
  try { return {error: "", html: katex.renderToString(s, options)}; }
  catch (e) { return {error: e.message, html: ""}; }
};
const given = JSON.parse(require("fs").readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(given.map(check)));
"""
COMMANDS = set(
    r"\frac \tfrac \partial \mathrm \text \cdot \cdots \ldots \underbrace \sqrt \left \right \quad"
    r" \qquad \begin \end \mathrel \operatorname \prime \approx \le \to \infty \odot \top \times"
    r" \nabla \surd \hline \backslash \sim \wedge \sin \cos \tan \arcsin \arccos \arctan \sinh"
    r" \cosh \tanh \exp \log \ln \max \min \alpha \delta \eta \sigma \phi \pi \Omega".split()
)
ENVIRONMENTS = {"aligned", "array", "cases", "pmatrix"}
Check = Callable[[list[str]], list[str]]


def installed(directory: Path) -> Path | None:
    """KaTeX below a directory, put there with npm if it is not yet."""
    package = directory / "node_modules" / "katex"
    if not package.exists() and shutil.which("npm"):
        command = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(directory), "katex"]
        subprocess.run(command, capture_output=True, timeout=120, check=False)
    return package if package.exists() else None


@pytest.fixture(scope="session")
def katex(request: pytest.FixtureRequest) -> Check:
    """Reads LaTeX strictly and returns the MathML that KaTeX made of each piece."""
    if not shutil.which("node"):
        pytest.skip("KaTeX needs node, which is not installed")
    given = os.environ.get("KATEX_DIR")
    assert request.config.cache is not None
    directory = Path(given) if given else request.config.cache.mkdir("katex")
    package = installed(directory)
    if package is None:
        pytest.skip(f"no KaTeX in {directory} and npm could not install it: set KATEX_DIR")

    def check(latex: list[str]) -> list[str]:
        done = subprocess.run(
            ["node", "-e", KATEX, str(package)],
            input=json.dumps(latex),
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=True,
        )
        found = json.loads(done.stdout)
        errors = [(s, f["error"]) for s, f in zip(latex, found, strict=True) if f["error"]]
        assert not errors
        return [f["html"] for f in found]

    return check


def name(label: str) -> str:
    return tidy(Latex().write(Name(label, 1.0)))


def shown(value: ad.Value) -> str:
    return formula_latex(value, labels([value]))


@pytest.mark.parametrize(
    ("label", "latex"),
    [
        ("out_o1", r"\mathrm{out}_{o1}"),
        ("w5", "w_5"),
        ("w_22^(2)", "w_{22}^{(2)}"),
        ("delta_r", r"\delta_r"),
        ("δ_r", r"\delta_r"),
        ("δ_2^(3)", r"\delta_2^{(3)}"),
        ("E_total", r"E_{\mathrm{total}}"),
        ("h2o", r"\mathrm{h2o}"),
        ("2nd", r"\text{2nd}"),
        ("target1", r"\mathrm{target}_1"),
        ("w_1_2", "w_{1,2}"),
        ("w5#2", r"w_5^{\text{\#2}}".replace(r"\text{\#2}", r"\#2")),
        ("o1.w5", r"\text{o1.w5}"),
        ("sigma", r"\sigma"),
        ("∂C/∂a_2^(3)", r"\frac{\partial C}{\partial a_2^{(3)}}"),
        ("f′(z_2^(3))", "f'(z_2^{(3)})"),
        ("a b", r"\text{a b}"),
        ("a  b", r"\text{a}\quad\text{b}"),
        ("é", r"\text{é}"),
        ("|", r"\text{|}"),
        (r"\input{x}", r"{\backslash}\text{input}\{\text{x}\}"),
        ("😀", r"\text{U+1F600}"),
    ],
)
def test_names_are_typography(label: str, latex: str) -> None:
    assert name(label) == latex


def test_formulas() -> None:
    x, y, z = ad.values("x y z_1^(2)", [2.0, 3.0, 1.0])
    assert shown(0.5 * (x - y) ** 2) == r"\tfrac{1}{2}(x-y)^2"
    assert shown((x + 1) / (2 * y)) == r"\frac{x+1}{2y}"
    assert shown(x * y * (z - 1)) == r"x\,y\,(z_1^{(2)}-1)"
    assert shown(z**2) == r"(z_1^{(2)})^2"
    assert shown((x / y).sqrt() * 3) == r"3\sqrt{\frac{x}{y}}"
    assert shown(ad.exp(-x) ** 2) == r"(e^{-x})^2"
    assert shown(2**x) == "2^x"
    assert shown(x * 2**y) == r"x\cdot2^y"
    assert shown((x / y) ** 2 * 1.23e-9) == r"1.23\cdot10^{-9}\left(\frac{x}{y}\right)^2"
    assert shown(ad.where(ad.less(x, y), x, y.tanh())) == (
        r"\begin{cases}x&\text{where }x\mathrel{<}y\\\tanh(y)&\text{otherwise}\end{cases}"
    )
    z = ad.values("z10 z9 z1 z2", [1.0, 2.0, 3.0, 4.0])
    assert shown(ad.softmax(z)[0]) == r"\operatorname{softmax}_4(z_1,z_2,z_9,z_{10})"
    assert shown(ad.softmax(z[1:])[2]) == r"\frac{e^{z_2}}{e^{z_1}+e^{z_2}+e^{z_9}}"
    assert shown(ad.softmax([x, y])[0]) == r"\frac{e^x}{e^x+e^y}"
    assert shown(ad.leaky_relu(x)) == r"\operatorname{leaky\_relu}(x,0.01)"


def test_constants_functions_and_signs() -> None:
    x = Name("x", 1.0)
    assert Latex().write(Product(-0.5)) == r"-\tfrac{1}{2}"
    assert Latex().write(Product(0.012345678901234567)) == "0.012345678901234567"
    assert tidy(Latex().write(raised(x, 0.12345678))) == "x^{0.12345678}"
    assert Latex().function("f") == "f"
    with user_rows():
        area = ad.Op("area_of_a_square", lambda x: x * x, (lambda out, x: 2 * x,), "area")
        assert shown(area(ad.Value(2.0, "x"))) == r"\operatorname{area}(x)"


def test_a_factor_that_is_negative_has_brackets_and_a_zero_has_none() -> None:
    x = ad.Value(0.0, "x")
    z = (-2.0 * x).named("z")
    latex = ad.derive((z * z).named("y"), x).latex()
    assert r"&=0\cdot(-2)=0" in latex


def test_seed_003_as_on_the_board() -> None:
    E, w = seed003()
    latex = ad.derive(E, w[4], rate=0.6).latex()
    assert latex.startswith(
        "\\begin{aligned}\n"
        r"\frac{\partial E_{\mathrm{total}}}{\partial w_5} &="
        r"\frac{\partial E_{\mathrm{total}}}{\partial\mathrm{out}_{o1}}"
        r"\cdot\frac{\partial\mathrm{out}_{o1}}{\partial\mathrm{sum}_{o1}}"
        r"\cdot\frac{\partial\mathrm{sum}_{o1}}{\partial w_5}"
    )
    assert (
        r"&=\underbrace{(\mathrm{out}_{o1}-\mathrm{target}_1)}"
        r"_{\partial E_{\mathrm{total}}/\partial\mathrm{out}_{o1}}"
        r"\cdot\underbrace{\mathrm{out}_{o1}\,(1-\mathrm{out}_{o1})}"
        r"_{\partial\mathrm{out}_{o1}/\partial\mathrm{sum}_{o1}}"
        r"\cdot\underbrace{\mathrm{out}_{h1}}_{\partial\mathrm{sum}_{o1}/\partial w_5}\\"
    ) in latex
    assert r"&\approx0.68493\cdot0.19481\cdot0.60109\approx0.08020" in latex
    assert latex.endswith(
        r"w_5^+ &=w_5-\eta\cdot\frac{\partial E_{\mathrm{total}}}{\partial w_5}" + "\\\\\n"
        r" &\approx0.5-0.6\cdot0.08020\approx0.45188" + "\n\\end{aligned}"
    )


def test_the_slope_of_an_activation_is_mathematics() -> None:
    w, x = ad.values("w x", [0.5, 2.0])
    out = (w * x).named("z").sigmoid().named("out")
    latex = ad.derive((out * out).named("E"), w).latex()
    assert r"\mathrm{out} &=\sigma(z),\quad\sigma'=\sigma\,(1-\sigma)&&" in latex


def test_an_operator_is_a_fraction() -> None:
    z = ad.Value(0.5, "z")
    latex = ad.derive(z.tanh().named("out"), z, expand=True).latex()
    assert r"\frac{d}{dz}\left(\frac{\sinh(z)}{\cosh(z)}\right)" in latex


def test_a_number_is_not_repeated() -> None:
    w, b = ad.values("w b", [0.5, 2.0])
    latex = ad.derive(((w + b).named("z") ** 2).named("E"), b).latex()
    assert r"\frac{\partial z}{\partial b} &=1\\" in latex


def test_long_rows_are_broken() -> None:
    terms = sum((Name(f"out_h{i}", 1.0) * Name(f"w{i}", 1.0) for i in range(40)), Name("b", 0.0))
    lines = broken(Latex().write(terms))
    assert len(lines) > 2
    assert all(width(line) < 80 for line in lines)
    assert all(line.startswith("+") for line in lines[1:])
    assert "".join(lines) == Latex().write(terms).replace("\x1f", "")


def test_a_row_is_broken_at_a_factor_rather_than_inside_brackets() -> None:
    parts = ["x" * 20, "+y", r"+z", r"\cdot (a", "+" + "b" * 70 + ")"]
    assert list(map(width, broken("\x1f".join(parts)))) == [24, 75]
    parts[3] = r"\cdot a"
    assert list(map(width, broken("\x1f".join(parts)))) == [26, 72]


def test_what_is_left_out_of_a_product_has_no_brace() -> None:
    y = x = ad.Value(0.3, "x")
    for i, name in enumerate("abcdefghijkl", 1):
        y = y.sin().named(name)
        if i in (3, 12):
            assert (r"\underbrace" in ad.derive(y, x).latex()) == (i == 3)


def commands(latex: str) -> set[str]:
    """The commands and environments of a piece of LaTeX."""
    environments = re.findall(r"\\(?:begin|end)\{([^}]*)\}", latex)
    assert set(environments) <= ENVIRONMENTS
    return {c for c in re.findall(r"\\(?:[A-Za-z]+|.)", latex) if c[1:].isalpha()}


@pytest.mark.parametrize("label", HOSTILE)
def test_names_add_no_commands(label: str) -> None:
    latex = name(label)
    assert commands(latex) <= {
        r"\text",
        r"\mathrm",
        r"\backslash",
        r"\sim",
        r"\wedge",
        r"\Omega",
        r"\ldots",
    }
    bare = re.sub(r"\\[A-Za-z]+|\\[#$%&_{}]", "", latex)
    assert bare.count("{") == bare.count("}")
    assert not set("\\$%&#_^~\n") & set(bare)


def test_katex_reads_names_back(katex: Check) -> None:
    """What KaTeX typesets for a name is the name; what it has no letters for is U+XXXX."""
    spelled = str.maketrans({"∼": "~", "∧": "^", "∖": "\\", "’": "'", "‘": "`", "”": '"'})
    for label, html in zip(HOSTILE, katex([name(x) for x in HOSTILE]), strict=True):
        shown = re.sub(r"<annotation.*?</annotation>|<[^>]*>", "", html)
        for entity, char in (
            ("&lt;", "<"),
            ("&gt;", ">"),
            ("&quot;", '"'),
            ("&#x27;", "'"),
            ("&amp;", "&"),
        ):
            shown = shown.replace(entity, char)
        expected = re.sub("[😀≠ש]", lambda m: f"U+{ord(m[0]):04X}", visible(label))
        expected = expected.replace("ö", "o¨")  # KaTeX puts the accent on top itself
        plain = text_of([shown]).translate(spelled)
        assert plain == text_of([expected]).translate(spelled)
        assert not re.search("<(a|img|script)[ >]", html)


def test_katex_takes_every_letter_of_names(katex: Check) -> None:
    letters = [chr(c) for c in range(0x20, 0x3000)] + [chr(c) for c in range(0x3000, 0x2FFFF, 97)]
    chunks = ["z".join(letters[i : i + 64]) for i in range(0, len(letters), 64)]
    katex([name(f"{chunk}!") for chunk in chunks])


def test_katex_takes_every_formula(katex: Check) -> None:
    found = [shown(value) for _, value in formulas()]
    for latex in found:
        assert commands(latex) <= COMMANDS
    katex(found)


def test_katex_takes_every_derivation(katex: Check) -> None:
    found = [derivation.latex() for _, derivation in derivations()]
    for latex in found:
        assert commands(latex) <= COMMANDS
        assert "\x1f" not in latex
        assert "$$" not in latex
    katex(found)
