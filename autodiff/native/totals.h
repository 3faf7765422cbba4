/* Totals over an axis: of rows, of products of two rows, of every product of two sets of rows. Part
 * of steps.h.
 *
 * Sums go on from window to window, in vectors; what the lanes hold is added up at the end.
 */
#ifndef AUTODIFF_TOTALS_H
#define AUTODIFF_TOTALS_H

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

/* The sums of some rows, or of the products of two each, side by side: they need not wait for one
 * another. */
enum { ABREAST = LANES < 4 ? LANES : 4 };

LANES_INLINE void add_rows(const int rows, const int pairs, const Step *s, const Window *w, int m,
                           M real, V *sums)
{
    const double *totals = w->totals + (ptrdiff_t)(s->first_total + m) * LANES;
    const double *x[ABREAST], *y[ABREAST];
    V sum[ABREAST];
    for (int i = 0; i < rows; i++) {
        x[i] = row(w, &s->columns[0], m + i);
        y[i] = pairs ? row(w, &s->columns[1], m + i) : x[i];
        sum[i] = so_far(w, totals + i * LANES);
    }
    ptrdiff_t end = (w->vectors - 1) * LANES;
    for (ptrdiff_t v = 0; v < end; v += LANES)
        for (int i = 0; i < rows; i++)
            sum[i] = pairs ? v_multiply_add(v_load(x[i] + v), v_load(y[i] + v), sum[i])
                           : sum[i] + v_load(x[i] + v);
    for (int i = 0; i < rows; i++) {
        V all = pairs ? v_multiply_add(v_load(x[i] + end), v_load(y[i] + end), sum[i])
                      : sum[i] + v_load(x[i] + end);
        sums[i] = v_select(real, all, sum[i]);
    }
}

#if LANES > 1
/* The same for left rows beside two right ones each, which are read once. */
LANES_INLINE void add_twos(const Step *s, const Window *w, int m, M real, V *sums)
{
    const double *totals = w->totals + (ptrdiff_t)(s->first_total + m) * LANES;
    const double *x[LANES / 2], *y = row(w, &s->columns[1], 0), *z = row(w, &s->columns[1], 1);
    ptrdiff_t end = (w->vectors - 1) * LANES;
    for (int i = 0; i < LANES / 2; i++) x[i] = row(w, &s->columns[0], m + 2 * i);
    V sum[LANES];
    for (int i = 0; i < LANES; i++) sum[i] = so_far(w, totals + i * LANES);
    for (ptrdiff_t v = 0; v < end; v += LANES) {
        V first = v_load(y + v), second = v_load(z + v);
        for (int i = 0; i < LANES / 2; i++) {
            V left = v_load(x[i] + v);
            sum[2 * i] = v_multiply_add(left, first, sum[2 * i]);
            sum[2 * i + 1] = v_multiply_add(left, second, sum[2 * i + 1]);
        }
    }
    for (int i = 0; i < LANES; i++) {
        V all = v_multiply_add(v_load(x[i / 2] + end), v_load((i % 2 ? z : y) + end), sum[i]);
        sums[i] = v_select(real, all, sum[i]);
    }
}
#endif

LANES_INLINE void row_totals(const Step *s, const Window *w, const int pairs)
{
    M real = first_lanes(w->counted);
    V sums[LANES];
    int m = 0;
#if LANES > 1
    for (; pairs && s->twos && m + LANES <= s->members; m += LANES) {
        add_twos(s, w, m, real, sums);
        keep(s, w, sums, LANES, m);
    }
#endif
    for (; m + LANES <= s->members; m += LANES) {
        for (int i = 0; i < LANES; i += ABREAST)
            add_rows(ABREAST, pairs, s, w, m + i, real, sums + i);
        keep(s, w, sums, LANES, m);
    }
    for (; m < s->members; m++) {
        add_rows(1, pairs, s, w, m, real, sums);
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
        for (int b = 0; b < vectors; b++) sum[a][b] = v_of(0.0);
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
        for (int b = 0; b < vectors; b++) { /* sums of sums: rounding grows slowly with the rows */
            V before = g->first ? v_of(0.0) : v_load(totals + a * g->across + b * LANES);
            v_store_unaligned(into + a * g->down + b * LANES, before + sum[a][b]);
        }
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

#endif
