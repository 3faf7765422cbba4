"""Two moons: training with validation, patience and a checkpoint, and the network in a file."""

import importlib.util

from nn import MLP, accuracy, fit, load, save
from nn.datasets import moons

X, y = moons(100, seed=1)
model = MLP(2, [12, 1], "tanh", "linear", seed=1)
history = fit(
    model,
    X,
    y,
    loss="binary_cross_entropy_with_logits",
    optimizer="adam",
    rate=0.05,
    epochs=150,
    validation=0.2,
    patience=20,
    checkpoint="moons-run.json",  # stopped half way? give resume="moons-run.json"
    checkpoint_every=50,
    progress=False,
)
print(repr(history), f"best epoch {history.best}")
save(model, "moons.json")
print(f"right on samples never seen: {accuracy(load('moons.json'), *moons(200, seed=2)):.1%}")

if importlib.util.find_spec("matplotlib"):
    from nn.plots import save_plots

    save_plots(history, "moons.png", model, X, y)
    print("drawn: moons.png")
