/* A walk over Values in C: what trace.c, which does it, and alike.c know of it. */

#ifndef TRACE_H
#define TRACE_H

#include "nodes.h"
#include "value.h"

typedef struct {
    int32_t place, left; /* operands still to come are the last `left` */
} Waiting;

typedef struct {
    const Inside *values; /* what value.c shows */
    Builder *b;           /* NULL: nothing is to be recorded */
    Value **met;          /* in the order in which they are met; first come the leaves that are given */
    int32_t n, met_room, given;
    Ref *made;            /* by place in `met` */
    int32_t made_room;
    Waiting *stack;
    int32_t depth, stack_room;
    Ints order;           /* places of what is computed, operands before users; without a builder leaves too */
    Ints operands;        /* of each of these: a place, or ~k for constant k */
    Ints starts;          /* where they begin */
    Ints args;
} Trace;

enum { DONE, ERROR, LEFT_TO_PYTHON };

static inline int32_t count_of(const Value *node)
{
    return node->arity == MANY ? (int32_t)PyTuple_GET_SIZE(node->a) : node->arity;
}

/* Operand k of a node: a Value, or NULL and its number. */
int trace_operand(const Trace *t, const Value *node, int32_t k, Value **value, double *number);
/* Meet the Values that stand for something, {Value: Node}; then all that is behind these outputs. */
int trace_all(Trace *t, PyObject *leaves, PyObject *const *outputs, Py_ssize_t n);
void trace_free(Trace *t);

#endif
