/* What the parts of the compiled Value share: value.c (recording, making and freeing), attributes.c
and walk.c (`backward`). Here stands what Python is asked for by name, too. */

#ifndef COMPILED_H
#define COMPILED_H

#include "value.h"

extern PyTypeObject *ValueType;
extern PyObject *surroundings; /* the globals of value.py */

/* Names to look up. Interned: the type cache keeps what it was asked for, by address. */
enum { EMPTY, NAME, FORWARD, RECORD, INIT, BACKWARD, GRAPH, LOCAL_SLOPES, COMPUTED_AGAIN, NO_RECORD,
       TAPED_MODE, TEXTS };
extern PyObject *texts[TEXTS];

static inline int is_value(PyObject *object)
{
    return Py_TYPE(object) == ValueType || PyType_IsSubtype(Py_TYPE(object), ValueType);
}

/* attributes.c: what few nodes have, in a dict for each kind, and the numbers of rows. */
extern PyObject *names;      /* address: name */
extern PyObject *other_data; /* address: what was stored in `data` that is no float; used later */
extern PyObject *other_grad;
extern PyObject *row_names;  /* list: the names of the kernels, then of rows that were met later */
extern PyGetSetDef attributes[];
int prepare_attributes(void);
PyObject *aside(PyObject *dict, Value *node);
int set_aside(PyObject *dict, Value *node, uint8_t flag, PyObject *object);
void forget_asides(Value *node);
int row_number(PyObject *name);

/* walk.c. ODD: leave it to the Python class. */
enum { DONE = 0, FAILED = -1, ODD = 1 };
extern uint64_t markings;
int add_gradients(Value *root);
int find_slopes(Value *root, PyObject *xs, PyObject **found);

#endif
