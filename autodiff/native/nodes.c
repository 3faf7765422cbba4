/* Nodes of programs in C: the store that autodiff/program/node.py describes, number for number.

The Python class `Builder` keeps a list of Node objects and a dict of what they say. Here a builder
is one table with a row for each node; a hash table finds the row that says the same. Passes in C
(sums.c, slopes.c, layout.c) work on the rows by number and make no objects at all. */

#include "nodes.h"

Ref constant(Builder *b, double x)
{
    uint32_t hash;
    uint64_t bits;
    size_t at;
    memcpy(&bits, &x, sizeof bits);
    hash = mixed(mixed(0, (uint32_t)bits), (uint32_t)(bits >> 32));
    if (is_full(b->n_numbers, b->numbers_mask) && enlarge(&b->known_numbers, &b->numbers_mask))
        return FAILED;
    for (at = hash & b->numbers_mask; b->known_numbers[at]; at = (at + 1) & b->numbers_mask) {
        int32_t i = number_in(b->known_numbers[at]);
        if (b->known_numbers[at] >> 32 == hash && !memcmp(&b->numbers[i], &x, sizeof x))
            return ~i;
    }
    if (ROOM(b->numbers, b->n_numbers, b->numbers_room, 1))
        return FAILED;
    b->numbers[b->n_numbers] = x;
    b->known_numbers[at] = entry(hash, b->n_numbers);
    return ~(b->n_numbers++);
}

static inline uint32_t hash_of_node(int op, const Ref *args, int32_t n, int32_t place, int32_t axis)
{
    uint32_t hash = hash_of(args, n, (uint32_t)op + 1);
    return n ? hash : mixed(mixed(hash, (uint32_t)place), (uint32_t)axis);
}

/* Most operands are one or two: a call would take longer. */
static inline int same_refs(const Ref *x, const Ref *y, int32_t n)
{
    int32_t i;
    for (i = 0; i < n; i++)
        if (x[i] != y[i])
            return 0;
    return 1;
}

/* The table of rows is the largest of all, so its entries have 32 bits: 1 + the number of a row in
   as many as a place in the table needs, and in the others those of the hash. 0 is free.

   A row is looked for, and put, NEAR the place that its newest operand says, since rows that are
   made one after the other are often over new ones: most of the table is not waited for. Where all
   places there are taken, as with an operand that is used everywhere, the hash says how to go on. */
enum { NEAR = 8 };

static inline size_t first_place(const Builder *b, const Ref *args, int32_t n, uint32_t hash)
{
    Ref newest = -1;
    int32_t i;
    for (i = 0; i < n; i++)
        newest = args[i] > newest ? args[i] : newest;
    return (newest < 0 ? hash : 2 * (uint32_t)newest) & b->known_mask;
}

static inline size_t next_place(const Builder *b, size_t at, int *tries, uint32_t hash)
{
    return (at + (++*tries < NEAR ? 1 : hash | 1)) & b->known_mask; /* an odd step meets all places */
}

static inline uint32_t entry_of_row(const Builder *b, uint32_t hash, int32_t number)
{
    return (hash & ~b->known_mask) | (uint32_t)(number + 1);
}

/* The row of this op over these operands (of a leaf, with this place and axis); else NONE, and the
   free place of the table in `at`. */
static inline Ref look_up(Builder *b, int op, const Ref *args, int32_t n, int32_t place, int32_t axis,
                          uint32_t hash, size_t *at)
{
    const uint32_t mask = b->known_mask;
    int tries = 0;
    for (*at = first_place(b, args, n, hash); b->known[*at]; *at = next_place(b, *at, &tries, hash)) {
        uint32_t entry = b->known[*at];
        Ref found = (Ref)(entry & mask) - 1;
        const Row *row;
        if ((entry ^ hash) & ~mask)
            continue;
        row = &b->rows[found];
        if (row->op == op && row->count == n &&
            (n ? same_refs(b->operands + row->first, args, n) : row->place == place && row->axis == axis))
            return found;
    }
    return NONE;
}

void forget_known(Builder *b)
{
    PyMem_RawFree(b->known);
    b->known = NULL;
    b->known_mask = 0;
}

/* A table that is large enough for so many rows, with those that there are. */
static int enlarge_known(Builder *b, int64_t rows)
{
    size_t size = 64, at;
    Ref i;
    while (size / 4 * 3 <= (uint64_t)rows)
        size *= 2;
    forget_known(b);
    b->known = ZEROS(uint32_t, size);
    if (b->known == NULL)
        return -1;
    b->known_mask = (uint32_t)(size - 1);
    for (i = 0; i < b->n; i++) {
        const Row *row = &b->rows[i];
        const Ref *args = operands_of(b, i);
        uint32_t hash = hash_of_node(row->op, args, row->count, row->place, row->axis);
        int tries = 0;
        for (at = first_place(b, args, row->count, hash); b->known[at];)
            at = next_place(b, at, &tries, hash);
        b->known[at] = entry_of_row(b, hash, i);
    }
    return 0;
}

static inline int has_place(const Builder *b, int64_t rows)
{
    return rows < ((int64_t)b->known_mask + 1) / 4 * 3;
}

int expect(Builder *b, int64_t rows, int64_t operands)
{
    return (!has_place(b, b->n + rows) && enlarge_known(b, b->n + rows)) ||
                   ROOM(b->rows, b->n, b->room, rows) ||
                   ROOM(b->operands, b->n_operands, b->operands_room, operands)
               ? -1
               : 0;
}

Ref node_of(Builder *b, int op, const Ref *args, int32_t n, int32_t axis, int32_t place)
{
    uint32_t hash = hash_of_node(op, args, n, place, axis);
    size_t at;
    Ref found;
    Row *row;
    if (!has_place(b, b->n) && enlarge_known(b, b->n))
        return FAILED;
    found = look_up(b, op, args, n, place, axis, hash, &at);
    if (found != NONE)
        return found;
    if (ROOM(b->rows, b->n, b->room, 1) || ROOM(b->operands, b->n_operands, b->operands_room, n))
        return FAILED;
    row = &b->rows[b->n];
    *row = (Row){.first = b->n_operands, .count = n, .axis = axis, .place = place,
                 .op = (uint16_t)op};
    copy_refs(b->operands + b->n_operands, args, n);
    b->n_operands += n;
    b->known[at] = entry_of_row(b, hash, b->n);
    return b->n++;
}

Ref leaf(Builder *b, int op, int32_t place, int32_t axis) { return node_of(b, op, NULL, 0, axis, place); }

Ref plain_total(Builder *b, Ref x, int32_t axis) { return node_of(b, TOTAL, &x, 1, 0, axis); }

Ref total_product(Builder *b, Ref x, Ref y, int32_t axis)
{
    return node_of(b, TOTAL_PRODUCT, (Ref[]){x, y}, 2, 0, axis);
}

Ref find(Builder *b, int op, const Ref *args, int32_t n)
{
    size_t at;
    if (!has_place(b, b->n) && enlarge_known(b, b->n))
        return FAILED;
    return look_up(b, op, args, n, 0, 0, hash_of_node(op, args, n, 0, 0), &at);
}

uint8_t *needed_for(Builder *b, const Ref *outputs, Py_ssize_t n)
{
    uint8_t *needed = ZEROS(uint8_t, b->n);
    Py_ssize_t k;
    int32_t i, j;
    if (needed == NULL)
        return NULL;
    for (k = 0; k < n; k++)
        if (!is_constant(outputs[k]))
            needed[outputs[k]] = 1;
    for (i = b->n - 1; i >= 0; i--)
        if (needed[i]) {
            const Ref *args = operands_of(b, i);
            for (j = 0; j < b->rows[i].count; j++)
                if (!is_constant(args[j]))
                    needed[args[j]] = 1;
        }
    return needed;
}
