/* The steps of a program over windows of entries, LANES of them at once.
 *
 * This is the body of a C file that has defined LANES and chosen the instruction set. Rows of the
 * table are here, loops over vectors; sums of products are in products.h, sums over the entries in
 * totals.h. Entries beyond the last real one are copies of it: they cost nothing, raise nothing, and
 * totals leave them out.
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

/* On the shared axis the members are the lanes: where they lie, if all columns are regular, else
 * copied. Where they lie, the last vector goes over some results once more: a shared slot is written
 * by one step only, so what they were made of is still there. */
enum { CHUNK = 64 };

static void shared_rows(const Step *s, const Window *w)
{
    double *shared = w->base[0];
    ALIGNED double in[3][CHUNK], out[CHUNK];
    const double *at[3];
    ptrdiff_t step[3];
    int straight = side_by_side(&s->out) && s->members >= LANES, first;
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
        double *to = shared + s->out.slots[0];
        s->loop(to, at, step, s->members / LANES);
        if (s->members % LANES) {
            first = s->members - LANES;
            for (int k = 0; k < s->n_columns; k++) at[k] += step[k] ? first : 0;
            s->loop(to + first, at, step, 1);
        }
        return;
    }
    for (int k = 0; k < s->n_columns; k++) at[k] = in[k], step[k] = LANES;
    for (first = 0; first < s->members; first += CHUNK) {
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

#include "products.h"
#include "totals.h"

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
