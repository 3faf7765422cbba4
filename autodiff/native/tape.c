/* `fields` and `loaded` of autodiff/program/tape.py: from nodes to what a tape keeps, and back. */

#include "nodes.h"

/* Ops, and constants, in the order in which a tape names them first. */
typedef struct {
    Code code;
    Ints ops, constants; /* by number here: the number there */
    PyObject *names_of_ops;
    double *numbers;
    int32_t n_numbers, numbers_room;
} Recorder;

/* An operand as a tape has it; FAILED. */
static Ref on_tape(Recorder *r, const Builder *b, const int32_t *where, Ref x)
{
    int32_t k;
    if (!is_constant(x))
        return where[x];
    k = renumbered(&r->constants, ~x, r->n_numbers);
    if (k == r->n_numbers && !ROOM(r->numbers, k, r->numbers_room, 1))
        r->numbers[r->n_numbers++] = number_of(b, x);
    return k < 0 || k == r->n_numbers ? FAILED : ~k;
}

static int put_on_tape(Recorder *r, const Builder *b, const int32_t *where, Ref node)
{
    const Row *row = &b->rows[node];
    int32_t op = listed_op(&r->ops, r->names_of_ops, row->op), k;
    if (op < 0 || code_room(&r->code, (int64_t)row->count + 4))
        return -1;
    r->code.at[r->code.n++] = op;
    r->code.at[r->code.n++] = row->place;
    r->code.at[r->code.n++] = row->axis;
    r->code.at[r->code.n++] = row->count;
    for (k = 0; k < row->count; k++)
        if ((r->code.at[r->code.n++] = on_tape(r, b, where, operands_of(b, node)[k])) == FAILED)
            return -1;
    return 0;
}

/* names[place] = its name, if it has one */
static int name_on_tape(PyObject *names, Builder *b, int32_t place, Ref node)
{
    PyObject *key = b->rows[node].named ? PyLong_FromLong(place) : NULL;
    int failed = b->rows[node].named && (!key || PyDict_SetItem(names, key, name_of(b, node)));
    Py_XDECREF(key);
    return failed ? -1 : 0;
}

/* fields(outputs) -> code, numbers, ops, names, outputs */
PyObject *nodes_fields(PyObject *Py_UNUSED(module), PyObject *given)
{
    Builder *b = NULL;
    Recorder r = {0};
    Py_ssize_t n, k;
    Ref *outputs = refs_of(given, &b, &n), i;
    uint8_t *needed = NULL;
    int32_t *where = NULL, count = 0;
    PyObject *names = NULL, *out = NULL, *result = NULL;
    if (outputs == NULL)
        return NULL;
    if (b == NULL) { /* nothing varies */
        PyMem_RawFree(outputs);
        return Py_NewRef(Py_NotImplemented);
    }
    needed = needed_for(b, outputs, n);
    where = ZEROS(int32_t, b->n);
    names = PyDict_New(), r.names_of_ops = PyList_New(0), out = PyList_New(n);
    if (!needed || !where || !names || !r.names_of_ops || !out)
        goto done;
    for (i = 0; i < b->n; i++)
        if (needed[i]) {
            where[i] = count++;
            if (put_on_tape(&r, b, where, i) || name_on_tape(names, b, where[i], i))
                goto done;
        }
    for (k = 0; k < n; k++) {
        Ref x = on_tape(&r, b, where, outputs[k]);
        PyObject *number = x == FAILED ? NULL : PyLong_FromLong(x);
        if (number == NULL)
            goto done;
        PyList_SET_ITEM(out, k, number);
    }
    result = Py_BuildValue("Ny#OOO", code_bytes(&r.code), r.n_numbers ? (const char *)r.numbers : "",
                           (Py_ssize_t)r.n_numbers * (Py_ssize_t)sizeof *r.numbers, r.names_of_ops,
                           names, out);
done:
    Py_XDECREF(r.names_of_ops);
    Py_XDECREF(names);
    Py_XDECREF(out);
    Py_XDECREF(r.code.bytes);
    PyMem_RawFree(r.ops.at);
    PyMem_RawFree(r.constants.at);
    PyMem_RawFree(r.numbers);
    PyMem_RawFree(needed);
    PyMem_RawFree(where);
    PyMem_RawFree(outputs);
    return result;
}

/* A tape while it is loaded. */
typedef struct {
    Py_buffer code, numbers;
    Ints ops, constants; /* by number there: the number, or the operand, here */
    Ints made;           /* by place on the tape */
    Ints args;
} Loader;

static Ref from_tape(const Loader *l, int64_t x)
{
    if (x >= 0 && x < l->made.n)
        return l->made.at[x];
    if (x < 0 && ~x < l->constants.n)
        return l->constants.at[~x];
    PyErr_SetString(PyExc_IndexError, "an operand comes before its user on a tape");
    return FAILED;
}

/* The node that stands at `at`: how many numbers it takes, or -1. */
static int32_t load_node(Builder *b, Loader *l, const int32_t *at, int64_t left)
{
    int32_t n = left < 4 ? -1 : at[3], k;
    Ref found;
    int op;
    if (n < 0 || n > left - 4 || at[0] < 0 || at[0] >= l->ops.n ||
        ((op = l->ops.at[at[0]]) == TOTAL && n != 1) || (op == TOTAL_PRODUCT && n != 2)) {
        PyErr_SetString(PyExc_ValueError, "this is no tape");
        return -1;
    }
    for (l->args.n = 0, k = 0; k < n; k++) {
        Ref x = from_tape(l, at[4 + k]);
        if (x == FAILED || push(&l->args, x))
            return -1;
    }
    found = n ? rebuilt(b, op, at[1], l->args.at, n) : leaf(b, op, at[1], at[2]);
    return found == FAILED || push(&l->made, found) ? -1 : n + 4;
}

/* The ops and constants of a tape here. */
static int prepare(Builder *b, Loader *l, PyObject *ops)
{
    Py_ssize_t k;
    for (k = 0; k < PyList_GET_SIZE(ops); k++) {
        int op = op_number(PyList_GET_ITEM(ops, k));
        if (op < 0 || push(&l->ops, op))
            return -1;
    }
    for (k = 0; k < l->numbers.len / (Py_ssize_t)sizeof(double); k++) {
        double number;
        Ref x;
        memcpy(&number, (const char *)l->numbers.buf + k * (Py_ssize_t)sizeof number, sizeof number);
        if ((x = constant(b, number)) == FAILED || push(&l->constants, x))
            return -1;
    }
    return 0;
}

/* loaded(builder, fields) -> outputs */
PyObject *nodes_loaded(PyObject *Py_UNUSED(module), PyObject *const *given, Py_ssize_t count)
{
    PyObject *ops, *names, *out, *fast, *key, *name, *result = NULL;
    Loader l = {0};
    Ref *outputs = NULL;
    Py_ssize_t k, position = 0;
    Builder *b;
    if (count != 2 || Py_TYPE(given[0]) != BuilderType || !PyTuple_Check(given[1])) {
        PyErr_SetString(PyExc_TypeError, "a builder and the fields of a tape are wanted");
        return NULL;
    }
    b = (Builder *)given[0];
    if (!PyArg_ParseTuple(given[1], "y*y*O!O!O", &l.code, &l.numbers, &PyList_Type, &ops, &PyDict_Type,
                          &names, &out))
        return NULL;
    fast = PySequence_Fast(out, "outputs are a sequence");
    if (fast == NULL || prepare(b, &l, ops) || expect(b, l.code.len / 4 / 6, l.code.len / 4 / 3))
        goto done; /* a node of two operands takes 6 numbers */
    for (k = 0; k < l.code.len / 4;) {
        const int32_t *at = (const int32_t *)l.code.buf + k;
        int32_t taken = load_node(b, &l, at, l.code.len / 4 - k);
        if (taken < 0)
            goto done;
        k += taken;
    }
    while (PyDict_Next(names, &position, &key, &name)) {
        k = PyLong_AsSsize_t(key);
        if (k >= 0 && k < l.made.n && !is_constant(l.made.at[k]) && !b->rows[l.made.at[k]].named &&
            give_name(b, l.made.at[k], name))
            goto done;
    }
    outputs = ZEROS(Ref, PySequence_Fast_GET_SIZE(fast));
    for (k = 0; outputs && k < PySequence_Fast_GET_SIZE(fast); k++) {
        int64_t x = PyLong_AsLongLong(PySequence_Fast_GET_ITEM(fast, k));
        if (PyErr_Occurred() || (outputs[k] = from_tape(&l, x)) == FAILED)
            goto done;
    }
    if (outputs != NULL)
        result = handles_of(b, outputs, PySequence_Fast_GET_SIZE(fast));
done:
    Py_XDECREF(fast);
    PyBuffer_Release(&l.code);
    PyBuffer_Release(&l.numbers);
    PyMem_RawFree(l.ops.at);
    PyMem_RawFree(l.constants.at);
    PyMem_RawFree(l.made.at);
    PyMem_RawFree(l.args.at);
    PyMem_RawFree(outputs);
    return result;
}
