/* From the steps of a layout to the text of a Machine (reading.h says how it is laid out): in which
order the steps run, and which instruction does each of them.

Steps are what autodiff/program/steps.py packs. Those along one axis keep their order, since slots
are used again; across axes they are put into as few segments as possible. What a step reads varies
along its own axis or is shared, so the steps of an axis run side by side, in windows, until one of
them reads what such a stretch adds up.

To add an instruction: reading.h numbers its kind. If the op alone decides that it is used, a line of
`WAYS` in backends/native_backend.py is all that is needed here. If the columns of a step decide, `choose`
below does; if a step and the next become one, `join` does, after `JOINTS` where the two ops decide; if a
step becomes part of the only one whose results it reads, wherever that is, `finish` does, after `THEN`. */

#include "nodes.h"

enum { SHARED = 0, ROWS = 1, INPUT_SPACE = -1, CHOSEN = -2 }; /* spaces */
enum { ELEMENTWISE = 0, PAIR = 1, SHARE = 3, ALL_SHARES, INNER_MATRIX, INNER_TERMS, INNER_SHARED, TOTAL_PAIRS = 9,
       TOTAL_GRID };                                          /* kinds of instructions */
enum { ADDS = 1, BIAS = 2, WITH_SUM = 4, RELU_LAST = 8, TIMES = 16, SLOPE = 32,
       PRODUCT = 64 };                                        /* options of an instruction */
enum { THEN_RELU = 1, THEN_TIMES, THEN_SLOPE };               /* what may be done to results at once */
enum { FEW = 3 };                                             /* factors of a grid */

/* How an op is done, as `written` of native_backend.py says: `place` is that of its row, `set` its
   place among the rows that are cheaper for a whole set, `then` its number in `THEN`. */
typedef struct {
    int32_t kind, place, option, set, then;
} Way;

/* Two ops that are cheaper together, and how: `JOINTS` of native_backend.py. */
typedef struct {
    int32_t first, second, kind, place;
} Joint;

typedef struct {
    int32_t space, n;
    const int32_t *slots;
} Column;

/* A step as it is packed: op, axis, number of columns; then the results and the columns. */
typedef struct {
    int32_t op, axis, n;
    const int32_t *columns; /* the results come first */
} Step;

/* The only step that reads the results of a step, or NONE, or MANY. Of each of its first two columns
   the step that made all of it, -1 if no step did, MANY if several did. `done` is 1 + the step whose
   instruction does this one. */
enum { MANY = -2 };
typedef struct {
    int32_t reader, sources[2], done;
} Use;

/* Of a slot that varies: 1 + the step that wrote it last, 1 + the slot that stands for it now (0:
   itself). */
typedef struct {
    int32_t maker, stand_in;
} Slot;

typedef struct {
    int32_t kind, place, terms, option;
    Column out, *columns;
    int32_t n, room;
} Instruction;

typedef struct {
    const Way *ways;
    const Joint *joints;
    int32_t n_ways, n_joints;
    int32_t inputs;         /* the space of the rows of X in the text */
    Step *steps;
    int32_t n;
    uint8_t *ones;          /* by slot: whether it is the constant 1 */
    int32_t n_ones;
    int32_t *writers;       /* by shared slot: how many steps to come write it */
    int32_t n_writers;
    int32_t *queue;         /* the steps of each axis, one axis after the other */
    Use *uses;              /* by step */
    Slot **slots;           /* by axis, then slot */
    int32_t *n_slots;       /* by axis */
    Instruction last;
    int32_t first_of_last, last_of_last; /* the steps that it does; NONE if it is written */
    Tuples lefts, rights;   /* the two sets of a grid */
    Ints results;
    Code text;
    int32_t n_instructions, n_columns;
} Writer;

/* ---------------------------------------------------------------- steps */

static const int32_t *column(const int32_t *at, Column *c)
{
    *c = (Column){at[0], at[1], at + 2};
    return at + 2 + at[1];
}

static Column results(const Step *s)
{
    Column out;
    column(s->columns, &out);
    return out;
}

static int damaged(void)
{
    PyErr_SetString(PyExc_ValueError, "these are no steps of a layout");
    return -1;
}

/* How many columns a step has, as far as that is read below. */
static int fits(const Way *way, int32_t n)
{
    switch (way->kind) {
    case SHARE:
        return n >= 2;
    case INNER_TERMS:
    case TOTAL_PAIRS:
        return n == 2;
    default:
        return n >= 1;
    }
}

static int read_steps(Writer *w, const int32_t *at, const int32_t *end)
{
    int32_t i, k, j;
    for (i = 0; i < w->n; i++) {
        Step *s = &w->steps[i];
        if (end - at < 3)
            return damaged();
        *s = (Step){at[0], at[1], at[2], at + 3};
        if (s->op < 0 || s->op >= w->n_ways || s->axis < 0 || s->axis >= w->inputs ||
            !fits(&w->ways[s->op], s->n))
            return damaged();
        for (at += 3, k = 0; k <= s->n; k++) {
            Column c;
            if (end - at < 2 || at[1] < 1 || end - at - 2 < at[1])
                return damaged();
            at = column(at, &c);
            for (j = 0; j < c.n; j++)
                if (c.slots[j] < 0 || c.slots[j] == INT32_MAX)
                    return damaged();
                else if (k == 0 && c.space == SHARED && c.slots[j] >= w->n_writers)
                    w->n_writers = c.slots[j] + 1;
                else if (c.space == s->axis && c.slots[j] >= w->n_slots[s->axis])
                    w->n_slots[s->axis] = c.slots[j] + 1;
        }
    }
    return at == end ? 0 : damaged();
}

/* ---------------------------------------------------------------- segments */

static int ready(const Writer *w, const Step *s)
{
    const int32_t *at = s->columns + 2 + s->columns[1];
    int32_t k, i;
    for (k = 0; k < s->n; k++) {
        Column c;
        at = column(at, &c);
        for (i = 0; c.space == SHARED && i < c.n; i++)
            if (c.slots[i] < w->n_writers && w->writers[c.slots[i]])
                return 0;
    }
    return 1;
}

/* Its results are there, or (with 1) are still to come: sums may be added to by several steps. */
static void count(Writer *w, const Step *s, int32_t change)
{
    Column out = results(s);
    int32_t i;
    for (i = 0; out.space == SHARED && i < out.n; i++)
        w->writers[out.slots[i]] += change;
}

/* The steps by axis, in `queue`; `starts` says where each axis begins. */
static int line_up(Writer *w, int32_t *starts)
{
    int32_t i, axis, *at = ZEROS(int32_t, w->inputs);
    if (at == NULL)
        return -1;
    for (i = 0; i < w->n; i++) {
        count(w, &w->steps[i], 1);
        starts[w->steps[i].axis + 1]++;
    }
    for (axis = 0; axis < w->inputs; axis++) {
        starts[axis + 1] += starts[axis];
        at[axis] = starts[axis];
    }
    for (i = 0; i < w->n; i++)
        w->queue[at[w->steps[i].axis]++] = i;
    PyMem_RawFree(at);
    return 0;
}

static int write_segment(Writer *w, int32_t axis, const int32_t *steps, int32_t n);

/* All segments: 0, or -1 with an exception. `parts` counts them, `parts_of_rows` those along rows. */
static int write_segments(Writer *w, int32_t *parts, int32_t *parts_of_rows)
{
    int32_t *starts = ZEROS(int32_t, w->inputs + 1), left = w->n, before, axis, i;
    int32_t *ends = NULL;
    int failed = starts == NULL || line_up(w, starts) || (ends = ZEROS(int32_t, w->inputs)) == NULL;
    for (axis = 0; !failed && axis < w->inputs; axis++)
        ends[axis] = starts[axis + 1];
    while (!failed && left) {
        before = left;
        for (axis = 0; !failed && axis < w->inputs; axis++) {
            int32_t first = starts[axis], *next = &starts[axis];
            for (; *next < ends[axis] && ready(w, &w->steps[w->queue[*next]]); ++*next)
                if (axis == SHARED)
                    count(w, &w->steps[w->queue[*next]], -1);
            if (*next == first)
                continue;
            for (i = first; axis != SHARED && i < *next; i++)
                count(w, &w->steps[w->queue[i]], -1);
            left -= *next - first;
            i = w->n_instructions;
            failed = write_segment(w, axis, w->queue + first, *next - first);
            if (w->n_instructions > i)
                ++*parts, *parts_of_rows += axis == ROWS;
        }
        if (!failed && left == before) {
            PyErr_SetString(PyExc_ValueError, "the steps of this layout wait for each other");
            failed = 1;
        }
    }
    PyMem_RawFree(starts);
    PyMem_RawFree(ends);
    return failed ? -1 : 0;
}

/* ---------------------------------------------------------------- instructions */

static int add_column(Instruction *it, Column c)
{
    if (ROOM(it->columns, it->n, it->room, 1))
        return -1;
    it->columns[it->n++] = c;
    return 0;
}

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

/* The instruction that does a step. */
static int choose(Writer *w, const Step *s, Instruction *it)
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

static int same_column(Column a, Column b)
{
    return a.space == b.space && a.n == b.n && !memcmp(a.slots, b.slots, a.n * sizeof *a.slots);
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

/* 1 if the instruction of the step before now does this one as well; -1: failed. */
static int join(Writer *w, const Step *before, const Step *s)
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

/* ---------------------------------------------------------------- what is done to results at once */

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

/* Fill in `uses`. Steps of an axis run in their order, and only they read what varies along it. */
static void find_uses(Writer *w, const int32_t *outputs, int32_t n_outputs)
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
static int finish(Writer *w)
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

/* The slots of a step that is done, and of the one whose instruction does it, change places. */
static void change_places(Writer *w, const Step *s, const Step *made)
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

/* ---------------------------------------------------------------- the text */

/* Slots as they are now. */
static void stand_in(const Writer *w, int32_t space, int32_t *slots, int32_t n)
{
    int32_t i;
    for (i = 0; space > SHARED && space < w->inputs && i < n; i++)
        if (slots[i] < w->n_slots[space] && w->slots[space][slots[i]].stand_in)
            slots[i] = w->slots[space][slots[i]].stand_in - 1;
}

static int write_column(Writer *w, Column c)
{
    if (code_room(&w->text, (int64_t)c.n + 2))
        return -1;
    if (c.space != CHOSEN)
        w->text.at[w->text.n++] = c.space == INPUT_SPACE ? w->inputs : c.space;
    w->text.at[w->text.n++] = c.n;
    memcpy(w->text.at + w->text.n, c.slots, c.n * sizeof *c.slots);
    stand_in(w, c.space, w->text.at + w->text.n, c.n);
    w->text.n += c.n;
    return 0;
}

/* The last instruction, if it is not written yet. */
static int write_last(Writer *w)
{
    const Instruction *it = &w->last;
    int32_t k;
    if (w->last_of_last == NONE)
        return 0;
    if (finish(w))
        return -1;
    int32_t head[] = {it->kind, it->place, it->out.n, it->terms, it->option, it->n};
    for (k = 0; k < 6; k++)
        if (put(&w->text, head[k]))
            return -1;
    w->last_of_last = NONE;
    if (write_column(w, it->out))
        return -1;
    for (k = 0; k < it->n; k++)
        if (write_column(w, it->columns[k]))
            return -1;
    w->n_instructions++, w->n_columns += it->n;
    return 0;
}

static int write_segment(Writer *w, int32_t axis, const int32_t *steps, int32_t n)
{
    const Step *before = NULL; /* the step of `last`, if that does no other */
    int32_t i, head = w->text.n + 1, first = w->n_instructions;
    if (put(&w->text, axis) || put(&w->text, 0))
        return -1;
    for (i = 0; i < n; i++) {
        const Step *s = &w->steps[steps[i]];
        const int32_t *done = &w->uses[steps[i]].done;
        int joined = before && axis != SHARED && !*done ? join(w, before, s) : 0;
        if (joined < 0 || (!joined && write_last(w))) /* after which this step may be done */
            return -1;
        before = joined ? NULL : s;
        if (*done) {
            change_places(w, s, &w->steps[*done - 1]);
            before = NULL;
            continue;
        }
        if (!joined) {
            if (choose(w, s, &w->last))
                return -1;
            w->first_of_last = steps[i];
        }
        w->last_of_last = steps[i];
    }
    if (write_last(w))
        return -1;
    if (w->n_instructions == first)
        w->text.n = head - 1; /* all of it is done */
    else
        w->text.at[head] = w->n_instructions - first;
    return 0;
}

/* ---------------------------------------------------------------- from Python */

typedef struct {
    const int32_t *at;
    int32_t n;
    Py_buffer buffer;
} Numbers;

static int take(PyObject *object, Numbers *numbers)
{
    if (PyObject_GetBuffer(object, &numbers->buffer, PyBUF_SIMPLE))
        return -1;
    if (numbers->buffer.len % 4 || numbers->buffer.len / 4 >= INT32_MAX)
        return damaged();
    numbers->at = numbers->buffer.buf;
    numbers->n = (int32_t)(numbers->buffer.len / 4);
    return 0;
}

/* text(code, n, ways, joints, ones, inputs, outputs) -> (segments, instructions, columns, segments of
   rows, the segments themselves, the outputs); as `made` of native_backend.py says. */
PyObject *nodes_text(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *given[5], *result = NULL;
    Numbers numbers[5] = {{0}};
    Writer w = {.last_of_last = NONE};
    Code outputs = {0};
    int32_t i, parts = 0, parts_of_rows = 0;
    int n, inputs;
    if (!PyArg_ParseTuple(args, "OiOOOiO", &given[0], &n, &given[1], &given[2], &given[3], &inputs,
                          &given[4]))
        return NULL;
    for (i = 0; i < 5; i++)
        if (take(given[i], &numbers[i]))
            goto done;
    if (n < 0 || n > numbers[0].n || inputs < 2 || inputs == INT_MAX) {
        damaged();
        goto done;
    }
    w.n = n, w.inputs = inputs;
    w.ways = (const Way *)numbers[1].at, w.n_ways = numbers[1].n / 5;
    w.joints = (const Joint *)numbers[2].at, w.n_joints = numbers[2].n / 4;
    w.steps = ZEROS(Step, n), w.queue = ZEROS(int32_t, n), w.uses = ZEROS(Use, n);
    w.n_slots = ZEROS(int32_t, inputs), w.slots = ZEROS(Slot *, inputs);
    if (!w.steps || !w.queue || !w.uses || !w.n_slots || !w.slots ||
        read_steps(&w, numbers[0].at, numbers[0].at + numbers[0].n))
        goto done;
    for (i = ROWS; i < inputs; i++)
        if ((w.slots[i] = ZEROS(Slot, w.n_slots[i])) == NULL)
            goto done;
    for (i = 0; i < numbers[3].n; i++)
        if (numbers[3].at[i] >= w.n_ones && numbers[3].at[i] < INT32_MAX)
            w.n_ones = numbers[3].at[i] + 1;
    w.ones = ZEROS(uint8_t, w.n_ones), w.writers = ZEROS(int32_t, w.n_writers);
    if (!w.ones || !w.writers)
        goto done;
    for (i = 0; i < numbers[3].n; i++)
        if (numbers[3].at[i] >= 0 && numbers[3].at[i] < w.n_ones)
            w.ones[numbers[3].at[i]] = 1;
    find_uses(&w, numbers[4].at, numbers[4].n);
    if (write_segments(&w, &parts, &parts_of_rows) || code_room(&outputs, numbers[4].n))
        goto done;
    for (i = 0; i + 1 < numbers[4].n; i += 2) {
        outputs.at[i] = numbers[4].at[i];
        outputs.at[i + 1] = numbers[4].at[i + 1];
        stand_in(&w, outputs.at[i], &outputs.at[i + 1], 1);
    }
    outputs.n = i;
    result = Py_BuildValue("iiiiNN", parts, w.n_instructions, w.n_columns, parts_of_rows,
                           code_bytes(&w.text), code_bytes(&outputs));
done:
    for (i = 0; w.slots && i < inputs; i++)
        PyMem_RawFree(w.slots[i]);
    for (i = 0; i < 5; i++)
        if (numbers[i].buffer.obj)
            PyBuffer_Release(&numbers[i].buffer);
    PyMem_RawFree(w.steps);
    PyMem_RawFree(w.queue);
    PyMem_RawFree(w.uses);
    PyMem_RawFree(w.n_slots);
    PyMem_RawFree(w.slots);
    PyMem_RawFree(w.ones);
    PyMem_RawFree(w.writers);
    PyMem_RawFree(w.last.columns);
    PyMem_RawFree(w.results.at);
    Py_XDECREF(w.text.bytes);
    Py_XDECREF(outputs.bytes);
    free_tuples(&w.lefts);
    free_tuples(&w.rights);
    return result;
}
