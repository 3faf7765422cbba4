"""C99: one text, usable as a header, that needs nothing but math.h and allocates nothing."""

from __future__ import annotations

from math import copysign, isinf, isnan

from autodiff.export.identifiers import inert
from autodiff.export.layout import ARITHMETIC, Language, Unit, Writer

CALLS = (
    "sqrt cbrt hypot exp expm1 log log1p log2 log10 sin cos tan asin acos atan atan2 sinh cosh "
    "tanh asinh acosh atanh erf erfc"
).split()
ARITY = {"hypot": 2, "atan2": 2}

WORDS = """
    auto break case char const continue default do double else enum extern float for goto if inline
    int long register restrict return short signed sizeof static struct switch typedef union
    unsigned void volatile while bool complex imaginary true false nullptr alignas alignof
    static_assert thread_local typeof constexpr NULL NAN INFINITY HUGE_VAL HUGE_VALF HUGE_VALL
    EOF BUFSIZ RAND_MAX EDOM ERANGE EILSEQ FLT_EVAL_METHOD HUGE DOMAIN SING OVERFLOW UNDERFLOW
    PLOSS TLOSS X_TLOSS MAXFLOAT I errno stdin stdout stderr linux unix i386 near far small
    interface main inputs outputs value gradient jacobian hessian
    asm and and_eq bitand bitor catch class compl const_cast delete dynamic_cast explicit export
    false friend mutable namespace new not not_eq operator or or_eq private protected public
    reinterpret_cast static_cast template this throw try typeid typename using virtual wchar_t xor
    xor_eq concept requires char8_t char16_t char32_t consteval constinit decltype noexcept
""".split()
MACROS = [
    "M_" + n
    for n in "E LOG2E LOG10E LN2 LN10 PI PI_2 PI_4 1_PI 2_PI 2_SQRTPI SQRT2 SQRT1_2".split()
]
MACROS += ["FP_" + n for n in "NAN INFINITE ZERO SUBNORMAL NORMAL FAST_FMA ILOGB0 ILOGBNAN".split()]
MACROS += ["MATH_ERRNO", "MATH_ERREXCEPT", "math_errhandling"]

GUARD = """\
#include <math.h>
#ifdef __FAST_MATH__
#error "compile without -ffast-math: it would change the numbers"
#endif
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC push_options
#pragma GCC optimize ("fp-contract=off")
#endif
"""

GUARD_END = """
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC pop_options
#endif
"""

SELF_TEST = """
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* How many floating-point numbers lie between two. */
static double {name}_ulps(double a, double b)
{{
    int64_t i, j;
    if (isnan(a) || isnan(b)) return isnan(a) && isnan(b) ? 0.0 : INFINITY;
    memcpy(&i, &a, sizeof i);
    memcpy(&j, &b, sizeof j);
    if (i < 0) i = INT64_MIN - i;
    if (j < 0) j = INT64_MIN - j;
    return fabs((double)i - (double)j) < 9e15 ? fabs((double)(i - j)) : INFINITY;
}}

/* The distance from the numbers recorded when this text was made. */
int main(void)
{{
    static const double inputs[] = {{{inputs}}};
    static const double expected[] = {{{expected}}};
    static const char *const titles[] = {{{titles}}};
    double computed[{count}], worst = 0.0;
    int i;
    {call}
    for (i = 0; i < {count}; i++) {{
        double distance = {name}_ulps(computed[i], expected[i]);
        printf("%s = %.17g, %g ulp from the recorded point\\n", titles[i], computed[i], distance);
        if (distance > worst) worst = distance;
    }}
    printf("worst: %g ulp\\n", worst);
    return worst <= 64.0 ? 0 : 1;
}}
"""


def number(x: float) -> str:
    """A float64 without loss: short decimals that are exact, else hexadecimal.

    >>> number(0.5), number(0.1), number(-0.0), number(float("-inf"))
    ('0.5', '0x1.999999999999ap-4', '-0.0', '-INFINITY')
    """
    if isnan(x):
        return "NAN"
    if isinf(x):
        return "INFINITY" if x > 0.0 else "-INFINITY"
    if abs(x) < 1e6 and (x * 1024.0).is_integer():
        return repr(x) if x else "0.0" if copysign(1.0, x) > 0.0 else "-0.0"
    mantissa, _, exponent = x.hex().partition("p")
    return f"{mantissa.rstrip('0').rstrip('.')}p{int(exponent)}"


def _function(name: str, parameters: list[str], lines: list[str], result: str) -> str:
    head = f"static double {name}({', '.join(f'double {p}' for p in parameters)})"
    body = "".join(f"    {line}\n" for line in [*lines, f"return {result};"])
    return f"{head}\n{{\n{body}}}\n"


def write(unit: Unit, language: Language) -> str:
    """The whole text: helpers, the function, and the self-test if asked for."""
    writer = Writer(language, unit)
    names, taken = writer.variables(unit.labels)
    lines, results = writer.lines(unit.body, names, taken, unit.comments)
    inputs = len(unit.body.parameters)
    unpack = [f"const double {names[i]} = inputs[{i}];" for i in range(inputs)]
    unpack += [f"(void){names[i]};" for i in unit.body.unused()]
    arrays = {"outputs" if name == "value" else name: n for name, n in unit.shapes.items()}
    if unit.single:
        arrays.pop("outputs")
    head = ", ".join(
        [f"const double inputs[{inputs}]", *(f"double {a}[{n}]" for a, n in arrays.items())]
    )
    kind = "double" if unit.single else "void"
    stores, at = [], 1 if unit.single else 0
    for array, n in arrays.items():
        stores += [f"{array}[{i}] = {results[at + i]};" for i in range(n)]
        at += n
    if unit.single:
        stores.append(f"return {results[0]};")
    told = [f"{unit.name}: inputs = {', '.join(unit.body.parameters)}"]
    told += [f"returns {unit.titles[0]}"] if unit.single else []
    at = 1 if unit.single else 0
    for array, n in arrays.items():
        told.append(f"{array} = {', '.join(unit.titles[at : at + n])}")
        at += n
    comment = "".join(f" * {inert(line)}\n" for line in told)
    body = "".join(f"    {line}\n" for line in [*unpack, *lines, *stores])
    parts = [
        f"/* Exported by autodiff: C99, float64. */\n{GUARD}",
        *writer.functions(unit, _function),
        f"/*\n{comment} */\nstatic inline {kind} {unit.name}({head})\n{{\n{body}}}\n",
    ]
    text = "\n".join(parts) + GUARD_END
    return text + _self_test(unit, arrays) if unit.check else text


def _self_test(unit: Unit, arrays: dict[str, int]) -> str:
    at, places = 1 if unit.single else 0, []
    for n in arrays.values():
        places.append(f"computed + {at}" if at else "computed")
        at += n
    call = f"{unit.name}({', '.join(['inputs', *places])});"
    titles = [inert(t).replace('"', "'") for t in unit.titles]
    return SELF_TEST.format(
        name=unit.name,
        inputs=", ".join(map(number, unit.check)),
        expected=", ".join(map(number, unit.expected)),
        titles=", ".join(f'"{t}"' for t in titles),
        count=len(unit.expected),
        call=f"computed[0] = {call}" if unit.single else call,
    )


C = Language(
    name="c",
    spellings=ARITHMETIC
    | {name: f"{name}({', '.join(['{}'] * ARITY.get(name, 1))})" for name in CALLS}
    | {"absolute": "fabs({})", "power": "pow({}, {})"},
    choice="{0} ? {1} : {2}",
    either="{} || {}",
    both="{} && {}",
    nonzero="{} != 0.0",
    truth="(double){}",
    number=number,
    declare="const double {} = {};",
    declare_truth="const int {} = {};",
    comment="/* {} */",
    write=write,
    prefix=True,
    ignore="(void){};",
    reserved=frozenset([*WORDS, *MACROS, *CALLS, "fabs", "pow", "isnan", "memcpy", "printf"]),
)
