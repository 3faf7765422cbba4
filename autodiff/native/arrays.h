/* Growing arrays, for the files of `nodes`. */

#ifndef ARRAYS_H
#define ARRAYS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>

/* Make room for `more` elements behind `n`; 0, or -1 with an exception. */
#define ROOM(array, n, room, more) \
    ((int64_t)(n) + (more) <= (room) ? 0 : grow((void **)&(array), sizeof *(array), &(room), (int64_t)(n) + (more)))
int grow(void **array, size_t size, int32_t *room, int64_t wanted);

/* The same, and what is new is all zero. */
int grow_zeroed(void **array, size_t size, int32_t *room, int64_t wanted);

/* An array of n elements that are all zero; NULL with an exception. */
#define ZEROS(type, n) ((type *)zeros((size_t)(n), sizeof(type)))
void *zeros(size_t n, size_t size);

typedef struct {
    int32_t *at;
    int32_t n, room;
} Ints;

static inline int push(Ints *list, int32_t x)
{
    if (ROOM(list->at, list->n, list->room, 1))
        return -1;
    list->at[list->n++] = x;
    return 0;
}

/* The new number of what had number i, which is `next` when it is first asked for; -1: failed. */
int32_t renumbered(Ints *numbers, int32_t i, int32_t next);

/* Numbers that become bytes of Python, without a copy: the largest of what passes leave behind. */
typedef struct {
    PyObject *bytes;
    int32_t *at; /* in there */
    int32_t n, room;
} Code;

int code_room(Code *code, int64_t more); /* 0, or -1 with an exception */
PyObject *code_bytes(Code *code);        /* given away; NULL with an exception */

static inline int put(Code *code, int32_t x)
{
    if (code->n == code->room && code_room(code, 1))
        return -1;
    code->at[code->n++] = x;
    return 0;
}

#endif
