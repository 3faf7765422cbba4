/* Growing arrays: see arrays.h. */

#include "arrays.h"

#include <string.h>
#ifdef __linux__
#include <sys/mman.h>
#endif

enum { PAGE = 4096, LARGE = 4 << 20 };

/* Tables of many nodes are read here and there: with large pages most of that finds its way without
   waiting, and fresh memory comes in fewer pieces. */
static void with_large_pages(void *array, size_t bytes)
{
#ifdef MADV_HUGEPAGE
    if (bytes >= LARGE) {
        size_t rest = -(uintptr_t)array % PAGE;
        madvise((char *)array + rest, (bytes - rest) / PAGE * PAGE, MADV_HUGEPAGE); /* if it likes */
    }
#else
    (void)array, (void)bytes;
#endif
}

int grow(void **array, size_t size, int32_t *room, int64_t wanted)
{
    int64_t larger = *room ? (int64_t)*room + *room / 2 : 64;
    void *p;
    if (larger < wanted)
        larger = wanted;
    if (larger >= INT32_MAX) {
        PyErr_SetString(PyExc_OverflowError, "a program has at most 2**31 operands");
        return -1;
    }
    p = PyMem_RawRealloc(*array, (size_t)larger * size);
    if (p == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    with_large_pages(p, (size_t)larger * size);
    *array = p;
    *room = (int32_t)larger;
    return 0;
}

int grow_zeroed(void **array, size_t size, int32_t *room, int64_t wanted)
{
    int32_t before = *room;
    if (grow(array, size, room, wanted))
        return -1;
    memset((char *)*array + before * size, 0, (*room - before) * size);
    return 0;
}

void *zeros(size_t n, size_t size)
{
    void *p = PyMem_RawCalloc(n ? n : 1, size);
    if (p == NULL)
        return PyErr_NoMemory();
    with_large_pages(p, n * size);
    return p;
}

int32_t renumbered(Ints *numbers, int32_t i, int32_t next)
{
    while (numbers->n <= i)
        if (push(numbers, -1))
            return -1;
    if (numbers->at[i] < 0)
        numbers->at[i] = next;
    return numbers->at[i];
}

int code_room(Code *code, int64_t more)
{
    int64_t wanted = code->n + more, larger = code->room + code->room / 2;
    if (wanted <= code->room)
        return 0;
    if (larger < wanted)
        larger = wanted < 64 ? 64 : wanted;
    if (larger >= INT32_MAX) {
        PyErr_SetString(PyExc_OverflowError, "a program has at most 2**31 operands");
        return -1;
    }
    if (code->bytes == NULL)
        code->bytes = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)larger * 4);
    else
        _PyBytes_Resize(&code->bytes, (Py_ssize_t)larger * 4);
    if (code->bytes == NULL)
        return -1;
    code->at = (int32_t *)PyBytes_AS_STRING(code->bytes);
    code->room = (int32_t)larger;
    with_large_pages(code->at, (size_t)larger * 4);
    return 0;
}

PyObject *code_bytes(Code *code)
{
    PyObject *bytes = code->bytes;
    code->bytes = NULL;
    if (bytes == NULL)
        return PyBytes_FromStringAndSize(NULL, 0);
    _PyBytes_Resize(&bytes, (Py_ssize_t)code->n * 4);
    return bytes;
}
