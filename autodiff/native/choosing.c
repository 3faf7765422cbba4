/* Which instruction does a step, or a step and the next. */

#include "writing.h"

enum { FEW = 3 }; /* factors of a grid */

/* Weighted sums: the other factors of all members are often the same. */
static void choose_sum(Instruction *it)
{
    Column left = it->columns[0], right = it->columns[1];
    int32_t terms = it->terms = left.n / it->out.n, i;
    if ((left.space == SHARED) == (right.space == SHARED))
        return;
    if (right.space == SHARED) {
        Column other = left;
        left = right, right = other;
    }
    if ((int64_t)terms * it->out.n != right.n)
        return;
    for (i = terms; i < right.n; i++)
        if (right.slots[i] != right.slots[i - terms])
            return;
    it->kind = INNER_MATRIX;
    it->columns[0] = left;
    it->columns[1] = (Column){right.space, terms, right.slots};
}

/* How many vectors of the widest kind so many numbers fill. */
static int32_t vectors(int32_t n) { return (n + 7) / 8; }

/* Products added up, of all pairs from two sets, as they occur in gradients of weights. The right
   ones are the lanes, so these are the ones that fill vectors. Beside few others a grid does not
   pay: its right factors are turned first. */
static int choose_grid(Writer *w, Instruction *it)
{
    Column left = it->columns[0], right = it->columns[1], out = it->out;
    int32_t i, row, place, height, width, turned;
    if (left.n != out.n || right.n != out.n)
        return 0;
    forget_tuples(&w->lefts);
    forget_tuples(&w->rights);
    for (i = 0; i < out.n; i++)
        if (tuple_number(&w->lefts, &left.slots[i], 1) < 0 ||
            tuple_number(&w->rights, &right.slots[i], 1) < 0)
            return -1;
    height = w->lefts.starts.n, width = w->rights.starts.n;
    if ((int64_t)height * width != out.n || height < FEW || width < FEW)
        return 0;
    turned = (int64_t)width * vectors(height) < (int64_t)height * vectors(width);
    w->results.n = 0;
    if (ROOM(w->results.at, 0, w->results.room, out.n))
        return -1;
    for (i = 0; i < out.n; i++)
        w->results.at[i] = NONE;
    for (i = 0; i < out.n; i++) {
        row = tuple_number(&w->lefts, &left.slots[i], 1);
        place = tuple_number(&w->rights, &right.slots[i], 1);
        place = turned ? place * height + row : row * width + place;
        if (w->results.at[place] != NONE) /* a pair occurs twice, so another is missing */
            return 0;
        w->results.at[place] = out.slots[i];
    }
    it->kind = TOTAL_GRID;
    it->out.slots = w->results.at;
    it->columns[turned] = (Column){left.space, height, w->lefts.items.at};
    it->columns[!turned] = (Column){right.space, width, w->rights.items.at};
    return 0;
}

int choose(Writer *w, const Step *s, Instruction *it)
{
    const Way *way = &w->ways[s->op];
    const int32_t *at = column(s->columns, &it->out);
    int32_t k;
    it->kind = way->kind, it->place = way->place, it->option = way->option;
    it->terms = 1;
    for (it->n = 0, k = 0; k < s->n; k++) {
        Column c;
        at = column(at, &c);
        if (add_column(it, c))
            return -1;
    }
    if (way->kind == INNER_TERMS) {
        if (s->axis == SHARED)
            it->kind = INNER_SHARED;
        choose_sum(it);
    } else if (way->kind == TOTAL_PAIRS)
        return choose_grid(w, it);
    else if (way->kind == SHARE && s->axis != SHARED)
        it->kind = ALL_SHARES, it->place = way->set;
    return 0;
}

static int compare_columns(const void *a, const void *b)
{
    const Column *x = a, *y = b;
    int32_t i;
    if (x->space != y->space)
        return x->space < y->space ? -1 : 1;
    for (i = 0; i < x->n && i < y->n; i++)
        if (x->slots[i] != y->slots[i])
            return x->slots[i] < y->slots[i] ? -1 : 1;
    return x->n - y->n;
}

/* Whether a set of shares has the operands of the instruction, in whatever order; -1: failed. */
static int same_operands(const Instruction *last, const Step *shares)
{
    const int32_t *at = shares->columns + 2 + shares->columns[1];
    int32_t k, n = shares->n - 1, same = n == last->n;
    Column *ours = same ? ZEROS(Column, 2 * (size_t)n) : NULL, *others;
    if (!same || ours == NULL)
        return same ? -1 : 0;
    memcpy(ours, last->columns, n * sizeof *ours);
    for (others = ours + n, k = 0; k < n; k++)
        at = column(at, &others[k]);
    qsort(ours, n, sizeof *ours, compare_columns);
    qsort(others, n, sizeof *ours, compare_columns);
    for (k = 0; k < n && same; k++)
        same = same_column(ours[k], others[k]);
    PyMem_RawFree(ours);
    return same;
}

int join(Writer *w, const Step *before, const Step *s)
{
    Instruction *last = &w->last;
    int32_t i;
    if (w->ways[s->op].option == ADDS && last->kind == INNER_MATRIX) {
        Column bias, factor;
        column(column(s->columns + 2 + s->columns[1], &bias), &factor);
        if (bias.space != SHARED || factor.space != SHARED || bias.n != last->out.n)
            return 0;
        for (i = 0; i < factor.n; i++)
            if (factor.slots[i] >= w->n_ones || !w->ones[factor.slots[i]])
                return 0;
        last->option |= BIAS;
        return add_column(last, bias) ? -1 : 1;
    }
    for (i = 0; i < w->n_joints; i++) {
        const Joint *joint = &w->joints[i];
        Column sum = last->out;
        int same;
        if (joint->first != before->op || joint->second != s->op)
            continue;
        if (joint->kind == PAIR) {
            Column other;
            column(s->columns + 2 + s->columns[1], &other);
            if (before->n != 1 || s->n != 1 || !same_column(last->columns[0], other))
                return 0;
            last->kind = PAIR, last->place = joint->place;
            return add_column(last, results(s)) ? -1 : 1;
        }
        if (sum.n != 1 || (same = same_operands(last, s)) == 0)
            return 0;
        if (same < 0 || choose(w, s, last) || add_column(last, sum))
            return -1;
        last->option |= WITH_SUM;
        return 1;
    }
    return 0;
}
