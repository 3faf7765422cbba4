"""NumPy and JAX: functions of arrays, element by element; both choices are computed, one kept."""

from __future__ import annotations

from math import isinf, isnan
from typing import Any

from autodiff.export.layout import ARITHMETIC, Language, Unit
from autodiff.export.python import RESERVED, call, module

SAME = "sqrt cbrt hypot exp expm1 log log1p log2 log10 sin cos tan sinh cosh tanh".split()
OTHERWISE = {
    "absolute": "abs",
    "asin": "arcsin",
    "acos": "arccos",
    "atan": "arctan",
    "atan2": "arctan2",
    "asinh": "arcsinh",
    "acosh": "arccosh",
    "atanh": "arctanh",
    "power": "power",
}


def _spellings(np: str) -> dict[str, str]:
    calls = {name: name for name in SAME} | OTHERWISE
    return ARITHMETIC | {op: call(f"{np}.{name}", op) for op, name in calls.items()}


def _number(np: str, x: float) -> str:
    if isnan(x):
        return f"{np}.nan"
    return (f"{np}.inf" if x > 0.0 else f"-{np}.inf") if isinf(x) else repr(x)


def write_numpy(unit: Unit, language: Language) -> str:
    """A module of NumPy functions."""
    head = '"""Exported by autodiff: float64, element by element."""\n\nimport numpy as np\n'
    return module(
        unit, language, head, '@np.errstate(all="ignore")\n', "np.asarray({}, dtype=np.float64)[()]"
    )


def write_jax(unit: Unit, language: Language) -> str:
    """A module of JAX functions; they may be jitted and vmapped."""
    head = (
        '"""Exported by autodiff: float64, element by element."""\n\nimport jax\n'
        'import jax.numpy as jnp\n\njax.config.update("jax_enable_x64", True)\n'
    )
    return module(unit, language, head, "", "jnp.asarray({}, dtype=jnp.float64)")


# XLA's tanh misses 1 by 7 ulp where it saturates, and its atanh is off by 30.
XLA_HELPERS = {
    "tanh": """\
def tanh(x):
    size = jnp.abs(x)
    far = jnp.sign(x) * (1.0 - 2.0 * jnp.exp(-2.0 * size))
    return jnp.where(size < 18.0, jnp.tanh(x), far)
""",
    "atanh": """\
def atanh(x):
    size = jnp.abs(x)
    ratio = size / (1.0 - size)
    near, far = 2.0 * size + 2.0 * size * ratio, 2.0 * ratio
    found = 0.5 * jnp.log1p(jnp.where(size < 0.5, near, far))
    return jnp.where(x == 0.0, x, jnp.sign(x) * found)
""",
}


def _language(prefix: str, **own: Any) -> Language:
    """What NumPy and JAX share, under the name of each."""
    return Language(
        choice=f"{prefix}.where({{}}, {{}}, {{}})",
        either=f"{prefix}.logical_or({{}}, {{}})",
        both=f"{prefix}.logical_and({{}}, {{}})",
        nonzero="{} != 0.0",
        truth=f"{prefix}.where({{}}, 1.0, 0.0)",
        number=lambda x: _number(prefix, x),
        declare="{} = {}",
        declare_truth="{} = {}",
        comment="# {}",
        reserved=RESERVED,
        constant=f"{prefix}.float64({{}})",
        **own,
    )


NUMPY = _language("np", name="numpy", spellings=_spellings("np"), write=write_numpy)
JAX = _language(
    "jnp",
    name="jax",
    # XLA loses three digits of sinh and cosh for large arguments: ours are made of its exp.
    spellings={op: s for op, s in _spellings("jnp").items() if op not in ("sinh", "cosh")}
    | {"tanh": "tanh({})", "atanh": "atanh({})"},
    helpers=XLA_HELPERS,
    write=write_jax,
)
