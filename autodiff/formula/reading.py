"""From graph to terms: what a node is, down to the named Values around it."""

from collections.abc import Collection, Mapping

from autodiff.formula.terms import Call, Name, Product, Term, apply, rewritten, term
from autodiff.graph import topological
from autodiff.names import labels as labels_of
from autodiff.op import TABLE
from autodiff.value import Value

LARGEST = 400  # parts of one formula; what is larger is shown by its number
DEEPEST = 60


class Reader:
    """Reads nodes of a graph as terms, stopping at the Values that `labels` names.

    `known` collects what the named Values are, so that a derivative that computes the same thing
    again (sigmoid(sum_o1) inside the slope of out_o1) is written with the name.
    """

    def __init__(self, labels: Mapping[Value, str]) -> None:
        self.labels = labels
        self.known: dict[Term, Term] = {}
        self._sizes: dict[Value, int] = {}
        for node in labels:
            if node.args:
                defined = self.definition(node)
                if isinstance(defined, Call):
                    self.known.setdefault(defined, self.name(node))

    def name(self, node: Value) -> Name:
        """A named Value as a term."""
        return Name(self.labels[node], node.data)

    def definition(self, node: Value, hidden: Collection[Value] = ()) -> Term:
        """What a node was computed from, down to the names, those in `hidden` written out too.

        A leaf is its name, or its number where it has none.
        """
        if not node.args:
            return self.name(node) if node in self.labels else Product(node.data)
        return self._build(node, self.labels.keys() - {node, *hidden})

    def expression(self, node: "Value | float") -> Term:
        """A node as it is written inside a larger formula: its name, or what it is."""
        if not isinstance(node, Value):
            return Product(node)
        return rewritten(self._build(node, self.labels.keys()), self.known)

    def _build(self, root: Value, stops: Collection[Value]) -> Term:
        built: dict[Value, Term] = {}
        depth: dict[Value, int] = {}
        size: dict[Value, int] = {}
        order = topological(root, stop=stops) if root not in stops else [root]
        for node in order:
            inner = [a for a in node.args if isinstance(a, Value)]
            depth[node] = size[node] = 1
            if node in stops:
                built[node] = self.name(node)
            elif not node.args:
                built[node] = Product(node.data)
            else:
                depth[node] += max((depth[a] for a in inner), default=0)
                size[node] += sum(size[a] for a in inner)
                if size[node] > LARGEST or depth[node] > DEEPEST:
                    built[node] = Name("…", node.data)
                    depth[node] = size[node] = 1
                else:
                    args = tuple([built[a] if isinstance(a, Value) else term(a) for a in node.args])
                    built[node] = apply(TABLE[node.op], args)
        return built[root]


def reader_of(*roots: Value, extra: Mapping[Value, str] | None = None) -> Reader:
    """A reader for everything behind the roots, with the labels of that graph."""
    return Reader(labels_of(roots, extra))
