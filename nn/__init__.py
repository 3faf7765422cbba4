"""Small neural networks made of the Values of `autodiff`, so that nothing in them is hidden.

from nn import MLP, SGD, half_squared_error

model = MLP(2, [2, 2], seed=1)
optimizer = SGD(model.parameters(), rate=0.6)
E = half_squared_error(model([0.1, 0.5]), [0.05, 0.95])
E.backward()
optimizer.step()
"""

from nn import datasets
from nn.adaptive import OPTIMIZERS, Adagrad, Adam, AdamW, RMSProp
from nn.checkpoints import load_checkpoint, save_checkpoint
from nn.classification import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    hinge,
)
from nn.clipping import clip_norm, clip_value, gradient_norm
from nn.diagnosis import diagnose
from nn.history import History
from nn.layers import MLP, Layer, Neuron
from nn.losses import LOSSES, half_squared_error, huber, mae, mse, performance
from nn.metrics import accuracy
from nn.minimizing import minimize
from nn.optimizers import SGD, Optimizer
from nn.penalties import l1_penalty, l2_penalty
from nn.playground import playground
from nn.saving import load, save
from nn.training import fit

__all__ = [
    "MLP",
    "Layer",
    "Neuron",
    "LOSSES",
    "half_squared_error",
    "performance",
    "mse",
    "mae",
    "huber",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "hinge",
    "l1_penalty",
    "l2_penalty",
    "Optimizer",
    "SGD",
    "Adagrad",
    "RMSProp",
    "Adam",
    "AdamW",
    "OPTIMIZERS",
    "gradient_norm",
    "clip_norm",
    "clip_value",
    "fit",
    "minimize",
    "History",
    "accuracy",
    "diagnose",
    "playground",
    "datasets",
    "save",
    "load",
    "save_checkpoint",
    "load_checkpoint",
]
