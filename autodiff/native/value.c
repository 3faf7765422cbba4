/* Value as a C type: the hot paths of autodiff/value.py, number for number the same.

The Python class stays the reference. `adopt(Value)` gives this type whatever attribute of that
class it does not have itself: names, formulas, copies, `forward`. And every case that is not plain
(a switch of autodiff.modes is on, an operand that is neither Value, float nor int, a row of the
table without a kernel here) is handed to the method of the Python class, which works on either
type. So the rules and the messages are written once, in Python; here stands arithmetic.

What makes it fast and small:

  * A node is 80 bytes: its number, its gradient, up to two operands and the numbers that these had.
    No tuple, no float object, no dict. A constant operand is a null pointer and its number.
    Further operands are a pair of tuples.
  * The collector does not track it. A graph has no cycles, since operands are older than their
    node. (A subclass made by a class statement is tracked, as all of those are.)
  * A node is freed when its last user goes: those to come wait in a list, so depth costs no stack.
  * `backward` finds the place of a node in its arrays by `mark`. The mark is right when the array of
    visited nodes has this node at that place, so nothing is ever reset (Briggs and Torczon, 1993).

All of it runs under the GIL, and no Python code runs inside `backward` unless a row has no kernel.
*/

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <structmember.h>

#include "value.h"

#ifdef __GNUC__
#define PREFETCH(p) __builtin_prefetch(p)
#else
#define PREFETCH(p) ((void)(p))
#endif

static PyTypeObject *ValueType;
static PyObject *names;        /* address: name */
static PyObject *other_data;   /* address: what was stored in `data` that is no float; used later */
static PyObject *other_grad;
static PyObject *reference;    /* the class of value.py */
static PyObject *surroundings; /* the globals of value.py */
static PyObject *modes, *tape; /* the ContextVars of autodiff.modes */
static PyObject *empty_tuple;

/* Names to look up. Interned: the type cache keeps what it was asked for, by address. */
enum { EMPTY, NAME, FORWARD, RECORD, INIT, BACKWARD, GRAPH, LOCAL_SLOPES, COMPUTED_AGAIN, NO_RECORD,
       TAPED_MODE, TEXTS };
static PyObject *texts[TEXTS];
static const char *const spelled[TEXTS] = {
    "", "name", "forward", "__record__", "__init__", "backward", "graph", "local_slopes",
    "_computed_again", "no_record", "taped",
};

static inline int is_value(PyObject *object)
{
    return Py_TYPE(object) == ValueType || PyType_IsSubtype(Py_TYPE(object), ValueType);
}

static PyObject *aside(PyObject *dict, Value *node)
{
    PyObject *key = PyLong_FromVoidPtr(node), *found;
    if (key == NULL)
        return NULL;
    found = PyDict_GetItemWithError(dict, key);
    Py_DECREF(key);
    return Py_XNewRef(found);
}

/* Keep `object` beside the node, or with NULL what is kept no longer. */
static int set_aside(PyObject *dict, Value *node, uint8_t flag, PyObject *object)
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

/* ---------------------------------------------------------------- kernels

The rows of the table that are computed here, after the Python functions of real.py, activations.py
and powers.py: the same operations in the same order, so the same bits. A slope is d out / d operand. */

enum {
    LEAF, ADD, SUB, MUL, DIV, POWER,
    NEG, ALIAS, ABSOLUTE, SQUARE, RECIPROCAL, SQRT, EXP, LOG, SIN, COS, TANH, SIGMOID, RELU,
    SUM, INNER, KERNELS
};

static const struct {
    const char *name;
    int arity;
} kernels[KERNELS] = {
    {"", 0}, {"add", 2}, {"sub", 2}, {"mul", 2}, {"div", 2}, {"power", 2},
    {"neg", 1}, {"alias", 1}, {"absolute", 1}, {"square", 1}, {"reciprocal", 1}, {"sqrt", 1},
    {"exp", 1}, {"log", 1}, {"sin", 1}, {"cos", 1}, {"tanh", 1}, {"sigmoid", 1}, {"relu", 1},
    {"sum", MANY}, {"inner", MANY},
};

#define TINY 2.2250738585072014e-308

static inline double two(int row, double x, double y)
{
    switch (row) {
    case ADD: return x + y;
    case SUB: return x - y;
    case MUL: return x * y;
    case DIV: return x / y;
    default: return pow(x, y);
    }
}

static double sigmoid(double x)
{
    double e;
    if (x >= 0.0)
        return 1.0 / (1.0 + exp(-x));
    e = exp(x);
    return e / (1.0 + e);
}

static inline double one(int row, double x)
{
    switch (row) {
    case NEG: return -x;
    case ALIAS: return x;
    case ABSOLUTE: return fabs(x);
    case SQUARE: return x * x;
    case RECIPROCAL: return 1.0 / x;
    case SQRT: return sqrt(x);
    case EXP: return exp(x);
    case LOG: return x > 0.0 ? log(x) : x == 0.0 ? -Py_HUGE_VAL : Py_NAN;
    case SIN: return isinf(x) ? Py_NAN : sin(x);
    case COS: return isinf(x) ? Py_NAN : cos(x);
    case TANH: return tanh(x);
    case SIGMOID: return sigmoid(x);
    default: return x > 0.0 || isnan(x) ? x : 0.0; /* RELU */
    }
}

static double tanh_slope(double x)
{
    x = fabs(x);
    if (x < 0.55) {
        double t = tanh(x);
        return 1.0 - t * t;
    }
    x = exp(-2.0 * x);
    return 4.0 * x / ((1.0 + x) * (1.0 + x));
}

static double sigmoid_slope(double x)
{
    double e = exp(-fabs(x));
    return e / ((1.0 + e) * (1.0 + e));
}

static inline double slope_of_one(int row, double out, double x)
{
    switch (row) {
    case NEG: return -1.0;
    case ALIAS: return 1.0;
    case ABSOLUTE: return x > 0.0 ? 1.0 : x < 0.0 ? -1.0 : x;
    case SQUARE: return 2.0 * x;
    case RECIPROCAL: return -(out * out);
    case SQRT: return x > 0.0 ? 0.5 / sqrt(x) : x == 0.0 ? Py_HUGE_VAL : Py_NAN;
    case EXP: return out;
    case LOG: return x > 0.0 ? 1.0 / x : x == 0.0 ? Py_HUGE_VAL : Py_NAN;
    case SIN: return isinf(x) ? Py_NAN : cos(x);
    case COS: return isinf(x) ? Py_NAN : -sin(x);
    case TANH: return tanh_slope(x);
    case SIGMOID: return sigmoid_slope(x);
    default: return x > 0.0 ? 1.0 : x <= 0.0 ? 0.0 : Py_NAN; /* RELU */
    }
}

/* ---------------------------------------------------------------- rows by name */

static PyObject *row_names;   /* list: the names of the kernels, then of rows that were met later */
static PyObject *row_numbers; /* name: number */

static int row_number(PyObject *name)
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

/* ---------------------------------------------------------------- recording */

enum { CHECKED = 0, RECORDED, UNRECORDED, TAPED };

static int ever_switched; /* until then nobody can have switched anything */

/* What the switches of autodiff.modes say; CHECKED is for the Python class. The set is looked into
   when it is another than before, and never changes while it is kept. */
static inline int mode(void)
{
    static PyObject *last;
    static int last_mode;
    PyObject *active;
    if (!ever_switched)
        return RECORDED;
    if (PyContextVar_Get(modes, NULL, &active) || active == NULL)
        return CHECKED;
    if (active != last) {
        Py_ssize_t count = PySet_GET_SIZE(active);
        last_mode = count ? CHECKED : RECORDED;
        if (count == 1 && PySet_Contains(active, texts[NO_RECORD]) == 1)
            last_mode = UNRECORDED;
        else if (count == 1 && PySet_Contains(active, texts[TAPED_MODE]) == 1)
            last_mode = TAPED;
        Py_XSETREF(last, Py_NewRef(active));
    }
    Py_DECREF(active);
    return last_mode;
}

/* A new node, which `taped` puts on its list. */
static inline PyObject *recorded(Value *node, int now)
{
    PyObject *list = NULL;
    if (now != TAPED)
        return (PyObject *)node;
    if (PyContextVar_Get(tape, NULL, &list) == 0 && list == NULL)
        PyErr_SetObject(PyExc_LookupError, tape);
    if (list == NULL || PyList_Append(list, (PyObject *)node))
        Py_CLEAR(node);
    Py_XDECREF(list);
    return (PyObject *)node;
}

/* Nodes to be used again. A program that makes and drops the same graph over and over, as training
   does, would otherwise spend its time on giving memory back to the system and asking for it. */
static Value *freed;
static int freed_count;
enum { FREED_ROOM = 1 << 14 }; /* 1.3 MB */

static inline Value *new_node(int row, int arity, double data)
{
    Value *node = freed;
    if (node != NULL) {
        freed = node->next;
        freed_count--;
        (void)PyObject_Init((PyObject *)node, ValueType);
    } else if ((node = PyObject_New(Value, ValueType)) == NULL)
        return NULL;
    node->data = data;
    node->grad = 0.0;
    node->a = node->b = node->weak = NULL;
    node->x = node->y = 0.0;
    node->mark = 0;
    node->row = (uint16_t)row;
    node->arity = (uint8_t)arity;
    node->asides = 0;
    return node;
}

/* An operand as a number and, unless it is a constant, as a Value. 0: not a plain one. */
static inline int operand(PyObject *given, PyObject **value, double *number)
{
    *value = NULL;
    if (PyFloat_CheckExact(given)) {
        *number = PyFloat_AS_DOUBLE(given);
        return 1;
    }
    if (PyLong_CheckExact(given)) {
        *number = PyLong_AsDouble(given);
        if (*number != -1.0 || !PyErr_Occurred())
            return 1;
        PyErr_Clear(); /* too large: the Python class says so */
        return 0;
    }
    if (!is_value(given))
        return 0;
    *value = given;
    *number = ((Value *)given)->data;
    return !(((Value *)given)->asides & OTHER_DATA);
}

static const char *const infix[] = {
    [ADD] = "add", [SUB] = "sub", [MUL] = "mul", [DIV] = "truediv", [POWER] = "pow",
};
static PyObject *left_methods[POWER + 1], *right_methods[POWER + 1];
static PyObject *unary_methods[KERNELS];

static inline PyObject *binary(int row, PyObject *left, PyObject *right)
{
    PyObject *a, *b;
    double x, y;
    int now;
    if (operand(left, &a, &x) && operand(right, &b, &y) && (now = mode()) != CHECKED) {
        Value *node;
        if (row == ADD && a == NULL && x == 0.0 && PyLong_CheckExact(left))
            return Py_NewRef(right); /* where the builtin sum() starts */
        if (now == UNRECORDED)
            return (PyObject *)new_node(LEAF, 0, two(row, x, y));
        node = new_node(row, 2, two(row, x, y));
        if (node == NULL)
            return NULL;
        node->a = Py_XNewRef(a);
        node->b = Py_XNewRef(b);
        node->x = x;
        node->y = y;
        return recorded(node, now);
    }
    if (PyErr_Occurred())
        return NULL;
    if (is_value(left))
        return PyObject_CallFunctionObjArgs(left_methods[row], left, right, NULL);
    return PyObject_CallFunctionObjArgs(right_methods[row], right, left, NULL);
}

static PyObject *value_add(PyObject *left, PyObject *right) { return binary(ADD, left, right); }
static PyObject *value_sub(PyObject *left, PyObject *right) { return binary(SUB, left, right); }
static PyObject *value_mul(PyObject *left, PyObject *right) { return binary(MUL, left, right); }
static PyObject *value_div(PyObject *left, PyObject *right) { return binary(DIV, left, right); }

static PyObject *value_power(PyObject *left, PyObject *right, PyObject *modulus)
{
    if (modulus != Py_None) {
        if (!is_value(left))
            Py_RETURN_NOTIMPLEMENTED;
        return PyObject_CallFunctionObjArgs(left_methods[POWER], left, right, modulus, NULL);
    }
    return binary(POWER, left, right);
}

static inline PyObject *unary(int row, PyObject *self)
{
    PyObject *a;
    double x;
    int now;
    if (operand(self, &a, &x) && (now = mode()) != CHECKED) {
        Value *node;
        if (now == UNRECORDED)
            return (PyObject *)new_node(LEAF, 0, one(row, x));
        node = new_node(row, 1, one(row, x));
        if (node == NULL)
            return NULL;
        node->a = Py_NewRef(self);
        node->x = x;
        return recorded(node, now);
    }
    if (PyErr_Occurred())
        return NULL;
    return PyObject_CallOneArg(unary_methods[row], self);
}

#define UNARY(row, name) \
    static PyObject *value_##name(PyObject *self) { return unary(row, self); } \
    static PyObject *method_##name(PyObject *self, PyObject *Py_UNUSED(none)) { return unary(row, self); }

UNARY(NEG, neg)
UNARY(ABSOLUTE, absolute)
#undef UNARY
#define UNARY(row, name) \
    static PyObject *method_##name(PyObject *self, PyObject *Py_UNUSED(none)) { return unary(row, self); }
UNARY(SQUARE, square)
UNARY(RECIPROCAL, reciprocal)
UNARY(SQRT, sqrt)
UNARY(EXP, exp)
UNARY(LOG, log)
UNARY(SIN, sin)
UNARY(COS, cos)
UNARY(TANH, tanh)
UNARY(SIGMOID, sigmoid)
UNARY(RELU, relu)

static const PyCFunction unary_functions[KERNELS] = {
    [NEG] = method_neg, [ABSOLUTE] = method_absolute, [SQUARE] = method_square,
    [RECIPROCAL] = method_reciprocal, [SQRT] = method_sqrt, [EXP] = method_exp, [LOG] = method_log,
    [SIN] = method_sin, [COS] = method_cos, [TANH] = method_tanh, [SIGMOID] = method_sigmoid,
    [RELU] = method_relu,
};

static inline int has_kernel_for(int row, Py_ssize_t n)
{
    return row == SUM || (row == INNER && n % 2 == 0) ||
           (n <= 2 && row < KERNELS && kernels[row].arity == n);
}

/* ---------------------------------------------------------------- as a number */

static const char *const comparisons[] = {
    [Py_LT] = "__lt__", [Py_LE] = "__le__", [Py_GT] = "__gt__", [Py_GE] = "__ge__",
};
static PyObject *comparison_methods[Py_GE + 1];
static PyObject *bool_method;

static PyObject *value_compare(PyObject *left, PyObject *right, int how)
{
    PyObject *a, *b;
    double x, y;
    if (how == Py_EQ || how == Py_NE)
        Py_RETURN_NOTIMPLEMENTED; /* identity */
    if (operand(left, &a, &x) && operand(right, &b, &y))
        Py_RETURN_RICHCOMPARE(x, y, how);
    return PyObject_CallFunctionObjArgs(comparison_methods[how], left, right, NULL);
}

static int value_bool(PyObject *self)
{
    PyObject *a, *result;
    double x;
    int truth;
    if (operand(self, &a, &x))
        return x != 0.0;
    result = PyObject_CallOneArg(bool_method, self);
    truth = result ? PyObject_IsTrue(result) : -1;
    Py_XDECREF(result);
    return truth;
}

/* ---------------------------------------------------------------- calls of rows */

/* What a row makes of plain numbers: by its kernel, or by its `forward` of the point. */
static int compute(int row, PyObject *op, Py_ssize_t n, const double *numbers, PyObject *point,
                   double *data)
{
    PyObject *forward, *result;
    Py_ssize_t i;
    if (has_kernel_for(row, n)) {
        if (row != SUM && row != INNER) {
            *data = n == 2 ? two(row, numbers[0], numbers[1]) : one(row, numbers[0]);
            return 1;
        }
        *data = 0.0;
        for (i = 0; i < (row == SUM ? n : n / 2); i++)
            *data += row == SUM ? numbers[i] : numbers[i] * numbers[n / 2 + i];
        return 1;
    }
    forward = PyObject_GetAttr(op, texts[FORWARD]);
    result = forward ? PyObject_Call(forward, point, NULL) : NULL;
    Py_XDECREF(forward);
    if (result == NULL)
        return 0;
    if (!PyFloat_CheckExact(result)) /* a row of a user, that answers an int or a NumPy scalar */
        Py_SETREF(result, PyNumber_Float(result));
    if (result == NULL)
        return 0;
    *data = PyFloat_AS_DOUBLE(result);
    Py_DECREF(result);
    return 1;
}

enum { FEW = 16 };

/* Value.__record__(op, args): a node for any row. */
static PyObject *value_record(PyObject *Py_UNUSED(none), PyObject *const *given, Py_ssize_t count)
{
    PyObject *op, *args, *name, *value, *operands = NULL, *point = NULL;
    double few[FEW], *numbers = few, data;
    Value *node = NULL;
    Py_ssize_t i, n;
    int row, plain, now = mode();
    if (count != 2 || !PyTuple_CheckExact(given[1]) || now == CHECKED) {
        PyObject *python = PyErr_Occurred() ? NULL : PyObject_GetAttr(reference, texts[RECORD]);
        PyObject *result = python ? PyObject_Vectorcall(python, given, count, NULL) : NULL;
        Py_XDECREF(python);
        return result;
    }
    op = given[0], args = given[1];
    n = PyTuple_GET_SIZE(args);
    name = PyObject_GetAttr(op, texts[NAME]);
    row = name ? row_number(name) : -1;
    Py_XDECREF(name);
    if (row < 0)
        return NULL;
    if (n > FEW && (numbers = PyMem_Malloc(n * sizeof *numbers)) == NULL)
        return PyErr_NoMemory();
    for (i = 0, plain = 1; i < n && plain; i++)
        plain = operand(PyTuple_GET_ITEM(args, i), &value, &numbers[i]);
    if (!plain) {
        PyObject *python = PyObject_GetAttr(reference, texts[RECORD]);
        node = python ? (Value *)PyObject_Vectorcall(python, given, count, NULL) : NULL;
        Py_XDECREF(python);
        goto done;
    }
    if (n > 2 || !has_kernel_for(row, n)) {
        point = PyTuple_New(n), operands = PyTuple_New(n);
        if (point == NULL || operands == NULL)
            goto done;
        for (i = 0; i < n; i++) {
            PyObject *item = PyTuple_GET_ITEM(args, i), *number;
            number = PyFloat_CheckExact(item) ? Py_NewRef(item) : PyFloat_FromDouble(numbers[i]);
            if (number == NULL)
                goto done;
            PyTuple_SET_ITEM(point, i, number);
            PyTuple_SET_ITEM(operands, i, Py_NewRef(is_value(item) ? item : number));
        }
    }
    if (!compute(row, op, n, numbers, point, &data))
        goto done;
    node = now != UNRECORDED ? new_node(row, n > 2 ? MANY : (int)n, data) : new_node(LEAF, 0, data);
    if (node == NULL || now == UNRECORDED)
        goto done;
    if (n > 2) {
        node->a = operands, node->b = point;
        operands = point = NULL;
    } else {
        for (i = 0; i < n; i++) {
            PyObject *item = PyTuple_GET_ITEM(args, i);
            *(i ? &node->b : &node->a) = is_value(item) ? Py_NewRef(item) : NULL;
            *(i ? &node->y : &node->x) = numbers[i];
        }
    }
    node = (Value *)recorded(node, now);
done:
    Py_XDECREF(operands);
    Py_XDECREF(point);
    if (numbers != few)
        PyMem_Free(numbers);
    return (PyObject *)node;
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

/* ---------------------------------------------------------------- making and freeing */

static int value_init(PyObject *self, PyObject *args, PyObject *keywords)
{
    PyObject *method, *result;
    Value *node = (Value *)self;
    Py_ssize_t count = PyTuple_GET_SIZE(args);
    if (keywords == NULL && (count == 1 || count == 2) && !node->arity && !node->asides) {
        PyObject *value, *name = count == 2 ? PyTuple_GET_ITEM(args, 1) : texts[EMPTY];
        double number;
        if (operand(PyTuple_GET_ITEM(args, 0), &value, &number) && value == NULL &&
            PyUnicode_CheckExact(name) &&
            (name == texts[EMPTY] || (PyUnicode_GET_LENGTH(name) > 0 &&
                                      !Py_UNICODE_ISSPACE(PyUnicode_READ_CHAR(name, 0))))) {
            node->data = number;
            node->grad = 0.0;
            node->row = LEAF;
            return name == texts[EMPTY] ? 0 : set_aside(names, node, NAMED, name);
        }
    }
    method = PyObject_GetAttr(reference, texts[INIT]);
    if (method == NULL)
        return -1;
    {
        Py_ssize_t i;
        PyObject *all = PyTuple_New(count + 1);
        if (all == NULL) {
            Py_DECREF(method);
            return -1;
        }
        PyTuple_SET_ITEM(all, 0, Py_NewRef(self));
        for (i = 0; i < count; i++)
            PyTuple_SET_ITEM(all, i + 1, Py_NewRef(PyTuple_GET_ITEM(args, i)));
        result = PyObject_Call(method, all, keywords);
        Py_DECREF(all);
    }
    Py_DECREF(method);
    Py_XDECREF(result);
    return result ? 0 : -1;
}

static Value *waiting; /* nodes without users that are to be freed */
static int freeing;

static void free_node(Value *node)
{
    PyTypeObject *type = Py_TYPE(node);
    Py_XDECREF(node->a); /* joins those that wait, when this was its last user */
    Py_XDECREF(node->b);
    if (type == ValueType && freed_count < FREED_ROOM) {
        node->next = freed;
        freed = node;
        freed_count++;
    } else
        type->tp_free(node);
    Py_DECREF(type);
}

static void value_dealloc(PyObject *self)
{
    Value *node = (Value *)self;
    if (node->weak != NULL)
        PyObject_ClearWeakRefs(self);
    if (node->asides) {
        PyObject *type, *value, *traceback;
        PyErr_Fetch(&type, &value, &traceback);
        set_aside(names, node, NAMED, NULL);
        set_aside(other_data, node, OTHER_DATA, NULL);
        set_aside(other_grad, node, OTHER_GRAD, NULL);
        PyErr_Restore(type, value, traceback);
    }
    node->next = waiting;
    waiting = node;
    if (freeing)
        return;
    freeing = 1;
    while (waiting != NULL) {
        node = waiting;
        waiting = node->next;
        free_node(node);
    }
    freeing = 0;
}

/* ---------------------------------------------------------------- backward */

typedef struct {
    Value *node;
    size_t left; /* operands still to come, from the last to the first */
} Step;

typedef struct {
    Value **nodes;    /* operands before users */
    double *adjoints; /* beside them */
    char *reached;    /* beside them: whether anything flows to it */
    Step *steps;      /* nodes that wait for their operands, each for the one after it */
    uint32_t n, room;
    uint32_t by_python; /* nodes whose slopes Python computed */
    uint8_t asides;   /* of any of the nodes */
    uint8_t sure;     /* all rows have kernels that never leave it to Python */
    uint8_t pinned;   /* the nodes are held */
} Walk;

static Walk spare; /* the arrays of the last walk, when nobody uses them */
static uint64_t markings;
enum { SPARE_ROOM = 1 << 16 };

static int grow(Walk *walk)
{
    size_t room = walk->room ? (size_t)walk->room * 2 : 256;
    void *p;
    if (room > UINT32_MAX / 2)
        goto no_memory;
#define GROW(array) \
    if ((p = PyMem_RawRealloc(walk->array, room * sizeof *walk->array)) == NULL) goto no_memory; \
    walk->array = p;
    GROW(nodes)
    GROW(adjoints)
    GROW(reached)
    GROW(steps)
#undef GROW
    walk->room = (uint32_t)room;
    return 0;
no_memory:
    PyErr_NoMemory();
    return -1;
}

static void end_walk(Walk *walk)
{
    if (walk->pinned) {
        uint32_t i;
        for (i = 0; i < walk->n; i++)
            Py_DECREF(walk->nodes[i]);
    }
    if (spare.room == 0 && walk->room <= SPARE_ROOM) {
        spare = *walk;
        return;
    }
    PyMem_RawFree(walk->nodes);
    PyMem_RawFree(walk->adjoints);
    PyMem_RawFree(walk->reached);
    PyMem_RawFree(walk->steps);
}

static inline int has_kernel(Value *node)
{
    return node->row < KERNELS && kernels[node->row].arity == node->arity;
}

static inline int is_met(const Walk *walk, const Value *node)
{
    return node->mark < walk->n && walk->nodes[node->mark] == node;
}

/* Operand `k`; NULL for a constant. */
static inline Value *operand_of(const Value *node, size_t k)
{
    PyObject *item;
    if (node->arity != MANY)
        return (Value *)(k ? node->b : node->a);
    item = PyTuple_GET_ITEM(node->a, k);
    return is_value(item) ? (Value *)item : NULL;
}

/* The nodes behind `root` in the order of graph.topological(root, right_first=True). The mark of a
   node is its place among them or, inverted, among the steps while it waits for its operands. */
static int find_order(Walk *walk, Value *root)
{
    Value **nodes = walk->nodes, *node = root, *user = NULL;
    Step *steps = walk->steps;
    size_t left = 0; /* operands of the last step, `user`, still to come */
    uint32_t n = 0, depth = 0, i;
    uint8_t asides = 0, sure = 1;
    walk->n = walk->by_python = walk->pinned = 0;
    while (node != NULL) { /* met for the first time */
        if (n + depth == walk->room) {
            if (grow(walk))
                return -1;
            nodes = walk->nodes, steps = walk->steps;
        }
        asides |= node->asides;
        sure &= has_kernel(node) && node->row != POWER && node->arity != MANY;
        if (depth > 0)
            steps[depth - 1].left = left;
        left = node->arity == MANY ? (size_t)PyTuple_GET_SIZE(node->a) : node->arity;
        PREFETCH(node->a);
        node->mark = ~depth;
        steps[depth++].node = user = node;
        for (node = NULL; node == NULL && depth > 0;) {
            if (left > 0) {
                node = operand_of(user, --left);
                if (node != NULL && ((node->mark < n && nodes[node->mark] == node) ||
                                     (~node->mark < depth && steps[~node->mark].node == node)))
                    node = NULL;
            } else {
                user->mark = n;
                nodes[n++] = user;
                if (--depth > 0)
                    user = steps[depth - 1].node, left = steps[depth - 1].left;
            }
        }
    }
    for (i = 0; i < n; i++)
        walk->adjoints[i] = -0.0; /* -0 + x is x for every x */
    memset(walk->reached, 0, n);
    walk->n = n;
    walk->asides = asides;
    walk->sure = sure;
    markings++;
    return 0;
}

/* Whether a node was computed again, by `forward` of another root, without its users. */
static int is_mixed(Walk *walk)
{
    uint32_t i;
    for (i = 0; i < walk->n; i++) {
        Value *node = walk->nodes[i];
        Py_ssize_t k, count = node->arity == MANY ? PyTuple_GET_SIZE(node->a) : node->arity;
        for (k = 0; k < count; k++) {
            Value *arg = operand_of(node, k);
            double seen = k ? node->y : node->x;
            if (arg != NULL && node->arity == MANY) {
                PyObject *number = k < PyTuple_GET_SIZE(node->b) ? PyTuple_GET_ITEM(node->b, k) : Py_None;
                if (!PyFloat_CheckExact(number))
                    return 1;
                seen = PyFloat_AS_DOUBLE(number);
            }
            if (arg != NULL && arg->arity && (arg->data != seen || arg->asides & OTHER_DATA) &&
                !(isnan(arg->data) && isnan(seen)))
                return 1;
        }
    }
    return 0;
}

static inline void flow(Walk *walk, PyObject *arg, double part)
{
    uint32_t place = ((Value *)arg)->mark;
    if (walk->pinned && !is_met(walk, (Value *)arg))
        return; /* Python code has given a node other operands meanwhile */
    walk->adjoints[place] += part;
    walk->reached[place] = 1;
}

enum { DONE = 0, FAILED = -1, ODD = 1 }; /* ODD: leave it to the Python class */

/* A row without a kernel: its slopes come from graph.local_slopes. */
static int flow_by_python(Walk *walk, Value *node, double adjoint, uint64_t *marking)
{
    PyObject *graph, *slopes;
    Py_ssize_t k;
    int outcome = DONE;
    walk->by_python++;
    if (!walk->pinned) { /* Python code might drop a node */
        uint32_t i;
        for (i = 0; i < walk->n; i++)
            Py_INCREF(walk->nodes[i]);
        walk->pinned = 1;
    }
    graph = PyDict_GetItemWithError(surroundings, texts[GRAPH]);
    if (graph == NULL)
        return ODD;
    slopes = PyObject_CallMethodOneArg(graph, texts[LOCAL_SLOPES], (PyObject *)node);
    if (slopes == NULL)
        return FAILED;
    if (*marking != markings) { /* another walk came between, in a partial or in a thread */
        uint32_t i;
        for (i = 0; i < walk->n; i++)
            walk->nodes[i]->mark = i;
        *marking = ++markings;
    }
    if (!PyList_CheckExact(slopes))
        outcome = ODD;
    for (k = 0; outcome == DONE && k < PyList_GET_SIZE(slopes); k++) {
        PyObject *pair = PyList_GET_ITEM(slopes, k), *arg, *slope;
        if (!PyTuple_CheckExact(pair) || PyTuple_GET_SIZE(pair) != 2) {
            outcome = ODD;
            break;
        }
        arg = PyTuple_GET_ITEM(pair, 0), slope = PyTuple_GET_ITEM(pair, 1);
        if (!is_value(arg) || !is_met(walk, (Value *)arg))
            outcome = ODD;
        else if (PyFloat_Check(slope))
            flow(walk, arg, adjoint * PyFloat_AS_DOUBLE(slope));
        else if (PyLong_Check(slope)) {
            double number = PyLong_AsDouble(slope);
            if (number == -1.0 && PyErr_Occurred()) {
                PyErr_Clear();
                outcome = ODD;
            } else
                flow(walk, arg, adjoint * number);
        } else
            outcome = ODD;
    }
    Py_DECREF(slopes);
    return outcome;
}

/* sum and inner. 0 when the tuples are not those of such a row. */
static int flow_of_many(Walk *walk, Value *node, double adjoint)
{
    Py_ssize_t k, n = PyTuple_GET_SIZE(node->a), half = n / 2;
    if (PyTuple_GET_SIZE(node->b) != n || (node->row == INNER && n % 2))
        return 0;
    for (k = 0; k < n; k++)
        if (!PyFloat_CheckExact(PyTuple_GET_ITEM(node->b, k)))
            return 0;
    for (k = 0; k < n; k++) {
        PyObject *arg = PyTuple_GET_ITEM(node->a, k);
        if (!is_value(arg))
            continue;
        if (node->row == SUM)
            flow(walk, arg, adjoint * 1.0);
        else
            flow(walk, arg,
                 adjoint * PyFloat_AS_DOUBLE(PyTuple_GET_ITEM(node->b, k < half ? k + half : k - half)));
    }
    return 1;
}

/* d x**y where it is plain; the rest is for powers.py. */
static int flow_of_power(Walk *walk, Value *node, double adjoint)
{
    double first = 0.0, second = 0.0;
    if (node->a != NULL) {
        double p = node->y >= 1.0 ? pow(node->x, node->y - 1.0) : 0.0;
        if (!(TINY <= fabs(p) && fabs(p) < Py_HUGE_VAL))
            return 0;
        first = node->y * p;
    }
    if (node->b != NULL) {
        double v = pow(node->x, node->y);
        if (!(node->x > 0.0 && v >= TINY))
            return 0;
        second = v * log(node->x);
    }
    if (node->a != NULL)
        flow(walk, node->a, adjoint * first);
    if (node->b != NULL)
        flow(walk, node->b, adjoint * second);
    return 1;
}

/* The chain rule: graph.sweep(root, 1.0, order, graph.local_slopes). The adjoint of a node is
   complete when the node is reached; where nothing can fail, it is added to its gradient there and
   then, instead of by another walk over the memory of all nodes. */
static int sweep(Walk *walk, int committing)
{
    static const double units[] = {1.0, -1.0};
    uint64_t marking = markings;
    uint32_t k = walk->n;
    walk->adjoints[k - 1] = 1.0;
    walk->reached[k - 1] = 1;
    while (k-- > 0) {
        Value *node = walk->nodes[k];
        double adjoint = walk->adjoints[k], slope;
        int row = node->row, outcome;
        if (!walk->reached[k])
            continue;
        if (committing)
            node->grad += adjoint;
        if (node->arity == 0)
            continue;
        if (has_kernel(node)) {
            switch (row) {
            case ADD: case SUB: case MUL: { /* without a branch for each, which nobody foresees */
                const double *first = row == MUL ? &node->y : &units[0];
                const double *second = row == MUL ? &node->x : &units[row == SUB];
                if (node->a) flow(walk, node->a, adjoint * *first);
                if (node->b) flow(walk, node->b, adjoint * *second);
                continue;
            }
            case DIV:
                if (node->a) flow(walk, node->a, adjoint * (1.0 / node->y));
                if (node->b) flow(walk, node->b, adjoint * -(node->data / node->y));
                continue;
            case POWER:
                if (flow_of_power(walk, node, adjoint))
                    continue;
                break;
            case SUM: case INNER:
                if (flow_of_many(walk, node, adjoint))
                    continue;
                break;
            default: /* a function of one number */
                slope = slope_of_one(row, node->data, node->x);
                if (node->a && (row != RELU || slope != 0.0)) /* nothing to a branch not taken */
                    flow(walk, node->a, adjoint * slope);
                continue;
            }
        }
        outcome = flow_by_python(walk, node, adjoint, &marking);
        if (outcome != DONE)
            return outcome;
    }
    return DONE;
}

/* Add the adjoints to the gradients: all, or none when one of them is no number. */
static int commit(Walk *walk)
{
    uint32_t i;
    for (i = 0; walk->asides & OTHER_GRAD && i < walk->n; i++)
        if (walk->nodes[i]->asides & OTHER_GRAD && walk->reached[i]) {
            PyObject *grad = aside(other_grad, walk->nodes[i]); /* often the int 0 */
            int small = grad != NULL && PyLong_CheckExact(grad) && Py_ABS(PyLong_AsLong(grad)) < 1 << 30;
            if (PyErr_Occurred())
                PyErr_Clear(), small = 0;
            Py_XDECREF(grad);
            if (!small)
                return ODD;
        }
    for (i = 0; i < walk->n; i++)
        if (walk->reached[i]) {
            Value *node = walk->nodes[i];
            if (node->asides & OTHER_GRAD) {
                PyObject *grad = aside(other_grad, node);
                node->grad = (double)PyLong_AsLong(grad);
                Py_DECREF(grad);
                set_aside(other_grad, node, OTHER_GRAD, NULL);
            }
            node->grad += walk->adjoints[i];
        }
    return DONE;
}

static int backpropagate(Walk *walk, Value *root, int to_gradients)
{
    PyObject *again;
    int at_once, outcome = find_order(walk, root);
    if (outcome != DONE)
        return outcome;
    again = PyDict_GetItemWithError(surroundings, texts[COMPUTED_AGAIN]);
    if (again == Py_True && is_mixed(walk))
        return ODD;
    at_once = to_gradients && walk->sure && !(walk->asides & OTHER_GRAD);
    outcome = sweep(walk, at_once);
    return outcome == DONE && to_gradients && !at_once ? commit(walk) : outcome;
}

static PyObject *value_backward(PyObject *self, PyObject *Py_UNUSED(none))
{
    int outcome = ODD;
    if (mode() != CHECKED) {
        Walk walk = spare;
        spare = (Walk){0};
        outcome = backpropagate(&walk, (Value *)self, 1);
        end_walk(&walk);
    }
    if (outcome == DONE)
        Py_RETURN_NONE;
    if (outcome == FAILED || PyErr_Occurred())
        return NULL;
    return PyObject_CallMethodOneArg(reference, texts[BACKWARD], self);
}

PyDoc_STRVAR(slopes_of_doc, "slopes_of(root, xs)\n--\n\nAs in autodiff/backends/caching.py: the same sweep, which changes no gradient.");

static PyObject *slopes_of(PyObject *Py_UNUSED(module), PyObject *const *given, Py_ssize_t count)
{
    PyObject *result = NULL;
    unsigned int nodes = 0, by_python = 0;
    int outcome = ODD;
    if (count == 2 && is_value(given[0]) && PyList_CheckExact(given[1]) && mode() != CHECKED) {
        Py_ssize_t i, n = PyList_GET_SIZE(given[1]);
        Walk walk = spare;
        spare = (Walk){0};
        outcome = backpropagate(&walk, (Value *)given[0], 0);
        if (outcome == DONE && (result = PyByteArray_FromStringAndSize(NULL, n * 8)) == NULL)
            outcome = FAILED;
        for (i = 0; outcome == DONE && i < n; i++) {
            PyObject *x = PyList_GET_ITEM(given[1], i);
            double slope = 0.0;
            if (!is_value(x))
                outcome = ODD;
            else if (is_met(&walk, (Value *)x) && walk.reached[((Value *)x)->mark])
                slope = walk.adjoints[((Value *)x)->mark];
            memcpy(PyByteArray_AS_STRING(result) + 8 * i, &slope, 8);
        }
        nodes = walk.n;
        by_python = walk.by_python;
        end_walk(&walk);
    }
    if (outcome == DONE)
        return Py_BuildValue("NII", result, nodes, by_python);
    Py_XDECREF(result);
    return outcome == FAILED || PyErr_Occurred() ? NULL : Py_NewRef(Py_NotImplemented);
}

/* ---------------------------------------------------------------- the module */

static PyGetSetDef attributes[] = {
    {"data", (getter)get_data, (setter)set_data, NULL, NULL},
    {"grad", (getter)get_grad, (setter)set_grad, NULL, NULL},
    {"name", (getter)get_name, (setter)set_name, NULL, NULL},
    {"op", (getter)get_op, (setter)set_op, NULL, NULL},
    {"operands", (getter)get_operands, (setter)set_operands, NULL, NULL},
    {"point", (getter)get_point, (setter)set_point, NULL, NULL},
    {NULL},
};

static PyMemberDef members[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(Value, weak), READONLY, NULL},
    {NULL},
};

static PyMethodDef methods[] = {
    {"backward", value_backward, METH_NOARGS, NULL},
    {"__record__", (PyCFunction)(void (*)(void))value_record, METH_FASTCALL | METH_STATIC, NULL},
    {NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_init, value_init},
    {Py_tp_dealloc, value_dealloc},
    {Py_tp_getset, attributes},
    {Py_tp_members, members},
    {Py_tp_methods, methods},
    {Py_nb_add, value_add},
    {Py_nb_subtract, value_sub},
    {Py_nb_multiply, value_mul},
    {Py_nb_true_divide, value_div},
    {Py_nb_power, value_power},
    {Py_nb_negative, value_neg},
    {Py_nb_absolute, value_absolute},
    {Py_nb_bool, value_bool},
    {Py_tp_richcompare, value_compare},
    {Py_tp_hash, NULL}, /* that of object: a type that compares does not inherit it */
    {Py_tp_doc, "Value(data, name='')\n--\n\n"},
    {0, NULL},
};

static PyType_Spec spec = {
    .name = "autodiff.value.Value",
    .basicsize = sizeof(Value),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .slots = slots,
};

PyDoc_STRVAR(adopt_doc, "adopt(cls)\n--\n\nThe C type, with the attributes of `cls` that it does not have itself.");

static PyObject *adopt(PyObject *Py_UNUSED(module), PyObject *cls)
{
    PyObject *its, *name, *attribute, *modes_module, *method;
    Py_ssize_t position = 0;
    char wanted[32];
    int row;
    if (!PyType_Check(cls))
        return PyErr_Format(PyExc_TypeError, "a class is wanted, not %R", cls);
    Py_XSETREF(reference, Py_NewRef(cls));
    modes_module = PyImport_ImportModule("autodiff.modes");
    if (modes_module == NULL)
        return NULL;
    Py_XSETREF(modes, PyObject_GetAttrString(modes_module, "MODES"));
    Py_XSETREF(tape, PyObject_GetAttrString(modes_module, "TAPE"));
    Py_DECREF(modes_module);
    if (modes == NULL || tape == NULL)
        return NULL;
    method = PyObject_GetAttr(cls, texts[BACKWARD]);
    if (method == NULL)
        return NULL;
    Py_XSETREF(surroundings, PyObject_GetAttrString(method, "__globals__"));
    Py_DECREF(method);
    if (surroundings == NULL)
        return NULL;
    for (row = ADD; row <= POWER; row++) {
        PyOS_snprintf(wanted, sizeof wanted, "__%s__", infix[row]);
        Py_XSETREF(left_methods[row], PyObject_GetAttrString(cls, wanted));
        PyOS_snprintf(wanted, sizeof wanted, "__r%s__", infix[row]);
        Py_XSETREF(right_methods[row], PyObject_GetAttrString(cls, wanted));
        if (left_methods[row] == NULL || right_methods[row] == NULL)
            return NULL;
    }
    for (row = Py_LT; row <= Py_GE; row++)
        if (comparisons[row]) {
            Py_XSETREF(comparison_methods[row], PyObject_GetAttrString(cls, comparisons[row]));
            if (comparison_methods[row] == NULL)
                return NULL;
        }
    Py_XSETREF(bool_method, PyObject_GetAttrString(cls, "__bool__"));
    if (bool_method == NULL)
        return NULL;
    Py_XSETREF(unary_methods[NEG], PyObject_GetAttrString(cls, "__neg__"));
    Py_XSETREF(unary_methods[ABSOLUTE], PyObject_GetAttrString(cls, "__abs__"));
    if (unary_methods[NEG] == NULL || unary_methods[ABSOLUTE] == NULL)
        return NULL;
    its = PyObject_GetAttrString(cls, "__dict__");
    if (its == NULL)
        return NULL;
    Py_SETREF(its, PyDict_Copy(((PyTypeObject *)cls)->tp_dict));
    if (its == NULL)
        return NULL;
    while (PyDict_Next(its, &position, &name, &attribute)) {
        int own = PyDict_Contains(ValueType->tp_dict, name);
        int skipped = PyUnicode_CompareWithASCIIString(name, "__slots__") == 0 ||
                      PyUnicode_CompareWithASCIIString(name, "__weakref__") == 0;
        int is_doc = PyUnicode_CompareWithASCIIString(name, "__doc__") == 0;
        if (own < 0 || ((!own || is_doc) && !skipped &&
                        PyObject_SetAttr((PyObject *)ValueType, name, attribute))) {
            Py_DECREF(its);
            return NULL;
        }
    }
    Py_DECREF(its);
    return Py_NewRef((PyObject *)ValueType);
}

PyDoc_STRVAR(method_doc, "method(name, doc, fallback)\n--\n\nThe method of a row that has a kernel, or None. `fallback` takes what is not plain.");

static PyObject *method(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *name, *doc, *fallback, *known;
    PyMethodDef *definition;
    long row;
    if (!PyArg_ParseTuple(args, "UUO", &name, &doc, &fallback))
        return NULL;
    known = PyDict_GetItemWithError(row_numbers, name);
    if (known == NULL && PyErr_Occurred())
        return NULL;
    row = known ? PyLong_AsLong(known) : KERNELS;
    if (row >= KERNELS || unary_functions[row] == NULL)
        Py_RETURN_NONE;
    definition = PyMem_Calloc(1, sizeof *definition); /* for as long as the type lives: for ever */
    if (definition == NULL)
        return PyErr_NoMemory();
    definition->ml_name = kernels[row].name;
    definition->ml_meth = unary_functions[row];
    definition->ml_flags = METH_NOARGS;
    definition->ml_doc = PyUnicode_AsUTF8(Py_NewRef(doc));
    Py_XSETREF(unary_methods[row], Py_NewRef(fallback));
    return PyDescr_NewMethod(ValueType, definition);
}

PyDoc_STRVAR(switched_doc, "switched()\n--\n\nA switch of autodiff.modes is set from now on.");

static PyObject *switched(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
    ever_switched = 1;
    Py_RETURN_NONE;
}

static PyMethodDef functions[] = {
    {"adopt", adopt, METH_O, adopt_doc},
    {"method", method, METH_VARARGS, method_doc},
    {"switched", switched, METH_NOARGS, switched_doc},
    {"slopes_of", (PyCFunction)(void (*)(void))slopes_of, METH_FASTCALL, slopes_of_doc},
    {NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "autodiff.native.value",
    .m_doc = "Value as a C type: the hot paths of autodiff.value.",
    .m_size = -1,
    .m_methods = functions,
};

PyMODINIT_FUNC PyInit_value(void)
{
    static Inside inside;
    PyObject *it, *capsule;
    int row;
    names = PyDict_New();
    other_data = PyDict_New();
    other_grad = PyDict_New();
    row_names = PyList_New(0);
    row_numbers = PyDict_New();
    empty_tuple = PyTuple_New(0);
    if (!names || !other_data || !other_grad || !row_names || !row_numbers || !empty_tuple)
        return NULL;
    for (row = 0; row < TEXTS; row++)
        if ((texts[row] = PyUnicode_InternFromString(spelled[row])) == NULL)
            return NULL;
    for (row = 0; row < KERNELS; row++) {
        PyObject *name = PyUnicode_InternFromString(kernels[row].name);
        int number = name ? row_number(name) : -1;
        Py_XDECREF(name);
        if (number != row)
            return NULL;
    }
    for (row = 0; slots[row].slot; row++)
        if (slots[row].slot == Py_tp_hash)
            slots[row].pfunc = (void *)PyBaseObject_Type.tp_hash;
    ValueType = (PyTypeObject *)PyType_FromSpec(&spec);
    if (ValueType == NULL)
        return NULL;
    inside = (Inside){&ValueType, row_names, names, &markings};
    it = PyModule_Create(&module);
    capsule = it ? PyCapsule_New(&inside, "autodiff.native.value.INSIDE", NULL) : NULL;
    if (capsule == NULL || PyModule_AddObjectRef(it, "INSIDE", capsule))
        Py_CLEAR(it);
    Py_XDECREF(capsule);
    return it;
}
