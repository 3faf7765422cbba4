"""The table of ops: every function the engine knows, with its partial derivatives.

Read a row as a line of a table of derivatives: name, the function of plain floats, then d out / d
argument for each argument in order. A partial is a number, or a function of `(out, *arguments)`
written with `+ - *` and other rows of this table. To add an op, add a row: Value methods, the chain
rule, drawings, formulas, exports, docs and tests pick it up.

Where the textbook derivative loses digits (`out*(1 - out)` of a saturated sigmoid), the partial is
a row of its own (`sigmoid_slope`), accurate in `forward`, and printed as its textbook `formula`.
The numerical craft is in `autodiff.real` and `autodiff.activations`.
"""

from __future__ import annotations

import math
import operator
from functools import partial, reduce

from autodiff import activations as act, plane, powers, real, shares
from autodiff.op import COMPARISON, POWER, PRODUCT, SIGN, SUM, Op, listed
from autodiff.real import LN2, LN10

TYPE_CHECKING = False  # importing typing would double the time of `import autodiff`
if TYPE_CHECKING:
    from typing import Any

# fmt: off
# ---------------------------------------------------------------- arithmetic

add = Op("add", operator.add, (1, 1), "+", precedence=SUM)
sub = Op("sub", operator.sub, (1, -1), "-", precedence=SUM)
mul = Op("mul", operator.mul, (lambda out, x, y: y, lambda out, x, y: x), "*", precedence=PRODUCT)
div = Op("div", real.div, (lambda out, x, y: reciprocal(y), lambda out, x, y: -div(out, y)), "/", precedence=PRODUCT)
neg = Op("neg", operator.neg, (-1,), "-", precedence=SIGN)
power = Op("power", real.power, (lambda out, x, y: power_slope(x, y), lambda out, x, y: power_log(x, y)),
           "**", precedence=POWER, aliases=["pow"])
square = Op("square", lambda x: x * x, (lambda out, x: 2.0 * x,), summary="x * x.")
reciprocal = Op("reciprocal", real.reciprocal, (lambda out, x: -square(out),))
sqrt = Op("sqrt", real.sqrt, (lambda out, x: sqrt_slope(x),))
cbrt = Op("cbrt", real.cbrt, (lambda out, x: reciprocal(3.0 * square(out)),))
hypot = Op("hypot", math.hypot, (lambda out, x, y: hypot_slope(x, y), lambda out, x, y: hypot_slope(y, x)),
           summary="sqrt(x**2 + y**2) without overflow.")
absolute = Op("absolute", abs, (lambda out, x: sign(x),), aliases=["abs"], summary="|x|.")
sign = Op("sign", real.sign, (0,))
alias = Op("alias", lambda x: x, (1,), summary="x itself, under a second name.")

# ---------------------------------------------------------------- exponentials and logarithms

exp = Op("exp", real.exp, (lambda out, x: out,))
expm1 = Op("expm1", real.expm1, (lambda out, x: exp(x),))
log = Op("log", real.log, (lambda out, x: log_slope(x),))
log1p = Op("log1p", real.log1p, (lambda out, x: log_slope(1.0 + x),))
log2 = Op("log2", real.log2, (lambda out, x: log_slope(LN2 * x),))
log10 = Op("log10", real.log10, (lambda out, x: log10_slope(x),))

# ---------------------------------------------------------------- circular and hyperbolic

sin = Op("sin", real.sin, (lambda out, x: cos(x),))
cos = Op("cos", real.cos, (lambda out, x: -sin(x),))
tan = Op("tan", real.tan, (lambda out, x: 1.0 + square(out),))
asin = Op("asin", real.asin, (lambda out, x: asin_slope(x),))
acos = Op("acos", real.acos, (lambda out, x: -asin_slope(x),))
atan = Op("atan", math.atan, (lambda out, x: atan_slope(x),), summary="Arc tangent.")
atan2 = Op("atan2", math.atan2, (lambda out, y, x: atan2_slope(x, y), lambda out, y, x: -atan2_slope(y, x)),
           arguments="y, x", summary="The angle of the point (x, y).")
sinh = Op("sinh", real.sinh, (lambda out, x: cosh(x),))
cosh = Op("cosh", real.cosh, (lambda out, x: sinh(x),))
tanh = Op("tanh", math.tanh, (lambda out, x: tanh_slope(x),), summary="Hyperbolic tangent.")
asinh = Op("asinh", math.asinh, (lambda out, x: asinh_slope(x),), summary="Inverse hyperbolic sine.")
acosh = Op("acosh", real.acosh, (lambda out, x: acosh_slope(x),))
atanh = Op("atanh", real.atanh, (lambda out, x: atanh_slope(x),))
erf = Op("erf", math.erf, (lambda out, x: act.TWO_OVER_SQRT_PI * gauss(x),), summary="Error function.")
erfc = Op("erfc", math.erfc, (lambda out, x: -act.TWO_OVER_SQRT_PI * gauss(x),), summary="1 - erf(x).")

# ---------------------------------------------------------------- activations

sigmoid = Op("sigmoid", act.sigmoid, (lambda out, x: sigmoid_slope(x),), "σ",
             formula=lambda x: reciprocal(1.0 + exp(-x)))
logsigmoid = Op("logsigmoid", act.logsigmoid, (lambda out, x: sigmoid(-x),),
                formula=lambda x: log(sigmoid(x)))
softplus = Op("softplus", act.softplus, (lambda out, x: sigmoid(x),), formula=lambda x: log(1.0 + exp(x)))
relu = Op("relu", act.relu, (lambda out, x: relu_slope(x),), selects=True)
leaky_relu = Op("leaky_relu", act.leaky_relu, (lambda out, x, slope: leaky_relu_slope(x, slope),
                                               lambda out, x, slope: minimum(x, 0.0)),
                arguments="x, slope=0.01", formula=lambda x, slope: where(less(0.0, x), x, slope * x))
elu = Op("elu", act.elu, (lambda out, x, alpha: elu_slope(x, alpha), lambda out, x, alpha: minimum(expm1(x), 0.0)),
         arguments="x, alpha=1.0", formula=lambda x, alpha: where(less(0.0, x), x, alpha * expm1(x)))
gelu = Op("gelu", act.gelu, (lambda out, x: gelu_slope(x),),
          formula=lambda x: 0.5 * x * (1.0 + erf(math.sqrt(0.5) * x)))
gelu_tanh = Op("gelu_tanh", act.gelu_tanh, (lambda out, x: gelu_tanh_slope(x),),
               formula=lambda x: x * sigmoid(act.K * (x + act.C * power(x, 3.0))))
silu = Op("silu", act.silu, (lambda out, x: silu_slope(x),), formula=lambda x: x * sigmoid(x))
softsign = Op("softsign", act.softsign, (lambda out, x: square(reciprocal(1.0 + absolute(x))),),
              formula=lambda x: div(x, 1.0 + absolute(x)))

# ---------------------------------------------------------------- comparisons and choices

less = Op("less", lambda x, y: float(x < y), (0, 0), "<", precedence=COMPARISON, summary="1.0 where x < y, else 0.0.")
less_equal = Op("less_equal", lambda x, y: float(x <= y), (0, 0), "<=", precedence=COMPARISON, summary="1.0 where x <= y, else 0.0.")
equal = Op("equal", lambda x, y: float(x == y), (0, 0), "==", precedence=COMPARISON, summary="1.0 where x == y, else 0.0.")
where = Op("where", lambda condition, a, b: a if condition else b,
           (0, lambda out, c, a, b: where(c, 1.0, 0.0), lambda out, c, a, b: where(c, 0.0, 1.0)),
           arguments="condition, a, b", selects=True,
           summary="a where the condition is not 0, else b. less(0, x) is recorded; x > 0 is a bool that stays put.")
maximum = Op("maximum", real.maximum, (lambda out, x, y: maximum_share(x, y), lambda out, x, y: maximum_share(y, x)),
             aliases=["max"], selects=True)
minimum = Op("minimum", real.minimum, (lambda out, x, y: maximum_share(y, x), lambda out, x, y: maximum_share(x, y)),
             aliases=["min"], selects=True)
clamp = Op("clamp", act.clamp, (lambda out, x, low, high: clamp_slope(x, low, high),
                                lambda out, x, low, high: less(x, low),
                                lambda out, x, low, high: less(high, x)),
           arguments="x, low, high", selects=True)
gate = Op("gate", lambda condition, x: x if condition else 0.0, (0, lambda out, c, x: where(c, 1.0, 0.0)),
          arguments="condition, x", formula=lambda condition, x: x, selects=True, spelled_out=True,
          summary="x where the condition is not 0, else nothing; the chain rule puts it behind a choice.")

# ---------------------------------------------------------------- many operands

sum = Op("sum", lambda *xs: reduce(operator.add, xs, 0.0), lambda out, *xs: [1.0] * len(xs), arguments="*xs",
         summary="x1 + x2 + ..., from left to right.")
inner = Op("inner", lambda *xys: reduce(operator.add, map(operator.mul, xys, xys[len(xys) // 2:]), 0.0),
           lambda out, *xys: [*xys[len(xys) // 2:], *xys[:len(xys) // 2]], arguments="*xs_then_ys",
           summary="x1*y1 + x2*y2 + ..., the row behind dot(xs, ys).")
logaddexp = Op("logaddexp", shares.logsumexp, (lambda out, x, y: logsumexp_share([x, y]),
                                            lambda out, x, y: logsumexp_share([y, x])),
               formula=lambda x, y: log(exp(x) + exp(y)), summary="log(exp(x) + exp(y)).")
logsumexp = Op("logsumexp", shares.logsumexp,
               lambda out, *xs: logsumexp_partials(xs),
               arguments="*xs", formula=lambda *xs: log(sum([exp(x) for x in xs])))
softmax_share = Op("softmax_share", shares.softmax_share, lambda out, *xs: share_partials(out, xs),
                   arguments="*xs", formula=lambda *xs: div(exp(xs[0]), sum([exp(x) for x in xs])))

# ---------------------------------------------------------------- slopes: partials that keep digits

Slope = partial(Op, spelled_out=True)

power_slope = Slope("power_slope", powers.power_slope,
                    (lambda out, x, y: power_bend(x, y), lambda out, x, y: power_twist(x, y)),
                    formula=lambda x, y: y * power(x, y - 1.0))
power_log = Slope("power_log", powers.power_log,
                  (lambda out, x, y: power_twist(x, y), lambda out, x, y: power_log_log(x, y)),
                  formula=lambda x, y: power(x, y) * log(x))
power_bend = Slope("power_bend", powers.power_bend,
                   # not 0 * inf where a polynomial has been differentiated away
                   (lambda out, x, y: y * power_bend(x, y - 1.0) if y != 0.0 else 0.0,
                    lambda out, x, y: power(x, y - 2.0) * (2.0 * y - 1.0 + y * (y - 1.0) * log(x))),
                   formula=lambda x, y: y * (y - 1.0) * power(x, y - 2.0))
power_twist = Slope("power_twist", powers.power_twist,
                    (lambda out, x, y: power(x, y - 2.0) * (2.0 * y - 1.0 + y * (y - 1.0) * log(x)),
                     lambda out, x, y: power(x, y - 1.0) * log(x) * (2.0 + y * log(x))),
                    formula=lambda x, y: power(x, y - 1.0) * (1.0 + y * log(x)))
power_log_log = Slope("power_log_log", powers.power_log_log,
                      (lambda out, x, y: power(x, y - 1.0) * log(x) * (2.0 + y * log(x)),
                       lambda out, x, y: out * log(x)),
                      formula=lambda x, y: power(x, y) * square(log(x)))
log10_slope = Slope("log10_slope", real.log10_slope, (lambda out, x: -div(out, x),),
                    formula=lambda x: reciprocal(LN10 * x))
sqrt_slope = Slope("sqrt_slope", real.sqrt_slope, (lambda out, x: -div(out, 2.0 * x),),
                   formula=lambda x: reciprocal(2.0 * sqrt(x)))
hypot_slope = Slope("hypot_slope", plane.hypot_slope,
                    (lambda out, x, y: hypot_slope(y, x) * atan2_slope(y, x),
                     lambda out, x, y: -(out * atan2_slope(y, x))),
                    formula=lambda x, y: div(x, hypot(x, y)))
log_slope = Slope("log_slope", real.log_slope, (lambda out, x: -square(out),), formula=lambda x: reciprocal(x))
asin_slope = Slope("asin_slope", real.asin_slope, (lambda out, x: x * out * out * out,),
                   formula=lambda x: reciprocal(sqrt(1.0 - square(x))))
atan_slope = Slope("atan_slope", real.atan_slope, (lambda out, x: -2.0 * (x * out) * out,),
                   formula=lambda x: reciprocal(1.0 + square(x)))
atan2_slope = Slope("atan2_slope", plane.atan2_slope,
                    (lambda out, x, y: atan2_bend(x, y), lambda out, x, y: -2.0 * (out * atan2_slope(y, x))),
                    formula=lambda x, y: div(x, square(x) + square(y)))
atan2_bend = Slope("atan2_bend", plane.atan2_bend,
                   (lambda out, x, y: 2.0 * atan2_slope(x, y) * (square(atan2_slope(x, y)) - 3.0 * square(atan2_slope(y, x))),
                    lambda out, x, y: 2.0 * atan2_slope(y, x) * (3.0 * square(atan2_slope(x, y)) - square(atan2_slope(y, x)))),
                   formula=lambda x, y: div(square(y) - square(x), square(square(x) + square(y))))
tanh_slope = Slope("tanh_slope", real.tanh_slope, (lambda out, x: -2.0 * tanh(x) * out,),
                   formula=lambda x: 1.0 - square(tanh(x)))
asinh_slope = Slope("asinh_slope", real.asinh_slope, (lambda out, x: -(x * out) * out * out,),
                    formula=lambda x: reciprocal(sqrt(1.0 + square(x))))
acosh_slope = Slope("acosh_slope", real.acosh_slope, (lambda out, x: -(x * out) * out * out,),
                    formula=lambda x: reciprocal(sqrt(square(x) - 1.0)))
atanh_slope = Slope("atanh_slope", real.atanh_slope, (lambda out, x: 2.0 * (x * out) * out,),
                    formula=lambda x: reciprocal(1.0 - square(x)))
gauss = Slope("gauss", act.gauss, (lambda out, x: -2.0 * (x * out),), formula=lambda x: exp(-square(x)))
normal_density = Op("normal_density", act.normal_density, (lambda out, x: -x * out,),
                    formula=lambda x: exp(-0.5 * square(x)) * (1.0 / act.SQRT_TWO_PI))
sigmoid_slope = Slope("sigmoid_slope", act.sigmoid_slope, (lambda out, x: out * sigmoid_bend(x),),
                      formula=lambda x: sigmoid(x) * (1.0 - sigmoid(x)))
sigmoid_bend = Slope("sigmoid_bend", lambda x: -math.tanh(0.5 * x), (lambda out, x: -2.0 * sigmoid_slope(x),),
                     formula=lambda x: 1.0 - 2.0 * sigmoid(x), summary="1 - 2 sigmoid(x).")
relu_slope = Op("relu_slope", act.relu_slope, (0,), "[{} > 0]")
leaky_relu_slope = Slope("leaky_relu_slope", act.leaky_relu_slope, (0, lambda out, x, slope: less_equal(x, 0.0)),
                         formula=lambda x, slope: where(less(0.0, x), 1.0, slope))
elu_slope = Slope("elu_slope", act.elu_slope,
                  (lambda out, x, alpha: where(less(0.0, x), 0.0, alpha * exp(x)),
                   lambda out, x, alpha: where(less(0.0, x), 0.0, exp(x))),
                  formula=lambda x, alpha: where(less(0.0, x), 1.0, alpha * exp(x)))
gelu_slope = Slope("gelu_slope", act.gelu_slope, (lambda out, x: gelu_curvature(x),),
                   formula=lambda x: 0.5 * (1.0 + erf(math.sqrt(0.5) * x)) + x * normal_density(x))
gelu_curvature = Slope("gelu_curvature", act.gelu_curvature,
                       (lambda out, x: x * (x * (x * normal_density(x))) - 4.0 * (x * normal_density(x)),),
                       formula=lambda x: (2.0 - square(x)) * normal_density(x))
silu_slope = Slope("silu_slope", act.silu_slope, (lambda out, x: silu_curvature(x),),
                   formula=lambda x: sigmoid(x) * (1.0 + x * (1.0 - sigmoid(x))))
silu_curvature = Slope("silu_curvature", act.silu_curvature,
                       (lambda out, x: sigmoid_slope(x) * (3.0 * sigmoid_bend(x) + x * square(sigmoid_bend(x))
                                                           - 2.0 * (x * sigmoid_slope(x))),),
                       formula=lambda x: sigmoid_slope(x) * (2.0 + x * sigmoid_bend(x)))
gelu_tanh_slope = Slope("gelu_tanh_slope", act.gelu_tanh_slope, (lambda out, x: gelu_tanh_curvature(x),),
                        formula=lambda x: gelu_tanh_textbook(x)[0])
gelu_tanh_curvature = Slope("gelu_tanh_curvature", act.gelu_tanh_curvature, (lambda out, x: gelu_tanh_textbook(clamp(x, -30.0, 30.0))[2],),
                            formula=lambda x: gelu_tanh_textbook(x)[1])
maximum_share = Op("maximum_share", real.maximum_share, (0, 0), "[{} > {}]")
clamp_slope = Op("clamp_slope", act.clamp_slope, (0, 0, 0), "[{1} < {0} < {2}]")
logsumexp_share = Slope("logsumexp_share", shares.logsumexp_share, lambda out, *xs: share_partials(out, xs),
                        arguments="*xs", formula=lambda *xs: softmax_share(xs))
softmax_rest = Slope("softmax_rest", shares.softmax_rest,
                     lambda out, *xs: [-p for p in share_partials(softmax_share(xs), xs)],
                     arguments="*xs", formula=lambda *xs: 1.0 - softmax_share(xs))
# fmt: on

# ---------------------------------------------------------------- what needs more than a row


def softmax(values: Any) -> list[Any]:
    """exp(x) / sum of exp, for each x of a list: a list of as many Values (or floats)."""
    xs = listed("softmax", values)
    return [softmax_share(each_first(xs, i)) for i in range(len(xs))]


def dot(xs: Any, ys: Any) -> Any:
    """x1*y1 + x2*y2 + ... of two lists of equal length, from left to right."""
    xs, ys = listed("dot", xs), listed("dot", ys)
    if len(xs) != len(ys):
        raise ValueError(f"dot needs two lists of the same length, not {len(xs)} and {len(ys)}")
    return inner(xs + ys)


def each_first(xs: tuple[Any, ...], i: int) -> tuple[Any, ...]:
    """`xs` with element i moved to the front, as the share rows want it."""
    return (xs[i], *xs[:i], *xs[i + 1 :])


def logsumexp_partials(xs: tuple[Any, ...]) -> list[Any]:
    """Their softmax shares; numbers share one sum, which n of them would otherwise take n times."""
    if all(type(x) is float for x in xs):
        return shares.logsumexp_shares(xs)
    return [logsumexp_share(each_first(xs, i)) for i in range(len(xs))]


def share_partials(out: Any, xs: tuple[Any, ...]) -> list[Any]:
    """d p1 / d x for p1 = softmax_share(xs): p1 (1 - p1) for the first, -p1 pj for the others."""
    if all(type(x) is float for x in xs):  # as above
        return [
            out * shares.softmax_rest(*xs),
            *[-(out * p) for p in shares.softmax_shares(xs)[1:]],
        ]
    others = [-(out * softmax_share(each_first(xs, j))) for j in range(1, len(xs))]
    return [out * softmax_rest(xs), *others]


def gelu_tanh_textbook(x: Any) -> tuple[Any, Any, Any]:
    """First, second and third derivative of x * sigmoid(v), v = K (x + C x**3)."""
    v = act.K * (x + act.C * power(x, 3.0))
    d1 = act.K * (1.0 + 3.0 * act.C * square(x))
    d2, d3 = 6.0 * act.K * act.C * x, 6.0 * act.K * act.C
    slope, bend = sigmoid_slope(v), sigmoid_bend(v)
    inside = 2.0 * d1 + x * d2 + x * bend * square(d1)
    change = 3.0 * d2 + x * d3 + bend * square(d1) - 2.0 * x * slope * d1 * square(d1)
    return (
        sigmoid(v) + x * slope * d1,
        slope * inside,
        slope * (bend * d1 * inside + change + 2.0 * x * bend * d1 * d2),
    )
