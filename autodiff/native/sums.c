/* raise_sums of autodiff/program/sums.py over the store of nodes.c: the same in the same order. */

#include "nodes.h"

enum { FEW = 3, MANY = 8 }; /* as there */

/* x*y, or -x*y. */
typedef struct {
    Ref x, y;
    int32_t negative;
} Term;

typedef struct {
    Builder *b;
    int32_t n;         /* the rows there were at first */
    uint8_t *users;    /* by number: of how many nodes and outputs it is an operand; 2: of more */
    uint8_t *inside;   /* by number: whether it goes into a chain */
    int32_t *head;     /* by number: 1 + the chain that it is the last node of */
    Term *terms;       /* of all chains */
    int32_t n_terms, terms_room;
    Ints starts;       /* where the terms of each chain begin */
    Term *stack;       /* x and its sign, while a chain is followed */
    int32_t depth, stack_room;
    Ints absorbed;
    Ref *fresh;        /* by number: what stands for it now; NONE at first */
    Ints factors, args;
    Ref one, minus_one;
} Sums;

static int is_sum(int op) { return op == ADD || op == SUB || op == INNER; }

static int rank(const Builder *b, Ref x) { return is_constant(x) ? 1 : b->rows[x].axis ? 2 : 0; }

static void count_user(Sums *s, Ref x)
{
    if (!is_constant(x) && s->users[x] < 2)
        s->users[x]++;
}

static int may_change(const Sums *s, Ref head)
{
    const Builder *b = s->b;
    const Ref *args = operands_of(b, head);
    int32_t i, half = b->rows[head].count / 2;
    if (b->rows[head].op == INNER) {
        for (i = 0; i < half; i++)
            if (rank(b, args[i]) > rank(b, args[half + i]))
                return 1;
        return 0;
    }
    for (i = 0; i < b->rows[head].count; i++)
        if (!is_constant(args[i]) && s->users[args[i]] == 1 &&
            (is_sum(b->rows[args[i]].op) || b->rows[args[i]].op == NEG))
            return 1;
    return 0;
}

static int add_term(Sums *s, Ref x, Ref y, int negative)
{
    if (ROOM(s->terms, s->n_terms, s->terms_room, 1))
        return -1;
    s->terms[s->n_terms++] = (Term){x, y, negative};
    return 0;
}

static int follow(Sums *s, Ref x, int negative)
{
    if (ROOM(s->stack, s->depth, s->stack_room, 1))
        return -1;
    s->stack[s->depth++] = (Term){x, NONE, negative};
    return 0;
}

/* Append the terms of a chain from left to right, and to `absorbed` the nodes it consists of. */
static int find_terms(Sums *s, Ref head)
{
    Builder *b = s->b;
    int32_t axis = b->rows[head].axis, i, half;
    s->absorbed.n = s->depth = 0;
    if (follow(s, head, 0))
        return -1;
    while (s->depth > 0) {
        Term top = s->stack[--s->depth];
        Ref x = top.x, sign = top.negative ? s->minus_one : s->one;
        int negative = top.negative, failed = 0;
        const Ref *args;
        if (is_constant(x) || b->rows[x].axis != axis || (x != head && s->users[x] != 1)) {
            if (add_term(s, x, sign, 0))
                return -1;
            continue;
        }
        args = operands_of(b, x);
        switch (b->rows[x].op) {
        case ADD:
        case SUB:
            failed = follow(s, args[1], b->rows[x].op == SUB ? !negative : negative) ||
                     follow(s, args[0], negative);
            break;
        case NEG:
            failed = follow(s, args[0], !negative);
            break;
        case MUL:
            failed = add_term(s, args[0], args[1], negative);
            break;
        case INNER:
            half = b->rows[x].count / 2;
            for (i = 0; i < half && !failed; i++)
                failed = add_term(s, args[i], args[half + i], negative);
            break;
        default:
            if (add_term(s, x, sign, 0))
                return -1;
            continue;
        }
        if (failed || (x != head && push(&s->absorbed, x)))
            return -1;
    }
    return 0;
}

static int find_heads(Sums *s, const uint8_t *needed)
{
    Builder *b = s->b;
    Ref i;
    for (i = s->n - 1; i >= 0; i--) {
        int32_t start = s->n_terms, k, fewest = MANY;
        if (!needed[i] || !is_sum(b->rows[i].op) || s->inside[i] || !may_change(s, i))
            continue;
        if (find_terms(s, i))
            return -1;
        for (k = start; k < s->n_terms; k++)
            if (!s->terms[k].negative && !is_constant(s->terms[k].y))
                fewest = FEW;
        if (s->n_terms - start < fewest && b->rows[i].op != INNER) {
            s->n_terms = start;
            continue;
        }
        if (push(&s->starts, start))
            return -1;
        s->head[i] = s->starts.n;
        for (k = 0; k < s->absorbed.n; k++)
            s->inside[s->absorbed.at[k]] = 1;
    }
    return push(&s->starts, s->n_terms);
}

static Ref now(const Sums *s, Ref x) { return is_constant(x) ? x : s->fresh[x]; }

static Ref negated(Builder *b, Ref x)
{
    return is_constant(x) ? constant(b, -number_of(b, x)) : record(b, NEG, &x, 1);
}

/* The node for the terms of a chain; the sign of a term is put into one of its factors. */
static Ref inner(Sums *s, int32_t chain)
{
    Builder *b = s->b;
    int32_t start = s->starts.at[chain], n = s->starts.at[chain + 1] - start, k;
    if (ROOM(s->factors.at, 0, s->factors.room, 2 * (int64_t)n))
        return FAILED;
    for (k = 0; k < n; k++) {
        Term term = s->terms[start + k];
        Ref x = now(s, term.x), y = now(s, term.y);
        if (term.negative) {
            Ref *factor = is_constant(y) ? &y : &x;
            if ((*factor = negated(b, *factor)) == FAILED)
                return FAILED;
        }
        if (rank(b, x) > rank(b, y)) {
            Ref other = x;
            x = y, y = other;
        }
        s->factors.at[k] = x, s->factors.at[n + k] = y;
    }
    return record(b, INNER, s->factors.at, 2 * n);
}

/* A node that is no sum, over the operands as they are now. */
static Ref again(Sums *s, Ref i)
{
    Builder *b = s->b;
    const Ref *args = operands_of(b, i);
    int32_t n = b->rows[i].count, k, changed = 0;
    if (b->rows[i].op == TOTAL_PRODUCT) { /* where the product is needed anyhow */
        Ref product = find(b, MUL, args, n);
        if (product == FAILED)
            return FAILED;
        if (product != NONE && product < s->n && s->fresh[product] != NONE)
            return plain_total(b, s->fresh[product], b->rows[i].place);
    }
    for (k = 0; k < n; k++)
        changed |= now(s, args[k]) != args[k];
    if (!changed)
        return i;
    for (s->args.n = 0, k = 0; k < n; k++)
        if (push(&s->args, now(s, args[k])))
            return FAILED;
    return rebuilt(b, b->rows[i].op, b->rows[i].place, s->args.at, n);
}

static int raise(Sums *s, const uint8_t *needed)
{
    Builder *b = s->b;
    Ref i;
    for (i = 0; i < s->n; i++) {
        Ref made;
        if (!needed[i] || s->inside[i])
            continue;
        made = s->head[i] ? inner(s, s->head[i] - 1) : again(s, i);
        if (made == FAILED)
            return -1;
        s->fresh[i] = made;
        if (b->rows[i].named && !is_constant(made) && !b->rows[made].named &&
            give_name(b, made, name_of(b, i)))
            return -1;
    }
    return 0;
}

PyObject *nodes_raise_sums(PyObject *Py_UNUSED(module), PyObject *given)
{
    Builder *b = NULL;
    Py_ssize_t n, k;
    Ref *outputs = refs_of(given, &b, &n);
    uint8_t *needed = NULL;
    PyObject *result = NULL;
    Sums s = {0};
    Ref i;
    int32_t j;
    if (outputs == NULL)
        return NULL;
    if (b == NULL) {
        PyMem_RawFree(outputs);
        return Py_NewRef(Py_NotImplemented);
    }
    s.b = b;
    s.n = b->n;
    s.one = constant(b, 1.0), s.minus_one = constant(b, -1.0);
    needed = needed_for(b, outputs, n);
    s.users = ZEROS(uint8_t, s.n), s.inside = ZEROS(uint8_t, s.n);
    s.head = ZEROS(int32_t, s.n), s.fresh = ZEROS(Ref, s.n);
    if (!needed || !s.users || !s.inside || !s.head || !s.fresh || s.one == FAILED ||
        s.minus_one == FAILED)
        goto done;
    for (i = 0; i < s.n; i++) {
        s.fresh[i] = NONE;
        for (j = 0; needed[i] && j < b->rows[i].count; j++)
            count_user(&s, operands_of(b, i)[j]);
    }
    for (k = 0; k < n; k++)
        count_user(&s, outputs[k]);
    if (find_heads(&s, needed) || raise(&s, needed))
        goto done;
    for (k = 0; k < n; k++)
        outputs[k] = now(&s, outputs[k]);
    result = handles_of(b, outputs, n);
done:
    PyMem_RawFree(outputs);
    PyMem_RawFree(needed);
    PyMem_RawFree(s.users);
    PyMem_RawFree(s.inside);
    PyMem_RawFree(s.head);
    PyMem_RawFree(s.fresh);
    PyMem_RawFree(s.terms);
    PyMem_RawFree(s.stack);
    PyMem_RawFree(s.starts.at);
    PyMem_RawFree(s.absorbed.at);
    PyMem_RawFree(s.factors.at);
    PyMem_RawFree(s.args.at);
    return result;
}
