"""The chain rule from name to name: which waypoints lie between y and x, and how one moves the
next.

A recorded graph has a node for every `+` and `*`; a derivation steps only from one *named* Value to
the next. `Chain` is that coarser graph: its nodes are the named Values that x flows into, its edges
carry the local derivatives d upper / d lower, recorded as Values.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise

from autodiff.calculus import gradients
from autodiff.graph import topological
from autodiff.value import Value

Slope = Value | float
VIA = "via "  # before the names by which a path is told from others


def number_of(slope: Slope) -> float:
    """The number of a recorded or constant derivative."""
    return slope.data if isinstance(slope, Value) else slope


def _is_one(slope: Slope) -> bool:
    """Whether a derivative is 1 wherever it is taken."""
    return number_of(slope) == 1.0 and not (isinstance(slope, Value) and slope.args)


class Chain:
    """The waypoints between `y` and the `xs`, users first, and the local derivatives between them.

    An alias is not a waypoint, nor is a Value that is not named unless it is `y` or one of the
    `xs`. Built in one walk; the size of the graph, not the number of its paths, decides the cost.
    """

    def __init__(self, y: Value, xs: list[Value], labels: Mapping[Value, str]) -> None:
        self.y = y
        self.xs = xs
        order = topological(y)
        moved: set[Value] = set(xs)
        for node in order:
            if not moved.isdisjoint(node.args):
                moved.add(node)
        ends = {y, *xs}
        self.waypoints = [
            node
            for node in reversed(topological(y, right_first=True))
            if node in moved and (node in ends or (node in labels and node.op != "alias"))
        ]
        stops = set(self.waypoints)
        self._place = {node: i for i, node in enumerate(self.waypoints)}
        self.slopes: dict[Value, dict[Value, Slope]] = {}
        for node in self.waypoints:
            near = [n for n in topological(node, stop=stops) if n in stops and n is not node]
            found = gradients(node, near, stop=stops)
            self.slopes[node] = dict(zip(near, found, strict=True))
        below = self.slopes.get(y, {})
        self.summands = {n for n in _summands(y, labels) if _is_one(below.get(n, 1.0))}

    def heads(self) -> set[Value]:
        """The named summands of y that x flows into: they enter y once, with the factor 1."""
        return (self.summands & self.slopes[self.y].keys()) - set(self.xs)

    def above(self) -> dict[Value, list[tuple[Value, Slope]]]:
        """For each waypoint, the waypoints that it moves directly, with the derivative."""
        users: dict[Value, list[tuple[Value, Slope]]] = {node: [] for node in self.waypoints}
        for node in self.waypoints:
            for lower, slope in self.slopes[node].items():
                users[lower].append((node, slope))
        return users

    def count_paths(self, x: Value, start: Value | None = None) -> int:
        """How many paths lead from start (y if not given) to x, without walking them."""
        if x not in self._place:
            return 0
        start = self.y if start is None else start
        paths = {start: 1}
        for node in self._between(start, x):
            for lower in self.slopes[node] if node in paths else ():
                paths[lower] = paths.get(lower, 0) + paths[node]
        return paths.get(x, 0)

    def _between(self, start: Value, end: Value) -> list[Value]:
        """The waypoints from start on before end, in their order: all that join the two."""
        return self.waypoints[self._place[start] : self._place[end]]

    def paths(self, start: Value, end: Value) -> Iterator[list[Value]]:
        """Every path from start to end, left arguments first; call `count_paths` before."""
        leads = self.leading_to(end, start)
        stack: list[list[Value]] = [[start]]
        while stack:
            path = stack.pop()
            if path[-1] is end:
                yield path
            else:
                stack.extend(
                    [*path, lower] for lower in reversed(self.slopes[path[-1]]) if lower in leads
                )

    def leading_to(self, end: Value, start: Value | None = None) -> set[Value]:
        """The waypoints, from start (y if not given) on, from which `end` can be reached."""
        leads = {end}
        for node in reversed(self._between(self.y if start is None else start, end)):
            if not leads.isdisjoint(self.slopes[node]):
                leads.add(node)
        return leads

    def passes(self, x: Value) -> list[Value]:
        """The waypoints that every path from y to x goes through, y and x included.

        A walk downwards that keeps count of the open ends: where only one is open, all paths meet.
        """
        leads = self.leading_to(x)
        through: list[Value] = []
        open_ends: set[Value] = {self.y}
        for node in self.waypoints:
            if node in open_ends:
                if open_ends == {node}:
                    through.append(node)
                if node is x:
                    break
                open_ends.discard(node)
                open_ends |= {lower for lower in self.slopes[node] if lower in leads}
        return through


def ways_of(paths: Sequence[Sequence[Value]], label: Callable[[Value], str]) -> list[str]:
    """Which way each path takes where they part: "via a", "via a, c", "directly"."""
    follow: dict[Value, set[Value]] = {}
    for path in paths:
        for upper, lower in pairwise(path):
            follow.setdefault(upper, set()).add(lower)
    ways = []
    for path in paths:
        steps = [(upper, lower) for upper, lower in pairwise(path) if len(follow[upper]) > 1]
        taken = [label(lower) for _, lower in steps if lower is not path[-1]]
        ways.append(VIA + ", ".join(taken) if taken else "directly")
        if steps and not taken and steps[-1][0] is not path[0]:
            ways[-1] += f" from {label(steps[-1][0])}"
    return ways


def _summands(y: Value, labels: Mapping[Value, str]) -> set[Value]:
    """The named Values, leaves apart, that y is a plain sum of: E1 and E2 of E_total = E1 + E2."""
    found: set[Value] = set()
    seen: set[Value] = set()
    stack = [y]
    while stack:
        node = stack.pop()
        for arg in node.args if node.op in ("add", "sum") else ():
            if not isinstance(arg, Value):
                continue
            if arg in seen:
                found.discard(arg)  # twice itself is not a plain sum
            elif arg not in labels:
                stack.append(arg)
            elif arg.args:
                found.add(arg)
            seen.add(arg)
    return found
