"""One training run: what `fit` does in an epoch, and the state that it can go back to.

The history grows by one row, and the state is replaced, only when an epoch is whole; so an
interrupt at any moment leaves a last whole epoch to go back to.
"""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import autodiff as ad
from nn.clipping import checked_limit, clip_norm, clip_value, gradient_norm
from nn.history import Epoch, History
from nn.initialisers import Seed, generator
from nn.optimizers import SGD, Optimizer
from nn.penalties import checked_strength, l1_penalty, l2_penalty, weights
from nn.samples import Samples
from nn.schedules import Schedule, rate_at
from nn.state import TrainingState, numbers, set_numbers
from nn.steps import CompiledStep, chosen_step, summed


class Run:
    """A model, its samples and an optimizer; `epoch()` trains one epoch."""

    def __init__(
        self,
        model: Any,
        loss: Callable[..., Any],
        optimizer: Optimizer,
        samples: Samples,
        validation: Samples | None,
        *,
        schedule: Schedule | None,
        batch_size: int | None,
        seed: Seed,
        patience: int | None,
        min_delta: float,
        target_loss: float | None,
        min_gradient: float | None,
        clip_norm: float | None,
        clip_value: float | None,
        penalties: tuple[float, float],
        check_finite: bool,
        backend: str,
    ) -> None:
        self.model, self.loss, self.optimizer = model, loss, optimizer
        self.samples, self.validation = samples, validation
        self.schedule, self.patience, self.min_delta = schedule, patience, min_delta
        self.target_loss, self.min_gradient = target_loss, min_gradient
        self.clip_norm = None if clip_norm is None else checked_limit(clip_norm)
        self.clip_value = None if clip_value is None else checked_limit(clip_value)
        self.l1, self.l2 = map(checked_strength, penalties)
        self.check_finite = check_finite
        self.whole = batch_size is None or batch_size >= len(samples)
        self.batch_size = len(samples) if self.whole else batch_size or 0
        self.rng = generator(seed)
        self.parameters: list[ad.Value] = model.parameters()
        self.moving = [p for p in optimizer.parameters if p not in optimizer.frozen]
        self.step, self.backend = chosen_step(model, loss, samples, check_finite, backend)
        layers = getattr(model, "layers", [])
        self.layers: list[list[ad.Value]] = [layer.parameters() for layer in layers]
        self.history = History(tuple(layer.names.place for layer in layers))
        self.history.backend = self.backend
        described = {
            "samples": samples.fingerprint(),
            "loss": getattr(loss, "__name__", type(loss).__name__),
            "batch_size": self.batch_size,
            "penalties": [self.l1, self.l2],
            "backend": self.backend,
        }
        self.state = TrainingState(
            0, numbers(self.parameters), optimizer.state(), self._random(), described
        )
        self.history.state = self.state

    # ------------------------------------------------------------ an epoch

    def epoch(self) -> str:
        """Train one epoch; return why training is over, or nothing."""
        before = self.state
        if self.schedule:
            self.optimizer.rate = rate_at(self.schedule, before.epoch)
        norm, reached = 0.0, ""
        norms: tuple[float, ...] = ()
        batches = self._batches()
        total, done = self._ahead(batches)
        for batch in batches[done:]:
            loss, norm, norms = self._gradient(batch)
            total += loss
            if self.whole:
                reached = self._reached(total / len(self.samples), norm)
            if not reached:
                self.optimizer.step()
        mean = total / len(self.samples)
        validation = None if self.validation is None else self.validation_loss()
        row = Epoch(before.epoch + 1, mean, validation, self.optimizer.rate, norm, norms)
        reached = reached or ("" if self.whole else self._reached(mean, norm))
        # The loss of all samples was that of the weights before the step, unless it was measured.
        measured_before = self.whole and validation is None
        scored = before.parameters if measured_before else numbers(self.parameters)
        held = bool(reached) and self.whole  # no step was taken: resumed, the epoch is run again
        state = replace(
            before,
            epoch=before.epoch + (not held),
            parameters=numbers(self.parameters),
            optimizer=self.optimizer.state(),
            random=self._random(),
        )
        if self.patience is not None:
            score = mean if validation is None else validation
            if self._better(score, state.best_score):
                state = replace(state, best=scored, best_score=score, best_epoch=row.epoch)
        self.history.rows.append(row)
        self.state = self.history.state = state
        if not reached and self.patience and row.epoch - state.best_epoch >= self.patience:
            reached = f"no better loss for {self.patience} epochs"
        return reached

    def _batches(self) -> list[list[int]]:
        count = len(self.samples)
        if self.whole:
            return [list(range(count))]
        order = self.rng.sample(range(count), count)
        return [order[i : i + self.batch_size] for i in range(0, count, self.batch_size)]

    def _ahead(self, batches: list[list[int]]) -> tuple[float, int]:
        """All batches but the last at once, if nothing is to be done between gradient and step: the
        sum of their losses, and how many they were.
        """
        step, optimizer = self.step, self.optimizer
        looks = self.l1 or self.l2 or self.clip_norm is not None or self.clip_value is not None
        plain = type(optimizer) is SGD and not (optimizer.momentum or optimizer.maximize)
        if looks or not plain or len(batches) < 2 or not isinstance(step, CompiledStep):
            return 0.0, 0
        if optimizer.frozen or set(optimizer.parameters) != set(self.parameters):
            return 0.0, 0
        total = step.descend(batches[:-1], optimizer.rate)
        if total is None:  # batch by batch then, which says where
            return 0.0, 0
        optimizer.steps += len(batches) - 1
        return total, len(batches) - 1

    def _gradient(self, batch: list[int]) -> tuple[float, float, tuple[float, ...]]:
        """The summed loss of a batch and the gradient's length, whole and by layer; then clip."""
        loss = self.step(batch)
        for strength, penalty in ((self.l1, l1_penalty), (self.l2, l2_penalty)):
            if strength:
                penalty(weights(self.model), strength).backward()
        norm = gradient_norm(self.moving)
        if self.check_finite and not math.isfinite(norm):
            raise self.step.culprit(batch)
        norms = tuple(gradient_norm(layer) for layer in self.layers)
        if self.clip_value is not None:
            clip_value(self.moving, self.clip_value)
        if self.clip_norm is not None:
            clip_norm(self.moving, self.clip_norm)
        return loss, norm, norms

    def _reached(self, loss: float, norm: float) -> str:
        """Whether loss or gradient have come to their aims, in words."""
        if self.target_loss is not None and self._sign * loss <= self._sign * self.target_loss:
            return f"the loss has reached {self.target_loss:g}"
        if self.min_gradient is not None and norm <= self.min_gradient:
            return f"the gradient is shorter than {self.min_gradient:g}"
        return ""

    @property
    def _sign(self) -> float:
        return -1.0 if self.optimizer.maximize else 1.0

    def _better(self, score: float, best: float | None) -> bool:
        if best is None or not math.isfinite(score):
            return math.isfinite(score)
        return self._sign * score < self._sign * best - self.min_delta

    def validation_loss(self) -> float:
        """The mean loss of the samples kept apart; nothing is recorded."""
        assert self.validation is not None
        with ad.no_record():
            if hasattr(self.model, "predict"):
                outputs = map(_values, self.model.predict(self.validation.X))
            else:
                outputs = map(self.model, self.validation.X)
            pairs = zip(outputs, self.validation.y, strict=True)
            losses = [self.loss(output, target).data for output, target in pairs]
        return summed(losses) / len(losses)

    # ------------------------------------------------------------ back and forth

    def _random(self) -> tuple[Any, ...]:
        return self.rng.getstate()

    def rewind(self) -> None:
        """Go back to the end of the last whole epoch."""
        self.state.write_to(self.parameters, self.optimizer, self.rng)
        del self.history.rows[self.state.epoch :]
        self.history.state = self.state

    def finish(self) -> None:
        """With patience, the weights of the best epoch are the result."""
        if self.patience is not None and self.state.best:
            set_numbers(self.parameters, self.state.best)
            self.history.best = self.state.best_epoch

    def resume(self, given: History | str | Path) -> None:
        """Take over history and state. Raises ValueError when another run is meant."""
        if isinstance(given, History):
            history = given
        else:
            from nn.checkpoints import load_checkpoint

            history = load_checkpoint(given)[1]
        state = history.state
        if not isinstance(state, TrainingState):
            raise ValueError("this history has no state to go on from; was it made by fit?")
        for what, number in self.state.run.items():
            if state.run.get(what) != number:
                raise ValueError(
                    f"the run to resume had other {_plural(what)} ({state.run.get(what)}, now "
                    f"{number}), so the numbers would not go on as before; give the same, or start "
                    "anew from its weights: load the model and leave resume= out"
                )
        if history.layers != self.history.layers:
            raise ValueError(
                f"the run to resume had layers {history.layers}, now {self.history.layers}"
            )
        state.write_to(self.parameters, self.optimizer, self.rng)
        self.history.rows = history.rows[: state.epoch]
        self.state = self.history.state = state

    def save(self, path: str | Path) -> None:
        from nn.checkpoints import save_checkpoint

        save_checkpoint(self.model, self.history, path)


def _values(outputs: Any) -> Any:
    return [ad.Value(o) for o in outputs] if isinstance(outputs, list) else ad.Value(outputs)


def _plural(what: str) -> str:
    return {"loss": "losses"}.get(what, what.replace("_", " "))
