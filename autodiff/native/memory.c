/* The memory of a machine: taken in whole cache lines and counted, and given back. */
#include <stdlib.h>
#include <string.h>

#include "reading.h"

enum { ALIGNMENT = 64 };

/* Bytes of n numbers, in whole cache lines. */
static size_t bytes_of(size_t n)
{
    return ((n ? n : 1) * sizeof(double) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

double *numbers(Machine *m, size_t n)
{
    void *memory = NULL;
    if (n > SIZE_MAX / 16 || posix_memalign(&memory, ALIGNMENT, bytes_of(n))) return NULL;
    memset(memory, 0, bytes_of(n));
    m->bytes += (int64_t)bytes_of(n);
    return memory;
}

int room(Machine *m, Table *table, int64_t rows, int64_t length)
{
    if (length && rows > PTRDIFF_MAX / 16 / length) return -1;
    size_t n = (size_t)(rows * length);
    if (table->data && n <= table->capacity) return 0;
    double *data = numbers(m, n);
    if (!data) return -1;
    if (table->data) m->bytes -= (int64_t)bytes_of(table->capacity);
    free(table->data);
    table->data = data;
    table->capacity = n;
    return 0;
}

void Machine_dealloc(Machine *m)
{
    if (m->lock) PyThread_free_lock(m->lock);
    for (int i = 0; m->tables && i < m->n_axes + 2; i++) free(m->tables[i].data);
    for (int i = 0; m->segments && i < m->n_segments; i++) {
        for (int j = 0; j < m->segments[i].n_steps; j++) free(m->segments[i].steps[j].scratch);
    }
    free(m->code), free(m->tables), free(m->segments), free(m->columns), free(m->steps);
    free(m->totals), free(m->gradient), free(m->base), free(m->lengths);
    Py_TYPE(m)->tp_free((PyObject *)m);
}
