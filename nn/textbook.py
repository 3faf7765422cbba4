"""Published worked examples: the networks, the numbers that were printed, and where they are wrong.

    from nn import textbook

    example = textbook.build("003")
    print(ad.derive(example.loss, "w5", rate=example.rate))

A number that was printed has a key that says what it is: `out_o1` is a value, `dE_total/dw5` a
derivative, `new w5` a weight after one step and `new E_total` the loss after it. `example.compute`
works out the right number for any such key, printed or not.
"""

from collections.abc import Callable

from nn import textbook_published as published, textbook_seeds as seeds
from nn.worked import Example

_BUILDERS: dict[str, Callable[[], Example]] = {
    "000": seeds.seed_000,
    "001": seeds.seed_001,
    "002": seeds.seed_002,
    "003": seeds.seed_003,
    "mazur": published.mazur,
    "han": published.han,
    "cs231n circuit": published.cs231n_circuit,
    "cs231n neuron": published.cs231n_neuron,
    "micrograd": published.micrograd,
    "karpathy graph": published.karpathy_graph,
    "karpathy neuron": published.karpathy_neuron,
    "baydin": published.baydin,
}


def examples() -> list[str]:
    """The names of all examples, the four seed documents first."""
    return list(_BUILDERS)


def build(name: str) -> Example:
    """Record one example anew.

    >>> build("cs231n circuit").loss
    Value(f=-12)

    Raises ValueError, with the names there are, for an unknown one.
    """
    if name not in _BUILDERS:
        raise ValueError(
            f"there is no example {name!r}; there are {', '.join(map(repr, _BUILDERS))}"
        )
    return _BUILDERS[name]()
