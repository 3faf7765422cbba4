/* `recorded` of autodiff/program/trace.py where the graph consists of Values in C: from their memory to the
store of nodes.c, the same in the same order. Values that hold anything but floats, and graphs that
were changed since they were computed, are left to Python.

The walk runs no Python code, so nobody sees the marks that it leaves; recording does run some, and
comes after it. */

#include "trace.h"

#include <math.h>

static int same(double now, double then) { return now == then || (isnan(now) && isnan(then)); }

int trace_operand(const Trace *t, const Value *node, int32_t k, Value **value, double *number)
{
    double seen;
    *value = NULL;
    if (node->arity == MANY) {
        PyObject *item = PyTuple_GET_ITEM(node->a, k), *then;
        if (k >= PyTuple_GET_SIZE(node->b))
            return LEFT_TO_PYTHON;
        then = PyTuple_GET_ITEM(node->b, k);
        if (PyFloat_CheckExact(item)) {
            *number = PyFloat_AS_DOUBLE(item);
            return DONE;
        }
        if (!is_value_of(t->values, item) || !PyFloat_CheckExact(then))
            return LEFT_TO_PYTHON;
        *value = (Value *)item;
        seen = PyFloat_AS_DOUBLE(then);
    } else {
        *value = (Value *)(k ? node->b : node->a);
        seen = k ? node->y : node->x;
        if (*value == NULL) {
            *number = seen;
            return DONE;
        }
    }
    return same((*value)->data, seen) ? DONE : LEFT_TO_PYTHON;
}

/* Meet a node for the first time; one with operands waits for them. */
static int meet(Trace *t, Value *node, Ref made)
{
    if (node->asides & OTHER_DATA)
        return LEFT_TO_PYTHON;
    if (ROOM(t->met, t->n, t->met_room, 1) || ROOM(t->made, t->n, t->made_room, 1))
        return ERROR;
    node->mark = (uint32_t)t->n;
    t->met[t->n] = node;
    t->made[t->n] = made;
    if (node->arity == 0) {
        if (made == NONE && t->b != NULL && (t->made[t->n] = constant(t->b, node->data)) == FAILED)
            return ERROR;
        if (made == NONE && t->b == NULL && (push(&t->order, t->n) || push(&t->starts, t->operands.n)))
            return ERROR;
    } else {
        if (ROOM(t->stack, t->depth, t->stack_room, 1))
            return ERROR;
        t->stack[t->depth++] = (Waiting){t->n, count_of(node)};
    }
    t->n++;
    return DONE;
}

static int is_met(const Trace *t, const Value *node)
{
    return node->mark < (uint32_t)t->n && t->met[node->mark] == node;
}

/* All operands of the node at this place have been met: it is the next in the order. */
static int put_in_order(Trace *t, int32_t place)
{
    const Value *node = t->met[place];
    int32_t k, n = count_of(node);
    if (push(&t->order, place) || push(&t->starts, t->operands.n))
        return ERROR;
    for (k = 0; k < n; k++) {
        Value *value;
        double number = 0.0;
        int outcome = trace_operand(t, node, k, &value, &number);
        Ref x;
        if (outcome != DONE)
            return outcome;
        x = value ? (Ref)value->mark : t->b != NULL ? constant(t->b, number) : ~0;
        if (x == FAILED || push(&t->operands, x))
            return ERROR;
    }
    return DONE;
}

/* As `topological`: everything behind a root, from left to right. */
static int walk(Trace *t, Value *root)
{
    int outcome = is_met(t, root) ? DONE : meet(t, root, NONE);
    while (outcome == DONE && t->depth > 0) {
        Waiting *top = &t->stack[t->depth - 1];
        const Value *node = t->met[top->place];
        Value *next;
        double number;
        if (top->left == 0) {
            t->depth--;
            outcome = put_in_order(t, top->place);
            continue;
        }
        outcome = trace_operand(t, node, count_of(node) - top->left--, &next, &number);
        if (outcome == DONE && next != NULL && !is_met(t, next))
            outcome = meet(t, next, NONE);
    }
    return outcome;
}

static int meet_given(Trace *t, PyObject *leaves)
{
    PyObject *value, *node;
    Py_ssize_t position = 0;
    while (PyDict_Next(leaves, &position, &value, &node)) {
        Ref made = 0;
        int outcome;
        if (!is_value_of(t->values, value) || ((Value *)value)->arity)
            return LEFT_TO_PYTHON;
        if (t->b != NULL && (made = ref_of(t->b, node)) == FAILED)
            return ERROR;
        if (is_constant(made)) /* NONE too */
            return LEFT_TO_PYTHON;
        if ((outcome = meet(t, (Value *)value, made)) != DONE)
            return outcome;
    }
    t->given = t->n;
    return DONE;
}

int trace_all(Trace *t, PyObject *leaves, PyObject *const *outputs, Py_ssize_t n)
{
    Py_ssize_t k;
    int outcome;
    ++*t->values->markings;
    outcome = meet_given(t, leaves);
    for (k = 0; outcome == DONE && k < n; k++)
        outcome = is_value_of(t->values, outputs[k]) ? walk(t, (Value *)outputs[k]) : LEFT_TO_PYTHON;
    return outcome;
}

void trace_free(Trace *t)
{
    PyMem_RawFree(t->met);
    PyMem_RawFree(t->made);
    PyMem_RawFree(t->stack);
    PyMem_RawFree(t->order.at);
    PyMem_RawFree(t->operands.at);
    PyMem_RawFree(t->starts.at);
    PyMem_RawFree(t->args.at);
}

/* Whether all inputs are behind the outputs; where not, Python says which. */
static int all_used(Trace *t, const Ref *roots, Py_ssize_t n)
{
    uint8_t *used = ZEROS(uint8_t, t->n);
    int32_t i;
    Py_ssize_t k;
    int outcome = DONE;
    if (used == NULL)
        return ERROR;
    for (i = 0; i < t->operands.n; i++)
        if (!is_constant(t->operands.at[i]))
            used[t->operands.at[i]] = 1;
    for (k = 0; k < n; k++)
        used[roots[k]] = 1;
    for (i = 0; i < t->given; i++)
        if (!used[i] && t->b->rows[t->made[i]].op == INPUT)
            outcome = LEFT_TO_PYTHON;
    PyMem_RawFree(used);
    return outcome;
}

/* The names of Values, by place: a dict; NULL: failed. */
static PyObject *names_of(const Trace *t)
{
    PyObject *found = PyDict_New();
    int32_t i;
    for (i = 0; found != NULL && i < t->order.n; i++) {
        int32_t place = t->order.at[i];
        PyObject *address, *name, *key;
        if (!(t->met[place]->asides & NAMED))
            continue;
        address = PyLong_FromVoidPtr(t->met[place]);
        name = address ? PyDict_GetItemWithError(t->values->names, address) : NULL;
        Py_XDECREF(address);
        key = name ? PyLong_FromLong(place) : NULL;
        if ((name == NULL && PyErr_Occurred()) || (key && PyDict_SetItem(found, key, name)))
            Py_CLEAR(found);
        Py_XDECREF(key);
    }
    return found;
}

/* By row of value.c: the number of the op here, and 1 more. */
static int op_of(const Trace *t, int row, Ints *ops)
{
    while (ops->n <= row)
        if (push(ops, 0))
            return -1;
    if (!ops->at[row])
        ops->at[row] = op_number(PyList_GET_ITEM(t->values->row_names, row)) + 1;
    return ops->at[row] - 1;
}

static int record_all(Trace *t, PyObject *names)
{
    Builder *b = t->b;
    int32_t i, k;
    for (i = 0; i < t->order.n; i++) {
        int32_t place = t->order.at[i], end;
        int op = t->made[place]; /* until it is made */
        Ref found;
        end = i + 1 < t->starts.n ? t->starts.at[i + 1] : t->operands.n;
        for (t->args.n = 0, k = t->starts.at[i]; k < end; k++) {
            Ref x = t->operands.at[k];
            if (push(&t->args, is_constant(x) ? x : t->made[x]))
                return ERROR;
        }
        found = record(b, op, t->args.at, t->args.n);
        if (found == FAILED)
            return ERROR;
        t->made[place] = found;
        if (PyDict_GET_SIZE(names) && !is_constant(found) && !b->rows[found].named && b->rows[found].count) {
            PyObject *key = PyLong_FromLong(place);
            PyObject *name = key ? PyDict_GetItemWithError(names, key) : NULL;
            Py_XDECREF(key);
            if (PyErr_Occurred() || (name && give_name(b, found, name)))
                return ERROR;
        }
    }
    return DONE;
}

/* recorded(outputs, leaves, builder) -> nodes */
PyObject *nodes_recorded(PyObject *Py_UNUSED(module), PyObject *const *given, Py_ssize_t count)
{
    static Ints ops; /* rows and ops keep their numbers */
    Trace t = {0};
    PyObject *fast = NULL, *names = NULL, *result = NULL;
    Ref *roots = NULL;
    Py_ssize_t n, k;
    int32_t i;
    int outcome = ERROR;
    t.values = inside_of_values();
    if (t.values == NULL || count != 3 || Py_TYPE(given[2]) != BuilderType || !PyDict_CheckExact(given[1]))
        return Py_NewRef(Py_NotImplemented);
    t.b = (Builder *)given[2];
    fast = PySequence_Fast(given[0], "outputs are a sequence");
    if (fast == NULL)
        return NULL;
    n = PySequence_Fast_GET_SIZE(fast);
    roots = ZEROS(Ref, n);
    if (roots == NULL)
        goto done;
    outcome = trace_all(&t, given[1], PySequence_Fast_ITEMS(fast), n);
    for (k = 0; outcome == DONE && k < n; k++)
        roots[k] = (Ref)((Value *)PySequence_Fast_GET_ITEM(fast, k))->mark;
    if (outcome == DONE)
        outcome = all_used(&t, roots, n);
    for (i = 0; outcome == DONE && i < t.order.n; i++) {
        int op = op_of(&t, t.met[t.order.at[i]]->row, &ops);
        if (op < 0)
            outcome = ERROR;
        t.made[t.order.at[i]] = op;
    }
    if (outcome == DONE && (names = names_of(&t)) == NULL)
        outcome = ERROR;
    if (outcome == DONE && expect(t.b, t.order.n, t.operands.n))
        outcome = ERROR;
    if (outcome == DONE)
        outcome = record_all(&t, names);
    if (outcome == DONE) {
        for (k = 0; k < n; k++)
            roots[k] = t.made[roots[k]];
        result = handles_of(t.b, roots, n);
    } else if (outcome == LEFT_TO_PYTHON && !PyErr_Occurred())
        result = Py_NewRef(Py_NotImplemented);
done:
    Py_XDECREF(fast);
    Py_XDECREF(names);
    PyMem_RawFree(roots);
    trace_free(&t);
    return result;
}
