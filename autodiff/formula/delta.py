"""The delta form: adjoints named delta, from the output down, as long as the graph and no
longer."""

from typing import Any

from autodiff.formula.alike import Entry, in_runs, listed, shape
from autodiff.formula.chain import number_of
from autodiff.formula.components import Component
from autodiff.formula.page import Label, Partial, Remark
from autodiff.formula.task import Result, Task, equation, is_long
from autodiff.formula.terms import Name, Term, plus, times
from autodiff.value import Value


def delta_name(label: str) -> str:
    """The delta of a pre-activation: sum_o1 gives δ_o1, z_2^(3) gives δ_2^(3), p_r gives δ_r.

    >>> delta_name("sum_o1"), delta_name("z_2^(3)"), delta_name("u")
    ('δ_o1', 'δ_2^(3)', 'δ_u')
    """
    stem, _, rest = label.partition("_")
    return f"δ_{rest or stem}"


def delta_form(task: Task) -> Result:
    """Adjoints named delta, from the output down: its length is that of the graph, not of its
    paths."""
    chain, x, y = task.chain, task.x, task.y
    leads = chain.leading_to(x)
    users = chain.above()
    named = _delta_nodes(task, leads)
    names = _delta_names(task)
    adjoint: dict[Value, Term] = {}
    value: dict[Value, float] = {y: 1.0}
    equations: list[tuple[Any, list[Entry]]] = []
    known: dict[str, list[str]] = {}
    for node in chain.waypoints:
        if node not in leads or node is y:
            continue
        shares: list[Term] = []
        total = 0.0
        for upper, slope in users[node]:
            c = task.components.between(upper, node)
            total += value[upper] * number_of(slope)
            above = adjoint.get(upper)
            first = above is None or not _slope_first(task, above, c)
            shares.append(
                c.formula
                if above is None
                else times(above, c.formula)
                if first
                else times(c.formula, above)
            )
        value[node] = total
        adjoint[node] = formula = task.signed(plus(*shares))
        if node in named or (node is not x and is_long(formula, task.figures)):
            label = names.get(node) or f"δ_{task.label(node)}"
            meaning = Partial(task.label(y), task.label(node))
            where = task.shown.get((meaning.upper, label))
            if where:
                known.setdefault(where, []).append(label)
            else:
                task.shown[meaning.upper, label] = f"as for {task.label(x)}"
                shown = equation(task, Label(label), meaning, formula, total)
                equations.append((shape(formula), [shown]))
            adjoint[node] = Name(label, total)
    final = adjoint[x]
    told = " · ".join(f"{listed(deltas, 'deltas')} {where}" for where, deltas in known.items())
    return Result(
        [
            *([Remark(told)] if told else []),
            *in_runs(equations, "deltas"),
            equation(task, Partial(task.label(y), task.label(x)), None, final, value[x]),
        ],
        final,
        value[x],
    )


def _delta_names(task: Task) -> dict[Value, str]:
    """A short name for each delta that the page may need; a full one where two would be equal."""
    waypoints = task.chain.waypoints
    candidates = _delta_nodes(task, set(waypoints))
    names: dict[Value, str] = {}
    taken: set[str] = set()
    for node in waypoints:
        if node in candidates:
            short = delta_name(task.label(node))
            names[node] = short if short not in taken else f"δ_{task.label(node)}"
            taken.add(names[node])
    return names


def _slope_first(task: Task, above: Term, c: Component) -> bool:
    """w·δ where a weight stands before a delta; text 002 (ascent) writes the slope first
    throughout."""
    is_delta = isinstance(above, Name) and above.label.startswith("δ")
    return (task.options.sense == "ascent") or (is_delta and c.lower != task.label(task.x))


def _delta_nodes(task: Task, leads: set[Value]) -> set[Value]:
    """Pre-activations, and every waypoint that more than one waypoint below depends on."""
    chain = task.chain
    named = set()
    for node in chain.waypoints:
        if len(node.args) == 1 and node.args[0] in leads and node.args[0] in chain.slopes:
            named.add(node.args[0])
        if node not in (task.y, task.x) and len(chain.slopes[node].keys() & leads) > 1:
            named.add(node)
    heads = chain.heads()
    return {n for n in named if isinstance(n, Value)} - {task.x, task.y} - heads
