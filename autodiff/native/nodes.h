/* What the files of `nodes` share: the store of nodes, and growing arrays.

A node is a row of a table; its operands are integers: the number of a node, or ~k for constant k. */

#ifndef NODES_H
#define NODES_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
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

/* nodes.c */
extern PyTypeObject *NodeType, *BuilderType;
int op_number(PyObject *name);         /* -1: failed */
PyObject *op_name(int op);             /* borrowed */
PyObject *op_row(int op);              /* of the table; borrowed, NULL: failed */
Ref constant(Builder *b, double x);
Ref record(Builder *b, int op, const Ref *args, int32_t n);
Ref record_2(Builder *b, int op, Ref x, Ref y);
Ref leaf(Builder *b, int op, int32_t place, int32_t axis);
Ref total(Builder *b, Ref x, int32_t axis);
Ref plain_total(Builder *b, Ref x, int32_t axis);
Ref total_product(Builder *b, Ref x, Ref y, int32_t axis);
Ref find(Builder *b, int op, const Ref *args, int32_t n); /* NONE where there is none, or FAILED */
void forget_known(Builder *b); /* gives back memory; whoever records again waits for it */
int expect(Builder *b, int64_t rows, int64_t operands); /* so many more are to come; -1: failed */
Ref rebuilt(Builder *b, int op, int32_t place, const Ref *args, int32_t n);
PyObject *handle(Builder *b, Ref ref); /* a Node or a float; a new reference */
PyObject *name_of(Builder *b, Ref node); /* borrowed */
int give_name(Builder *b, Ref node, PyObject *name);
Ref ref_of(Builder *b, PyObject *object); /* of a Node of this builder, or of a number */
/* The operands in a sequence, as an array to be freed; the builder of the first Node, or NULL. */
Ref *refs_of(PyObject *sequence, Builder **b, Py_ssize_t *n);
PyObject *handles_of(Builder *b, const Ref *refs, Py_ssize_t n); /* as a list */
uint8_t *needed_for(Builder *b, const Ref *outputs, Py_ssize_t n); /* by number; NULL: failed */

/* The other files: functions of the module. */
PyObject *nodes_recorded(PyObject *module, PyObject *const *args, Py_ssize_t n);
PyObject *nodes_long_sums(PyObject *module, PyObject *const *args, Py_ssize_t n);
PyObject *nodes_gradients(PyObject *module, PyObject *const *args, Py_ssize_t n);
PyObject *nodes_raise_sums(PyObject *module, PyObject *outputs);
PyObject *nodes_planned(PyObject *module, PyObject *const *args, Py_ssize_t n);
PyObject *nodes_text(PyObject *module, PyObject *args);
PyObject *nodes_arrays_of(PyObject *module, PyObject *const *args, Py_ssize_t n);
PyObject *nodes_numbers_of(PyObject *module, PyObject *values);
PyObject *nodes_add_to_grads(PyObject *module, PyObject *const *args, Py_ssize_t n);

/* ---------------------------------------------------------------- growing arrays */

/* Make room for `more` elements behind `n`; 0, or -1 with an exception. */
#define ROOM(array, n, room, more) \
    ((int64_t)(n) + (more) <= (room) ? 0 : grow((void **)&(array), sizeof *(array), &(room), (int64_t)(n) + (more)))
int grow(void **array, size_t size, int32_t *room, int64_t wanted);

/* An array of n elements that are all zero; NULL with an exception. */
#define ZEROS(type, n) ((type *)zeros((size_t)(n), sizeof(type)))
void *zeros(size_t n, size_t size);

typedef struct {
    int32_t *at;
    int32_t n, room;
} Ints;

static inline int push(Ints *list, int32_t x)
{
    if (ROOM(list->at, list->n, list->room, 1))
        return -1;
    list->at[list->n++] = x;
    return 0;
}

/* Numbers that become bytes of Python, without a copy: the largest of what passes leave behind. */
typedef struct {
    PyObject *bytes;
    int32_t *at; /* in there */
    int32_t n, room;
} Code;

int code_room(Code *code, int64_t more); /* 0, or -1 with an exception */
PyObject *code_bytes(Code *code);        /* given away; NULL with an exception */

static inline int put(Code *code, int32_t x)
{
    if (code->n == code->room && code_room(code, 1))
        return -1;
    code->at[code->n++] = x;
    return 0;
}

/* Tuples of integers, each numbered when it is first met: what a dict is for in the Python passes. */
typedef struct {
    Ints items;  /* all tuples, one after the other */
    Ints starts; /* where each begins */
    uint64_t *table;
    uint32_t mask;
} Tuples;

/* The number of a tuple, which is new if it is how many there were. -1: failed. */
int32_t tuple_number(Tuples *tuples, const int32_t *items, int32_t n);
void forget_tuples(Tuples *tuples); /* and keep the memory */
void free_tuples(Tuples *tuples);

#endif
