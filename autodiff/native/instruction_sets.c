/* The kernels that were built and that this computer can run, and what they are called. */
#include <string.h>

#include "instruction_sets.h"

/* Widest first. */
static const Kernels *available[5];

void find_kernels(void)
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

const Kernels *kernels_called(const char *name)
{
    for (int i = 0; available[i]; i++)
        if (!name || !strcmp(available[i]->name, name)) return available[i];
    return NULL;
}

int add_names(PyObject *module)
{
    PyObject *sets = PyList_New(0), *rows = PyList_New(0);
    PyObject *pairs = PyList_New(0);
    if (!sets || !rows || !pairs) return -1;
    for (int i = 0; available[i]; i++) {
        PyObject *name = PyUnicode_FromString(available[i]->name);
        if (!name || PyList_Append(sets, name)) return -1;
        Py_DECREF(name);
    }
    for (const char *const *row = available[0]->rows; *row; row++) {
        PyObject *name = PyUnicode_FromString(*row);
        if (!name || PyList_Append(rows, name)) return -1;
        Py_DECREF(name);
    }
    PyObject *shared_sets = PyList_New(0);
    if (!shared_sets) return -1;
    for (int i = 0; available[0]->sets[i]; i++) {
        PyObject *name = PyUnicode_FromString(available[0]->sets[i]);
        if (!name || PyList_Append(shared_sets, name)) return -1;
        Py_DECREF(name);
    }
    for (int i = 0; available[0]->firsts[i]; i++) {
        PyObject *pair = Py_BuildValue("ss", available[0]->firsts[i], available[0]->seconds[i]);
        if (!pair || PyList_Append(pairs, pair)) return -1;
        Py_DECREF(pair);
    }
    return PyModule_AddObject(module, "INSTRUCTIONS", sets) ||
                   PyModule_AddObject(module, "ROWS", rows) ||
                   PyModule_AddObject(module, "PAIRS", pairs) ||
                   PyModule_AddObject(module, "SETS", shared_sets)
               ? -1
               : 0;
}
