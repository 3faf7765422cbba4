/* Nodes as objects of Python.

A `Node` is only a handle: its builder and its number. It is made when Python code asks for it, and as
long as it lives the builder hands out the same one, so `is` means what it means in Python. Handles
hold the builder and the builder does not hold them: there are no cycles, the collector has nothing to
do, and a builder of a million nodes is freed by freeing a few arrays. */

#include "nodes.h"

#include <stddef.h>
#include <structmember.h>

PyTypeObject *NodeType;

static PyObject *empty;

typedef struct {
    PyObject_HEAD
    Builder *home;
    int32_t index; /* -1: the builder was cleared */
} Node;

enum { HANDLES = 256 }; /* of a page: Python has a few nodes of millions */

static PyObject **handle_place(Builder *b, Ref ref)
{
    int32_t page = ref / HANDLES;
    if (page >= b->handles_room &&
        grow_zeroed((void **)&b->handles, sizeof *b->handles, &b->handles_room, b->n / HANDLES + 1))
        return NULL;
    if (b->handles[page] == NULL && (b->handles[page] = ZEROS(PyObject *, HANDLES)) == NULL)
        return NULL;
    return &b->handles[page][ref % HANDLES];
}

PyObject *handle(Builder *b, Ref ref)
{
    PyObject **place;
    Node *made;
    if (is_constant(ref))
        return PyFloat_FromDouble(number_of(b, ref));
    place = handle_place(b, ref);
    if (place == NULL || *place != NULL)
        return Py_XNewRef(place ? *place : NULL);
    made = PyObject_New(Node, NodeType);
    if (made == NULL)
        return NULL;
    made->home = (Builder *)Py_NewRef((PyObject *)b);
    made->index = ref;
    return *place = (PyObject *)made;
}

static void node_dealloc(PyObject *self)
{
    Node *node = (Node *)self;
    PyTypeObject *type = Py_TYPE(self);
    if (node->index >= 0)
        *handle_place(node->home, node->index) = NULL; /* it was put there */
    Py_DECREF(node->home);
    PyObject_Free(self);
    Py_DECREF(type);
}

void forget_handles(Builder *b)
{
    int32_t page, i;
    for (page = 0; page < b->handles_room; page++) {
        for (i = 0; b->handles[page] && i < HANDLES; i++)
            if (b->handles[page][i] != NULL)
                ((Node *)b->handles[page][i])->index = -1;
        PyMem_RawFree(b->handles[page]);
    }
    PyMem_RawFree(b->handles);
    b->handles = NULL;
    b->handles_room = 0;
}

static int is_here(const Node *node)
{
    if (node->index < 0)
        PyErr_SetString(PyExc_RuntimeError, "the builder of this node was cleared");
    return node->index >= 0;
}

Ref ref_of(Builder *b, PyObject *object)
{
    double x;
    if (Py_TYPE(object) == NodeType) {
        Node *node = (Node *)object;
        if (!is_here(node))
            return FAILED;
        if (node->home != b) {
            PyErr_SetString(PyExc_ValueError, "nodes of two builders");
            return FAILED;
        }
        return node->index;
    }
    x = PyFloat_AsDouble(object);
    return x == -1.0 && PyErr_Occurred() ? FAILED : constant(b, x);
}

Ref *refs_of(PyObject *sequence, Builder **b, Py_ssize_t *n)
{
    PyObject *fast = PySequence_Fast(sequence, "a sequence of Nodes and floats is wanted");
    Ref *refs = NULL;
    Py_ssize_t i;
    if (fast == NULL)
        return NULL;
    *n = PySequence_Fast_GET_SIZE(fast);
    for (i = 0; *b == NULL && i < *n; i++)
        if (Py_TYPE(PySequence_Fast_GET_ITEM(fast, i)) == NodeType)
            *b = ((Node *)PySequence_Fast_GET_ITEM(fast, i))->home;
    refs = ZEROS(Ref, *n);
    for (i = 0; refs != NULL && *b != NULL && i < *n; i++)
        if ((refs[i] = ref_of(*b, PySequence_Fast_GET_ITEM(fast, i))) == FAILED) {
            PyMem_RawFree(refs);
            refs = NULL;
        }
    Py_DECREF(fast);
    return refs;
}

PyObject *handles_of(Builder *b, const Ref *refs, Py_ssize_t n)
{
    PyObject *list = PyList_New(n);
    Py_ssize_t i;
    for (i = 0; list != NULL && i < n; i++) {
        PyObject *x = handle(b, refs[i]);
        if (x == NULL)
            Py_CLEAR(list);
        else
            PyList_SET_ITEM(list, i, x);
    }
    return list;
}

PyObject *call_with(Builder *b, PyObject *function, PyObject *first, const Ref *args, int32_t n)
{
    PyObject *given = PyTuple_New(n + (first != NULL)), *result = NULL;
    int32_t i, k = 0;
    if (given == NULL)
        return NULL;
    if (first != NULL)
        PyTuple_SET_ITEM(given, k++, Py_NewRef(first));
    for (i = 0; i < n; i++, k++) {
        PyObject *x = handle(b, args[i]);
        if (x == NULL)
            goto done;
        PyTuple_SET_ITEM(given, k, x);
    }
    result = PyObject_Call(function, given, NULL);
done:
    Py_DECREF(given);
    return result;
}

PyObject *name_of(Builder *b, Ref node)
{
    PyObject *name = b->rows[node].named ? PyLong_FromLong(node) : NULL, *found = NULL;
    if (name != NULL) {
        found = PyDict_GetItemWithError(b->names, name);
        Py_DECREF(name);
    }
    return found ? found : empty;
}

int give_name(Builder *b, Ref node, PyObject *name)
{
    PyObject *key = PyLong_FromLong(node);
    int failed = key == NULL || PyDict_SetItem(b->names, key, name);
    Py_XDECREF(key);
    if (!failed)
        b->rows[node].named = PyObject_IsTrue(name) == 1;
    return failed ? -1 : 0;
}

static PyObject *get_op(Node *self, void *Py_UNUSED(closure))
{
    return is_here(self) ? Py_NewRef(op_name(self->home->rows[self->index].op)) : NULL;
}

static PyObject *get_operands(Node *self, void *Py_UNUSED(closure))
{
    Builder *b = self->home;
    PyObject *tuple;
    int32_t i, n;
    if (!is_here(self))
        return NULL;
    n = b->rows[self->index].count;
    tuple = PyTuple_New(n);
    for (i = 0; tuple != NULL && i < n; i++) {
        PyObject *x = handle(b, operands_of(b, self->index)[i]);
        if (x == NULL)
            Py_CLEAR(tuple);
        else
            PyTuple_SET_ITEM(tuple, i, x);
    }
    return tuple;
}

static PyObject *get_axis(Node *self, void *Py_UNUSED(closure))
{
    return is_here(self) ? PyLong_FromLong(self->home->rows[self->index].axis) : NULL;
}

static PyObject *get_place(Node *self, void *Py_UNUSED(closure))
{
    return is_here(self) ? PyLong_FromLong(self->home->rows[self->index].place) : NULL;
}

static PyObject *get_index(Node *self, void *Py_UNUSED(closure))
{
    return is_here(self) ? PyLong_FromLong(self->index) : NULL;
}

static PyObject *get_name(Node *self, void *Py_UNUSED(closure))
{
    return is_here(self) ? Py_NewRef(name_of(self->home, self->index)) : NULL;
}

static int set_name(Node *self, PyObject *name, void *Py_UNUSED(closure))
{
    if (name == NULL || !PyUnicode_Check(name)) {
        PyErr_SetString(PyExc_TypeError, "a name is a string");
        return -1;
    }
    return is_here(self) ? give_name(self->home, self->index, name) : -1;
}

static PyGetSetDef node_attributes[] = {
    {"op", (getter)get_op, NULL, NULL, NULL},
    {"operands", (getter)get_operands, NULL, NULL, NULL},
    {"axis", (getter)get_axis, NULL, NULL, NULL},
    {"place", (getter)get_place, NULL, NULL, NULL},
    {"index", (getter)get_index, NULL, NULL, NULL},
    {"name", (getter)get_name, (setter)set_name, NULL, NULL},
    {NULL},
};

static PyMemberDef node_members[] = {
    {"home", T_OBJECT, offsetof(Node, home), READONLY, NULL},
    {NULL},
};

static PyType_Slot node_slots[] = {
    {Py_tp_dealloc, node_dealloc},
    {Py_tp_getset, node_attributes},
    {Py_tp_members, node_members},
    {0, NULL},
};

static PyType_Spec node_spec = {
    .name = "autodiff.program.node.Node",
    .basicsize = sizeof(Node),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = node_slots,
};

int begin_handles(void)
{
    empty = PyUnicode_InternFromString("");
    NodeType = empty ? (PyTypeObject *)PyType_FromSpec(&node_spec) : NULL;
    return NodeType == NULL ? -1 : 0;
}
