/* Nodes to groups of like ones, level by level: group.py of autodiff/program. What is explained there
is not explained again here. */

#include "layout.h"

enum { MEMBERS_PER_SET = 4, NUMBER = -(1 << 30), NO_SPACE = -9 };

/* By number, and as long as all rows; NULL: failed. */
static int32_t *find_levels(Plan *p, int32_t *top)
{
    Builder *b = p->b;
    int32_t *levels = ZEROS(int32_t, b->n), *late = ZEROS(int32_t, b->n), i, k, most = 0;
    if (levels == NULL || late == NULL)
        goto failed;
    for (i = 0; i < b->n; i++) {
        const Ref *args = operands_of(b, i);
        for (k = 0; p->needed[i] && k < b->rows[i].count; k++)
            if (!is_constant(args[k]) && levels[args[k]] >= levels[i])
                levels[i] = levels[args[k]] + 1;
        if (levels[i] > most)
            most = levels[i];
    }
    for (i = 0; i < b->n; i++)
        late[i] = most;
    for (i = b->n - 1; i >= 0; i--) {
        const Ref *args = operands_of(b, i);
        if (!p->needed[i] || !b->rows[i].count)
            continue;
        if ((b->rows[i].axis == SHARED && !is_total(b->rows[i].op)) || b->rows[i].op == RELU_SLOPE)
            levels[i] = late[i];
        for (k = 0; k < b->rows[i].count; k++)
            if (!is_constant(args[k]) && late[args[k]] > levels[i] - 1)
                late[args[k]] = levels[i] - 1;
    }
    PyMem_RawFree(late);
    *top = most;
    return levels;
failed:
    PyMem_RawFree(levels);
    PyMem_RawFree(late);
    return NULL;
}

/* What nodes of one group have in common, into `key`. */
static int find_key(Plan *p, Ref node)
{
    Builder *b = p->b;
    const Ref *args = operands_of(b, node);
    int32_t op = b->rows[node].op, n = b->rows[node].count, axis = b->rows[node].axis, i;
    Ints *key = &p->key;
    key->n = 0;
    if (ROOM(key->at, 0, key->room, (int64_t)n + 3))
        return -1;
    key->at[key->n++] = op;
    if (is_total(op)) {
        for (i = 0; i < n; i++)
            key->at[key->n++] = p->member_of[args[i]];
        return 0;
    }
    if (is_share(op)) {
        if (sort_operands(p, node))
            return -1;
        for (i = 0; i < n; i++)
            if ((key->at[key->n++] = by_value(b, p->column.at[i])) == FAILED)
                return -1;
        return 0;
    }
    key->at[key->n++] = axis;
    if (op == INNER && axis == SHARED) {
        key->at[key->n++] = n;
        return 0;
    }
    for (i = 0; i < n; i++) {
        Ref x = args[i];
        if (op != INNER)
            key->at[key->n++] = is_constant(x) ? NO_SPACE : space(b, x);
        else
            key->at[key->n++] = i < n / 2 ? space(b, x) : is_constant(x) ? NUMBER : p->member_of[x];
    }
    return 0;
}

/* Nodes start .. start+n of `members` become a group. */
static int add_group(Plan *p, int32_t start, int32_t n)
{
    Builder *b = p->b;
    int32_t *nodes = p->members.at + start, i;
    const Row *row = &b->rows[nodes[0]];
    if (n > 1) {
        if (ROOM(p->ranked, 0, p->ranked_room, n))
            return -1;
        for (i = 0; i < n; i++) {
            const Ref *args = operands_of(b, nodes[i]);
            int32_t count = b->rows[nodes[i]].count;
            Ref second = count == 1 ? ~0 : args[row->op == INNER ? count / 2 : 1];
            p->ranked[i] = (Ranked){is_constant(args[0]) ? -1 : p->rank[args[0]],
                                    is_constant(second) ? -1 : p->rank[second], i};
        }
        sort_by_rank(p->ranked, nodes, n);
    }
    if (ROOM(p->groups, p->n_groups, p->groups_room, 1))
        return -1;
    for (i = 0; i < n; i++) {
        p->member_of[nodes[i]] = p->n_groups;
        p->rank[nodes[i]] = start + i + 1;
    }
    p->groups[p->n_groups++] = (Group){start, n, row->axis, row->op};
    return 0;
}

/* A class of like nodes: one group, or one for each list of right factors. */
static int split(Plan *p, int32_t start, int32_t n)
{
    Builder *b = p->b;
    int32_t i, k, classes, half = b->rows[p->members.at[start]].count / 2;
    Ints ends = {0};
    int failed = 0;
    if (b->rows[p->members.at[start]].op != INNER || n == 1)
        return add_group(p, start, n);
    forget_tuples(&p->sets);
    p->numbers.n = 0;
    for (i = 0; i < n; i++) {
        Ref node = p->members.at[start + i];
        int32_t number;
        for (p->key.n = 0, k = half; k < b->rows[node].count; k++) {
            Ref x = by_value(b, operands_of(b, node)[k]);
            if (x == FAILED || push(&p->key, x))
                return -1;
        }
        number = tuple_number(&p->sets, p->key.at, p->key.n);
        if (number < 0 || push(&p->numbers, number))
            return -1;
    }
    classes = p->sets.starts.n;
    if (n < MEMBERS_PER_SET * classes)
        return add_group(p, start, n);
    if (by_class(p, p->members.at + start, n, classes))
        return -1;
    for (i = 0; i < classes && !failed; i++)
        failed = push(&ends, p->ends.at[i]);
    for (i = 0; i < classes && !failed; i++) {
        int32_t from = i ? ends.at[i - 1] : 0;
        failed = add_group(p, start + from, ends.at[i] - from);
    }
    PyMem_RawFree(ends.at);
    return failed ? -1 : 0;
}

/* The nodes of one level, from `start` of `members` on: in classes of like ones, and classes over the
   same operands one after the other. */
static int group_level(Plan *p, int32_t start)
{
    Builder *b = p->b;
    int32_t n = p->members.n - start, *nodes = p->members.at + start, i, classes;
    Ints first = {0}, sizes = {0};
    int failed = 0;
    forget_tuples(&p->alike);
    p->numbers.n = 0;
    for (i = 0; i < n; i++) {
        int32_t number = find_key(p, nodes[i]) ? -1 : tuple_number(&p->alike, p->key.at, p->key.n);
        if (number < 0 || push(&p->numbers, number))
            return -1;
    }
    classes = p->alike.starts.n;
    if (classes > 1) {
        int32_t *partner = ZEROS(int32_t, classes);
        failed = partner == NULL;
        forget_tuples(&p->partners);
        for (i = 0; i < n && !failed; i++) { /* classes are numbered as they are met first */
            int32_t class = p->numbers.at[i], key[2];
            if (class < first.n)
                continue;
            key[0] = by_value(b, operands_of(b, nodes[i])[0]);
            key[1] = b->rows[nodes[i]].count;
            failed = key[0] == FAILED || push(&first, i) ||
                     (partner[class] = tuple_number(&p->partners, key, 2)) < 0;
        }
        if (!failed && p->partners.starts.n < classes) { /* number the classes again, in the order
                                                            of their partners */
            int32_t *again = ZEROS(int32_t, classes), k;
            int32_t *count = ZEROS(int32_t, p->partners.starts.n + 1);
            if (again == NULL || count == NULL)
                failed = 1;
            else {
                for (k = 0; k < classes; k++)
                    count[partner[k] + 1]++;
                for (k = 1; k <= p->partners.starts.n; k++)
                    count[k] += count[k - 1];
                for (k = 0; k < classes; k++)
                    again[k] = count[partner[k]]++;
                for (i = 0; i < n; i++)
                    p->numbers.at[i] = again[p->numbers.at[i]];
            }
            PyMem_RawFree(again);
            PyMem_RawFree(count);
        }
        PyMem_RawFree(partner);
        PyMem_RawFree(first.at);
        if (failed)
            return -1;
    }
    if (by_class(p, nodes, n, classes))
        return -1;
    for (i = 0; i < classes && !failed; i++)
        failed = push(&sizes, p->ends.at[i]);
    for (i = 0; i < classes && !failed; i++) {
        int32_t from = i ? sizes.at[i - 1] : 0;
        failed = split(p, start + from, sizes.at[i] - from);
    }
    PyMem_RawFree(sizes.at);
    return failed ? -1 : 0;
}

int group_nodes(Plan *p)
{
    Builder *b = p->b;
    int32_t top, *levels = find_levels(p, &top), *ends, i, *nodes, level, count = 0, late;
    if (levels == NULL)
        return -1;
    ends = ZEROS(int32_t, top + 2);
    for (i = 0; i < b->n; i++)
        count += p->needed[i] && b->rows[i].count;
    nodes = ZEROS(int32_t, count);
    if (ends == NULL || nodes == NULL || ROOM(p->members.at, 0, p->members.room, count))
        goto failed;
    for (i = 0; i < b->n; i++) {
        if (!p->needed[i])
            continue;
        if (b->rows[i].count)
            ends[levels[i] + 1]++;
        else {
            p->member_of[i] = -1 - b->rows[i].axis;
            p->rank[i] = b->rows[i].place;
        }
    }
    for (level = 1; level <= top + 1; level++)
        ends[level] += ends[level - 1];
    for (late = 0; late < 2; late++)
        for (i = 0; i < b->n; i++)
            if (p->needed[i] && b->rows[i].count && (b->rows[i].op == RELU_SLOPE) == late)
                nodes[ends[levels[i]]++] = i;
    for (level = 0; level <= top; level++) {
        int32_t start = p->members.n, n = ends[level] - start;
        memcpy(p->members.at + start, nodes + start, n * sizeof *nodes);
        p->members.n += n;
        if (n && group_level(p, start))
            goto failed;
    }
    PyMem_RawFree(levels);
    PyMem_RawFree(ends);
    PyMem_RawFree(nodes);
    return 0;
failed:
    PyMem_RawFree(levels);
    PyMem_RawFree(ends);
    PyMem_RawFree(nodes);
    return -1;
}
