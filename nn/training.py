"""Training: `fit` for a network and samples. `nn.minimizing` does the same for any graph.

What `fit` does could be written by hand in ten lines (docs/training.md begins with them):

    for epoch in range(epochs):
        for batch in batches:
            E = mean of loss(model(x), t) over the batch
            optimizer.zero_grad()
            E.backward()
            optimizer.step()

and the rest is looking after it: when to stop, what to keep, and where it went wrong.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import autodiff as ad
from nn.adaptive import OPTIMIZERS
from nn.choices import checked_count, known
from nn.history import Epoch, History
from nn.initialisers import Seed
from nn.leaves import as_list
from nn.losses import LOSSES
from nn.optimizers import Optimizer, checked_rate
from nn.progress import Progress
from nn.run import Run
from nn.samples import Samples, apart, checked_samples
from nn.schedules import Schedule, rate_at
from nn.steps import NonFinite

Callback = Callable[[Epoch], Any]


def fit(
    model: Any,
    X: Any,
    y: Any,
    *,
    loss: str | Callable[..., Any] = "half_squared_error",
    optimizer: str | Optimizer = "sgd",
    rate: float | Schedule | None = None,
    epochs: int = 100,
    batch_size: int | None = None,
    seed: Seed = 0,
    validation: tuple[Any, Any] | float | None = None,
    callbacks: Iterable[Callback] | Callback = (),
    patience: int | None = None,
    min_delta: float = 0.0,
    target_loss: float | None = None,
    min_gradient: float | None = None,
    clip_norm: float | None = None,
    clip_value: float | None = None,
    l1: float = 0.0,
    l2: float = 0.0,
    maximize: bool = False,
    check_finite: bool = True,
    backend: str = "auto",
    progress: bool = True,
    checkpoint: str | Path | None = None,
    checkpoint_every: int = 10,
    resume: History | str | Path | None = None,
    **unknown: Any,
) -> History:
    """Train the model on samples, in place, and return the `History`.

    * `X`, `y`: a row of inputs and a target for each sample (`nn.samples`).
    * `loss`: a name in `LOSSES` or a function of (outputs, target); a batch has the mean loss.
    * `optimizer`: a name in `OPTIMIZERS`, or an Optimizer of the model's parameters.
    * `rate`: a number, or a schedule: a function of the epoch (from 0), see `nn.schedules`.
    * `epochs`: how many in all, those before a `resume` included.
    * `batch_size`: samples a step, shuffled by `seed` in each epoch; all of them if not given.
    * `validation`: (X, y) of samples kept apart, or a fraction to draw from the given ones.
    * `callbacks`: called with each `Epoch` when it is over; one that returns True ends training.
    * `patience`: stop after so many epochs without a loss (that of validation, if there is one)
      better by `min_delta`; the weights of the best epoch are restored at the end.
    * `target_loss`, `min_gradient`: stop when the loss, or the length of the gradient, gets there.
      Without batches the model then has just that loss: no step is taken any more.
    * `clip_norm`, `clip_value`: limits of the gradient; `l1`, `l2`: penalties on the weights, which
      act on the gradient and are not part of the loss that is told.
    * `maximize`: climb (for a performance, as in text 002).
    * `backend`: "eager", "numpy", "native", or "auto" for the one that suits (`nn.steps`).
    * `progress`: a bar, or lines where there is no terminal; False for silence.
    * `checkpoint`: a file to keep the state in, every so many epochs and at the end; `resume`: such
      a file, or a History, to go on from with the same numbers as if nothing had happened.

    Ctrl-C ends training in order: the model has the weights of the last whole epoch (or the best,
    with patience), and the history so far is returned. A loss or gradient that is not finite raises
    FloatingPointError with the epoch, the sample and the name of the node where it began; model and
    `error.history` are left in the same way. `check_finite=False` trains on regardless.

    >>> from nn import MLP
    >>> model = MLP(2, [3, 1], "tanh", "sigmoid", seed=1)
    >>> X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
    >>> history = fit(model, X, y, rate=3.0, epochs=500, target_loss=0.01, progress=False)
    >>> history.stopped
    'the loss has reached 0.01'
    >>> [round(p) for p in model.predict(X)]
    [0, 1, 1, 0]

    Raises ValueError and TypeError for samples, labels and settings that do not fit.
    """
    checked_count(epochs, "epochs", 0)
    chosen = _loss(loss)
    if not hasattr(model, "parameters"):
        raise TypeError(f"fit trains a model, fit(MLP(2, [3, 1]), X, y, rate=0.1), not {model!r}")
    parameters = model.parameters()
    schedule = rate if callable(rate) else None
    steered = _optimizer(optimizer, parameters, rate, schedule, maximize, unknown)
    samples, held_out = _samples(model, X, y, chosen, validation, seed)
    run = Run(
        model,
        chosen,
        steered,
        samples,
        held_out,
        schedule=schedule,
        batch_size=None if batch_size is None else checked_count(batch_size, "batch_size", 1),
        seed=seed,
        patience=None if patience is None else checked_count(patience, "patience", 1),
        min_delta=min_delta,
        target_loss=target_loss,
        min_gradient=min_gradient,
        clip_norm=clip_norm,
        clip_value=clip_value,
        penalties=(l1, l2),
        check_finite=check_finite,
        backend=backend,
    )
    if resume is not None:
        run.resume(resume)
        if isinstance(rate, int | float):
            steered.rate = float(rate)  # given anew, it holds from now on
    every = checked_count(checkpoint_every, "checkpoint_every", 1)
    listeners = as_list(callbacks)
    for listener in listeners:
        if not callable(listener):
            raise TypeError(f"a callback is a function of an Epoch, not {listener!r}")
    bar = Progress(epochs, run.state.epoch, progress)
    try:
        _train(run, epochs, bar, listeners, checkpoint, every)
    finally:
        bar.close()
        run.finish()
        if checkpoint is not None:
            run.save(checkpoint)
    return run.history


def _train(
    run: Run,
    epochs: int,
    bar: Progress,
    listeners: list[Callback],
    checkpoint: str | Path | None,
    every: int,
) -> None:
    """Epoch after epoch until there is a reason to stop; a broken epoch is taken back."""
    history = run.history
    history.stopped = ""
    try:
        while not history.stopped and run.state.epoch < epochs:
            history.stopped = run.epoch()
            row = history.rows[-1]
            bar.show(row.epoch, row.loss, row.rate)
            for listener in listeners:
                if listener(row) is True and not history.stopped:
                    history.stopped = f"{getattr(listener, '__name__', 'a callback')} asked to stop"
            if checkpoint is not None and run.state.epoch % every == 0:
                run.save(checkpoint)
        history.stopped = history.stopped or history.all_done(epochs)
    except KeyboardInterrupt:
        history.stopped = f"interrupted in epoch {run.state.epoch + 1}"
        run.rewind()
    except NonFinite as found:
        where = "" if found.sample is None else f", sample {found.sample}"
        history.stopped = f"in epoch {run.state.epoch + 1}{where}, {found.cause}"
        run.rewind()
        error = FloatingPointError(
            f"{history.stopped}. The model has the weights of before that epoch; "
            "try a smaller rate, or clip_norm=1.0"
        )
        error.history = history  # type: ignore[attr-defined]
        raise error from None
    except BaseException:
        run.rewind()
        raise


# ---------------------------------------------------------------- what is given


def _samples(
    model: Any,
    X: Any,
    y: Any,
    loss: Callable[..., Any],
    validation: tuple[Any, Any] | float | None,
    seed: Seed,
) -> tuple[Samples, Samples | None]:
    """The samples to train on and those kept apart, checked against the shape of the model."""
    sizes = getattr(model, "sizes", None)
    n_inputs, n_outputs = (
        (sizes[0], sizes[-1]) if sizes else (None, len(getattr(model, "neurons", [model])))
    )
    samples = checked_samples(X, y, n_inputs, n_outputs, loss)
    if isinstance(validation, tuple | list):
        if len(validation) != 2:
            raise ValueError(f"validation is (X, y) or a fraction, not {len(validation)} things")
        return samples, checked_samples(*validation, n_inputs, n_outputs, loss, "validation ")
    return (samples, None) if validation is None else apart(samples, validation, seed)


def _loss(loss: Any) -> Callable[..., Any]:
    if callable(loss):
        chosen: Callable[..., Any] = loss
        return chosen
    return LOSSES[known(loss, LOSSES, "loss")]


def _optimizer(
    given: Any,
    parameters: list[ad.Value],
    rate: Any,
    schedule: Schedule | None,
    maximize: bool,
    unknown: dict[str, Any],
) -> Optimizer:
    """The optimizer that is meant, with the rate that is given."""
    start = rate_at(schedule, 0) if schedule else rate
    call, options = "fit(model, X, y, rate=0.1)", fit.__kwdefaults__ or ()
    if not isinstance(given, Optimizer):
        start = checked_rate(start, unknown, call, options)
        kind = (
            given if isinstance(given, type) else OPTIMIZERS[known(given, OPTIMIZERS, "optimizer")]
        )
        made: Optimizer = kind(parameters, start, maximize=maximize)
        return made
    if unknown:
        checked_rate(given.rate, unknown, call, options)
    if maximize and not given.maximize:
        raise ValueError("maximize=True goes to the optimizer, where it is given")
    strangers = set(given.parameters) - set(parameters)
    if strangers:
        name = next(iter(strangers)).name or "one without a name"
        raise ValueError(f"the optimizer moves {name}, which is no parameter of this model")
    if start is not None:
        given.rate = checked_rate(start, {}, call)
    return given
