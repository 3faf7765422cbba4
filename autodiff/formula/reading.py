"""From graph to terms: what a node is, down to the named Values around it."""

from collections.abc import Collection, Mapping

from autodiff.formula.reducing import reduced
from autodiff.formula.terms import (
    Call,
    Name,
    Product,
    Sum,
    Term,
    apply,
    as_product,
    plus,
    raised,
    rewritten,
    term,
    times,
)
from autodiff.graph import topological
from autodiff.op import TABLE
from autodiff.value import Value

LARGEST = 300  # parts of one formula; what is larger is shown as …
DEEPEST = 10  # calls inside each other
FEW = 4


class Reader:
    """Reads nodes of a graph as terms, stopping at the Values that `labels` names.

    `known` collects what the named Values are, so that a derivative that computes the same thing
    again (sigmoid(sum_o1) inside the slope of out_o1) is written with the name.
    """

    def __init__(self, labels: Mapping[Value, str]) -> None:
        self.labels = labels
        self.known: dict[Term, Term] = {}
        self._defined: dict[Value, Term] = {}
        self.quotients: dict[Term, list[tuple[Product, Name]]] = {}  # those over a sum
        for node in labels:
            if node.args:
                defined = self.definition(node)
                if isinstance(defined, Call):
                    self.known.setdefault(defined, self.name(node))
                if _is_quotient(defined):
                    quotient = as_product(defined)
                    below = next(base for base, e in quotient.factors if e < 0.0)
                    self.quotients.setdefault(below, []).append((quotient, self.name(node)))

    def name(self, node: Value) -> Name:
        """A named Value as a term."""
        return Name(self.labels[node], node.data)

    def definition(self, node: Value, hidden: Collection[Value] = ()) -> Term:
        """What a node was computed from, down to the names, those in `hidden` written out too.

        A leaf is its name, or its number where it has none.
        """
        if not node.args:
            return self.name(node) if node in self.labels else Product(node.data)
        if hidden:
            return self._build(node, self.labels.keys() - set(hidden))
        if node not in self._defined:
            self._defined[node] = self._build(node, self.labels)
        return self._defined[node]

    def expression(self, node: "Value | float") -> Term:
        """A node as it is written inside a larger formula: its name, or what it is."""
        if not isinstance(node, Value):
            return Product(node)
        if node in self.labels:
            return self.name(node)
        found = rewritten(self._build(node, self.labels), self.known)
        return self._with_quotients(rewritten(reduced(found), self.known))

    def _with_quotients(self, x: Term) -> Term:
        """a1 for exp(s1)/(exp(s1) + exp(s2)) where that is a1; b/u as b² where b is 1/u."""
        if isinstance(x, Sum):
            return plus(*map(self._with_quotients, x.terms))
        bases = [base for base, e in as_product(x).factors if e < 0.0] if self.quotients else []
        for quotient, name in (each for base in bases for each in self.quotients.get(base, ())):
            powers = dict(as_product(x).factors)
            times_in = min(powers.get(base, 0.0) // e for base, e in quotient.factors)
            if times_in > 0.0 and (name in powers or len(quotient.factors) > 1):
                inverse = [raised(base, -e * times_in) for base, e in quotient.factors]
                x = times(x, *inverse, raised(name, times_in))
        return x

    def _build(self, root: Value, stops: Collection[Value]) -> Term:
        order = topological(root, stop=stops)
        inlined = _inner_sums(order, root, stops)
        operands: dict[Value, tuple[Value | float, ...]] = {}
        extent: dict[Value, tuple[int, int]] = {}  # parts, and how deep calls are nested
        large: set[Value] = set()
        for node in order:
            extent[node] = 1, 1
            if node.args and node not in inlined and (node is root or node not in stops):
                args = _summands(node, inlined) if node.op in _SUMS else node.args
                size, depth = _extent(node, args, extent)
                if (size > LARGEST or depth > DEEPEST) and node is not root:
                    large.add(node)
                else:
                    operands[node], extent[node] = args, (size, depth)
        return self._terms(root, operands, large)

    def _terms(
        self, root: Value, operands: dict[Value, tuple[Value | float, ...]], large: set[Value]
    ) -> Term:
        built: dict[Value, Term] = {}
        waiting = [root]
        while waiting:
            node = waiting[-1]
            args = operands.get(node, ())
            missing = [a for a in args if isinstance(a, Value) and a not in built]
            if missing:
                waiting.extend(missing)
                continue
            waiting.pop()
            if node in large:
                built[node] = Name("…", node.data)
            elif node not in operands:
                built[node] = self.name(node) if node in self.labels else Product(node.data)
            else:
                terms = tuple([built[a] if isinstance(a, Value) else term(a) for a in args])
                built[node] = apply(TABLE["sum" if node.op in _SUMS else node.op], terms)
        return built[root]


def _is_quotient(x: Term) -> bool:
    """Whether a definition is a/(b + c): what stands below tells it from other products."""
    below = [base for base, exponent in as_product(x).factors if exponent < 0.0]
    plain = as_product(x).coefficient == 1.0
    return plain and bool(below) and all(isinstance(base, Sum) for base in below)


_SUMS = ("add", "sum")
# What a normal form does not nest.
_FLAT = (*_SUMS, "sub", "mul", "div", "neg", "alias", "inner", "gate")


def _inner_sums(order: list[Value], root: Value, stops: Collection[Value]) -> set[Value]:
    """The sums that are only there to be added to: a + b in a + b + c."""
    users: dict[Value, list[Value]] = {}
    for node in order:
        if node is root or node not in stops:
            for arg in node.args:
                if isinstance(arg, Value):
                    users.setdefault(arg, []).append(node)
    return {
        node
        for node, above in users.items()
        if node.op in _SUMS and node not in stops and len(above) == 1 and above[0].op in _SUMS
    }


def _summands(node: Value, inlined: set[Value]) -> tuple[Value | float, ...]:
    """What a sum adds up, from left to right, the sums inside it opened."""
    found: list[Value | float] = []
    stack: list[Value | float] = [*reversed(node.args)]
    while stack:
        x = stack.pop()
        if isinstance(x, Value) and x in inlined:
            stack.extend(reversed(x.args))
        else:
            found.append(x)
    return tuple(found)


def _extent(
    node: Value, args: tuple[Value | float, ...], extent: dict[Value, tuple[int, int]]
) -> tuple[int, int]:
    """Size and depth of a node's term; of a long sum, whose middle is not shown, a few terms."""
    below = [extent[a] for a in {a: None for a in args if isinstance(a, Value)}]
    size = sum(size for size, _ in below)
    if node.op in _SUMS and len(below) > FEW:
        size = size * FEW // len(below)
    depth = max((depth for _, depth in below), default=0)
    return size + 1, depth + (node.op not in _FLAT)
