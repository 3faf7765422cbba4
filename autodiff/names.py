"""Names: giving them with little typing, showing them short, and finding a Value by them.

A name is a dotted path (`output.o1.w5`). What is shown is its *label*: the shortest suffix that is
unique in the graph (`w5`), and `w5#2` for the second Value of the same path, as when one network
runs over several samples. Nothing is stored but `Value.name`: labels belong to a graph, not to a
Value.

`extra` is a table of further names, for Values that have none of their own; `caller_names` makes
one of the caller's variables.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from types import FrameType

from autodiff.graph import topological
from autodiff.op import checked_dict, legible, listed, meant, quoted, several
from autodiff.value import Value

TYPE_CHECKING = False  # importing typing would double the time of `import autodiff`
if TYPE_CHECKING:
    from typing import Any

CO_OPTIMIZED = 1  # flag of the code of a function: its variables are not kept in a dict
COMPREHENSIONS = {"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"}
SHOWN = 10  # how many names an error lists

# ---------------------------------------------------------------- giving names


def values(names: str, data: Iterable[Any]) -> list[Value]:
    """Return one named Value for each number; `names` are words or half-open ranges.

    >>> w1, w2, w3, b = values("w1:4 b", [0.1, 0.2, 0.3, 0.35])
    >>> w3, b
    (Value(w3=0.3), Value(b=0.35))

    Raises ValueError when there are more or fewer names than numbers.
    """
    if not isinstance(names, str):
        raise TypeError(
            f'values takes the names as one text, "w1 w2" or "w1:3", not {quoted(names)}'
        )
    numbers = listed("values", data)
    spelled: list[str] = []
    for word in names.replace(",", " ").split():
        spelled += _range(word, len(numbers))
    if len(spelled) != len(numbers):
        raise ValueError(_too_few(names, len(spelled), len(numbers)))
    return [Value(number, name) for name, number in zip(spelled, numbers, strict=True)]


def name_all(variables: Mapping[str, Any]) -> None:
    """Name every unnamed Value after the variable that holds it: `name_all(locals())`.

    Elements of lists and tuples count from one: `w[0]` becomes `w_1`, `w[0][1]` becomes `w_1_2`. A
    Value that several variables hold takes the first; variables that begin with `_` are left out.
    """
    wanted = "name_all takes a dict from names to Values, as in name_all(locals())"
    for value, name in _names_in(checked_dict(variables, wanted)).items():
        value.named(name)


def caller_names(depth: int = 1) -> dict[Value, str]:
    """Return names for the unnamed Values that the caller's variables hold.

    Depth 0 is the function that calls this one, depth 1 the function that called that, and so on.
    Local variables come before global ones. The names are for one call: no Value is changed.
    """
    scopes: list[dict[str, Any]] = []
    frame: FrameType | None = sys._getframe(depth + 1)
    try:
        while frame is not None:
            scopes.append(_variables(frame))
            if frame.f_code.co_name not in COMPREHENSIONS:
                scopes.insert(0, frame.f_globals)
                break
            frame = frame.f_back  # around a comprehension, whose own variable is no good name
    finally:
        del frame  # a frame keeps all its variables alive
    names: dict[Value, str] = {}
    for scope in scopes:  # the last one wins
        names |= _names_in(scope)
    return names


def extra_names(given: Mapping[Value, str] | None, depth: int = 1) -> Mapping[Value, str]:
    """The further names that a caller gives, or else those of his variables."""
    if given is None:
        return caller_names(depth + 1)
    return checked_dict(given, "names is a dict from Values to names")


def _range(word: str, most: int) -> list[str]:
    """Spell out `w1:4` as w1, w2, w3; a word without a range is itself."""
    start, colon, stop = word.rpartition(":")
    if not colon:
        return [word]
    stem = start.rstrip("0123456789")
    first = start[len(stem) :]
    digits = first.isascii() and stop.isascii() and first.isdecimal() and stop.isdecimal()
    if not digits or len(stop) > 9 or int(stop) <= int(first):
        raise ValueError(f"{word!r} is no range of names; w1:9 makes w1, w2, ..., w8")
    if int(stop) - int(first) > most:
        raise ValueError(_too_few(word, int(stop) - int(first), most))
    return [f"{stem}{i}" for i in range(int(first), int(stop))]


def _too_few(names: str, made: int, given: int) -> str:
    numbers = "1 number is" if given == 1 else f"{given} numbers are"
    return f"{names!r} makes {made} name{'s' if made != 1 else ''}, but {numbers} given"


def _names_in(variables: Mapping[str, Any]) -> dict[Value, str]:
    """Find the unnamed Values that variables hold, themselves first and then inside lists."""
    names: dict[Value, str] = {}
    held = [
        (name, value) for name, value in variables.items() if name.isidentifier() and name[0] != "_"
    ]
    for name, value in held:
        if isinstance(value, Value) and not value.name:
            names.setdefault(value, name)
    seen: set[int] = set()  # lists may hold each other, even themselves
    inside = [(name, value) for name, value in reversed(held) if isinstance(value, (list, tuple))]
    while inside:
        name, value = inside.pop()
        if isinstance(value, Value) and not value.name:
            names.setdefault(value, name)
        elif isinstance(value, (list, tuple)) and id(value) not in seen:
            seen.add(id(value))
            inside += reversed([(f"{name}_{i}", element) for i, element in enumerate(value, 1)])
    return names


def _variables(frame: FrameType) -> dict[str, Any]:
    """Copy the local variables of a frame, leaving no reference in it.

    Up to Python 3.12 `f_locals` of a function is a dict that the frame keeps: a graph in it would
    live on after the function's own `del y`. So what was put there is taken out again.
    """
    found = frame.f_locals
    variables = dict(found)
    ours = not any(value is found for value in variables.values())  # the user may hold locals()
    if type(found) is dict and frame.f_code.co_flags & CO_OPTIMIZED and ours:
        found.clear()
    return variables


# ---------------------------------------------------------------- showing names


def labels(roots: Iterable[Value], extra: Mapping[Value, str] | None = None) -> dict[Value, str]:
    """Return the label of every named Value behind the roots; of repeats a root has no number.

    >>> a, b = Value(1.0, "hidden.h1.w1"), Value(2.0, "output.o1.w1")
    >>> list(labels([a * b.alias("out")]).values())
    ['h1.w1', 'o1.w1', 'out']
    """
    tops = dict.fromkeys(roots)
    paths = _paths(tops, extra or {})
    short = shortest_suffixes(paths)
    taken = set(short.values())
    found: dict[Value, str] = {}
    for path, nodes in paths.items():
        plain = next((node for node in nodes if node in tops), nodes[0])
        numbers = _free_numbers(short[path], taken, 2 if plain is nodes[0] else 1)
        for node in nodes:
            found[node] = short[path] if node is plain else f"{short[path]}#{next(numbers)}"
    return found


def describe(value: Value, labels: Mapping[Value, str] | None = None) -> str:
    """Say which Value is meant, in an error: its label, its name, or its number and op.

    >>> describe(Value(0.5, "hidden.w5")), describe(Value(2.0) * 0.25)
    ('hidden.w5', 'the Value 0.5 (mul)')
    """
    name = (labels or {}).get(value, value.name)
    if name:
        return legible(name)
    return f"the Value {value.data:.6g}" + (f" ({value.op})" if value.op else "")


def _paths(roots: Iterable[Value], extra: Mapping[Value, str]) -> dict[str, list[Value]]:
    """Collect the Values behind the roots by their full name, in topological order."""
    paths: dict[str, list[Value]] = {}
    for node in topological(*roots):
        path = node.name or extra.get(node, "")
        if path:
            paths.setdefault(path, []).append(node)
    return paths


def shortest_suffixes(paths: Iterable[str]) -> dict[str, str]:
    """Shorten each path to the last parts that no other path ends in.

    The paths, read from the right, make a tree; each is cut where its branch has no other path any
    more. A path that is itself the end of another (`w` beside `h.w`) stays whole. Linear in the
    characters.
    """
    branches: dict[tuple[int, str], int] = {}
    users: dict[int, int] = {}
    routes: dict[str, list[int]] = {}
    for path in paths:
        route = routes[path] = []
        place = 0
        for part in reversed(path.split(".")):
            place = branches.setdefault((place, part), len(branches) + 1)
            users[place] = users.get(place, 0) + 1
            route.append(place)
    short = {}
    for path, route in routes.items():
        first = 2 if path.endswith(".") else 1  # a label is never empty
        alone = (n for n, place in enumerate(route, 1) if n >= first and users[place] == 1)
        parts = next(alone, len(route))
        short[path] = ".".join(path.rsplit(".", parts)[-parts:])
    return short


def _free_numbers(label: str, taken: set[str], number: int) -> Iterator[int]:
    """Count on from a number for repeats of a label, passing over what is a name of its own."""
    while True:
        if f"{label}#{number}" not in taken:
            yield number
        number += 1


# ---------------------------------------------------------------- finding by name


def find(
    roots: Iterable[Value], which: Value | str, extra: Mapping[Value, str] | None = None
) -> Value:
    """Return the Value behind the roots that is meant by a name: a label, a path or the end of one.

    A Value means itself. `w#1`, `w#2` choose among Values of the same name.

    >>> w = Value(0.5, "output.o1.w5")
    >>> find([w.exp()], "w5") is w, find([w.exp()], "o1.w5") is w
    (True, True)

    Raises ValueError when no Value has that name (near names are offered) or several have.
    """
    if isinstance(which, Value):
        return which
    if not isinstance(which, str):
        kind = type(which).__name__
        remedy = ": give w itself, not w.data" if isinstance(which, float) else ""
        raise TypeError(
            f"a Value or the name of one is wanted, not {quoted(which)} ({kind}){remedy}"
        )
    roots = list(roots)
    paths = _paths(roots, extra or {})
    shown = labels(roots, extra)
    nodes = [node for path in _ending_in(which, paths) for node in paths[path]]
    if not nodes:
        nodes = [node for node, label in shown.items() if label == which]
    if not nodes:
        stem, _, digits = which.rpartition("#")
        nth = int(digits) if digits.isascii() and digits.isdecimal() and len(digits) < 10 else 0
        ends = [paths[path] for path in _ending_in(stem, paths)]
        nodes = [repeats[nth - 1] for repeats in ends if 0 < nth <= len(repeats)]
    if not nodes:
        raise ValueError(_unknown(which, list(shown.values())))
    plain = [node for node in nodes if shown[node] == which and node is not nodes[0]]
    if len(nodes) == 1 or plain:  # a root among its repeats is meant by the mere name
        return [*plain, *nodes][0]
    first = {repeats[0] for repeats in paths.values() if len(repeats) > 1}
    choices = [shown[node] + ("#1" if node in first else "") for node in nodes]
    raise ValueError(f"{legible(which)} may be any of {_listed(choices)}: say which")


def find_all(
    roots: Iterable[Value], which: Any, extra: Mapping[Value, str] | None = None
) -> list[Value]:
    """Return the Values that a list of Values and names means; one of them is a list of one."""
    roots = list(roots)
    return [find(roots, each, extra) for each in (which if several(which) else [which])]


def _ending_in(name: str, paths: Mapping[str, list[Value]]) -> list[str]:
    """Return the path that is this name, or else all that end in it."""
    return [name] if name in paths else [path for path in paths if path.endswith(f".{name}")]


def _unknown(name: str, known: list[str]) -> str:
    """Say that there is no such name, and which ones there are."""
    if not known:
        return 'no Value here has a name; give one with Value(0.5, "w5") or y.named("out")'
    hint = meant(name, map(legible, known[:1000]))
    return f"no Value here is called {legible(name)}; {hint or 'there are ' + _listed(known)}"


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(map(legible, names[:SHOWN])) + more
