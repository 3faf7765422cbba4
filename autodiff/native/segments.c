/* The steps of a layout, and the segments in which they run.

Steps are what autodiff/program/steps.py packs. Those along one axis keep their order, since slots
are used again; across axes they are put into as few segments as possible. What a step reads varies
along its own axis or is shared, so the steps of an axis run side by side, in windows, until one of
them reads what such a stretch adds up. */

#include "writing.h"

/* ---------------------------------------------------------------- steps */

int damaged(void)
{
    PyErr_SetString(PyExc_ValueError, "these are no steps of a layout");
    return -1;
}

/* Whether a step has as many columns as choosing.c reads. */
static int fits(const Way *way, int32_t n)
{
    switch (way->kind) {
    case SHARE:
        return n >= 2;
    case INNER_TERMS:
    case TOTAL_PAIRS:
        return n == 2;
    default:
        return n >= 1;
    }
}

int read_steps(Writer *w, const int32_t *at, const int32_t *end)
{
    int32_t i, k, j;
    for (i = 0; i < w->n; i++) {
        Step *s = &w->steps[i];
        if (end - at < 3)
            return damaged();
        *s = (Step){at[0], at[1], at[2], at + 3};
        if (s->op < 0 || s->op >= w->n_ways || s->axis < 0 || s->axis >= w->inputs ||
            !fits(&w->ways[s->op], s->n))
            return damaged();
        for (at += 3, k = 0; k <= s->n; k++) {
            Column c;
            if (end - at < 2 || at[1] < 1 || end - at - 2 < at[1])
                return damaged();
            at = column(at, &c);
            for (j = 0; j < c.n; j++)
                if (c.slots[j] < 0 || c.slots[j] == INT32_MAX)
                    return damaged();
                else if (k == 0 && c.space == SHARED && c.slots[j] >= w->n_writers)
                    w->n_writers = c.slots[j] + 1;
                else if (c.space == s->axis && c.slots[j] >= w->n_slots[s->axis])
                    w->n_slots[s->axis] = c.slots[j] + 1;
        }
    }
    return at == end ? 0 : damaged();
}

/* ---------------------------------------------------------------- segments */

static int ready(const Writer *w, const Step *s)
{
    const int32_t *at = s->columns + 2 + s->columns[1];
    int32_t k, i;
    for (k = 0; k < s->n; k++) {
        Column c;
        at = column(at, &c);
        for (i = 0; c.space == SHARED && i < c.n; i++)
            if (c.slots[i] < w->n_writers && w->writers[c.slots[i]])
                return 0;
    }
    return 1;
}

/* Its results are there, or (with 1) are still to come: sums may be added to by several steps. */
static void count(Writer *w, const Step *s, int32_t change)
{
    Column out = results(s);
    int32_t i;
    for (i = 0; out.space == SHARED && i < out.n; i++)
        w->writers[out.slots[i]] += change;
}

/* The steps by axis, in `queue`; `starts` says where each axis begins. */
static int line_up(Writer *w, int32_t *starts)
{
    int32_t i, axis, *at = ZEROS(int32_t, w->inputs);
    if (at == NULL)
        return -1;
    for (i = 0; i < w->n; i++) {
        count(w, &w->steps[i], 1);
        starts[w->steps[i].axis + 1]++;
    }
    for (axis = 0; axis < w->inputs; axis++) {
        starts[axis + 1] += starts[axis];
        at[axis] = starts[axis];
    }
    for (i = 0; i < w->n; i++)
        w->queue[at[w->steps[i].axis]++] = i;
    PyMem_RawFree(at);
    return 0;
}

int write_segments(Writer *w, int32_t *parts, int32_t *parts_of_rows)
{
    int32_t *starts = ZEROS(int32_t, w->inputs + 1), left = w->n, before, axis, i;
    int32_t *ends = NULL;
    int failed = starts == NULL || line_up(w, starts) || (ends = ZEROS(int32_t, w->inputs)) == NULL;
    for (axis = 0; !failed && axis < w->inputs; axis++)
        ends[axis] = starts[axis + 1];
    while (!failed && left) {
        before = left;
        for (axis = 0; !failed && axis < w->inputs; axis++) {
            int32_t first = starts[axis], *next = &starts[axis];
            for (; *next < ends[axis] && ready(w, &w->steps[w->queue[*next]]); ++*next)
                if (axis == SHARED)
                    count(w, &w->steps[w->queue[*next]], -1);
            if (*next == first)
                continue;
            for (i = first; axis != SHARED && i < *next; i++)
                count(w, &w->steps[w->queue[i]], -1);
            left -= *next - first;
            i = w->n_instructions;
            failed = write_segment(w, axis, w->queue + first, *next - first);
            if (w->n_instructions > i)
                ++*parts, *parts_of_rows += axis == ROWS;
        }
        if (!failed && left == before) {
            PyErr_SetString(PyExc_ValueError, "the steps of this layout wait for each other");
            failed = 1;
        }
    }
    PyMem_RawFree(starts);
    PyMem_RawFree(ends);
    return failed ? -1 : 0;
}
