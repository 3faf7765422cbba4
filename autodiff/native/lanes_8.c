/* The interpreter with 8 lanes. */
#define LANES 8
#define SET "AVX-512"
#include "steps.h"
