/* gradients of autodiff/program/differentiate.py over the store of nodes.c.

The slopes of a row are written in Python, as functions of nodes (autodiff/ops.py). Such a function
is called once, with leaves, in a builder that simplifies nothing; what it leaves there is a
template, and for each node the template is recorded over the operands of that node. Functions that
see numbers among their operands may choose by them, so those are called for each node, except the
ones of arithmetic.

With gates the flow has a second part, the condition under which it arrives: that is left to
Python. */

#include "nodes.h"

typedef struct {
    char *kinds;          /* of each partial: one of the below */
    PyObject **functions;
    double *numbers;
    Builder **templates;  /* of functions, once it is made */
    Ref *results;         /* where its result is */
    PyObject *row;        /* of the table, that all this is about; NULL: nothing yet */
    int32_t n;            /* operands; -1: any number */
    char selects;
} Slopes;

enum { NOTHING, NUMBER, FUNCTION };

static Slopes *slopes_of; /* by number of the op */
static int32_t slopes_room;

typedef struct {
    Builder *b;
    uint8_t *wanted;
    Ref *adjoints;   /* by number; NONE: nothing has arrived */
    Ints made;       /* while a template is recorded */
    Ints args;
    Ints targets;    /* the operands of a node that something flows to */
    Ints found;      /* and the slopes */
} Sweep;

/* ---------------------------------------------------------------- what the table says */

static int read_partials(Slopes *it, PyObject *partials)
{
    Py_ssize_t i, n = PyTuple_GET_SIZE(partials);
    it->n = (int32_t)n;
    it->kinds = ZEROS(char, n);
    it->functions = ZEROS(PyObject *, n);
    it->numbers = ZEROS(double, n);
    it->templates = ZEROS(Builder *, n);
    it->results = ZEROS(Ref, n);
    if (!it->kinds || !it->functions || !it->numbers || !it->templates || !it->results)
        return -1;
    for (i = 0; i < n; i++) {
        PyObject *partial = PyTuple_GET_ITEM(partials, i);
        if (PyFloat_Check(partial))
            it->kinds[i] = NUMBER, it->numbers[i] = PyFloat_AS_DOUBLE(partial);
        else if (partial != Py_None)
            it->kinds[i] = FUNCTION, it->functions[i] = Py_NewRef(partial);
    }
    return 0;
}

static void forget(Slopes *it)
{
    int32_t i;
    for (i = 0; i < it->n && it->functions; i++) {
        Py_XDECREF(it->functions[i]);
        Py_XDECREF((PyObject *)it->templates[i]);
    }
    PyMem_RawFree(it->kinds);
    PyMem_RawFree(it->functions);
    PyMem_RawFree(it->numbers);
    PyMem_RawFree(it->templates);
    PyMem_RawFree(it->results);
    Py_XDECREF(it->row);
    *it = (Slopes){0};
}

static Slopes *slopes_for(int op)
{
    PyObject *row = op_row(op);
    Slopes *it;
    if (row == NULL)
        return NULL;
    if (op >= slopes_room && grow_zeroed((void **)&slopes_of, sizeof *slopes_of, &slopes_room, op + 1))
        return NULL;
    it = &slopes_of[op];
    if (it->row != row) { /* a user may take a row away, and make another of that name */
        PyObject *partials, *selects;
        int failed = 1;
        forget(it);
        partials = PyObject_GetAttrString(row, "partials");
        selects = PyObject_GetAttrString(row, "selects");
        if (partials && selects && PyTuple_Check(partials)) {
            it->n = -1;
            it->selects = PyObject_IsTrue(selects) == 1;
            failed = PyTuple_GET_SIZE(partials) ? read_partials(it, partials) : 0;
            it->row = Py_NewRef(row);
        }
        Py_XDECREF(partials);
        Py_XDECREF(selects);
        if (failed) {
            forget(it);
            return NULL;
        }
    }
    return it;
}

/* What a partial makes of these operands; `node` is their result. */
static PyObject *call(PyObject *function, Builder *b, Ref node, const Ref *args, int32_t n)
{
    PyObject *first = handle(b, node), *result = first ? call_with(b, function, first, args, n) : NULL;
    Py_XDECREF(first);
    return result;
}

static Ref called(PyObject *function, Builder *b, Ref node, const Ref *args, int32_t n)
{
    PyObject *result = call(function, b, node, args, n);
    Ref found = result ? ref_of(b, result) : FAILED;
    Py_XDECREF(result);
    return found;
}

/* Leaf 0 stands for the node, leaf 1 and so on for its operands. */
static int make_template(Slopes *it, int32_t k)
{
    Builder *b = (Builder *)PyObject_CallNoArgs((PyObject *)BuilderType);
    Ints args = {0};
    Ref result = FAILED;
    int32_t i;
    if (b == NULL)
        return -1;
    b->plain = 1;
    for (i = 0; i <= it->n; i++)
        if (leaf(b, INPUT, i, 0) == FAILED || (i && push(&args, i)))
            goto done;
    result = called(it->functions[k], b, 0, args.at, it->n);
done:
    PyMem_RawFree(args.at);
    if (result == FAILED) {
        Py_DECREF(b);
        return -1;
    }
    it->templates[k] = b;
    it->results[k] = result;
    return 0;
}

static Ref filled_in(Sweep *s, const Slopes *it, int32_t k, Ref node)
{
    const Builder *t = it->templates[k];
    int32_t i, j;
    s->made.n = 0;
    if (push(&s->made, node))
        return FAILED;
    for (i = 0; i < it->n; i++)
        if (push(&s->made, operands_of(s->b, node)[i]))
            return FAILED;
#define FILLED_IN(x) (is_constant(x) ? constant(s->b, number_of(t, x)) : s->made.at[x])
    for (i = it->n + 1; i < t->n; i++) {
        Ref x;
        for (s->args.n = 0, j = 0; j < t->rows[i].count; j++)
            if ((x = FILLED_IN(operands_of(t, i)[j])) == FAILED || push(&s->args, x))
                return FAILED;
        x = record(s->b, t->rows[i].op, s->args.at, s->args.n);
        if (x == FAILED || push(&s->made, x))
            return FAILED;
    }
    return FILLED_IN(it->results[k]);
#undef FILLED_IN
}

/* d node / d operand k */
static Ref slope(Sweep *s, Slopes *it, int32_t k, Ref node, int all_vary)
{
    Builder *b = s->b;
    int op = b->rows[node].op;
    if (it->kinds[k] == NUMBER)
        return constant(b, it->numbers[k]);
    if (!all_vary && op > DIV) {
        if (ROOM(s->args.at, 0, s->args.room, it->n))
            return FAILED;
        memcpy(s->args.at, operands_of(b, node), it->n * sizeof(Ref));
        return called(it->functions[k], b, node, s->args.at, it->n);
    }
    if (it->templates[k] == NULL && make_template(it, k))
        return FAILED;
    return filled_in(s, &slopes_of[op], k, node);
}

/* ---------------------------------------------------------------- the chain rule */

static int flows_to(Sweep *s, Ref arg, Ref slope)
{
    return slope == FAILED || push(&s->targets, arg) || push(&s->found, slope);
}

/* The slopes of a row with any number of operands, as one list of Python. */
static int slopes_of_many(Sweep *s, Ref node, int selects)
{
    Builder *b = s->b;
    int32_t n = b->rows[node].count, k;
    PyObject *row = op_row(b->rows[node].op), *function, *list = NULL, *fast = NULL;
    Ref *args = ZEROS(Ref, n);
    int failed = 1;
    function = row && args ? PyObject_GetAttrString(row, "all_partials") : NULL;
    if (function != NULL) {
        memcpy(args, operands_of(b, node), n * sizeof *args);
        list = call(function, b, node, args, n);
        fast = list ? PySequence_Fast(list, "all partials of a row are a list") : NULL;
    }
    if (fast != NULL && PySequence_Fast_GET_SIZE(fast) != n)
        PyErr_SetString(PyExc_ValueError, "a row has one partial for each operand");
    else if (fast != NULL)
        failed = 0;
    for (k = 0; !failed && k < n; k++) {
        PyObject *partial = PySequence_Fast_GET_ITEM(fast, k), *made = NULL;
        Ref found;
        if (is_constant(args[k]) || !s->wanted[args[k]] || partial == Py_None)
            continue;
        if (PyCallable_Check(partial))
            partial = made = call(partial, b, node, args, n);
        found = partial ? ref_of(b, partial) : FAILED;
        Py_XDECREF(made);
        if (found != FAILED && selects && is_constant(found) && number_of(b, found) == 0.0)
            continue;
        if (found != FAILED && selects && !is_constant(found))
            b->dropped = 1;
        failed = flows_to(s, args[k], found);
    }
    Py_XDECREF(function);
    Py_XDECREF(list);
    Py_XDECREF(fast);
    PyMem_RawFree(args);
    return failed;
}

/* As `local_slopes` of differentiate.py: into `targets` and `found`. */
static int local_slopes(Sweep *s, Ref node)
{
    Builder *b = s->b;
    Row row = b->rows[node];
    int32_t k, half = row.count / 2, all_vary = 1;
    Slopes *it;
    s->targets.n = s->found.n = 0;
    for (k = 0; k < row.count; k++)
        all_vary &= !is_constant(operands_of(b, node)[k]);
    if (row.op == TOTAL || row.op == TOTAL_PRODUCT || row.op == INNER) {
        for (k = 0; k < row.count; k++) {
            Ref arg = operands_of(b, node)[k];
            if (!is_constant(arg) && s->wanted[arg] &&
                flows_to(s, arg, row.op == TOTAL ? constant(b, 1.0)
                                                 : operands_of(b, node)[k < half ? half + k : k - half]))
                return -1;
        }
        return 0;
    }
    it = slopes_for(row.op);
    if (it == NULL)
        return -1;
    if (it->n < 0)
        return slopes_of_many(s, node, it->selects);
    if (it->n != row.count) {
        PyErr_SetString(PyExc_ValueError, "a row has one partial for each operand");
        return -1;
    }
    for (k = 0; k < row.count; k++) {
        Ref arg = operands_of(b, node)[k], found;
        it = &slopes_of[row.op]; /* what Python is asked may meet new ops */
        if (is_constant(arg) || !s->wanted[arg] || it->kinds[k] == NOTHING)
            continue;
        found = slope(s, it, k, node, all_vary);
        if (found == FAILED)
            return -1;
        if (it->selects && is_constant(found) && number_of(b, found) == 0.0)
            continue;
        if (it->selects && !is_constant(found))
            b->dropped = 1;
        if (flows_to(s, arg, found))
            return -1;
    }
    return 0;
}

/* AxisFlow.__mul__: what arrives at `arg` through a slope of `node`. */
static Ref product(Builder *b, Ref adjoint, Ref slope, Ref node, Ref arg)
{
    int32_t axis = b->rows[node].axis, leaves = axis && !b->rows[arg].axis;
    Ref found;
    if (leaves && !is_constant(adjoint) && !is_constant(slope) && b->rows[adjoint].axis == axis &&
        b->rows[slope].axis == axis) /* not as products first, of which there are many */
        return total_product(b, adjoint, slope, axis);
    if (is_constant(slope) && number_of(b, slope) == 1.0)
        found = adjoint;
    else if (is_constant(slope) && number_of(b, slope) == -1.0)
        found = record(b, NEG, &adjoint, 1);
    else if (is_constant(adjoint) && number_of(b, adjoint) == 1.0)
        found = slope;
    else
        found = record_2(b, MUL, adjoint, slope);
    return leaves && found != FAILED ? total(b, found, axis) : found;
}

static int sweep(Sweep *s, Ref y, const uint8_t *needed)
{
    Builder *b = s->b;
    int32_t k;
    Ref node;
    for (node = y; node >= 0; node--) {
        Ref adjoint = s->adjoints[node];
        if (adjoint == NONE || !needed[node] || !s->wanted[node] || !b->rows[node].count)
            continue;
        if (local_slopes(s, node))
            return -1;
        for (k = 0; k < s->targets.n; k++) {
            Ref arg = s->targets.at[k], *sum = &s->adjoints[arg];
            Ref part = product(b, adjoint, s->found.at[k], node, arg);
            if (part == FAILED)
                return -1;
            *sum = *sum == NONE ? part : record_2(b, ADD, *sum, part);
            if (*sum == FAILED)
                return -1;
        }
    }
    return 0;
}

/* gradients(y, xs) */
PyObject *nodes_gradients(PyObject *Py_UNUSED(module), PyObject *const *given, Py_ssize_t count)
{
    Builder *b = NULL;
    Sweep s = {0};
    PyObject *result = NULL;
    uint8_t *needed = NULL;
    Ref *xs = NULL, y, i;
    Py_ssize_t n, k;
    int32_t j, rows;
    if (count != 2) {
        PyErr_SetString(PyExc_TypeError, "gradients(y, xs)");
        return NULL;
    }
    if (Py_TYPE(given[0]) == NodeType) {
        PyObject *home = PyObject_GetAttrString(given[0], "home");
        b = (Builder *)home;
        Py_XDECREF(home); /* the node holds it */
    }
    if (b == NULL || b->gated)
        return Py_NewRef(Py_NotImplemented);
    y = ref_of(b, given[0]);
    xs = y == FAILED ? NULL : refs_of(given[1], &b, &n);
    if (xs == NULL)
        return NULL;
    s.b = b;
    rows = b->n;
    needed = needed_for(b, &y, 1);
    s.wanted = ZEROS(uint8_t, rows);
    s.adjoints = ZEROS(Ref, rows);
    if (!needed || !s.wanted || !s.adjoints)
        goto done;
    for (k = 0; k < n; k++)
        if (!is_constant(xs[k]))
            s.wanted[xs[k]] = 1;
    for (i = 0; i < rows; i++) {
        s.adjoints[i] = NONE;
        for (j = 0; needed[i] && j < b->rows[i].count; j++)
            if (!is_constant(operands_of(b, i)[j]) && s.wanted[operands_of(b, i)[j]])
                s.wanted[i] = 1;
    }
    if (s.wanted[y]) { /* a node has two slopes and an adjoint, about */
        if (expect(b, 3 * (int64_t)rows, 4 * (int64_t)rows) ||
            (s.adjoints[y] = constant(b, 1.0)) == FAILED || sweep(&s, y, needed))
            goto done;
    }
    for (k = 0; k < n; k++) {
        xs[k] = is_constant(xs[k]) ? NONE : s.adjoints[xs[k]];
        if (xs[k] == NONE && (xs[k] = constant(b, 0.0)) == FAILED)
            goto done;
    }
    result = handles_of(b, xs, n);
done:
    PyMem_RawFree(xs);
    PyMem_RawFree(needed);
    PyMem_RawFree(s.wanted);
    PyMem_RawFree(s.adjoints);
    PyMem_RawFree(s.made.at);
    PyMem_RawFree(s.args.at);
    PyMem_RawFree(s.targets.at);
    PyMem_RawFree(s.found.at);
    return result;
}
