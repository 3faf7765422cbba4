/* Runs native kernels on points from standard input; compiled once for each instruction set.
 *
 *     kernels          requests on standard input until it ends, results on standard output
 *     kernels names    the tables: kind, name and number of operands (0: any), one a line
 *
 * A request is int32 kernel, int32 operands, int32 points, then for each operand that many float64.
 * The answer is one float64 a point; of kernel 1000 + i, the i-th pair, two; of 2000 + i, the
 * i-th of those that give the shares of all operands, one for each operand.
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
#define RUN_SHARE(name, function) \
    static void run_##function(const V *const *xs, int n, V *out) { function(xs, n, out); }
KERNELS(RUN_1, RUN_2, RUN_3, RUN_MANY)
PAIRS(RUN_PAIR)
SHARES(RUN_SHARE)

#define ROW_1(name, function) {#name, 1, run_##name},
#define ROW_2(name, function) {#name, 2, run_##name},
#define ROW_3(name, function) {#name, 3, run_##name},
#define ROW_MANY(name, function) {#name, 0, run_##name},
#define ROW_PAIR(first, second, function) {#first "+" #second, 1, run_##function},
#define ROW_SHARE(name, function) {#name, 0, run_##function},
static const Kernel table[] = {KERNELS(ROW_1, ROW_2, ROW_3, ROW_MANY)};
static const Kernel pairs[] = {PAIRS(ROW_PAIR)};
static const Kernel shares[] = {SHARES(ROW_SHARE)};

#define COUNT(rows) ((int)(sizeof rows / sizeof rows[0]))
static const struct {
    const char *title;
    const Kernel *rows;
    int count;
} tables[] = {
    {"row", table, COUNT(table)},
    {"pair", pairs, COUNT(pairs)},
    {"shares", shares, COUNT(shares)},
};

static void answer(const Kernel *kernel, int results, int operands, int points)
{
    double *numbers = malloc(sizeof(double) * (size_t)operands * (size_t)points);
    int at, i;
    const size_t size = sizeof(double) * (size_t)points;
    if (!numbers || fread(numbers, size, (size_t)operands, stdin) != (size_t)operands)
        exit(2);
    for (at = 0; at < points; at += LANES) {
        const int here = points - at < LANES ? points - at : LANES;
        V xs[MOST], out[MOST];
        const V *places[MOST];
        double found[MOST][LANES];
        for (i = 0; i < operands; i++) {
            xs[i] = v_load_some(numbers + (size_t)i * (size_t)points + at, here);
            places[i] = &xs[i];
        }
        kernel->run(places, operands, out);
        for (i = 0; i < results; i++)
            v_store_some(found[i], out[i], here);
        for (i = 0; i < here * results; i++)
            fwrite(&found[i % results][i / results], sizeof(double), 1, stdout);
    }
    free(numbers);
}

int main(int count, char **arguments)
{
    int32_t request[3];
    int i;
    if (count == 2 && strcmp(arguments[1], "names") == 0) {
        int kind;
        for (kind = 0; kind < COUNT(tables); kind++)
            for (i = 0; i < tables[kind].count; i++)
                printf("%s %s %d\n", tables[kind].title, tables[kind].rows[i].name,
                       tables[kind].rows[i].arity);
        return 0;
    }
    while (fread(request, sizeof request, 1, stdin) == 1) {
        const int kind = request[0] / 1000, index = request[0] % 1000, operands = request[1];
        const Kernel *kernel;
        if (kind < 0 || kind >= COUNT(tables) || index < 0 || index >= tables[kind].count)
            return 2;
        kernel = &tables[kind].rows[index];
        if (operands < 1 || operands > MOST || (kernel->arity && operands != kernel->arity))
            return 2;
        answer(kernel, kind == 0 ? 1 : kind == 1 ? 2 : operands, operands, request[2]);
    }
    return 0;
}
