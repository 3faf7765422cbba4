/* What is done to the results of an instruction at once: a step that becomes part of the one whose
results it reads. */

#include "writing.h"

enum { THEN_RELU = 1, THEN_TIMES, THEN_SLOPE }; /* what may be done to results at once */

static void read_column_of(Writer *w, int32_t i, int32_t k, Column c)
{
    int32_t j, *source = k < 2 ? &w->uses[i].sources[k] : NULL;
    for (j = 0; c.space == w->steps[i].axis && j < c.n; j++) {
        int32_t maker = w->slots[c.space][c.slots[j]].maker - 1;
        if (source)
            *source = j == 0 || *source == maker ? maker : MANY;
        if (maker < 0)
            continue;
        Use *made = &w->uses[maker];
        made->reader = made->reader == NONE || made->reader == i ? i : MANY;
    }
}

void find_uses(Writer *w, const int32_t *outputs, int32_t n_outputs)
{
    int32_t i, k;
    for (i = 0; i < w->n; i++) {
        const Step *s = &w->steps[i];
        Column out, c;
        const int32_t *at = column(s->columns, &out);
        w->uses[i] = (Use){NONE, {-1, -1}, 0};
        for (k = 0; s->axis != SHARED && k < s->n; k++) {
            at = column(at, &c);
            read_column_of(w, i, k, c);
        }
        for (k = 0; s->axis != SHARED && out.space == s->axis && k < out.n; k++)
            w->slots[out.space][out.slots[k]].maker = i + 1;
    }
    for (i = 0; i + 1 < n_outputs; i += 2)
        if (outputs[i] > SHARED && outputs[i] < w->inputs && outputs[i + 1] >= 0 &&
            outputs[i + 1] < w->n_slots[outputs[i]]) {
            int32_t maker = w->slots[outputs[i]][outputs[i + 1]].maker;
            if (maker)
                w->uses[maker - 1].reader = MANY;
        }
}

/* Whether this column, which `source` made and a later step reads, is there already where the last
   instruction stands. */
static int is_there(const Writer *w, Column c, int32_t source)
{
    return c.space != SHARED && source != MANY && source < w->first_of_last;
}

/* One row of what varies, times a shared number for each result: a matrix of one column. */
static int is_outer(const Writer *w, const Instruction *it)
{
    int32_t i, shared = it->n == 2 && it->columns[0].space != SHARED;
    Column row;
    if (it->kind != ELEMENTWISE || w->ways[w->steps[w->last_of_last].op].then != THEN_TIMES)
        return 0;
    row = it->columns[!shared];
    if (it->columns[shared].space != SHARED || row.space == SHARED)
        return 0;
    for (i = 1; i < row.n; i++)
        if (row.slots[i] != row.slots[0])
            return 0;
    return 1;
}

static void make_matrix(Instruction *it)
{
    Column row = it->columns[it->columns[0].space == SHARED];
    it->columns[0] = it->columns[it->columns[0].space != SHARED];
    it->columns[1] = (Column){row.space, 1, row.slots};
    it->n = 2, it->kind = INNER_MATRIX, it->terms = 1, it->option |= PRODUCT;
}

/* Sums of products are still in registers when relu of them is taken, or when they are multiplied by
   another row, or by the slope of relu there. So where only one step reads the results of the last
   instruction and does that, the instruction does it, and the step is done. Its results are now where
   those of the instruction would be, so from that step on the two change places. */
int finish(Writer *w)
{
    Instruction *it = &w->last;
    int32_t maker = w->last_of_last, reader = w->uses[maker].reader, then, k, other;
    Column columns[2], factor;
    const Step *s;
    const Use *use;
    const int32_t *at;
    if (reader < 0 || w->steps[reader].n > 2 || (it->kind != INNER_MATRIX && !is_outer(w, it)))
        return 0;
    s = &w->steps[reader], use = &w->uses[reader], then = w->ways[s->op].then;
    at = column(s->columns + 2 + s->columns[1], &columns[0]);
    columns[1] = columns[0];
    if (s->n == 2)
        column(at, &columns[1]);
    k = use->sources[0] != maker; /* which of its columns the results are */
    if (then != (s->n == 1 ? THEN_RELU : THEN_TIMES) || results(s).n != it->out.n ||
        !same_column(columns[k], results(&w->steps[maker])))
        return 0;
    if (then == THEN_TIMES) {
        other = use->sources[!k], factor = columns[!k];
        if (other > maker && w->ways[w->steps[other].op].then == THEN_SLOPE &&
            w->uses[other].reader == reader && same_column(factor, results(&w->steps[other]))) {
            Use *slope = &w->uses[other];
            column(w->steps[other].columns + 2 + factor.n, &factor);
            if (!is_there(w, factor, slope->sources[0]))
                return 0;
            slope->done = other + 1;
            it->option |= SLOPE;
        } else if (!is_there(w, factor, other))
            return 0;
    }
    if (it->kind == ELEMENTWISE)
        make_matrix(it);
    it->option |= then == THEN_RELU ? RELU_LAST : TIMES;
    w->uses[reader].done = maker + 1;
    return then == THEN_TIMES ? add_column(it, factor) : 0;
}

void change_places(Writer *w, const Step *s, const Step *made)
{
    Column ours = results(s), theirs = results(made);
    Slot *slots = w->slots[s->axis];
    int32_t i;
    for (i = 0; s != made && i < ours.n; i++) {
        Slot *a = &slots[ours.slots[i]], *b = &slots[theirs.slots[i]];
        int32_t a_now = a->stand_in ? a->stand_in : ours.slots[i] + 1;
        a->stand_in = b->stand_in ? b->stand_in : theirs.slots[i] + 1;
        b->stand_in = a_now;
    }
}
