/* The elementary ops of the table on lanes, named v_<op> as in autodiff/ops.py.
 *
 * exp, expm1, log, log1p and tanh are computed here, on all lanes at once; most of the others call
 * math.h lane by lane and so give what Python's math gives. The same three devices as in
 * autodiff/real.py: tails of rounded operations are fed back, saturated expressions are written in
 * the small quantity, and 2**k is multiplied in two halves, so that results underflow gradually.
 *
 * Polynomials are Chebyshev fits (mpmath.chebyfit), the constant term first. They are evaluated in
 * pairs (Estrin), which shortens the chain of operations that wait for each other.
 */

#ifndef AUTODIFF_ELEMENTARY_H
#define AUTODIFF_ELEMENTARY_H

#include "lanes.h"

/* ---------------------------------------------------------------- arithmetic */

LANES_INLINE V v_add(V x, V y) { return x + y; }
LANES_INLINE V v_sub(V x, V y) { return x - y; }
LANES_INLINE V v_mul(V x, V y) { return x * y; }
LANES_INLINE V v_div(V x, V y) { return x / y; }
LANES_INLINE V v_neg(V x) { return -x; }
LANES_INLINE V v_square(V x) { return x * x; }
LANES_INLINE V v_reciprocal(V x) { return v_of(1.0) / x; }
LANES_INLINE V v_alias(V x) { return x; }

LANES_EACH_PAIR(v_power, pow)
LANES_EACH_PAIR(v_hypot, hypot)

LANES_INLINE V v_sign(V x)
{
    const V negative = v_select(m_less(x, v_of(0.0)), v_of(-1.0), x);
    return v_select(m_less(v_of(0.0), x), v_of(1.0), negative);
}

LANES_EACH(v_libm_cbrt, cbrt)

/* One Newton step in the residual r**3 - x, as autodiff.real.cbrt. */
LANES_LARGE V v_cbrt(V x)
{
    const V r = v_libm_cbrt(x), size = v_absolute(r), square = r * r, cube = square * r;
    const V tail = v_product_tail(r, r), cube_tail = v_product_tail(square, r);
    const V better = r - ((cube - x) + (cube_tail + tail * r)) / (v_of(3.0) * square);
    const M inside = m_and(m_less(v_of(1e-100), size), m_less(size, v_of(1e90)));
    return v_select(inside, better, r);
}

/* ---------------------------------------------------------------- choices */

LANES_INLINE V v_less(V x, V y) { return v_truth(m_less(x, y)); }
LANES_INLINE V v_less_equal(V x, V y) { return v_truth(m_less_equal(x, y)); }
LANES_INLINE V v_equal(V x, V y) { return v_truth(m_equal(x, y)); }
LANES_INLINE V v_where(V condition, V a, V b) { return v_select(m_nonzero(condition), a, b); }

LANES_INLINE V v_maximum(V a, V b)
{
    return v_select(m_or(m_less_equal(b, a), m_is_nan(a)), a, b);
}

LANES_INLINE V v_minimum(V a, V b)
{
    return v_select(m_or(m_less_equal(a, b), m_is_nan(a)), a, b);
}

/* ---------------------------------------------------------------- exponentials */

/* x = k log 2 + r + tail with a whole number k and |r| <= log(2)/2; |x| < 2**11. */
typedef struct {
    V k, r, tail;
} Reduced;

LANES_INLINE Reduced v_reduced(V x)
{
    const V shift = v_of(0x1.8p52); /* x + shift - shift is x rounded to a whole number */
    const V k = (x * v_of(1.4426950408889634) + shift) - shift;
    const V high = x - k * v_of(0.6931471805592082); /* exact: 40 bits of log 2 times 11 bits */
    const V low = k * v_of(7.371002565167799e-13);   /* the other bits of log 2 */
    Reduced reduced;
    reduced.k = k;
    reduced.r = high - low;
    reduced.tail = (high - reduced.r) - low;
    return reduced;
}

/* exp(r + tail) - 1 - r for |r| <= log(2)/2: r**2 (1/2 + r/6 + ...), to 2e-19. */
LANES_INLINE V v_beyond_linear(V r, V tail)
{
    const V r2 = r * r, r4 = r2 * r2;
    const V c0 = v_of(0.5) + r * v_of(0.1666666666666667);
    const V c2 = v_of(0.04166666666666667) + r * v_of(0.008333333333326141);
    const V c4 = v_of(0.0013888888888883752) + r * v_of(0.00019841269874800683);
    const V c6 = v_of(2.4801587325533502e-05) + r * v_of(2.75572554255029e-06);
    const V c8 = v_of(2.7557273661174726e-07) + r * v_of(2.5105206475334834e-08);
    const V c10 = v_of(2.091467944897855e-09);
    const V rest = (c4 + r2 * c6) + r4 * (c8 + r2 * c10);
    return r2 * ((c0 + r2 * c2) + r4 * rest) + tail;
}

/* y * 2**k for a whole number k, |k| <= 1100, rounded once. */
LANES_INLINE V v_scaled(V y, V k)
{
#if LANES_AVX512
    return (V)_mm512_scalef_pd((__m512d)y, (__m512d)k); /* the same bits in one instruction */
#else
    /* The lowest bits of a float64 of this size are those of a whole number: k/2 + 1023. */
    const V shift = v_of(0x1.8p52 + 1023.0);
    const V first = v_of(0.5) * k + shift, second = (k - (first - shift)) + shift;
    return (y * w_number(v_bits(first) << 52)) * w_number(v_bits(second) << 52);
#endif
}

/* 2**-k for a whole number k >= -1000; 2**-1000 is as good as anything below. */
LANES_INLINE V v_unit(V k)
{
    const V shift = v_of(0x1.8p52 + 1023.0);
    return w_number(v_bits(shift - v_lower(v_of(1000.0), k)) << 52);
}

/* exp(x) = (high + low) 2**k; |x| <= 760. */
typedef struct {
    V high, low, k;
} Power;

LANES_INLINE Power v_power_of_e(V x)
{
    const Reduced a = v_reduced(x);
    const V one = v_of(1.0);
    Power found;
    found.high = one + a.r;
    found.low = ((one - found.high) + a.r) + v_beyond_linear(a.r, a.tail);
    found.k = a.k;
    return found;
}

LANES_INLINE V v_exp(V x)
{
    /* Beyond these ends the result is 0 or inf; a nan passes through. */
    const Power a = v_power_of_e(v_lower(v_of(710.0), v_upper(v_of(-750.0), x)));
    return v_scaled(a.high + a.low, a.k);
}

/* factor exp(x) (1 + change) for a tiny change: only the result overflows or underflows. */
LANES_INLINE V v_exp_times(V x, V change, V factor)
{
    const Power a = v_power_of_e(v_lower(v_of(710.0), v_upper(v_of(-760.0), x)));
    return v_scaled(factor * (a.high + (a.low + (a.high + a.low) * change)), a.k);
}

/* (exp(x) - 1) / 2**k as a sum of two numbers, and 2**-k; -700 <= x <= 710. */
typedef struct {
    V high, low, unit, k;
} Increase;

LANES_INLINE Increase v_increase(V x)
{
    const Reduced a = v_reduced(x);
    const V unit = v_unit(a.k), step = v_of(1.0) - unit; /* 0, or larger than r */
    Increase found;
    found.high = step + a.r;
    found.low = (a.r - (found.high - step)) + v_beyond_linear(a.r, a.tail);
    found.unit = unit;
    found.k = a.k;
    return found;
}

LANES_INLINE V v_expm1(V x)
{
    const V held = v_lower(v_of(710.0), v_upper(v_of(-40.0), x));
    const Increase a = v_increase(held);
    return v_copysign(v_scaled(a.high + a.low, a.k), x);
}

/* tanh(x) = n / d with n = expm1(2|x|) / 2**k, d = n + 2 / 2**k, each with its tail: accurate at 0
 * and at infinity. */
typedef struct {
    V n, n_tail, d, d_tail, unit, k;
} Ratio;

LANES_INLINE Ratio v_tanh_ratio(V x)
{
    const Increase a = v_increase(v_lower(v_of(760.0), v_of(2.0) * v_absolute(x)));
    const V two = v_of(2.0) * a.unit;
    Ratio found;
    found.n = a.high + a.low;
    found.n_tail = (a.high - found.n) + a.low;
    found.d = found.n + two;
    found.d_tail = v_sum_tail(found.n, two) + found.n_tail;
    found.unit = a.unit;
    found.k = a.k;
    return found;
}

LANES_INLINE V v_tanh_of_ratio(Ratio a, V inverse, V x)
{
    const V q = a.n * inverse;
    const V rest = (a.n - q * a.d) - v_product_tail(q, a.d); /* n - q d, exactly */
    return v_copysign(q + (rest + (a.n_tail - q * a.d_tail)) * inverse, x);
}

/* 1 - tanh(x)**2 = 4 s (1 - s), s = sigmoid(-2|x|) = 2**-k / d: no difference of near numbers. */
LANES_INLINE V v_tanh_slope_of_ratio(Ratio a, V inverse)
{
    const V s = inverse - inverse * (a.d_tail * inverse);
    return v_scaled(v_of(4.0) * s * (v_of(1.0) - s * a.unit), -a.k);
}

LANES_INLINE V v_tanh(V x)
{
    const Ratio a = v_tanh_ratio(x);
    return v_tanh_of_ratio(a, v_of(1.0) / a.d, x);
}

LANES_INLINE V v_tanh_slope(V x)
{
    const Ratio a = v_tanh_ratio(x);
    return v_tanh_slope_of_ratio(a, v_of(1.0) / a.d);
}

/* sigmoid(-|x|) = 1 / (1 + exp(|x|)), at most 1/2. */
LANES_INLINE V v_smaller_sigmoid(V x)
{
    const Power a = v_power_of_e(v_lower(v_of(760.0), v_absolute(x)));
    const V power = a.high + a.low, power_tail = (a.high - power) + a.low, unit = v_unit(a.k);
    const V d = unit + power, d_tail = v_sum_tail(unit, power) + power_tail;
    const V inverse = v_of(1.0) / d;
    return v_scaled(inverse - inverse * (d_tail * inverse), -a.k);
}

LANES_INLINE V v_sigmoid_of_smaller(V smaller, V x)
{
    return v_select(m_less(v_of(0.0), x), v_of(1.0) - smaller, smaller);
}

LANES_INLINE V v_sigmoid(V x) { return v_sigmoid_of_smaller(v_smaller_sigmoid(x), x); }

LANES_INLINE V v_sigmoid_slope(V x)
{
    const V smaller = v_smaller_sigmoid(x);
    return smaller * (v_of(1.0) - smaller);
}

/* ---------------------------------------------------------------- logarithms */

/* log(2**k (1 + f) (1 + c)) for sqrt(1/2) - 1 <= f <= sqrt(2) - 1 and a tiny c. */
LANES_INLINE V v_log_of_parts(V k, V f, V c)
{
    /* log(1 + f) = f - s (f - R), s = f / (2 + f), R = 2 s**2/3 + 2 s**4/5 + ..., to 1e-17 */
    const V s = f / (v_of(2.0) + f), z = s * s, z2 = z * z, half = v_of(0.5) * f * f;
    const V c0 = v_of(0.666666666666667) + z * v_of(0.39999999999899505);
    const V c2 = v_of(0.2857142862597575) + z * v_of(0.22222211134751835);
    const V c4 = v_of(0.18182889128412458) + z * v_of(0.15331721495826012);
    const V c6 = v_of(0.1461645097955211);
    const V series = z * ((c0 + z2 * c2) + (z2 * z2) * (c4 + z2 * c6));
    const V low = s * (half + series) + (k * v_of(7.371002565167799e-13) + c);
    return k * v_of(0.6931471805592082) - ((half - low) - f);
}

/* 1 + f and k of a positive normal number 2**k (1 + f). */
LANES_INLINE V v_mantissa(V x, V *k)
{
    const W root = w_of(0x3fe6a09e667f3bcdu); /* sqrt(1/2) */
    const W moved = v_bits(x) + (w_of(0x3ff0000000000000u) - root);
    /* The biased exponent below 2**52 is a float64: 2**52 + exponent. */
    *k = w_number((moved >> 52) | w_of(0x4330000000000000u)) - v_of(0x1p52 + 1023.0);
    return w_number((moved & w_of(0x000fffffffffffffu)) + root);
}

LANES_INLINE V v_log(V x)
{
    const M small = m_less(x, v_of(DBL_MIN));
    V k;
    const V f = v_mantissa(v_select(small, x * v_of(0x1p54), x), &k) - v_of(1.0);
    const V found = v_log_of_parts(k - v_select(small, v_of(54.0), v_of(0.0)), f, v_of(0.0));
    const V inside = v_select(m_less(x, v_of(INFINITY)), found, x);
    const V outside = v_select(m_equal(x, v_of(0.0)), v_of(-INFINITY), v_of(NAN));
    return v_select(m_less(v_of(0.0), x), inside, outside);
}

LANES_INLINE V v_log1p(V x)
{
    const V one = v_of(1.0), sum = one + x, lost = v_sum_tail(one, x);
    V k;
    const V m = v_mantissa(sum, &k);
    const M near = m_and(m_less(v_of(-0.29), x), m_less(x, v_of(0.41)));
    const V zero = v_of(0.0), f = v_select(near, x, m - one), c = v_select(near, zero, lost / sum);
    const V found = v_log_of_parts(v_select(near, zero, k), f, c);
    const V inside = v_select(m_less(x, v_of(INFINITY)), found, x);
    const V proper = v_select(m_equal(x, zero), x, inside);
    const V outside = v_select(m_equal(x, v_of(-1.0)), v_of(-INFINITY), v_of(NAN));
    return v_select(m_less(v_of(-1.0), x), proper, outside);
}

/* log(1 + e) for 0 <= e <= 1. */
LANES_INLINE V v_log_of_sum(V e)
{
    const V one = v_of(1.0), zero = v_of(0.0), sum = one + e, lost = e - (sum - one);
    const M near = m_less(e, v_of(0.414));
    const V f = v_select(near, e, v_of(0.5) * sum - one);
    const V c = v_select(near, zero, v_of(0.6) * lost); /* lost / sum to 20 %: 0.02 ulp */
    return v_log_of_parts(v_select(near, zero, one), f, c);
}

/* log(1 + exp(x)) */
LANES_INLINE V v_softplus(V x)
{
    return v_select(m_less(v_of(0.0), x), x, v_of(0.0)) + v_log_of_sum(v_exp(-v_absolute(x)));
}

LANES_INLINE V v_logsigmoid(V x) { return -v_softplus(-x); }

LANES_EACH(v_log2, log2)
LANES_EACH(v_log10, log10)

/* ---------------------------------------------------------------- circular and hyperbolic */

LANES_EACH(v_sin, sin)
LANES_EACH(v_cos, cos)
LANES_EACH(v_tan, tan)
LANES_EACH(v_asin, asin)
LANES_EACH(v_acos, acos)
LANES_EACH(v_atan, atan)
LANES_EACH_PAIR(v_atan2, atan2)
LANES_EACH(v_sinh, sinh)
LANES_EACH(v_cosh, cosh)
LANES_EACH(v_asinh, asinh)
LANES_EACH(v_acosh, acosh)
LANES_EACH(v_atanh, atanh)
LANES_EACH(v_erf, erf)
LANES_EACH(v_erfc, erfc)

/* ---------------------------------------------------------------- bells */

/* factor (1 + correction) exp(-exponent x**2), as autodiff.activations. */
LANES_INLINE V v_bell(V x, V exponent, V factor, V correction)
{
    const V change = correction - exponent * v_product_tail(x, x);
    const V found = v_exp_times(-(exponent * (x * x)), change, factor);
    return v_select(m_less(v_of(60.0), v_absolute(x)), v_of(0.0), found);
}

/* ---------------------------------------------------------------- the normal distribution */

/* Phi(-y) = h exp(-y**2/2), h = t P(t - 1/2), t = 5 / (5 + y): P to 1e-18 of it for y <= 40. */
static const double NORMAL_TAIL[24] = {
    0.15383860995001258, 0.26615300115602275, 0.39624449277598084,
    0.5016530506740599, 0.5280651717453041, 0.44235928772402094,
    0.2661768550304246, 0.07663044510390156, -0.04085091272734838,
    -0.05579765686484312, -0.01216016545752334, 0.020382702272257375,
    0.013665600706426684, -0.006520516539944753, -0.009079108968503882,
    0.0021927081070314816, 0.0057186186387856355, -0.0010535174760427045,
    -0.003677435647896594, 0.0008980130779532876, 0.0022635563578209663,
    -0.0009324588006671226, -0.0009719936350666006, 0.0006394788914896292
};

/* For y = |x|, held at 40: h = h + h_tail, exp(-y**2/2) = (bell + bell_tail) 2**k. */
typedef struct {
    V y, h, h_tail, bell, bell_tail, k;
} Normal;

LANES_INLINE Normal v_normal(V x)
{
    const V five = v_of(5.0), y = v_lower(v_of(40.0), v_absolute(x)), square = y * y;
    const V s = five + y, t = five / s, z = t - v_of(0.5), z2 = z * z;
    /* t is rounded, and so belongs to a point beside y; h' = y h - 1/sqrt(2 pi) leads back */
    const V lost = ((five - t * s) - v_product_tail(t, s)) - t * v_sum_tail(five, y);
    const Power e = v_power_of_e(v_of(-0.5) * square);
    const V change = v_of(-0.5) * v_product_tail(y, y), weight = e.high + e.low;
    const V low = e.low + weight * change;
    V even = v_of(NORMAL_TAIL[23]), odd = v_of(NORMAL_TAIL[22]);
    Normal found;
    int i;
    for (i = 21; i > 3; i -= 2) {
        even = even * z2 + v_of(NORMAL_TAIL[i]);
        odd = odd * z2 + v_of(NORMAL_TAIL[i - 1]);
    }
    {
        /* the first terms one by one: their sum is a third of the largest of them */
        const V rest = (even * z2 + v_of(NORMAL_TAIL[3])) + z * odd;
        const V p = z * (v_of(NORMAL_TAIL[1]) + z * (v_of(NORMAL_TAIL[2]) + z * rest));
        const V first = v_of(NORMAL_TAIL[0]), q = first + p, h = t * q;
        const V slope = y * h - v_of(0.3989422804014327), apart = v_of(0.2) * s * lost;
        found.h = h;
        found.h_tail = (v_product_tail(t, q) + t * v_sum_tail(first, p)) - apart * slope;
    }
    found.y = y;
    found.bell = e.high + low;
    found.bell_tail = (e.high - found.bell) + low;
    found.k = e.k;
    return found;
}

/* (high + tail) (bell + bell_tail) 2**k */
LANES_INLINE V v_times_bell(V high, V tail, Normal a)
{
    return v_scaled(high * a.bell + (high * a.bell_tail + tail * a.bell), a.k);
}

/* x Phi(x) = max(x, 0) - |x| Phi(-|x|) */
LANES_INLINE V v_gelu_of_normal(Normal a, V x)
{
    const V high = a.y * a.h, tail = v_product_tail(a.y, a.h) + a.y * a.h_tail;
    const V less = v_times_bell(high, tail, a);
    return v_select(m_less(v_of(0.0), x), x - less, v_copysign(less, x));
}

/* Phi(x) + x Phi'(x), which is 1 less what it is at -x */
LANES_INLINE V v_gelu_slope_of_normal(Normal a, V x)
{
    const V density = v_of(0.3989422804014327); /* 1/sqrt(2 pi), and its tail */
    const V part = a.y * density, part_tail = v_product_tail(a.y, density);
    const V high = a.h - part, rounded = v_sum_tail(a.h, -part);
    const V tail = rounded + ((a.h_tail - part_tail) + a.y * v_of(6.247337834861335e-17));
    const V left = v_times_bell(high, tail, a);
    return v_select(m_less(v_of(0.0), x), v_of(1.0) - left, left);
}

LANES_LARGE V v_gelu(V x) { return v_gelu_of_normal(v_normal(x), x); }
LANES_LARGE V v_gelu_slope(V x) { return v_gelu_slope_of_normal(v_normal(x), x); }

/* ---------------------------------------------------------------- rectifiers */

LANES_INLINE V v_relu(V x) { return v_select(m_less_equal(x, v_of(0.0)), v_of(0.0), x); }

/* 1, 0, or nan. */
LANES_INLINE V v_relu_slope(V x)
{
    const V rest = v_select(m_less_equal(x, v_of(0.0)), v_of(0.0), x);
    return v_select(m_less(v_of(0.0), x), v_of(1.0), rest);
}

#endif
