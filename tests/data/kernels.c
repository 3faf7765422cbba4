/* Runs native kernels on points from standard input; compiled once for each instruction set.
 *
 *     kernels          requests on standard input until it ends, results on standard output
 *     kernels names    the table: a name and a number of operands (0: any) a line
 *
 * A request is int32 kernel, int32 operands, int32 points, then for each operand that many float64.
 * The answer is one float64 a point; of kernel 1000 + i, the i-th pair, two.
 */

#include "kernels.h"

#include <stdio.h>
#include <stdlib.h>

enum { MOST = 16 };

typedef struct {
    const char *name;
    int arity;
    void (*run)(const V *const *xs, int n, V *out);
} Kernel;

#define RUN_1(name, function) \
    static void run_##name(const V *const *xs, int n, V *out) { (void)n; *out = function(*xs[0]); }
#define RUN_2(name, function) \
    static void run_##name(const V *const *xs, int n, V *out) \
    { (void)n; *out = function(*xs[0], *xs[1]); }
#define RUN_3(name, function) \
    static void run_##name(const V *const *xs, int n, V *out) \
    { (void)n; *out = function(*xs[0], *xs[1], *xs[2]); }
#define RUN_MANY(name, function) \
    static void run_##name(const V *const *xs, int n, V *out) { *out = function(xs, n); }
#define RUN_PAIR(first, second, function) \
    static void run_##function(const V *const *xs, int n, V *out) \
    { (void)n; function(*xs[0], out, out + 1); }
KERNELS(RUN_1, RUN_2, RUN_3, RUN_MANY)
PAIRS(RUN_PAIR)

#define ROW_1(name, function) {#name, 1, run_##name},
#define ROW_2(name, function) {#name, 2, run_##name},
#define ROW_3(name, function) {#name, 3, run_##name},
#define ROW_MANY(name, function) {#name, 0, run_##name},
#define ROW_PAIR(first, second, function) {#first " " #second, 1, run_##function},
static const Kernel table[] = {KERNELS(ROW_1, ROW_2, ROW_3, ROW_MANY)};
static const Kernel pairs[] = {PAIRS(ROW_PAIR)};

enum { ROWS = sizeof table / sizeof table[0], COUPLES = sizeof pairs / sizeof pairs[0] };

static void answer(const Kernel *kernel, int results, int operands, int points)
{
    double *numbers = malloc(sizeof(double) * (size_t)operands * (size_t)points);
    int at, i;
    if (!numbers || fread(numbers, sizeof(double) * (size_t)points, (size_t)operands, stdin) != (size_t)operands)
        exit(2);
    for (at = 0; at < points; at += LANES) {
        const int here = points - at < LANES ? points - at : LANES;
        V xs[MOST], out[2];
        const V *places[MOST];
        double found[2][LANES];
        for (i = 0; i < operands; i++) {
            xs[i] = v_load_some(numbers + (size_t)i * (size_t)points + at, here);
            places[i] = &xs[i];
        }
        kernel->run(places, operands, out);
        for (i = 0; i < results; i++)
            v_store_some(found[i], out[i], here);
        for (i = 0; i < here; i++) {
            fwrite(&found[0][i], sizeof(double), 1, stdout);
            if (results == 2)
                fwrite(&found[1][i], sizeof(double), 1, stdout);
        }
    }
    free(numbers);
}

int main(int count, char **arguments)
{
    int32_t request[3];
    int i;
    if (count == 2 && strcmp(arguments[1], "names") == 0) {
        for (i = 0; i < ROWS; i++)
            printf("%s %d\n", table[i].name, table[i].arity);
        for (i = 0; i < COUPLES; i++)
            printf("pair %s\n", pairs[i].name);
        return 0;
    }
    while (fread(request, sizeof request, 1, stdin) == 1) {
        const int pair = request[0] >= 1000, index = request[0] - 1000 * pair;
        const Kernel *kernel = pair ? &pairs[index] : &table[index];
        if (index < 0 || index >= (pair ? (int)COUPLES : (int)ROWS) || request[1] > MOST)
            return 2;
        if (kernel->arity ? request[1] != kernel->arity : request[1] < 1)
            return 2;
        answer(kernel, 1 + pair, request[1], request[2]);
    }
    return 0;
}
