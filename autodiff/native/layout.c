/* From outputs to a layout: group.py, allocate.py and blocks.py of autodiff/program over the store of
nodes.c, the same in the same order. grouping.c makes groups of the nodes, placing.c gives them slots,
packing.c makes steps of them. */

#include "layout.h"

static int append(PyObject *list, PyObject *item)
{
    int failed = item == NULL || PyList_Append(list, item);
    Py_XDECREF(item);
    return failed;
}

/* dict[key] = value, both integers */
static int set_item(PyObject *dict, long key, long value)
{
    PyObject *k = PyLong_FromLong(key), *v = PyLong_FromLong(value);
    int failed = !k || !v || PyDict_SetItem(dict, k, v);
    Py_XDECREF(k);
    Py_XDECREF(v);
    return failed ? -1 : 0;
}

/* The slots of leaves. `rows` counts the lanes of each axis. */
static int place_leaves(Plan *p, PyObject *lanes, PyObject *sizes, int32_t *rows)
{
    Builder *b = p->b;
    Ref i;
    for (i = 0; i < b->n; i++) {
        const Row *row = &b->rows[i];
        if (!p->needed[i] || row->count)
            continue;
        if (row->op == PARAMETER || row->op == INPUT)
            p->slots[i] = row->place;
        else if (row->op == LANE) {
            PyObject *axis = PyLong_FromLong(row->axis), *fresh = PyDict_New(), *there = NULL;
            if (axis && fresh)
                there = PyDict_SetDefault(lanes, axis, fresh);
            p->slots[i] = rows[row->axis]++;
            if (there == NULL || set_item(there, p->slots[i], row->place))
                there = NULL;
            Py_XDECREF(axis);
            Py_XDECREF(fresh);
            if (there == NULL)
                return -1;
        } else {
            place(p, i);
            if (set_item(sizes, row->place, p->slots[i]))
                return -1;
        }
    }
    return 0;
}

static int fill(Plan *p, const Ref *outputs, Py_ssize_t n)
{
    Builder *b = p->b;
    PyObject *lanes = PyObject_GetAttrString(p->layout, "lanes");
    PyObject *sizes = PyObject_GetAttrString(p->layout, "sizes");
    PyObject *table = PyObject_GetAttrString(p->layout, "rows");
    PyObject *constants = PyObject_GetAttrString(p->layout, "constants");
    PyObject *places = PyObject_GetAttrString(p->layout, "outputs");
    int32_t i, axes = 1, *rows = NULL;
    Py_ssize_t k;
    int failed = -1;
    if (!lanes || !sizes || !table || !constants || !places)
        goto done;
    for (i = 0; i < b->n; i++)
        if (b->rows[i].axis >= axes)
            axes = b->rows[i].axis + 1;
    rows = ZEROS(int32_t, axes);
    if (rows == NULL || place_leaves(p, lanes, sizes, rows))
        goto done;
    {
        int32_t count = 0;
        Ref *nodes = ZEROS(Ref, n);
        if (nodes == NULL)
            goto done;
        for (k = 0; k < n; k++)
            if (!is_constant(outputs[k]))
                nodes[count++] = outputs[k];
        place_together(p, nodes, count);
        PyMem_RawFree(nodes);
    }
    if (place_shared(p) || place_blocks(p, outputs, n, rows))
        goto done;
    for (i = 0; i < p->n_groups; i++)
        if (steps_of(p, &p->groups[i]))
            goto done;
    for (i = 1; i < axes; i++)
        if (rows[i] && set_item(table, i, rows[i]))
            goto done;
    if (set_item(table, SHARED, p->used))
        goto done;
    for (i = 0; i < p->constants.n; i += 2)
        if (append(constants, Py_BuildValue("(id)", p->constants.at[i], number_of(b, p->constants.at[i + 1]))))
            goto done;
    for (k = 0; k < n; k++)
        if (append(places, is_constant(outputs[k])
                               ? PyFloat_FromDouble(number_of(b, outputs[k]))
                               : Py_BuildValue("(ii)", space(b, outputs[k]), p->slots[outputs[k]])))
            goto done;
    failed = 0;
done:
    Py_XDECREF(lanes);
    Py_XDECREF(sizes);
    Py_XDECREF(table);
    Py_XDECREF(constants);
    Py_XDECREF(places);
    PyMem_RawFree(rows);
    return failed;
}

/* The names of the rows that the steps run. */
static PyObject *ops_in_use(const Plan *p)
{
    PyObject *found = PySet_New(NULL);
    int32_t op;
    for (op = 0; found != NULL && op < p->ops_in_code.n; op++)
        if (p->ops_in_code.at[op] >= 0 && op != INNER_ADDED && PySet_Add(found, op_name(op)))
            Py_CLEAR(found);
    return found;
}

/* layout.steps = Packed(code, number of steps, ops, titles), of steps.py */
static int give_steps(Plan *p)
{
    PyObject *module = PyImport_ImportModule("autodiff.program.steps"), *packed = NULL;
    int failed = 1;
    if (module != NULL)
        packed = PyObject_CallMethod(module, "Packed", "NiOO", code_bytes(&p->code),
                                     (int)p->n_steps, p->ops, p->titles);
    if (packed != NULL)
        failed = PyObject_SetAttrString(p->layout, "steps", packed);
    Py_XDECREF(module);
    Py_XDECREF(packed);
    return failed ? -1 : 0;
}

/* planned(outputs, n_parameters) -> layout, ops */
PyObject *nodes_planned(PyObject *Py_UNUSED(module), PyObject *const *given, Py_ssize_t count)
{
    Builder *b = NULL;
    Py_ssize_t n;
    Ref *outputs;
    PyObject *allocate = NULL, *result = NULL, *ops;
    Plan p = {0};
    int32_t i;
    long n_parameters;
    if (count != 2) {
        PyErr_SetString(PyExc_TypeError, "planned(outputs, n_parameters)");
        return NULL;
    }
    n_parameters = PyLong_AsLong(given[1]);
    if (n_parameters < 0 || n_parameters >= INT32_MAX / 2) {
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_OverflowError, "a program has at most 2**30 parameters");
        return NULL;
    }
    outputs = refs_of(given[0], &b, &n);
    if (outputs == NULL)
        return NULL;
    if (b == NULL) {
        PyMem_RawFree(outputs);
        return Py_NewRef(Py_NotImplemented);
    }
    p.b = b;
    forget_known(b);
    p.used = (int32_t)n_parameters;
    p.needed = needed_for(b, outputs, n);
    p.member_of = ZEROS(int32_t, b->n), p.rank = ZEROS(int32_t, b->n);
    p.ops = PyList_New(0), p.titles = PyDict_New();
    allocate = PyImport_ImportModule("autodiff.program.allocate");
    if (!p.needed || !p.member_of || !p.rank || !p.ops || !p.titles || !allocate)
        goto done;
    p.layout = PyObject_CallMethod(allocate, "Layout", NULL);
    if (!p.layout || group_nodes(&p))
        goto done;
    p.slots = p.member_of, p.member_of = NULL; /* the groups are made */
    for (i = 0; i < b->n; i++)
        p.slots[i] = -1;
    PyMem_RawFree(p.rank), p.rank = NULL;
    if (fill(&p, outputs, n) || give_steps(&p))
        goto done;
    ops = ops_in_use(&p);
    if (ops != NULL)
        result = PyTuple_Pack(2, p.layout, ops);
    Py_XDECREF(ops);
done:
    PyMem_RawFree(outputs);
    PyMem_RawFree(p.needed);
    PyMem_RawFree(p.member_of);
    PyMem_RawFree(p.rank);
    PyMem_RawFree(p.slots);
    PyMem_RawFree(p.groups);
    PyMem_RawFree(p.ranked);
    free_tuples(&p.alike);
    free_tuples(&p.partners);
    free_tuples(&p.sets);
    free_tuples(&p.blocks);
    {
        Ints *lists[] = {&p.members, &p.key, &p.numbers, &p.order, &p.ends, &p.block_slots, &p.constants,
                         &p.lefts, &p.rights, &p.column, &p.terms, &p.ops_in_code};
        for (i = 0; i < (int32_t)(sizeof lists / sizeof *lists); i++)
            PyMem_RawFree(lists[i]->at);
    }
    Py_XDECREF(allocate);
    Py_XDECREF(p.code.bytes);
    Py_XDECREF(p.ops);
    Py_XDECREF(p.titles);
    Py_XDECREF(p.layout);
    return result;
}
