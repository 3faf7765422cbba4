/* The rows of the table that a compiled Value computes itself, after the Python functions of real.py,
activations.py and powers.py: the same operations in the same order, so the same bits. A slope is
d out / d operand. */

#ifndef SCALARS_H
#define SCALARS_H

#include <Python.h>
#include <math.h>

#include "value.h"

enum {
    LEAF, ADD, SUB, MUL, DIV, POWER,
    NEG, ALIAS, ABSOLUTE, SQUARE, RECIPROCAL, SQRT, EXP, LOG, SIN, COS, TANH, SIGMOID, RELU,
    SUM, INNER, KERNELS
};

static const struct {
    const char *name;
    int arity;
} kernels[KERNELS] = {
    {"", 0}, {"add", 2}, {"sub", 2}, {"mul", 2}, {"div", 2}, {"power", 2},
    {"neg", 1}, {"alias", 1}, {"absolute", 1}, {"square", 1}, {"reciprocal", 1}, {"sqrt", 1},
    {"exp", 1}, {"log", 1}, {"sin", 1}, {"cos", 1}, {"tanh", 1}, {"sigmoid", 1}, {"relu", 1},
    {"sum", MANY}, {"inner", MANY},
};

#define TINY 2.2250738585072014e-308

static inline double two(int row, double x, double y)
{
    switch (row) {
    case ADD: return x + y;
    case SUB: return x - y;
    case MUL: return x * y;
    case DIV: return x / y;
    default: return pow(x, y);
    }
}

static inline double sigmoid(double x)
{
    double e;
    if (x >= 0.0)
        return 1.0 / (1.0 + exp(-x));
    e = exp(x);
    return e / (1.0 + e);
}

static inline double one(int row, double x)
{
    switch (row) {
    case NEG: return -x;
    case ALIAS: return x;
    case ABSOLUTE: return fabs(x);
    case SQUARE: return x * x;
    case RECIPROCAL: return 1.0 / x;
    case SQRT: return sqrt(x);
    case EXP: return exp(x);
    case LOG: return x > 0.0 ? log(x) : x == 0.0 ? -Py_HUGE_VAL : Py_NAN;
    case SIN: return isinf(x) ? Py_NAN : sin(x);
    case COS: return isinf(x) ? Py_NAN : cos(x);
    case TANH: return tanh(x);
    case SIGMOID: return sigmoid(x);
    default: return x > 0.0 || isnan(x) ? x : 0.0; /* RELU */
    }
}

static inline double tanh_slope(double x)
{
    x = fabs(x);
    if (x < 0.55) {
        double t = tanh(x);
        return 1.0 - t * t;
    }
    x = exp(-2.0 * x);
    return 4.0 * x / ((1.0 + x) * (1.0 + x));
}

static inline double sigmoid_slope(double x)
{
    double e = exp(-fabs(x));
    return e / ((1.0 + e) * (1.0 + e));
}

static inline double slope_of_one(int row, double out, double x)
{
    switch (row) {
    case NEG: return -1.0;
    case ALIAS: return 1.0;
    case ABSOLUTE: return x > 0.0 ? 1.0 : x < 0.0 ? -1.0 : x;
    case SQUARE: return 2.0 * x;
    case RECIPROCAL: return -(out * out);
    case SQRT: return x > 0.0 ? 0.5 / sqrt(x) : x == 0.0 ? Py_HUGE_VAL : Py_NAN;
    case EXP: return out;
    case LOG: return x > 0.0 ? 1.0 / x : x == 0.0 ? Py_HUGE_VAL : Py_NAN;
    case SIN: return isinf(x) ? Py_NAN : cos(x);
    case COS: return isinf(x) ? Py_NAN : -sin(x);
    case TANH: return tanh_slope(x);
    case SIGMOID: return sigmoid_slope(x);
    default: return x > 0.0 ? 1.0 : x <= 0.0 ? 0.0 : Py_NAN; /* RELU */
    }
}

#endif
