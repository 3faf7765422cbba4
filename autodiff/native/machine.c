/* Programs for the lane interpreter: `autodiff.native.machine`.
 *
 * A Machine is made from a program's text, int32 numbers that `backends/native_backend.py` writes,
 * and owns all of its memory. It runs any number of rows; rows are taken in windows that fit into
 * the cache. One thread at a time runs a machine; the interpreter's lock is released while it
 * works. reading.c makes it, running.c runs it; here is what Python sees.
 */
#include <stdlib.h>
#include <string.h>

#include "buffers.h"
#include "instruction_sets.h"
#include "running.h"

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

PyTypeObject Machine_type = {
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
    PyObject *made = PyModule_Create(&module);
    if (!made || PyModule_AddObjectRef(made, "Machine", (PyObject *)&Machine_type) ||
        PyModule_AddObjectRef(made, "Bound", (PyObject *)&Bound_type) || add_names(made))
        return NULL;
    return made;
}
