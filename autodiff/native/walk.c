/* `backward`: the order of the nodes behind a root, and the chain rule along it.

A walk finds the place of a node in its arrays by `mark`. The mark is right when the array of nodes
has this node at that place, so nothing is ever reset (Briggs and Torczon, 1993). No Python code runs
inside unless a row has no kernel. */

#define PY_SSIZE_T_CLEAN
#include "compiled.h"

#include <string.h>

#include "scalars.h"

#ifdef __GNUC__
#define PREFETCH(p) __builtin_prefetch(p)
#else
#define PREFETCH(p) ((void)(p))
#endif

typedef struct {
    Value *node;
    size_t left; /* operands still to come, from the last to the first */
} Step;

typedef struct {
    Value **nodes;    /* operands before users */
    double *adjoints; /* beside them */
    char *reached;    /* beside them: whether anything flows to it */
    Step *steps;      /* nodes that wait for their operands, each for the one after it */
    uint32_t n, room;
    uint32_t by_python; /* nodes whose slopes Python computed */
    uint8_t asides;   /* of any of the nodes */
    uint8_t sure;     /* all rows have kernels that never leave it to Python */
    uint8_t pinned;   /* the nodes are held */
} Walk;

uint64_t markings;

static Walk spare; /* the arrays of the last walk, when nobody uses them */
enum { SPARE_ROOM = 1 << 16 };

static int grow(Walk *walk)
{
    size_t room = walk->room ? (size_t)walk->room * 2 : 256;
    void *p;
    if (room > UINT32_MAX / 2)
        goto no_memory;
#define GROW(array) \
    if ((p = PyMem_RawRealloc(walk->array, room * sizeof *walk->array)) == NULL) goto no_memory; \
    walk->array = p;
    GROW(nodes)
    GROW(adjoints)
    GROW(reached)
    GROW(steps)
#undef GROW
    walk->room = (uint32_t)room;
    return 0;
no_memory:
    PyErr_NoMemory();
    return -1;
}

static void end_walk(Walk *walk)
{
    if (walk->pinned) {
        uint32_t i;
        for (i = 0; i < walk->n; i++)
            Py_DECREF(walk->nodes[i]);
    }
    if (spare.room == 0 && walk->room <= SPARE_ROOM) {
        spare = *walk;
        return;
    }
    PyMem_RawFree(walk->nodes);
    PyMem_RawFree(walk->adjoints);
    PyMem_RawFree(walk->reached);
    PyMem_RawFree(walk->steps);
}

static inline int has_kernel(Value *node)
{
    return node->row < KERNELS && kernels[node->row].arity == node->arity;
}

static inline int is_met(const Walk *walk, const Value *node)
{
    return node->mark < walk->n && walk->nodes[node->mark] == node;
}

/* Operand `k`; NULL for a constant. */
static inline Value *operand_of(const Value *node, size_t k)
{
    PyObject *item;
    if (node->arity != MANY)
        return (Value *)(k ? node->b : node->a);
    item = PyTuple_GET_ITEM(node->a, k);
    return is_value(item) ? (Value *)item : NULL;
}

/* The nodes behind `root` in the order of graph.topological(root, right_first=True). The mark of a
   node is its place among them or, inverted, among the steps while it waits for its operands. */
static int find_order(Walk *walk, Value *root)
{
    Value **nodes = walk->nodes, *node = root, *user = NULL;
    Step *steps = walk->steps;
    size_t left = 0; /* operands of the last step, `user`, still to come */
    uint32_t n = 0, depth = 0, i;
    uint8_t asides = 0, sure = 1;
    walk->n = walk->by_python = walk->pinned = 0;
    while (node != NULL) { /* met for the first time */
        if (n + depth == walk->room) {
            if (grow(walk))
                return -1;
            nodes = walk->nodes, steps = walk->steps;
        }
        asides |= node->asides;
        sure &= has_kernel(node) && node->row != POWER && node->arity != MANY;
        if (depth > 0)
            steps[depth - 1].left = left;
        left = node->arity == MANY ? (size_t)PyTuple_GET_SIZE(node->a) : node->arity;
        PREFETCH(node->a);
        node->mark = ~depth;
        steps[depth++].node = user = node;
        for (node = NULL; node == NULL && depth > 0;) {
            if (left > 0) {
                node = operand_of(user, --left);
                if (node != NULL && ((node->mark < n && nodes[node->mark] == node) ||
                                     (~node->mark < depth && steps[~node->mark].node == node)))
                    node = NULL;
            } else {
                user->mark = n;
                nodes[n++] = user;
                if (--depth > 0)
                    user = steps[depth - 1].node, left = steps[depth - 1].left;
            }
        }
    }
    for (i = 0; i < n; i++)
        walk->adjoints[i] = -0.0; /* -0 + x is x for every x */
    memset(walk->reached, 0, n);
    walk->n = n;
    walk->asides = asides;
    walk->sure = sure;
    markings++;
    return 0;
}

/* Whether a node was computed again, by `forward` of another root, without its users. */
static int is_mixed(Walk *walk)
{
    uint32_t i;
    for (i = 0; i < walk->n; i++) {
        Value *node = walk->nodes[i];
        Py_ssize_t k, count = node->arity == MANY ? PyTuple_GET_SIZE(node->a) : node->arity;
        for (k = 0; k < count; k++) {
            Value *arg = operand_of(node, k);
            double seen = k ? node->y : node->x;
            if (arg != NULL && node->arity == MANY) {
                PyObject *number = k < PyTuple_GET_SIZE(node->b) ? PyTuple_GET_ITEM(node->b, k) : Py_None;
                if (!PyFloat_CheckExact(number))
                    return 1;
                seen = PyFloat_AS_DOUBLE(number);
            }
            if (arg != NULL && arg->arity && (arg->data != seen || arg->asides & OTHER_DATA) &&
                !(isnan(arg->data) && isnan(seen)))
                return 1;
        }
    }
    return 0;
}

static inline void flow(Walk *walk, PyObject *arg, double part)
{
    uint32_t place = ((Value *)arg)->mark;
    if (walk->pinned && !is_met(walk, (Value *)arg))
        return; /* Python code has given a node other operands meanwhile */
    walk->adjoints[place] += part;
    walk->reached[place] = 1;
}

/* A row without a kernel: its slopes come from graph.local_slopes. */
static int flow_by_python(Walk *walk, Value *node, double adjoint, uint64_t *marking)
{
    PyObject *graph, *slopes;
    Py_ssize_t k;
    int outcome = DONE;
    walk->by_python++;
    if (!walk->pinned) { /* Python code might drop a node */
        uint32_t i;
        for (i = 0; i < walk->n; i++)
            Py_INCREF(walk->nodes[i]);
        walk->pinned = 1;
    }
    graph = PyDict_GetItemWithError(surroundings, texts[GRAPH]);
    if (graph == NULL)
        return ODD;
    slopes = PyObject_CallMethodOneArg(graph, texts[LOCAL_SLOPES], (PyObject *)node);
    if (slopes == NULL)
        return FAILED;
    if (*marking != markings) { /* another walk came between, in a partial or in a thread */
        uint32_t i;
        for (i = 0; i < walk->n; i++)
            walk->nodes[i]->mark = i;
        *marking = ++markings;
    }
    if (!PyList_CheckExact(slopes))
        outcome = ODD;
    for (k = 0; outcome == DONE && k < PyList_GET_SIZE(slopes); k++) {
        PyObject *pair = PyList_GET_ITEM(slopes, k), *arg, *slope;
        if (!PyTuple_CheckExact(pair) || PyTuple_GET_SIZE(pair) != 2) {
            outcome = ODD;
            break;
        }
        arg = PyTuple_GET_ITEM(pair, 0), slope = PyTuple_GET_ITEM(pair, 1);
        if (!is_value(arg) || !is_met(walk, (Value *)arg))
            outcome = ODD;
        else if (PyFloat_Check(slope))
            flow(walk, arg, adjoint * PyFloat_AS_DOUBLE(slope));
        else if (PyLong_Check(slope)) {
            double number = PyLong_AsDouble(slope);
            if (number == -1.0 && PyErr_Occurred()) {
                PyErr_Clear();
                outcome = ODD;
            } else
                flow(walk, arg, adjoint * number);
        } else
            outcome = ODD;
    }
    Py_DECREF(slopes);
    return outcome;
}

/* sum and inner. 0 when the tuples are not those of such a row. */
static int flow_of_many(Walk *walk, Value *node, double adjoint)
{
    Py_ssize_t k, n = PyTuple_GET_SIZE(node->a), half = n / 2;
    if (PyTuple_GET_SIZE(node->b) != n || (node->row == INNER && n % 2))
        return 0;
    for (k = 0; k < n; k++)
        if (!PyFloat_CheckExact(PyTuple_GET_ITEM(node->b, k)))
            return 0;
    for (k = 0; k < n; k++) {
        PyObject *arg = PyTuple_GET_ITEM(node->a, k);
        if (!is_value(arg))
            continue;
        if (node->row == SUM)
            flow(walk, arg, adjoint * 1.0);
        else
            flow(walk, arg,
                 adjoint * PyFloat_AS_DOUBLE(PyTuple_GET_ITEM(node->b, k < half ? k + half : k - half)));
    }
    return 1;
}

static inline int is_normal(double x) { return TINY <= fabs(x) && fabs(x) < Py_HUGE_VAL; }

/* d x**y where it is plain; the rest is for powers.py. */
static int flow_of_power(Walk *walk, Value *node, double adjoint)
{
    double x = node->x, y = node->y, first = 0.0, second = 0.0;
    if (node->a != NULL) {
        double v = y < 1.0 && x > 0.0 && y != 0.0 ? pow(x, y) : 0.0;
        double p = y >= 1.0 ? pow(x, y - 1.0) : is_normal(v) ? v / x : 0.0;
        if (!is_normal(p))
            return 0;
        first = y * p;
    }
    if (node->b != NULL) {
        double v = pow(x, y);
        if (!(x > 0.0 && v >= TINY))
            return 0;
        second = v * log(x);
    }
    if (node->a != NULL)
        flow(walk, node->a, adjoint * first);
    if (node->b != NULL)
        flow(walk, node->b, adjoint * second);
    return 1;
}

/* The chain rule: graph.sweep(root, 1.0, order, graph.local_slopes). The adjoint of a node is
   complete when the node is reached; where nothing can fail, it is added to its gradient there and
   then, instead of by another walk over the memory of all nodes. */
static int sweep(Walk *walk, int committing)
{
    static const double units[] = {1.0, -1.0};
    uint64_t marking = markings;
    uint32_t k = walk->n;
    walk->adjoints[k - 1] = 1.0;
    walk->reached[k - 1] = 1;
    while (k-- > 0) {
        Value *node = walk->nodes[k];
        double adjoint = walk->adjoints[k], slope;
        int row = node->row, outcome;
        if (!walk->reached[k])
            continue;
        if (committing)
            node->grad += adjoint;
        if (node->arity == 0)
            continue;
        if (has_kernel(node)) {
            switch (row) {
            case ADD: case SUB: case MUL: { /* without a branch for each, which nobody foresees */
                const double *first = row == MUL ? &node->y : &units[0];
                const double *second = row == MUL ? &node->x : &units[row == SUB];
                if (node->a) flow(walk, node->a, adjoint * *first);
                if (node->b) flow(walk, node->b, adjoint * *second);
                continue;
            }
            case DIV:
                if (node->a) flow(walk, node->a, adjoint * (1.0 / node->y));
                if (node->b) flow(walk, node->b, adjoint * -(node->data / node->y));
                continue;
            case POWER:
                if (flow_of_power(walk, node, adjoint))
                    continue;
                break;
            case SUM: case INNER:
                if (flow_of_many(walk, node, adjoint))
                    continue;
                break;
            default: /* a function of one number */
                slope = slope_of_one(row, node->data, node->x);
                if (node->a && (row != RELU || slope != 0.0)) /* nothing to a branch not taken */
                    flow(walk, node->a, adjoint * slope);
                continue;
            }
        }
        outcome = flow_by_python(walk, node, adjoint, &marking);
        if (outcome != DONE)
            return outcome;
    }
    return DONE;
}

/* Add the adjoints to the gradients: all, or none when one of them is no number. */
static int commit(Walk *walk)
{
    uint32_t i;
    for (i = 0; walk->asides & OTHER_GRAD && i < walk->n; i++)
        if (walk->nodes[i]->asides & OTHER_GRAD && walk->reached[i]) {
            PyObject *grad = aside(other_grad, walk->nodes[i]); /* often the int 0 */
            int small = grad != NULL && PyLong_CheckExact(grad) && Py_ABS(PyLong_AsLong(grad)) < 1 << 30;
            if (PyErr_Occurred())
                PyErr_Clear(), small = 0;
            Py_XDECREF(grad);
            if (!small)
                return ODD;
        }
    for (i = 0; i < walk->n; i++)
        if (walk->reached[i]) {
            Value *node = walk->nodes[i];
            if (node->asides & OTHER_GRAD) {
                PyObject *grad = aside(other_grad, node);
                node->grad = (double)PyLong_AsLong(grad);
                Py_DECREF(grad);
                set_aside(other_grad, node, OTHER_GRAD, NULL);
            }
            node->grad += walk->adjoints[i];
        }
    return DONE;
}

static int backpropagate(Walk *walk, Value *root, int to_gradients)
{
    PyObject *again;
    int at_once, outcome = find_order(walk, root);
    if (outcome != DONE)
        return outcome;
    again = PyDict_GetItemWithError(surroundings, texts[COMPUTED_AGAIN]);
    if (again == Py_True && is_mixed(walk))
        return ODD;
    at_once = to_gradients && walk->sure && !(walk->asides & OTHER_GRAD);
    outcome = sweep(walk, at_once);
    return outcome == DONE && to_gradients && !at_once ? commit(walk) : outcome;
}

int add_gradients(Value *root)
{
    Walk walk = spare;
    int outcome;
    spare = (Walk){0};
    outcome = backpropagate(&walk, root, 1);
    end_walk(&walk);
    return outcome;
}

/* (the slopes by these Values as bytes, how many nodes there are, how many of them asked Python) */
int find_slopes(Value *root, PyObject *xs, PyObject **found)
{
    Py_ssize_t i, n = PyList_GET_SIZE(xs);
    Walk walk = spare;
    PyObject *slopes = NULL;
    int outcome;
    spare = (Walk){0};
    outcome = backpropagate(&walk, root, 0);
    if (outcome == DONE && (slopes = PyByteArray_FromStringAndSize(NULL, n * 8)) == NULL)
        outcome = FAILED;
    for (i = 0; outcome == DONE && i < n; i++) {
        PyObject *x = PyList_GET_ITEM(xs, i);
        double slope = 0.0;
        if (!is_value(x))
            outcome = ODD;
        else if (is_met(&walk, (Value *)x) && walk.reached[((Value *)x)->mark])
            slope = walk.adjoints[((Value *)x)->mark];
        memcpy(PyByteArray_AS_STRING(slopes) + 8 * i, &slope, 8);
    }
    if (outcome != DONE)
        Py_CLEAR(slopes);
    else if ((*found = Py_BuildValue("NII", slopes, walk.n, walk.by_python)) == NULL)
        outcome = FAILED;
    end_walk(&walk);
    return outcome;
}
