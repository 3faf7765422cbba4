"""Three classes: softmax cross-entropy on logits, and the gradient of one of them explained."""

import autodiff as ad
from nn import MLP, accuracy, cross_entropy, fit
from nn.datasets import blobs

X, y = blobs(60, seed=1)
model = MLP(2, [6, 3], "tanh", "linear", seed=1)
history = fit(
    model, X, y, loss=cross_entropy, optimizer="adam", rate=0.1, epochs=40, progress=False
)
print(repr(history))
print(f"right: {accuracy(model, X, y):.0%}")
shares = ad.softmax(model.predict([1.0, 0.0]))
print("at (1, 0) the classes have", ", ".join(f"{p:.3f}" for p in shares))
print(model([1.0, 0.0])[0].formula())
