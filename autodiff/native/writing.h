/* What the files that write a Machine share: writing.c, segments.c, choosing.c and finishing.c. */

#ifndef WRITING_H
#define WRITING_H

#include "nodes.h"

enum { SHARED = 0, ROWS = 1, INPUT_SPACE = -1, CHOSEN = -2 }; /* spaces */
enum { ELEMENTWISE = 0, PAIR = 1, SHARE = 3, ALL_SHARES, INNER_MATRIX, INNER_TERMS, INNER_SHARED, TOTAL_PAIRS = 9,
       TOTAL_GRID };                                          /* kinds of instructions */
enum { ADDS = 1, BIAS = 2, WITH_SUM = 4, RELU_LAST = 8, TIMES = 16, SLOPE = 32,
       PRODUCT = 64 };                                        /* options of an instruction */

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

static inline const int32_t *column(const int32_t *at, Column *c)
{
    *c = (Column){at[0], at[1], at + 2};
    return at + 2 + at[1];
}

static inline Column results(const Step *s)
{
    Column out;
    column(s->columns, &out);
    return out;
}

static inline int same_column(Column a, Column b)
{
    return a.space == b.space && a.n == b.n && !memcmp(a.slots, b.slots, a.n * sizeof *a.slots);
}

static inline int add_column(Instruction *it, Column c)
{
    if (ROOM(it->columns, it->n, it->room, 1))
        return -1;
    it->columns[it->n++] = c;
    return 0;
}

/* segments.c */
int damaged(void); /* -1 with an exception: these are no steps */
int read_steps(Writer *w, const int32_t *at, const int32_t *end);
/* All segments: 0, or -1 with an exception. `parts` counts them, `parts_of_rows` those along rows. */
int write_segments(Writer *w, int32_t *parts, int32_t *parts_of_rows);

/* choosing.c */
int choose(Writer *w, const Step *s, Instruction *it); /* the instruction that does a step */
/* 1 if the instruction of the step before now does this one as well; -1: failed. */
int join(Writer *w, const Step *before, const Step *s);

/* finishing.c */
/* Fill in `uses`. Steps of an axis run in their order, and only they read what varies along it. */
void find_uses(Writer *w, const int32_t *outputs, int32_t n_outputs);
int finish(Writer *w); /* the last instruction; -1: failed */
/* The slots of a step that is done, and of the one whose instruction does it, change places. */
void change_places(Writer *w, const Step *s, const Step *made);

/* writing.c */
int write_segment(Writer *w, int32_t axis, const int32_t *steps, int32_t n);

#endif
