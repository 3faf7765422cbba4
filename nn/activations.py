"""Activations: one-argument ops of the table, by name, or "linear" for none."""

import autodiff as ad
from nn.choices import meant

Activation = str | ad.Op
LINEAR = "linear"  # no activation: the output is the weighted sum


def activation_op(activation: Activation) -> ad.Op | None:
    """The row of the table behind an activation; None for "linear".

    Raises ValueError, with near names, unless it can be called with one operand.
    """
    if activation == LINEAR:
        return None
    op = getattr(ad, activation, None) if isinstance(activation, str) else activation
    if _takes_one(op):
        return op
    known = [name for name in [*vars(ad), LINEAR] if name == LINEAR or _takes_one(vars(ad)[name])]
    near = meant(str(activation), known)
    raise ValueError(
        f"there is no activation {activation!r}{near and f' ({near})'}; use the name of a "
        'one-argument op ("sigmoid", "tanh", "relu", ...), "linear", or an autodiff.Op of your own'
    )


def _takes_one(op: object) -> bool:
    return (
        isinstance(op, ad.Op) and op.arity is not None and len(op.arguments) - len(op.defaults) == 1
    )


def activation_name(activation: ad.Op | None) -> str:
    return activation.name if activation else LINEAR
