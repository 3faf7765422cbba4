/* Programs for the lane interpreter: `autodiff.native.machine`.
 *
 * A Machine is made from a program's text, int32 numbers that `backends/native_backend.py` writes,
 * and owns all of its memory. It runs any number of rows; rows are taken in windows that fit into
 * the cache. One thread at a time runs a machine; the interpreter's lock is released while it
 * works. reading.h makes it, running.h runs it; here is what Python sees.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "reading.h"
#include "running.h"

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

/* Waits for another thread that runs it. What this thread runs itself, it would wait for in vain:
 * signal handlers come in the middle of a run. */
static int enter(Machine *m)
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

PyDoc_STRVAR(run_doc, "run(parameters, X, order, results, varying)\n--\n\n"
                      "All steps for all rows of X, which has a row for each input.\n\n"
                      "`results` gets each output that is shared, `varying` (or None) a row for "
                      "each one that varies.");

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
        if (shape[0] != m->n_varying || shape[1] != rows.n ||
            !PyBuffer_IsContiguous(&varying.buffer, 'C')) {
            PyErr_Format(PyExc_ValueError,
                         "varying: %d rows of %zd numbers are wanted, side by side", m->n_varying,
                         (Py_ssize_t)rows.n);
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

PyDoc_STRVAR(read_doc, "read(output, into)\n--\n\n"
                       "The numbers of an output of a lane axis, as the last run left them.");

static PyObject *Machine_read(Machine *m, PyObject *const *args, Py_ssize_t count)
{
    if (count != 2) return PyErr_Format(PyExc_TypeError, "read takes 2 arguments, not %zd", count);
    long i = PyLong_AsLong(args[0]);
    if (PyErr_Occurred()) return NULL;
    if (i < 0 || i >= m->n_outputs || m->outputs[2 * i] <= ROWS)
        return PyErr_Format(PyExc_IndexError, "no output %ld on a lane axis", i);
    Numbers into = {0};
    PyObject *answer = NULL;
    const Table *table = &m->tables[m->outputs[2 * i]];
    if (enter(m)) return NULL;
    if (!take(args[1], &into, 1, "d", 1) && !straight(&into, table->length, "into")) {
        memcpy(into.buffer.buf, table->data + m->outputs[2 * i + 1] * table->padded,
               (size_t)table->length * sizeof(double));
        answer = Py_NewRef(Py_None);
    }
    leave(m);
    release(&into);
    return answer;
}

PyDoc_STRVAR(
    descend_doc,
    "descend(parameters, X, order, rate, steps, batch, mean, careful, values)\n--\n\n"
    "Steps of gradient descent; how many were made.\n\n"
    "Output 0 is what falls, the others are its derivatives by all parameters. `batch` is 0 for "
    "steps\n"
    "over all rows, else how many rows each step takes, one batch after the other. `values` gets\n"
    "output 0 before each step. With `careful` it stops before a step whose numbers are not "
    "finite.\n"
    "Parameters are written when it ends, also when it is interrupted: then for all steps made.");

static PyObject *Machine_descend(Machine *m, PyObject *const *args, Py_ssize_t count)
{
    if (count != 9)
        return PyErr_Format(PyExc_TypeError, "descend takes 9 arguments, not %zd", count);
    Numbers p = {0}, x = {0}, order = {0}, values = {0};
    Rows rows;
    PyObject *answer = NULL;
    Descent d = {.rate = PyFloat_AsDouble(args[3]),
                 .steps = PyLong_AsLongLong(args[4]),
                 .batch = PyLong_AsLongLong(args[5]),
                 .mean = PyObject_IsTrue(args[6]),
                 .careful = PyObject_IsTrue(args[7])};
    if (PyErr_Occurred()) return NULL;
    if (m->n_outputs != m->n_parameters + 1 || m->n_shared_outputs != m->n_outputs || d.steps < 0 ||
        d.batch < 0)
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

static PyTypeObject Machine_type;

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

static PyTypeObject Bound_type = {
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
        PyErr_Format(PyExc_ValueError, "no kernels for %s",
                     instructions ? instructions : "this machine");
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
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(leaves);
         i++) { /* numbers of leaves, lane by lane */
        int axis, slot;
        PyObject *lane;
        if (!PyArg_ParseTuple(PyTuple_GET_ITEM(leaves, i), "iiO", &axis, &slot, &lane)) goto failed;
        if (axis <= ROWS || axis > m->n_axes || slot < 0 || slot >= m->tables[axis].rows) {
            PyErr_SetString(PyExc_ValueError, "a leaf that is not in the program");
            goto failed;
        }
        const Table *t = &m->tables[axis];
        if (take(lane, &numbers_, 1, "d", 0) || straight(&numbers_, t->length, "lanes"))
            goto failed;
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

static PyObject *get_bytes(Machine *m, void *nothing)
{
    return (void)nothing, PyLong_FromLongLong(m->bytes);
}

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
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "autodiff.native.machine.Machine",
    .tp_basicsize = sizeof(Machine),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_doc = "A program of the lane interpreter: its text, shared numbers and numbers of lanes.",
    .tp_new = Machine_new,
    .tp_dealloc = (destructor)Machine_dealloc,
    .tp_methods = methods,
    .tp_getset = properties,
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "machine",
    .m_doc = "The lane interpreter: programs at machine speed.",
    .m_size = -1,
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
