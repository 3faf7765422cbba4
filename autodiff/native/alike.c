/* `long_sums` of autodiff/program/lanes.py where the graph consists of Values in C: the shapes of all
nodes, and sums of many terms among which some have one shape. What trace.c leaves to Python is left to
Python here too. */

#include "trace.h"

enum { FEWEST = 4 }; /* as in lanes.py */

typedef struct {
    Trace t;
    Py_ssize_t n_roots;
    int add, sub, sum;     /* rows of value.c */
    int32_t *begins;       /* by place: where its operands begin in t.operands; of leaves whatever */
    int32_t *shapes;       /* by place: 0 of numbers, negative of what is given */
    int32_t *uses, *lengths;
    uint8_t *inside;       /* of a sum that was seen already */
    int32_t n_shapes;
    int32_t *met;          /* by shape, from the most negative one: the last sum that has a term of it */
    int32_t *counted;      /* by shape and sign: the last sum that was counted for, and how many terms */
    int32_t *counts;
    Ints owners, places;   /* of a sum, last term first: whose operand a term is, and which of them */
    Ints signs;
} Alike;

static int row_named(const Inside *values, const char *name)
{
    int row = 0, n = (int)PyList_GET_SIZE(values->row_names);
    while (row < n && PyUnicode_CompareWithASCIIString(PyList_GET_ITEM(values->row_names, row), name))
        row++;
    return row;
}

static int is_link(const Alike *a, int32_t place)
{
    int row = a->t.met[place]->row;
    return row == a->add || row == a->sub;
}

static inline int32_t shape_of(const Alike *a, Ref x) { return is_constant(x) ? 0 : a->shapes[x]; }
static inline int32_t length_of(const Alike *a, Ref x) { return is_constant(x) ? 0 : a->lengths[x]; }

/* `_shapes` and `_lengths`. */
static int look_over(Alike *a, PyObject *const *roots)
{
    Trace *t = &a->t;
    Tuples known = {.mask = 0};
    Ints key = {0};
    int32_t i, k;
    int outcome = DONE;
    for (i = 0; i < t->given; i++)
        a->shapes[i] = -1 - i;
    for (i = 0; i < a->n_roots; i++)
        a->uses[((Value *)roots[i])->mark]++;
    for (i = 0; outcome == DONE && i < t->order.n; i++) {
        int32_t place = t->order.at[i], end = i + 1 < t->starts.n ? t->starts.at[i + 1] : t->operands.n;
        a->begins[place] = t->starts.at[i];
        if (t->met[place]->arity == 0)
            continue;
        key.n = 0;
        if (push(&key, t->met[place]->row))
            outcome = ERROR;
        for (k = t->starts.at[i]; k < end; k++) {
            Ref x = t->operands.at[k];
            if (push(&key, shape_of(a, x)))
                outcome = ERROR;
            if (!is_constant(x))
                a->uses[x]++;
        }
        if (is_link(a, place) && key.n != 3)
            outcome = LEFT_TO_PYTHON;
        if (outcome == DONE && (a->shapes[place] = 1 + tuple_number(&known, key.at, key.n)) == 0)
            outcome = ERROR;
    }
    a->n_shapes = 1 + known.starts.n;
    free_tuples(&known);
    PyMem_RawFree(key.at);
    for (i = 0; outcome == DONE && i < t->order.n; i++) {
        int32_t place = t->order.at[i];
        if (is_link(a, place) && a->uses[place] == 1) {
            const Ref *of = t->operands.at + a->begins[place];
            int32_t left = length_of(a, of[0]), right = length_of(a, of[1]);
            a->lengths[place] = 1 + (left > right ? left : right);
        }
    }
    return outcome;
}

static int put_term(Alike *a, int32_t owner, int32_t k, int sign)
{
    return push(&a->owners, owner) || push(&a->places, k) || push(&a->signs, sign);
}

/* The terms of the sum that ends in this node, as `_chains` finds them; 0, or -1: failed. */
static int take_terms(Alike *a, int32_t head)
{
    const Trace *t = &a->t;
    Ref x = head;
    int32_t owner = head, k = 0;
    int sign = 1;
    a->owners.n = a->places.n = a->signs.n = 0;
    if (t->met[head]->row == a->sum) {
        for (k = count_of(t->met[head]) - 1; k >= 0; k--)
            if (put_term(a, head, k, 1))
                return -1;
        return 0;
    }
    if (!is_link(a, head))
        return 0;
    while (x == head || (length_of(a, x) && a->met[a->shapes[x] + t->given] != head + 1)) {
        const Ref *of = t->operands.at + a->begins[x];
        int sign_of[2] = {sign, t->met[x]->row == a->sub ? -sign : sign};
        int right = length_of(a, of[1]) > length_of(a, of[0]) ? 0 : 1; /* the left one goes on */
        if (put_term(a, x, right, sign_of[right]))
            return -1;
        a->inside[x] = 1;
        a->met[shape_of(a, of[right]) + t->given] = head + 1;
        owner = x, k = 1 - right, sign = sign_of[k];
        x = of[k];
    }
    return put_term(a, owner, k, sign) ? -1 : 0;
}

/* Whether so many terms of the sum have one shape and sign that they may be lanes. */
static int has_alike(Alike *a, int32_t head)
{
    int32_t i;
    for (i = 0; i < a->owners.n; i++) {
        Ref x = a->t.operands.at[a->begins[a->owners.at[i]] + a->places.at[i]];
        int32_t at = 2 * shape_of(a, x) + (a->signs.at[i] < 0);
        if (at < 2) /* a number, or given */
            continue;
        if (a->counted[at] != head + 1) {
            a->counted[at] = head + 1;
            a->counts[at] = 0;
        }
        if (++a->counts[at] == FEWEST)
            return 1;
    }
    return 0;
}

/* The sum as a list of (sign, term, shape), first term first. */
static PyObject *terms_as_list(const Alike *a)
{
    int32_t i, n = a->owners.n;
    PyObject *list = PyList_New(n);
    for (i = 0; list != NULL && i < n; i++) {
        int32_t owner = a->owners.at[n - 1 - i], k = a->places.at[n - 1 - i], shape;
        double number = 0.0;
        Value *value;
        PyObject *term, *item;
        trace_operand(&a->t, a->t.met[owner], k, &value, &number); /* as it went before */
        term = value ? Py_NewRef((PyObject *)value) : PyFloat_FromDouble(number);
        shape = shape_of(a, a->t.operands.at[a->begins[owner] + k]);
        item = term ? Py_BuildValue("dNi", (double)a->signs.at[n - 1 - i], term, (int)shape) : NULL;
        if (item == NULL)
            Py_CLEAR(list);
        else
            PyList_SET_ITEM(list, i, item);
    }
    return list;
}

/* {last node: terms}, from the last sum to the first; NULL: failed. */
static PyObject *all_sums(Alike *a)
{
    PyObject *found = PyDict_New();
    int32_t i;
    for (i = a->t.order.n - 1; found != NULL && i >= 0; i--) {
        int32_t head = a->t.order.at[i];
        int failed;
        PyObject *terms;
        if (a->inside[head])
            continue;
        failed = take_terms(a, head);
        if (!failed && !has_alike(a, head))
            continue;
        terms = failed ? NULL : terms_as_list(a);
        if (terms == NULL || PyDict_SetItem(found, (PyObject *)a->t.met[head], terms))
            Py_CLEAR(found);
        Py_XDECREF(terms);
    }
    return found;
}

static PyObject *order_as_list(const Trace *t)
{
    PyObject *list = PyList_New(t->order.n);
    int32_t i;
    for (i = 0; list != NULL && i < t->order.n; i++)
        PyList_SET_ITEM(list, i, Py_NewRef((PyObject *)t->met[t->order.at[i]]));
    return list;
}

static int make_room(Alike *a)
{
    size_t n = (size_t)a->t.n;
    return (a->begins = ZEROS(int32_t, n)) == NULL || (a->shapes = ZEROS(int32_t, n)) == NULL ||
           (a->uses = ZEROS(int32_t, n)) == NULL || (a->lengths = ZEROS(int32_t, n)) == NULL ||
           (a->inside = ZEROS(uint8_t, n)) == NULL;
}

static int make_room_for_shapes(Alike *a)
{
    size_t n = (size_t)a->n_shapes;
    return (a->met = ZEROS(int32_t, n + (size_t)a->t.given)) == NULL ||
           (a->counted = ZEROS(int32_t, 2 * n)) == NULL || (a->counts = ZEROS(int32_t, 2 * n)) == NULL;
}

/* long_sums(outputs, leaves) -> (order, sums) */
PyObject *nodes_long_sums(PyObject *Py_UNUSED(module), PyObject *const *given, Py_ssize_t count)
{
    Alike a = {.t = {.values = inside_of_values()}};
    PyObject *fast, *result = NULL, *sums = NULL, *order = NULL;
    int outcome;
    if (a.t.values == NULL || count != 2 || !PyDict_CheckExact(given[1]))
        return Py_NewRef(Py_NotImplemented);
    fast = PySequence_Fast(given[0], "outputs are a sequence");
    if (fast == NULL)
        return NULL;
    a.n_roots = PySequence_Fast_GET_SIZE(fast);
    a.add = row_named(a.t.values, "add");
    a.sub = row_named(a.t.values, "sub");
    a.sum = row_named(a.t.values, "sum");
    outcome = trace_all(&a.t, given[1], PySequence_Fast_ITEMS(fast), a.n_roots);
    if (outcome == DONE)
        outcome = make_room(&a) ? ERROR : look_over(&a, PySequence_Fast_ITEMS(fast));
    if (outcome == DONE)
        outcome = make_room_for_shapes(&a) || (sums = all_sums(&a)) == NULL ? ERROR : DONE;
    if (outcome == DONE)
        order = PyDict_GET_SIZE(sums) ? order_as_list(&a.t) : PyList_New(0);
    if (order != NULL)
        result = PyTuple_Pack(2, order, sums);
    else if (outcome == LEFT_TO_PYTHON && !PyErr_Occurred())
        result = Py_NewRef(Py_NotImplemented);
    Py_XDECREF(order);
    Py_XDECREF(sums);
    Py_DECREF(fast);
    PyMem_RawFree(a.begins);
    PyMem_RawFree(a.shapes);
    PyMem_RawFree(a.uses);
    PyMem_RawFree(a.lengths);
    PyMem_RawFree(a.inside);
    PyMem_RawFree(a.met);
    PyMem_RawFree(a.counted);
    PyMem_RawFree(a.counts);
    PyMem_RawFree(a.owners.at);
    PyMem_RawFree(a.places.at);
    PyMem_RawFree(a.signs.at);
    trace_free(&a.t);
    return result;
}
