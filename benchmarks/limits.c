/* What one core of this machine can do at best: prints a name and a number on each line.
 *
 * multiply_adds: billions a second, of float64 in the widest vectors, with enough of them under way.
 * sigmoid_chain: nanoseconds for 1/(1 + exp(-x)) of the result before, one after the other.
 */

#define _POSIX_C_SOURCE 199309L

#include <math.h>
#include <stdio.h>
#include <time.h>

#ifdef __AVX512F__
enum { LANES = 8 };
#elif defined __AVX__
enum { LANES = 4 };
#else
enum { LANES = 2 };
#endif
enum { CHAINS = 12, TURNS = 100000, SIGMOIDS = 20000, REPEATS = 40 };

typedef double V __attribute__((vector_size(8 * LANES)));

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return 1e9 * (double)t.tv_sec + (double)t.tv_nsec;
}

int main(int argc, char **argv)
{
    double fastest = INFINITY, shortest = INFINITY, sum = 0.0;
    (void)argv;
    for (int i = 0; i < REPEATS; i++) {
        V chains[CHAINS];
        const V factor = (V){0} + 1.0 / argc; /* unknown to the compiler */
        for (int k = 0; k < CHAINS; k++) chains[k] = (V){0} + k;
        double start = now(), x = 0.1 * argc;
        for (int n = 0; n < TURNS; n++)
            for (int k = 0; k < CHAINS; k++) chains[k] = chains[k] * factor + factor;
        double took = (now() - start) / ((double)TURNS * CHAINS * LANES);
        fastest = took < fastest ? took : fastest;
        for (int k = 0; k < CHAINS; k++) sum += chains[k][0];
        start = now();
        for (int n = 0; n < SIGMOIDS; n++) x = 1.0 / (1.0 + exp(-x));
        took = (now() - start) / SIGMOIDS;
        shortest = took < shortest ? took : shortest;
        sum += x;
    }
    printf("multiply_adds %.3f\nsigmoid_chain %.3f\n", 1.0 / fastest, shortest);
    return sum < 0.0;
}
