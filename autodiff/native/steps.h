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

#define UNARY(name, f)                                                                             \
    static void loop_##name(double *out, const double *const *x, const ptrdiff_t *d, ptrdiff_t n)  \
    {                                                                                              \
        const double *a = x[0];                                                                    \
        for (ptrdiff_t i = 0; i < n; i++, out += LANES, a += d[0]) v_store(out, f(v_load(a)));     \
    }
#define BINARY(name, f)                                                                            \
    static void loop_##name(double *out, const double *const *x, const ptrdiff_t *d, ptrdiff_t n)  \
    {                                                                                              \
        const double *a = x[0], *b = x[1];                                                         \
        for (ptrdiff_t i = 0; i < n; i++, out += LANES, a += d[0], b += d[1])                      \
            v_store(out, f(v_load(a), v_load(b)));                                                 \
    }
#define TERNARY(name, f)                                                                           \
    static void loop_##name(double *out, const double *const *x, const ptrdiff_t *d, ptrdiff_t n)  \
    {                                                                                              \
        const double *a = x[0], *b = x[1], *c = x[2];                                              \
        for (ptrdiff_t i = 0; i < n; i++, out += LANES, a += d[0], b += d[1], c += d[2])           \
            v_store(out, f(v_load(a), v_load(b), v_load(c)));                                      \
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

/* On the shared axis the members are the lanes. Few are taken at a time; those that lie side by
 * side are copied in one go. */
enum { CHUNK = 64 };

LANES_INLINE int side_by_side(const Column *c) { return c->regular && c->stride == 1; }

static void shared_rows(const Step *s, const Window *w)
{
    double *shared = w->base[0];
    ALIGNED double in[3][CHUNK], out[CHUNK];
    const double *at[3] = {in[0], in[1], in[2]};
    const ptrdiff_t step[3] = {LANES, LANES, LANES};
    for (int first = 0; first < s->members; first += CHUNK) {
        int n = s->members - first < CHUNK ? s->members - first : CHUNK;
        ptrdiff_t vectors = (n + LANES - 1) / LANES;
        for (int k = 0; k < s->n_columns; k++) {
            const int32_t *slots = s->columns[k].slots + first;
            if (side_by_side(&s->columns[k]))
                memcpy(in[k], shared + slots[0], (size_t)n * sizeof(double));
            else
                for (int i = 0; i < n; i++) in[k][i] = shared[slots[i]];
            for (int i = n; i < vectors * LANES; i++) in[k][i] = in[k][n - 1];
        }
        s->loop(out, at, step, vectors);
        const int32_t *slots = s->out.slots + first;
        if (side_by_side(&s->out))
            memcpy(shared + slots[0], out, (size_t)n * sizeof(double));
        else
            for (int i = 0; i < n; i++) shared[slots[i]] = out[i];
    }
}

/* Whether the rows of all columns lie one after the other, so that they are one long row. */
LANES_INLINE int one_row(const Step *s, const Window *w)
{
    ptrdiff_t length = w->length[s->out.space];
    if (s->members == 1) return 1;
    if (length != w->vectors * LANES || !s->out.regular || s->out.stride != 1) return 0;
    for (int k = 0; k < s->n_columns; k++) {
        const Column *c = &s->columns[k];
        if (c->space == 0 || !c->regular || c->stride != 1 || w->length[c->space] != length)
            return 0;
    }
    return 1;
}

static void elementwise(const Step *s, const Window *w)
{
    if (s->axis == 0) {
        shared_rows(s, w);
        return;
    }
    ALIGNED double spread[3 * LANES];
    const double *at[3];
    ptrdiff_t step[3], vectors = w->vectors;
    int members = s->members;
    if (one_row(s, w)) {
        vectors *= members;
        members = 1;
    }
    for (int i = 0; i < members; i++) {
        for (int k = 0; k < s->n_columns; k++) point(s, w, i, k, at, step, spread);
        s->loop(row(w, &s->out, i), at, step, vectors);
    }
}

/* Two rows of the same operand; the last column is where the second one goes. */
static void pair(const Step *s, const Window *w)
{
    int joined = one_row(s, w), members = joined ? 1 : s->members;
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

#if LANES == 8
#define TILE 8 /* of 32 registers 16 are sums */
#elif LANES > 1
#define TILE 4
#else
#define TILE 2
#endif

/* A tile of `members` results by `vectors` vectors, over all terms; left factors are shared and lie
 * `down` and `right` of each other. */
LANES_INLINE void tile(const int members, const int vectors, const Step *s, const Window *w,
                       const double *left, ptrdiff_t down, ptrdiff_t right, int first, ptrdiff_t at)
{
    V sum[TILE > 4 ? TILE : 4][8];
    for (int m = 0; m < members; m++)
        for (int v = 0; v < vectors; v++) sum[m][v] = v_of(0.0);
    const Column *c = &s->columns[1];
    const double *base = w->base[c->space] + at;
    ptrdiff_t length = w->length[c->space];
    for (int t = 0; t < s->terms; t++, left += right) {
        const double *x = base + (ptrdiff_t)c->slots[t] * length;
        V xs[8];
        for (int v = 0; v < vectors; v++) xs[v] = v_load(x + v * LANES);
        for (int m = 0; m < members; m++) {
            V factor = v_of(left[m * down]);
            for (int v = 0; v < vectors; v++) sum[m][v] = v_multiply_add(factor, xs[v], sum[m][v]);
        }
    }
    for (int m = 0; m < members; m++) {
        double *out = row(w, &s->out, first + m) + at;
        for (int v = 0; v < vectors; v++) {
            V y = s->option & ADDS ? v_load(out + v * LANES) + sum[m][v] : sum[m][v];
            if (s->option & BIAS) y = y + v_of(w->base[0][s->columns[2].slots[first + m]]);
            v_store(out + v * LANES, y);
        }
    }
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
    ptrdiff_t vectors = w->vectors, v;
    int m = 0;
    for (; m + TILE <= s->members; m += TILE) {
        for (v = 0; v + 2 <= vectors; v += 2)
            tile(TILE, 2, s, w, left + m * down, down, right, m, v * LANES);
        if (v < vectors) tile(TILE, 1, s, w, left + m * down, down, right, m, v * LANES);
    }
    for (; m < s->members; m++) { /* few results: more vectors, so that sums need not wait */
        for (v = 0; v + 8 <= vectors; v += 8)
            tile(1, 8, s, w, left + m * down, down, right, m, v * LANES);
        for (; v + 2 <= vectors; v += 2)
            tile(1, 2, s, w, left + m * down, down, right, m, v * LANES);
        if (v < vectors) tile(1, 1, s, w, left + m * down, down, right, m, v * LANES);
    }
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

/* A tile of a grid: every left row times every right row. */
LANES_INLINE void grid_tile(const int lefts, const int rights, const Step *s, const Window *w,
                            int i, int j, M real)
{
    V sum[3][8];
    const double *x[3], *y[8];
    int wide = s->columns[1].count;
    ptrdiff_t first = (ptrdiff_t)i * wide + j;
    const double *totals = w->totals + (s->first_total + first) * LANES;
    for (int a = 0; a < lefts; a++) x[a] = row(w, &s->columns[0], i + a);
    for (int b = 0; b < rights; b++) y[b] = row(w, &s->columns[1], j + b);
    for (int a = 0; a < lefts; a++)
        for (int b = 0; b < rights; b++) sum[a][b] = so_far(w, totals + (a * wide + b) * LANES);
    ptrdiff_t end = (w->vectors - 1) * LANES;
    for (ptrdiff_t v = 0; v < end; v += LANES) {
        V xs[3];
        for (int a = 0; a < lefts; a++) xs[a] = v_load(x[a] + v);
        for (int b = 0; b < rights; b++) {
            V right = v_load(y[b] + v);
            for (int a = 0; a < lefts; a++) sum[a][b] = v_multiply_add(xs[a], right, sum[a][b]);
        }
    }
    for (int a = 0; a < lefts; a++) {
        V left = v_load(x[a] + end);
        for (int b = 0; b < rights; b++) {
            V all = v_multiply_add(left, v_load(y[b] + end), sum[a][b]);
            sum[a][b] = v_select(real, all, sum[a][b]);
        }
    }
    for (int a = 0; a < lefts; a++) keep(s, w, sum[a], rights, first + (ptrdiff_t)a * wide);
}

/* Of 32 registers 24 are sums, of 16 eight; the totals of a left row lie side by side. */
#if LANES == 8
enum { LEFTS = 3, RIGHTS = 8 };
#else
enum { LEFTS = 2, RIGHTS = 4 };
#endif

LANES_INLINE int grid_rows(const int lefts, const Step *s, const Window *w, int i, M real)
{
    int rights = s->columns[1].count, j = 0;
    for (; i + lefts <= s->columns[0].count; i += lefts) {
        for (j = 0; j + RIGHTS <= rights; j += RIGHTS) grid_tile(lefts, RIGHTS, s, w, i, j, real);
        for (; j < rights; j++) grid_tile(lefts, 1, s, w, i, j, real);
    }
    return i;
}

static void total_grid(const Step *s, const Window *w)
{
    M real = first_lanes(w->counted);
    int i = grid_rows(LEFTS, s, w, 0, real);
    if (LEFTS > 2) i = grid_rows(2, s, w, i, real);
    grid_rows(1, s, w, i, real);
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
        for (ptrdiff_t i = 0; i < inputs; i++, out += length)
            for (int k = 0; k < LANES; k++) out[k] = at[k][i * input_step];
    }
}

static void descend(double *p, const double *g, double rate, ptrdiff_t n)
{
    for (ptrdiff_t i = 0; i < n; i++) p[i] -= rate * g[i];
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
    .manys = manys,
    .firsts = firsts,
    .seconds = seconds,
    .pairs = pairs,
    .sets = sets,
    .alls = alls,
    .elementwise = elementwise,
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
};
