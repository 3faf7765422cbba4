/* Written by `python docs/make_kernels.py` from autodiff/ops.py and autodiff/export; do not edit.
 *
 * The rows that elementary.h leaves out, on lanes, and KERNELS, the kernel of every row in the
 * order of the table. v_f_a and v_f_b are the two sides of a choice that v_f makes; no lane may
 * need one of them.
 */

#ifndef AUTODIFF_ROWS_H
#define AUTODIFF_ROWS_H

#include "elementary.h"

LANES_LARGE V v_leaky_relu(V x, V slope)
{
    return v_select(m_less(v_of(0.0), x), x, slope * x);
}

LANES_INLINE V v_elu_a(V x, V alpha)
{
    (void)alpha;
    return x;
}

LANES_INLINE V v_elu_b(V x, V alpha)
{
    return alpha * v_expm1(x);
}

LANES_LARGE V v_elu(V x, V alpha)
{
    (void)alpha;
    const M first = m_less(v_of(0.0), x);
    V a = v_of(0.0);
    if (m_any(first))
        a = v_elu_a(x, alpha);
    V b = v_of(0.0);
    if (!m_all(first))
        b = v_elu_b(x, alpha);
    return v_select(first, a, b);
}

LANES_LARGE V v_gelu_tanh_argument(V x)
{
    const V t1 = v_of(1.5957691216057308) * x * (v_of(1.0) + v_of(0.044715) * (x * x));
    return t1;
}

LANES_LARGE V v_gelu_tanh_tail(V x)
{
    const V t1 = x * x;
    const V t2 = v_of(0.044715) * t1;
    const V t3 = v_of(1.0) + t2;
    const V t4 = v_of(1.5957691216057308) * x;
    const V t5 = v_product_tail(v_of(0.044715), t1) + v_of(0.044715) * v_product_tail(x, x);
    const V t6 = v_product_tail(v_of(1.5957691216057308), x) + v_of(-9.96930880911092e-17) * x;
    const V t7 = v_product_tail(t4, t3) + t4 * (v_sum_tail(v_of(1.0), t2) + t5) + t6 * t3;
    return t7;
}

LANES_INLINE V v_gelu_tanh_weight_a(V x, V factor)
{
    const V t1 = v_gelu_tanh_argument(x);
    const V t2 = v_gelu_tanh_tail(x);
    const V t3 = v_exp(-v_absolute(t1)) * (v_of(1.0) - v_select(m_less(t1, v_of(0.0)), -t2, t2));
    return factor * t3;
}

LANES_INLINE V v_gelu_tanh_weight_b(V x, V factor)
{
    const V t1 = v_gelu_tanh_argument(x);
    const V t2 = v_gelu_tanh_tail(x);
    const V t3 = v_exp(v_of(-0.5) * v_absolute(t1));
    const V t4 = factor * t3 * (t3 * (v_of(1.0) - v_select(m_less(t1, v_of(0.0)), -t2, t2)));
    return t4;
}

LANES_LARGE V v_gelu_tanh_weight(V x, V factor)
{
    (void)factor;
    const M first = m_less(v_absolute(v_gelu_tanh_argument(x)), v_of(600.0));
    V a = v_of(0.0);
    if (m_any(first))
        a = v_gelu_tanh_weight_a(x, factor);
    V b = v_of(0.0);
    if (!m_all(first))
        b = v_gelu_tanh_weight_b(x, factor);
    return v_select(first, a, b);
}

LANES_INLINE V v_gelu_tanh_a(V x)
{
    return v_select(m_less(v_of(0.0), x), x, v_of(-0.0));
}

LANES_INLINE V v_gelu_tanh_b(V x)
{
    const V t1 = x / (v_of(1.0) + v_gelu_tanh_weight(x, v_of(1.0)));
    const V t2 = v_select(m_less_equal(v_of(0.0), x), t1, v_gelu_tanh_weight(x, t1));
    return t2;
}

LANES_LARGE V v_gelu_tanh(V x)
{
    const M first = m_less(v_of(23.0), v_absolute(x));
    V a = v_of(0.0);
    if (m_any(first))
        a = v_gelu_tanh_a(x);
    V b = v_of(0.0);
    if (!m_all(first))
        b = v_gelu_tanh_b(x);
    return v_select(first, a, b);
}

LANES_INLINE V v_silu_a(V x)
{
    const V t1 = v_exp(v_of(0.5) * x);
    return v_select(m_equal(t1, v_of(0.0)), v_of(-0.0), x * t1 * t1);
}

LANES_INLINE V v_silu_b(V x)
{
    return x * v_sigmoid(x);
}

LANES_LARGE V v_silu(V x)
{
    const M first = m_less_equal(x, v_of(-700.0));
    V a = v_of(0.0);
    if (m_any(first))
        a = v_silu_a(x);
    V b = v_of(0.0);
    if (!m_all(first))
        b = v_silu_b(x);
    return v_select(first, a, b);
}

LANES_LARGE V v_softsign(V x)
{
    const V t1 = v_absolute(x);
    const V t2 = v_select(m_equal(t1, v_of(INFINITY)), v_select(m_less(v_of(0.0), x), v_of(1.0), v_of(-1.0)), x / (v_of(1.0) + t1));
    return t2;
}

LANES_LARGE V v_clamp(V x, V low, V high)
{
    const V t1 = v_select(m_less(high, x), high, v_select(m_less(x, low), low, x));
    return t1;
}

LANES_LARGE V v_gate(V condition, V x)
{
    return v_select(m_nonzero(condition), x, v_of(0.0));
}

LANES_INLINE V v_softmax_weight_a(V x, V top)
{
    return v_exp(x - top) * (v_of(1.0) + v_sum_tail(x, -top));
}

LANES_LARGE V v_softmax_weight(V x, V top)
{
    const M first = m_less(v_of(-800.0), x - top);
    V a = v_of(0.0);
    if (m_any(first))
        a = v_softmax_weight_a(x, top);
    const V b = v_of(0.0);
    return v_select(first, a, b);
}

LANES_INLINE V v_logsumexp_a(V x1, V x2)
{
    return v_maximum(x1, x2);
}

LANES_INLINE V v_logsumexp_b(V x1, V x2)
{
    const V t1 = v_maximum(x1, x2);
    return t1 + v_log1p(v_softmax_weight(v_minimum(x1, x2), t1));
}

LANES_LARGE V v_logsumexp(V x1, V x2)
{
    const M first = m_equal(v_absolute(v_maximum(x1, x2)), v_of(INFINITY));
    V a = v_of(0.0);
    if (m_any(first))
        a = v_logsumexp_a(x1, x2);
    V b = v_of(0.0);
    if (!m_all(first))
        b = v_logsumexp_b(x1, x2);
    return v_select(first, a, b);
}

LANES_LARGE V v_logaddexp(V x, V y)
{
    return v_logsumexp(x, y);
}

LANES_INLINE V v_power_slope_a(V x, V y)
{
    return y * v_power(x, y - v_of(1.0));
}

LANES_INLINE V v_power_slope_bbaa(V x, V y)
{
    return y * v_power(x, y - v_of(1.0));
}

LANES_INLINE V v_power_slope_bbaba(V x, V y)
{
    return y * (v_power(x, y) / x);
}

LANES_INLINE V v_power_slope_bbabb(V x, V y)
{
    const V t1 = v_absolute(x);
    const V t2 = v_power(t1, v_of(0.5) * y);
    const V t3 = v_select(m_less(x, v_of(0.0)), v_power(v_of(-1.0), y - v_of(1.0)), v_of(1.0));
    return y * t3 * (t2 / t1) * t2;
}

LANES_INLINE V v_power_slope_bbab(V x, V y)
{
    const V t1 = v_power(x, y);
    const V t2 = v_absolute(t1);
    const M t3 = m_and(m_less_equal(v_of(2.2250738585072014e-308), t2), m_less(t2, v_of(INFINITY)));
    const V t4 = v_absolute(t1 / x);
    const M t5 = m_and(m_less_equal(v_of(2.2250738585072014e-308), t4), m_less(t4, v_of(INFINITY)));
    const M first = m_and(t3, t5);
    V a = v_of(0.0);
    if (m_any(first))
        a = v_power_slope_bbaba(x, y);
    V b = v_of(0.0);
    if (!m_all(first))
        b = v_power_slope_bbabb(x, y);
    return v_select(first, a, b);
}

LANES_INLINE V v_power_slope_bba(V x, V y)
{
    const M t1 = m_or(m_equal(v_absolute(x), v_of(INFINITY)), m_equal(v_absolute(y), v_of(INFINITY)));
    const M first = m_or(m_equal(x, v_of(0.0)), t1);
    V a = v_of(0.0);
    if (m_any(first))
        a = v_power_slope_bbaa(x, y);
    V b = v_of(0.0);
    if (!m_all(first))
        b = v_power_slope_bbab(x, y);
    return v_select(first, a, b);
}

LANES_INLINE V v_power_slope_bb(V x, V y)
{
    const V t1 = v_power(v_of(-1.0), y);
    const M t2 = m_and(m_equal(y, y), m_or(m_less_equal(v_of(0.0), x), m_equal(t1, t1)));
    const M first = m_and(m_equal(x, x), t2);
    V a = v_of(0.0);
    if (m_any(first))
        a = v_power_slope_bba(x, y);
    const V b = v_of(NAN);
    return v_select(first, a, b);
}

LANES_INLINE V v_power_slope_b(V x, V y)
{
    (void)x;
    const M first = m_equal(y, v_of(0.0));
    const V a = v_of(0.0);
    V b = v_of(0.0);
    if (!m_all(first))
        b = v_power_slope_bb(x, y);
    return v_select(first, a, b);
}

LANES_LARGE V v_power_slope(V x, V y)
{
    const V t1 = v_absolute(v_power(x, y - v_of(1.0)));
    const M t2 = m_and(m_less_equal(v_of(2.2250738585072014e-308), t1), m_less(t1, v_of(INFINITY)));
    const M first = m_and(m_less_equal(v_of(1.0), y), t2);
    V a = v_of(0.0);
    if (m_any(first))
        a = v_power_slope_a(x, y);
    V b = v_of(0.0);
    if (!m_all(first))
        b = v_power_slope_b(x, y);
    return v_select(first, a, b);
}

LANES_INLINE V v_power_log_a(V x, V y)
{
    return v_power(x, y) * v_log(x);
}

LANES_INLINE V v_power_log_bbaab(V x, V y)
{
    return v_log(x) * v_power(x, y - v_of(0.0));
}

LANES_INLINE V v_power_log_bbaa(V x, V y)
{
    const M first = m_equal(v_power(x, y - v_of(0.0)), v_of(0.0));
    const V a = v_of(0.0);
    V b = v_of(0.0);
    if (!m_all(first))
        b = v_power_log_bbaab(x, y);
    return v_select(first, a, b);
}

LANES_INLINE V v_power_log_bbaba(V x, V y)
{
    return (v_log(x) + v_of(0.0)) * v_power(x, y);
}

LANES_INLINE V v_power_log_bbabb(V x, V y)
{
    const V t1 = v_power(v_absolute(x), v_of(0.5) * y);
    return (v_log(x) + v_of(0.0)) * t1 * t1;
}

LANES_INLINE V v_power_log_bbab(V x, V y)
{
    const V t1 = v_absolute(v_power(x, y));
    const M t2 = m_and(m_less_equal(v_of(2.2250738585072014e-308), t1), m_less(t1, v_of(INFINITY)));
    const M first = m_and(t2, t2);
    V a = v_of(0.0);
    if (m_any(first))
        a = v_power_log_bbaba(x, y);
    V b = v_of(0.0);
    if (!m_all(first))
        b = v_power_log_bbabb(x, y);
    return v_select(first, a, b);
}

LANES_INLINE V v_power_log_bba(V x, V y)
{
    const M t1 = m_or(m_equal(v_absolute(x), v_of(INFINITY)), m_equal(v_absolute(y), v_of(INFINITY)));
    const M first = m_or(m_equal(x, v_of(0.0)), t1);
    V a = v_of(0.0);
    if (m_any(first))
        a = v_power_log_bbaa(x, y);
    V b = v_of(0.0);
    if (!m_all(first))
        b = v_power_log_bbab(x, y);
    return v_select(first, a, b);
}

LANES_INLINE V v_power_log_bb(V x, V y)
{
    const M t1 = m_and(m_equal(x, x), m_and(m_equal(y, y), m_less_equal(v_of(0.0), x)));
    const M first = t1;
    V a = v_of(0.0);
    if (m_any(first))
        a = v_power_log_bba(x, y);
    const V b = v_of(NAN);
    return v_select(first, a, b);
}

LANES_INLINE V v_power_log_b(V x, V y)
{
    const M first = m_and(m_equal(x, v_of(0.0)), m_equal(y, v_of(0.0)));
    const V a = v_of(0.0);
    V b = v_of(0.0);
    if (!m_all(first))
        b = v_power_log_bb(x, y);
    return v_select(first, a, b);
}

LANES_LARGE V v_power_log(V x, V y)
{
    const M t1 = m_and(m_less(v_of(0.0), x), m_less_equal(v_of(2.2250738585072014e-308), v_power(x, y)));
    const M first = t1;
    V a = v_of(0.0);
    if (m_any(first))
        a = v_power_log_a(x, y);
    V b = v_of(0.0);
    if (!m_all(first))
        b = v_power_log_b(x, y);
    return v_select(first, a, b);
}

LANES_INLINE V v_power_bend_baa(V x, V y)
{
    return y * (y - v_of(1.0)) * v_power(x, y - v_of(2.0));
}

LANES_INLINE V v_power_bend_baba(V x, V y)
{
    return y * (y - v_of(1.0)) * (v_power(x, y) / x / x);
}

LANES_INLINE V v_power_bend_babb(V x, V y)
{
    const V t1 = v_absolute(x);
    const V t2 = v_power(t1, v_of(0.5) * y) / t1;
    const V t3 = v_select(m_less(x, v_of(0.0)), v_power(v_of(-1.0), y - v_of(2.0)), v_of(1.0));
    return y * (y - v_of(1.0)) * t3 * t2 * t2;
}

LANES_INLINE V v_power_bend_bab(V x, V y)
{
    const V t1 = v_power(x, y);
    const V t2 = v_absolute(t1);
    const M t3 = m_and(m_less_equal(v_of(2.2250738585072014e-308), t2), m_less(t2, v_of(INFINITY)));
    const V t4 = v_absolute(t1 / x / x);
    const M t5 = m_and(m_less_equal(v_of(2.2250738585072014e-308), t4), m_less(t4, v_of(INFINITY)));
    const M first = m_and(t3, t5);
    V a = v_of(0.0);
    if (m_any(first))
        a = v_power_bend_baba(x, y);
    V b = v_of(0.0);
    if (!m_all(first))
        b = v_power_bend_babb(x, y);
    return v_select(first, a, b);
}

LANES_INLINE V v_power_bend_ba(V x, V y)
{
    const M t1 = m_or(m_equal(v_absolute(x), v_of(INFINITY)), m_equal(v_absolute(y), v_of(INFINITY)));
    const M first = m_or(m_equal(x, v_of(0.0)), t1);
    V a = v_of(0.0);
    if (m_any(first))
        a = v_power_bend_baa(x, y);
    V b = v_of(0.0);
    if (!m_all(first))
        b = v_power_bend_bab(x, y);
    return v_select(first, a, b);
}

LANES_INLINE V v_power_bend_b(V x, V y)
{
    const V t1 = v_power(v_of(-1.0), y);
    const M t2 = m_and(m_equal(y, y), m_or(m_less_equal(v_of(0.0), x), m_equal(t1, t1)));
    const M first = m_and(m_equal(x, x), t2);
    V a = v_of(0.0);
    if (m_any(first))
        a = v_power_bend_ba(x, y);
    const V b = v_of(NAN);
    return v_select(first, a, b);
}

LANES_LARGE V v_power_bend(V x, V y)
{
    (void)x;
    const M first = m_equal(y * (y - v_of(1.0)), v_of(0.0));
    const V a = v_of(0.0);
    V b = v_of(0.0);
    if (!m_all(first))
        b = v_power_bend_b(x, y);
    return v_select(first, a, b);
}

LANES_INLINE V v_power_twist_aab(V x, V y)
{
    const V t1 = v_select(m_equal(y, v_of(0.0)), v_of(1.0), y * v_log(x)) * v_power(x, y - v_of(1.0));
    return t1;
}

LANES_INLINE V v_power_twist_aa(V x, V y)
{
    const M first = m_equal(v_power(x, y - v_of(1.0)), v_of(0.0));
    const V a = v_of(0.0);
    V b = v_of(0.0);
    if (!m_all(first))
        b = v_power_twist_aab(x, y);
    return v_select(first, a, b);
}

LANES_INLINE V v_power_twist_aba(V x, V y)
{
    return (y * v_log(x) + v_of(1.0)) * (v_power(x, y) / x);
}

LANES_INLINE V v_power_twist_abb(V x, V y)
{
    const V t1 = v_absolute(x);
    const V t2 = v_power(t1, v_of(0.5) * y);
    return (y * v_log(x) + v_of(1.0)) * (t2 / t1) * t2;
}

LANES_INLINE V v_power_twist_ab(V x, V y)
{
    const V t1 = v_power(x, y);
    const V t2 = v_absolute(t1);
    const M t3 = m_and(m_less_equal(v_of(2.2250738585072014e-308), t2), m_less(t2, v_of(INFINITY)));
    const V t4 = v_absolute(t1 / x);
    const M t5 = m_and(m_less_equal(v_of(2.2250738585072014e-308), t4), m_less(t4, v_of(INFINITY)));
    const M first = m_and(t3, t5);
    V a = v_of(0.0);
    if (m_any(first))
        a = v_power_twist_aba(x, y);
    V b = v_of(0.0);
    if (!m_all(first))
        b = v_power_twist_abb(x, y);
    return v_select(first, a, b);
}

LANES_INLINE V v_power_twist_a(V x, V y)
{
    const M t1 = m_or(m_equal(v_absolute(x), v_of(INFINITY)), m_equal(v_absolute(y), v_of(INFINITY)));
    const M first = m_or(m_equal(x, v_of(0.0)), t1);
    V a = v_of(0.0);
    if (m_any(first))
        a = v_power_twist_aa(x, y);
    V b = v_of(0.0);
    if (!m_all(first))
        b = v_power_twist_ab(x, y);
    return v_select(first, a, b);
}

LANES_LARGE V v_power_twist(V x, V y)
{
    const M t1 = m_and(m_equal(x, x), m_and(m_equal(y, y), m_less_equal(v_of(0.0), x)));
    const M first = t1;
    V a = v_of(0.0);
    if (m_any(first))
        a = v_power_twist_a(x, y);
    const V b = v_of(NAN);
    return v_select(first, a, b);
}

LANES_INLINE V v_power_log_log_baab(V x, V y)
{
    const V t1 = v_log(x);
    return t1 * t1 * v_power(x, y - v_of(0.0));
}

LANES_INLINE V v_power_log_log_baa(V x, V y)
{
    const M first = m_equal(v_power(x, y - v_of(0.0)), v_of(0.0));
    const V a = v_of(0.0);
    V b = v_of(0.0);
    if (!m_all(first))
        b = v_power_log_log_baab(x, y);
    return v_select(first, a, b);
}

LANES_INLINE V v_power_log_log_baba(V x, V y)
{
    const V t1 = v_log(x);
    return ((t1 + v_of(0.0)) * t1 + v_of(0.0)) * v_power(x, y);
}

LANES_INLINE V v_power_log_log_babb(V x, V y)
{
    const V t1 = v_log(x);
    const V t2 = v_power(v_absolute(x), v_of(0.5) * y);
    return ((t1 + v_of(0.0)) * t1 + v_of(0.0)) * t2 * t2;
}

LANES_INLINE V v_power_log_log_bab(V x, V y)
{
    const V t1 = v_absolute(v_power(x, y));
    const M t2 = m_and(m_less_equal(v_of(2.2250738585072014e-308), t1), m_less(t1, v_of(INFINITY)));
    const M first = m_and(t2, t2);
    V a = v_of(0.0);
    if (m_any(first))
        a = v_power_log_log_baba(x, y);
    V b = v_of(0.0);
    if (!m_all(first))
        b = v_power_log_log_babb(x, y);
    return v_select(first, a, b);
}

LANES_INLINE V v_power_log_log_ba(V x, V y)
{
    const M t1 = m_or(m_equal(v_absolute(x), v_of(INFINITY)), m_equal(v_absolute(y), v_of(INFINITY)));
    const M first = m_or(m_equal(x, v_of(0.0)), t1);
    V a = v_of(0.0);
    if (m_any(first))
        a = v_power_log_log_baa(x, y);
    V b = v_of(0.0);
    if (!m_all(first))
        b = v_power_log_log_bab(x, y);
    return v_select(first, a, b);
}

LANES_INLINE V v_power_log_log_b(V x, V y)
{
    const M t1 = m_and(m_equal(x, x), m_and(m_equal(y, y), m_less_equal(v_of(0.0), x)));
    const M first = t1;
    V a = v_of(0.0);
    if (m_any(first))
        a = v_power_log_log_ba(x, y);
    const V b = v_of(NAN);
    return v_select(first, a, b);
}

LANES_LARGE V v_power_log_log(V x, V y)
{
    const M first = m_and(m_equal(x, v_of(0.0)), m_equal(y, v_of(0.0)));
    const V a = v_of(0.0);
    V b = v_of(0.0);
    if (!m_all(first))
        b = v_power_log_log_b(x, y);
    return v_select(first, a, b);
}

LANES_LARGE V v_log_slope(V x)
{
    const V t1 = v_select(m_less(v_of(0.0), x), v_of(1.0) / x, v_select(m_equal(x, v_of(0.0)), v_of(INFINITY), v_of(NAN)));
    return t1;
}

LANES_INLINE V v_log10_slope_a(V x)
{
    return v_log_slope(x) / v_of(2.302585092994046);
}

LANES_INLINE V v_log10_slope_b(V x)
{
    return v_log_slope(v_of(2.302585092994046) * x);
}

LANES_LARGE V v_log10_slope(V x)
{
    const M first = m_less(v_of(1e+300), x);
    V a = v_of(0.0);
    if (m_any(first))
        a = v_log10_slope_a(x);
    V b = v_of(0.0);
    if (!m_all(first))
        b = v_log10_slope_b(x);
    return v_select(first, a, b);
}

LANES_LARGE V v_sqrt_slope(V x)
{
    const V t1 = v_select(m_less(v_of(0.0), x), v_of(0.5) / v_sqrt(x), v_select(m_equal(x, v_of(0.0)), v_of(INFINITY), v_of(NAN)));
    return t1;
}

LANES_INLINE V v_hypot_slope_a(V x, V y)
{
    return x / v_hypot(x, y);
}

LANES_INLINE V v_hypot_slope_ba(V x, V y)
{
    const V t1 = v_select(m_less(v_absolute(y), v_of(INFINITY)), v_sign(x), v_of(NAN));
    const V t2 = v_select(m_equal(v_absolute(x), v_of(INFINITY)), t1, v_select(m_equal(x, x), v_of(0.0), v_of(NAN)));
    return t2;
}

LANES_INLINE V v_hypot_slope_bbb(V x, V y)
{
    const V t1 = v_select(m_less(v_hypot(x, y), v_of(1.0)), v_of(4.149515568880993e+180), v_of(2.409919865102884e-181));
    const V t2 = x * t1;
    return t2 / v_hypot(t2, y * t1);
}

LANES_INLINE V v_hypot_slope_bb(V x, V y)
{
    const M first = m_equal(v_hypot(x, y), v_of(0.0));
    const V a = v_of(0.0);
    V b = v_of(0.0);
    if (!m_all(first))
        b = v_hypot_slope_bbb(x, y);
    return v_select(first, a, b);
}

LANES_INLINE V v_hypot_slope_b(V x, V y)
{
    const M t1 = m_or(m_equal(v_absolute(x), v_of(INFINITY)), m_equal(v_absolute(y), v_of(INFINITY)));
    const M first = t1;
    V a = v_of(0.0);
    if (m_any(first))
        a = v_hypot_slope_ba(x, y);
    V b = v_of(0.0);
    if (!m_all(first))
        b = v_hypot_slope_bb(x, y);
    return v_select(first, a, b);
}

LANES_LARGE V v_hypot_slope(V x, V y)
{
    const V t1 = v_hypot(x, y);
    const M first = m_and(m_less(v_of(1e-290), t1), m_less(t1, v_of(INFINITY)));
    V a = v_of(0.0);
    if (m_any(first))
        a = v_hypot_slope_a(x, y);
    V b = v_of(0.0);
    if (!m_all(first))
        b = v_hypot_slope_b(x, y);
    return v_select(first, a, b);
}

LANES_LARGE V v_asin_slope(V x)
{
    return v_of(1.0) / v_sqrt((v_of(1.0) - x) * (v_of(1.0) + x));
}

LANES_LARGE V v_atan_slope(V x)
{
    const V t1 = v_select(m_less(v_of(1e+150), v_absolute(x)), v_of(1.0) / x / x, v_of(1.0) / (v_of(1.0) + x * x));
    return t1;
}

LANES_LARGE V v_atan2_slope(V x, V y)
{
    const V t1 = v_absolute(x);
    const V t2 = v_absolute(y);
    const V t3 = v_maximum(t1, t2);
    const V t4 = v_select(m_less(v_of(1e+140), t3), v_of(2.409919865102884e-181), v_of(1.0));
    const V t5 = v_select(m_less(t3, v_of(1e-140)), v_of(4.149515568880993e+180), t4);
    const V t6 = x * t5;
    const V t7 = y * t5;
    const M t8 = m_and(m_or(m_less(t1, v_of(INFINITY)), m_less(t2, v_of(INFINITY))), m_and(m_equal(x, x), m_equal(y, y)));
    const V t9 = v_select(m_less(t3, v_of(INFINITY)), t6 / (t6 * t6 + t7 * t7) * t5, v_select(t8, v_of(0.0), v_of(NAN)));
    return t9;
}

LANES_LARGE V v_atan2_bend(V x, V y)
{
    const V t1 = v_absolute(x);
    const V t2 = v_absolute(y);
    const V t3 = v_maximum(t1, t2);
    const V t4 = v_select(m_less(v_of(1e+140), t3), v_of(2.409919865102884e-181), v_of(1.0));
    const V t5 = v_select(m_less(t3, v_of(1e-140)), v_of(4.149515568880993e+180), t4);
    const V t6 = x * t5;
    const V t7 = y * t5;
    const V t8 = t6 * t6 + t7 * t7;
    const M t9 = m_and(m_or(m_less(t1, v_of(INFINITY)), m_less(t2, v_of(INFINITY))), m_and(m_equal(x, x), m_equal(y, y)));
    const V t10 = v_select(m_less(t3, v_of(INFINITY)), (t7 - t6) / t8 * ((t7 + t6) / t8) * t5 * t5, v_select(t9, v_of(0.0), v_of(NAN)));
    return t10;
}

LANES_LARGE V v_asinh_slope(V x)
{
    return v_of(1.0) / v_hypot(v_of(1.0), x);
}

LANES_LARGE V v_acosh_slope(V x)
{
    return v_of(1.0) / (v_sqrt(x - v_of(1.0)) * v_sqrt(x + v_of(1.0)));
}

LANES_LARGE V v_atanh_slope(V x)
{
    const V t1 = v_select(m_less_equal(v_absolute(x), v_of(1.0)), v_of(1.0) / ((v_of(1.0) - x) * (v_of(1.0) + x)), v_of(NAN));
    return t1;
}

LANES_LARGE V v_gauss(V x)
{
    return v_bell(x, v_of(1.0), v_of(1.0), v_of(0.0));
}

LANES_LARGE V v_normal_density(V x)
{
    return v_bell(x, v_of(0.5), v_of(0.3989422804014327), v_of(0.0));
}

LANES_LARGE V v_sigmoid_bend(V x)
{
    return -v_tanh(v_of(0.5) * x);
}

LANES_LARGE V v_leaky_relu_slope(V x, V slope)
{
    const V t1 = v_select(m_less(v_of(0.0), x), v_of(1.0), v_select(m_less_equal(x, v_of(0.0)), slope, v_of(NAN)));
    return t1;
}

LANES_INLINE V v_elu_slope_a(V x, V alpha)
{
    (void)x;
    return v_minimum(v_maximum(alpha, v_of(0.0)), v_of(1.0));
}

LANES_INLINE V v_elu_slope_bb(V x, V alpha)
{
    return alpha * v_exp(x);
}

LANES_INLINE V v_elu_slope_b(V x, V alpha)
{
    (void)alpha;
    const M first = m_less(v_of(0.0), x);
    const V a = v_of(1.0);
    V b = v_of(0.0);
    if (!m_all(first))
        b = v_elu_slope_bb(x, alpha);
    return v_select(first, a, b);
}

LANES_LARGE V v_elu_slope(V x, V alpha)
{
    (void)alpha;
    const M first = m_equal(x, v_of(0.0));
    V a = v_of(0.0);
    if (m_any(first))
        a = v_elu_slope_a(x, alpha);
    V b = v_of(0.0);
    if (!m_all(first))
        b = v_elu_slope_b(x, alpha);
    return v_select(first, a, b);
}

LANES_LARGE V v_gelu_curvature(V x)
{
    const V t1 = v_absolute(x);
    const V t2 = (v_of(1.4142135623730951) - t1 - v_of(9.667293313452913e-17)) * (v_of(1.4142135623730951) + t1);
    return v_bell(t1, v_of(0.5), t2 / v_of(2.5066282746310002), v_of(0.0));
}

LANES_INLINE V v_silu_slope_aa(V x)
{
    const V t1 = v_exp(v_of(0.5) * x);
    const V t2 = v_select(m_equal(t1, v_of(0.0)), v_of(0.0), (v_of(1.0) + x) * t1 * t1);
    return t2;
}

LANES_INLINE V v_silu_slope_a(V x)
{
    const M first = m_less(x, v_of(0.0));
    V a = v_of(0.0);
    if (m_any(first))
        a = v_silu_slope_aa(x);
    const V b = v_of(1.0);
    return v_select(first, a, b);
}

LANES_INLINE V v_silu_slope_b(V x)
{
    const V t1 = v_exp(-v_absolute(x));
    const V t2 = v_of(1.0) + t1;
    const V t3 = v_select(m_less_equal(v_of(0.0), x), (v_of(1.0) + x * (t1 / t2)) / t2, (v_of(1.0) + x + t1) * (t1 / (t2 * t2)));
    return t3;
}

LANES_LARGE V v_silu_slope(V x)
{
    const M first = m_less(v_of(700.0), v_absolute(x));
    V a = v_of(0.0);
    if (m_any(first))
        a = v_silu_slope_a(x);
    V b = v_of(0.0);
    if (!m_all(first))
        b = v_silu_slope_b(x);
    return v_select(first, a, b);
}

LANES_INLINE V v_silu_curvature_a(V x)
{
    const V t1 = v_absolute(x);
    const V t2 = v_exp(v_of(-0.5) * t1);
    const V t3 = v_select(m_equal(t2, v_of(0.0)), v_of(0.0), (v_of(2.0) - t1) * t2 * t2);
    return t3;
}

LANES_INLINE V v_silu_curvature_b(V x)
{
    return v_sigmoid_slope(x) * (v_of(2.0) - x * v_tanh(v_of(0.5) * x));
}

LANES_LARGE V v_silu_curvature(V x)
{
    const M first = m_less(v_of(700.0), v_absolute(x));
    V a = v_of(0.0);
    if (m_any(first))
        a = v_silu_curvature_a(x);
    V b = v_of(0.0);
    if (!m_all(first))
        b = v_silu_curvature_b(x);
    return v_select(first, a, b);
}

LANES_INLINE V v_gelu_tanh_slope_a(V x)
{
    return v_select(m_less(v_of(0.0), x), v_of(1.0), v_of(0.0));
}

LANES_INLINE V v_gelu_tanh_slope_b(V x)
{
    const V t1 = v_gelu_tanh_weight(x, v_of(1.0));
    const V t2 = x * (v_of(1.5957691216057308) * (v_of(1.0) + v_of(0.134145) * x * x));
    const V t3 = v_of(1.0) + t1;
    const V t4 = v_select(m_less_equal(v_of(0.0), x), (v_of(1.0) + t2 * (t1 / t3)) / t3, v_gelu_tanh_weight(x, (v_of(1.0) + t2 + t1) / (t3 * t3)));
    return t4;
}

LANES_LARGE V v_gelu_tanh_slope(V x)
{
    const M first = m_less(v_of(23.0), v_absolute(x));
    V a = v_of(0.0);
    if (m_any(first))
        a = v_gelu_tanh_slope_a(x);
    V b = v_of(0.0);
    if (!m_all(first))
        b = v_gelu_tanh_slope_b(x);
    return v_select(first, a, b);
}

LANES_INLINE V v_gelu_tanh_curvature_b(V x)
{
    const V t1 = v_of(1.5957691216057308) * (v_of(1.0) + v_of(0.134145) * x * x);
    const V t2 = v_of(2.0) * t1 + v_of(0.4281288976356015) * x * x - x * t1 * t1 * v_tanh(v_of(0.5) * v_gelu_tanh_argument(x));
    const V t3 = v_of(1.0) + v_gelu_tanh_weight(x, v_of(1.0));
    return v_gelu_tanh_weight(x, t2 / (t3 * t3));
}

LANES_LARGE V v_gelu_tanh_curvature(V x)
{
    const M first = m_less(v_of(23.0), v_absolute(x));
    const V a = v_of(0.0);
    V b = v_of(0.0);
    if (!m_all(first))
        b = v_gelu_tanh_curvature_b(x);
    return v_select(first, a, b);
}

LANES_LARGE V v_maximum_share(V a, V b)
{
    const V t1 = v_select(m_less(a, b), v_of(0.0), v_select(m_equal(a, b), v_of(0.5), v_of(NAN)));
    return v_select(m_less(b, a), v_of(1.0), t1);
}

LANES_LARGE V v_clamp_slope(V x, V low, V high)
{
    const V t1 = v_select(m_equal(x, x), v_truth(m_and(m_less(low, x), m_less(x, high))), v_of(NAN));
    return t1;
}

#define KERNELS(UNARY, BINARY, TERNARY, NARY) \
    BINARY(add, v_add) \
    BINARY(sub, v_sub) \
    BINARY(mul, v_mul) \
    BINARY(div, v_div) \
    UNARY(neg, v_neg) \
    BINARY(power, v_power) \
    UNARY(square, v_square) \
    UNARY(reciprocal, v_reciprocal) \
    UNARY(sqrt, v_sqrt) \
    UNARY(cbrt, v_cbrt) \
    BINARY(hypot, v_hypot) \
    UNARY(absolute, v_absolute) \
    UNARY(sign, v_sign) \
    UNARY(alias, v_alias) \
    UNARY(exp, v_exp) \
    UNARY(expm1, v_expm1) \
    UNARY(log, v_log) \
    UNARY(log1p, v_log1p) \
    UNARY(log2, v_log2) \
    UNARY(log10, v_log10) \
    UNARY(sin, v_sin) \
    UNARY(cos, v_cos) \
    UNARY(tan, v_tan) \
    UNARY(asin, v_asin) \
    UNARY(acos, v_acos) \
    UNARY(atan, v_atan) \
    BINARY(atan2, v_atan2) \
    UNARY(sinh, v_sinh) \
    UNARY(cosh, v_cosh) \
    UNARY(tanh, v_tanh) \
    UNARY(asinh, v_asinh) \
    UNARY(acosh, v_acosh) \
    UNARY(atanh, v_atanh) \
    UNARY(erf, v_erf) \
    UNARY(erfc, v_erfc) \
    UNARY(sigmoid, v_sigmoid) \
    UNARY(logsigmoid, v_logsigmoid) \
    UNARY(softplus, v_softplus) \
    UNARY(relu, v_relu) \
    BINARY(leaky_relu, v_leaky_relu) \
    BINARY(elu, v_elu) \
    UNARY(gelu, v_gelu) \
    UNARY(gelu_tanh, v_gelu_tanh) \
    UNARY(silu, v_silu) \
    UNARY(softsign, v_softsign) \
    BINARY(less, v_less) \
    BINARY(less_equal, v_less_equal) \
    BINARY(equal, v_equal) \
    TERNARY(where, v_where) \
    BINARY(maximum, v_maximum) \
    BINARY(minimum, v_minimum) \
    TERNARY(clamp, v_clamp) \
    BINARY(gate, v_gate) \
    NARY(sum, row_sum) \
    NARY(inner, row_inner) \
    BINARY(logaddexp, v_logaddexp) \
    NARY(logsumexp, row_logsumexp) \
    NARY(softmax_share, row_softmax_share) \
    BINARY(power_slope, v_power_slope) \
    BINARY(power_log, v_power_log) \
    BINARY(power_bend, v_power_bend) \
    BINARY(power_twist, v_power_twist) \
    BINARY(power_log_log, v_power_log_log) \
    UNARY(log10_slope, v_log10_slope) \
    UNARY(sqrt_slope, v_sqrt_slope) \
    BINARY(hypot_slope, v_hypot_slope) \
    UNARY(log_slope, v_log_slope) \
    UNARY(asin_slope, v_asin_slope) \
    UNARY(atan_slope, v_atan_slope) \
    BINARY(atan2_slope, v_atan2_slope) \
    BINARY(atan2_bend, v_atan2_bend) \
    UNARY(tanh_slope, v_tanh_slope) \
    UNARY(asinh_slope, v_asinh_slope) \
    UNARY(acosh_slope, v_acosh_slope) \
    UNARY(atanh_slope, v_atanh_slope) \
    UNARY(gauss, v_gauss) \
    UNARY(normal_density, v_normal_density) \
    UNARY(sigmoid_slope, v_sigmoid_slope) \
    UNARY(sigmoid_bend, v_sigmoid_bend) \
    UNARY(relu_slope, v_relu_slope) \
    BINARY(leaky_relu_slope, v_leaky_relu_slope) \
    BINARY(elu_slope, v_elu_slope) \
    UNARY(gelu_slope, v_gelu_slope) \
    UNARY(gelu_curvature, v_gelu_curvature) \
    UNARY(silu_slope, v_silu_slope) \
    UNARY(silu_curvature, v_silu_curvature) \
    UNARY(gelu_tanh_slope, v_gelu_tanh_slope) \
    UNARY(gelu_tanh_curvature, v_gelu_tanh_curvature) \
    BINARY(maximum_share, v_maximum_share) \
    TERNARY(clamp_slope, v_clamp_slope) \
    NARY(logsumexp_share, row_logsumexp_share) \
    NARY(softmax_rest, row_softmax_rest)

#endif
