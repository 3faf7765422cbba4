/* What a cached loss does in every call, where Values are those of C: `arrays_of` of
autodiff/program/recording.py, `numbers_of` and `add_to_grads` of autodiff/backends/caching.py.

A recording is read in one pass over the nodes as they were made. An operand is found by its mark, as in
value.c. No Python code runs here, so nobody sees the marks; what is not plain is left to Python. */

#include "nodes.h"
#include "value.h"

enum { DONE, ERROR, LEFT_TO_PYTHON, OLDER };
enum { A_NODE, A_NUMBER, A_PARAMETER }; /* kinds of operands, two bits of the key */
enum { LINK_OF_NUMBER = -1, LINK_OF_PARAMETER = -2 };

typedef struct {
    const Inside *values; /* what value.c shows */
    Value **parameters;
    PyObject **nodes;     /* as they were made */
    int32_t n_parameters, n_nodes, met;
    uint64_t key[2];      /* of all that was read so far */
    Code links, rows, numbers, identities;
    int32_t n_numbers;
} Recording;

/* One word more of what the recording looks like. Two different recordings of one key are as good as
impossible: both halves would have to lose the same difference, each step being one-to-one. */
static inline void put_key(Recording *r, uint64_t word)
{
    r->key[0] = (r->key[0] ^ word) * 0x9E3779B97F4A7C15u;
    r->key[0] ^= r->key[0] >> 32;
    r->key[1] = (r->key[1] ^ word) * 0xC2B2AE3D27D4EB4Fu;
    r->key[1] ^= r->key[1] >> 29;
}

/* Eight bytes more. */
static inline int put_wide(Code *code, const void *wide)
{
    if (code->n + 2 > code->room && code_room(code, 2))
        return ERROR;
    memcpy(code->at + code->n, wide, 8);
    code->n += 2;
    return DONE;
}

static int put_number(Recording *r, double number, uint64_t identity)
{
    r->n_numbers++;
    if (put(&r->links, LINK_OF_NUMBER) || put_wide(&r->numbers, &number) ||
        put_wide(&r->identities, &identity))
        return ERROR;
    return DONE;
}

/* One operand: a Value, or NULL and its number. */
static inline int read_operand(Recording *r, Value *value, double number, uint32_t *kind)
{
    uint32_t mark, n_parameters = (uint32_t)r->n_parameters;
    *kind = A_NUMBER;
    if (value == NULL)
        return put_number(r, number, (uint64_t)r->n_numbers);
    mark = value->mark;
    if (mark < n_parameters && r->parameters[mark] == value) {
        *kind = A_PARAMETER;
        return put(&r->links, LINK_OF_PARAMETER) || put(&r->rows, (int32_t)mark) ? ERROR : DONE;
    }
    mark -= n_parameters;
    if (mark < (uint32_t)r->met && r->nodes[mark] == (PyObject *)value) {
        *kind = A_NODE;
        return put(&r->links, (int32_t)mark) ? ERROR : DONE;
    }
    if (value->arity)
        return OLDER; /* than the recording */
    if (value->asides & OTHER_DATA)
        return LEFT_TO_PYTHON;
    return put_number(r, value->data, (uint64_t)(uintptr_t)value);
}

/* The operands of a node that has more than two, or unusual ones. */
static int read_many(Recording *r, const Value *node)
{
    Py_ssize_t k, n = PyTuple_GET_SIZE(node->a);
    uint64_t kinds = 0;
    uint32_t kind;
    put_key(r, (uint64_t)n);
    for (k = 0; k < n; k++) {
        PyObject *item = PyTuple_GET_ITEM(node->a, k);
        int is_number = PyFloat_CheckExact(item), outcome;
        if (!is_number && !is_value_of(r->values, item))
            return LEFT_TO_PYTHON;
        outcome = read_operand(r, is_number ? NULL : (Value *)item, is_number ? PyFloat_AS_DOUBLE(item) : 0.0, &kind);
        if (outcome != DONE)
            return outcome;
        kinds |= (uint64_t)kind << k % 32 * 2;
        if (k % 32 == 31 || k == n - 1) {
            put_key(r, kinds);
            kinds = 0;
        }
    }
    return DONE;
}

static int read_node(Recording *r, Value *node)
{
    uint64_t word = node->row | (uint64_t)node->arity << 16;
    uint32_t kind;
    int outcome = DONE;
    if (node->arity == MANY) {
        put_key(r, word);
        outcome = read_many(r, node);
    } else {
        if (node->arity > 0) {
            outcome = read_operand(r, (Value *)node->a, node->x, &kind);
            word |= (uint64_t)kind << 32;
        }
        if (node->arity > 1 && outcome == DONE) {
            outcome = read_operand(r, (Value *)node->b, node->y, &kind);
            word |= (uint64_t)kind << 34;
        }
        put_key(r, word);
    }
    node->mark = (uint32_t)(r->n_parameters + r->met++);
    return outcome;
}

static int read_all(Recording *r, PyObject *index)
{
    PyObject *value, *link;
    Py_ssize_t position = 0;
    int outcome = DONE, i;
    for (i = 0; PyDict_Next(index, &position, &value, &link); i++) {
        if (!is_value_of(r->values, value))
            return LEFT_TO_PYTHON;
        r->parameters[i] = (Value *)value;
        r->parameters[i]->mark = (uint32_t)i;
    }
    for (i = 0; outcome == DONE && i < r->n_nodes; i++)
        outcome = is_value_of(r->values, r->nodes[i]) ? read_node(r, (Value *)r->nodes[i]) : LEFT_TO_PYTHON;
    return outcome;
}

/* arrays_of(root, nodes, index) -> (key, root, links, rows, numbers, identities) or None */
PyObject *nodes_arrays_of(PyObject *Py_UNUSED(module), PyObject *const *given, Py_ssize_t count)
{
    Recording r = {.values = inside_of_values(), .key = {1, 2}};
    PyObject *result = NULL;
    uint32_t root;
    int outcome;
    if (r.values == NULL || count != 3 || !is_value_of(r.values, given[0]) || !PyList_CheckExact(given[1]) ||
        !PyDict_CheckExact(given[2]) || PyList_GET_SIZE(given[1]) + PyDict_GET_SIZE(given[2]) > INT32_MAX)
        return Py_NewRef(Py_NotImplemented);
    r.nodes = ((PyListObject *)given[1])->ob_item;
    r.n_nodes = (int32_t)PyList_GET_SIZE(given[1]);
    r.n_parameters = (int32_t)PyDict_GET_SIZE(given[2]);
    r.parameters = ZEROS(Value *, r.n_parameters);
    if (r.parameters == NULL)
        return NULL;
    ++*r.values->markings;
    outcome = read_all(&r, given[2]);
    root = ((Value *)given[0])->mark - (uint32_t)r.n_parameters;
    if (outcome == DONE && (root >= (uint32_t)r.n_nodes || r.nodes[root] != given[0]))
        outcome = OLDER;
    put_key(&r, root);
    if (outcome == DONE)
        result = Py_BuildValue("y#iNNNN", (char *)r.key, (Py_ssize_t)sizeof r.key, (int)root, code_bytes(&r.links),
                               code_bytes(&r.rows), code_bytes(&r.numbers), code_bytes(&r.identities));
    else if (outcome != ERROR)
        result = Py_NewRef(outcome == OLDER ? Py_None : Py_NotImplemented);
    Py_XDECREF(r.links.bytes);
    Py_XDECREF(r.rows.bytes);
    Py_XDECREF(r.numbers.bytes);
    Py_XDECREF(r.identities.bytes);
    PyMem_RawFree(r.parameters);
    return result;
}

/* Whether all items are Values that have nothing of this aside. */
static int are_plain(const Inside *values, PyObject *list, uint8_t aside)
{
    Py_ssize_t i;
    if (values == NULL || !PyList_CheckExact(list))
        return 0;
    for (i = 0; i < PyList_GET_SIZE(list); i++) {
        PyObject *item = PyList_GET_ITEM(list, i);
        if (!is_value_of(values, item) || ((Value *)item)->asides & aside)
            return 0;
    }
    return 1;
}

/* numbers_of(values) -> their data */
PyObject *nodes_numbers_of(PyObject *Py_UNUSED(module), PyObject *list)
{
    PyObject *found;
    Py_ssize_t i;
    if (!are_plain(inside_of_values(), list, OTHER_DATA))
        return Py_NewRef(Py_NotImplemented);
    found = PyBytes_FromStringAndSize(NULL, PyList_GET_SIZE(list) * 8);
    for (i = 0; found != NULL && i < PyList_GET_SIZE(list); i++)
        memcpy(PyBytes_AS_STRING(found) + 8 * i, &((Value *)PyList_GET_ITEM(list, i))->data, 8);
    return found;
}

/* add_to_grads(values, gradient) */
PyObject *nodes_add_to_grads(PyObject *Py_UNUSED(module), PyObject *const *given, Py_ssize_t count)
{
    PyObject *result = Py_NotImplemented;
    Py_buffer gradient;
    Py_ssize_t i;
    if (count != 2 || !are_plain(inside_of_values(), given[0], OTHER_GRAD))
        return Py_NewRef(Py_NotImplemented);
    if (PyObject_GetBuffer(given[1], &gradient, PyBUF_SIMPLE))
        return NULL;
    if (gradient.len == PyList_GET_SIZE(given[0]) * 8) {
        for (i = 0; i < PyList_GET_SIZE(given[0]); i++) {
            double slope;
            memcpy(&slope, (char *)gradient.buf + 8 * i, 8);
            ((Value *)PyList_GET_ITEM(given[0], i))->grad += slope;
        }
        result = Py_None;
    }
    PyBuffer_Release(&gradient);
    return Py_NewRef(result);
}
