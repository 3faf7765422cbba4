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

All of it runs under the GIL. Attributes are in attributes.c, `backward` is in walk.c. */

#define PY_SSIZE_T_CLEAN
#include "compiled.h"

#include <stddef.h>
#include <structmember.h>

#include "scalars.h"

PyTypeObject *ValueType;
PyObject *surroundings, *texts[TEXTS];
static PyObject *reference;    /* the class of value.py */
static PyObject *modes, *tape; /* the ContextVars of autodiff.modes */

static const char *const spelled[TEXTS] = {
    "", "name", "forward", "__record__", "__init__", "backward", "graph", "local_slopes",
    "_computed_again", "no_record", "taped",
};

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
    if (node->asides)
        forget_asides(node);
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

static PyObject *value_backward(PyObject *self, PyObject *Py_UNUSED(none))
{
    int outcome = mode() != CHECKED ? add_gradients((Value *)self) : ODD;
    if (outcome == DONE)
        Py_RETURN_NONE;
    if (outcome == FAILED || PyErr_Occurred())
        return NULL;
    return PyObject_CallMethodOneArg(reference, texts[BACKWARD], self);
}

PyDoc_STRVAR(slopes_of_doc, "slopes_of(root, xs)\n--\n\nAs in autodiff/backends/caching.py: the same sweep, which changes no gradient.");

static PyObject *slopes_of(PyObject *Py_UNUSED(module), PyObject *const *given, Py_ssize_t count)
{
    PyObject *found;
    int outcome = ODD;
    if (count == 2 && is_value(given[0]) && PyList_CheckExact(given[1]) && mode() != CHECKED)
        outcome = find_slopes((Value *)given[0], given[1], &found);
    if (outcome == DONE)
        return found;
    return outcome == FAILED || PyErr_Occurred() ? NULL : Py_NewRef(Py_NotImplemented);
}

/* ---------------------------------------------------------------- the module */

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
    PyObject *name, *doc, *fallback;
    PyMethodDef *definition;
    int row;
    if (!PyArg_ParseTuple(args, "UUO", &name, &doc, &fallback))
        return NULL;
    row = row_number(name);
    if (row < 0)
        return NULL;
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
    if (prepare_attributes())
        return NULL;
    for (row = 0; row < TEXTS; row++)
        if ((texts[row] = PyUnicode_InternFromString(spelled[row])) == NULL)
            return NULL;
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
