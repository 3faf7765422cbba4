/* Where the numbers of groups are kept: allocate.py and blocks.py of autodiff/program. What is
explained there is not explained again here. */

#include "layout.h"

/* ---------------------------------------------------------------- slots of what is shared */

static int is_open(const Plan *p, Ref x)
{
    return !is_constant(x) && p->b->rows[x].axis == SHARED && p->slots[x] < 0 && p->b->rows[x].count;
}

void place_together(Plan *p, const Ref *column, int32_t n)
{
    int32_t i;
    for (i = 0; i < n; i++)
        if (!is_open(p, column[i]))
            return;
    for (i = 0; i < n; i++)
        place(p, column[i]);
}

int find_terms(Plan *p, const Group *g, int slots_known)
{
    Builder *b = p->b;
    const Ref *first = operands_of(b, p->members.at[g->start]);
    int32_t half = b->rows[p->members.at[g->start]].count / 2, i, k, classes = 1;
    p->terms.n = p->numbers.n = 0;
    forget_tuples(&p->sets);
    for (i = 0; i < half; i++) {
        int32_t kind[2] = {space(b, first[i]), space(b, first[half + i])}, number = 0;
        if (g->axis != SHARED)
            number = tuple_number(&p->sets, kind, 2);
        if (number < 0 || push(&p->terms, i) || push(&p->numbers, number))
            return -1;
    }
    if (g->axis != SHARED)
        classes = p->sets.starts.n;
    if (by_class(p, p->terms.at, half, classes))
        return -1;
    if (!slots_known || half == 0)
        return 0;
    for (k = 0; k < classes; k++) {
        int32_t start = k ? p->ends.at[k - 1] : 0, n = p->ends.at[k] - start, *terms = p->terms.at + start;
        int32_t j;
        if (n > 1 && ROOM(p->ranked, 0, p->ranked_room, n))
            return -1;
        if (n < 2)
            continue;
        /* Within a kind the spaces are equal, except in shared sums, where all are SHARED. */
        for (j = 0; j < n; j++) {
            Ref left = first[terms[j]], right = first[half + terms[j]];
            p->ranked[j] = (Ranked){is_constant(right) ? -1 : p->slots[right],
                                    is_constant(left) ? -1 : p->slots[left], j};
        }
        sort_by_rank(p->ranked, terms, n);
    }
    return 0;
}

int find_factors(Plan *p, const Group *g, int32_t from, int32_t to)
{
    Builder *b = p->b;
    int32_t half = b->rows[p->members.at[g->start]].count / 2, i, k, n = g->n * (to - from);
    p->lefts.n = p->rights.n = 0;
    if (ROOM(p->lefts.at, 0, p->lefts.room, n) || ROOM(p->rights.at, 0, p->rights.room, n))
        return -1;
    for (i = 0; i < g->n; i++) {
        const Ref *args = operands_of(b, p->members.at[g->start + i]);
        for (k = from; k < to; k++) {
            p->lefts.at[p->lefts.n++] = args[p->terms.at[k]];
            p->rights.at[p->rights.n++] = args[half + p->terms.at[k]];
        }
    }
    return 0;
}

static int place_operands(Plan *p, const Group *g)
{
    Builder *b = p->b;
    const Ref *first = operands_of(b, p->members.at[g->start]);
    int32_t n = b->rows[p->members.at[g->start]].count, i, k;
    if (g->op == INNER) {
        if (find_terms(p, g, 0))
            return -1;
        for (k = 0; k < p->ends.n; k++) {
            if (find_factors(p, g, k ? p->ends.at[k - 1] : 0, p->ends.at[k]))
                return -1;
            place_together(p, p->lefts.at, p->lefts.n);
            place_together(p, p->rights.at, p->rights.n);
        }
    } else if (is_share(g->op)) {
        if (sort_operands(p, p->members.at[g->start]))
            return -1;
        for (i = 0; i < n; i++)
            place_together(p, p->column.at + i, 1);
    } else {
        for (i = 0; i < n; i++) {
            if (!is_open(p, first[i]))
                continue;
            for (p->column.n = 0, k = 0; k < g->n; k++)
                if (push(&p->column, operands_of(b, p->members.at[g->start + k])[i]))
                    return -1;
            place_together(p, p->column.at, p->column.n);
        }
    }
    return 0;
}

int place_shared(Plan *p)
{
    int32_t i, k;
    for (i = p->n_groups - 1; i >= 0; i--) {
        Group *g = &p->groups[i];
        int32_t *nodes = p->members.at + g->start, placed = g->axis == SHARED && g->n > 1;
        for (k = 0; k < g->n && placed; k++)
            placed = p->slots[nodes[k]] >= 0;
        if (placed) {
            if (ROOM(p->ranked, 0, p->ranked_room, g->n))
                return -1;
            for (k = 0; k < g->n; k++)
                p->ranked[k] = (Ranked){p->slots[nodes[k]], 0, k};
            sort_by_rank(p->ranked, nodes, g->n);
        }
        if ((g->n > 1 || g->op == INNER) && place_operands(p, g))
            return -1;
    }
    for (i = 0; i < p->n_groups; i++)
        for (k = 0; p->groups[i].axis == SHARED && k < p->groups[i].n; k++)
            place(p, p->members.at[p->groups[i].start + k]);
    return 0;
}

/* ---------------------------------------------------------------- blocks.py */

int place_blocks(Plan *p, const Ref *outputs, Py_ssize_t n_outputs, int32_t *rows)
{
    Builder *b = p->b;
    int32_t n = p->n_groups, i, k, j;
    int32_t *owner = ZEROS(int32_t, b->n), *last = ZEROS(int32_t, n), *starts = ZEROS(int32_t, n);
    int32_t *ending = ZEROS(int32_t, n + 1), *next = ZEROS(int32_t, n); /* lists of groups, 1 + number */
    int32_t *class = ZEROS(int32_t, n), *tail = ZEROS(int32_t, n + 1);
    Ints top = {0}, *free_ = &top; /* by class of (axis, size): 1 + the group freed last */
    Py_ssize_t o;
    int failed = -1;
    if (!owner || !last || !starts || !ending || !next || !class || !tail)
        goto done;
    forget_tuples(&p->sets);
    for (i = 0; i < n; i++) {
        const Group *g = &p->groups[i];
        int32_t key[2] = {g->axis, g->n};
        last[i] = i;
        for (k = 0; k < g->n; k++) {
            Ref node = p->members.at[g->start + k];
            const Ref *args = operands_of(b, node);
            if (g->axis != SHARED)
                owner[node] = i + 1;
            for (j = 0; j < b->rows[node].count; j++)
                if (!is_constant(args[j]) && owner[args[j]])
                    last[owner[args[j]] - 1] = i;
        }
        if (g->axis != SHARED && (class[i] = tuple_number(&p->sets, key, 2)) < 0)
            goto done;
    }
    for (o = 0; o < n_outputs; o++)
        if (!is_constant(outputs[o]) && owner[outputs[o]])
            last[owner[outputs[o]] - 1] = n;
    for (i = 0; i < n; i++)
        if (p->groups[i].axis != SHARED) { /* first come, first in the list */
            int32_t end = last[i];
            *(tail[end] ? &next[tail[end] - 1] : &ending[end]) = i + 1;
            tail[end] = i + 1;
        }
    for (i = 0; i < p->sets.starts.n; i++)
        if (push(free_, 0))
            goto done;
    for (i = 0; i < n; i++) {
        const Group *g = &p->groups[i];
        int32_t done;
        if (g->axis != SHARED) {
            int32_t same = top.at[class[i]];
            if (same) {
                starts[i] = starts[same - 1];
                top.at[class[i]] = next[same - 1];
            } else
                starts[i] = rows[g->axis];
            if (rows[g->axis] < starts[i] + g->n)
                rows[g->axis] = starts[i] + g->n;
            for (k = 0; k < g->n; k++)
                p->slots[p->members.at[g->start + k]] = starts[i] + k;
        }
        for (done = ending[i]; done;) {
            int32_t group = done - 1;
            done = next[group];
            next[group] = top.at[class[group]]; /* the list of what is free, from here on */
            top.at[class[group]] = group + 1;
        }
    }
    failed = 0;
done:
    PyMem_RawFree(owner);
    PyMem_RawFree(last);
    PyMem_RawFree(starts);
    PyMem_RawFree(ending);
    PyMem_RawFree(next);
    PyMem_RawFree(class);
    PyMem_RawFree(tail);
    PyMem_RawFree(top.at);
    return failed;
}
