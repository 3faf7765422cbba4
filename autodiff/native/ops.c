/* Ops by name: their numbers, and their rows of the table. */

#include "nodes.h"

static PyObject *op_names;   /* list */
static PyObject *op_numbers; /* name: number */
static PyObject *table;      /* autodiff.op.TABLE */

static const char *const spelled[KNOWN_OPS] = {
    "add", "sub", "mul", "div", "neg", "alias", "relu_slope", "inner", "total", "total_product",
    "logsumexp_share", "softmax_share", "softmax_rest", "inner_added", "input", "parameter", "lane",
    "size", "relu",
};

int op_number(PyObject *name)
{
    PyObject *known = PyDict_GetItemWithError(op_numbers, name);
    Py_ssize_t number;
    if (known != NULL)
        return (int)PyLong_AsLong(known);
    if (PyErr_Occurred())
        return -1;
    number = PyList_GET_SIZE(op_names);
    if (number > UINT16_MAX) {
        PyErr_SetString(PyExc_OverflowError, "more than 65535 names of ops");
        return -1;
    }
    known = PyLong_FromSsize_t(number);
    if (known == NULL || PyDict_SetItem(op_numbers, name, known) || PyList_Append(op_names, name))
        number = -1;
    Py_XDECREF(known);
    return (int)number;
}

PyObject *op_name(int op) { return PyList_GET_ITEM(op_names, op); }

int32_t listed_op(Ints *numbers, PyObject *names, int op)
{
    int32_t next = (int32_t)PyList_GET_SIZE(names), number = renumbered(numbers, op, next);
    return number == next && PyList_Append(names, op_name(op)) ? -1 : number;
}

int32_t op_count(void) { return (int32_t)PyList_GET_SIZE(op_names); }

PyObject *op_row(int op)
{
    PyObject *row = PyDict_GetItemWithError(table, op_name(op));
    if (row == NULL && !PyErr_Occurred())
        PyErr_SetObject(PyExc_KeyError, op_name(op));
    return row;
}

PyObject *from_module(const char *module_name, const char *name)
{
    PyObject *it = PyImport_ImportModule(module_name);
    PyObject *found = it ? PyObject_GetAttrString(it, name) : NULL;
    Py_XDECREF(it);
    return found;
}

int read_table(void)
{
    table = from_module("autodiff.op", "TABLE");
    return table == NULL ? -1 : 0;
}

int begin_ops(void)
{
    int op;
    op_names = PyList_New(0);
    op_numbers = PyDict_New();
    if (!op_names || !op_numbers)
        return -1;
    for (op = 0; op < KNOWN_OPS; op++) {
        PyObject *name = PyUnicode_InternFromString(spelled[op]);
        int number = name ? op_number(name) : -1;
        Py_XDECREF(name);
        if (number != op)
            return -1;
    }
    return 0;
}
