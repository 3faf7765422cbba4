"""Formulas for a page that puts its own numbers in: MathML as plain data, names marked.

A formula is a tree of lists, `["mrow", {"data-n": "n3"}, ["mi", "w"]]`, from which a page makes
elements; no text of ours is ever parsed as markup there. In the symbolic tree a name is marked with
the id of its box, in the numeric tree it is an empty `mn` to be filled in.
"""

from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

from autodiff.formula.mathml import MathML, broken
from autodiff.formula.ordering import in_order
from autodiff.formula.printer import Shown
from autodiff.formula.reading import Reader
from autodiff.formula.showing import MOST_TERMS
from autodiff.formula.terms import Name, Term, flipped
from autodiff.formula.typeset import BREAK
from autodiff.op import CALL
from autodiff.value import Value

Tree = list[Any]
TAGS = frozenset(
    "math mrow mi mn mo mtext msub msup msubsup mfrac msqrt mroot mtable mtr mtd".split()
)
ATTRIBUTES = frozenset("data-n stretchy minsize maxsize form lspace rspace displaystyle".split())
TOO_LONG = 12_000  # characters of one formula's MathML


class Marked(MathML):
    """MathML whose names carry the ids of their boxes."""

    ids: Mapping[str, str] = {}

    def show(self, x: Term) -> Shown:
        if self.numbers and isinstance(x, Name) and x.label in self.ids:
            return f'<mn data-n="{self.ids[x.label]}"></mn>', CALL
        return super().show(x)

    def name(self, label: str, mark: str = "") -> str:
        return self._marked(label, super().name(label, mark))

    def base(self, label: str) -> str:
        return self._marked(label, super().base(label))

    def _marked(self, label: str, text: str) -> str:
        return f'<mrow data-n="{self.ids[label]}">{text}</mrow>' if label in self.ids else text


class Formulas:
    """Writes names, definitions and local derivatives of a graph as trees."""

    def __init__(self, names: Mapping[Value, str], ids: Mapping[Value, str]) -> None:
        self.names = names
        self.reader = Reader(names)
        self.symbols, self.numbers = Marked(), Marked(numbers=True)
        for printer in (self.symbols, self.numbers):
            printer.most_terms = MOST_TERMS
            printer.ids = {names[node]: name for node, name in ids.items()}

    def name(self, node: Value) -> Tree:
        """The name of a box."""
        return tree(self.symbols.name(self.names[node]))

    def definition(self, node: Value) -> list[list[Tree]]:
        """What a box was computed from, in names and in numbers; lines may end between parts."""
        return self._both(self.reader.definition(node))

    def slope(self, upper: Value, lower: Value, slope: Value | float) -> list[list[Tree]]:
        """The derivative of one box by the next, likewise."""
        formula, stop = self.reader.expression(slope), self.reader.labels.keys()
        return self._both(flipped(in_order(formula, upper, lower, self.reader, stop)))

    def _both(self, term: Term) -> list[list[Tree]]:
        texts = [printer.write(term) for printer in (self.symbols, self.numbers)]
        return [_parts(text if len(text) < TOO_LONG else "<mo>…</mo>") for text in texts]


def _parts(text: str) -> list[Tree]:
    """The parts of a sum or product, each a formula of its own."""
    return [tree(part[len("<math>") : -len("</math>")]) for part in broken(text).split("<wbr>")]


def tree(text: str) -> Tree:
    """MathML text as lists, with known elements and attributes only.

    >>> tree("<mi>w</mi><mo form='infix'>+</mo><mn>1</mn>")
    ['mrow', ['mi', 'w'], ['mo', {'form': 'infix'}, '+'], ['mn', '1']]
    """
    root = ElementTree.fromstring(f"<mrow>{text.replace(BREAK, '')}</mrow>")
    found = _lists(root)
    return found[1] if len(found) == 2 and isinstance(found[1], list) else found


def _lists(element: ElementTree.Element) -> Tree:
    """Formulas are nested a few levels deep (`Reader` sees to it), so this may recurse."""
    if element.tag not in TAGS:
        raise ValueError(f"a formula holds <{element.tag}>")
    attributes = {key: text for key, text in element.attrib.items() if key in ATTRIBUTES}
    found: Tree = [element.tag]
    if attributes:
        found.append(attributes)
    if element.text:
        found.append(element.text)
    return [*found, *(_lists(child) for child in element)]
