/* Sums of products: a matrix of shared factors, factors of any kind, shared numbers alone. Part of
 * steps.h.
 *
 * A tile of results stays in registers over all terms, so each shared factor is read once for all
 * of it.
 */
#ifndef AUTODIFF_PRODUCTS_H
#define AUTODIFF_PRODUCTS_H

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
 * `down` and `right` of each other. `then` are the options that say what is done to the sums. */
LANES_INLINE void tile(const int then, const int members, const int vectors, const Step *s,
                       const Window *w, const double *left, ptrdiff_t down, ptrdiff_t right,
                       int first, ptrdiff_t at)
{
    V sum[TILE][LONG];
    double *out[TILE];
    const double nothing = s->option & PRODUCT ? -0.0 : 0.0; /* -0.0 + x is x, always */
    for (int m = 0; m < members; m++) {
        V bias = v_of(s->option & BIAS ? w->base[0][s->columns[2].slots[first + m]] : nothing);
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
    for (int m = 0; m < members; m++) {
        const double *y = then & TIMES ? row(w, &s->columns[s->n_columns - 1], first + m) + at : NULL;
        for (int v = 0; v < vectors; v++) {
            V result = sum[m][v];
            if (then & RELU_LAST) result = v_relu(result);
            if (then & SLOPE)
                result *= v_relu_slope(v_load(y + v * LANES));
            else if (then & TIMES)
                result *= v_load(y + v * LANES);
            v_store(out[m] + v * LANES, result);
        }
    }
}

/* So many results for all vectors of the window, as many at a time as `width` says. */
LANES_INLINE void tiles(const int then, const int members, const int width, const Step *s,
                        const Window *w, const double *left, ptrdiff_t down, ptrdiff_t right,
                        int first)
{
    ptrdiff_t vectors = w->vectors, v = 0;
    for (; v + width <= vectors && !(width == 3 && vectors - v == 4); v += width)
        tile(then, members, width, s, w, left, down, right, first, v * LANES);
    for (; width > 4 && v + 4 <= vectors; v += 4)
        tile(then, members, 4, s, w, left, down, right, first, v * LANES);
    for (; v + 2 <= vectors; v += 2) tile(then, members, 2, s, w, left, down, right, first, v * LANES);
    if (v < vectors) tile(then, members, 1, s, w, left, down, right, first, v * LANES);
}

LANES_INLINE void matrix(const int then, const Step *s, const Window *w)
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
        tiles(then, TILE, WIDTH, s, w, left + m * down, down, right, m);
    /* few results: more vectors, so that sums need not wait for one another */
    if (TILE > 4 && m + 4 <= s->members) {
        tiles(then, 4, 3, s, w, left + m * down, down, right, m);
        m += 4;
    }
    for (; m + 2 <= s->members; m += 2) tiles(then, 2, 4, s, w, left + m * down, down, right, m);
    if (m < s->members) tiles(then, 1, LONG, s, w, left + m * down, down, right, m);
}

static void inner_matrix(const Step *s, const Window *w)
{
    switch (s->option & (RELU_LAST | TIMES | SLOPE)) {
    case 0: matrix(0, s, w); break;
    case RELU_LAST: matrix(RELU_LAST, s, w); break;
    case TIMES: matrix(TIMES, s, w); break;
    default: matrix(TIMES | SLOPE, s, w);
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
            V sums[4] = {v_of(0.0), v_of(0.0), v_of(0.0), v_of(0.0)};
            int straight = side_by_side(a) && side_by_side(b);
            for (; straight && t + 4 * LANES <= s->terms; t += 4 * LANES)
                for (int k = 0; k < 4; k++) /* they need not wait for one another */
                    sums[k] = v_multiply_add(v_load_unaligned(shared + x[t] + k * LANES),
                                             v_load_unaligned(shared + y[t] + k * LANES), sums[k]);
            for (; t + LANES <= s->terms; t += LANES) {
                ALIGNED double left[LANES], right[LANES];
                for (int j = 0; j < LANES && !straight; j++)
                    left[j] = shared[x[t + j]], right[j] = shared[y[t + j]];
                sums[0] = v_multiply_add(v_load_unaligned(straight ? shared + x[t] : left),
                                         v_load_unaligned(straight ? shared + y[t] : right), sums[0]);
            }
            sum = v_total((sums[0] + sums[1]) + (sums[2] + sums[3]));
        }
        for (; t < s->terms; t++) sum += shared[x[t]] * shared[y[t]];
        double *out = row(w, &s->out, m);
        *out = s->option & ADDS ? *out + sum : sum;
    }
}

#endif
