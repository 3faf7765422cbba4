"""What a Value is called in a message: the last part of its dotted name."""

import autodiff as ad


def short(named: ad.Value | str) -> str:
    """`w1` for a Value, or the name, `hidden.h1.w1`; empty where there is none."""
    return (named if isinstance(named, str) else named.name).rpartition(".")[2]
