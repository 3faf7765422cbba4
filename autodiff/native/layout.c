/* From outputs to a layout: group.py, allocate.py and blocks.py of autodiff/program over the store of
nodes.c, the same in the same order. What is explained there is not explained again here.

Groups are stretches of one array of nodes. Dicts of the Python passes are `Tuples`: tuples of
integers, numbered as they come. */

#include "nodes.h"

enum { SHARED = 0, INPUT_SPACE = -1, CHOSEN = -2, MEMBERS_PER_SET = 4, NUMBER = -(1 << 30), NO_SPACE = -9 };

typedef struct {
    int32_t start, n; /* its nodes, in `members` */
    int32_t axis, op;
} Group;

typedef struct {
    int32_t first, second, at;
} Ranked;

typedef struct {
    Builder *b;
    uint8_t *needed;
    int32_t *member_of, *rank; /* by number, as in group.py */
    Ints members;              /* the nodes of all groups, one group after the other */
    Group *groups;
    int32_t n_groups, groups_room;
    Tuples alike, partners, sets;
    Ints key;
    Ints numbers, order, ends; /* while nodes are put into classes */
    Ranked *ranked;
    int32_t ranked_room;
    /* what allocate.py calls _Shared */
    int32_t used;
    int32_t *slots;
    Tuples blocks;             /* of constants */
    Ints block_slots;          /* where each begins */
    Ints constants;            /* slot, ~constant, slot, ~constant, ... */
    Ints lefts, rights, column, terms;
    Code code;                 /* the steps, as steps.py packs them */
    int32_t n_steps;
    Ints ops_in_code;          /* by number of the op: its number in the code, or NONE */
    PyObject *ops, *titles;
    PyObject *layout;
} Plan;

static int is_total(int op) { return op == TOTAL || op == TOTAL_PRODUCT; }
static int is_share(int op) { return op >= LOGSUMEXP_SHARE && op <= SOFTMAX_REST; }

static int32_t space(const Builder *b, Ref x)
{
    return is_constant(x) ? SHARED : b->rows[x].op == INPUT ? INPUT_SPACE : b->rows[x].axis;
}

/* Equal for numbers that are equal: 0.0 and -0.0 are two constants. */
static Ref by_value(Builder *b, Ref x)
{
    return is_constant(x) && number_of(b, x) == 0.0 ? constant(b, 0.0) : x;
}

static int compare_ranked(const void *a, const void *b)
{
    const Ranked *x = a, *y = b;
    if (x->first != y->first)
        return x->first < y->first ? -1 : 1;
    if (x->second != y->second)
        return x->second < y->second ? -1 : 1;
    return x->at < y->at ? -1 : 1;
}

/* Sort n items by the ranks that were put into `ranked`; equal ones stay in their order. */
static void sort_by_rank(Ranked *ranked, int32_t *items, int32_t n)
{
    int32_t i, sorted = 1;
    for (i = 1; i < n && sorted; i++)
        sorted = compare_ranked(&ranked[i - 1], &ranked[i]) < 0;
    if (sorted)
        return;
    for (i = 0; i < n; i++)
        ranked[i].at = i;
    qsort(ranked, n, sizeof *ranked, compare_ranked);
    for (i = 0; i < n; i++)
        ranked[i].at = items[ranked[i].at];
    for (i = 0; i < n; i++)
        items[i] = ranked[i].at;
}

/* The operands of a share: numbers by value, then nodes by number. Into `column`. */
static int sort_operands(Plan *p, Ref node)
{
    const Builder *b = p->b;
    int32_t i, k, n = b->rows[node].count;
    p->column.n = 0;
    for (i = 0; i < n; i++) {
        Ref x = operands_of(b, node)[i];
        if (push(&p->column, x))
            return -1;
        for (k = p->column.n - 1; k > 0; k--) {
            Ref before = p->column.at[k - 1];
            if (is_constant(x) ? is_constant(before) && !(number_of(b, before) > number_of(b, x))
                               : is_constant(before) || before <= x)
                break;
            p->column.at[k] = before;
        }
        p->column.at[k] = x;
    }
    return 0;
}

/* ---------------------------------------------------------------- group.py */

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

/* Put the items in the order of their classes, whose numbers (0, 1, ...) are in `numbers`; `ends`
   has where each class ends. */
static int by_class(Plan *p, int32_t *items, int32_t n, int32_t classes)
{
    int32_t i, start = 0;
    p->ends.n = 0;
    if (ROOM(p->order.at, 0, p->order.room, n) || ROOM(p->ends.at, 0, p->ends.room, classes))
        return -1;
    memset(p->ends.at, 0, classes * sizeof(int32_t));
    for (i = 0; i < n; i++)
        p->ends.at[p->numbers.at[i]]++;
    for (i = 0; i < classes; i++) {
        int32_t size = p->ends.at[i];
        p->ends.at[i] = start;
        start += size;
    }
    for (i = 0; i < n; i++)
        p->order.at[p->ends.at[p->numbers.at[i]]++] = items[i];
    memcpy(items, p->order.at, n * sizeof *items);
    p->ends.n = classes;
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

static int group(Plan *p)
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

/* ---------------------------------------------------------------- slots of what is shared */

static void place(Plan *p, Ref x)
{
    if (p->slots[x] < 0)
        p->slots[x] = p->used++;
}

static int is_open(const Plan *p, Ref x)
{
    return !is_constant(x) && p->b->rows[x].axis == SHARED && p->slots[x] < 0 && p->b->rows[x].count;
}

static void place_together(Plan *p, const Ref *column, int32_t n)
{
    int32_t i;
    for (i = 0; i < n; i++)
        if (!is_open(p, column[i]))
            return;
    for (i = 0; i < n; i++)
        place(p, column[i]);
}

/* The terms of a group of sums of products, kind after kind: `terms` has their places, `ends` where
   each kind ends. In the order of their slots if these are known. */
static int find_terms(Plan *p, const Group *g, int slots_known)
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

/* The factors of the terms from .. to, member after member, into `lefts` and `rights`. */
static int find_factors(Plan *p, const Group *g, int32_t from, int32_t to)
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

static int place_shared(Plan *p)
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

/* Rows of the tables; `rows` has how many each axis needs, at first those of its lanes. */
static int place_blocks(Plan *p, const Ref *outputs, Py_ssize_t n_outputs, int32_t *rows)
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

/* ---------------------------------------------------------------- constants, columns and steps */

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

/* Ops have numbers of their own in the steps of a layout, in the order in which they occur. */
static int number_of_op(Plan *p, int op)
{
    while (p->ops_in_code.n <= op)
        if (push(&p->ops_in_code, NONE))
            return -1;
    if (p->ops_in_code.at[op] == NONE) {
        p->ops_in_code.at[op] = (int32_t)PyList_GET_SIZE(p->ops);
        if (PyList_Append(p->ops, op_name(op)))
            return -1;
    }
    return p->ops_in_code.at[op];
}

/* Begin a step of a group; so many columns are still to be added. */
static int add_step(Plan *p, const Group *g, int op, int32_t columns)
{
    int32_t axis = is_total(g->op) ? p->b->rows[p->members.at[g->start]].place : g->axis, i;
    int32_t number = number_of_op(p, op);
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

static int steps(Plan *p, const Group *g)
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

/* ---------------------------------------------------------------- the layout */

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
        if (steps(p, &p->groups[i]))
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
        if (p->ops_in_code.at[op] != NONE && op != INNER_ADDED && PySet_Add(found, op_name(op)))
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
    if (!p.layout || group(&p))
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
