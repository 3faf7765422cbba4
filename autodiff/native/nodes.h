/* What the files of `nodes` share: the store of nodes, and what is made of it.

A node is a row of a table; its operands are integers: the number of a node, or ~k for constant k. */

#ifndef NODES_H
#define NODES_H

#include "arrays.h"
#include "hashing.h"

#include <string.h>

typedef int32_t Ref;
#define FAILED INT32_MIN /* instead of a Ref: an exception is set */
#define NONE (INT32_MIN + 1)

/* Names of ops have numbers, the same in the whole process; these are known beforehand. */
enum { ADD, SUB, MUL, DIV, NEG, ALIAS, RELU_SLOPE, INNER, TOTAL, TOTAL_PRODUCT, LOGSUMEXP_SHARE,
       SOFTMAX_SHARE, SOFTMAX_REST, INNER_ADDED, INPUT, PARAMETER, LANE, SIZE, RELU, KNOWN_OPS };

typedef struct {
    int32_t first, count; /* its operands, in `operands` */
    int32_t axis, place;
    uint16_t op;
    uint8_t named;
} Row;

typedef struct Builder {
    PyObject_HEAD
    char gated, dropped; /* as in node.py */
    char plain;          /* nothing is simplified: for a template of slopes */
    Row *rows;
    int32_t n, room;
    Ref *operands;
    int32_t n_operands, operands_room;
    double *numbers; /* the constants, each bit pattern once */
    int32_t n_numbers, numbers_room;
    uint32_t *known;         /* hash tables of rows and of constants */
    uint64_t *known_numbers;
    uint32_t known_mask, numbers_mask;
    PyObject ***handles; /* by number, in pages: the Node that Python has of it, not counted; or NULL */
    int32_t handles_room;
    PyObject *names; /* number: name */
} Builder;

static inline int is_constant(Ref ref) { return ref < 0; }
static inline double number_of(const Builder *b, Ref ref) { return b->numbers[~ref]; }
static inline const Ref *operands_of(const Builder *b, Ref i) { return b->operands + b->rows[i].first; }

/* Most operands are one or two: a call would take longer. */
static inline void copy_refs(Ref *into, const Ref *from, int32_t n)
{
    int32_t i;
    if (n > 8)
        memcpy(into, from, n * sizeof *from);
    else
        for (i = 0; i < n; i++)
            into[i] = from[i];
}

/* nodes.c */
Ref constant(Builder *b, double x);
/* The node of this op over these operands; a new one where there is none yet, or FAILED. */
Ref node_of(Builder *b, int op, const Ref *args, int32_t n, int32_t axis, int32_t place);
Ref leaf(Builder *b, int op, int32_t place, int32_t axis);
Ref plain_total(Builder *b, Ref x, int32_t axis);
Ref total_product(Builder *b, Ref x, Ref y, int32_t axis);
Ref find(Builder *b, int op, const Ref *args, int32_t n); /* NONE where there is none, or FAILED */
void forget_known(Builder *b); /* gives back memory; whoever records again waits for it */
int expect(Builder *b, int64_t rows, int64_t operands); /* so many more are to come; -1: failed */
uint8_t *needed_for(Builder *b, const Ref *outputs, Py_ssize_t n); /* by number; NULL: failed */

/* simplify.c */
Ref record(Builder *b, int op, const Ref *args, int32_t n);
Ref record_2(Builder *b, int op, Ref x, Ref y);
Ref total(Builder *b, Ref x, int32_t axis);
Ref rebuilt(Builder *b, int op, int32_t place, const Ref *args, int32_t n);

/* ops.c */
int op_number(PyObject *name); /* -1: failed */
PyObject *op_name(int op);     /* borrowed */
int32_t op_count(void);
/* The number of an op in a list of names that has each where it was first asked for; -1: failed. */
int32_t listed_op(Ints *numbers, PyObject *names, int op);
PyObject *op_row(int op);      /* of the table; borrowed, NULL: failed */
PyObject *from_module(const char *module_name, const char *name);

/* handles.c, builder.c */
extern PyTypeObject *NodeType, *BuilderType;
PyObject *handle(Builder *b, Ref ref); /* a Node or a float; a new reference */
PyObject *handles_of(Builder *b, const Ref *refs, Py_ssize_t n); /* as a list */
void forget_handles(Builder *b); /* those that live say from now on that the builder was cleared */
Ref ref_of(Builder *b, PyObject *object); /* of a Node of this builder, or of a number */
/* The operands in a sequence, as an array to be freed; the builder of the first Node, or NULL. */
Ref *refs_of(PyObject *sequence, Builder **b, Py_ssize_t *n);
/* A call of Python with operands as arguments, behind `first` if that is not NULL. */
PyObject *call_with(Builder *b, PyObject *function, PyObject *first, const Ref *args, int32_t n);
PyObject *name_of(Builder *b, Ref node); /* borrowed */
int give_name(Builder *b, Ref node, PyObject *name);

/* What the module begins with, in this order; 0, or -1 with an exception. */
int read_table(void);
int read_rules(void);
int begin_ops(void);
int begin_handles(void);
int begin_builders(void);

/* The other files: functions of the module. */
PyObject *nodes_fields(PyObject *module, PyObject *outputs);
PyObject *nodes_loaded(PyObject *module, PyObject *const *args, Py_ssize_t n);
PyObject *nodes_recorded(PyObject *module, PyObject *const *args, Py_ssize_t n);
PyObject *nodes_long_sums(PyObject *module, PyObject *const *args, Py_ssize_t n);
PyObject *nodes_gradients(PyObject *module, PyObject *const *args, Py_ssize_t n);
PyObject *nodes_raise_sums(PyObject *module, PyObject *outputs);
PyObject *nodes_planned(PyObject *module, PyObject *const *args, Py_ssize_t n);
PyObject *nodes_text(PyObject *module, PyObject *args);
PyObject *nodes_arrays_of(PyObject *module, PyObject *const *args, Py_ssize_t n);
PyObject *nodes_numbers_of(PyObject *module, PyObject *values);
PyObject *nodes_add_to_grads(PyObject *module, PyObject *const *args, Py_ssize_t n);

#endif
