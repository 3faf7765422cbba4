/* The interpreter with 2 lanes. */
#define LANES 2
#define SET "baseline"
#include "steps.h"
