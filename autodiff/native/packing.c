/* The steps of a layout, as steps.py of autodiff/program packs them, with their columns and constants. */

#include "layout.h"

enum { CHOSEN = -2 }; /* instead of a space: which operands of a share */

/* The first of the slots that have these constants. */
static int32_t block(Plan *p, const Ref *constants, int32_t n)
{
    int32_t before = p->blocks.starts.n, number = tuple_number(&p->blocks, constants, n), i;
    if (number < 0)
        return -1;
    if (number == before) {
        if (push(&p->block_slots, p->used))
            return -1;
        for (i = 0; i < n; i++)
            if (push(&p->constants, p->used + i) || push(&p->constants, constants[i]))
                return -1;
        p->used += n;
    }
    return p->block_slots.at[number];
}

/* Add a column to the code: where these slots are, then each of them. */
static int add_slots(Plan *p, int32_t space, const int32_t *slots, int32_t n)
{
    if (code_room(&p->code, (int64_t)n + 2))
        return -1;
    p->code.at[p->code.n++] = space;
    p->code.at[p->code.n++] = n;
    if (n)
        memcpy(p->code.at + p->code.n, slots, n * sizeof *slots);
    p->code.n += n;
    return 0;
}

/* Add the column of operands; their array becomes that of their slots. */
static int add_column(Plan *p, Ref *operands, int32_t n)
{
    int32_t numbers = 0, i, where = n ? space(p->b, operands[0]) : SHARED;
    for (i = 0; i < n; i++)
        numbers += is_constant(operands[i]);
    if (numbers == n) {
        int32_t same = 1, start;
        for (i = 1; i < n; i++)
            same &= operands[i] == operands[0];
        start = block(p, operands, same ? 1 : n);
        if (start < 0)
            return -1;
        for (i = 0; i < n; i++)
            operands[i] = same ? start : start + i;
        return add_slots(p, SHARED, operands, n);
    }
    for (i = 0; i < n; i++) {
        if (!is_constant(operands[i]))
            operands[i] = p->slots[operands[i]];
        else if ((operands[i] = block(p, &operands[i], 1)) < 0)
            return -1;
    }
    return add_slots(p, numbers ? SHARED : where, operands, n);
}

/* First name, last name among the nodes, as the title of the step that comes next. */
static int add_title(Plan *p, const Group *g)
{
    PyObject *first = NULL, *last = NULL, *number, *title;
    int32_t i;
    int failed;
    for (i = 0; i < g->n; i++) {
        Ref node = p->members.at[g->start + i];
        if (p->b->rows[node].named) {
            last = name_of(p->b, node);
            first = first ? first : last;
        }
    }
    if (first == NULL)
        return 0;
    number = PyLong_FromLong(p->n_steps), title = PyTuple_Pack(2, first, last);
    failed = !number || !title || PyDict_SetItem(p->titles, number, title);
    Py_XDECREF(number);
    Py_XDECREF(title);
    return failed ? -1 : 0;
}

/* Begin a step of a group; so many columns are still to be added. */
static int add_step(Plan *p, const Group *g, int op, int32_t columns)
{
    int32_t axis = is_total(g->op) ? p->b->rows[p->members.at[g->start]].place : g->axis, i;
    int32_t number = listed_op(&p->ops_in_code, p->ops, op);
    if (number < 0 || add_title(p, g) || put(&p->code, number) || put(&p->code, axis) ||
        put(&p->code, columns) || ROOM(p->column.at, 0, p->column.room, g->n))
        return -1;
    for (i = 0; i < g->n; i++)
        p->column.at[i] = p->slots[p->members.at[g->start + i]];
    p->n_steps++;
    return add_slots(p, g->axis, p->column.at, g->n);
}

static int steps_of_sums(Plan *p, const Group *g)
{
    Ints ends = {0};
    int32_t k;
    int failed = find_terms(p, g, 1);
    for (k = 0; !failed && k < p->ends.n; k++)
        failed = push(&ends, p->ends.at[k]);
    for (k = 0; !failed && k < ends.n; k++)
        failed = add_step(p, g, k ? INNER_ADDED : INNER, 2) ||
                 find_factors(p, g, k ? ends.at[k - 1] : 0, ends.at[k]) ||
                 add_column(p, p->lefts.at, p->lefts.n) || add_column(p, p->rights.at, p->rights.n);
    PyMem_RawFree(ends.at);
    return failed ? -1 : 0;
}

static int steps_of_shares(Plan *p, const Group *g)
{
    Builder *b = p->b;
    Ref first = p->members.at[g->start];
    int32_t n = b->rows[first].count, i, k;
    Ints together = {0};
    int failed = add_step(p, g, g->op, n + 1) || sort_operands(p, first);
    for (i = 0; !failed && i < n; i++)
        failed = push(&together, p->column.at[i]);
    for (i = 0; !failed && i < n; i++) {
        Ref x = together.at[i];
        failed = add_column(p, &x, 1);
    }
    for (p->column.n = 0, k = 0; !failed && k < g->n; k++) {
        Ref x = by_value(b, operands_of(b, p->members.at[g->start + k])[0]);
        for (i = 0; i < n - 1 && by_value(b, together.at[i]) != x; i++)
            ;
        failed = push(&p->column, i);
    }
    failed = failed || add_slots(p, CHOSEN, p->column.at, g->n);
    PyMem_RawFree(together.at);
    return failed ? -1 : 0;
}

int steps_of(Plan *p, const Group *g)
{
    Builder *b = p->b;
    int32_t n = b->rows[p->members.at[g->start]].count, i, k;
    if (g->op == INNER)
        return steps_of_sums(p, g);
    if (is_share(g->op))
        return steps_of_shares(p, g);
    if (add_step(p, g, g->op, n))
        return -1;
    for (i = 0; i < n; i++) { /* there is room for as many as there are results */
        for (k = 0; k < g->n; k++)
            p->column.at[k] = operands_of(b, p->members.at[g->start + k])[i];
        if (add_column(p, p->column.at, g->n))
            return -1;
    }
    return 0;
}
