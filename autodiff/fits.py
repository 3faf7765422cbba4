"""Coefficients of erf and erfc, for arrays and for languages that lack them.

Near zero and from 4 on W. J. Cody's rational approximations (Math. Comp. 23, 1969); in between
a constant and a small polynomial, whose rounding errors count for little.
"""

# Numerators and denominators, highest power first: erf(x)/x in x**2 up to 0.46875, and
# x exp(x**2) erfc(x) in 1/x**2 from 4 on.
SMALL = (
    (1.85777706184603153e-1, 3.16112374387056560e0, 1.13864154151050156e2,
     3.77485237685302021e2, 3.20937758913846947e3),
    (1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3,
     2.84423683343917062e3),
)  # fmt: skip
LARGE = (
    (1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1,
     1.25781726111229246e-1, 1.60837851487422766e-2, 6.58749161529837803e-4),
    (1.0, 2.56852019228982242e0, 1.87295284992346725e0, 5.27905102951428412e-1,
     6.05183413124413191e-2, 2.33520497626869185e-3),
)  # fmt: skip
# (x + 0.5) exp(x**2) erfc(x) between the two, in t = (x - 1.734375) / (x + 4): the interpolation in
# 17 Chebyshev nodes, computed with 60 digits; it is off by 1.4e-18 at most. The constant stands
# apart.
MIDDLE = (
    1.665833111385292e-4, -5.066097939757962e-4, -6.2067194536067e-4, 2.980603285616257e-3,
    4.109805614998711e-4, -1.593970745894269e-2, 2.3516644294262246e-2, 4.1584245508668224e-2,
    -2.5429410910088923e-1, 6.14140010236826e-1, -9.894631851213918e-1, 1.1771720827077843e0,
    -1.052966389701418e0, 6.761822740902094e-1, -2.4479512322173555e-1, -5.4752967108460296e-2,
)  # fmt: skip
MIDDLE_AT_0 = 6.413381075049835e-1
ONE_OVER_SQRT_PI = 5.6418958354775628695e-1
