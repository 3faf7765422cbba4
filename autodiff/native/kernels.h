/* One kernel for each row of the table, KERNELS in rows.h says which; those of many operands, and
 * pairs of rows that are cheaper together.
 *
 * An n-ary kernel takes pointers to its operands: `V row(const V *const *xs, int n)`.
 */

#ifndef AUTODIFF_KERNELS_H
#define AUTODIFF_KERNELS_H

#include "elementary.h"
#include "rows.h"

/* ---------------------------------------------------------------- many operands */

/* From left to right, beginning with 0, as autodiff.ops. */
LANES_INLINE V row_sum(const V *const *xs, int n)
{
    V total = v_of(0.0);
    int i;
    for (i = 0; i < n; i++)
        total = total + *xs[i];
    return total;
}

/* All x first, then as many y. */
LANES_INLINE V row_inner(const V *const *xys, int n)
{
    const int half = n / 2;
    V total = v_of(0.0);
    int i;
    for (i = 0; i < half; i++)
        total = total + *xys[i] * *xys[half + i];
    return total;
}

/* The largest operand, nan beside a nan. */
LANES_INLINE V v_top(const V *const *xs, int n)
{
    V top = *xs[0];
    int i;
    for (i = 1; i < n; i++)
        top = v_maximum(top, *xs[i]);
    return top;
}

/* exp(x - top), the rounding error of the difference fed back. */
LANES_INLINE V v_weight(V x, V top)
{
    const V d = x - top, weight = v_exp_times(d, v_sum_tail(x, -top), v_of(1.0));
    return v_select(m_less(v_of(-800.0), d), weight, v_of(0.0));
}

/* A sum with its rounding errors added up beside it. */
typedef struct {
    V total, lost;
} RunningSum;

LANES_INLINE RunningSum sum_with(RunningSum sum, V x)
{
    RunningSum next;
    next.total = sum.total + x;
    next.lost = sum.lost + v_sum_tail(sum.total, x);
    return next;
}

LANES_INLINE RunningSum sum_of_nothing(void)
{
    RunningSum sum;
    sum.total = sum.lost = v_of(0.0);
    return sum;
}

LANES_INLINE V v_sum(RunningSum sum) { return sum.total + sum.lost; }

/* All weights but that of one largest operand, the first, which is kept apart: it is 1, or 0 beside
 * a nan. Each weight is also written to `weights`, unless that is NULL. */
typedef struct {
    RunningSum rest;
    V largest;
} Weights;

LANES_INLINE Weights v_weights(const V *const *xs, int n, V top, V *weights)
{
    Weights found;
    int i;
    found.rest = sum_of_nothing();
    found.largest = v_of(0.0);
    for (i = 0; i < n; i++) {
        const V x = *xs[i], weight = v_weight(x, top), zero = v_of(0.0);
        const M first = m_and(m_equal(x, top), m_equal(found.largest, zero));
        found.rest = sum_with(found.rest, v_select(first, zero, weight));
        found.largest = v_select(first, weight, found.largest);
        if (weights)
            weights[i] = weight;
    }
    return found;
}

LANES_INLINE M m_infinite(V x) { return m_equal(v_absolute(x), v_of(INFINITY)); }

LANES_INLINE V v_log_of_weights(Weights found, V top)
{
    return v_select(m_infinite(top), top, top + v_log1p(v_sum(found.rest)));
}

LANES_MANY V row_logsumexp(const V *const *xs, int n)
{
    const V top = v_top(xs, n);
    return v_log_of_weights(v_weights(xs, n, top, NULL), top);
}

/* exp(x1) / (exp(x1) + exp(x2) + ...) of the first operand. */
LANES_MANY V row_softmax_share(const V *const *xs, int n)
{
    const V top = v_top(xs, n), first = v_weight(*xs[0], top);
    RunningSum sum = sum_with(sum_of_nothing(), first);
    int i;
    for (i = 1; i < n; i++)
        sum = sum_with(sum, v_weight(*xs[i], top));
    return v_select(m_infinite(top), v_of(NAN), first / v_sum(sum));
}

/* 1 - softmax_share, as the sum of the other shares. */
LANES_MANY V row_softmax_rest(const V *const *xs, int n)
{
    const V top = v_top(xs, n);
    RunningSum others = sum_of_nothing();
    int i;
    for (i = 1; i < n; i++)
        others = sum_with(others, v_weight(*xs[i], top));
    {
        const V all = v_sum(sum_with(others, v_weight(*xs[0], top)));
        return v_select(m_infinite(top), v_of(NAN), v_sum(others) / all);
    }
}

/* softmax_share, and an even split between equal infinities. */
LANES_MANY V row_logsumexp_share(const V *const *xs, int n)
{
    const V top = v_top(xs, n);
    V ties = v_of(0.0);
    int i;
    for (i = 0; i < n; i++)
        ties = ties + v_equal(*xs[i], top);
    return v_select(m_infinite(top), v_equal(*xs[0], top) / ties,
                    row_softmax_share(xs, n));
}

/* The share of every operand at once, n exponentials instead of n**2: out[i] is the row's result
 * with operand i first, but for the order of a sum and one rounding (an ulp each). `out` is apart from the operands.
 * SHARE(name, function): function(xs, n, out). */
#define SHARES(SHARE) \
    SHARE(softmax_share, all_softmax_share) \
    SHARE(logsumexp_share, all_logsumexp_share) \
    SHARE(softmax_rest, all_softmax_rest)

/* Returns logsumexp as well. */
LANES_MANY V all_logsumexp_share(const V *const *xs, int n, V *out)
{
    const V top = v_top(xs, n);
    const Weights found = v_weights(xs, n, top, out);
    const V inverse = v_of(1.0) / v_sum(sum_with(found.rest, found.largest));
    int i;
    for (i = 0; i < n; i++)
        out[i] = out[i] * inverse;
    if (m_any(m_infinite(top))) {
        V ties = v_of(0.0);
        for (i = 0; i < n; i++)
            ties = ties + v_equal(*xs[i], top);
        for (i = 0; i < n; i++)
            out[i] = v_select(m_infinite(top), v_equal(*xs[i], top) / ties, out[i]);
    }
    return v_log_of_weights(found, top);
}

LANES_MANY void all_softmax_share(const V *const *xs, int n, V *out)
{
    const V top = v_top(xs, n);
    const Weights found = v_weights(xs, n, top, out);
    const V inverse = v_of(1.0) / v_sum(sum_with(found.rest, found.largest));
    int i;
    for (i = 0; i < n; i++)
        out[i] = v_select(m_infinite(top), v_of(NAN), out[i] * inverse);
}

/* The other weights of each operand are added up without it: 1 - share would lose digits. */
LANES_MANY void all_softmax_rest(const V *const *xs, int n, V *out)
{
    const V top = v_top(xs, n);
    const Weights found = v_weights(xs, n, top, NULL);
    const V all = v_sum(sum_with(found.rest, found.largest));
    RunningSum before = sum_of_nothing(), behind = before;
    int i;
    for (i = n - 1; i >= 0; i--) {
        out[i] = v_sum(behind);
        behind = sum_with(behind, v_weight(*xs[i], top));
    }
    for (i = 0; i < n; i++) {
        const V rest = v_sum(sum_with(before, out[i]));
        before = sum_with(before, v_weight(*xs[i], top));
        out[i] = v_select(m_infinite(top), v_of(NAN), rest / all);
    }
}

/* ---------------------------------------------------------------- two rows at once */

/* The results are those of the two kernels, to the last bit. PAIR(first, second, function):
 * function(x, &of_first, &of_second). */
#define PAIRS(PAIR) \
    PAIR(tanh, tanh_slope, pair_tanh) \
    PAIR(sigmoid, sigmoid_slope, pair_sigmoid) \
    PAIR(gelu, gelu_slope, pair_gelu)

LANES_INLINE void pair_tanh(V x, V *out, V *slope)
{
    const Ratio a = v_tanh_ratio(x);
    const V inverse = v_of(1.0) / a.d;
    *out = v_tanh_of_ratio(a, inverse, x);
    *slope = v_tanh_slope_of_ratio(a, inverse);
}

LANES_INLINE void pair_sigmoid(V x, V *out, V *slope)
{
    const V smaller = v_smaller_sigmoid(x);
    *out = v_sigmoid_of_smaller(smaller, x);
    *slope = smaller * (v_of(1.0) - smaller);
}

LANES_INLINE void pair_gelu(V x, V *out, V *slope)
{
    const Normal a = v_normal(x);
    *out = v_gelu_of_normal(a, x);
    *slope = v_gelu_slope_of_normal(a, x);
}

#endif
