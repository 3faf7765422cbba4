"""Checkpoints: model, history and state of training in one file, to resume from exactly.

fit(model, X, y, ..., checkpoint="run.json")                     # stopped by whatever it was
fit(model, X, y, ..., checkpoint="run.json", resume="run.json")  # the same numbers as without
"""

import math
from pathlib import Path
from typing import Any

from nn.adaptive import OPTIMIZERS
from nn.history import Epoch, History
from nn.layers import MLP
from nn.reading import (
    exactly,
    fields,
    flag,
    listed,
    number,
    optional,
    read_json,
    text,
    whole,
)
from nn.saving import NEWER, model_content, model_from, to_json
from nn.state import TrainingState
from nn.writing import write_atomically

FORMAT, VERSION = "autodiff checkpoint", 1


def save_checkpoint(model: MLP, history: History, path: str | Path) -> None:
    """Write model, history and state; raises as `save` does."""
    if not isinstance(history, History):
        raise TypeError(f"the History that fit returned is saved with the model, not {history!r}")
    state = history.state
    version, words, gauss = state.random
    past = history.to_dict()
    past["rows"] = [[_coded(x) for x in row] for row in past["rows"]]
    content = {
        "format": FORMAT,
        "version": VERSION,
        "model": model_content(model),
        "history": past,
        "state": {
            "epoch": state.epoch,
            "parameters": list(state.parameters),
            "optimizer": state.optimizer,
            "random": [version, list(words), gauss],
            "run": state.run,
            "best": list(state.best),
            "best_score": state.best_score,
            "best_epoch": state.best_epoch,
        },
    }
    write_atomically(path, to_json(content))


def load_checkpoint(path: str | Path) -> tuple[MLP, History]:
    """The model as it was, and the history, which `fit(..., resume=history)` goes on from.

    Raises OSError and ValueError as `load` does.
    """
    content = read_json(path)
    if content.get("format") != FORMAT:
        raise ValueError(f'{path} is no checkpoint: it does not say "format": "{FORMAT}"')
    exactly(VERSION, NEWER)(content.get("version"), f"{path}.version")
    where = str(path)
    model = model_from(content.get("model"), f"{where}.model")
    count = len(model.parameters())
    found = fields(
        content,
        where,
        {
            "format": text,
            "version": whole(1),
            "model": lambda x, place: model,
            "history": _history,
            "state": lambda x, place: fields(x, place, _state(count)),
        },
    )
    history: History = found["history"]
    state = found["state"]
    if len(history.rows) < state["epoch"]:
        raise ValueError(
            f"{where}: the state is that of epoch {state['epoch']}, and the history has "
            f"{len(history.rows)}"
        )
    for what in ("parameters", "best"):
        state[what] = tuple(state[what])
    if len(state["best"]) not in (0, count):
        raise ValueError(f"{where}.state.best: {count} entries are wanted")
    history.state = TrainingState(**state)
    return model, history


def _coded(x: Any) -> Any:
    """JSON has no nan and inf; a loss may be so when `check_finite=False`."""
    if isinstance(x, list):
        return [_coded(item) for item in x]
    return str(x) if isinstance(x, float) and not math.isfinite(x) else x


def _measured(x: Any, where: str) -> float:
    return float(x) if x in ("nan", "inf", "-inf") else number(x, where)


def _history(x: Any, where: str) -> History:
    head = {
        "unit": text,
        "layers": listed(text),
        "rows": listed(_row),
        "stopped": text,
        "best": optional(whole(1)),
    }
    found = fields(x, where, head)
    history = History(tuple(found["layers"]), found["unit"])
    history.rows, history.stopped, history.best = found["rows"], found["stopped"], found["best"]
    for i, row in enumerate(history.rows):
        if len(row.layer_norms) != len(history.layers):
            raise ValueError(f"{where}.rows[{i}]: {len(history.layers)} gradients are wanted")
    return history


def _row(x: Any, where: str) -> Epoch:
    row = listed(lambda item, place: item, len(Epoch._fields))(x, where)
    epoch, loss, validation, rate, norm, norms = row
    return Epoch(
        whole(1)(epoch, where),
        _measured(loss, where),
        optional(_measured)(validation, where),
        number(rate, where),
        _measured(norm, where),
        tuple(listed(_measured)(norms, where)),
    )


def _state(count: int) -> dict[str, Any]:
    return {
        "epoch": whole(0),
        "parameters": listed(number, count),
        "optimizer": _optimizer,
        "random": _random,
        "run": lambda x, where: fields(
            x,
            where,
            {
                "samples": text,
                "loss": text,
                "batch_size": whole(1),
                "penalties": listed(number, 2),
                "backend": text,
            },
        ),
        "best": listed(number),
        "best_score": optional(number),
        "best_epoch": whole(0),
    }


def _optimizer(x: Any, where: str) -> dict[str, Any]:
    """Kind, settings and slots; whether they fit the optimizer is seen when it takes them over."""
    found = fields(
        x,
        where,
        {"kind": text, "rate": number, "steps": whole(0), "settings": _table, "slots": _table},
    )
    for name, setting in found["settings"].items():
        place = f"{where}.settings.{text(name, where)}"
        found["settings"][name] = (flag if type(setting) is bool else number)(setting, place)
    for name, slot in found["slots"].items():
        found["slots"][name] = listed(number)(slot, f"{where}.slots.{text(name, where)}")
    if found["kind"].lower() not in OPTIMIZERS and not found["kind"].isidentifier():
        raise ValueError(f"{where}.kind: {found['kind']!r} is no optimizer")
    return found


def _table(x: Any, where: str) -> dict[str, Any]:
    if type(x) is not dict:
        raise ValueError(f"{where}: an object is wanted")
    return dict(x)


def _random(x: Any, where: str) -> tuple[Any, ...]:
    """The state of `random.Random`: version 3, 624 words and a position."""
    three = listed(lambda item, place: item, 3)(x, where)
    exactly(3, NEWER)(three[0], where)
    words = listed(whole(0, 2**32 - 1), 625)(three[1], where)
    whole(0, 624)(words[-1], where)
    return 3, tuple(words), optional(number)(three[2], where)
