/* Hash tables of what was met before: see hashing.h. */

#include "hashing.h"

#include <string.h>

int enlarge(uint64_t **table, uint32_t *mask)
{
    size_t size = *mask ? ((size_t)*mask + 1) * 2 : 64, i;
    uint64_t *fresh = ZEROS(uint64_t, size);
    if (fresh == NULL)
        return -1;
    for (i = 0; *mask && i <= *mask; i++)
        if ((*table)[i]) {
            size_t at = (*table)[i] >> 32 & (size - 1);
            while (fresh[at])
                at = (at + 1) & (size - 1);
            fresh[at] = (*table)[i];
        }
    PyMem_RawFree(*table);
    *table = fresh;
    *mask = (uint32_t)(size - 1);
    return 0;
}

static inline int32_t tuple_end(const Tuples *t, int32_t i)
{
    return i + 1 < t->starts.n ? t->starts.at[i + 1] : t->items.n;
}

int32_t tuple_number(Tuples *t, const int32_t *items, int32_t n)
{
    uint32_t hash = hash_of(items, n, 0);
    size_t at;
    if (is_full(t->starts.n, t->mask) && enlarge(&t->table, &t->mask))
        return -1;
    for (at = hash & t->mask; t->table[at]; at = (at + 1) & t->mask) {
        int32_t i = number_in(t->table[at]), start = t->starts.at[i];
        if (t->table[at] >> 32 == hash && tuple_end(t, i) - start == n &&
            !memcmp(t->items.at + start, items, n * sizeof *items))
            return i;
    }
    if (ROOM(t->items.at, t->items.n, t->items.room, n) || push(&t->starts, t->items.n))
        return -1;
    if (n)
        memcpy(t->items.at + t->items.n, items, n * sizeof *items);
    t->items.n += n;
    t->table[at] = entry(hash, t->starts.n - 1);
    return t->starts.n - 1;
}

void forget_tuples(Tuples *t)
{
    if ((uint32_t)t->starts.n * 8 > t->mask) {
        if (t->mask)
            memset(t->table, 0, ((size_t)t->mask + 1) * sizeof *t->table);
    } else { /* a few tuples in a large table: all of them go, so any that is met is one of them */
        int32_t i;
        for (i = t->starts.n - 1; i >= 0; i--) {
            int32_t start = t->starts.at[i];
            size_t at = hash_of(t->items.at + start, tuple_end(t, i) - start, 0) & t->mask;
            while (number_in(t->table[at]) != i)
                at = (at + 1) & t->mask;
            t->table[at] = 0;
        }
    }
    t->items.n = t->starts.n = 0;
}

void free_tuples(Tuples *t)
{
    PyMem_RawFree(t->items.at);
    PyMem_RawFree(t->starts.at);
    PyMem_RawFree(t->table);
}
