/* From the steps of a layout to the text of a Machine (reading.h says how it is laid out): in which
order the steps run (segments.c), and which instruction does each of them (choosing.c, finishing.c).

To add an instruction: reading.h numbers its kind. If the op alone decides that it is used, a line of
`WAYS` in backends/native_backend.py is all that is needed here. If the columns of a step decide, `choose`
of choosing.c does; if a step and the next become one, `join` there does, after `JOINTS` where the two ops
decide; if a step becomes part of the only one whose results it reads, wherever that is, `finish` of
finishing.c does, after `THEN`. */

#include "writing.h"

/* ---------------------------------------------------------------- the text */

/* Slots as they are now. */
static void stand_in(const Writer *w, int32_t space, int32_t *slots, int32_t n)
{
    int32_t i;
    for (i = 0; space > SHARED && space < w->inputs && i < n; i++)
        if (slots[i] < w->n_slots[space] && w->slots[space][slots[i]].stand_in)
            slots[i] = w->slots[space][slots[i]].stand_in - 1;
}

static int write_column(Writer *w, Column c)
{
    if (code_room(&w->text, (int64_t)c.n + 2))
        return -1;
    if (c.space != CHOSEN)
        w->text.at[w->text.n++] = c.space == INPUT_SPACE ? w->inputs : c.space;
    w->text.at[w->text.n++] = c.n;
    memcpy(w->text.at + w->text.n, c.slots, c.n * sizeof *c.slots);
    stand_in(w, c.space, w->text.at + w->text.n, c.n);
    w->text.n += c.n;
    return 0;
}

/* The last instruction, if it is not written yet. */
static int write_last(Writer *w)
{
    const Instruction *it = &w->last;
    int32_t k;
    if (w->last_of_last == NONE)
        return 0;
    if (finish(w))
        return -1;
    int32_t head[] = {it->kind, it->place, it->out.n, it->terms, it->option, it->n};
    for (k = 0; k < 6; k++)
        if (put(&w->text, head[k]))
            return -1;
    w->last_of_last = NONE;
    if (write_column(w, it->out))
        return -1;
    for (k = 0; k < it->n; k++)
        if (write_column(w, it->columns[k]))
            return -1;
    w->n_instructions++, w->n_columns += it->n;
    return 0;
}

int write_segment(Writer *w, int32_t axis, const int32_t *steps, int32_t n)
{
    const Step *before = NULL; /* the step of `last`, if that does no other */
    int32_t i, head = w->text.n + 1, first = w->n_instructions;
    if (put(&w->text, axis) || put(&w->text, 0))
        return -1;
    for (i = 0; i < n; i++) {
        const Step *s = &w->steps[steps[i]];
        const int32_t *done = &w->uses[steps[i]].done;
        int joined = before && axis != SHARED && !*done ? join(w, before, s) : 0;
        if (joined < 0 || (!joined && write_last(w))) /* after which this step may be done */
            return -1;
        before = joined ? NULL : s;
        if (*done) {
            change_places(w, s, &w->steps[*done - 1]);
            before = NULL;
            continue;
        }
        if (!joined) {
            if (choose(w, s, &w->last))
                return -1;
            w->first_of_last = steps[i];
        }
        w->last_of_last = steps[i];
    }
    if (write_last(w))
        return -1;
    if (w->n_instructions == first)
        w->text.n = head - 1; /* all of it is done */
    else
        w->text.at[head] = w->n_instructions - first;
    return 0;
}

/* ---------------------------------------------------------------- from Python */

typedef struct {
    const int32_t *at;
    int32_t n;
    Py_buffer buffer;
} Numbers;

static int take(PyObject *object, Numbers *numbers)
{
    if (PyObject_GetBuffer(object, &numbers->buffer, PyBUF_SIMPLE))
        return -1;
    if (numbers->buffer.len % 4 || numbers->buffer.len / 4 >= INT32_MAX)
        return damaged();
    numbers->at = numbers->buffer.buf;
    numbers->n = (int32_t)(numbers->buffer.len / 4);
    return 0;
}

/* text(code, n, ways, joints, ones, inputs, outputs) -> (segments, instructions, columns, segments of
   rows, the segments themselves, the outputs); as `made` of native_backend.py says. */
PyObject *nodes_text(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *given[5], *result = NULL;
    Numbers numbers[5] = {{0}};
    Writer w = {.last_of_last = NONE};
    Code outputs = {0};
    int32_t i, parts = 0, parts_of_rows = 0;
    int n, inputs;
    if (!PyArg_ParseTuple(args, "OiOOOiO", &given[0], &n, &given[1], &given[2], &given[3], &inputs,
                          &given[4]))
        return NULL;
    for (i = 0; i < 5; i++)
        if (take(given[i], &numbers[i]))
            goto done;
    if (n < 0 || n > numbers[0].n || inputs < 2 || inputs == INT_MAX) {
        damaged();
        goto done;
    }
    w.n = n, w.inputs = inputs;
    w.ways = (const Way *)numbers[1].at, w.n_ways = numbers[1].n / 5;
    w.joints = (const Joint *)numbers[2].at, w.n_joints = numbers[2].n / 4;
    w.steps = ZEROS(Step, n), w.queue = ZEROS(int32_t, n), w.uses = ZEROS(Use, n);
    w.n_slots = ZEROS(int32_t, inputs), w.slots = ZEROS(Slot *, inputs);
    if (!w.steps || !w.queue || !w.uses || !w.n_slots || !w.slots ||
        read_steps(&w, numbers[0].at, numbers[0].at + numbers[0].n))
        goto done;
    for (i = ROWS; i < inputs; i++)
        if ((w.slots[i] = ZEROS(Slot, w.n_slots[i])) == NULL)
            goto done;
    for (i = 0; i < numbers[3].n; i++)
        if (numbers[3].at[i] >= w.n_ones && numbers[3].at[i] < INT32_MAX)
            w.n_ones = numbers[3].at[i] + 1;
    w.ones = ZEROS(uint8_t, w.n_ones), w.writers = ZEROS(int32_t, w.n_writers);
    if (!w.ones || !w.writers)
        goto done;
    for (i = 0; i < numbers[3].n; i++)
        if (numbers[3].at[i] >= 0 && numbers[3].at[i] < w.n_ones)
            w.ones[numbers[3].at[i]] = 1;
    find_uses(&w, numbers[4].at, numbers[4].n);
    if (write_segments(&w, &parts, &parts_of_rows) || code_room(&outputs, numbers[4].n))
        goto done;
    for (i = 0; i + 1 < numbers[4].n; i += 2) {
        outputs.at[i] = numbers[4].at[i];
        outputs.at[i + 1] = numbers[4].at[i + 1];
        stand_in(&w, outputs.at[i], &outputs.at[i + 1], 1);
    }
    outputs.n = i;
    result = Py_BuildValue("iiiiNN", parts, w.n_instructions, w.n_columns, parts_of_rows,
                           code_bytes(&w.text), code_bytes(&outputs));
done:
    for (i = 0; w.slots && i < inputs; i++)
        PyMem_RawFree(w.slots[i]);
    for (i = 0; i < 5; i++)
        if (numbers[i].buffer.obj)
            PyBuffer_Release(&numbers[i].buffer);
    PyMem_RawFree(w.steps);
    PyMem_RawFree(w.queue);
    PyMem_RawFree(w.uses);
    PyMem_RawFree(w.n_slots);
    PyMem_RawFree(w.slots);
    PyMem_RawFree(w.ones);
    PyMem_RawFree(w.writers);
    PyMem_RawFree(w.last.columns);
    PyMem_RawFree(w.results.at);
    Py_XDECREF(w.text.bytes);
    Py_XDECREF(outputs.bytes);
    free_tuples(&w.lefts);
    free_tuples(&w.rights);
    return result;
}
