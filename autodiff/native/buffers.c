/* Buffers of numbers that Python gives: of the kind that is wanted, as many, where they lie. */
#include <string.h>

#include "buffers.h"

int take(PyObject *given, Numbers *n, int dimensions, const char *format, int writable)
{
    n->held = 0;
    if (PyObject_GetBuffer(given, &n->buffer,
                           PyBUF_STRIDES | PyBUF_FORMAT | (writable ? PyBUF_WRITABLE : 0)))
        return -1;
    n->held = 1;
    const char *f = n->buffer.format ? n->buffer.format : "B";
    if (n->buffer.ndim != dimensions || n->buffer.itemsize != 8 || !f[0] || !strchr(format, f[0]) ||
        f[1]) {
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

int straight(const Numbers *n, Py_ssize_t length, const char *what)
{
    if (n->buffer.len / 8 == length && PyBuffer_IsContiguous(&n->buffer, 'C')) return 0;
    PyErr_Format(PyExc_ValueError, "%s: %zd numbers are wanted, side by side", what, length);
    return -1;
}

int take_rows(Machine *m, PyObject *X, PyObject *order, Numbers *a, Numbers *b, Rows *rows)
{
    memset(rows, 0, sizeof *rows);
    if (take(X, a, 2, "d", 0)) return -1;
    if (a->buffer.shape[0] != m->n_inputs) {
        PyErr_Format(PyExc_ValueError, "%d inputs are wanted, not %zd", m->n_inputs,
                     a->buffer.shape[0]);
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
