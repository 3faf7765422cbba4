"""Small neural networks made of the Values of `autodiff`, so that nothing in them is hidden.

from nn import MLP, SGD, half_squared_error

model = MLP(2, [2, 2], seed=1)
optimizer = SGD(model.parameters(), rate=0.6)
E = half_squared_error(model([0.1, 0.5]), [0.05, 0.95])
E.backward()
optimizer.step()
"""

from nn.layers import MLP, Layer, Neuron
from nn.losses import LOSSES, half_squared_error, mse
from nn.optimizers import SGD, Optimizer

__all__ = [
    "MLP",
    "Layer",
    "Neuron",
    "LOSSES",
    "half_squared_error",
    "mse",
    "Optimizer",
    "SGD",
]
