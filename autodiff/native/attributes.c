/* The attributes of a compiled Value as Python sees them. Operands and point are made when they are
asked for; what is no plain number, and names, stand aside. */

#define PY_SSIZE_T_CLEAN
#include "compiled.h"

#include "scalars.h"

PyObject *names, *other_data, *other_grad, *row_names;
static PyObject *row_numbers; /* name: number */
static PyObject *empty_tuple;

int prepare_attributes(void)
{
    int row;
    names = PyDict_New();
    other_data = PyDict_New();
    other_grad = PyDict_New();
    row_names = PyList_New(0);
    row_numbers = PyDict_New();
    empty_tuple = PyTuple_New(0);
    if (!names || !other_data || !other_grad || !row_names || !row_numbers || !empty_tuple)
        return -1;
    for (row = 0; row < KERNELS; row++) {
        PyObject *name = PyUnicode_InternFromString(kernels[row].name);
        int number = name ? row_number(name) : -1;
        Py_XDECREF(name);
        if (number != row)
            return -1;
    }
    return 0;
}

/* ---------------------------------------------------------------- what stands aside */

PyObject *aside(PyObject *dict, Value *node)
{
    PyObject *key = PyLong_FromVoidPtr(node), *found;
    if (key == NULL)
        return NULL;
    found = PyDict_GetItemWithError(dict, key);
    Py_DECREF(key);
    return Py_XNewRef(found);
}

/* Keep `object` beside the node, or with NULL what is kept no longer. */
int set_aside(PyObject *dict, Value *node, uint8_t flag, PyObject *object)
{
    PyObject *key;
    int failed;
    if (object == NULL && !(node->asides & flag))
        return 0;
    key = PyLong_FromVoidPtr(node);
    if (key == NULL)
        return -1;
    failed = object ? PyDict_SetItem(dict, key, object) : PyDict_DelItem(dict, key);
    Py_DECREF(key);
    if (!failed)
        node->asides = object ? node->asides | flag : node->asides & ~flag;
    return failed;
}

void forget_asides(Value *node)
{
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    set_aside(names, node, NAMED, NULL);
    set_aside(other_data, node, OTHER_DATA, NULL);
    set_aside(other_grad, node, OTHER_GRAD, NULL);
    PyErr_Restore(type, value, traceback);
}

/* ---------------------------------------------------------------- rows by name */

int row_number(PyObject *name)
{
    PyObject *known = PyDict_GetItemWithError(row_numbers, name);
    Py_ssize_t number;
    if (known != NULL)
        return (int)PyLong_AsLong(known);
    if (PyErr_Occurred())
        return -1;
    number = PyList_GET_SIZE(row_names);
    if (number > UINT16_MAX) {
        PyErr_SetString(PyExc_OverflowError, "more than 65535 names of ops");
        return -1;
    }
    known = PyLong_FromSsize_t(number);
    if (known == NULL || PyDict_SetItem(row_numbers, name, known) || PyList_Append(row_names, name))
        number = -1;
    Py_XDECREF(known);
    return (int)number;
}

/* ---------------------------------------------------------------- attributes */

static PyObject *get_data(Value *self, void *Py_UNUSED(closure))
{
    return self->asides & OTHER_DATA ? aside(other_data, self) : PyFloat_FromDouble(self->data);
}

static int is_there(PyObject *object)
{
    if (object == NULL)
        PyErr_SetString(PyExc_AttributeError, "a Value keeps its attributes");
    return object != NULL;
}

static int set_data(Value *self, PyObject *given, void *Py_UNUSED(closure))
{
    int plain;
    if (!is_there(given))
        return -1;
    plain = PyFloat_CheckExact(given);
    if (plain)
        self->data = PyFloat_AS_DOUBLE(given);
    return set_aside(other_data, self, OTHER_DATA, plain ? NULL : given);
}

static PyObject *get_grad(Value *self, void *Py_UNUSED(closure))
{
    return self->asides & OTHER_GRAD ? aside(other_grad, self) : PyFloat_FromDouble(self->grad);
}

static int set_grad(Value *self, PyObject *given, void *Py_UNUSED(closure))
{
    int plain;
    if (!is_there(given))
        return -1;
    plain = PyFloat_CheckExact(given);
    if (plain)
        self->grad = PyFloat_AS_DOUBLE(given);
    return set_aside(other_grad, self, OTHER_GRAD, plain ? NULL : given);
}

static PyObject *get_name(Value *self, void *Py_UNUSED(closure))
{
    return self->asides & NAMED ? aside(names, self) : Py_NewRef(texts[EMPTY]);
}

static int set_name(Value *self, PyObject *given, void *Py_UNUSED(closure))
{
    int none;
    if (!is_there(given))
        return -1;
    none = PyUnicode_CheckExact(given) && PyUnicode_GET_LENGTH(given) == 0;
    return set_aside(names, self, NAMED, none ? NULL : given);
}

static PyObject *get_op(Value *self, void *Py_UNUSED(closure))
{
    return Py_NewRef(PyList_GET_ITEM(row_names, self->row));
}

static int set_op(Value *self, PyObject *given, void *Py_UNUSED(closure))
{
    int row;
    if (!is_there(given))
        return -1;
    row = row_number(given);
    if (row >= 0)
        self->row = (uint16_t)row;
    return row < 0 ? -1 : 0;
}

static PyObject *one_operand(PyObject *value, double number)
{
    return value ? Py_NewRef(value) : PyFloat_FromDouble(number);
}

/* A tuple of the first `n` of two objects, which are given away. */
static PyObject *pack(int n, PyObject *first, PyObject *second)
{
    PyObject *tuple = first && (n < 2 || second) ? PyTuple_New(n) : NULL;
    if (tuple == NULL) {
        Py_XDECREF(first);
        Py_XDECREF(second);
        return NULL;
    }
    PyTuple_SET_ITEM(tuple, 0, first);
    if (n == 2)
        PyTuple_SET_ITEM(tuple, 1, second);
    return tuple;
}

static PyObject *get_operands(Value *self, void *Py_UNUSED(closure))
{
    int n = self->arity;
    if (n == MANY || n == 0)
        return Py_NewRef(n ? self->a : empty_tuple);
    return pack(n, one_operand(self->a, self->x), n == 2 ? one_operand(self->b, self->y) : NULL);
}

static PyObject *get_point(Value *self, void *Py_UNUSED(closure))
{
    int n = self->arity;
    if (n == MANY || n == 0)
        return Py_NewRef(n ? self->b : empty_tuple);
    return pack(n, PyFloat_FromDouble(self->x), n == 2 ? PyFloat_FromDouble(self->y) : NULL);
}

static int is_short(PyObject *tuple, int values_too)
{
    Py_ssize_t i, n = PyTuple_GET_SIZE(tuple);
    for (i = 0; i < n && n <= 2; i++) {
        PyObject *item = PyTuple_GET_ITEM(tuple, i);
        if (!PyFloat_CheckExact(item) && !(values_too && is_value(item)))
            return 0;
    }
    return n <= 2;
}

static int set_operands(Value *self, PyObject *given, void *Py_UNUSED(closure))
{
    PyObject *a = NULL, *b = NULL, *old_a = self->a, *old_b = self->b;
    if (!is_there(given))
        return -1;
    if (!PyTuple_CheckExact(given)) {
        PyErr_SetString(PyExc_TypeError, "operands are a tuple");
        return -1;
    }
    if (is_short(given, 1)) {
        double numbers[2] = {0.0, 0.0};
        PyObject *values[2] = {NULL, NULL};
        Py_ssize_t i, n = PyTuple_GET_SIZE(given);
        for (i = 0; i < n; i++) {
            PyObject *item = PyTuple_GET_ITEM(given, i);
            if (is_value(item))
                numbers[i] = ((Value *)item)->data, values[i] = item;
            else
                numbers[i] = PyFloat_AS_DOUBLE(item);
        }
        self->arity = (uint8_t)n;
        self->x = numbers[0], self->y = numbers[1];
        a = Py_XNewRef(values[0]), b = Py_XNewRef(values[1]);
    } else {
        self->arity = MANY;
        a = Py_NewRef(given), b = Py_NewRef(empty_tuple);
    }
    self->a = a, self->b = b;
    Py_XDECREF(old_a);
    Py_XDECREF(old_b);
    return 0;
}

static int set_point(Value *self, PyObject *given, void *Py_UNUSED(closure))
{
    if (!is_there(given))
        return -1;
    if (!PyTuple_CheckExact(given)) {
        PyErr_SetString(PyExc_TypeError, "a point is a tuple");
        return -1;
    }
    if (self->arity != MANY) {
        if (PyTuple_GET_SIZE(given) == self->arity && is_short(given, 0)) {
            if (self->arity > 0)
                self->x = PyFloat_AS_DOUBLE(PyTuple_GET_ITEM(given, 0));
            if (self->arity > 1)
                self->y = PyFloat_AS_DOUBLE(PyTuple_GET_ITEM(given, 1));
            return 0;
        } else {
            PyObject *operands = get_operands(self, NULL);
            if (operands == NULL)
                return -1;
            Py_XSETREF(self->a, operands);
            self->arity = MANY;
        }
    }
    Py_XSETREF(self->b, Py_NewRef(given));
    return 0;
}

PyGetSetDef attributes[] = {
    {"data", (getter)get_data, (setter)set_data, NULL, NULL},
    {"grad", (getter)get_grad, (setter)set_grad, NULL, NULL},
    {"name", (getter)get_name, (setter)set_name, NULL, NULL},
    {"op", (getter)get_op, (setter)set_op, NULL, NULL},
    {"operands", (getter)get_operands, (setter)set_operands, NULL, NULL},
    {"point", (getter)get_point, (setter)set_point, NULL, NULL},
    {NULL},
};
