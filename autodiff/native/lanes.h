/* Lanes: LANES float64 numbers computed together, and masks over them.
 *
 * One source for every instruction set. LANES is 8 with AVX-512 (F and DQ), 4 with AVX2, 2 with
 * SSE2 or NEON, 1 in plain C99; it is taken from what the compiler was told (-mavx2, ...) unless
 * it is defined. More lanes than the target's registers hold would be several times slower.
 *
 *     V  LANES numbers: + - * / and unary - work on it, for LANES == 1 as well
 *     M  a mask, one truth value a lane: made by m_less and friends, used through m_* and v_select
 *     W  the bits of a V, LANES uint64_t: + - & | ^ << >>
 *
 * Every operation here is rounded once, as IEEE 754 says, so all widths give the same bits. That
 * takes -ffp-contract=off, no -ffast-math, and float64 arithmetic in float64 (not x87).
 */

#ifndef AUTODIFF_LANES_H
#define AUTODIFF_LANES_H

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#ifdef __FAST_MATH__
#error "compile without -ffast-math: it would change the numbers"
#endif
#if FLT_EVAL_METHOD != 0 && FLT_EVAL_METHOD != 16
#error "float64 must be computed in float64: on 32-bit x86 compile with -msse2 -mfpmath=sse"
#endif
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#endif

#ifndef LANES
#if defined(__AVX512F__) && defined(__AVX512DQ__)
#define LANES 8
#elif defined(__AVX2__)
#define LANES 4
#elif defined(__GNUC__) && (defined(__SSE2__) || defined(__aarch64__))
#define LANES 2
#else
#define LANES 1
#endif
#endif

#if LANES == 8 && defined(__AVX512F__) && defined(__AVX512DQ__)
#define LANES_AVX512 1
#include <immintrin.h>
#elif LANES == 4 && defined(__AVX2__)
#define LANES_AVX2 1
#include <immintrin.h>
#elif LANES == 2 && defined(__SSE2__)
#define LANES_SSE2 1
#include <emmintrin.h>
#endif

/* Functions that a translation unit may leave unused. LARGE ones are not copied to each caller,
 * and equal calls are one: they depend on their operands alone. MANY ones take pointers. */
#if defined(__GNUC__)
#define LANES_INLINE static inline __attribute__((always_inline, unused))
#define LANES_LARGE static __attribute__((noinline, unused, const))
#define LANES_MANY static __attribute__((noinline, unused))
#else
#define LANES_INLINE static inline
#define LANES_LARGE static
#define LANES_MANY static
#endif

/* ---------------------------------------------------------------- the three types */

#if LANES == 1
typedef double V;
typedef uint64_t W;
#else
typedef double V __attribute__((vector_size(8 * LANES)));
typedef uint64_t W __attribute__((vector_size(8 * LANES)));
#endif

#if LANES == 1
typedef int M;
#elif LANES_AVX512
typedef __mmask8 M;
#else
typedef int64_t M __attribute__((vector_size(8 * LANES)));
#endif

/* The numbers of a constant list, one for each lane. */
#if LANES == 1
#define LANES_COPIES(x) (x)
#elif LANES == 2
#define LANES_COPIES(x) {(x), (x)}
#elif LANES == 4
#define LANES_COPIES(x) {(x), (x), (x), (x)}
#elif LANES == 8
#define LANES_COPIES(x) {(x), (x), (x), (x), (x), (x), (x), (x)}
#else
#error "LANES is 1, 2, 4 or 8"
#endif

/* The same number in every lane. */
LANES_INLINE V v_of(double x)
{
    const V v = LANES_COPIES(x);
    return v;
}

LANES_INLINE W w_of(uint64_t x)
{
    const W w = LANES_COPIES(x);
    return w;
}

/* The bits of numbers, and the numbers of bits. */
LANES_INLINE W v_bits(V x)
{
    W w;
    memcpy(&w, &x, sizeof w);
    return w;
}

LANES_INLINE V w_number(W x)
{
    V v;
    memcpy(&v, &x, sizeof v);
    return v;
}

/* ---------------------------------------------------------------- memory */

/* p is aligned to sizeof(V). */
LANES_INLINE V v_load(const double *p)
{
#if LANES == 1
    return *p;
#else
    V v;
    memcpy(&v, __builtin_assume_aligned(p, 8 * LANES), sizeof v);
    return v;
#endif
}

LANES_INLINE void v_store(double *p, V x)
{
#if LANES == 1
    *p = x;
#else
    memcpy(__builtin_assume_aligned(p, 8 * LANES), &x, sizeof x);
#endif
}

/* p is any pointer to LANES numbers. */
LANES_INLINE V v_load_unaligned(const double *p)
{
    V v;
    memcpy(&v, p, sizeof v);
    return v;
}

LANES_INLINE void v_store_unaligned(double *p, V x)
{
    memcpy(p, &x, sizeof x);
}

/* The first `count` numbers at p, 0 <= count <= LANES; the other lanes are copies of the first, so
 * that a padding lane never does what no real one does. count == 0 gives zeros. */
LANES_INLINE V v_load_some(const double *p, int count)
{
    double numbers[LANES];
    int i;
    for (i = 0; i < LANES; i++)
        numbers[i] = i < count ? p[i] : count > 0 ? p[0] : 0.0;
    return v_load_unaligned(numbers);
}

LANES_INLINE void v_store_some(double *p, V x, int count)
{
    double numbers[LANES];
    int i;
    v_store_unaligned(numbers, x);
    for (i = 0; i < LANES && i < count; i++)
        p[i] = numbers[i];
}

/* One lane. */
LANES_INLINE double v_lane(V x, int i)
{
    double numbers[LANES];
    v_store_unaligned(numbers, x);
    return numbers[i];
}

/* ---------------------------------------------------------------- masks */

#if LANES == 1
#define LANES_COMPARE(name, sign, immediate) \
    LANES_INLINE M name(V a, V b) { return a sign b; }
#elif LANES_AVX512
#define LANES_COMPARE(name, sign, immediate) \
    LANES_INLINE M name(V a, V b) { return _mm512_cmp_pd_mask((__m512d)a, (__m512d)b, immediate); }
#else
#define LANES_COMPARE(name, sign, immediate) \
    LANES_INLINE M name(V a, V b) { return (M)(a sign b); }
#endif

/* False beside a nan. */
LANES_COMPARE(m_less, <, _CMP_LT_OQ)
LANES_COMPARE(m_less_equal, <=, _CMP_LE_OQ)
LANES_COMPARE(m_equal, ==, _CMP_EQ_OQ)
/* True beside a nan. */
LANES_COMPARE(m_not_equal, !=, _CMP_NEQ_UQ)
#undef LANES_COMPARE

LANES_INLINE M m_is_nan(V x) { return m_not_equal(x, x); }

#if LANES == 1
LANES_INLINE M m_and(M a, M b) { return a & b; }
LANES_INLINE M m_or(M a, M b) { return a | b; }
LANES_INLINE M m_not(M a) { return !a; }
LANES_INLINE int m_any(M a) { return a; }
LANES_INLINE int m_all(M a) { return a; }
#elif LANES_AVX512
LANES_INLINE M m_and(M a, M b) { return (M)(a & b); }
LANES_INLINE M m_or(M a, M b) { return (M)(a | b); }
LANES_INLINE M m_not(M a) { return (M)~a; }
LANES_INLINE int m_any(M a) { return a != 0; }
LANES_INLINE int m_all(M a) { return a == 0xff; }
#else
LANES_INLINE M m_and(M a, M b) { return a & b; }
LANES_INLINE M m_or(M a, M b) { return a | b; }
LANES_INLINE M m_not(M a) { return ~a; }
LANES_INLINE int m_any(M a)
{
#if LANES_AVX2
    return _mm256_movemask_pd((__m256d)a) != 0;
#elif LANES_SSE2
    return _mm_movemask_pd((__m128d)a) != 0;
#else
    int64_t all = 0;
    int i;
    for (i = 0; i < LANES; i++)
        all |= a[i];
    return all != 0;
#endif
}
LANES_INLINE int m_all(M a) { return !m_any(~a); }
#endif

/* a where the mask holds, else b. Both are computed; the other one may be anything. */
LANES_INLINE V v_select(M mask, V a, V b)
{
#if LANES == 1
    return mask ? a : b;
#elif LANES_AVX512
    return (V)_mm512_mask_blend_pd(mask, (__m512d)b, (__m512d)a);
#elif LANES_AVX2
    return (V)_mm256_blendv_pd((__m256d)b, (__m256d)a, (__m256d)mask);
#else
    return w_number(((W)mask & v_bits(a)) | (~(W)mask & v_bits(b)));
#endif
}

/* A mask as 1.0 and 0.0, and a number as a mask: true where it is not 0 (nan is true). */
LANES_INLINE V v_truth(M mask) { return v_select(mask, v_of(1.0), v_of(0.0)); }
LANES_INLINE M m_nonzero(V x) { return m_not_equal(x, v_of(0.0)); }

/* ---------------------------------------------------------------- single operations */

LANES_INLINE V v_absolute(V x) { return w_number(v_bits(x) & w_of(0x7fffffffffffffffu)); }

LANES_INLINE V v_copysign(V size, V sign)
{
    const W top = w_of(0x8000000000000000u);
    return w_number((v_bits(size) & ~top) | (v_bits(sign) & top));
}

LANES_INLINE V v_sqrt(V x)
{
#if LANES == 1
    return sqrt(x);
#elif LANES_AVX512
    return (V)_mm512_sqrt_pd((__m512d)x);
#elif LANES_AVX2
    return (V)_mm256_sqrt_pd((__m256d)x);
#elif LANES_SSE2
    return (V)_mm_sqrt_pd((__m128d)x);
#else
    double numbers[LANES];
    int i;
    v_store_unaligned(numbers, x);
    for (i = 0; i < LANES; i++)
        numbers[i] = sqrt(numbers[i]);
    return v_load_unaligned(numbers);
#endif
}

/* a where a < b, else b, and a where a > b, else b: b beside a nan. One instruction on x86. */
LANES_INLINE V v_lower(V a, V b)
{
#if LANES_AVX512
    return (V)_mm512_min_pd((__m512d)a, (__m512d)b);
#elif LANES_AVX2
    return (V)_mm256_min_pd((__m256d)a, (__m256d)b);
#elif LANES_SSE2
    return (V)_mm_min_pd((__m128d)a, (__m128d)b);
#else
    return v_select(m_less(a, b), a, b);
#endif
}

LANES_INLINE V v_upper(V a, V b)
{
#if LANES_AVX512
    return (V)_mm512_max_pd((__m512d)a, (__m512d)b);
#elif LANES_AVX2
    return (V)_mm256_max_pd((__m256d)a, (__m256d)b);
#elif LANES_SSE2
    return (V)_mm_max_pd((__m128d)a, (__m128d)b);
#else
    return v_select(m_less(b, a), a, b);
#endif
}

/* a * b + c, rounded once where the target has the instruction, else twice. No kernel uses it, so
 * that all widths give the same bits: it is for long sums of products, where it pays. */
LANES_INLINE V v_multiply_add(V a, V b, V c)
{
#if LANES_AVX512
    return (V)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c);
#elif LANES_AVX2 && defined(__FMA__)
    return (V)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c);
#else
    return a * b + c;
#endif
}

/* The sum of the lanes: neighbours first, then pairs of neighbours, and so on. */
LANES_INLINE double v_total(V x)
{
    double numbers[LANES];
    int step, i;
    v_store_unaligned(numbers, x);
    for (step = 1; step < LANES; step *= 2)
        for (i = 0; i < LANES; i += 2 * step)
            numbers[i] += numbers[i + step];
    return numbers[0];
}

/* ---------------------------------------------------------------- tails of rounded operations */

/* The exact rounding error of a + b (Knuth). */
LANES_INLINE V v_sum_tail(V a, V b)
{
    const V s = a + b, t = s - a;
    return (a - (s - t)) + (b - t);
}

/* The upper 26 of 53 bits. */
LANES_INLINE V v_upper_half(V a) { return w_number(v_bits(a) & w_of(0xfffffffff8000000u)); }

/* The rounding error of a * b (Dekker), to 2**-106 of the product. */
LANES_INLINE V v_product_tail(V a, V b)
{
    const V a_high = v_upper_half(a), b_high = v_upper_half(b);
    const V a_low = a - a_high, b_low = b - b_high;
    return ((a_high * b_high - a * b) + a_high * b_low + a_low * b_high) + a_low * b_low;
}

/* ---------------------------------------------------------------- lane by lane */

/* Define a kernel that calls a function of math.h for each lane. */
#define LANES_EACH(name, function) \
    LANES_LARGE V name(V x) \
    { \
        double numbers[LANES]; \
        int i; \
        v_store_unaligned(numbers, x); \
        for (i = 0; i < LANES; i++) \
            numbers[i] = function(numbers[i]); \
        return v_load_unaligned(numbers); \
    }

#define LANES_EACH_PAIR(name, function) \
    LANES_LARGE V name(V x, V y) \
    { \
        double numbers[LANES], others[LANES]; \
        int i; \
        v_store_unaligned(numbers, x); \
        v_store_unaligned(others, y); \
        for (i = 0; i < LANES; i++) \
            numbers[i] = function(numbers[i], others[i]); \
        return v_load_unaligned(numbers); \
    }

#endif
