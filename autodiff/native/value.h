/* A Value in memory: for value.c, whose first lines say more, and for trace.c and
recording.c, which read graphs. */

#ifndef VALUE_H
#define VALUE_H

#include <Python.h>
#include <stdint.h>

enum { MANY = 3 };                                    /* `arity` of a node with a pair of tuples */
enum { NAMED = 1, OTHER_DATA = 2, OTHER_GRAD = 4 };   /* `asides` */

typedef struct Value {
    PyObject_HEAD
    uint32_t mark;           /* what a walk needs stands together: nodes come from the second cache */
    uint16_t row;
    uint8_t arity;
    uint8_t asides;          /* which of the dicts below have something for this node */
    double data;
    PyObject *a, *b;         /* Values, NULL for constants; of MANY the tuples of operands, numbers */
    double x, y;             /* the point: the numbers that the operands had */
    union {
        double grad;
        struct Value *next;  /* of the nodes that wait to be freed */
    };
    PyObject *weak;
} Value;

/* What value.c shows, in a capsule named autodiff.native.value.INSIDE. */
typedef struct {
    PyTypeObject **type;
    PyObject *row_names; /* list: the name of the op of each row */
    PyObject *names;     /* address of a Value: its name */
    uint64_t *markings;  /* to be counted up by whoever writes marks */
} Inside;

/* NULL where Values are those of Python. */
static inline const Inside *inside_of_values(void)
{
    static const Inside *found;
    if (found == NULL && (found = PyCapsule_Import("autodiff.native.value.INSIDE", 0)) == NULL)
        PyErr_Clear();
    return found;
}

static inline int is_value_of(const Inside *values, PyObject *x)
{
    return Py_TYPE(x) == *values->type || PyType_IsSubtype(Py_TYPE(x), *values->type);
}

#endif
