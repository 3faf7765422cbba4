/* The module autodiff.native.nodes: what Python finds there, and how it begins.

`adopt` gives both types what they do not have themselves from the Python classes: operators,
messages. */

#include "nodes.h"

static PyObject *given_to(PyTypeObject *type, PyObject *cls)
{
    PyObject *name, *attribute, *its;
    Py_ssize_t position = 0;
    its = PyDict_Copy(((PyTypeObject *)cls)->tp_dict);
    if (its == NULL)
        return NULL;
    while (PyDict_Next(its, &position, &name, &attribute)) {
        int own = PyDict_Contains(type->tp_dict, name);
        int is_doc = PyUnicode_CompareWithASCIIString(name, "__doc__") == 0;
        int skipped = PyUnicode_CompareWithASCIIString(name, "__slots__") == 0 ||
                      PyUnicode_CompareWithASCIIString(name, "__dict__") == 0 ||
                      PyUnicode_CompareWithASCIIString(name, "__init__") == 0 ||
                      PyUnicode_CompareWithASCIIString(name, "__weakref__") == 0;
        if (own < 0 || ((!own || is_doc) && !skipped &&
                        PyObject_SetAttr((PyObject *)type, name, attribute))) {
            Py_DECREF(its);
            return NULL;
        }
    }
    Py_DECREF(its);
    return Py_NewRef((PyObject *)type);
}

static PyObject *nodes_adopt(PyObject *Py_UNUSED(module), PyObject *cls)
{
    if (!PyType_Check(cls))
        return PyErr_Format(PyExc_TypeError, "a class is wanted, not %R", cls);
    return given_to(strcmp(((PyTypeObject *)cls)->tp_name, "Node") ? BuilderType : NodeType, cls);
}

static PyMethodDef functions[] = {
    {"adopt", nodes_adopt, METH_O, "adopt(cls)\n--\n\nThe C type in the place of the class Node or Builder of node.py."},
    {"fields", nodes_fields, METH_O, "fields(outputs)\n--\n\nWhat a tape keeps."},
    {"loaded", (PyCFunction)(void (*)(void))nodes_loaded, METH_FASTCALL, "loaded(builder, fields)\n--\n\nThe outputs of a tape in a builder."},
    {"recorded", (PyCFunction)(void (*)(void))nodes_recorded, METH_FASTCALL, "recorded(outputs, leaves, builder)\n--\n\nAs in trace.py."},
    {"long_sums", (PyCFunction)(void (*)(void))nodes_long_sums, METH_FASTCALL, "long_sums(outputs, leaves)\n--\n\nAs in lanes.py."},
    {"raise_sums", nodes_raise_sums, METH_O, "raise_sums(outputs)\n--\n\nAs in sums.py."},
    {"gradients", (PyCFunction)(void (*)(void))nodes_gradients, METH_FASTCALL, "gradients(y, xs)\n--\n\nAs in differentiate.py."},
    {"planned", (PyCFunction)(void (*)(void))nodes_planned, METH_FASTCALL, "planned(outputs, n_parameters)\n--\n\nAs in laying.py."},
    {"text", nodes_text, METH_VARARGS, "text(code, steps, ways, joints, ones, inputs)\n--\n\nThe segments of a Machine's text."},
    {"arrays_of", (PyCFunction)(void (*)(void))nodes_arrays_of, METH_FASTCALL, "arrays_of(root, nodes, index)\n--\n\nAs in recording.py."},
    {"numbers_of", nodes_numbers_of, METH_O, "numbers_of(values)\n--\n\nAs in caching.py."},
    {"add_to_grads", (PyCFunction)(void (*)(void))nodes_add_to_grads, METH_FASTCALL, "add_to_grads(values, gradient)\n--\n\nAs in caching.py."},
    {NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "autodiff.native.nodes",
    .m_doc = "Nodes of programs, and the passes over them, in C.",
    .m_size = -1,
    .m_methods = functions,
};

PyMODINIT_FUNC PyInit_nodes(void)
{
    static PyObject *made;
    int failed = read_table() || read_rules();
    if (made != NULL || failed) /* where the rules are wants nodes, and was first */
        return Py_XNewRef(made);
    if (begin_ops() || begin_handles() || begin_builders())
        return NULL;
    made = PyModule_Create(&module);
    return Py_XNewRef(made);
}
