"""Formulas and derivations of a recorded graph, in the user's own names."""

from collections.abc import Mapping

from autodiff.formula.derivation import Derivation
from autodiff.formula.deriving import derive
from autodiff.formula.reading import Reader
from autodiff.formula.step import Step, explain_step
from autodiff.formula.text import Text
from autodiff.value import Value


def formula_text(value: Value, labels: Mapping[Value, str]) -> str:
    """What a Value was computed from, down to the named Values, on one line of Unicode text."""
    return Text().write(Reader(labels).definition(value))


__all__ = ["Derivation", "Step", "derive", "explain_step", "formula_text"]
