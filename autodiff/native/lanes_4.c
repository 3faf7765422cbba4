/* The interpreter with 4 lanes. */
#define LANES 4
#define SET "AVX2"
#include "steps.h"
