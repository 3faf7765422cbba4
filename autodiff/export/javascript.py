"""JavaScript: an ES module without dependencies."""

from __future__ import annotations

from math import isinf, isnan

from autodiff.export.identifiers import inert
from autodiff.export.layout import ARITHMETIC, Language, Unit, Writer

CALLS = (
    "sqrt cbrt exp expm1 log log1p log2 log10 sin cos tan asin acos atan sinh cosh tanh asinh "
    "acosh atanh"
).split()

WORDS = """
    abstract arguments async await boolean break byte case catch char class const continue debugger
    default delete do double else enum eval export extends false final finally float for function
    get goto if implements import in instanceof int interface let long native new null of package
    private protected public return set short static super switch synchronized this throw throws
    transient true try typeof undefined var void volatile while with yield
    Math Number Infinity NaN Object Function constructor
""".split()

# Where JavaScript is not C: 1 ** nan and (+-1) ** (+-inf) are nan there, 1 here.
HELPERS = {
    "power": """\
function power(x, y) {
  if (x === 1) return 1;
  if (x === -1 && (y === Infinity || y === -Infinity)) return 1;
  return Math.pow(x, y);
}
""",
}


def number(x: float) -> str:
    """The shortest decimal that reads back as the same float64.

    >>> number(0.1), number(-0.0), number(1e22), number(float("inf"))
    ('0.1', '-0.0', '1e+22', 'Infinity')
    """
    return "NaN" if isnan(x) else ("Infinity" if x > 0.0 else "-Infinity") if isinf(x) else repr(x)


def _function(name: str, parameters: list[str], lines: list[str], result: str) -> str:
    body = "".join(f"  {line}\n" for line in [*lines, f"return {result};"])
    return f"function {name}({', '.join(parameters)}) {{\n{body}}}\n"


def write(unit: Unit, language: Language) -> str:
    """The whole module."""
    writer = Writer(language, unit)
    names, taken = writer.variables(unit.labels)
    lines, results = writer.lines(unit.body, names, taken, unit.comments)
    returned = result_text(unit, results)
    inputs = [names[i] for i in range(len(unit.body.parameters))]
    told = [f"{unit.name}({', '.join(unit.body.parameters)})", f"returns {titles_text(unit)}"]
    comment = "".join(f" * {inert(line)}\n" for line in told)
    body = "".join(f"  {line}\n" for line in [*lines, f"return {returned};"])
    helpers = writer.used_helpers(unit.body, *unit.functions.values())
    parts = [
        "// Exported by autodiff: an ES module.\n",
        *(language.helpers[name] for name in helpers),
        *writer.functions(unit, _function),
        f"/*\n{comment} */\nexport function {unit.name}({', '.join(inputs)}) {{\n{body}}}\n",
    ]
    return "\n".join(parts)


def result_text(unit: Unit, results: list[str]) -> str:
    """The results in brackets as a program writes them: [value, [gradient]], rows of matrices."""
    parts, at = [], 0
    for group, n in unit.shapes.items():
        these = results[at : at + n]
        at += n
        width = len(unit.body.parameters)
        if group == "value" and unit.single:
            parts.append(these[0])
        elif group in ("jacobian", "hessian"):
            rows = [f"[{', '.join(these[i : i + width])}]" for i in range(0, n, width)]
            parts.append(f"[{', '.join(rows)}]")
        else:
            parts.append(f"[{', '.join(these)}]")
    return parts[0] if len(parts) == 1 else f"[{', '.join(parts)}]"


def titles_text(unit: Unit) -> str:
    """What is returned, in words, for the comment above the function."""
    return result_text(unit, list(unit.titles))


JAVASCRIPT = Language(
    name="javascript",
    spellings=ARITHMETIC
    | {name: f"Math.{name}({{}})" for name in CALLS}
    | {
        "equal": "===",
        "absolute": "Math.abs({})",
        "atan2": "Math.atan2({}, {})",
        "hypot": "Math.hypot({}, {})",
        "power": "power({}, {})",
    },
    choice="{0} ? {1} : {2}",
    either="{} || {}",
    both="{} && {}",
    nonzero="{} !== 0.0",
    truth="Number({})",
    number=number,
    declare="const {} = {};",
    declare_truth="const {} = {};",
    comment="// {}",
    write=write,
    reserved=frozenset(WORDS),
    helpers=HELPERS,
)
