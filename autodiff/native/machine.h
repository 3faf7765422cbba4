/* What a program looks like to the lane interpreter: steps, columns of slots, windows.
 *
 * A number lives in a space and a slot. Space 0 is the shared vector, one number in each slot; the
 * spaces after it are tables, one for each axis, with a row of entries in each slot; the last space
 * is the input. A step computes the rows of its `out` column from those of its operand columns,
 * for a window of entries at a time.
 */
#ifndef AUTODIFF_MACHINE_H
#define AUTODIFF_MACHINE_H

#include <stddef.h>
#include <stdint.h>

typedef struct Column {
    int32_t space;
    int32_t count;
    int32_t stride;       /* from slot to slot, if `regular` */
    int32_t regular;      /* whether the slots are an arithmetic progression */
    const int32_t *slots;
} Column;

typedef struct Window {
    double *const *base;     /* of each space, at the first entry of the window */
    const ptrdiff_t *length; /* from row to row in each space */
    ptrdiff_t vectors;       /* how many vectors wide the window is */
    int counted;             /* how many entries of its last vector are real, for totals */
    int first, last;         /* whether it is the first or the last one of its segment */
    double *totals;          /* a vector for each total of the segment, from window to window */
} Window;

typedef struct Step Step;
typedef void (*Kernel)(const Step *, const Window *);
typedef void (*Loop)(double *out, const double *const *operands, const ptrdiff_t *steps,
                     ptrdiff_t vectors);
typedef void (*Many)(double *out, const double **operands, const ptrdiff_t *steps, int n,
                     ptrdiff_t vectors); /* moves the operands, and puts them back */

typedef void (*Pair)(double *out, double *other, const double *x, ptrdiff_t vectors);

typedef void (*All)(const double *const *operands, int n, double *out, double *sum);

/* Options of a step; all but ADDS and WITH_SUM are of a matrix. */
enum { ADDS = 1, BIAS = 2, WITH_SUM = 4, RELU_LAST = 8, TIMES = 16, SLOPE = 32, PRODUCT = 64, OPTIONS = 127 };

struct Step {
    Kernel run;
    Loop loop;            /* of an elementwise row on the shared axis */
    Many many;            /* of a row of any number of operands */
    Pair pair;            /* of two rows at once */
    All all;              /* of all shares of a set */
    int32_t axis;
    int32_t members;      /* results */
    int32_t terms;        /* of each sum of products */
    int32_t option;       /* ADDS: to what is there. BIAS: the third column is added. WITH_SUM: the
                             last column is the logsumexp of shares. RELU_LAST: results are relu of
                             the sums. TIMES: the sums times the last column, SLOPE: times the slope
                             of relu there. PRODUCT: of one term, which nothing is added to */
    int32_t first_total;  /* place of the first total in `totals` */
    int32_t n_columns;
    int32_t twos;         /* whether its pairs are those of left rows and the same two right ones */
    int32_t together;     /* whether the rows of each column lie side by side, none is shared */
    int32_t down, right;  /* of a regular matrix of shared factors: from member to member, term to term */
    Column out;
    Column *columns;
    double *scratch;      /* for factors that do not lie regularly, and pointers */
};

/* The kernels of one lane width. */
typedef struct Kernels {
    const char *name;     /* of the instruction set */
    int lanes;
    const char *const *rows;  /* names of the rows of the table, then NULL */
    const unsigned char *arities; /* of each row; 0 for any number of operands */
    const Loop *loops;        /* NULL for rows of any number of operands */
    const Kernel *runs;
    const Many *manys;
    const char *const *firsts, *const *seconds; /* rows that are cheaper together, then NULL */
    const Pair *pairs;
    const char *const *sets;  /* rows that are cheaper for a whole set, then NULL */
    const All *alls;
    Kernel shared_rows, pair, many, share, shares, inner_matrix, inner_terms, inner_shared, total, total_pairs,
        total_grid;
    /* Rows of X into a window of `vectors`; the last row again where there are no more. */
    void (*gather)(double *into, ptrdiff_t length, const double *X, ptrdiff_t row_step,
                   ptrdiff_t input_step, const int64_t *order, ptrdiff_t rows, ptrdiff_t inputs,
                   ptrdiff_t vectors);
    /* p -= rate * g */
    void (*descend)(double *p, const double *g, double rate, ptrdiff_t n);
    /* Whether all numbers are. */
    int (*finite)(const double *x, ptrdiff_t n);
} Kernels;

extern const Kernels autodiff_kernels_8, autodiff_kernels_4, autodiff_kernels_2, autodiff_kernels_1;

#endif
