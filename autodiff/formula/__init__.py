"""Formulas and derivations of a recorded graph, in the user's own names."""

from collections.abc import Mapping

from autodiff.formula.claims.verdict import Verdict, check_formula
from autodiff.formula.derivation import Derivation
from autodiff.formula.deriving import derive
from autodiff.formula.reading import Reader
from autodiff.formula.step import Step, explain_step
from autodiff.formula.terms import Term, rewritten
from autodiff.formula.text import Text
from autodiff.names import labels as labels_of
from autodiff.value import Value


def _term(value: Value, labels: Mapping[Value, str] | None) -> Term:
    """What a Value was computed from; what a named Value stands for is written with its name."""
    reader = Reader(labels_of([value]) if labels is None else labels)
    found = reader.definition(value)
    return found if found in reader.known else rewritten(found, reader.known)


def formula_text(value: Value, labels: Mapping[Value, str] | None = None) -> str:
    """What a Value was computed from, down to the named Values, on one line of Unicode text."""
    return Text().write(_term(value, labels))


def formula_latex(value: Value, labels: Mapping[Value, str] | None = None) -> str:
    """The same formula as LaTeX for math mode."""
    from autodiff.formula.latex import Latex, tidy

    return tidy(Latex().write(_term(value, labels)))


def formula_mathml(value: Value, labels: Mapping[Value, str] | None = None) -> str:
    """The same formula as one `<math>` element."""
    from autodiff.formula.mathml import NAMESPACE, MathML, math

    return math(MathML().write(_term(value, labels)), NAMESPACE)


__all__ = [
    "Derivation",
    "Step",
    "Verdict",
    "check_formula",
    "derive",
    "explain_step",
    "formula_latex",
    "formula_mathml",
    "formula_text",
]
