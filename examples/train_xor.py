"""A 2-2-1 sigmoid network learns XOR; its history, what it says, and what one weight did."""

from nn import MLP, diagnose, fit
from nn.datasets import xor

X, y = xor()
model = MLP(2, [2, 1], seed=1)
history = fit(model, X, y, rate=5.0, epochs=2000, target_loss=0.005, progress=False)
print(history)
for x, target in zip(X, y, strict=True):
    print(x, "->", f"{model.predict(x):.3f}", "wanted", target)
print(diagnose(model, X, y))
