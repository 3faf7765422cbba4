"""`derive`: the derivation of a recorded gradient, the way a lecturer writes it on a board.

>>> import autodiff as ad
>>> w, x, b = ad.values("w x b", [0.5, 2.0, -1.0])
>>> out = (w * x + b).sigmoid().named("out")
>>> E = (0.5 * (1 - out) ** 2).named("E")
>>> derivation = ad.derive(E, w)
>>> print(derivation.formula_text())
(out − 1)·out·(1 − out)·x
>>> derivation.value
-0.25
"""

from collections.abc import Mapping, Sequence
from typing import Any

from autodiff.formula.alike import MOST_WEIGHTS, Alike, Entry, laid_out
from autodiff.formula.chain import Chain
from autodiff.formula.closing import closing, ending, finite_difference, new_components
from autodiff.formula.components import Components
from autodiff.formula.derivation import Derivation, Derived
from autodiff.formula.figures import Figures
from autodiff.formula.forms import FORMS
from autodiff.formula.higher import higher_order
from autodiff.formula.page import Heading, Page, Partial, Remark, Words
from autodiff.formula.reading import Reader
from autodiff.formula.symbols import free_name, partial
from autodiff.formula.task import SENSES, Options, Result, Task, equation
from autodiff.formula.terms import plus, times
from autodiff.graph import check_recorded, local_slopes, sweep, topological
from autodiff.modes import recording
from autodiff.names import caller_names, find, find_all, labels
from autodiff.op import number, refuse_unknown
from autodiff.value import Value

MANY_PATHS, MANY_STEPS = 8, 40  # beyond which a chain is no longer short
SIGNS = ("difference", "minus")


def derive(
    y: Value,
    x: Any,
    *,
    form: str = "auto",
    order: int = 1,
    rate: float | None = None,
    sense: str = "descent",
    signs: str = "difference",
    through: Sequence[Any] | None = None,
    stop: Sequence[Any] | None = None,
    expand: bool = False,
    digits: int = 5,
    rounding: str = "nearest",
    **unknown: Any,
) -> Derivation:
    """The derivation of dy/dx in the names of the graph, with the numbers put in.

    `x` is a Value, the name of one, or a list of them (one page: what was shown once is referred
    to, and a table closes it). Values without a name are called like the caller's variables.

    * `form`: `chain` (a product of named-to-named derivatives, sums where paths split), `paths`
      (one block for each path), `delta` (adjoints named delta), `matrix` (layers of a network);
      `auto` is chain, or delta where there are more than eight paths, or 40 steps on them.
    * `rate`: adds the update step; `sense="ascent"` adds the gradient instead of subtracting it.
    * `signs`: `difference` writes (out - t), `minus` keeps -(t - out).
    * `through`: the only named Values to step through. `stop`: leave dy/d stop and f' as symbols.
    * `expand`: prove the slope of each activation.
    * `order`: 2 and more for higher derivatives; goes with `signs`, `through` and the digits.
    * `digits`, `rounding="nearest"|"truncate"`: decimals shown.

    Raises ValueError for an unknown name or option, or when a Value changed since y was computed.
    """
    refuse_unknown("derive", unknown)
    _known("form", form, ("auto", *FORMS))
    _known("sense", sense, tuple(SENSES))
    _known("signs", signs, SIGNS)
    if not isinstance(y, Value):
        raise TypeError(f"derive wants the Value that is differentiated, not {y!r}")
    _fitting(form, order, rate, sense, stop, expand)
    check_recorded(y)
    extra = caller_names()
    many = isinstance(x, (list, tuple))
    xs = [find([y], each, extra) for each in (x if many else [x])]
    if not xs:
        raise ValueError("derive needs at least one Value to differentiate with respect to")
    figures = Figures(digits, rounding)
    waypoints = None if through is None else find_all([y], through, extra)
    if order != 1:
        reader = Reader(_table_of_labels(y, xs, extra, many, waypoints))
        with recording():
            page, derived = higher_order(y, xs, order, reader, signs, figures)
        return Derivation(page, derived, figures, many)
    options = Options(
        form=form,
        rate=None if rate is None else number(rate),
        sense=sense,
        signs=signs,
        figures=figures,
        through=waypoints,
        stops=tuple(find_all([y], stop or (), extra)),
        expand=expand,
    )
    with recording():  # inside no_record too: formulas are read off gradients that are graphs
        return derivation_of(y, xs if many else xs[0], extra, options)[0]


def _fitting(form: str, order: int, rate: Any, sense: str, stop: Any, expand: bool) -> None:
    """Raise ValueError for options that would have to be ignored."""
    first_order = {"rate": rate is not None, "sense": sense != "descent", "form": form != "auto"}
    first_order |= {"stop": stop, "expand": expand}
    chain_only = {"stop": stop, "expand": expand}
    for option, given in (first_order if order != 1 else chain_only).items():
        if given and order != 1:
            raise ValueError(f"{option}= goes with first derivatives, not with order={order!r}")
        if given and form not in ("auto", "chain"):
            raise ValueError(f"{option}= goes with form='chain', not with form={form!r}")


def _table_of_labels(
    y: Value,
    xs: Sequence[Value],
    extra: Mapping[Value, str],
    many: bool,
    through: Sequence[Value] | None,
) -> dict[Value, str]:
    """The labels of the graph, of its inner Values only those in `through` if that is given.

    y and the xs get a label even where they have no name.
    """
    table = labels([y], extra)
    spoken = [(y, "y"), *((x, f"x{i}" if many else "x") for i, x in enumerate(xs, 1))]
    for node, name in spoken:
        if node not in table:
            own = node.name.rpartition(".")[2] or extra.get(node, "")
            table[node] = free_name(own or name, table.values())
    if through is not None:
        kept = {y, *xs, *through}
        table = {node: label for node, label in table.items() if not node.args or node in kept}
    return table


def derivation_of(
    y: Value, x: Any, extra: Mapping[Value, str], options: Options
) -> tuple[Derivation, Reader]:
    """`derive` with its names resolved; also gives the reader of the graph."""
    many = isinstance(x, list)
    xs = x if many else [x]
    table = _table_of_labels(y, xs, extra, many, options.through)
    reader = Reader(table)
    chain = Chain(y, xs, table)
    components = Components(
        chain, reader, options.signs, expand=options.expand, abstract=bool(options.stops)
    )
    adjoints = sweep(y, 1.0, topological(y, right_first=True), local_slopes)
    shown: dict[tuple[str, ...], str] = {}
    derived: list[Derived] = []
    parts: list[list[Entry]] = []
    for each in xs:
        task = Task(y, each, chain, reader, components, options, adjoints, shown)
        known = dict(shown)
        gradient, result, aside = _gradient(task)
        later = bool(derived) and gradient.form == "chain"
        derived.append(gradient)
        part: list[Entry] = [Heading(Partial(table[y], table[each]), aside)] if many else []
        part += new_components(task, result, known) if later else result.items
        part += closing(task, result, gradient, later=later, update=not many)
        parts.append(part)
        for key in result.explained():
            if key not in known:
                shown[key] = f"as for {table[each]}"
    if many:
        entries: list[Entry] = [Alike(parts, "weights", MOST_WEIGHTS), Remark("")]
        entries += ending(xs, derived, options)
        page = Page(Words(f"The gradients of {table[y]}"), items=laid_out(entries, whole=False))
    else:
        [entries] = parts
        title = Partial(table[y], table[xs[0]])
        page = Page(title, aside, laid_out(entries, whole=False))
    whole = laid_out(entries, whole=True)
    return Derivation(page, derived, options.figures, many, whole), reader


def _gradient(task: Task) -> tuple[Derived, Result, str]:
    """One gradient as derived and as the engine has it, the form's result, and what to say
    of both."""
    y, x, options = task.y, task.x, task.options
    paths = task.chain.count_paths(x)
    form = options.form
    if form == "auto":
        form = "chain" if options.stops or _is_short(task, paths) else "delta"
    result = _in_form(form, task, paths)
    derived = Derived(
        task.label(x),
        form,
        result.formula,
        result.value,
        task.adjoints.get(x, 0.0),
        finite_difference(y, x),
        None if options.rate is None else x.data + options.step * result.value,
        result.steps,
    )
    return derived, result, _aside(form, paths, result)


def _is_short(task: Task, paths: int) -> bool:
    """Whether a chain can be read: one path, or a few that are not long."""
    if not 1 < paths <= MANY_PATHS:
        return paths < 2
    return sum(len(path) - 1 for path in task.chain.paths(task.y, task.x)) <= MANY_STEPS


def _in_form(form: str, task: Task, paths: int) -> Result:
    if paths == 0:
        y, x = task.label(task.y), task.label(task.x)
        return Result([Remark(f"{y} does not depend on {x}: {partial(y, x)} = 0")], plus(), 0.0)
    if task.x is task.y:
        symbol = Partial(task.label(task.y), task.label(task.x))
        return Result([equation(task, symbol, None, times(), 1.0)], times(), 1.0)
    return FORMS[form](task)


def _aside(form: str, paths: int, result: Result) -> str:
    shown = f"{paths:,}" if paths < 10**6 else f"{paths:.1e}"
    text = f"{shown} path{'s' if paths != 1 else ''}"
    if form != "chain" or not result.steps:
        return f"{text} · {form} form"
    return f"{text} · {len(result.steps):,} component{'s' if len(result.steps) > 1 else ''}"


def _known(option: str, given: str, known: tuple[str, ...]) -> None:
    if given not in known:
        raise ValueError(f"{option}={given!r}: choose one of {', '.join(map(repr, known))}")
