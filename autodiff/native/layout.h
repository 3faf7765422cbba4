/* What the files of a layout share: layout.c, grouping.c, ordering.c, placing.c and packing.c.

Groups are stretches of one array of nodes. Dicts of the Python passes are `Tuples`: tuples of
integers, numbered as they come. */

#ifndef LAYOUT_H
#define LAYOUT_H

#include "nodes.h"

enum { SHARED = 0, INPUT_SPACE = -1 }; /* spaces */

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
    Ints ops_in_code;          /* by number of the op: its number in the code */
    PyObject *ops, *titles;
    PyObject *layout;
} Plan;

static inline int is_total(int op) { return op == TOTAL || op == TOTAL_PRODUCT; }
static inline int is_share(int op) { return op >= LOGSUMEXP_SHARE && op <= SOFTMAX_REST; }

static inline int32_t space(const Builder *b, Ref x)
{
    return is_constant(x) ? SHARED : b->rows[x].op == INPUT ? INPUT_SPACE : b->rows[x].axis;
}

/* Equal for numbers that are equal: 0.0 and -0.0 are two constants. */
static inline Ref by_value(Builder *b, Ref x)
{
    return is_constant(x) && number_of(b, x) == 0.0 ? constant(b, 0.0) : x;
}

/* ordering.c */
/* Sort n items by the ranks that were put into `ranked`; equal ones stay in their order. */
void sort_by_rank(Ranked *ranked, int32_t *items, int32_t n);
/* Put the items in the order of their classes, whose numbers (0, 1, ...) are in `numbers`; `ends`
   has where each class ends. */
int by_class(Plan *p, int32_t *items, int32_t n, int32_t classes);
/* The operands of a share: numbers by value, then nodes by number. Into `column`. */
int sort_operands(Plan *p, Ref node);

/* grouping.c */
int group_nodes(Plan *p);

/* placing.c */
static inline void place(Plan *p, Ref x)
{
    if (p->slots[x] < 0)
        p->slots[x] = p->used++;
}

void place_together(Plan *p, const Ref *column, int32_t n); /* if none of them has a slot */
int place_shared(Plan *p);
/* Rows of the tables; `rows` has how many each axis needs, at first those of its lanes. */
int place_blocks(Plan *p, const Ref *outputs, Py_ssize_t n_outputs, int32_t *rows);
/* The terms of a group of sums of products, kind after kind: `terms` has their places, `ends` where
   each kind ends. In the order of their slots if these are known. */
int find_terms(Plan *p, const Group *g, int slots_known);
/* The factors of the terms from .. to, member after member, into `lefts` and `rights`. */
int find_factors(Plan *p, const Group *g, int32_t from, int32_t to);

/* packing.c */
int steps_of(Plan *p, const Group *g);

#endif
