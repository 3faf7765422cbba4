/* Times every native kernel on 1024 numbers: a name and nanoseconds per number on each line. */

#define _POSIX_C_SOURCE 199309L

#include "kernels.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { NUMBERS = 1024, REPEATS = 40 };

extern V operands[4][NUMBERS / LANES], results[2][NUMBERS / LANES];
V operands[4][NUMBERS / LANES], results[2][NUMBERS / LANES]; /* seen from outside: all is computed */

#define LOOP(function, call) \
    static __attribute__((noinline)) void time_##function(void) \
    { \
        int i; \
        for (i = 0; i < NUMBERS / LANES; i++) { \
            const V x = operands[0][i], y = operands[1][i], z = operands[2][i]; \
            (void)y; \
            (void)z; \
            call; \
        } \
    }
#define TIME_1(name, function) LOOP(function, results[0][i] = function(x))
#define TIME_2(name, function) LOOP(function, results[0][i] = function(x, y))
#define TIME_3(name, function) LOOP(function, results[0][i] = function(x, y, z))
#define FOUR {&x, &y, &z, &operands[3][i]}
#define TIME_MANY(name, function) \
    LOOP(function, const V *const xs[] = FOUR; results[0][i] = function(xs, 4))
#define TIME_PAIR(a, b, function) LOOP(function, function(x, &results[0][i], &results[1][i]))
KERNELS(TIME_1, TIME_2, TIME_3, TIME_MANY)
PAIRS(TIME_PAIR)

typedef struct {
    const char *name;
    void (*run)(void);
} Kernel;

#define ROW(name, function) {#name, time_##function},
#define PAIR(a, b, function) {#a "+" #b, time_##function},
static const Kernel kernels[] = {KERNELS(ROW, ROW, ROW, ROW) PAIRS(PAIR)};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return 1e9 * (double)t.tv_sec + (double)t.tv_nsec;
}

int main(void)
{
    size_t k;
    int i, j;
    for (i = 0; i < 4; i++)
        for (j = 0; j < NUMBERS; j++) {
            const double share = rand() / (double)RAND_MAX;
            const double x = i == 0 ? 16.0 * share - 8.0 : 0.5 + 2.0 * share;
            memcpy((double *)operands[i] + j, &x, sizeof x);
        }
    for (k = 0; k < sizeof kernels / sizeof kernels[0]; k++) {
        double best = INFINITY;
        for (i = 0; i < REPEATS; i++) {
            const double start = now();
            double passed;
            kernels[k].run();
            passed = now() - start;
            best = passed < best ? passed : best;
        }
        printf("%s %.3f\n", kernels[k].name, best / NUMBERS);
    }
    return 0;
}
