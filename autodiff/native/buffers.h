/* Buffers of numbers that Python gives: taken, looked at and given back. */
#ifndef AUTODIFF_BUFFERS_H
#define AUTODIFF_BUFFERS_H

#include "reading.h"

typedef struct Numbers {
    Py_buffer buffer;
    int held;
} Numbers;

/* A buffer of float64 (or int64 if `format` says so); `dimensions` of it. */
int take(PyObject *given, Numbers *n, int dimensions, const char *format, int writable);

static inline void release(Numbers *n)
{
    if (n->held) PyBuffer_Release(&n->buffer);
    n->held = 0;
}

/* -1 with an exception if it is not so many numbers, side by side. */
int straight(const Numbers *n, Py_ssize_t length, const char *what);

/* The rows of X, given as a row for each input; `order` picks some of them. */
int take_rows(Machine *m, PyObject *X, PyObject *order, Numbers *a, Numbers *b, Rows *rows);

#endif
