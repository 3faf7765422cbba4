/* The steps of a program over windows of entries, LANES of them at once.
 *
 * This is the body of a C file that has defined LANES and chosen the instruction set. Elementwise
 * rows are loops over vectors; sums of products keep a tile of results in registers and read each
 * shared factor once for all of it. Entries beyond the last real one are copies of it: they cost
 * nothing, raise nothing, and totals leave them out.
 */
#include <stdlib.h>
#include <string.h>

#include "machine.h"

#include "kernels.h"

#define ALIGNED _Alignas(64)

/* The lanes before `count`. */
LANES_INLINE M first_lanes(int count)
{
    static const double place[8] = {0, 1, 2, 3, 4, 5, 6, 7};
    return m_less(v_load_unaligned(place), v_of(count));
}

LANES_INLINE double *row(const Window *w, const Column *c, ptrdiff_t i)
{
    return w->base[c->space] + (ptrdiff_t)c->slots[i] * w->length[c->space];
}

/* ---------------------------------------------------------------- loops of the elementwise rows */

/* At any address: on the shared axis rows begin anywhere. */
#define UNARY(name, f)                                                                             \
    LANES_INLINE void loop_##name(double *out, const double *const *x, const ptrdiff_t *d, ptrdiff_t n)  \
    {                                                                                              \
        const double *a = x[0];                                                                    \
        for (ptrdiff_t i = 0; i < n; i++, out += LANES, a += d[0])                                 \
            v_store_unaligned(out, f(v_load_unaligned(a)));                                        \
    }
#define BINARY(name, f)                                                                            \
    LANES_INLINE void loop_##name(double *out, const double *const *x, const ptrdiff_t *d, ptrdiff_t n)  \
    {                                                                                              \
        const double *a = x[0], *b = x[1];                                                         \
        for (ptrdiff_t i = 0; i < n; i++, out += LANES, a += d[0], b += d[1])                      \
            v_store_unaligned(out, f(v_load_unaligned(a), v_load_unaligned(b)));                   \
    }
#define TERNARY(name, f)                                                                           \
    LANES_INLINE void loop_##name(double *out, const double *const *x, const ptrdiff_t *d, ptrdiff_t n)  \
    {                                                                                              \
        const double *a = x[0], *b = x[1], *c = x[2];                                              \
        for (ptrdiff_t i = 0; i < n; i++, out += LANES, a += d[0], b += d[1], c += d[2])           \
            v_store_unaligned(                                                                     \
                out, f(v_load_unaligned(a), v_load_unaligned(b), v_load_unaligned(c)));            \
    }
#define NARY(name, f)                                                                              \
    static void many_##name(double *out, const double **x, const ptrdiff_t *d, int n,              \
                            ptrdiff_t vectors)                                                     \
    {                                                                                              \
        for (ptrdiff_t v = 0; v < vectors; v++, out += LANES) {                                    \
            v_store(out, f((const V *const *)x, n));                                               \
            for (int i = 0; i < n; i++) x[i] += d[i];                                              \
        }                                                                                          \
        for (int i = 0; i < n; i++) x[i] -= vectors * d[i];                                        \
    }
KERNELS(UNARY, BINARY, TERNARY, NARY)
#undef UNARY
#undef BINARY
#undef TERNARY
#undef NARY

#define PAIR(first, second, f)                                                                     \
    static void pair_of_##first(double *out, double *other, const double *x, ptrdiff_t n)          \
    {                                                                                              \
        for (ptrdiff_t i = 0; i < n; i++, out += LANES, other += LANES, x += LANES) {              \
            V one, two;                                                                            \
            f(v_load(x), &one, &two);                                                              \
            v_store(out, one);                                                                     \
            v_store(other, two);                                                                   \
        }                                                                                          \
    }
PAIRS(PAIR)
#undef PAIR

/* All shares of a set of vectors; `sum` may be NULL, and only logsumexp_share knows it. */
static void all_of_softmax_share(const double *const *x, int n, double *out, double *sum)
{
    (void)sum;
    all_softmax_share((const V *const *)x, n, (V *)out);
}

static void all_of_softmax_rest(const double *const *x, int n, double *out, double *sum)
{
    (void)sum;
    all_softmax_rest((const V *const *)x, n, (V *)out);
}

static void all_of_logsumexp_share(const double *const *x, int n, double *out, double *sum)
{
    V found = all_logsumexp_share((const V *const *)x, n, (V *)out);
    if (sum) v_store(sum, found);
}

/* The operands of a member: a pointer for each, and how far it moves from vector to vector. What is
 * shared is spread over a vector that stays. */
LANES_INLINE void point(const Step *s, const Window *w, int i, int k, const double **at,
                        ptrdiff_t *step, double *spread)
{
    const Column *c = &s->columns[k];
    at[k] = row(w, c, i);
    step[k] = LANES;
    if (c->space == 0) {
        v_store(spread + k * LANES, v_of(*at[k]));
        at[k] = spread + k * LANES;
        step[k] = 0;
    }
}

LANES_INLINE int side_by_side(const Column *c) { return c->regular && c->stride == 1; }

LANES_INLINE int all_the_same(const Column *c) { return c->regular && c->stride == 0; }

/* On the shared axis the members are the lanes: where they lie, as far as all columns are regular,
 * and the rest, or what lies anywhere, copied. */
enum { CHUNK = 64 };

static void shared_rows(const Step *s, const Window *w)
{
    double *shared = w->base[0];
    ALIGNED double in[3][CHUNK], out[CHUNK];
    const double *at[3];
    ptrdiff_t step[3];
    int straight = side_by_side(&s->out) && s->members >= LANES, first = 0;
    for (int k = 0; k < s->n_columns && straight; k++) {
        const Column *c = &s->columns[k];
        at[k] = shared + c->slots[0];
        step[k] = LANES;
        if (all_the_same(c)) {
            v_store(in[k], v_of(*at[k]));
            at[k] = in[k], step[k] = 0;
        } else
            straight = side_by_side(c);
    }
    if (straight) {
        s->loop(shared + s->out.slots[0], at, step, s->members / LANES);
        first = s->members / LANES * LANES;
    }
    for (int k = 0; k < s->n_columns; k++) at[k] = in[k], step[k] = LANES;
    for (; first < s->members; first += CHUNK) {
        int n = s->members - first < CHUNK ? s->members - first : CHUNK;
        ptrdiff_t vectors = (n + LANES - 1) / LANES;
        for (int k = 0; k < s->n_columns; k++) {
            const int32_t *slots = s->columns[k].slots + first;
            for (int i = 0; i < n; i++) in[k][i] = shared[slots[i]];
            for (int i = n; i < vectors * LANES; i++) in[k][i] = in[k][n - 1];
        }
        s->loop(out, at, step, vectors);
        const int32_t *slots = s->out.slots + first;
        for (int i = 0; i < n; i++) shared[slots[i]] = out[i];
    }
}

/* Whether the rows of all columns lie one after the other, so that they are one long row. */
LANES_INLINE int one_row(const Step *s, const Window *w)
{
    ptrdiff_t length = w->vectors * LANES;
    if (!s->together || w->length[s->out.space] != length) return 0;
    for (int k = 0; k < s->n_columns; k++)
        if (w->length[s->columns[k].space] != length) return 0;
    return 1;
}

LANES_INLINE void elementwise(const Step *s, const Window *w, const Loop loop, const int operands)
{
    ALIGNED double spread[3 * LANES];
    const double *at[3];
    ptrdiff_t step[3], vectors = w->vectors;
    int members = s->members;
    if (members > 1 && one_row(s, w)) {
        vectors *= members;
        members = 1;
    }
    for (int i = 0; i < members; i++) {
        for (int k = 0; k < operands; k++) point(s, w, i, k, at, step, spread);
        loop(row(w, &s->out, i), at, step, vectors);
    }
}

/* A kernel for each row, so that its loop is part of it. */
#define STEP(name, operands)                                                                       \
    static void step_##name(const Step *s, const Window *w)                                        \
    {                                                                                              \
        elementwise(s, w, loop_##name, operands);                                                  \
    }
#define UNARY(name, f) STEP(name, 1)
#define BINARY(name, f) STEP(name, 2)
#define TERNARY(name, f) STEP(name, 3)
#define NARY(name, f)
KERNELS(UNARY, BINARY, TERNARY, NARY)
#undef UNARY
#undef BINARY
#undef TERNARY
#undef NARY

/* Two rows of the same operand; the last column is where the second one goes. */
static void pair(const Step *s, const Window *w)
{
    int joined = s->members > 1 && one_row(s, w), members = joined ? 1 : s->members;
    ptrdiff_t vectors = joined ? w->vectors * s->members : w->vectors;
    for (int i = 0; i < members; i++)
        s->pair(row(w, &s->out, i), row(w, &s->columns[1], i), row(w, &s->columns[0], i), vectors);
}

/* ---------------------------------------------------------------- rows of any number of operands
 */

/* Places for pointers, then vectors: where the vectors begin. */
LANES_INLINE ptrdiff_t first_vector(ptrdiff_t places) { return (places + 7) / 8 * 8; }

static void many(const Step *s, const Window *w)
{
    int n = s->n_columns;
    const double **at = (const double **)s->scratch;
    ptrdiff_t *step = (ptrdiff_t *)(at + n);
    double *spread = s->scratch + first_vector(2 * n);
    for (int i = 0; i < s->members; i++) {
        for (int k = 0; k < n; k++) point(s, w, i, k, at, step, spread);
        if (s->axis)
            s->many(row(w, &s->out, i), at, step, n, w->vectors);
        else { /* one vector of equal lanes */
            ALIGNED double out[LANES];
            s->many(out, at, step, n, 1);
            *row(w, &s->out, i) = out[0];
        }
    }
}

/* A share of a set for some of its elements: each in turn comes first. */
static void share(const Step *s, const Window *w)
{
    int n = s->n_columns - 1;
    const Column *chosen = &s->columns[n];
    const double **at = (const double **)s->scratch;
    ptrdiff_t *step = (ptrdiff_t *)(at + n);
    double *spread = s->scratch + first_vector(2 * n);
    for (int k = 0; k < n; k++) point(s, w, 0, k, at, step, spread);
    for (int i = 0; i < s->members; i++) {
        int first = chosen->slots[i];
        const double *a = at[0];
        ptrdiff_t d = step[0];
        at[0] = at[first], step[0] = step[first];
        at[first] = a, step[first] = d;
        if (s->axis)
            s->many(row(w, &s->out, i), at, step, n, w->vectors);
        else {
            ALIGNED double out[LANES];
            s->many(out, at, step, n, 1);
            *row(w, &s->out, i) = out[0];
        }
        at[first] = at[0], step[first] = step[0];
        at[0] = a, step[0] = d;
    }
}

/* Shares of a set, computed once for all of it; and its logsumexp, if the last column says where
 * that goes. */
static void shares(const Step *s, const Window *w)
{
    int with_sum = (s->option & WITH_SUM) != 0, n = s->n_columns - 1 - with_sum;
    const Column *chosen = &s->columns[n];
    const double **at = (const double **)s->scratch;
    ptrdiff_t *step = (ptrdiff_t *)(at + n);
    double *spread = s->scratch + first_vector(2 * n), *found = spread + (ptrdiff_t)n * LANES;
    double *sum = with_sum ? row(w, &s->columns[n + 1], 0) : NULL;
    for (int k = 0; k < n; k++) point(s, w, 0, k, at, step, spread);
    for (ptrdiff_t v = 0; v < w->vectors * LANES; v += LANES) {
        s->all(at, n, found, sum ? sum + v : NULL);
        for (int i = 0; i < s->members; i++)
            v_store(row(w, &s->out, i) + v, v_load(found + (ptrdiff_t)chosen->slots[i] * LANES));
        for (int k = 0; k < n; k++) at[k] += step[k];
    }
}

/* ---------------------------------------------------------------- sums of products */

/* Of 32 registers 24 are sums, of 16 eight. */
#if LANES == 8
enum { TILE = 8, WIDTH = 3 };
#elif LANES > 1
enum { TILE = 4, WIDTH = 2 };
#else
enum { TILE = 2, WIDTH = 2 };
#endif
enum { LONG = 8 }; /* vectors of a tile of one result */

/* A tile of `members` results by `vectors` vectors, over all terms; left factors are shared and lie
 * `down` and `right` of each other. */
LANES_INLINE void tile(const int members, const int vectors, const Step *s, const Window *w,
                       const double *left, ptrdiff_t down, ptrdiff_t right, int first, ptrdiff_t at)
{
    V sum[TILE][LONG];
    double *out[TILE];
    for (int m = 0; m < members; m++) {
        V bias = v_of(s->option & BIAS ? w->base[0][s->columns[2].slots[first + m]] : 0.0);
        out[m] = row(w, &s->out, first + m) + at;
        for (int v = 0; v < vectors; v++)
            sum[m][v] = s->option & ADDS ? v_load(out[m] + v * LANES) + bias : bias;
    }
    const Column *c = &s->columns[1];
    const double *base = w->base[c->space] + at;
    ptrdiff_t length = w->length[c->space];
    for (int t = 0; t < s->terms; t++, left += right) {
        const double *x = base + (ptrdiff_t)c->slots[t] * length;
        V xs[LONG];
        for (int v = 0; v < vectors; v++) xs[v] = v_load(x + v * LANES);
        for (int m = 0; m < members; m++) {
            V factor = v_of(left[m * down]);
            for (int v = 0; v < vectors; v++) sum[m][v] = v_multiply_add(factor, xs[v], sum[m][v]);
        }
    }
    for (int m = 0; m < members; m++)
        for (int v = 0; v < vectors; v++) v_store(out[m] + v * LANES, sum[m][v]);
}

/* So many results for all vectors of the window, as many at a time as `width` says. */
LANES_INLINE void tiles(const int members, const int width, const Step *s, const Window *w,
                        const double *left, ptrdiff_t down, ptrdiff_t right, int first)
{
    ptrdiff_t vectors = w->vectors, v = 0;
    for (; v + width <= vectors && !(width == 3 && vectors - v == 4); v += width)
        tile(members, width, s, w, left, down, right, first, v * LANES);
    for (; width > 4 && v + 4 <= vectors; v += 4)
        tile(members, 4, s, w, left, down, right, first, v * LANES);
    for (; v + 2 <= vectors; v += 2) tile(members, 2, s, w, left, down, right, first, v * LANES);
    if (v < vectors) tile(members, 1, s, w, left, down, right, first, v * LANES);
}

static void inner_matrix(const Step *s, const Window *w)
{
    const Column *c = &s->columns[0];
    const double *left = w->base[0] + c->slots[0];
    ptrdiff_t down = s->down, right = s->right;
    if (s->scratch) { /* not regular: gathered, term by term */
        ptrdiff_t n = (ptrdiff_t)s->members * s->terms;
        for (ptrdiff_t i = 0; i < n; i++) s->scratch[i] = w->base[0][c->slots[i]];
        left = s->scratch, down = s->terms, right = 1;
    }
    int m = 0;
    for (; m + TILE <= s->members; m += TILE)
        tiles(TILE, WIDTH, s, w, left + m * down, down, right, m);
    /* few results: more vectors, so that sums need not wait for one another */
    if (TILE > 4 && m + 4 <= s->members) {
        tiles(4, 3, s, w, left + m * down, down, right, m);
        m += 4;
    }
    for (; m + 2 <= s->members; m += 2) tiles(2, 4, s, w, left + m * down, down, right, m);
    if (m < s->members) tiles(1, LONG, s, w, left + m * down, down, right, m);
}

/* Term by term, for factors of any kind. */
static void inner_terms(const Step *s, const Window *w)
{
    const Column *a = &s->columns[0], *b = &s->columns[1];
    ptrdiff_t i = 0;
    for (int m = 0; m < s->members; m++, i += s->terms) {
        double *out = row(w, &s->out, m);
        if (a->space == 0 && b->space == 0) { /* the same for all entries */
            double sum = 0.0;
            for (int t = 0; t < s->terms; t++) sum += *row(w, a, i + t) * *row(w, b, i + t);
            for (ptrdiff_t v = 0; v < w->vectors; v++)
                v_store(out + v * LANES,
                        s->option & ADDS ? v_load(out + v * LANES) + v_of(sum) : v_of(sum));
            continue;
        }
        for (ptrdiff_t v = 0; v < w->vectors * LANES; v += LANES) {
            V sum = v_of(0.0);
            for (int t = 0; t < s->terms; t++) {
                const double *x = row(w, a, i + t), *y = row(w, b, i + t);
                V left = a->space ? v_load(x + v) : v_of(*x),
                  right = b->space ? v_load(y + v) : v_of(*y);
                sum = v_multiply_add(left, right, sum);
            }
            v_store(out + v, s->option & ADDS ? v_load(out + v) + sum : sum);
        }
    }
}

/* Sums of shared numbers: the terms are the lanes. */
static void inner_shared(const Step *s, const Window *w)
{
    const Column *a = &s->columns[0], *b = &s->columns[1];
    const double *shared = w->base[0];
    ptrdiff_t i = 0;
    for (int m = 0; m < s->members; m++, i += s->terms) {
        const int32_t *x = a->slots + i, *y = b->slots + i;
        double sum = 0.0;
        int t = 0;
        if (s->terms >= 4 * LANES) {
            V sums[2] = {v_of(0.0), v_of(0.0)};
            int straight = a->regular && a->stride == 1 && b->regular && b->stride == 1;
            ALIGNED double left[LANES], right[LANES];
            for (int k = 0; t + LANES <= s->terms; t += LANES, k ^= 1) {
                if (straight) {
                    sums[k] = v_multiply_add(v_load_unaligned(shared + x[t]),
                                             v_load_unaligned(shared + y[t]), sums[k]);
                    continue;
                }
                for (int j = 0; j < LANES; j++)
                    left[j] = shared[x[t + j]], right[j] = shared[y[t + j]];
                sums[k] = v_multiply_add(v_load(left), v_load(right), sums[k]);
            }
            sum = v_total(sums[0] + sums[1]);
        }
        for (; t < s->terms; t++) sum += shared[x[t]] * shared[y[t]];
        double *out = row(w, &s->out, m);
        *out = s->option & ADDS ? *out + sum : sum;
    }
}

/* ---------------------------------------------------------------- totals over an axis */

/* The sum of each of LANES vectors, in the order of `v_total`: neighbours, then pairs of them.
 */
#if defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector) && LANES > 1
#define SHUFFLES 1
#endif
#endif
#if LANES == 8
#define SINGLES(a, b, k)                                                                           \
    __builtin_shufflevector(a, b, k, k + 8, k + 2, k + 10, k + 4, k + 12, k + 6, k + 14)
#define TWOS(a, b, k)                                                                              \
    __builtin_shufflevector(a, b, k, k + 1, k + 8, k + 9, k + 4, k + 5, k + 12, k + 13)
#define FOURS(a, b, k)                                                                             \
    __builtin_shufflevector(a, b, k, k + 1, k + 2, k + 3, k + 8, k + 9, k + 10, k + 11)
#elif LANES == 4
#define SINGLES(a, b, k) __builtin_shufflevector(a, b, k, k + 4, k + 2, k + 6)
#define TWOS(a, b, k) __builtin_shufflevector(a, b, k, k + 1, k + 4, k + 5)
#else
#define SINGLES(a, b, k) __builtin_shufflevector(a, b, k, k + 2)
#endif

/* LANES vectors, a row each, become columns. */
LANES_INLINE void transpose(V *x)
{
#ifdef SHUFFLES
    for (int i = 0; i < LANES; i += 2) {
        V a = x[i], b = x[i + 1];
        x[i] = SINGLES(a, b, 0), x[i + 1] = SINGLES(a, b, 1);
    }
#if LANES >= 4
    for (int i = 0; i < LANES; i += 4)
        for (int j = i; j < i + 2; j++) {
            V a = x[j], b = x[j + 2];
            x[j] = TWOS(a, b, 0), x[j + 2] = TWOS(a, b, 2);
        }
#endif
#if LANES == 8
    for (int i = 0; i < 4; i++) {
        V a = x[i], b = x[i + 4];
        x[i] = FOURS(a, b, 0), x[i + 4] = FOURS(a, b, 4);
    }
#endif
#else
    double numbers[LANES][LANES], turned[LANES];
    for (int i = 0; i < LANES; i++) v_store_unaligned(numbers[i], x[i]);
    for (int i = 0; i < LANES; i++) {
        for (int j = 0; j < LANES; j++) turned[j] = numbers[j][i];
        x[i] = v_load_unaligned(turned);
    }
#endif
}

LANES_INLINE void add_lanes(const V *sums, double *out)
{
#ifdef SHUFFLES
    V t[LANES];
    for (int i = 0; i < LANES; i += 2)
        t[i / 2] = SINGLES(sums[i], sums[i + 1], 0) + SINGLES(sums[i], sums[i + 1], 1);
#if LANES >= 4
    for (int i = 0; i < LANES / 2; i += 2)
        t[i / 2] = TWOS(t[i], t[i + 1], 0) + TWOS(t[i], t[i + 1], 2);
#endif
#if LANES == 8
    t[0] = FOURS(t[0], t[1], 0) + FOURS(t[0], t[1], 4);
#endif
    v_store_unaligned(out, t[0]);
#else
    for (int i = 0; i < LANES; i++) out[i] = v_total(sums[i]);
#endif
}

/* Sums so far, over the windows before: nothing in the first one. */
LANES_INLINE V so_far(const Window *w, const double *totals)
{
    return w->first ? v_of(0.0) : v_load(totals);
}

/* Keep the sums of members from `m` on for the next window; after the last one they are totals. */
LANES_INLINE void keep(const Step *s, const Window *w, const V *sums, const int n, ptrdiff_t m)
{
    const int32_t *slots = s->out.slots + m;
    double *shared = w->base[0], *totals = w->totals + (s->first_total + m) * LANES, found[8];
    if (!w->last) {
        for (int i = 0; i < n; i++) v_store(totals + i * LANES, sums[i]);
        return;
    }
    int i = 0;
    for (; i + LANES <= n; i += LANES) add_lanes(sums + i, found + i);
    for (; i < n; i++) found[i] = v_total(sums[i]);
    if (s->out.regular && s->out.stride == 1)
        memcpy(shared + slots[0], found, (size_t)n * sizeof(double));
    else
        for (i = 0; i < n; i++) shared[slots[i]] = found[i];
}

/* The sum of one row, or of the products of two. */
LANES_INLINE V row_total(const Step *s, const Window *w, const int pairs, int m, M real, V sum)
{
    const double *x = row(w, &s->columns[0], m), *y = pairs ? row(w, &s->columns[1], m) : x;
    ptrdiff_t end = (w->vectors - 1) * LANES;
    for (ptrdiff_t v = 0; v < end; v += LANES)
        sum = pairs ? v_multiply_add(v_load(x + v), v_load(y + v), sum) : sum + v_load(x + v);
    V all = pairs ? v_multiply_add(v_load(x + end), v_load(y + end), sum) : sum + v_load(x + end);
    return v_select(real, all, sum);
}

LANES_INLINE void row_totals(const Step *s, const Window *w, const int pairs)
{
    const double *totals = w->totals + (ptrdiff_t)s->first_total * LANES;
    M real = first_lanes(w->counted);
    V sums[LANES];
    int m = 0;
    for (; m + LANES <= s->members; m += LANES) {
        for (int i = 0; i < LANES; i++)
            sums[i] = row_total(s, w, pairs, m + i, real, so_far(w, totals + (m + i) * LANES));
        keep(s, w, sums, LANES, m);
    }
    for (; m < s->members; m++) {
        sums[0] = row_total(s, w, pairs, m, real, so_far(w, totals + m * LANES));
        keep(s, w, sums, 1, m);
    }
}

static void total(const Step *s, const Window *w) { row_totals(s, w, 0); }

static void total_pairs(const Step *s, const Window *w) { row_totals(s, w, 1); }

/* A grid: every left row times every right row. Right rows are the lanes, some of them at a time,
 * turned so that an entry of all of them lies side by side; so nothing is added across lanes, and
 * entries that only fill the last vector are left out. */
enum { LEFTS = 4, RIGHTS = LANES == 8 ? 4 : 2, ENTRIES = 64 };

typedef struct Grid {
    const Step *step;
    const Window *window;
    const double *rights; /* entry after entry */
    ptrdiff_t from;       /* the first of these entries */
    int entries, first;
    double *totals, *into; /* sums so far and from now on, of left row 0 */
    ptrdiff_t across, down; /* from left row to left row in both */
} Grid;

LANES_INLINE void grid_tile(const int lefts, const int vectors, const Grid *g, int left)
{
    const double *x[LEFTS], *y = g->rights;
    double *into = g->into + left * g->down;
    const double *totals = g->totals + left * g->across;
    V sum[LEFTS][RIGHTS];
    for (int a = 0; a < lefts; a++) {
        x[a] = row(g->window, &g->step->columns[0], left + a) + g->from;
        for (int b = 0; b < vectors; b++)
            sum[a][b] = g->first ? v_of(0.0) : v_load(totals + a * g->across + b * LANES);
    }
    for (int i = 0; i < g->entries; i++, y += vectors * LANES) {
        V ys[RIGHTS];
        for (int b = 0; b < vectors; b++) ys[b] = v_load(y + b * LANES);
        for (int a = 0; a < lefts; a++) {
            V factor = v_of(x[a][i]);
            for (int b = 0; b < vectors; b++)
                sum[a][b] = v_multiply_add(factor, ys[b], sum[a][b]);
        }
    }
    for (int a = 0; a < lefts; a++)
        for (int b = 0; b < vectors; b++)
            v_store_unaligned(into + a * g->down + b * LANES, sum[a][b]);
}

/* Results that do not lie side by side, or do not fill a vector. */
LANES_INLINE void put_results(const Step *s, const Window *w, const Grid *g, int right, int n)
{
    int rights = s->columns[1].count;
    n = rights - right < n ? rights - right : n;
    for (int a = 0; a < s->columns[0].count; a++)
        for (int i = 0; i < n; i++)
            w->base[0][s->out.slots[(ptrdiff_t)a * rights + right + i]] = g->totals[a * g->across + i];
}

/* All left rows beside so many vectors of right ones. */
LANES_INLINE void grid_columns(const int vectors, const Step *s, const Window *w, int right)
{
    ALIGNED double turned[ENTRIES * RIGHTS * LANES];
    int entries = (int)(w->vectors - 1) * LANES + w->counted;
    int lefts = s->columns[0].count, rights = s->columns[1].count;
    const double *y[RIGHTS * LANES];
    for (int i = 0; i < vectors * LANES; i++)
        y[i] = row(w, &s->columns[1], right + i < rights ? right + i : rights - 1);
    Grid g = {.step = s, .window = w, .rights = turned};
    g.across = g.down = (rights + LANES - 1) / LANES * LANES;
    g.totals = g.into = w->totals + (ptrdiff_t)s->first_total * LANES + right;
    int straight = side_by_side(&s->out) && right + vectors * LANES <= rights;
    for (int from = 0; from < entries; from += ENTRIES) {
        g.from = from;
        g.entries = entries - from < ENTRIES ? entries - from : ENTRIES;
        g.first = w->first && !from;
        int last = w->last && from + ENTRIES >= entries;
        if (last && straight) {
            g.into = w->base[0] + s->out.slots[0] + right;
            g.down = rights;
        }
        for (int b = 0; b < vectors; b++)
            for (int i = 0; i < g.entries; i += LANES) {
                V block[LANES];
                for (int k = 0; k < LANES; k++) block[k] = v_load(y[b * LANES + k] + from + i);
                transpose(block);
                for (int k = 0; k < LANES; k++)
                    v_store(turned + ((i + k) * vectors + b) * LANES, block[k]);
            }
        int left = 0;
        for (; left + LEFTS <= lefts; left += LEFTS) grid_tile(LEFTS, vectors, &g, left);
        for (; left + 2 <= lefts; left += 2) grid_tile(2, vectors, &g, left);
        if (left < lefts) grid_tile(1, vectors, &g, left);
        if (last && !straight) put_results(s, w, &g, right, vectors * LANES);
    }
}

static void total_grid(const Step *s, const Window *w)
{
    int rights = s->columns[1].count, right = 0;
    for (; right + (RIGHTS - 1) * LANES < rights; right += RIGHTS * LANES)
        grid_columns(RIGHTS, s, w, right);
    if (RIGHTS > 2 && right + LANES < rights) {
        grid_columns(2, s, w, right);
        right += 2 * LANES;
    }
    if (right < rights) grid_columns(1, s, w, right);
}

/* ---------------------------------------------------------------- rows of X, descent */

static void gather(double *into, ptrdiff_t length, const double *X, ptrdiff_t row_step,
                   ptrdiff_t input_step, const int64_t *order, ptrdiff_t rows, ptrdiff_t inputs,
                   ptrdiff_t vectors)
{
    for (ptrdiff_t v = 0; v < vectors; v++) {
        const double *at[LANES];
        for (int k = 0; k < LANES; k++) {
            ptrdiff_t r = v * LANES + k;
            r = r < rows ? r : rows - 1;
            at[k] = X + (order ? (ptrdiff_t)order[r] : r) * row_step;
        }
        double *out = into + v * LANES;
        ptrdiff_t i = 0;
        for (; input_step == 1 && i + LANES <= inputs; i += LANES) {
            V block[LANES];
            for (int k = 0; k < LANES; k++) block[k] = v_load_unaligned(at[k] + i);
            transpose(block);
            for (int k = 0; k < LANES; k++, out += length) v_store(out, block[k]);
        }
        for (; i < inputs; i++, out += length)
            for (int k = 0; k < LANES; k++) out[k] = at[k][i * input_step];
    }
}

static void descend(double *p, const double *g, double rate, ptrdiff_t n)
{
    ptrdiff_t i = 0;
    for (; i + LANES <= n; i += LANES)
        v_store_unaligned(p + i, v_load_unaligned(p + i) - v_of(rate) * v_load_unaligned(g + i));
    for (; i < n; i++) p[i] -= rate * g[i];
}

/* By their bits, so that nothing is raised: 1 is added to the exponent, and the largest one, that
 * of nan and inf, runs over into the sign. */
static int finite(const double *x, ptrdiff_t n)
{
    const uint64_t size = 0x7fffffffffffffff, unit = 0x0010000000000000;
    uint64_t bits, seen = 0;
    W all = w_of(0);
    ptrdiff_t i = 0;
    for (; i + LANES <= n; i += LANES)
        all |= (v_bits(v_load_unaligned(x + i)) & w_of(size)) + w_of(unit);
    ALIGNED double found[LANES];
    v_store(found, w_number(all));
    for (int k = 0; k < LANES; k++) {
        memcpy(&bits, found + k, sizeof bits);
        seen |= bits;
    }
    for (; i < n; i++) {
        memcpy(&bits, x + i, sizeof bits);
        seen |= (bits & size) + unit;
    }
    return !(seen >> 63);
}

/* ---------------------------------------------------------------- the table */

#define NAME(name, f) #name,
#define LOOP(name, f) loop_##name,
#define MANY(name, f) many_##name,
#define NONE(name, f) NULL,
static const char *const names[] = {KERNELS(NAME, NAME, NAME, NAME) NULL};
#define ONE(name, f) 1,
#define TWO(name, f) 2,
#define THREE(name, f) 3,
#define ANY(name, f) 0,
static const unsigned char arities[] = {KERNELS(ONE, TWO, THREE, ANY)};
static const Loop loops[] = {KERNELS(LOOP, LOOP, LOOP, NONE)};
#define RUN(name, f) step_##name,
static const Kernel runs[] = {KERNELS(RUN, RUN, RUN, NONE)};
static const Many manys[] = {KERNELS(NONE, NONE, NONE, MANY)};
#define FIRST(first, second, f) #first,
#define SECOND(first, second, f) #second,
#define BOTH(first, second, f) pair_of_##first,
static const char *const firsts[] = {PAIRS(FIRST) NULL}, *const seconds[] = {PAIRS(SECOND) NULL};
static const Pair pairs[] = {PAIRS(BOTH)};
#define SHARE_NAME(name, f) #name,
#define SHARE_LOOP(name, f) all_of_##name,
static const char *const sets[] = {SHARES(SHARE_NAME) NULL};
static const All alls[] = {SHARES(SHARE_LOOP)};

#define JOIN(a, b) a##b
#define NAMED(a, b) JOIN(a, b)
const Kernels NAMED(autodiff_kernels_, LANES) = {
    .name = SET,
    .lanes = LANES,
    .rows = names,
    .arities = arities,
    .loops = loops,
    .runs = runs,
    .manys = manys,
    .firsts = firsts,
    .seconds = seconds,
    .pairs = pairs,
    .sets = sets,
    .alls = alls,
    .shared_rows = shared_rows,
    .pair = pair,
    .many = many,
    .share = share,
    .shares = shares,
    .inner_matrix = inner_matrix,
    .inner_terms = inner_terms,
    .inner_shared = inner_shared,
    .total = total,
    .total_pairs = total_pairs,
    .total_grid = total_grid,
    .gather = gather,
    .descend = descend,
    .finite = finite,
};
