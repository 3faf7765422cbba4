/* Running a machine: all steps for rows in windows, and descent.
 *
 * The lock of the interpreter may have been released here; `pulse` takes it back for a moment to
 * see whether Ctrl-C was pressed.
 */
#include <string.h>
#include <time.h>

#include "running.h"

enum { NEAR_CACHE = 44 * 1024, CACHE = 256 * 1024, ENOUGH = 48 };

/* ---------------------------------------------------------------- one evaluation */

void start_pulse(Machine *m)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    m->last_look = now.tv_sec + 1e-9 * now.tv_nsec;
    m->pulses = 0;
    m->next_look = 16;
}

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

/* Entries in a window: as many as fit into the cache, windows of nearly the same length. Where a
 * window is a table of its own, into the nearest cache, or else enough that what is done once for a
 * window does not count. */
static int64_t window_length(const Machine *m, int64_t entries, int64_t rows, int own)
{
    int64_t bytes = (int64_t)sizeof(double) * (rows ? rows : 1), most = CACHE / bytes;
    if (own && most > ENOUGH) most = NEAR_CACHE / bytes > ENOUGH ? NEAR_CACHE / bytes : ENOUGH;
    if (most < m->kernels->lanes) most = m->kernels->lanes;
    int64_t windows = (entries + most - 1) / most;
    return up(m, windows ? (entries + windows - 1) / windows : 1);
}

int make_room(Machine *m, Rows *rows)
{
    Table *table = &m->tables[ROWS], *inputs = &m->tables[m->n_axes + 1];
    int64_t length = window_length(m, rows->n, m->size, !m->whole);
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
                               rows->order ? rows->order + first : NULL, n, m->n_inputs,
                               w->vectors);
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
            for (int32_t j = 0; j < s->steps[i].members; j++)
                shared[s->steps[i].out.slots[j]] = 0.0;
}

int evaluate(Machine *m, const Rows *rows, PyThreadState **outside)
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
                                             : window_length(m, n, m->tables[s->axis].rows, 0);
            if (!n) no_totals(s, shared);
            for (int64_t first = 0; first < n; first += length) {
                int64_t count = n - first < length ? n - first : length;
                w.first = first == 0;
                w.last = first + count == n;
                window(m, s, rows, first, count, &w);
                if (s->axis == ROWS && !m->whole && rows->varying)
                    put_out(m, rows, first, 0, count);
                if (pulse(m, outside)) return -1;
            }
        }
    }
    if (m->whole && rows->varying) put_out(m, rows, 0, 0, rows->n);
    return 0;
}

/* ---------------------------------------------------------------- descent */

/* Outputs 1, 2, ...: where they lie, or a copy. */
static const double *gradient(Machine *m)
{
    if (m->gradient_slot >= 0) return m->tables[SHARED].data + m->gradient_slot;
    for (int32_t i = 0; i < m->n_parameters; i++) m->gradient[i] = output(m, i + 1);
    return m->gradient;
}

int64_t descend(Machine *m, Rows *rows, const Descent *d, PyThreadState **outside)
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
        if (d->careful && !(m->kernels->finite(&value, 1) && m->kernels->finite(g, m->n_parameters)))
            break;
        d->values[done] = value * scale;
        m->kernels->descend(shared, g, d->rate * scale, m->n_parameters);
    }
    return done;
}
