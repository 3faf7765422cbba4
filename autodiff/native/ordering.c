/* In which order a layout has things: by rank, class by class, operands of a share by value. */

#include "layout.h"

static int compare_ranked(const void *a, const void *b)
{
    const Ranked *x = a, *y = b;
    if (x->first != y->first)
        return x->first < y->first ? -1 : 1;
    if (x->second != y->second)
        return x->second < y->second ? -1 : 1;
    return x->at < y->at ? -1 : 1;
}

void sort_by_rank(Ranked *ranked, int32_t *items, int32_t n)
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

int by_class(Plan *p, int32_t *items, int32_t n, int32_t classes)
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

int sort_operands(Plan *p, Ref node)
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
