/* Hash tables of what was met before, for the files of `nodes`, and tuples of integers in such a table. */

#ifndef HASHING_H
#define HASHING_H

#include "arrays.h"

static inline uint32_t mixed(uint32_t hash, uint32_t x)
{
    hash = (hash ^ x) * 0x9E3779B1u;
    return hash ^ hash >> 15;
}

static inline uint32_t hash_of(const int32_t *items, int32_t n, uint32_t hash)
{
    int32_t i;
    for (i = 0; i < n; i++)
        hash = mixed(hash, (uint32_t)items[i]);
    return hash;
}

/* Hash tables have 1 + a number below, and the hash of what has this number above; 0 is free. So
   most of what is not equal is not even looked at, and memory is not waited for. */
static inline uint64_t entry(uint32_t hash, int32_t number) { return (uint64_t)hash << 32 | (uint32_t)(number + 1); }

static inline int32_t number_in(uint64_t entry) { return (int32_t)(uint32_t)entry - 1; }

static inline int is_full(int32_t n, uint32_t mask) { return (uint64_t)n * 2 >= mask; }

/* A larger table with the same entries; 0, or -1 with an exception. */
int enlarge(uint64_t **table, uint32_t *mask);

/* Tuples of integers, each numbered when it is first met: what a dict is for in the Python passes. */
typedef struct {
    Ints items;  /* all tuples, one after the other */
    Ints starts; /* where each begins */
    uint64_t *table;
    uint32_t mask;
} Tuples;

/* The number of a tuple, which is new if it is how many there were. -1: failed. */
int32_t tuple_number(Tuples *tuples, const int32_t *items, int32_t n);
void forget_tuples(Tuples *tuples); /* and keep the memory */
void free_tuples(Tuples *tuples);

#endif
