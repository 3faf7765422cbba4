"""fit: the same as the loop by hand, every way to end it, and going on as if nothing had been."""

import contextlib
import json
import math
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from ready import untraced

import autodiff as ad
from nn import (
    MLP,
    SGD,
    Adam,
    Layer,
    Neuron,
    clip_norm,
    fit,
    half_squared_error,
    l2_penalty,
    load_checkpoint,
    mse,
    performance,
    save_checkpoint,
)
from nn.history import Epoch
from nn.penalties import weights
from nn.schedules import Cosine

X: list[list[float]] = [[0, 0], [0, 1], [1, 0], [1, 1]]
XOR = [0, 1, 1, 0]


def model(seed: int = 1, **options: Any) -> MLP:
    return MLP(2, [3, 1], "tanh", "sigmoid", seed=seed, **options)


def numbers(network: Any) -> list[float]:
    return [p.data for p in network.parameters()]


def quiet(network: Any, xs: Any = X, ys: Any = XOR, **options: Any) -> Any:
    return fit(network, xs, ys, **{"rate": 0.5, "epochs": 5, "progress": False} | options)


# ---------------------------------------------------------------- the same numbers


def test_fit_is_the_loop_by_hand() -> None:
    ours, by_hand = model(), model()
    history = quiet(ours, epochs=20)
    optimizer = SGD(by_hand.parameters(), rate=0.5)
    losses = []
    for _ in range(20):
        E = sum(half_squared_error(by_hand(x), t) for x, t in zip(X, XOR, strict=True)) / 4
        optimizer.zero_grad()
        E.backward()
        optimizer.step()
        losses.append(E.data)
    assert numbers(ours) == pytest.approx(numbers(by_hand), rel=1e-13)
    assert history.loss == pytest.approx(losses, rel=1e-13)
    assert history.stopped == "all 20 epochs are done"
    assert len(history) == 20


def test_penalties_and_clipping_by_hand() -> None:
    ours, by_hand = model(), model()
    history = quiet(ours, epochs=3, l2=0.1, clip_norm=0.05)
    for row in history.rows:
        E = sum(half_squared_error(by_hand(x), t) for x, t in zip(X, XOR, strict=True)) / 4
        by_hand.zero_grad()
        (E + l2_penalty(weights(by_hand), 0.1)).backward()
        norm = clip_norm(by_hand.parameters(), 0.05)
        SGD(by_hand.parameters(), rate=0.5).step()
        assert row.gradient_norm == pytest.approx(norm, rel=1e-12)
    assert numbers(ours) == pytest.approx(numbers(by_hand), rel=1e-12)


def test_the_same_seed_gives_the_same_bits() -> None:
    def bits(seed: int) -> Any:
        network = model()
        return quiet(network, batch_size=2, seed=seed, epochs=6).loss, numbers(network)

    assert bits(3) == bits(3)
    assert bits(3) != bits(4)


def test_batches_hold_every_sample_once() -> None:
    met: list[float] = []

    def watched(output: Any, target: float) -> Any:
        met.append(target)
        return mse(output, target)

    quiet(Neuron(1, "linear"), [[k] for k in range(7)], range(7), loss=watched, batch_size=3,
          epochs=1, rate=0.0)  # fmt: skip
    assert sorted(met) == list(range(7))
    assert met != list(range(7))


def test_global_random_numbers_are_left_alone() -> None:
    random.seed(1)
    before = random.getstate()
    quiet(model(), batch_size=2, validation=0.25)
    assert random.getstate() == before


def test_climbing_a_performance() -> None:
    down, up = model(), model()
    a = quiet(down)
    b = quiet(up, loss=performance, maximize=True)
    assert numbers(down) == pytest.approx(numbers(up), rel=1e-14)
    assert a.loss == pytest.approx([-x for x in b.loss], rel=1e-14)


def test_a_schedule_is_a_function_of_the_epoch() -> None:
    history = quiet(model(), rate=Cosine(1.0, 0.0, epochs=4), epochs=5)
    assert history.rate == pytest.approx([1.0, 0.85355339, 0.5, 0.14644661, 0.0])
    assert quiet(model(), rate=lambda epoch: 0.5**epoch, epochs=3).rate == [1.0, 0.5, 0.25]


def test_an_optimizer_of_the_users_own() -> None:
    network = model()
    optimizer = Adam(network.parameters(), rate=0.1, freeze="w1")
    before = network.named_parameters()["w1"].data
    quiet(network, optimizer=optimizer, rate=None)
    assert network.named_parameters()["w1"].data == before
    assert optimizer.steps == 5


# ---------------------------------------------------------------- ways to end


def test_target_loss_is_the_loss_of_the_model() -> None:
    network = model()
    history = quiet(network, rate=3.0, epochs=2000, target_loss=0.01)
    assert history.stopped == "the loss has reached 0.01"
    now = sum(half_squared_error(network.predict(x), t) for x, t in zip(X, XOR, strict=True)) / 4
    assert history.loss[-1] == pytest.approx(now, rel=1e-12)
    assert now <= 0.01 < history.loss[-2]


def test_target_of_a_performance() -> None:
    history = quiet(model(), rate=3.0, epochs=2000, loss="performance", maximize=True,
                    target_loss=-0.01)  # fmt: skip
    assert history.loss[-1] >= -0.01 > history.loss[-2]


def test_min_gradient() -> None:
    history = quiet(Neuron(1, "linear"), [[0.0], [1.0]], [1, 3], epochs=500, min_gradient=1e-3)
    assert history.stopped == "the gradient is shorter than 0.001"
    assert history.gradient_norm[-1] <= 1e-3 < history.gradient_norm[-2]


def test_patience_restores_the_best_weights() -> None:
    network = Neuron(1, "linear", weights=[0.0], bias=None)
    seen: list[float] = []

    def remember(row: Epoch) -> None:
        seen.append(network.weights[0].data)

    # trained towards 2, judged by how near to 1 it is: best half way
    history = quiet(network, [[1.0]], [2], rate=0.1, epochs=100, validation=([[1.0]], [1.0]),
                    patience=4, callbacks=remember)  # fmt: skip
    assert history.stopped == "no better loss for 4 epochs"
    assert history.best == 1 + min(range(len(seen)), key=lambda i: abs(seen[i] - 1))
    assert len(history) == history.best + 4
    assert network.weights[0].data == seen[history.best - 1]


def test_patience_without_validation_keeps_the_weights_that_had_the_loss() -> None:
    network = Neuron(1, "linear", weights=[0.0], bias=None)
    history = quiet(network, [[1.0]], [1], rate=2.5, epochs=50, patience=3)  # it diverges
    assert (history.best, len(history), network.weights[0].data) == (1, 4, 0.0)


def test_callbacks() -> None:
    rows: list[Epoch] = []
    history = quiet(model(), callbacks=[rows.append, lambda row: row.epoch == 3], epochs=50)
    assert rows == history.rows
    assert len(history) == 3
    assert history.stopped == "<lambda> asked to stop"


@pytest.mark.parametrize("moment", [0, 1, 17, 33, 47])
def test_an_interrupt_leaves_the_last_whole_epoch(moment: int) -> None:
    calls = 0

    def loss(output: Any, target: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == moment + 1:
            raise KeyboardInterrupt
        return mse(output, target)

    network, whole = model(), model()
    options: Any = {"optimizer": "adam", "rate": 0.1, "batch_size": 2, "seed": 7, "epochs": 12}
    history = quiet(network, loss=loss, **options)
    done = moment // 4
    assert history.stopped == f"interrupted in epoch {done + 1}"
    assert len(history) == history.state.epoch == done
    assert tuple(numbers(network)) == history.state.parameters
    resumed = quiet(network, loss=loss, resume=history, **options)
    through = quiet(whole, loss=loss, **options)
    assert resumed.rows == through.rows
    assert numbers(network) == numbers(whole)


@untraced
@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs a timer that interrupts")
def test_interrupts_at_any_moment_change_no_number(no_collector_callbacks: None) -> None:
    if sys.gettrace() is not None:
        pytest.skip("an interrupt inside a tracer (coverage) leaves its lock taken for good")

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    options: Any = {"optimizer": "adam", "rate": 0.1, "batch_size": 2, "patience": 99, "epochs": 40}
    whole = model()
    through = quiet(whole, **options)
    rng = random.Random(1)
    old = signal.signal(signal.SIGALRM, interrupt)
    try:
        for _ in range(10):
            network, history = model(), None
            while history is None or history.stopped.startswith("interrupted"):
                with contextlib.suppress(KeyboardInterrupt):  # before the first epoch, or after all
                    signal.setitimer(signal.ITIMER_REAL, rng.uniform(0.002, 0.04))
                    history = quiet(network, resume=history, **options)
                    signal.setitimer(signal.ITIMER_REAL, 0.0)
                    assert len(history) == history.state.epoch
            assert history.rows == through.rows
            assert numbers(network) == numbers(whole)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, old)


def test_a_loss_that_is_not_finite_names_its_origin() -> None:
    network = MLP(1, [2, 1], "linear", weights=[[[1.0], [2.0]], [[1.0, 1.0]]], biases=None)
    before = numbers(network)
    with pytest.raises(
        FloatingPointError, match=r"in epoch 1, sample 1, the loss is inf: it beg"
    ) as caught:
        quiet(network, [[0.0], [1e200]], [0, 1], loss="mse", rate=1.0)
    history = caught.value.history  # type: ignore[attr-defined]
    assert history.stopped.endswith("it begins at E = power(-3e+200, 2) = inf")
    assert len(history) == 0
    assert numbers(network) == before


def test_a_sample_is_counted_where_the_user_put_it() -> None:
    xs: list[list[float]] = [[0.0]] * 9 + [[1e200]]
    with pytest.raises(FloatingPointError, match="sample 9"):
        quiet(Neuron(1, "linear", weights=[1.0]), xs, [0] * 10, validation=0.3, seed=4)


def test_an_error_in_the_middle_leaves_the_last_whole_epoch() -> None:
    calls = 0

    def loss(output: Any, target: Any) -> Any:
        nonlocal calls
        calls += 1
        return mse(output, target) if calls < 7 else mse(output, [])

    ours, other = model(), model()
    with pytest.raises(ValueError, match="one target for each output"):
        quiet(ours, loss=loss, batch_size=1)
    quiet(other, loss=mse, batch_size=1, epochs=1)
    assert numbers(ours) == numbers(other)


def test_what_is_frozen_counts_for_nothing() -> None:
    network = Neuron(1, "linear", weights=[1.0], bias=0.0)
    optimizer = SGD(network.parameters(), rate=0.1, freeze=[network.weights[0]])
    history = quiet(network, [[1.0], [3.0]], [0, 0], optimizer=optimizer, rate=None, epochs=900,
                    min_gradient=1e-6)  # fmt: skip
    assert history.stopped == "the gradient is shorter than 1e-06"
    assert network.weights[0].data == 1.0


def test_a_layer_learns_classes() -> None:
    layer = Layer(2, 3, "linear", seed=1)
    history = quiet(layer, [[1, 0], [0, 1], [-1, -1]], [0, 1, 2], loss="cross_entropy", epochs=30)
    assert history.loss[-1] < 0.3


def test_validation_that_is_not_finite_is_never_the_best() -> None:
    network = Neuron(1, "linear", weights=[1e200], bias=None)
    history = quiet(network, [[0.0]], [0], validation=([[1e200]], [0]), patience=2, epochs=9)
    assert (history.best, len(history)) == (None, 2)


def test_a_named_node_is_named() -> None:
    def loss(output: Any, target: Any) -> Any:
        return (1.0 / (output - output)).named("ratio")

    with pytest.raises(FloatingPointError, match=r"it begins at ratio = div\(1, 0\) = inf"):
        quiet(model(), loss=loss)


def test_a_gradient_that_is_not_finite_names_its_parameter() -> None:
    network = Neuron(1, "linear", weights=[0.0], bias=None)
    with pytest.raises(FloatingPointError, match=r"sample 0, .* the gradient of w1 is not"):
        quiet(network, [[1.0]], [1], loss=lambda o, t: ad.sqrt(o))


def test_it_can_be_told_to_train_on() -> None:
    network = Neuron(1, "linear", weights=[0.0], bias=None)
    history = quiet(network, [[1.0]], [1], loss=lambda o, t: ad.sqrt(o), check_finite=False)
    assert math.isnan(history.loss[-1])


# ---------------------------------------------------------------- resuming


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw", "rmsprop", "adagrad"])
@pytest.mark.parametrize("through_a_file", [False, True])
def test_resuming_gives_the_same_bits(optimizer: str, through_a_file: bool, tmp_path: Path) -> None:
    options: Any = {
        "optimizer": optimizer, "rate": Cosine(0.1, 0.01, 10), "batch_size": 3, "seed": 5,
        "validation": 0.25, "patience": 4, "l1": 0.01,
    }  # fmt: skip
    whole, parts = model(), model()
    through = quiet(whole, epochs=10, **options)
    first: Any = quiet(parts, epochs=4, **options)
    if through_a_file:
        save_checkpoint(parts, first, tmp_path / "run.json")
        parts, first = model(seed=99), tmp_path / "run.json"
    resumed = quiet(parts, epochs=10, resume=first, **options)
    assert resumed.rows == through.rows
    assert resumed.state == through.state
    assert (resumed.best, resumed.stopped) == (through.best, through.stopped)
    assert numbers(parts) == numbers(whole)


def test_going_on_after_a_target_is_reached() -> None:
    parts, whole = model(), model()
    first = quiet(parts, rate=3.0, epochs=400, target_loss=0.05, patience=5)
    assert first.stopped == "the loss has reached 0.05"
    resumed = quiet(parts, rate=3.0, epochs=len(first) + 5, resume=first, patience=5)
    through = quiet(whole, rate=3.0, epochs=len(first) + 5, patience=5)
    assert resumed.rows == through.rows
    assert numbers(parts) == numbers(whole)


def test_a_rate_given_anew_holds() -> None:
    network = model()
    history = quiet(network, rate=0.5, epochs=2)
    assert quiet(network, rate=0.25, epochs=4, resume=history).rate == [0.5, 0.5, 0.25, 0.25]


def test_checkpoints_are_written_on_the_way(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    seen = []

    def watch(row: Epoch) -> None:
        seen.append(load_checkpoint(path)[1].state.epoch if path.exists() else 0)

    network = model()
    quiet(network, epochs=5, checkpoint=path, checkpoint_every=2, callbacks=watch)
    assert seen == [0, 0, 2, 2, 4]
    loaded, history = load_checkpoint(path)
    assert numbers(loaded) == numbers(network)
    assert (len(history), history.stopped) == (5, "all 5 epochs are done")
    assert os.listdir(tmp_path) == ["run.json"]


def test_another_run_is_not_resumed() -> None:
    history = quiet(model(), batch_size=2)
    for options, message in [
        ({"batch_size": 3}, "other batch size .2, now 3."),
        ({"batch_size": 2, "ys": [0, 1, 1, 1]}, "other samples"),
        ({"batch_size": 2, "loss": "mse"}, "other losses .half_squared_error, now mse."),
        ({"batch_size": 2, "optimizer": "adam"}, "state of SGD, and the optimizer is Adam"),
    ]:
        with pytest.raises(ValueError, match=message):
            quiet(model(), resume=history, **options)
    with pytest.raises(ValueError, match="layers"):
        quiet(MLP(2, [4, 2, 1]), resume=history, batch_size=2)
    with pytest.raises(ValueError, match=r"parameters|remembers"):
        quiet(MLP(2, [4, 1]), resume=history, batch_size=2)


KILLED = """
import sys
from nn import MLP, fit
X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
model = MLP(2, [3, 1], "tanh", "sigmoid", seed=1)
print("ready", flush=True)
fit(model, X, y, rate=0.1, optimizer="adam", epochs=1000000, batch_size=3, seed=2, progress=False,
    checkpoint="run.json", checkpoint_every=1)
"""


def test_training_that_is_killed_resumes_exactly(tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent)}
    path = tmp_path / "run.json"
    child = subprocess.Popen([sys.executable, "-c", KILLED], cwd=tmp_path, env=environment)
    for _ in range(1000):
        time.sleep(0.01)
        if path.exists():
            break
    time.sleep(0.05)
    child.kill()
    child.wait()
    state = load_checkpoint(path)[1].state
    options: Any = {"rate": 0.1, "optimizer": "adam", "batch_size": 3, "seed": 2}
    parts, whole = model(), model()
    resumed = quiet(parts, epochs=state.epoch + 3, resume=path, **options)
    through = quiet(whole, epochs=state.epoch + 3, **options)
    assert resumed.rows == through.rows
    assert numbers(parts) == numbers(whole)


CTRL_C = """
from nn import MLP, fit
model = MLP(2, [3, 1], "tanh", "sigmoid", seed=1)
def ready(row):
    if row.epoch == 2:
        print("ready", flush=True)
history = fit(model, [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0], rate=0.1, epochs=10**9,
              progress=False, callbacks=ready)
print(history.stopped.rstrip("0123456789"), len(history) == history.state.epoch > 1)
"""


def test_ctrl_c_ends_cleanly(tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent)}
    child = subprocess.Popen(
        [sys.executable, "-c", CTRL_C],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=60)
    assert (out, err, child.returncode) == ("interrupted in epoch  True\n", "", 0)


# ---------------------------------------------------------------- progress


def test_a_line_for_every_tenth(capsys: pytest.CaptureFixture[str]) -> None:
    fit(model(), X, XOR, rate=0.5, epochs=40)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split()[1] for line in lines] == [f"{4 * k}/40" for k in range(1, 11)]
    assert "loss 0." in lines[0]
    assert "rate 0.5" in lines[0]
    quiet(model())
    assert capsys.readouterr() == ("", "")


def test_a_bar_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("tqdm")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    fit(model(), X, XOR, rate=0.5, epochs=4)
    shown = capsys.readouterr().err
    assert "4/4" in shown
    assert "rate=0.5" in shown


# ---------------------------------------------------------------- wrong calls

WRONG: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"lr": 0.1}, TypeError, "spelled rate=, not lr="),
    ({"rate": None}, TypeError, r"a learning rate is missing: fit\("),
    ({"epoch": 3}, TypeError, "no option epoch=; did you mean epochs="),
    ({"rate": -1}, ValueError, "not negative"),
    ({"rate": lambda epoch: -1.0}, ValueError, "a rate is finite and not negative"),
    ({"loss": "squares"}, ValueError, "loss='squares' is unknown; use one of half_squared_error"),
    ({"optimizer": "sdg"}, ValueError, "optimizer='sdg' is unknown; use one of sgd, adagrad"),
    ({"epochs": -1}, ValueError, "epochs is a whole number from 0 on"),
    ({"batch_size": 0}, ValueError, "batch_size is a whole number from 1 on"),
    ({"patience": 1.5}, ValueError, "patience is a whole number"),
    ({"clip_norm": 0}, ValueError, "positive"),
    ({"l2": -1}, ValueError, "not negative"),
    ({"validation": 0.01}, ValueError, "leaves nothing to validate with"),
    ({"validation": ([[1]], [1])}, ValueError, r"validation X\[0\] has 1 numbers, the network has"),
    ({"xs": []}, ValueError, "X has no samples"),
    ({"xs": 3}, TypeError, "X is a list with one entry a sample"),
    ({"xs": X[:3]}, ValueError, "X has 3 samples and y has 4 targets"),
    ({"xs": [*X[:3], [1, 2, 3]]}, ValueError, r"X\[3\] has 3 numbers, the network has 2 inputs"),
    ({"xs": [*X[:3], [1, math.nan]]}, ValueError, r"X\[3\] holds nan; leave the sample out"),
    ({"xs": [*X[:3], [1, "a"]]}, TypeError, r"X\[3\]: 'a' .str. is not a real number"),
    ({"ys": [0, 1, 1, None]}, TypeError, r"y\[3\]: .*a number is missing"),
    ({"ys": [0, 1, 1, [0, 1]]}, ValueError, r"y\[3\]: a loss needs one target for each output"),
    ({"ys": [0, 1, 1, 2], "loss": "binary_cross_entropy"}, ValueError, r"y\[3\]: target 1 is 2"),
    ({"loss": "cross_entropy"}, ValueError, r"y\[0\]: .* two or more"),
    ({"loss": lambda o, t: o.data - t}, TypeError, "has no gradient; .* not from their .data"),
    ({"optimizer": SGD([ad.Value(1.0, "v")], rate=1)}, ValueError, "v, which is no parameter"),
]


@pytest.mark.parametrize(("options", "error", "message"), WRONG)
def test_wrong_calls(options: Any, error: type[Exception], message: str) -> None:
    network = model()
    before = numbers(network)
    with pytest.raises(error, match=message):
        quiet(network, **options)
    assert numbers(network) == before


def test_states_are_plain_data() -> None:
    history = quiet(model(), batch_size=2, optimizer="adam")
    json.dumps(history.to_dict(), allow_nan=False)
    json.dumps(history.state.optimizer, allow_nan=False)
