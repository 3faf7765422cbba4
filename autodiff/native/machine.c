/* Programs for the lane interpreter, and loops over them: `autodiff.native.machine`.
 *
 * A Machine is made from a program's text, int32 numbers that `backends/native.py` writes, and owns
 * all of its memory. It runs any number of rows; rows are taken in windows that fit into the cache.
 * Every slot is checked once, when the machine is made. One thread at a time runs a machine; the
 * interpreter lock is released while it works, and signals are looked for now and then.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "machine.h"

enum { ELEMENTWISE, PAIR, MANY, SHARE, ALL_SHARES, INNER_MATRIX, INNER_TERMS, INNER_SHARED, TOTAL,
       TOTAL_PAIRS, TOTAL_GRID, N_KINDS };
enum { SHARED, ROWS };
enum { ALIGNMENT = 64, CACHE = 256 * 1024, NEVER = -1 };

typedef struct Segment {
    int32_t axis, n_steps, n_totals;
    Step *steps;
} Segment;

typedef struct Table {
    int64_t rows, length;   /* length is 0 for the axis of the rows of X */
    int64_t padded;         /* from row to row */
    int64_t size_slot;      /* of the shared number that says how long the axis is, or -1 */
    double *data;
    size_t capacity;
} Table;

typedef struct Rows {       /* of X */
    const double *X;
    ptrdiff_t row_step, input_step, n;
    const int64_t *order;   /* which rows, or NULL for all */
    const double *columns;  /* X as a row for each input, or NULL */
    ptrdiff_t length;       /* from input to input in `columns` */
    double *varying;        /* where outputs of rows go, one after the other, or NULL */
    ptrdiff_t total_rows;
} Rows;

typedef struct Machine {
    PyObject_HEAD
    const Kernels *kernels;
    PyThread_type_lock lock;
    unsigned long owner;     /* the thread that has the lock, 0 for none */
    int32_t *code;
    int32_t n_axes, n_inputs, n_parameters, n_shared, n_outputs, n_segments, n_varying, n_shared_outputs;
    int whole;               /* whether the rows of X need their whole table */
    Table *tables;           /* of each axis; the shared vector is the first, inputs the last */
    Segment *segments;
    Column *columns;
    Step *steps;
    int32_t *outputs;        /* space and slot of each */
    double *totals, *gradient;
    double **base;           /* of each space */
    ptrdiff_t *lengths;
    int64_t size;            /* numbers that a row needs */
    int64_t work;            /* numbers that a row computes */
    int64_t bytes;
    int64_t pulses, next_look;
    double last_look;
} Machine;

/* ---------------------------------------------------------------- memory */

/* Bytes of n numbers, in whole cache lines. */
static size_t bytes_of(size_t n)
{
    return ((n ? n : 1) * sizeof(double) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static double *numbers(Machine *m, size_t n)
{
    void *memory = NULL;
    if (n > SIZE_MAX / 16 || posix_memalign(&memory, ALIGNMENT, bytes_of(n))) return NULL;
    memset(memory, 0, bytes_of(n));
    m->bytes += (int64_t)bytes_of(n);
    return memory;
}

/* Memory for so many rows of a table; what was there is lost if that is not enough. */
static int room(Machine *m, Table *table, int64_t rows, int64_t length)
{
    if (length && rows > PTRDIFF_MAX / 16 / length) return -1;
    size_t n = (size_t)(rows * length);
    if (table->data && n <= table->capacity) return 0;
    double *data = numbers(m, n);
    if (!data) return -1;
    if (table->data) m->bytes -= (int64_t)bytes_of(table->capacity);
    free(table->data);
    table->data = data;
    table->capacity = n;
    return 0;
}

static void Machine_dealloc(Machine *m)
{
    if (m->lock) PyThread_free_lock(m->lock);
    for (int i = 0; m->tables && i < m->n_axes + 2; i++) free(m->tables[i].data);
    for (int i = 0; m->segments && i < m->n_segments; i++) {
        for (int j = 0; j < m->segments[i].n_steps; j++) free(m->segments[i].steps[j].scratch);
    }
    free(m->code), free(m->tables), free(m->segments), free(m->columns), free(m->steps);
    free(m->totals), free(m->gradient), free(m->base), free(m->lengths);
    Py_TYPE(m)->tp_free((PyObject *)m);
}

/* ---------------------------------------------------------------- reading a program's text */

typedef struct Reader {
    const int32_t *at, *end;
    int bad;
} Reader;

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
            if (slots[(ptrdiff_t)i * terms + t] - slots[0] != (int64_t)i * s->down + (int64_t)t * s->right)
                return 0;
    return 1;
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
    int32_t name = next(r, 0, length_of(kind == PAIR ? k->firsts : kind == ALL_SHARES ? k->sets : k->rows) - 1);
    s->axis = segment->axis;
    s->members = next(r, 1, INT32_MAX);
    s->terms = next(r, 1, INT32_MAX);
    s->option = next(r, 0, 7);
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
    int64_t counts[3] = {s->members, s->members, s->members};
    int varies[3] = {-1, -1, -1}, wanted = 2;
    int totals = kind >= TOTAL;
    switch (kind) {
    case ELEMENTWISE:
        s->run = k->elementwise;
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
        varies[0] = varies[2] = 0, varies[1] = 1;
        wanted = s->option & BIAS ? 3 : 2;
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
    for (int i = 0; i < n && i < 3 && operands == n && kind != MANY; i++)
        r->bad |= columns[i].count != counts[i] || (varies[i] >= 0 && (columns[i].space != 0) != varies[i]);
    if (r->bad) return 0;
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

/* What a text may ask memory for: as much as was given with it. */
typedef struct Given {
    int64_t shared, longest; /* numbers of the shared vector, of the longest lanes */
} Given;

/* The text: axes, inputs, parameters, shared numbers, whether rows need their whole table; for each
 * axis its slots, its length (0: rows of X) and the slot of that number; the outputs; how many steps
 * and columns; the segments. */
static int read_program(Machine *m, Reader *r, const Given *given)
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
    return room(m, &m->tables[SHARED], 1, (int64_t)m->n_shared + 8) || !m->totals || !m->gradient ? -1 : 0;
}

/* The kernels that were built and that this machine can run, widest first. */
static const Kernels *available[5];

static void find_kernels(void)
{
    int n = 0;
#ifdef HAVE_LANES_8
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq"))
        available[n++] = &autodiff_kernels_8;
#endif
#ifdef HAVE_LANES_4
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        available[n++] = &autodiff_kernels_4;
#endif
#ifdef HAVE_LANES_2
    available[n++] = &autodiff_kernels_2;
#endif
    available[n++] = &autodiff_kernels_1;
    available[n] = NULL;
}

static const Kernels *kernels_called(const char *name)
{
    for (int i = 0; available[i]; i++)
        if (!name || !strcmp(available[i]->name, name)) return available[i];
    return NULL;
}

/* ---------------------------------------------------------------- one evaluation */

/* Now and then: whether Ctrl-C was pressed. Called often, so it counts before it looks at a clock.
 * -1 with an exception set if the call should end. */
static int pulse(Machine *m, PyThreadState **outside)
{
    if (++m->pulses < m->next_look) return 0;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    double seconds = now.tv_sec + 1e-9 * now.tv_nsec, gone = seconds - m->last_look;
    /* aim at a look every 20 ms; never wait more than four times as long as last time */
    double more = gone > 0.005 ? m->pulses * 0.02 / gone : 4.0 * m->pulses;
    m->next_look = more < 1.0 ? 1 : more > 4.0 * m->pulses ? 4 * m->pulses : (int64_t)more;
    m->pulses = 0;
    m->last_look = seconds;
    if (*outside) PyEval_RestoreThread(*outside);
    int result = PyErr_CheckSignals();
    if (*outside) *outside = PyEval_SaveThread();
    return result;
}

static int64_t up(const Machine *m, int64_t n)
{
    return (n + m->kernels->lanes - 1) / m->kernels->lanes * m->kernels->lanes;
}

/* Entries in a window: as many as fit into the cache, windows of nearly the same length. */
static int64_t window_length(const Machine *m, int64_t entries, int64_t rows)
{
    int64_t most = CACHE / (int64_t)sizeof(double) / (rows ? rows : 1);
    if (most < m->kernels->lanes) most = m->kernels->lanes;
    int64_t windows = (entries + most - 1) / most;
    return up(m, windows ? (entries + windows - 1) / windows : 1);
}

/* Memory for rows; the tables keep what they have when there is enough. */
static int make_room(Machine *m, Rows *rows)
{
    Table *table = &m->tables[ROWS], *inputs = &m->tables[m->n_axes + 1];
    int64_t length = window_length(m, rows->n, m->size);
    table->padded = m->whole ? up(m, rows->n) : length;
    inputs->padded = length;
    return room(m, table, table->rows, table->padded) || room(m, inputs, m->n_inputs, length);
}

static void window(Machine *m, const Segment *s, const Rows *rows, int64_t first, int64_t n,
                   Window *w)
{
    const Table *table = &m->tables[s->axis];
    int inputs = m->n_axes + 1;
    w->vectors = up(m, n) / m->kernels->lanes;
    w->counted = (int)(n - (w->vectors - 1) * m->kernels->lanes);
    m->lengths[s->axis] = table->padded;
    m->base[s->axis] = table->data + (s->axis == ROWS && !m->whole ? 0 : first);
    if (s->axis == ROWS && m->n_inputs) {
        if (rows->columns) {
            m->base[inputs] = (double *)rows->columns + first;
            m->lengths[inputs] = rows->length;
        } else {
            ptrdiff_t skip = rows->order ? 0 : first * rows->row_step;
            m->base[inputs] = m->tables[inputs].data;
            m->lengths[inputs] = m->tables[inputs].padded;
            m->kernels->gather(m->tables[inputs].data, m->tables[inputs].padded, rows->X + skip,
                               rows->row_step, rows->input_step,
                               rows->order ? rows->order + first : NULL, n, m->n_inputs, w->vectors);
        }
    }
    for (int32_t i = 0; i < s->n_steps; i++) s->steps[i].run(&s->steps[i], w);
}

/* Outputs of n rows, from place `at` of the table, to where they are wanted. */
static void put_out(const Machine *m, const Rows *rows, int64_t first, int64_t at, int64_t n)
{
    const Table *table = &m->tables[ROWS];
    double *into = rows->varying + first;
    for (int32_t i = 0; i < m->n_outputs; i++)
        if (m->outputs[2 * i] == ROWS) {
            memcpy(into, table->data + m->outputs[2 * i + 1] * table->padded + at,
                   (size_t)n * sizeof *into);
            into += rows->total_rows;
        }
}

/* Sums over nothing. */
static void no_totals(const Segment *s, double *shared)
{
    for (int32_t i = 0; i < s->n_steps; i++)
        if (!s->steps[i].out.space)
            for (int32_t j = 0; j < s->steps[i].members; j++) shared[s->steps[i].out.slots[j]] = 0.0;
}

/* All steps for all rows. -1 with an exception set when interrupted. */
static int evaluate(Machine *m, const Rows *rows, PyThreadState **outside)
{
    Window w = {.base = m->base, .length = m->lengths, .totals = m->totals};
    double *shared = m->tables[SHARED].data;
    m->base[SHARED] = shared;
    m->lengths[SHARED] = 1;
    if (m->tables[ROWS].size_slot >= 0) shared[m->tables[ROWS].size_slot] = (double)rows->n;
    for (int32_t i = 0; i < m->n_segments; i++) {
        const Segment *s = &m->segments[i];
        int64_t n = s->axis == ROWS ? rows->n : s->axis ? m->tables[s->axis].length : 1;
        if (!s->axis) {
            w.vectors = w.counted = 1;
            for (int32_t j = 0; j < s->n_steps; j++) {
                s->steps[j].run(&s->steps[j], &w);
                if (!(j & 1023) && j && pulse(m, outside)) return -1;
            }
        } else {
            int64_t length = s->axis == ROWS ? m->tables[m->n_axes + 1].padded
                                             : window_length(m, n, m->tables[s->axis].rows);
            if (!n) no_totals(s, shared);
            for (int64_t first = 0; first < n; first += length) {
                int64_t count = n - first < length ? n - first : length;
                w.first = first == 0;
                w.last = first + count == n;
                window(m, s, rows, first, count, &w);
                if (s->axis == ROWS && !m->whole && rows->varying) put_out(m, rows, first, 0, count);
                if (pulse(m, outside)) return -1;
            }
        }
    }
    if (m->whole && rows->varying) put_out(m, rows, 0, 0, rows->n);
    return 0;
}

/* ---------------------------------------------------------------- descent */

static double output(const Machine *m, int i) { return m->tables[SHARED].data[m->outputs[2 * i + 1]]; }

/* Outputs 1, 2, ...: where they lie, if side by side and away from the parameters, or a copy. */
static const double *gradient(Machine *m)
{
    const double *shared = m->tables[SHARED].data;
    int32_t first = m->n_outputs > 1 ? m->outputs[3] : 0, straight = first >= m->n_parameters;
    for (int32_t i = 0; i < m->n_parameters && straight; i++) straight = m->outputs[2 * i + 3] == first + i;
    if (straight) return shared + first;
    for (int32_t i = 0; i < m->n_parameters; i++) m->gradient[i] = output(m, i + 1);
    return m->gradient;
}

static int all_finite(double value, const double *g, int64_t n)
{
    double sum = value - value;
    for (int64_t i = 0; i < n; i++) sum += g[i] - g[i];
    return sum == 0.0;
}

typedef struct Descent {
    double rate;        /* of the sum over the rows of a step */
    int mean;           /* whether the rate and the values are to be divided by the rows */
    int careful;        /* stop before a step whose results are not finite */
    int64_t steps, batch;
    double *values;
} Descent;

/* Steps over all rows, or an epoch of batches of them; how many were made, or -1. */
static int64_t descend(Machine *m, Rows *rows, const Descent *d, PyThreadState **outside)
{
    int64_t done = 0;
    double *shared = m->tables[SHARED].data;
    Rows part = *rows;
    if (!d->batch && d->steps > 1 && m->n_inputs) { /* the inputs side by side once for all */
        Table *inputs = &m->tables[m->n_axes + 1];
        int64_t length = inputs->padded, whole = (rows->n + length - 1) / length * length;
        if (room(m, inputs, m->n_inputs, whole)) {
            if (*outside) PyEval_RestoreThread(*outside);
            *outside = NULL;
            PyErr_NoMemory();
            return -1;
        }
        m->kernels->gather(inputs->data, whole, rows->X, rows->row_step, rows->input_step,
                           rows->order, rows->n, m->n_inputs, whole / m->kernels->lanes);
        part.columns = inputs->data;
        part.length = whole;
    }
    for (; done < d->steps; done++) {
        if (d->batch) {
            int64_t first = done * d->batch, left = rows->n - first;
            part.n = left < d->batch ? left : d->batch;
            if (rows->order)
                part.order = rows->order + first;
            else
                part.X = rows->X + first * rows->row_step;
        }
        if (evaluate(m, &part, outside)) return -1;
        const double *g = gradient(m);
        double value = output(m, 0), scale = d->mean ? 1.0 / (double)part.n : 1.0;
        if (d->careful && !all_finite(value, g, m->n_parameters)) break;
        d->values[done] = value * scale;
        m->kernels->descend(shared, g, d->rate * scale, m->n_parameters);
    }
    return done;
}

/* ---------------------------------------------------------------- from Python */

typedef struct Numbers {
    Py_buffer buffer;
    int held;
} Numbers;

/* A buffer of float64 (or int64 if `format` says so); `dimensions` of it. */
static int take(PyObject *given, Numbers *n, int dimensions, const char *format, int writable)
{
    n->held = 0;
    if (PyObject_GetBuffer(given, &n->buffer,
                           PyBUF_STRIDES | PyBUF_FORMAT | (writable ? PyBUF_WRITABLE : 0)))
        return -1;
    n->held = 1;
    const char *f = n->buffer.format ? n->buffer.format : "B";
    if (n->buffer.ndim != dimensions || n->buffer.itemsize != 8 || !f[0] || !strchr(format, f[0]) || f[1]) {
        PyErr_Format(PyExc_ValueError, "an array of %d dimensions of type %s is wanted", dimensions,
                     format[0] == 'd' ? "float64" : "int64");
        return -1;
    }
    for (int i = 0; i < dimensions; i++)
        if (n->buffer.strides[i] % 8) {
            PyErr_SetString(PyExc_ValueError, "an array of aligned numbers is wanted");
            return -1;
        }
    return 0;
}

static void release(Numbers *n)
{
    if (n->held) PyBuffer_Release(&n->buffer);
    n->held = 0;
}

static int straight(const Numbers *n, Py_ssize_t length, const char *what)
{
    if (n->buffer.len / 8 == length && PyBuffer_IsContiguous(&n->buffer, 'C')) return 0;
    PyErr_Format(PyExc_ValueError, "%s: %zd numbers are wanted, side by side", what, length);
    return -1;
}

/* The rows of X, given as a row for each input; `order` picks some of them. */
static int take_rows(Machine *m, PyObject *X, PyObject *order, Numbers *a, Numbers *b, Rows *rows)
{
    memset(rows, 0, sizeof *rows);
    if (take(X, a, 2, "d", 0)) return -1;
    if (a->buffer.shape[0] != m->n_inputs) {
        PyErr_Format(PyExc_ValueError, "%d inputs are wanted, not %zd", m->n_inputs, a->buffer.shape[0]);
        return -1;
    }
    rows->X = a->buffer.buf;
    rows->input_step = a->buffer.strides[0] / 8;
    rows->row_step = a->buffer.strides[1] / 8;
    rows->n = a->buffer.shape[1];
    if (order && order != Py_None) {
        if (take(order, b, 1, "lq", 0) || straight(b, b->buffer.shape[0], "order")) return -1;
        const int64_t *at = b->buffer.buf;
        for (Py_ssize_t i = 0; i < b->buffer.shape[0]; i++)
            if (at[i] < 0 || at[i] >= rows->n) {
                PyErr_Format(PyExc_IndexError, "order asks for row %lld of %zd", (long long)at[i],
                             (Py_ssize_t)rows->n);
                return -1;
            }
        rows->order = at;
        rows->n = b->buffer.shape[0];
    }
    rows->total_rows = rows->n;
    return 0;
}

/* Waits for another thread that runs it. What this thread runs itself, it would wait for in vain:
 * signal handlers come in the middle of a run. */
static int enter(Machine *m)
{
    unsigned long me = PyThread_get_thread_ident();
    if (!PyThread_acquire_lock(m->lock, 0)) {
        if (m->owner == me) {
            PyErr_SetString(PyExc_RuntimeError, "this program is running: a signal handler cannot run it");
            return -1;
        }
        Py_BEGIN_ALLOW_THREADS
        PyThread_acquire_lock(m->lock, 1);
        Py_END_ALLOW_THREADS
    }
    m->owner = me;
    return 0;
}

static void leave(Machine *m)
{
    m->owner = 0;
    PyThread_release_lock(m->lock);
}

/* Whether the work is worth letting other threads in. */
static PyThreadState *let_others(const Machine *m, int64_t rows, int64_t steps)
{
    return (double)m->work * (double)rows * (double)steps > 50e3 ? PyEval_SaveThread() : NULL;
}

static void start_pulse(Machine *m)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    m->last_look = now.tv_sec + 1e-9 * now.tv_nsec;
    m->pulses = 0;
    m->next_look = 16;
}

PyDoc_STRVAR(run_doc,
"run(parameters, X, order, results, varying)\n--\n\n"
"All steps for all rows of X, which has a row for each input.\n\n"
"`results` gets each output that is shared, `varying` (or None) a row for each one that varies.");

static PyObject *Machine_run(Machine *m, PyObject *const *args, Py_ssize_t count)
{
    if (count != 5) return PyErr_Format(PyExc_TypeError, "run takes 5 arguments, not %zd", count);
    Numbers p = {0}, x = {0}, order = {0}, results = {0}, varying = {0};
    Rows rows;
    PyObject *answer = NULL;
    if (enter(m)) return NULL;
    if (take(args[0], &p, 1, "d", 0) || straight(&p, m->n_parameters, "parameters") ||
        take_rows(m, args[1], args[2], &x, &order, &rows) || take(args[3], &results, 1, "d", 1) ||
        straight(&results, m->n_outputs, "results"))
        goto end;
    if (args[4] != Py_None) {
        if (take(args[4], &varying, 2, "d", 1)) goto end;
        const Py_ssize_t *shape = varying.buffer.shape;
        if (shape[0] != m->n_varying || shape[1] != rows.n || !PyBuffer_IsContiguous(&varying.buffer, 'C')) {
            PyErr_Format(PyExc_ValueError, "varying: %d rows of %zd numbers are wanted, side by side",
                         m->n_varying, (Py_ssize_t)rows.n);
            goto end;
        }
        rows.varying = varying.buffer.buf;
    }
    if (make_room(m, &rows)) {
        PyErr_NoMemory();
        goto end;
    }
    memcpy(m->tables[SHARED].data, p.buffer.buf, (size_t)m->n_parameters * sizeof(double));
    start_pulse(m);
    PyThreadState *outside = let_others(m, rows.n, 1);
    int failed = evaluate(m, &rows, &outside);
    if (outside) PyEval_RestoreThread(outside);
    if (failed) goto end;
    double *into = results.buffer.buf;
    for (int32_t i = 0; i < m->n_outputs; i++)
        if (m->outputs[2 * i] == SHARED) into[i] = output(m, i);
    answer = Py_NewRef(Py_None);
end:
    leave(m);
    release(&p), release(&x), release(&order), release(&results), release(&varying);
    return answer;
}

PyDoc_STRVAR(read_doc,
"read(axis, slot, into)\n--\n\n"
"The numbers of a slot of a lane axis, as the last run left them.");

static PyObject *Machine_read(Machine *m, PyObject *const *args, Py_ssize_t count)
{
    if (count != 3) return PyErr_Format(PyExc_TypeError, "read takes 3 arguments, not %zd", count);
    long axis = PyLong_AsLong(args[0]), slot = PyLong_AsLong(args[1]);
    if (PyErr_Occurred()) return NULL;
    if (axis <= ROWS || axis > m->n_axes || slot < 0 || slot >= m->tables[axis].rows)
        return PyErr_Format(PyExc_IndexError, "no slot %ld on axis %ld", slot, axis);
    Numbers into = {0};
    PyObject *answer = NULL;
    const Table *table = &m->tables[axis];
    if (enter(m)) return NULL;
    if (!take(args[2], &into, 1, "d", 1) && !straight(&into, table->length, "into")) {
        memcpy(into.buffer.buf, table->data + slot * table->padded,
               (size_t)table->length * sizeof(double));
        answer = Py_NewRef(Py_None);
    }
    leave(m);
    release(&into);
    return answer;
}

PyDoc_STRVAR(descend_doc,
"descend(parameters, X, order, rate, steps, batch, mean, careful, values)\n--\n\n"
"Steps of gradient descent; how many were made.\n\n"
"Output 0 is what falls, the others are its derivatives by all parameters. `batch` is 0 for steps\n"
"over all rows, else how many rows each step takes, one batch after the other. `values` gets\n"
"output 0 before each step. With `careful` it stops before a step whose numbers are not finite.\n"
"Parameters are written when it ends, also when it is interrupted: then for all steps made.");

static PyObject *Machine_descend(Machine *m, PyObject *const *args, Py_ssize_t count)
{
    if (count != 9) return PyErr_Format(PyExc_TypeError, "descend takes 9 arguments, not %zd", count);
    Numbers p = {0}, x = {0}, order = {0}, values = {0};
    Rows rows;
    PyObject *answer = NULL;
    Descent d = {.rate = PyFloat_AsDouble(args[3]), .steps = PyLong_AsLongLong(args[4]),
                 .batch = PyLong_AsLongLong(args[5]), .mean = PyObject_IsTrue(args[6]),
                 .careful = PyObject_IsTrue(args[7])};
    if (PyErr_Occurred()) return NULL;
    if (m->n_outputs != m->n_parameters + 1 || m->n_shared_outputs != m->n_outputs || d.steps < 0 || d.batch < 0)
        return PyErr_Format(PyExc_ValueError, "this program has no gradients to descend by");
    if (enter(m)) return NULL;
    if (take(args[0], &p, 1, "d", 1) || straight(&p, m->n_parameters, "parameters") ||
        take_rows(m, args[1], args[2], &x, &order, &rows) || take(args[8], &values, 1, "d", 1) ||
        straight(&values, d.steps, "values"))
        goto end;
    if (rows.n < 1 || (d.batch && d.steps > rows.n / d.batch + (rows.n % d.batch > 0))) {
        PyErr_Format(PyExc_ValueError, "%lld steps do not fit %zd rows", (long long)d.steps,
                     (Py_ssize_t)rows.n);
        goto end;
    }
    Rows widest = rows;
    if (d.batch && d.batch < rows.n) widest.n = d.batch;
    if (make_room(m, &widest)) {
        PyErr_NoMemory();
        goto end;
    }
    d.values = values.buffer.buf;
    double *shared = m->tables[SHARED].data, *parameters = p.buffer.buf;
    memcpy(shared, parameters, (size_t)m->n_parameters * sizeof(double));
    start_pulse(m);
    PyThreadState *outside = let_others(m, widest.n, d.steps);
    int64_t done = descend(m, &rows, &d, &outside);
    if (outside) PyEval_RestoreThread(outside);
    memcpy(parameters, shared, (size_t)m->n_parameters * sizeof(double));
    if (done >= 0) answer = PyLong_FromLongLong(done);
end:
    leave(m);
    release(&p), release(&x), release(&order), release(&values);
    return answer;
}

/* ---------------------------------------------------------------- one step, bound to its rows */

typedef struct Bound {
    PyObject_HEAD
    Machine *machine;
    Numbers parameters, X;
    PyObject *otherwise;
    double rate;
    int mean;
} Bound;

static int Bound_traverse(Bound *l, visitproc visit, void *arg)
{
    Py_VISIT(l->parameters.buffer.obj);
    Py_VISIT(l->X.buffer.obj);
    Py_VISIT(l->otherwise);
    return 0;
}

/* Only `otherwise` leads back here: it knows the program, which may be told its descent. */
static int Bound_clear(Bound *l)
{
    Py_CLEAR(l->otherwise);
    return 0;
}

static void Bound_dealloc(Bound *l)
{
    PyObject_GC_UnTrack(l);
    release(&l->parameters), release(&l->X);
    Py_XDECREF(l->machine);
    Py_XDECREF(l->otherwise);
    Py_TYPE(l)->tp_free((PyObject *)l);
}

static PyTypeObject Machine_type;

static PyObject *Bound_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    PyObject *machine, *parameters, *X, *otherwise;
    double rate;
    int mean;
    static char *names[] = {"machine", "parameters", "X", "rate", "mean", "otherwise", NULL};
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "O!OOdpO", names, &Machine_type, &machine,
                                     &parameters, &X, &rate, &mean, &otherwise))
        return NULL;
    Bound *l = (Bound *)type->tp_alloc(type, 0);
    if (!l) return NULL;
    l->machine = (Machine *)Py_NewRef(machine);
    l->otherwise = Py_NewRef(otherwise);
    l->rate = rate;
    l->mean = mean;
    Numbers none = {0};
    Rows rows;
    if (l->machine->n_outputs != l->machine->n_parameters + 1 ||
        l->machine->n_shared_outputs != l->machine->n_outputs)
        PyErr_SetString(PyExc_ValueError, "this program has no gradients to descend by");
    else if (!take(parameters, &l->parameters, 1, "d", 1) &&
             !straight(&l->parameters, l->machine->n_parameters, "parameters") &&
             !take_rows(l->machine, X, NULL, &l->X, &none, &rows) && rows.n > 0)
        return (PyObject *)l;
    if (!PyErr_Occurred()) PyErr_SetString(PyExc_ValueError, "X has no rows");
    Py_DECREF(l);
    return NULL;
}

PyDoc_STRVAR(step_doc, "step()\n--\n\nOne step of descent; the value before it.");

static PyObject *Bound_step(Bound *l, PyObject *nothing)
{
    (void)nothing;
    Machine *m = l->machine;
    const Py_buffer *X = &l->X.buffer;
    Rows rows = {.X = X->buf, .input_step = X->strides[0] / 8, .row_step = X->strides[1] / 8,
                 .n = X->shape[1]};
    double value = 0.0;
    Descent d = {.rate = l->rate, .mean = l->mean, .careful = 1, .steps = 1, .values = &value};
    int64_t done = -1;
    if (enter(m)) return NULL;
    if (make_room(m, &rows))
        PyErr_NoMemory();
    else {
        double *shared = m->tables[SHARED].data, *parameters = l->parameters.buffer.buf;
        size_t bytes = (size_t)m->n_parameters * sizeof(double);
        memcpy(shared, parameters, bytes);
        PyThreadState *outside = let_others(m, rows.n, 1);
        if (outside) start_pulse(m);
        done = descend(m, &rows, &d, &outside);
        if (outside) PyEval_RestoreThread(outside);
        if (done > 0) memcpy(parameters, shared, bytes);
    }
    leave(m);
    if (done == 0) {
        PyObject *otherwise = Py_NewRef(l->otherwise), *made = PyObject_CallNoArgs(otherwise);
        Py_DECREF(otherwise);
        return made;
    }
    return done < 0 ? NULL : PyFloat_FromDouble(value);
}

static PyMethodDef bound_methods[] = {
    {"step", (PyCFunction)Bound_step, METH_NOARGS, step_doc},
    {0},
};

static PyTypeObject Bound_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "autodiff.native.machine.Bound",
    .tp_basicsize = sizeof(Bound),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_doc = "Steps of descent on rows that stay; `otherwise` makes those that are not finite.",
    .tp_new = Bound_new,
    .tp_dealloc = (destructor)Bound_dealloc,
    .tp_traverse = (traverseproc)Bound_traverse,
    .tp_clear = (inquiry)Bound_clear,
    .tp_methods = bound_methods,
};

/* ---------------------------------------------------------------- the module */

static PyObject *Machine_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"text", "shared", "lanes", "instructions", NULL};
    PyObject *text, *shared, *lanes;
    const char *instructions = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "OOO!|z", names, &text, &shared, &PyList_Type,
                                     &lanes, &instructions))
        return NULL;
    Machine *m = (Machine *)type->tp_alloc(type, 0);
    if (!m) return NULL;
    Numbers numbers_ = {0};
    Given given = {.longest = 1};
    Py_buffer code = {0};
    PyObject *leaves = PyList_AsTuple(lanes); /* taking a buffer may run Python code */
    if (!leaves) goto failed;
    m->lock = PyThread_allocate_lock();
    m->kernels = kernels_called(instructions);
    if (!m->lock || !m->kernels) {
        PyErr_Format(PyExc_ValueError, "no kernels for %s", instructions ? instructions : "this machine");
        goto failed;
    }
    if (PyObject_GetBuffer(text, &code, PyBUF_SIMPLE)) goto failed;
    m->code = malloc(code.len ? code.len : 1);
    if (!m->code) {
        PyErr_NoMemory();
        goto failed;
    }
    memcpy(m->code, code.buf, code.len);
    m->bytes += code.len;
    Reader r = {.at = m->code, .end = m->code + code.len / 4};
    if (take(shared, &numbers_, 1, "d", 0)) goto failed;
    given.shared = numbers_.buffer.shape[0];
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(leaves); i++) {
        PyObject *leaf = PyTuple_GET_ITEM(leaves, i);
        if (!PyTuple_Check(leaf) || PyTuple_GET_SIZE(leaf) != 3) {
            PyErr_SetString(PyExc_TypeError, "lanes: (axis, slot, numbers) is wanted of each leaf");
            goto failed;
        }
        Py_ssize_t length = PyObject_Length(PyTuple_GET_ITEM(leaf, 2));
        if (length < 0) goto failed;
        if (length > given.longest) given.longest = length;
    }
    if (given.shared > INT32_MAX || given.longest > INT32_MAX) {
        PyErr_SetString(PyExc_ValueError, "a program has fewer numbers");
        goto failed;
    }
    if (read_program(m, &r, &given)) {
        PyErr_NoMemory();
        goto failed;
    }
    if (r.bad) {
        PyErr_Format(PyExc_ValueError, "not the text of a program: number %zd of %zd",
                     (Py_ssize_t)(r.at - m->code), (Py_ssize_t)(r.end - m->code));
        goto failed;
    }
    if (straight(&numbers_, m->n_shared, "shared")) goto failed;
    memcpy(m->tables[SHARED].data, numbers_.buffer.buf, (size_t)m->n_shared * sizeof(double));
    release(&numbers_);
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(leaves); i++) { /* numbers of leaves, lane by lane */
        int axis, slot;
        PyObject *lane;
        if (!PyArg_ParseTuple(PyTuple_GET_ITEM(leaves, i), "iiO", &axis, &slot, &lane)) goto failed;
        if (axis <= ROWS || axis > m->n_axes || slot < 0 || slot >= m->tables[axis].rows) {
            PyErr_SetString(PyExc_ValueError, "a leaf that is not in the program");
            goto failed;
        }
        const Table *t = &m->tables[axis];
        if (take(lane, &numbers_, 1, "d", 0) || straight(&numbers_, t->length, "lanes")) goto failed;
        double *into = t->data + slot * t->padded;
        memcpy(into, numbers_.buffer.buf, (size_t)t->length * sizeof(double));
        for (int64_t j = t->length; j < t->padded; j++) into[j] = into[t->length - 1];
        release(&numbers_);
    }
    PyBuffer_Release(&code);
    Py_DECREF(leaves);
    return (PyObject *)m;
failed:
    release(&numbers_);
    Py_XDECREF(leaves);
    if (code.obj) PyBuffer_Release(&code);
    Py_DECREF(m);
    return NULL;
}

static PyObject *get_bytes(Machine *m, void *nothing) { return (void)nothing, PyLong_FromLongLong(m->bytes); }

static PyObject *get_instructions(Machine *m, void *nothing)
{
    return (void)nothing, PyUnicode_FromString(m->kernels->name);
}

static PyGetSetDef properties[] = {
    {"bytes", (getter)get_bytes, NULL, "How much memory it holds.", NULL},
    {"instructions", (getter)get_instructions, NULL, "The instruction set of its kernels.", NULL},
    {0},
};

static PyMethodDef methods[] = {
    {"run", (PyCFunction)(void (*)(void))Machine_run, METH_FASTCALL, run_doc},
    {"read", (PyCFunction)(void (*)(void))Machine_read, METH_FASTCALL, read_doc},
    {"descend", (PyCFunction)(void (*)(void))Machine_descend, METH_FASTCALL, descend_doc},
    {0},
};

static PyTypeObject Machine_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "autodiff.native.machine.Machine",
    .tp_basicsize = sizeof(Machine),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_doc = "A program of the lane interpreter: its text, shared numbers and numbers of lanes.",
    .tp_new = Machine_new,
    .tp_dealloc = (destructor)Machine_dealloc,
    .tp_methods = methods,
    .tp_getset = properties,
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, .m_name = "machine",
    .m_doc = "The lane interpreter: programs at machine speed.", .m_size = -1,
};

PyMODINIT_FUNC PyInit_machine(void)
{
    find_kernels();
    if (PyType_Ready(&Machine_type) || PyType_Ready(&Bound_type)) return NULL;
    PyObject *made = PyModule_Create(&module), *sets = PyList_New(0), *rows = PyList_New(0);
    PyObject *pairs = PyList_New(0);
    if (!made || !sets || !rows || !pairs) return NULL;
    for (int i = 0; available[i]; i++) {
        PyObject *name = PyUnicode_FromString(available[i]->name);
        if (!name || PyList_Append(sets, name)) return NULL;
        Py_DECREF(name);
    }
    for (const char *const *row = available[0]->rows; *row; row++) {
        PyObject *name = PyUnicode_FromString(*row);
        if (!name || PyList_Append(rows, name)) return NULL;
        Py_DECREF(name);
    }
    PyObject *shared_sets = PyList_New(0);
    if (!shared_sets) return NULL;
    for (int i = 0; available[0]->sets[i]; i++) {
        PyObject *name = PyUnicode_FromString(available[0]->sets[i]);
        if (!name || PyList_Append(shared_sets, name)) return NULL;
        Py_DECREF(name);
    }
    for (int i = 0; available[0]->firsts[i]; i++) {
        PyObject *pair = Py_BuildValue("ss", available[0]->firsts[i], available[0]->seconds[i]);
        if (!pair || PyList_Append(pairs, pair)) return NULL;
        Py_DECREF(pair);
    }
    if (PyModule_AddObjectRef(made, "Machine", (PyObject *)&Machine_type) ||
        PyModule_AddObjectRef(made, "Bound", (PyObject *)&Bound_type) ||
        PyModule_AddObject(made, "INSTRUCTIONS", sets) || PyModule_AddObject(made, "ROWS", rows) ||
        PyModule_AddObject(made, "PAIRS", pairs) || PyModule_AddObject(made, "SETS", shared_sets))
        return NULL;
    return made;
}
