/* What runs a machine, one thread at a time: the interpreter's lock may be released while it does. */
#ifndef AUTODIFF_RUNNING_H
#define AUTODIFF_RUNNING_H

#include "reading.h"

/* Waits for another thread that runs it. What this thread runs itself, it would wait for in vain:
 * signal handlers come in the middle of a run. */
static inline int enter(Machine *m)
{
    unsigned long me = PyThread_get_thread_ident();
    if (!PyThread_acquire_lock(m->lock, 0)) {
        if (m->owner == me) {
            PyErr_SetString(PyExc_RuntimeError,
                            "this program is running: a signal handler cannot run it");
            return -1;
        }
        Py_BEGIN_ALLOW_THREADS PyThread_acquire_lock(m->lock, 1);
        Py_END_ALLOW_THREADS
    }
    m->owner = me;
    return 0;
}

static inline void leave(Machine *m)
{
    m->owner = 0;
    PyThread_release_lock(m->lock);
}

/* Whether the work is worth letting other threads in. */
static inline PyThreadState *let_others(const Machine *m, int64_t rows, int64_t steps)
{
    return (double)m->work * (double)rows * (double)steps > 50e3 ? PyEval_SaveThread() : NULL;
}

void start_pulse(Machine *m); /* before the interpreter's lock is released */

/* Memory for rows; the tables keep what they have when there is enough. */
int make_room(Machine *m, Rows *rows);

/* All steps for all rows. -1 with an exception set when interrupted. */
int evaluate(Machine *m, const Rows *rows, PyThreadState **outside);

static inline double output(const Machine *m, int i)
{
    return m->tables[SHARED].data[m->outputs[2 * i + 1]];
}

typedef struct Descent {
    double rate; /* of the sum over the rows of a step */
    int mean;    /* whether the rate and the values are to be divided by the rows */
    int careful; /* stop before a step whose results are not finite */
    int64_t steps, batch;
    double *values;
} Descent;

/* Steps over all rows, or an epoch of batches of them; how many were made, or -1. */
int64_t descend(Machine *m, Rows *rows, const Descent *d, PyThreadState **outside);

#endif
