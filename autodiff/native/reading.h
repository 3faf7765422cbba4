/* A machine, and what it is made from.
 *
 * The text of a program is int32 numbers. Every slot in it is checked when it is read, once, so that
 * running checks nothing.
 */
#ifndef AUTODIFF_READING_H
#define AUTODIFF_READING_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "machine.h"

enum {
    ELEMENTWISE,
    PAIR,
    MANY,
    SHARE,
    ALL_SHARES,
    INNER_MATRIX,
    INNER_TERMS,
    INNER_SHARED,
    TOTAL,
    TOTAL_PAIRS,
    TOTAL_GRID,
    N_KINDS
};
enum { SHARED, ROWS };

typedef struct Segment {
    int32_t axis, n_steps, n_totals;
    Step *steps;
} Segment;

typedef struct Table {
    int64_t rows, length; /* length is 0 for the axis of the rows of X */
    int64_t padded;       /* from row to row */
    int64_t size_slot;    /* of the shared number that says how long the axis is, or -1 */
    double *data;
    size_t capacity;
} Table;

typedef struct Rows { /* of X */
    const double *X;
    ptrdiff_t row_step, input_step, n;
    const int64_t *order;  /* which rows, or NULL for all */
    const double *columns; /* X as a row for each input, or NULL */
    ptrdiff_t length;      /* from input to input in `columns` */
    double *varying;       /* where outputs of rows go, one after the other, or NULL */
    ptrdiff_t total_rows;
} Rows;

typedef struct Machine {
    PyObject_HEAD
    const Kernels *kernels;
    PyThread_type_lock lock;
    unsigned long owner; /* the thread that has the lock, 0 for none */
    int32_t *code;
    int32_t n_axes, n_inputs, n_parameters, n_shared, n_outputs, n_segments, n_varying,
        n_shared_outputs;
    int whole;     /* whether the rows of X need their whole table */
    Table *tables; /* of each axis; the shared vector is the first, inputs the last */
    Segment *segments;
    Column *columns;
    Step *steps;
    int32_t *outputs; /* space and slot of each */
    int32_t gradient_slot; /* of output 1, if 1, 2, ... lie side by side, else -1 */
    double *totals, *gradient;
    double **base; /* of each space */
    ptrdiff_t *lengths;
    int64_t size; /* numbers that a row needs */
    int64_t work; /* numbers that a row computes */
    int64_t bytes;
    int64_t pulses, next_look;
    double last_look;
} Machine;

/* The types of the module: machine.c and bound.c. */
extern PyTypeObject Machine_type, Bound_type;

/* memory.c */
double *numbers(Machine *m, size_t n); /* all zero; NULL: no memory */
/* Memory for so many rows of a table; what was there is lost if that is not enough. */
int room(Machine *m, Table *table, int64_t rows, int64_t length);
void Machine_dealloc(Machine *m);

/* reading.c */
typedef struct Reader {
    const int32_t *at, *end;
    int bad;
} Reader;

/* What a text may ask memory for: as much as was given with it. */
typedef struct Given {
    int64_t shared, longest; /* numbers of the shared vector, of the longest lanes */
} Given;

/* What the text says, into a machine that has its kernels; -1: no memory. `bad`: it is no text. */
int read_program(Machine *m, Reader *r, const Given *given);

#endif
