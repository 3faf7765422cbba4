/* One step of descent, bound to its rows: `Bound`. Small programs are run step by step, so what a step
 * needs is looked at once for all.
 */
#include <string.h>

#include "buffers.h"
#include "running.h"

typedef struct Bound {
    PyObject_HEAD
    Machine *machine;
    Numbers parameters, X;
    PyObject *otherwise, *modes, *strict;
    double rate;
    int mean;
} Bound;

static int Bound_traverse(Bound *l, visitproc visit, void *arg)
{
    Py_VISIT(l->parameters.buffer.obj);
    Py_VISIT(l->X.buffer.obj);
    Py_VISIT(l->otherwise);
    Py_VISIT(l->modes);
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
    Py_XDECREF(l->modes);
    Py_XDECREF(l->strict);
    Py_TYPE(l)->tp_free((PyObject *)l);
}

static PyObject *Bound_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    PyObject *machine, *parameters, *X, *otherwise, *modes;
    double rate;
    int mean;
    static char *names[] = {"machine", "parameters", "X", "rate", "mean", "otherwise", "modes", NULL};
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "O!OOdpOO!", names, &Machine_type, &machine,
                                     &parameters, &X, &rate, &mean, &otherwise,
                                     &PyContextVar_Type, &modes))
        return NULL;
    Bound *l = (Bound *)type->tp_alloc(type, 0);
    if (!l) return NULL;
    l->machine = (Machine *)Py_NewRef(machine);
    l->otherwise = Py_NewRef(otherwise);
    l->modes = Py_NewRef(modes);
    l->strict = PyUnicode_InternFromString("strict");
    if (!l->strict) {
        Py_DECREF(l);
        return NULL;
    }
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

/* What is not made here: steps that look at each node, and those that are not finite. */
static PyObject *step_otherwise(Bound *l)
{
    PyObject *otherwise = Py_NewRef(l->otherwise), *made = PyObject_CallNoArgs(otherwise);
    Py_DECREF(otherwise);
    return made;
}

static int is_strict(Bound *l)
{
    PyObject *modes;
    if (PyContextVar_Get(l->modes, NULL, &modes)) return -1;
    int found = modes ? PySequence_Contains(modes, l->strict) : 0;
    Py_XDECREF(modes);
    return found;
}

PyDoc_STRVAR(step_doc, "step()\n--\n\nOne step of descent; the value before it.");

static PyObject *Bound_step(Bound *l, PyObject *nothing)
{
    (void)nothing;
    Machine *m = l->machine;
    const Py_buffer *X = &l->X.buffer;
    Rows rows = {.X = X->buf,
                 .input_step = X->strides[0] / 8,
                 .row_step = X->strides[1] / 8,
                 .n = X->shape[1]};
    double value = 0.0;
    Descent d = {.rate = l->rate, .mean = l->mean, .careful = 1, .steps = 1, .values = &value};
    int64_t done = -1;
    int strict = is_strict(l);
    if (strict) return strict < 0 ? NULL : step_otherwise(l);
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
    if (done == 0) return step_otherwise(l);
    return done < 0 ? NULL : PyFloat_FromDouble(value);
}

static PyMethodDef bound_methods[] = {
    {"step", (PyCFunction)Bound_step, METH_NOARGS, step_doc},
    {0},
};

PyTypeObject Bound_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "autodiff.native.machine.Bound",
    .tp_basicsize = sizeof(Bound),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_doc = "Steps of descent on rows that stay; `otherwise` makes those that are not\n"
              "finite, and all where the modes, a ContextVar, are strict.",
    .tp_new = Bound_new,
    .tp_dealloc = (destructor)Bound_dealloc,
    .tp_traverse = (traverseproc)Bound_traverse,
    .tp_clear = (inquiry)Bound_clear,
    .tp_methods = bound_methods,
};
