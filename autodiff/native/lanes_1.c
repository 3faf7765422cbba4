/* The interpreter with 1 lane. */
#define LANES 1
#define SET "plain"
#include "steps.h"
