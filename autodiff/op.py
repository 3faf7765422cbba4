"""What an op is: one row of the table, and how a row is called.

A row says what a function is called, how its number is computed (`forward`), what its partial
derivatives are (`partials`) and how it is written (`spelling`, `formula`). Everything else in the
package is driven by these rows: no other module knows what a sine is.

Partials are written in *op vocabulary*: `+ - *` and calls of other rows, never `/`, `**` or
`math.*`, which raise on plain floats. So one line gives a number when it is handed numbers, and a
graph when it is handed Values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from numbers import Real

TYPE_CHECKING = False  # importing typing would double the time of `import autodiff`
if TYPE_CHECKING:
    from typing import Any

    Partial = float | Callable[..., Any]

# How tightly each kind of expression binds; printers put brackets where a part binds less.
COMPARISON, SUM, PRODUCT, SIGN, POWER, CALL = 0, 1, 2, 3, 4, 5

TABLE: dict[str, Op] = {}
_ALIASES: dict[str, str] = {}
_followers: list[Callable[[Op], None]] = []  # told of every row, past and future


class Op:
    """One row of the table of ops: a function, its partial derivatives and its spelling.

    `forward` takes the operands as floats and returns a float; it should not raise (see
    `autodiff.real`). `partials` holds d out / d argument for each argument in order: a plain
    number, or a function of `(out, *arguments)`. An *n-ary* row (`arguments="*xs"`) is called with
    one list and has a single function that returns the list of all its partials.

    * `arguments`: names, and defaults of trailing ones: `"x, slope=0.01"`. Default: x, y, z.
    * `spelling`, `precedence`: an infix or prefix sign and how tightly it binds; default a function
      call. A spelling with `{}` in it is a template: `[{} > 0]`.
    * `aliases`: other spoken names (`abs` for `absolute`).
    * `formula`: the textbook expression of a *composed* row, in op vocabulary; rows without are
      elementary.
    * `spelled_out`: formulas print that expression, never the row's name.
    * `selects`: the row passes one argument on and ignores the others; a partial of zero then sends
      nothing back, not 0 times something.

    >>> import autodiff as ad
    >>> slope = lambda out, x: out + ad.sigmoid(x) * (1 - out)
    >>> swish = ad.Op("swish", lambda x: x * ad.sigmoid(x), [slope])
    >>> ad.Value(0.5).swish().data == swish(0.5)
    True

    Raises ValueError when the name is taken or no identifier, or the partials do not fit the
    arguments.
    """

    def __init__(
        self,
        name: str,
        forward: Callable[..., float],
        partials: Sequence[Partial] | Callable[..., Any],
        spelling: str = "",
        *,
        arguments: str = "",
        precedence: int = CALL,
        aliases: Iterable[str] = (),
        formula: Callable[..., Any] | None = None,
        selects: bool = False,
        spelled_out: bool = False,
        summary: str = "",
    ) -> None:
        self.name = name
        self.forward = forward
        self.aliases = tuple(aliases)
        for taken in (name, *self.aliases):
            if not taken.isidentifier():
                raise ValueError(f"an op needs an identifier as its name, not {taken!r}")
            if taken in TABLE or taken in _ALIASES:
                raise ValueError(
                    f"the table has an op called {taken!r} already; choose another name"
                )
        count = 1 if callable(partials) else len(partials)
        names = arguments or ", ".join("xyz"[:count])
        parts = [part.strip().split("=") for part in names.split(",")]
        self.arguments = tuple(part[0] for part in parts)
        self.defaults = tuple(float(part[1]) for part in parts if len(part) == 2)
        self.arity = None if names.startswith("*") else len(parts)
        ordered = sorted(parts, key=len)  # those with a default last
        if parts != ordered or len(set(self.arguments)) < len(parts):
            raise ValueError(
                f"the arguments of {name} are {names!r}: give each a name of its own, "
                "and defaults to the last ones only"
            )
        if self.arity is None and not callable(partials):
            raise ValueError(f"{name} takes a list: give one function that returns all partials")
        # An n-ary row has one function that returns the list of all its partials.
        self.all_partials: Any = partials if callable(partials) and self.arity is None else None
        each = () if self.all_partials else (partials,) if callable(partials) else tuple(partials)
        # None: nothing flows, whatever comes from above (comparisons, conditions)
        self.partials: tuple[Any, ...] = tuple(p if callable(p) else float(p) or None for p in each)
        if self.arity is not None and len(self.partials) != self.arity:
            raise ValueError(
                f"{name} has {self.arity} arguments ({names}) and {len(self.partials)} partials; "
                "give one partial for each argument"
            )
        self.spelling = spelling or name
        self.precedence = precedence
        self.formula = formula
        self.selects = selects
        self.spelled_out = spelled_out
        self.summary = summary or (forward.__doc__ or "").strip().partition("\n")[0]
        self.__doc__ = f"{self.signature}: {self.summary}"
        for follower in _followers:
            follower(self)  # may refuse the name
        TABLE[name] = self
        _ALIASES.update(dict.fromkeys(self.aliases, name))

    @property
    def tier(self) -> str:
        """`elementary` (each target language spells it) or `composed` (made of elementary ops)."""
        return "composed" if self.formula else "elementary"

    @property
    def signature(self) -> str:
        """The call as it is written, with defaults: `leaky_relu(x, slope=0.01)`."""
        first = len(self.arguments) - len(self.defaults)
        shown = [
            *self.arguments[:first],
            *(f"{a}={d:g}" for a, d in zip(self.arguments[first:], self.defaults, strict=True)),
        ]
        return f"{self.name}({', '.join(shown).lstrip('*')})"

    def unpack(
        self, args: tuple[Any, ...], keywords: dict[str, Any] | None = None
    ) -> tuple[Any, ...]:
        """The operands of one call, in order: lists unpacked, keywords placed, defaults filled
        in."""
        if self.arity is None:
            if len(args) != 1 or keywords:
                told = f"{len(args)} operands{_and(keywords)}"
                raise TypeError(f"{self.name} takes one list, {self.name}([a, b]), not {told}")
            return listed(self.name, args[0])
        if len(args) == self.arity and not keywords:
            return args
        known = dict(
            zip(self.arguments[self.arity - len(self.defaults) :], self.defaults, strict=True)
        )
        known |= keywords or {}
        open_ = self.arguments[len(args) :]
        if len(args) > self.arity or not set(keywords or ()) <= set(open_) <= set(known):
            told = f"{len(args)} operand{'' if len(args) == 1 else 's'}{_and(keywords)}"
            raise TypeError(f"{self.signature} was called with {told}")
        return (*args, *(known[argument] for argument in open_))

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        """The number when all operands are numbers; otherwise what the other operands make of
        it."""
        for arg in args:
            if type(arg) is not float:
                break
        else:
            if len(args) == self.arity and not keywords:  # the fast lane of plain floats
                return self.forward(*args)
        args = self.unpack(args, keywords)
        recorder: Any = None  # of several kinds of operand, a subclass decides
        for arg in args:
            kind = type(arg)
            if hasattr(kind, "__record__") and (recorder is None or issubclass(kind, recorder)):
                recorder = kind
        if recorder is not None:
            return recorder.__record__(self, args)
        return self.forward(*map(number, args))

    def __repr__(self) -> str:
        return f"<op {self.signature}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return lookup, (self.name,)


def lookup(name: str) -> Op:
    """The row of that name or alias; a KeyError names near ones."""
    row = TABLE.get(_ALIASES.get(name, name))
    if row is None:
        hint = meant(name, [*TABLE, *_ALIASES])
        raise KeyError(f"the table has no op called {name!r}" + (f"; {hint}" if hint else ""))
    return row


def follow(follower: Callable[[Op], None]) -> None:
    """Call `follower` with every row of the table, those to come included."""
    for row in TABLE.values():
        follower(row)
    _followers.append(follower)


def legible(name: str) -> str:
    """A name as it may stand in a message: what cannot be seen is escaped."""
    return name if name.isprintable() else ascii(name)


def meant(word: str, known: Iterable[str], most: int = 3, spelled: str = "{}") -> str:
    """The question whether one of the known words was meant; empty where none is like it.

    >>> meant("exmple", ["example", "expand"], 1, "--{}")
    'did you mean --example?'
    """
    import difflib  # slow to import, and needed for this only

    near = difflib.get_close_matches(word[:100], [each[:100] for each in known], most)
    return f"did you mean {' or '.join(map(spelled.format, near))}?" if near else ""


def number(x: Any) -> float:
    """`x` as a float64, for any real number: int, float, bool, Fraction, NumPy scalar or 0-d array.

    Anything else is a TypeError that says what to do; an int beyond the range of float64 is an
    OverflowError.
    """
    if type(x) is float:
        return x
    if isinstance(x, Real):
        try:
            return float(x)
        except OverflowError:
            raise OverflowError(
                f"{quoted(x)} does not fit a float64 (largest 1.8e308); "
                "scale the problem or use math.inf"
            ) from None
    if getattr(x, "shape", None) == () and hasattr(x, "item"):
        return number(x.item())  # NumPy's bool and 0-d array, without importing NumPy
    kind = type(x).__name__
    if hasattr(x, "__record__"):
        remedy = "it is recorded already; use v itself, or v.data for its number"
    elif hasattr(x, "shape") or isinstance(x, (list, tuple)):
        remedy = "Values are scalars; write [Value(e) for e in xs] and a loop, or ad.dot(xs, ys)"
    else:
        remedy = _REMEDIES.get(kind, "use a real number: int, float, Fraction or a NumPy scalar")
    raise TypeError(f"{quoted(x)} ({kind}) is not a real number: {remedy}")


def listed(function: str, xs: Any) -> tuple[Any, ...]:
    """The elements of a list of operands; a TypeError shows what was given in its place."""
    if several(xs):
        return tuple(xs)
    raise TypeError(f"{function} takes a list of numbers or Values, as in [a, b], not {quoted(xs)}")


def several(given: Any) -> bool:
    """Whether a list of operands, of Values, of names was given, and not one of them."""
    return isinstance(given, Iterable) and not isinstance(given, str)


def each_of(kind: type, given: Any, wanted: str) -> list[Any]:
    """What was given, one or a list of them, all of that kind; a TypeError says what is wanted."""
    found = list(given) if several(given) else [given]
    for x in found:
        if not isinstance(x, kind):
            raise TypeError(f"{wanted}, not {quoted(x)} ({type(x).__name__})")
    return found


def checked_dict(given: Any, wanted: str) -> Mapping[Any, Any]:
    """That dict; a TypeError says what is wanted of it."""
    if not isinstance(given, Mapping):
        raise TypeError(f"{wanted}, not {quoted(given)}")
    return given


def _and(keywords: dict[str, Any] | None) -> str:
    return f" and {', '.join(keywords)}" if keywords else ""


def quoted(x: Any) -> str:
    """What was given, as it may stand in a message."""
    try:
        text = repr(x)
    except Exception:  # an int of more digits than Python prints, or an object that cannot be shown
        return "this number" if isinstance(x, Real) else "this"
    return text if len(text) <= 60 else text[:57] + "..."


_REMEDIES = {
    "Decimal": "convert it with float(x); the engine computes in float64",
    "complex": "the engine is real; use x.real, x.imag or abs(x)",
    "str": "convert it with float(text), or build an expression with ad.parse(text)",
    "NoneType": "a number is missing here (does a function lack its return?)",
}


def refuse_unknown(function: str, options: dict[str, Any]) -> None:
    """Raise TypeError for options that do not exist; the rate has one name everywhere."""
    if options:
        name = min(options)
        rate = name in ("lr", "learning_rate", "eta", "alpha", "step")
        hint = "the learning rate is called rate=" if rate else "see its documentation"
        raise TypeError(f"{function} has no option {name}=; {hint}")
