/* Nodes of programs in C: the store that autodiff/program/node.py describes, number for number.

The Python class `Builder` keeps a list of Node objects and a dict of what they say. Here a builder
is one table with a row for each node; a hash table finds the row that says the same. Passes in C
(sums.c, slopes.c, layout.c) work on the rows by number and make no objects at all.

A `Node` is then only a handle: its builder and its number. It is made when Python code asks for it,
and as long as it lives the builder hands out the same one, so `is` means what it means in Python.
Handles hold the builder and the builder does not hold them: there are no cycles, the collector has
nothing to do, and a builder of a million nodes is freed by freeing a few arrays.

`adopt` gives both types what they do not have themselves from the Python classes: operators,
messages. The rules of simplify.py are asked in Python too, except for the most frequent ones, which
are repeated in `simpler`. */

#include "nodes.h"

#include <stddef.h>
#include <structmember.h>
#ifdef __linux__
#include <sys/mman.h>
#endif

PyTypeObject *NodeType, *BuilderType;

enum { PAGE = 4096, LARGE = 4 << 20 };

typedef struct {
    PyObject_HEAD
    Builder *home;
    int32_t index; /* -1: the builder was cleared */
} Node;

/* ---------------------------------------------------------------- growing arrays */

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

void *zeros(size_t n, size_t size)
{
    void *p = PyMem_RawCalloc(n ? n : 1, size);
    if (p == NULL)
        return PyErr_NoMemory();
    with_large_pages(p, n * size);
    return p;
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

/* A larger table with the same entries. */
static int enlarge(uint64_t **table, uint32_t *mask)
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

static inline int is_full(int32_t n, uint32_t mask) { return (uint64_t)n * 2 >= mask; }

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

/* ---------------------------------------------------------------- ops by name */

static PyObject *op_names;   /* list */
static PyObject *op_numbers; /* name: number */
static PyObject *table;      /* autodiff.op.TABLE */
static PyObject *rules;      /* autodiff.program.simplify.RULES */
static PyObject *always;     /* autodiff.program.simplify.ALWAYS */
static PyObject *text_forward;
static PyObject *empty;

typedef struct {
    PyObject *rule; /* a rule that Python has and `simpler` has not */
    char always;    /* ask it also when no operand is constant */
    char asked;     /* this is filled in */
} Rule;

static Rule *rules_of;
static int32_t rules_room;

static const char *const spelled[KNOWN_OPS] = {
    "add", "sub", "mul", "div", "neg", "alias", "relu_slope", "inner", "total", "total_product",
    "logsumexp_share", "softmax_share", "softmax_rest", "inner_added", "input", "parameter", "lane",
    "size", "relu",
};

int op_number(PyObject *name)
{
    PyObject *known = PyDict_GetItemWithError(op_numbers, name);
    Py_ssize_t number;
    if (known != NULL)
        return (int)PyLong_AsLong(known);
    if (PyErr_Occurred())
        return -1;
    number = PyList_GET_SIZE(op_names);
    if (number > UINT16_MAX) {
        PyErr_SetString(PyExc_OverflowError, "more than 65535 names of ops");
        return -1;
    }
    known = PyLong_FromSsize_t(number);
    if (known == NULL || PyDict_SetItem(op_numbers, name, known) || PyList_Append(op_names, name))
        number = -1;
    Py_XDECREF(known);
    return (int)number;
}

PyObject *op_name(int op) { return PyList_GET_ITEM(op_names, op); }

PyObject *op_row(int op)
{
    PyObject *row = PyDict_GetItemWithError(table, op_name(op));
    if (row == NULL && !PyErr_Occurred())
        PyErr_SetObject(PyExc_KeyError, op_name(op));
    return row;
}

static Rule *rule_of(int op)
{
    Rule *rule;
    if (op >= rules_room) {
        int32_t before = rules_room;
        if (grow((void **)&rules_of, sizeof *rules_of, &rules_room, op + 1))
            return NULL;
        memset(rules_of + before, 0, (rules_room - before) * sizeof *rules_of);
    }
    rule = &rules_of[op];
    if (!rule->asked) {
        int in = PySet_Contains(always, op_name(op));
        PyObject *found = PyDict_GetItemWithError(rules, op_name(op));
        if (in < 0 || (found == NULL && PyErr_Occurred()))
            return NULL;
        rule->rule = op <= RELU_SLOPE ? NULL : Py_XNewRef(found);
        rule->always = (char)in;
        rule->asked = 1;
    }
    return rule;
}

/* ---------------------------------------------------------------- rows */

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

static inline void copy_refs(Ref *into, const Ref *from, int32_t n)
{
    int32_t i;
    if (n > 8)
        memcpy(into, from, n * sizeof *from);
    else
        for (i = 0; i < n; i++)
            into[i] = from[i];
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

static inline Ref node(Builder *b, int op, const Ref *args, int32_t n, int32_t axis, int32_t place)
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

Ref leaf(Builder *b, int op, int32_t place, int32_t axis) { return node(b, op, NULL, 0, axis, place); }

Ref plain_total(Builder *b, Ref x, int32_t axis) { return node(b, TOTAL, &x, 1, 0, axis); }

Ref total_product(Builder *b, Ref x, Ref y, int32_t axis)
{
    return node(b, TOTAL_PRODUCT, (Ref[]){x, y}, 2, 0, axis);
}

/* Builder.total of node.py. */
Ref total(Builder *b, Ref x, int32_t axis)
{
    if (is_constant(x) || b->rows[x].axis == 0) {
        Ref size = leaf(b, SIZE, axis, 0);
        return size == FAILED ? FAILED : record_2(b, MUL, x, size);
    }
    if (b->rows[x].op == MUL) {
        const Ref *args = operands_of(b, x);
        Ref left = args[0], right = args[1];
        if (!is_constant(left) && !is_constant(right) && b->rows[left].axis == b->rows[right].axis)
            return total_product(b, left, right, axis);
    }
    return plain_total(b, x, axis);
}

Ref find(Builder *b, int op, const Ref *args, int32_t n)
{
    size_t at;
    if (!has_place(b, b->n) && enlarge_known(b, b->n))
        return FAILED;
    return look_up(b, op, args, n, 0, 0, hash_of_node(op, args, n, 0, 0), &at);
}

static inline Ref negative_of(const Builder *b, Ref x) /* y, where x is -y */
{
    return !is_constant(x) && b->rows[x].op == NEG ? *operands_of(b, x) : NONE;
}

static inline int is_number(const Builder *b, Ref x, double number)
{
    return is_constant(x) && number_of(b, x) == number;
}

/* The most frequent rules of simplify.py: what is simpler than op(*args), or NONE. */
static inline Ref simpler(Builder *b, int op, const Ref *args, int32_t n)
{
    Ref x = args[0], y = n > 1 ? args[1] : NONE, negative;
    switch (op) {
    case ADD:
        if ((negative = negative_of(b, y)) != NONE)
            return record_2(b, SUB, x, negative);
        return (negative = negative_of(b, x)) != NONE ? record_2(b, SUB, y, negative) : NONE;
    case SUB:
        return (negative = negative_of(b, y)) != NONE ? record_2(b, ADD, x, negative) : NONE;
    case MUL:
        if (is_constant(y))
            return is_number(b, y, 1.0) ? x : is_number(b, y, -1.0) ? record(b, NEG, &x, 1) : NONE;
        return is_number(b, x, 1.0) ? y : is_number(b, x, -1.0) ? record(b, NEG, &y, 1) : NONE;
    case DIV:
        return is_number(b, y, 1.0) ? x : NONE;
    case NEG:
        return negative_of(b, x);
    case ALIAS:
        return x;
    default: /* RELU_SLOPE */
        x = is_constant(x) ? NONE : find(b, RELU, &x, 1);
        return x == NONE || x == FAILED ? x : record(b, RELU_SLOPE, &x, 1);
    }
}

static int fits(int op, int32_t n) { return n == (op >= NEG ? 1 : 2); }

/* A call of Python with operands as arguments. */
static Ref called(Builder *b, PyObject *function, PyObject *first, const Ref *args, int32_t n)
{
    PyObject *given = PyTuple_New(n + (first != NULL)), *result = NULL;
    Ref found = FAILED;
    int32_t i, k = 0;
    if (given == NULL)
        return FAILED;
    if (first != NULL)
        PyTuple_SET_ITEM(given, k++, Py_NewRef(first));
    for (i = 0; i < n; i++, k++) {
        PyObject *x = handle(b, args[i]);
        if (x == NULL)
            goto done;
        PyTuple_SET_ITEM(given, k, x);
    }
    result = PyObject_Call(function, given, NULL);
    if (result != NULL)
        found = result == Py_None ? NONE : ref_of(b, result);
done:
    Py_DECREF(given);
    Py_XDECREF(result);
    return found;
}

enum { FEW = 32 };

/* Builder.record of node.py. The operands may stand in the store itself. */
Ref record(Builder *b, int op, const Ref *args, int32_t n)
{
    int32_t axis = 0, constants = 0, i;
    Ref few[FEW], *copy = NULL, found;
    Rule *rule;
    for (i = 0; i < n; i++) {
        if (is_constant(args[i]))
            constants++;
        else if (b->rows[args[i]].axis)
            axis = b->rows[args[i]].axis;
    }
    if (n > FEW && (copy = PyMem_RawMalloc(n * sizeof *copy)) == NULL) {
        PyErr_NoMemory();
        return FAILED;
    }
    copy_refs(copy ? copy : few, args, n); /* the store may move */
    args = copy ? copy : few;
    if (!b->plain) {
        if (op <= RELU_SLOPE && fits(op, n))
            found = simpler(b, op, args, n);
        else if ((rule = rule_of(op)) == NULL)
            found = FAILED;
        else
            found = rule->rule && (constants || rule->always)
                        ? called(b, rule->rule, (PyObject *)b, args, n)
                        : NONE;
        if (found == NONE && constants && constants == n) {
            PyObject *row = op_row(op), *forward = row ? PyObject_GetAttr(row, text_forward) : NULL;
            found = forward ? called(b, forward, NULL, args, n) : FAILED;
            Py_XDECREF(forward);
        }
        if (found != NONE) {
            PyMem_RawFree(copy);
            return found;
        }
    }
    found = node(b, op, args, n, axis, 0);
    PyMem_RawFree(copy);
    return found;
}

Ref record_2(Builder *b, int op, Ref x, Ref y) { return record(b, op, (Ref[]){x, y}, 2); }

Ref rebuilt(Builder *b, int op, int32_t place, const Ref *args, int32_t n)
{
    if (op == TOTAL)
        return total(b, args[0], place);
    if (op == TOTAL_PRODUCT)
        return total_product(b, args[0], args[1], place);
    return record(b, op, args, n);
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

/* ---------------------------------------------------------------- handles */

enum { HANDLES = 256 }; /* of a page: Python has a few nodes of millions */

static PyObject **handle_place(Builder *b, Ref ref)
{
    int32_t page = ref / HANDLES, before = b->handles_room;
    if (page >= before) {
        if (grow((void **)&b->handles, sizeof *b->handles, &b->handles_room, b->n / HANDLES + 1))
            return NULL;
        memset(b->handles + before, 0, (b->handles_room - before) * sizeof *b->handles);
    }
    if (b->handles[page] == NULL && (b->handles[page] = ZEROS(PyObject *, HANDLES)) == NULL)
        return NULL;
    return &b->handles[page][ref % HANDLES];
}

PyObject *handle(Builder *b, Ref ref)
{
    PyObject **place;
    Node *made;
    if (is_constant(ref))
        return PyFloat_FromDouble(number_of(b, ref));
    place = handle_place(b, ref);
    if (place == NULL || *place != NULL)
        return Py_XNewRef(place ? *place : NULL);
    made = PyObject_New(Node, NodeType);
    if (made == NULL)
        return NULL;
    made->home = (Builder *)Py_NewRef((PyObject *)b);
    made->index = ref;
    return *place = (PyObject *)made;
}

static void node_dealloc(PyObject *self)
{
    Node *node = (Node *)self;
    PyTypeObject *type = Py_TYPE(self);
    if (node->index >= 0)
        *handle_place(node->home, node->index) = NULL; /* it was put there */
    Py_DECREF(node->home);
    PyObject_Free(self);
    Py_DECREF(type);
}

static int is_here(const Node *node)
{
    if (node->index < 0)
        PyErr_SetString(PyExc_RuntimeError, "the builder of this node was cleared");
    return node->index >= 0;
}

Ref ref_of(Builder *b, PyObject *object)
{
    double x;
    if (Py_TYPE(object) == NodeType) {
        Node *node = (Node *)object;
        if (!is_here(node))
            return FAILED;
        if (node->home != b) {
            PyErr_SetString(PyExc_ValueError, "nodes of two builders");
            return FAILED;
        }
        return node->index;
    }
    x = PyFloat_AsDouble(object);
    return x == -1.0 && PyErr_Occurred() ? FAILED : constant(b, x);
}

Ref *refs_of(PyObject *sequence, Builder **b, Py_ssize_t *n)
{
    PyObject *fast = PySequence_Fast(sequence, "a sequence of Nodes and floats is wanted");
    Ref *refs = NULL;
    Py_ssize_t i;
    if (fast == NULL)
        return NULL;
    *n = PySequence_Fast_GET_SIZE(fast);
    for (i = 0; *b == NULL && i < *n; i++)
        if (Py_TYPE(PySequence_Fast_GET_ITEM(fast, i)) == NodeType)
            *b = ((Node *)PySequence_Fast_GET_ITEM(fast, i))->home;
    refs = ZEROS(Ref, *n);
    for (i = 0; refs != NULL && *b != NULL && i < *n; i++)
        if ((refs[i] = ref_of(*b, PySequence_Fast_GET_ITEM(fast, i))) == FAILED) {
            PyMem_RawFree(refs);
            refs = NULL;
        }
    Py_DECREF(fast);
    return refs;
}

PyObject *handles_of(Builder *b, const Ref *refs, Py_ssize_t n)
{
    PyObject *list = PyList_New(n);
    Py_ssize_t i;
    for (i = 0; list != NULL && i < n; i++) {
        PyObject *x = handle(b, refs[i]);
        if (x == NULL)
            Py_CLEAR(list);
        else
            PyList_SET_ITEM(list, i, x);
    }
    return list;
}

PyObject *name_of(Builder *b, Ref node)
{
    PyObject *name = b->rows[node].named ? PyLong_FromLong(node) : NULL, *found = NULL;
    if (name != NULL) {
        found = PyDict_GetItemWithError(b->names, name);
        Py_DECREF(name);
    }
    return found ? found : empty;
}

int give_name(Builder *b, Ref node, PyObject *name)
{
    PyObject *key = PyLong_FromLong(node);
    int failed = key == NULL || PyDict_SetItem(b->names, key, name);
    Py_XDECREF(key);
    if (!failed)
        b->rows[node].named = PyObject_IsTrue(name) == 1;
    return failed ? -1 : 0;
}

static PyObject *get_op(Node *self, void *Py_UNUSED(closure))
{
    return is_here(self) ? Py_NewRef(op_name(self->home->rows[self->index].op)) : NULL;
}

static PyObject *get_operands(Node *self, void *Py_UNUSED(closure))
{
    Builder *b = self->home;
    PyObject *tuple;
    int32_t i, n;
    if (!is_here(self))
        return NULL;
    n = b->rows[self->index].count;
    tuple = PyTuple_New(n);
    for (i = 0; tuple != NULL && i < n; i++) {
        PyObject *x = handle(b, operands_of(b, self->index)[i]);
        if (x == NULL)
            Py_CLEAR(tuple);
        else
            PyTuple_SET_ITEM(tuple, i, x);
    }
    return tuple;
}

static PyObject *get_axis(Node *self, void *Py_UNUSED(closure))
{
    return is_here(self) ? PyLong_FromLong(self->home->rows[self->index].axis) : NULL;
}

static PyObject *get_place(Node *self, void *Py_UNUSED(closure))
{
    return is_here(self) ? PyLong_FromLong(self->home->rows[self->index].place) : NULL;
}

static PyObject *get_index(Node *self, void *Py_UNUSED(closure))
{
    return is_here(self) ? PyLong_FromLong(self->index) : NULL;
}

static PyObject *get_name(Node *self, void *Py_UNUSED(closure))
{
    return is_here(self) ? Py_NewRef(name_of(self->home, self->index)) : NULL;
}

static int set_name(Node *self, PyObject *name, void *Py_UNUSED(closure))
{
    if (name == NULL || !PyUnicode_Check(name)) {
        PyErr_SetString(PyExc_TypeError, "a name is a string");
        return -1;
    }
    return is_here(self) ? give_name(self->home, self->index, name) : -1;
}

static PyGetSetDef node_attributes[] = {
    {"op", (getter)get_op, NULL, NULL, NULL},
    {"operands", (getter)get_operands, NULL, NULL, NULL},
    {"axis", (getter)get_axis, NULL, NULL, NULL},
    {"place", (getter)get_place, NULL, NULL, NULL},
    {"index", (getter)get_index, NULL, NULL, NULL},
    {"name", (getter)get_name, (setter)set_name, NULL, NULL},
    {NULL},
};

static PyMemberDef node_members[] = {
    {"home", T_OBJECT, offsetof(Node, home), READONLY, NULL},
    {NULL},
};

static PyType_Slot node_slots[] = {
    {Py_tp_dealloc, node_dealloc},
    {Py_tp_getset, node_attributes},
    {Py_tp_members, node_members},
    {0, NULL},
};

static PyType_Spec node_spec = {
    .name = "autodiff.program.node.Node",
    .basicsize = sizeof(Node),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = node_slots,
};

/* ---------------------------------------------------------------- the builder as an object */

static PyObject *builder_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"gated", NULL};
    int gated = 1;
    Builder *b;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "|p", names, &gated))
        return NULL;
    b = (Builder *)type->tp_alloc(type, 0);
    if (b == NULL)
        return NULL;
    b->gated = (char)gated;
    b->names = PyDict_New();
    if (b->names == NULL)
        Py_CLEAR(b);
    return (PyObject *)b;
}

static void empty_builder(Builder *b)
{
    int32_t page, i;
    for (page = 0; page < b->handles_room; page++) {
        for (i = 0; b->handles[page] && i < HANDLES; i++)
            if (b->handles[page][i] != NULL)
                ((Node *)b->handles[page][i])->index = -1;
        PyMem_RawFree(b->handles[page]);
    }
    PyMem_RawFree(b->rows);
    PyMem_RawFree(b->operands);
    PyMem_RawFree(b->numbers);
    PyMem_RawFree(b->known);
    PyMem_RawFree(b->known_numbers);
    PyMem_RawFree(b->handles);
    memset(&b->rows, 0, offsetof(Builder, names) - offsetof(Builder, rows));
}

static void builder_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    empty_builder((Builder *)self);
    Py_XDECREF(((Builder *)self)->names);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyObject *builder_clear(Builder *b, PyObject *Py_UNUSED(none))
{
    empty_builder(b);
    PyDict_Clear(b->names);
    Py_RETURN_NONE;
}

static PyObject *answer(Builder *b, Ref found)
{
    return found == FAILED ? NULL : found == NONE ? Py_NewRef(Py_None) : handle(b, found);
}

static PyObject *builder_leaf(Builder *b, PyObject *args)
{
    PyObject *kind, *name = NULL;
    int place, axis, op;
    int32_t before = b->n;
    Ref found;
    if (!PyArg_ParseTuple(args, "Uii|U", &kind, &place, &axis, &name) || (op = op_number(kind)) < 0)
        return NULL;
    found = leaf(b, op, place, axis);
    if (found == FAILED || (found == before && name && PyUnicode_GET_LENGTH(name) && give_name(b, found, name)))
        return NULL;
    return handle(b, found);
}

/* record(op, args), and known(op, args) */
static PyObject *of_op(Builder *b, PyObject *const *given, Py_ssize_t count, int only_known)
{
    Py_ssize_t n;
    Ref *args, found;
    int op;
    if (count != 2) {
        PyErr_SetString(PyExc_TypeError, "an op and its operands are wanted");
        return NULL;
    }
    op = op_number(given[0]);
    args = op < 0 ? NULL : refs_of(given[1], &b, &n);
    if (args == NULL)
        return NULL;
    found = only_known ? find(b, op, args, (int32_t)n) : record(b, op, args, (int32_t)n);
    PyMem_RawFree(args);
    return answer(b, found);
}

static PyObject *builder_record(Builder *b, PyObject *const *given, Py_ssize_t count)
{
    return of_op(b, given, count, 0);
}

static PyObject *builder_known(Builder *b, PyObject *const *given, Py_ssize_t count)
{
    return of_op(b, given, count, 1);
}

static PyObject *builder_total(Builder *b, PyObject *args)
{
    PyObject *object;
    int axis;
    Ref x;
    if (!PyArg_ParseTuple(args, "Oi", &object, &axis) || (x = ref_of(b, object)) == FAILED)
        return NULL;
    return answer(b, total(b, x, axis));
}

static PyObject *builder_plain_total(Builder *b, PyObject *args)
{
    PyObject *object;
    int axis;
    Ref x;
    if (!PyArg_ParseTuple(args, "Oi", &object, &axis) || (x = ref_of(b, object)) == FAILED)
        return NULL;
    return answer(b, plain_total(b, x, axis));
}

static PyObject *builder_total_product(Builder *b, PyObject *args)
{
    PyObject *first, *second;
    int axis;
    Ref x, y;
    if (!PyArg_ParseTuple(args, "OOi", &first, &second, &axis) || (x = ref_of(b, first)) == FAILED ||
        (y = ref_of(b, second)) == FAILED)
        return NULL;
    return answer(b, total_product(b, x, y, axis));
}

static PyObject *builder_ops(Builder *b, PyObject *Py_UNUSED(none))
{
    PyObject *found = PySet_New(NULL);
    uint8_t *seen = ZEROS(uint8_t, PyList_GET_SIZE(op_names));
    int32_t i;
    for (i = 0; found && seen && i < b->n; i++)
        if (b->rows[i].count && !seen[b->rows[i].op]) {
            seen[b->rows[i].op] = 1;
            if (PySet_Add(found, op_name(b->rows[i].op)))
                Py_CLEAR(found);
        }
    if (seen == NULL)
        Py_CLEAR(found);
    PyMem_RawFree(seen);
    return found;
}

static PyObject *get_nodes(Builder *b, void *Py_UNUSED(closure))
{
    PyObject *list = PyList_New(b->n);
    int32_t i;
    for (i = 0; list != NULL && i < PyList_GET_SIZE(list); i++) {
        PyObject *node = handle(b, i);
        if (node == NULL)
            Py_CLEAR(list);
        else
            PyList_SET_ITEM(list, i, node);
    }
    return list;
}

static PyMethodDef builder_methods[] = {
    {"clear", (PyCFunction)builder_clear, METH_NOARGS, NULL},
    {"leaf", (PyCFunction)builder_leaf, METH_VARARGS, NULL},
    {"record", (PyCFunction)(void (*)(void))builder_record, METH_FASTCALL, NULL},
    {"known", (PyCFunction)(void (*)(void))builder_known, METH_FASTCALL, NULL},
    {"total", (PyCFunction)builder_total, METH_VARARGS, NULL},
    {"plain_total", (PyCFunction)builder_plain_total, METH_VARARGS, NULL},
    {"total_product", (PyCFunction)builder_total_product, METH_VARARGS, NULL},
    {"ops", (PyCFunction)builder_ops, METH_NOARGS, NULL},
    {NULL},
};

static PyGetSetDef builder_attributes[] = {
    {"nodes", (getter)get_nodes, NULL, NULL, NULL},
    {NULL},
};

static PyMemberDef builder_members[] = {
    {"gated", T_BOOL, offsetof(Builder, gated), 0, NULL},
    {"dropped", T_BOOL, offsetof(Builder, dropped), 0, NULL},
    {"plain", T_BOOL, offsetof(Builder, plain), 0, NULL},
    {NULL},
};

static PyType_Slot builder_slots[] = {
    {Py_tp_new, builder_new},
    {Py_tp_dealloc, builder_dealloc},
    {Py_tp_methods, builder_methods},
    {Py_tp_getset, builder_attributes},
    {Py_tp_members, builder_members},
    {0, NULL},
};

static PyType_Spec builder_spec = {
    .name = "autodiff.program.node.Builder",
    .basicsize = sizeof(Builder),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = builder_slots,
};

/* ---------------------------------------------------------------- tape.py */

/* Ops, and constants, in the order in which a tape names them first. */
typedef struct {
    Code code;
    Ints ops, constants; /* by number here: the number there, or NONE */
    PyObject *names_of_ops;
    double *numbers;
    int32_t n_numbers, numbers_room;
} Recorder;

/* The number there of what has number i here, which is `next` if it is new. */
static int32_t renumbered(Ints *numbers, int32_t i, int32_t next)
{
    while (numbers->n <= i)
        if (push(numbers, NONE))
            return -1;
    if (numbers->at[i] == NONE)
        numbers->at[i] = next;
    return numbers->at[i];
}

/* An operand as a tape has it; FAILED. */
static Ref on_tape(Recorder *r, const Builder *b, const int32_t *where, Ref x)
{
    int32_t k;
    if (!is_constant(x))
        return where[x];
    k = renumbered(&r->constants, ~x, r->n_numbers);
    if (k == r->n_numbers && !ROOM(r->numbers, k, r->numbers_room, 1))
        r->numbers[r->n_numbers++] = number_of(b, x);
    return k < 0 || k == r->n_numbers ? FAILED : ~k;
}

static int put_on_tape(Recorder *r, const Builder *b, const int32_t *where, Ref node)
{
    const Row *row = &b->rows[node];
    int32_t next = (int32_t)PyList_GET_SIZE(r->names_of_ops), op = renumbered(&r->ops, row->op, next), k;
    if (op < 0 || (op == next && PyList_Append(r->names_of_ops, op_name(row->op))) ||
        code_room(&r->code, (int64_t)row->count + 4))
        return -1;
    r->code.at[r->code.n++] = op;
    r->code.at[r->code.n++] = row->place;
    r->code.at[r->code.n++] = row->axis;
    r->code.at[r->code.n++] = row->count;
    for (k = 0; k < row->count; k++)
        if ((r->code.at[r->code.n++] = on_tape(r, b, where, operands_of(b, node)[k])) == FAILED)
            return -1;
    return 0;
}

/* names[place] = its name, if it has one */
static int name_on_tape(PyObject *names, Builder *b, int32_t place, Ref node)
{
    PyObject *key = b->rows[node].named ? PyLong_FromLong(place) : NULL;
    int failed = b->rows[node].named && (!key || PyDict_SetItem(names, key, name_of(b, node)));
    Py_XDECREF(key);
    return failed ? -1 : 0;
}

/* fields(outputs) -> code, numbers, ops, names, outputs */
static PyObject *nodes_fields(PyObject *Py_UNUSED(module), PyObject *given)
{
    Builder *b = NULL;
    Recorder r = {0};
    Py_ssize_t n, k;
    Ref *outputs = refs_of(given, &b, &n), i;
    uint8_t *needed = NULL;
    int32_t *where = NULL, count = 0;
    PyObject *names = NULL, *out = NULL, *result = NULL;
    if (outputs == NULL)
        return NULL;
    if (b == NULL) { /* nothing varies */
        PyMem_RawFree(outputs);
        return Py_NewRef(Py_NotImplemented);
    }
    needed = needed_for(b, outputs, n);
    where = ZEROS(int32_t, b->n);
    names = PyDict_New(), r.names_of_ops = PyList_New(0), out = PyList_New(n);
    if (!needed || !where || !names || !r.names_of_ops || !out)
        goto done;
    for (i = 0; i < b->n; i++)
        if (needed[i]) {
            where[i] = count++;
            if (put_on_tape(&r, b, where, i) || name_on_tape(names, b, where[i], i))
                goto done;
        }
    for (k = 0; k < n; k++) {
        Ref x = on_tape(&r, b, where, outputs[k]);
        PyObject *number = x == FAILED ? NULL : PyLong_FromLong(x);
        if (number == NULL)
            goto done;
        PyList_SET_ITEM(out, k, number);
    }
    result = Py_BuildValue("Ny#OOO", code_bytes(&r.code), r.n_numbers ? (const char *)r.numbers : "",
                           (Py_ssize_t)r.n_numbers * (Py_ssize_t)sizeof *r.numbers, r.names_of_ops,
                           names, out);
done:
    Py_XDECREF(r.names_of_ops);
    Py_XDECREF(names);
    Py_XDECREF(out);
    Py_XDECREF(r.code.bytes);
    PyMem_RawFree(r.ops.at);
    PyMem_RawFree(r.constants.at);
    PyMem_RawFree(r.numbers);
    PyMem_RawFree(needed);
    PyMem_RawFree(where);
    PyMem_RawFree(outputs);
    return result;
}

/* A tape while it is loaded. */
typedef struct {
    Py_buffer code, numbers;
    Ints ops, constants; /* by number there: the number, or the operand, here */
    Ints made;           /* by place on the tape */
    Ints args;
} Loader;

static Ref from_tape(const Loader *l, int64_t x)
{
    if (x >= 0 && x < l->made.n)
        return l->made.at[x];
    if (x < 0 && ~x < l->constants.n)
        return l->constants.at[~x];
    PyErr_SetString(PyExc_IndexError, "an operand comes before its user on a tape");
    return FAILED;
}

/* The node that stands at `at`: how many numbers it takes, or -1. */
static int32_t load_node(Builder *b, Loader *l, const int32_t *at, int64_t left)
{
    int32_t n = left < 4 ? -1 : at[3], k;
    Ref found;
    int op;
    if (n < 0 || n > left - 4 || at[0] < 0 || at[0] >= l->ops.n ||
        ((op = l->ops.at[at[0]]) == TOTAL && n != 1) || (op == TOTAL_PRODUCT && n != 2)) {
        PyErr_SetString(PyExc_ValueError, "this is no tape");
        return -1;
    }
    for (l->args.n = 0, k = 0; k < n; k++) {
        Ref x = from_tape(l, at[4 + k]);
        if (x == FAILED || push(&l->args, x))
            return -1;
    }
    found = n ? rebuilt(b, op, at[1], l->args.at, n) : leaf(b, op, at[1], at[2]);
    return found == FAILED || push(&l->made, found) ? -1 : n + 4;
}

/* The ops and constants of a tape here. */
static int prepare(Builder *b, Loader *l, PyObject *ops)
{
    Py_ssize_t k;
    for (k = 0; k < PyList_GET_SIZE(ops); k++) {
        int op = op_number(PyList_GET_ITEM(ops, k));
        if (op < 0 || push(&l->ops, op))
            return -1;
    }
    for (k = 0; k < l->numbers.len / (Py_ssize_t)sizeof(double); k++) {
        double number;
        Ref x;
        memcpy(&number, (const char *)l->numbers.buf + k * (Py_ssize_t)sizeof number, sizeof number);
        if ((x = constant(b, number)) == FAILED || push(&l->constants, x))
            return -1;
    }
    return 0;
}

/* loaded(builder, fields) -> outputs */
static PyObject *nodes_loaded(PyObject *Py_UNUSED(module), PyObject *const *given, Py_ssize_t count)
{
    PyObject *ops, *names, *out, *fast, *key, *name, *result = NULL;
    Loader l = {0};
    Ref *outputs = NULL;
    Py_ssize_t k, position = 0;
    Builder *b;
    if (count != 2 || Py_TYPE(given[0]) != BuilderType || !PyTuple_Check(given[1])) {
        PyErr_SetString(PyExc_TypeError, "a builder and the fields of a tape are wanted");
        return NULL;
    }
    b = (Builder *)given[0];
    if (!PyArg_ParseTuple(given[1], "y*y*O!O!O", &l.code, &l.numbers, &PyList_Type, &ops, &PyDict_Type,
                          &names, &out))
        return NULL;
    fast = PySequence_Fast(out, "outputs are a sequence");
    if (fast == NULL || prepare(b, &l, ops) || expect(b, l.code.len / 4 / 6, l.code.len / 4 / 3))
        goto done; /* a node of two operands takes 6 numbers */
    for (k = 0; k < l.code.len / 4;) {
        const int32_t *at = (const int32_t *)l.code.buf + k;
        int32_t taken = load_node(b, &l, at, l.code.len / 4 - k);
        if (taken < 0)
            goto done;
        k += taken;
    }
    while (PyDict_Next(names, &position, &key, &name)) {
        k = PyLong_AsSsize_t(key);
        if (k >= 0 && k < l.made.n && !is_constant(l.made.at[k]) && !b->rows[l.made.at[k]].named &&
            give_name(b, l.made.at[k], name))
            goto done;
    }
    outputs = ZEROS(Ref, PySequence_Fast_GET_SIZE(fast));
    for (k = 0; outputs && k < PySequence_Fast_GET_SIZE(fast); k++) {
        int64_t x = PyLong_AsLongLong(PySequence_Fast_GET_ITEM(fast, k));
        if (PyErr_Occurred() || (outputs[k] = from_tape(&l, x)) == FAILED)
            goto done;
    }
    if (outputs != NULL)
        result = handles_of(b, outputs, PySequence_Fast_GET_SIZE(fast));
done:
    Py_XDECREF(fast);
    PyBuffer_Release(&l.code);
    PyBuffer_Release(&l.numbers);
    PyMem_RawFree(l.ops.at);
    PyMem_RawFree(l.constants.at);
    PyMem_RawFree(l.made.at);
    PyMem_RawFree(l.args.at);
    PyMem_RawFree(outputs);
    return result;
}

/* ---------------------------------------------------------------- the module */

static PyObject *given_to(PyTypeObject *type, PyObject *cls)
{
    PyObject *name, *attribute, *its;
    Py_ssize_t position = 0;
    its = PyDict_Copy(((PyTypeObject *)cls)->tp_dict);
    if (its == NULL)
        return NULL;
    while (PyDict_Next(its, &position, &name, &attribute)) {
        int own = PyDict_Contains(type->tp_dict, name);
        int is_doc = PyUnicode_CompareWithASCIIString(name, "__doc__") == 0;
        int skipped = PyUnicode_CompareWithASCIIString(name, "__slots__") == 0 ||
                      PyUnicode_CompareWithASCIIString(name, "__dict__") == 0 ||
                      PyUnicode_CompareWithASCIIString(name, "__init__") == 0 ||
                      PyUnicode_CompareWithASCIIString(name, "__weakref__") == 0;
        if (own < 0 || ((!own || is_doc) && !skipped &&
                        PyObject_SetAttr((PyObject *)type, name, attribute))) {
            Py_DECREF(its);
            return NULL;
        }
    }
    Py_DECREF(its);
    return Py_NewRef((PyObject *)type);
}

static PyObject *nodes_adopt(PyObject *Py_UNUSED(module), PyObject *cls)
{
    if (!PyType_Check(cls))
        return PyErr_Format(PyExc_TypeError, "a class is wanted, not %R", cls);
    return given_to(strcmp(((PyTypeObject *)cls)->tp_name, "Node") ? BuilderType : NodeType, cls);
}

static PyMethodDef functions[] = {
    {"adopt", nodes_adopt, METH_O, "adopt(cls)\n--\n\nThe C type in the place of the class Node or Builder of node.py."},
    {"fields", nodes_fields, METH_O, "fields(outputs)\n--\n\nWhat a tape keeps."},
    {"loaded", (PyCFunction)(void (*)(void))nodes_loaded, METH_FASTCALL, "loaded(builder, fields)\n--\n\nThe outputs of a tape in a builder."},
    {"recorded", (PyCFunction)(void (*)(void))nodes_recorded, METH_FASTCALL, "recorded(outputs, leaves, builder)\n--\n\nAs in trace.py."},
    {"long_sums", (PyCFunction)(void (*)(void))nodes_long_sums, METH_FASTCALL, "long_sums(outputs, leaves)\n--\n\nAs in lanes.py."},
    {"raise_sums", nodes_raise_sums, METH_O, "raise_sums(outputs)\n--\n\nAs in sums.py."},
    {"gradients", (PyCFunction)(void (*)(void))nodes_gradients, METH_FASTCALL, "gradients(y, xs)\n--\n\nAs in differentiate.py."},
    {"planned", (PyCFunction)(void (*)(void))nodes_planned, METH_FASTCALL, "planned(outputs, n_parameters)\n--\n\nAs in laying.py."},
    {"text", nodes_text, METH_VARARGS, "text(code, steps, ways, joints, ones, inputs)\n--\n\nThe segments of a Machine's text."},
    {"arrays_of", (PyCFunction)(void (*)(void))nodes_arrays_of, METH_FASTCALL, "arrays_of(root, nodes, index)\n--\n\nAs in recording.py."},
    {"numbers_of", nodes_numbers_of, METH_O, "numbers_of(values)\n--\n\nAs in caching.py."},
    {"add_to_grads", (PyCFunction)(void (*)(void))nodes_add_to_grads, METH_FASTCALL, "add_to_grads(values, gradient)\n--\n\nAs in caching.py."},
    {NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "autodiff.native.nodes",
    .m_doc = "Nodes of programs, and the passes over them, in C.",
    .m_size = -1,
    .m_methods = functions,
};

static PyObject *from_module(const char *module_name, const char *name)
{
    PyObject *it = PyImport_ImportModule(module_name);
    PyObject *found = it ? PyObject_GetAttrString(it, name) : NULL;
    Py_XDECREF(it);
    return found;
}

PyMODINIT_FUNC PyInit_nodes(void)
{
    static PyObject *made;
    int op;
    table = from_module("autodiff.op", "TABLE");
    rules = table ? from_module("autodiff.program.simplify", "RULES") : NULL;
    always = rules ? from_module("autodiff.program.simplify", "ALWAYS") : NULL;
    if (made != NULL || always == NULL) /* where the rules are wants nodes, and was first */
        return Py_XNewRef(made);
    op_names = PyList_New(0);
    op_numbers = PyDict_New();
    text_forward = PyUnicode_InternFromString("forward");
    empty = PyUnicode_InternFromString("");
    if (!op_names || !op_numbers || !text_forward || !empty)
        return NULL;
    for (op = 0; op < KNOWN_OPS; op++) {
        PyObject *name = PyUnicode_InternFromString(spelled[op]);
        int number = name ? op_number(name) : -1;
        Py_XDECREF(name);
        if (number != op)
            return NULL;
    }
    NodeType = (PyTypeObject *)PyType_FromSpec(&node_spec);
    BuilderType = NodeType ? (PyTypeObject *)PyType_FromSpec(&builder_spec) : NULL;
    made = BuilderType ? PyModule_Create(&module) : NULL;
    return Py_XNewRef(made);
}
