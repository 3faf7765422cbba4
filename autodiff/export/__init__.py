"""A recorded graph as source text: C, JavaScript, Python, NumPy or JAX.

The exported function computes what the graph computes, and its gradient if asked for, with the
user's names as variables and the formulas as comments. Gradients come from the one chain rule
(`autodiff.calculus`), so a branch not taken contributes nothing in any language.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

from autodiff.calculus import gradients
from autodiff.export import (  # noqa: F401  (they fill the table)
    lowered_activations,
    lowered_powers,
    lowered_shares,
)
from autodiff.export.arrays import JAX, NUMPY
from autodiff.export.c import C
from autodiff.export.identifiers import ascii_name
from autodiff.export.javascript import JAVASCRIPT
from autodiff.export.layout import Language, Unit
from autodiff.export.python import PYTHON
from autodiff.export.statements import graph_body, needed
from autodiff.formula.reading import Reader
from autodiff.formula.text import Text
from autodiff.graph import check_recorded, topological
from autodiff.names import describe, find_all, labels
from autodiff.op import each_of
from autodiff.value import Value

LANGUAGES: dict[str, Language] = {
    language.name: language for language in (C, JAVASCRIPT, PYTHON, NUMPY, JAX)
}


def export(
    outputs: Value | Sequence[Value],
    inputs: Value | str | Sequence[Value | str],
    to: str = "c",
    *,
    gradient: bool = False,
    jacobian: bool = False,
    hessian: bool = False,
    name: str = "f",
    self_test: bool = False,
) -> str:
    """Return a function of `inputs` that computes `outputs`, as source text.

    * `to`: "c", "javascript", "python" (floats, needs only math), "numpy" or "jax" (arrays).
    * `inputs`: leaves or their names; every other leaf becomes a constant with its number.
    * `gradient`, `hessian`: derivatives of the one output; `jacobian`: of each of several.
    * `name`: of the function.
    * `self_test` (C): a `main` that prints the distance from the recorded point in ulp.

    C takes arrays, `double f(const double inputs[2], double gradient[2])`; the others take one
    argument for each input and return the value, or a list of the value and the derivatives.
    Matrices are row by row.

    >>> x, w = Value(2.0, "x"), Value(0.5, "w")
    >>> print(export((w * x).sigmoid().named("out"), [x], "javascript"))
    // Exported by autodiff: an ES module.
    <BLANKLINE>
    function sigmoid(x) {
      const t1 = Math.exp(-Math.abs(x));
      const t2 = 1.0 + t1;
      return 0.0 <= x ? 1.0 / t2 : t1 / t2;
    }
    <BLANKLINE>
    /*
     * f(x)
     * returns out
     */
    export function f(x) {
      const w = 0.5;
      const out = sigmoid(w * x);  // sigmoid(w*x)
      return out;
    }
    <BLANKLINE>

    Raises ValueError for an unknown language or input, an input that is not a leaf or that no
    output depends on, derivatives that do not fit the outputs, a graph whose leaves changed, or a
    row of the user's that cannot be written in op vocabulary.
    """
    language = _language(to)
    single = isinstance(outputs, Value)
    roots: list[Value] = each_of(Value, outputs, "an output is a Value of a graph")
    _check_request(language, roots, single, gradient or hessian, self_test, name)
    check_recorded(*roots)
    xs = find_all(roots, inputs)
    shown = labels(roots)
    _check_inputs(roots, xs, shown)

    said = [shown.get(x, x.name) or f"x{i}" for i, x in enumerate(xs, 1)]
    numbers, titles, shapes = _results(roots, xs, shown, said, gradient, jacobian, hessian)
    body, place = graph_body(numbers, xs, language.spelled)
    body.parameters = said
    variables, comments = _words(shown, place, said)
    for number, index, title in list(zip(numbers, body.results, titles, strict=True))[len(roots) :]:
        if isinstance(index, int) and isinstance(number, Value) and number.args:
            variables.setdefault(index, title)
    unit = Unit(
        name=name,
        body=body,
        functions=needed(body),
        labels=variables,
        comments=comments,
        single=single,
        shapes=shapes,
        titles=tuple(titles),
        check=tuple(x.data for x in xs) if self_test else (),
        expected=tuple(n.data if isinstance(n, Value) else n for n in numbers),
    )
    return language.write(unit, language)


def _results(
    roots: list[Value],
    xs: list[Value],
    shown: dict[Value, str],
    said: list[str],
    gradient: bool,
    jacobian: bool,
    hessian: bool,
) -> tuple[list[Value | float], list[str], dict[str, int]]:
    """The numbers to compute, what each is called, and how many belong to each group."""
    plain = "y" if "y" not in said else "result"
    titles = [
        shown.get(root) or (plain if len(roots) == 1 else f"{plain}{i}")
        for i, root in enumerate(roots, 1)
    ]
    tops = list(titles)
    numbers: list[Value | float] = [*roots]
    shapes = {"value": len(roots)}
    first = [gradients(root, xs) for root in roots] if gradient or jacobian or hessian else []
    if gradient:
        numbers += first[0]
        titles += [f"d{tops[0]}/d{x}" for x in said]
        shapes["gradient"] = len(xs)
    if jacobian:
        numbers += [entry for row in first for entry in row]
        titles += [f"d{top}/d{x}" for top in tops for x in said]
        shapes["jacobian"] = len(roots) * len(xs)
    if hessian:
        numbers += _second(first[0], xs)
        titles += [f"d2{tops[0]}/d{a} d{b}" for a in said for b in said]
        shapes["hessian"] = len(xs) ** 2
    return numbers, titles, shapes


def _words(
    shown: dict[Value, str], place: dict[Value, int], said: list[str]
) -> tuple[dict[int, str], dict[int, str]]:
    """The names of statements, and the formulas of those that are computed."""
    variables, comments = dict(enumerate(said)), {}
    reader = Reader(shown)
    for node, label in shown.items():
        if node in place and place[node] not in variables:
            variables[place[node]] = label
            if node.args:
                comments[place[node]] = Text().write(reader.definition(node))
    return variables, comments


def _second(first: Sequence[Value | float], xs: Sequence[Value]) -> list[Value | float]:
    """The Hessian row by row; entries mirrored at the diagonal are the same Value."""
    rows: list[list[Value | float]] = []
    for i, slope in enumerate(first):
        rest = xs[i:]
        found = gradients(slope, rest) if isinstance(slope, Value) else [0.0 for _ in rest]
        rows.append([*(rows[j][i] for j in range(i)), *found])
    return [entry for row in rows for entry in row]


def _language(to: str) -> Language:
    if not isinstance(to, str) or to not in LANGUAGES:
        raise ValueError(f"there is no export to {to!r}; there are {', '.join(LANGUAGES)}")
    return LANGUAGES[to]


def _check_request(
    language: Language, roots: list[Value], single: bool, of_one: bool, test: bool, name: str
) -> None:
    if not roots:
        raise ValueError("there is no output to export")
    if of_one and not single:
        raise ValueError(f"there are {len(roots)} outputs: ask for jacobian=True, not a gradient")
    if test and language.name != "c":
        raise ValueError(f"self_test is there for C only, not for {language.name}")
    if not isinstance(name, str) or ascii_name(name) != name or name in language.reserved:
        raise ValueError(f"{name!r} cannot be the name of a function in {language.name}")


def _check_inputs(roots: list[Value], xs: list[Value], shown: dict[Value, str]) -> None:
    behind = set(topological(*roots))
    for i, x in enumerate(xs):
        said = describe(x, shown)
        if x.args:
            raise ValueError(f"{said} is computed ({x.op}); an input is a leaf of the graph")
        if x not in behind:
            raise ValueError(f"no output depends on {said}")
        if x in xs[:i]:
            raise ValueError(f"{said} is given twice as an input")
    if not xs:
        raise ValueError("there is no input: name the leaves that the function takes")


class _Export(ModuleType):
    """This module is called like its function: `ad.export` is either, whichever came first."""

    def __call__(self, *args: Any, **keywords: Any) -> str:
        return export(*args, **keywords)


sys.modules[__name__].__class__ = _Export

__all__ = ["LANGUAGES", "export"]
