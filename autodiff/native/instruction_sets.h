/* The instruction sets that this computer has, each with its kernels. */
#ifndef AUTODIFF_INSTRUCTION_SETS_H
#define AUTODIFF_INSTRUCTION_SETS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "machine.h"

void find_kernels(void); /* before anything else is asked */

/* Those of that instruction set, or the widest if no name is given; NULL: there are none. */
const Kernels *kernels_called(const char *name);

/* INSTRUCTIONS, ROWS, PAIRS and SETS of the module; -1 with an exception. */
int add_names(PyObject *module);

#endif
