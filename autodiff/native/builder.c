/* The Builder of autodiff/program/node.py as an object of Python; nodes.c says what is in it. */

#include "nodes.h"

#include <stddef.h>
#include <structmember.h>

PyTypeObject *BuilderType;

static PyObject *builder_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"gated", NULL};
    int gated = 1;
    Builder *b;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "|p", names, &gated))
        return NULL;
    b = (Builder *)type->tp_alloc(type, 0);
    if (b == NULL)
        return NULL;
    b->gated = (char)gated;
    b->names = PyDict_New();
    if (b->names == NULL)
        Py_CLEAR(b);
    return (PyObject *)b;
}

static void empty_builder(Builder *b)
{
    forget_handles(b);
    PyMem_RawFree(b->rows);
    PyMem_RawFree(b->operands);
    PyMem_RawFree(b->numbers);
    PyMem_RawFree(b->known);
    PyMem_RawFree(b->known_numbers);
    memset(&b->rows, 0, offsetof(Builder, names) - offsetof(Builder, rows));
}

static void builder_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    empty_builder((Builder *)self);
    Py_XDECREF(((Builder *)self)->names);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyObject *builder_clear(Builder *b, PyObject *Py_UNUSED(none))
{
    empty_builder(b);
    PyDict_Clear(b->names);
    Py_RETURN_NONE;
}

static PyObject *answer(Builder *b, Ref found)
{
    return found == FAILED ? NULL : found == NONE ? Py_NewRef(Py_None) : handle(b, found);
}

static PyObject *builder_leaf(Builder *b, PyObject *args)
{
    PyObject *kind, *name = NULL;
    int place, axis, op;
    int32_t before = b->n;
    Ref found;
    if (!PyArg_ParseTuple(args, "Uii|U", &kind, &place, &axis, &name) || (op = op_number(kind)) < 0)
        return NULL;
    found = leaf(b, op, place, axis);
    if (found == FAILED || (found == before && name && PyUnicode_GET_LENGTH(name) && give_name(b, found, name)))
        return NULL;
    return handle(b, found);
}

/* record(op, args), and known(op, args) */
static PyObject *of_op(Builder *b, PyObject *const *given, Py_ssize_t count, int only_known)
{
    Py_ssize_t n;
    Ref *args, found;
    int op;
    if (count != 2) {
        PyErr_SetString(PyExc_TypeError, "an op and its operands are wanted");
        return NULL;
    }
    op = op_number(given[0]);
    args = op < 0 ? NULL : refs_of(given[1], &b, &n);
    if (args == NULL)
        return NULL;
    found = only_known ? find(b, op, args, (int32_t)n) : record(b, op, args, (int32_t)n);
    PyMem_RawFree(args);
    return answer(b, found);
}

static PyObject *builder_record(Builder *b, PyObject *const *given, Py_ssize_t count)
{
    return of_op(b, given, count, 0);
}

static PyObject *builder_known(Builder *b, PyObject *const *given, Py_ssize_t count)
{
    return of_op(b, given, count, 1);
}

static PyObject *builder_total(Builder *b, PyObject *args)
{
    PyObject *object;
    int axis;
    Ref x;
    if (!PyArg_ParseTuple(args, "Oi", &object, &axis) || (x = ref_of(b, object)) == FAILED)
        return NULL;
    return answer(b, total(b, x, axis));
}

static PyObject *builder_plain_total(Builder *b, PyObject *args)
{
    PyObject *object;
    int axis;
    Ref x;
    if (!PyArg_ParseTuple(args, "Oi", &object, &axis) || (x = ref_of(b, object)) == FAILED)
        return NULL;
    return answer(b, plain_total(b, x, axis));
}

static PyObject *builder_total_product(Builder *b, PyObject *args)
{
    PyObject *first, *second;
    int axis;
    Ref x, y;
    if (!PyArg_ParseTuple(args, "OOi", &first, &second, &axis) || (x = ref_of(b, first)) == FAILED ||
        (y = ref_of(b, second)) == FAILED)
        return NULL;
    return answer(b, total_product(b, x, y, axis));
}

static PyObject *builder_ops(Builder *b, PyObject *Py_UNUSED(none))
{
    PyObject *found = PySet_New(NULL);
    uint8_t *seen = ZEROS(uint8_t, op_count());
    int32_t i;
    for (i = 0; found && seen && i < b->n; i++)
        if (b->rows[i].count && !seen[b->rows[i].op]) {
            seen[b->rows[i].op] = 1;
            if (PySet_Add(found, op_name(b->rows[i].op)))
                Py_CLEAR(found);
        }
    if (seen == NULL)
        Py_CLEAR(found);
    PyMem_RawFree(seen);
    return found;
}

static PyObject *get_nodes(Builder *b, void *Py_UNUSED(closure))
{
    PyObject *list = PyList_New(b->n);
    int32_t i;
    for (i = 0; list != NULL && i < PyList_GET_SIZE(list); i++) {
        PyObject *node = handle(b, i);
        if (node == NULL)
            Py_CLEAR(list);
        else
            PyList_SET_ITEM(list, i, node);
    }
    return list;
}

static PyMethodDef builder_methods[] = {
    {"clear", (PyCFunction)builder_clear, METH_NOARGS, NULL},
    {"leaf", (PyCFunction)builder_leaf, METH_VARARGS, NULL},
    {"record", (PyCFunction)(void (*)(void))builder_record, METH_FASTCALL, NULL},
    {"known", (PyCFunction)(void (*)(void))builder_known, METH_FASTCALL, NULL},
    {"total", (PyCFunction)builder_total, METH_VARARGS, NULL},
    {"plain_total", (PyCFunction)builder_plain_total, METH_VARARGS, NULL},
    {"total_product", (PyCFunction)builder_total_product, METH_VARARGS, NULL},
    {"ops", (PyCFunction)builder_ops, METH_NOARGS, NULL},
    {NULL},
};

static PyGetSetDef builder_attributes[] = {
    {"nodes", (getter)get_nodes, NULL, NULL, NULL},
    {NULL},
};

static PyMemberDef builder_members[] = {
    {"gated", T_BOOL, offsetof(Builder, gated), 0, NULL},
    {"dropped", T_BOOL, offsetof(Builder, dropped), 0, NULL},
    {"plain", T_BOOL, offsetof(Builder, plain), 0, NULL},
    {NULL},
};

static PyType_Slot builder_slots[] = {
    {Py_tp_new, builder_new},
    {Py_tp_dealloc, builder_dealloc},
    {Py_tp_methods, builder_methods},
    {Py_tp_getset, builder_attributes},
    {Py_tp_members, builder_members},
    {0, NULL},
};

static PyType_Spec builder_spec = {
    .name = "autodiff.program.node.Builder",
    .basicsize = sizeof(Builder),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = builder_slots,
};

int begin_builders(void)
{
    BuilderType = (PyTypeObject *)PyType_FromSpec(&builder_spec);
    return BuilderType == NULL ? -1 : 0;
}
