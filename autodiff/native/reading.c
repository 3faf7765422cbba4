/* How a machine is made from the text of a program. */
#include <stdlib.h>

#include "reading.h"

static int32_t next(Reader *r, int64_t low, int64_t high)
{
    if (r->at >= r->end || *r->at < low || *r->at > high) {
        r->bad = 1;
        return 0;
    }
    return *r->at++;
}

static void read_column(Machine *m, Reader *r, Column *c, int32_t axis)
{
    c->space = next(r, 0, m->n_axes + 1);
    c->count = next(r, 1, INT32_MAX);
    if (r->bad || r->end - r->at < c->count) {
        r->bad = 1;
        return;
    }
    /* what varies varies along the axis of the step; inputs do along that of the rows */
    if (c->space && c->space != axis && !(c->space == m->n_axes + 1 && axis == ROWS)) r->bad = 1;
    c->slots = r->at;
    int64_t rows = m->tables[c->space].rows;
    for (int32_t i = 0; i < c->count; i++) next(r, 0, rows - 1);
    if (r->bad) return;
    c->stride = c->count > 1 ? c->slots[1] - c->slots[0] : 1;
    c->regular = 1;
    for (int32_t i = 1; i < c->count; i++)
        if (c->slots[i] - c->slots[i - 1] != c->stride) c->regular = 0;
}

static int shared_matrix(Step *s)
{
    const int32_t *slots = s->columns[0].slots;
    int32_t terms = s->terms;
    s->right = terms > 1 ? slots[1] - slots[0] : 1;
    s->down = s->members > 1 ? slots[terms] - slots[0] : 1;
    for (int32_t i = 0; i < s->members; i++)
        for (int32_t t = 0; t < terms; t++)
            if (slots[(ptrdiff_t)i * terms + t] - slots[0] !=
                (int64_t)i * s->down + (int64_t)t * s->right)
                return 0;
    return 1;
}

/* Whether these are pairs (a, x), (a, y), (b, x), (b, y), ... */
static int in_twos(const Column *left, const Column *right)
{
    int32_t n = left->count;
    for (int32_t i = 0; i < n; i++)
        if (left->slots[i] != left->slots[i / 2 * 2] || right->slots[i] != right->slots[i % 2])
            return 0;
    return n % 2 == 0;
}

static int length_of(const char *const *names)
{
    int n = 0;
    while (names[n]) n++;
    return n;
}

/* Which operands of a set, not slots. */
static void read_choice(Reader *r, Column *c, int32_t members, int32_t operands)
{
    c->count = next(r, members, members);
    c->slots = r->at;
    if (r->bad || r->end - r->at < members) {
        r->bad = 1;
        return;
    }
    for (int32_t i = 0; i < members; i++) next(r, 0, (int64_t)operands - 1);
}

static int read_step(Machine *m, Reader *r, Step *s, Segment *segment, Column *columns)
{
    const Kernels *k = m->kernels;
    int32_t kind = next(r, 0, N_KINDS - 1);
    int32_t name = next(r, 0,
                        length_of(kind == PAIR         ? k->firsts
                                  : kind == ALL_SHARES ? k->sets
                                                       : k->rows) -
                            1);
    s->axis = segment->axis;
    s->members = next(r, 1, INT32_MAX);
    s->terms = next(r, 1, INT32_MAX);
    s->option = next(r, 0, OPTIONS);
    int32_t n = s->n_columns = next(r, 1, INT32_MAX);
    if (r->bad) return 0;
    s->columns = columns;
    read_column(m, r, &s->out, s->axis);
    int shares = kind == SHARE || kind == ALL_SHARES;
    int32_t operands = shares ? n - 1 - (s->option & WITH_SUM ? 1 : 0) : n;
    r->bad |= operands < 1;
    for (int i = 0; i < n && !r->bad; i++) {
        if (shares && i == operands)
            read_choice(r, &columns[i], s->members, operands);
        else
            read_column(m, r, &columns[i], s->axis);
    }
    if (r->bad) return 0;
    /* how many slots each column has, and whether it varies (1), is shared (0) or either (-1) */
    int64_t products = (int64_t)s->members * s->terms;
    int64_t counts[4] = {s->members, s->members, s->members, s->members};
    int varies[4] = {-1, -1, -1, -1}, wanted = 2;
    int totals = kind >= TOTAL, last = (s->option & TIMES) != 0;
    r->bad |= kind != INNER_MATRIX && s->option > (ADDS | BIAS | WITH_SUM);
    switch (kind) {
    case ELEMENTWISE:
        s->run = s->axis ? k->runs[name] : k->shared_rows;
        s->loop = k->loops[name];
        r->bad |= !s->loop;
        wanted = k->arities[name];
        break;
    case PAIR:
        s->run = k->pair;
        s->pair = k->pairs[name];
        varies[0] = varies[1] = 1;
        r->bad |= columns[1].space != s->axis || !s->axis;
        break;
    case MANY:
    case SHARE:
    case ALL_SHARES:
        s->run = kind == MANY ? k->many : kind == SHARE ? k->share : k->shares;
        for (int i = 0; i < operands; i++) r->bad |= columns[i].count != (shares ? 1 : s->members);
        if (kind == ALL_SHARES) {
            s->all = k->alls[name];
            r->bad |= !s->axis;
            if (s->option & WITH_SUM)
                r->bad |= columns[n - 1].space != s->axis || columns[n - 1].count != 1;
        } else {
            s->many = k->manys[name];
            r->bad |= !s->many || s->option & WITH_SUM;
        }
        wanted = n;
        s->scratch = numbers(m, 8 + (size_t)n * (2 + 2 * (size_t)k->lanes));
        if (!s->scratch) return -1;
        break;
    case INNER_MATRIX:
        s->run = k->inner_matrix;
        counts[0] = products, counts[1] = s->terms;
        varies[0] = 0, varies[1] = 1;
        wanted += (s->option & BIAS ? 1 : 0) + last;
        varies[2] = !(s->option & BIAS), varies[3] = 1;
        r->bad |= last ? s->option & RELU_LAST : s->option & SLOPE;
        r->bad |= s->option & PRODUCT && s->terms > 1;
        break;
    case INNER_TERMS:
    case INNER_SHARED:
        s->run = kind == INNER_TERMS ? k->inner_terms : k->inner_shared;
        counts[0] = counts[1] = products;
        r->bad |= !s->axis != (kind == INNER_SHARED) || s->option & BIAS;
        break;
    default:
        s->run = kind == TOTAL ? k->total : kind == TOTAL_PAIRS ? k->total_pairs : k->total_grid;
        varies[0] = varies[1] = 1;
        wanted = kind == TOTAL ? 1 : 2;
        if (kind == TOTAL_GRID) {
            counts[0] = columns[0].count, counts[1] = n > 1 ? columns[1].count : 0;
            r->bad |= counts[0] * counts[1] != s->members;
        }
    }
    r->bad |= n != wanted || s->out.count != s->members;
    r->bad |= totals ? !s->axis || s->out.space : s->out.space != s->axis;
    for (int i = 0; i < n && i < 4 && operands == n && kind != MANY; i++)
        r->bad |= columns[i].count != counts[i] ||
                  (varies[i] >= 0 && (columns[i].space != 0) != varies[i]);
    if (r->bad) return 0;
    s->together = s->out.regular && s->out.stride == 1;
    for (int i = 0; i < n && kind <= PAIR; i++)
        s->together &= columns[i].space && columns[i].regular && columns[i].stride == 1;
    s->twos = kind == TOTAL_PAIRS && in_twos(&columns[0], &columns[1]);
    if (kind == INNER_MATRIX && !shared_matrix(s)) {
        s->scratch = numbers(m, (size_t)products);
        if (!s->scratch) return -1;
    }
    if (totals) {
        s->first_total = segment->n_totals;
        if ((int64_t)segment->n_totals + s->members > INT32_MAX) r->bad = 1;
        segment->n_totals += s->members;
    }
    m->work += kind >= INNER_MATRIX && kind <= INNER_SHARED ? products : s->members;
    return 0;
}

/* Where outputs 1, 2, ... begin, if they lie side by side and away from the parameters, or -1. */
static int32_t side_by_side(const Machine *m)
{
    int32_t first = m->n_outputs > 1 ? m->outputs[3] : -1;
    if (first < m->n_parameters) return -1;
    for (int32_t i = 1; i < m->n_outputs; i++)
        if (m->outputs[2 * i] != SHARED || m->outputs[2 * i + 1] != first + i - 1) return -1;
    return first;
}

/* The text: axes, inputs, parameters, shared numbers, whether rows need their whole table; for each
 * axis its slots, its length (0: rows of X) and the slot of that number; the outputs; how many
 * steps and columns; the segments. */
int read_program(Machine *m, Reader *r, const Given *given)
{
    m->n_axes = next(r, 1, (r->end - r->at) / 3);
    m->n_inputs = next(r, 0, INT32_MAX);
    m->n_parameters = next(r, 0, INT32_MAX);
    m->n_shared = next(r, m->n_parameters, given->shared);
    m->whole = next(r, 0, 1);
    if (r->bad) return 0;
    int32_t n_spaces = m->n_axes + 2, n_totals = 0;
    m->tables = calloc(n_spaces, sizeof *m->tables);
    m->base = calloc(n_spaces, sizeof *m->base);
    m->lengths = calloc(n_spaces, sizeof *m->lengths);
    if (!m->tables || !m->base || !m->lengths) return -1;
    m->tables[SHARED].rows = m->n_shared;
    m->tables[n_spaces - 1].rows = m->n_inputs;
    for (int32_t i = 1; i <= m->n_axes; i++) {
        Table *t = &m->tables[i];
        t->rows = next(r, 0, r->end - r->at); /* each of them is named further down */
        t->length = next(r, i == ROWS ? 0 : 1, i == ROWS ? 0 : given->longest);
        t->size_slot = next(r, -1, (int64_t)m->n_shared - 1);
        t->padded = (t->length + m->kernels->lanes - 1) / m->kernels->lanes * m->kernels->lanes;
        if (r->bad) return 0;
        if (i > ROWS && room(m, t, t->rows, t->padded)) return -1;
    }
    m->size = m->tables[ROWS].rows + m->n_inputs;
    m->n_outputs = next(r, 0, INT32_MAX);
    m->outputs = (int32_t *)r->at;
    for (int32_t i = 0; i < m->n_outputs && !r->bad; i++) {
        int32_t there = next(r, 0, m->n_axes);
        next(r, 0, m->tables[there].rows - 1);
        m->n_varying += there == ROWS;
        m->n_shared_outputs += there == SHARED;
    }
    m->gradient_slot = r->bad ? -1 : side_by_side(m);
    int32_t n_steps = next(r, 0, INT32_MAX), n_columns = next(r, 0, INT32_MAX);
    m->n_segments = next(r, 0, INT32_MAX);
    if (r->bad || n_steps > r->end - r->at || n_columns > r->end - r->at ||
        m->n_segments > r->end - r->at) {
        r->bad = 1;
        m->n_segments = 0;
        return 0;
    }
    m->segments = calloc((size_t)m->n_segments + 1, sizeof *m->segments);
    m->steps = calloc((size_t)n_steps + 1, sizeof *m->steps);
    m->columns = calloc((size_t)n_columns + 1, sizeof *m->columns);
    if (!m->segments || !m->steps || !m->columns) return -1;
    Step *step = m->steps;
    Column *column = m->columns;
    for (int32_t i = 0; i < m->n_segments && !r->bad; i++) {
        Segment *s = &m->segments[i];
        s->axis = next(r, 0, m->n_axes);
        s->steps = step;
        int32_t n = next(r, 0, m->steps + n_steps - step);
        for (int32_t j = 0; j < n && !r->bad; j++, step++) {
            s->n_steps = j + 1;
            /* the reader looks at the number of columns before it reads them */
            if (r->end - r->at < 6 || r->at[5] < 1 || r->at[5] > m->columns + n_columns - column) {
                r->bad = 1;
                break;
            }
            if (read_step(m, r, step, s, column)) return -1;
            column += step->n_columns;
        }
        if (r->bad) break;
        if (s->n_totals > n_totals) n_totals = s->n_totals;
    }
    r->bad |= r->at != r->end;
    if (r->bad) return 0;
    m->totals = numbers(m, (size_t)n_totals * m->kernels->lanes);
    m->gradient = numbers(m, (size_t)m->n_parameters);
    return room(m, &m->tables[SHARED], 1, (int64_t)m->n_shared + 8) || !m->totals || !m->gradient
               ? -1
               : 0;
}
