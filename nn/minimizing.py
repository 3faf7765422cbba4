"""Minimizing: gradient descent on any recorded graph, as text 001 writes it.

while not terminated:
    w -= rate * dE/dw
"""

import math
from collections.abc import Callable, Iterable
from typing import Any

import autodiff as ad
from nn.adaptive import OPTIMIZERS
from nn.choices import checked_count, known
from nn.history import Epoch, History
from nn.optimizers import SGD, Optimizer
from nn.progress import Progress
from nn.schedules import Schedule, rate_at
from nn.state import numbers, set_numbers
from nn.steps import NonFinite, origin


def minimize(
    E: ad.Value,
    parameters: Iterable[ad.Value],
    rate: float | Schedule | None = None,
    until: float | Callable[[ad.Value], Any] | None = None,
    *,
    steps: int = 10_000,
    optimizer: type[Optimizer] | str = SGD,
    maximize: bool = False,
    min_gradient: float | None = None,
    progress: bool = False,
    **options: Any,
) -> History:
    """Go down (or up) any recorded graph: text 001's `while not terminated: w -= rate * dE/dw`.

    `until` is a loss to reach, or a function of E that says when to stop; at most `steps` steps are
    taken. `options` are those of the optimizer (`freeze=`, `momentum=`). The graph is computed
    anew after each step, so in the end E and all behind it stand where the parameters are.

    >>> w, b = ad.values("w b", [0.5, 1.0])
    >>> E = ((3 * w + b - 2) ** 2).named("E")
    >>> minimize(E, [w, b], rate=0.04, until=1e-12).stopped
    'E has reached 1e-12'
    >>> round(3 * w.data + b.data, 5)
    2.0

    Ctrl-C, and numbers that are not finite, end it as in `fit`. Raises as the optimizers do.
    """
    if not isinstance(E, ad.Value):
        raise TypeError(
            f"minimize goes down a recorded Value, not {E!r} ({type(E).__name__}): give the result "
            "itself, not its .data; a model and samples go to nn.fit"
        )
    checked_count(steps, "steps", 0)
    if until is not None and not callable(until):
        until = ad.Value(until).data
    if not callable(optimizer):
        optimizer = OPTIMIZERS[known(optimizer, OPTIMIZERS, "optimizer")]
    schedule = rate if callable(rate) else None
    start = rate_at(schedule, 0) if schedule else rate
    steered = optimizer(parameters, start, maximize=maximize, **options)  # type: ignore[arg-type]
    moving = steered.parameters
    history, nodes = History(unit="step"), _nodes(E)
    bar = Progress(steps, 0, progress, "step")
    name = E.name or "the loss"
    last = numbers(moving)
    try:
        E.forward()
        for step in range(steps + 1):
            ad.zero_grad(nodes)
            if not math.isfinite(E.data):
                raise NonFinite(None, f"{name} is {E.data}: {origin(E)}")
            E.backward()
            norm = math.hypot(*(p.grad for p in moving if p not in steered.frozen))
            if schedule:
                steered.rate = rate_at(schedule, step)
            history.rows.append(Epoch(step, E.data, None, steered.rate, norm))
            bar.show(step, E.data, steered.rate)
            if not math.isfinite(norm):
                raise NonFinite(None, f"{name} is finite, its gradient is not")
            history.stopped = _terminated(E, name, until, norm, min_gradient, maximize)
            if not history.stopped and step == steps:
                history.stopped = history.all_done(steps)
            if history.stopped:
                break
            last = numbers(moving)
            steered.step()
            E.forward()
    except KeyboardInterrupt:
        history.stopped = f"interrupted after step {len(history.rows) - 1}"
        set_numbers(moving, last)
        E.forward()
    except NonFinite as found:
        history.stopped = f"in step {step}, {found.cause}"
        set_numbers(moving, last)
        E.forward()
        error = FloatingPointError(
            f"{history.stopped}. The parameters are those of the step before; try a smaller rate"
        )
        error.history = history  # type: ignore[attr-defined]
        raise error from None
    finally:
        bar.close()
    return history


def _terminated(
    E: ad.Value, name: str, until: Any, norm: float, min_gradient: float | None, maximize: bool
) -> str:
    """Why to stop now, or nothing."""
    if callable(until):
        if until(E):
            return "until says so"
    elif until is not None and (E.data >= until if maximize else E.data <= until):
        return f"{name} has reached {until:g}"
    if min_gradient is not None and norm <= min_gradient:
        return f"the gradient is shorter than {min_gradient:g}"
    return ""


def _nodes(E: ad.Value) -> list[ad.Value]:
    """Every Value behind E: all of them collect gradients."""
    found = {E: None}
    waiting = [E]
    while waiting:
        for a in waiting.pop().args:
            if isinstance(a, ad.Value) and a not in found:
                found[a] = None
                waiting.append(a)
    return list(found)
