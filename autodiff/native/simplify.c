/* Builder.record and Builder.total of autodiff/program/node.py: what is recorded is simplified first.

The rules of simplify.py are asked in Python, except for the most frequent ones, which are repeated
in `simpler`. */

#include "nodes.h"

static PyObject *rules;      /* autodiff.program.simplify.RULES */
static PyObject *always;     /* autodiff.program.simplify.ALWAYS */
static PyObject *text_forward;

typedef struct {
    PyObject *rule; /* a rule that Python has and `simpler` has not */
    char always;    /* ask it also when no operand is constant */
    char asked;     /* this is filled in */
} Rule;

static Rule *rules_of;
static int32_t rules_room;

int read_rules(void)
{
    rules = from_module("autodiff.program.simplify", "RULES");
    always = rules ? from_module("autodiff.program.simplify", "ALWAYS") : NULL;
    text_forward = always ? PyUnicode_InternFromString("forward") : NULL;
    return text_forward == NULL ? -1 : 0;
}

static Rule *rule_of(int op)
{
    Rule *rule;
    if (op >= rules_room && grow_zeroed((void **)&rules_of, sizeof *rules_of, &rules_room, op + 1))
        return NULL;
    rule = &rules_of[op];
    if (!rule->asked) {
        int in = PySet_Contains(always, op_name(op));
        PyObject *found = PyDict_GetItemWithError(rules, op_name(op));
        if (in < 0 || (found == NULL && PyErr_Occurred()))
            return NULL;
        rule->rule = op <= RELU_SLOPE ? NULL : Py_XNewRef(found);
        rule->always = (char)in;
        rule->asked = 1;
    }
    return rule;
}

static inline Ref negative_of(const Builder *b, Ref x) /* y, where x is -y */
{
    return !is_constant(x) && b->rows[x].op == NEG ? *operands_of(b, x) : NONE;
}

static inline int is_number(const Builder *b, Ref x, double number)
{
    return is_constant(x) && number_of(b, x) == number;
}

/* The most frequent rules of simplify.py: what is simpler than op(*args), or NONE. */
static inline Ref simpler(Builder *b, int op, const Ref *args, int32_t n)
{
    Ref x = args[0], y = n > 1 ? args[1] : NONE, negative;
    switch (op) {
    case ADD:
        if ((negative = negative_of(b, y)) != NONE)
            return record_2(b, SUB, x, negative);
        return (negative = negative_of(b, x)) != NONE ? record_2(b, SUB, y, negative) : NONE;
    case SUB:
        return (negative = negative_of(b, y)) != NONE ? record_2(b, ADD, x, negative) : NONE;
    case MUL:
        if (is_constant(y))
            return is_number(b, y, 1.0) ? x : is_number(b, y, -1.0) ? record(b, NEG, &x, 1) : NONE;
        return is_number(b, x, 1.0) ? y : is_number(b, x, -1.0) ? record(b, NEG, &y, 1) : NONE;
    case DIV:
        return is_number(b, y, 1.0) ? x : NONE;
    case NEG:
        return negative_of(b, x);
    case ALIAS:
        return x;
    default: /* RELU_SLOPE */
        x = is_constant(x) ? NONE : find(b, RELU, &x, 1);
        return x == NONE || x == FAILED ? x : record(b, RELU_SLOPE, &x, 1);
    }
}

static int fits(int op, int32_t n) { return n == (op >= NEG ? 1 : 2); }

/* What Python says about operands; NONE where it says None. */
static Ref called(Builder *b, PyObject *function, PyObject *first, const Ref *args, int32_t n)
{
    PyObject *result = call_with(b, function, first, args, n);
    Ref found = result == NULL ? FAILED : result == Py_None ? NONE : ref_of(b, result);
    Py_XDECREF(result);
    return found;
}

enum { FEW = 32 };

/* Builder.record of node.py. The operands may stand in the store itself. */
Ref record(Builder *b, int op, const Ref *args, int32_t n)
{
    int32_t axis = 0, constants = 0, i;
    Ref few[FEW], *copy = NULL, found;
    Rule *rule;
    for (i = 0; i < n; i++) {
        if (is_constant(args[i]))
            constants++;
        else if (b->rows[args[i]].axis)
            axis = b->rows[args[i]].axis;
    }
    if (n > FEW && (copy = PyMem_RawMalloc(n * sizeof *copy)) == NULL) {
        PyErr_NoMemory();
        return FAILED;
    }
    copy_refs(copy ? copy : few, args, n); /* the store may move */
    args = copy ? copy : few;
    if (!b->plain) {
        if (op <= RELU_SLOPE && fits(op, n))
            found = simpler(b, op, args, n);
        else if ((rule = rule_of(op)) == NULL)
            found = FAILED;
        else
            found = rule->rule && (constants || rule->always)
                        ? called(b, rule->rule, (PyObject *)b, args, n)
                        : NONE;
        if (found == NONE && constants && constants == n) {
            PyObject *row = op_row(op), *forward = row ? PyObject_GetAttr(row, text_forward) : NULL;
            found = forward ? called(b, forward, NULL, args, n) : FAILED;
            Py_XDECREF(forward);
        }
        if (found != NONE) {
            PyMem_RawFree(copy);
            return found;
        }
    }
    found = node_of(b, op, args, n, axis, 0);
    PyMem_RawFree(copy);
    return found;
}

Ref record_2(Builder *b, int op, Ref x, Ref y) { return record(b, op, (Ref[]){x, y}, 2); }

Ref rebuilt(Builder *b, int op, int32_t place, const Ref *args, int32_t n)
{
    if (op == TOTAL)
        return total(b, args[0], place);
    if (op == TOTAL_PRODUCT)
        return total_product(b, args[0], args[1], place);
    return record(b, op, args, n);
}

/* Builder.total of node.py. */
Ref total(Builder *b, Ref x, int32_t axis)
{
    if (is_constant(x) || b->rows[x].axis == 0) {
        Ref size = leaf(b, SIZE, axis, 0);
        return size == FAILED ? FAILED : record_2(b, MUL, x, size);
    }
    if (b->rows[x].op == MUL) {
        const Ref *args = operands_of(b, x);
        Ref left = args[0], right = args[1];
        if (!is_constant(left) && !is_constant(right) && b->rows[left].axis == b->rows[right].axis)
            return total_product(b, left, right, axis);
    }
    return plain_total(b, x, axis);
}
