"""Worked examples of the public literature, with the numbers that it prints."""

from nn.layers import MLP
from nn.worked import Example, of_lines, of_network, spelled


def mazur() -> Example:
    names = spelled("w1 w2 w3 w4 w5 w6 w7 w8", ("net_{}", "out_{}", "target_{}"))
    weights = [[[0.15, 0.20], [0.25, 0.30]], [[0.40, 0.45], [0.50, 0.55]]]
    model = MLP(2, [2, 2], weights=weights, biases=[0.35, 0.60], names=names)
    return of_network(
        mazur,
        model,
        [0.05, 0.10],
        [0.01, 0.99],
        rate=0.5,
        decimals=8,
        source="Matt Mazur, A Step by Step Backpropagation Example, 17 March 2015, "
        "https://mattmazur.com/2015/03/17/a-step-by-step-backpropagation-example/",
        notes="The biases stay as they are. Text 000 builds on this page. After 10,000 steps it "
        "prints the outputs 0.015912196 and 0.984065734, which have the slip of the new E_total "
        "in every step; with the old weights they are 0.015913620 and 0.984064274.",
        printed={
            "net_h1": 0.3775, "out_h1": 0.593269992, "out_h2": 0.596884378,
            "net_o1": 1.105905967, "out_o1": 0.75136507, "out_o2": 0.772928465,
            "E1": 0.274811083, "E2": 0.023560026, "E_total": 0.298371109,
            "dE_total/dout_o1": 0.74136507, "dout_o1/dnet_o1": 0.186815602,
            "dnet_o1/dw5": 0.593269992, "dE_total/dw5": 0.082167041,
            "new w5": 0.35891648, "new w6": 0.408666186, "new w7": 0.511301270,
            "new w8": 0.561370121,
            "dE1/dnet_o1": 0.138498562, "dE1/dout_h1": 0.055399425, "dE2/dout_h1": -0.019049119,
            "dE_total/dout_h1": 0.036350306, "dout_h1/dnet_h1": 0.241300709,
            "dE_total/dw1": 0.000438568,
            "new w1": 0.149780716, "new w2": 0.19956143, "new w3": 0.24975114,
            "new w4": 0.29950229, "new E_total": 0.291027924,
        },
        wrong={
            "new E_total": "right is 0.291027774: the weights above use the old w5 to w8 for the "
            "hidden layer, as the text says one must, and this number the new ones",
            "dE2/dout_h1": "right is -0.019049118: a factor was rounded before it was multiplied",
        },
    )  # fmt: skip


def han() -> Example:
    return of_lines(
        han,
        """
        x1 = 1, x2 = 0, x3 = 1, T = 1
        w14 = 0.2, w15 = -0.3, w24 = 0.4, w25 = 0.1, w34 = -0.5, w35 = 0.2, w46 = -0.3, w56 = -0.2
        theta4 = -0.4, theta5 = 0.2, theta6 = 0.1
        I_4 = w14*x1 + w24*x2 + w34*x3 + theta4
        O_4 = sigmoid(I_4)
        I_5 = w15*x1 + w25*x2 + w35*x3 + theta5
        O_5 = sigmoid(I_5)
        I_6 = w46*O_4 + w56*O_5 + theta6
        O_6 = sigmoid(I_6)
        P = -0.5*(T - O_6)**2
        """,
        "P",
        "w14 w15 w24 w25 w34 w35 w46 w56 theta4 theta5 theta6",
        rate=0.9,
        sense="ascent",
        decimals=3,
        source="J. Han, M. Kamber, J. Pei, Data Mining: Concepts and Techniques, 3rd ed., 2012, "
        "example 9.1, sample calculations for learning by the backpropagation algorithm",
        notes="Err_j = O_j(1 − O_j)(T − O_j) is dP/dI_j of P = −½(T − O_6)²: the weights climb.",
        printed={
            "I_4": -0.7, "O_4": 0.332, "I_5": 0.1, "O_5": 0.525, "I_6": -0.105, "O_6": 0.474,
            "dP/dI_6": 0.1311, "dP/dI_5": -0.0065, "dP/dI_4": -0.0087,
            "new w46": -0.261, "new w56": -0.138, "new w14": 0.192, "new w15": -0.306,
            "new w24": 0.4, "new w25": 0.1, "new w34": -0.508, "new w35": 0.194,
            "new theta6": 0.218, "new theta5": 0.194, "new theta4": -0.408,
        },
    )  # fmt: skip


def cs231n_circuit() -> Example:
    return of_lines(
        cs231n_circuit,
        "x = -2, y = 5, z = -4\nq = x + y\nf = q*z",
        "f",
        "x y z",
        rate=0.01,
        sense="ascent",
        source="Stanford CS231n, Backpropagation, Intuitions, https://cs231n.github.io/optimization-2/",
        printed={"q": 3, "f": -12, "df/dq": -4, "df/dx": -4, "df/dy": -4, "df/dz": 3},
    )


def cs231n_neuron() -> Example:
    return of_lines(
        cs231n_neuron,
        """
        w0 = 2, x0 = -1, w1 = -3, x1 = -2, w2 = -3
        dot = w0*x0 + w1*x1 + w2
        f = sigmoid(dot)
        """,
        "f",
        "w0 w1 w2",
        rate=0.01,
        sense="ascent",
        decimals=2,
        source="Stanford CS231n, Backpropagation, Intuitions, https://cs231n.github.io/optimization-2/",
        notes="The picture has two decimals; the text says (1 − 0.73)·0.73 ≈ 0.2.",
        printed={
            "dot": 1.0, "f": 0.73, "df/ddot": 0.2, "df/dw0": -0.2, "df/dx0": 0.39,
            "df/dw1": -0.39, "df/dx1": -0.59, "df/dw2": 0.2,
        },
    )  # fmt: skip


def micrograd() -> Example:
    return of_lines(
        micrograd,
        """
        a = -4, b = 2
        c0 = a + b
        d0 = a*b + b**3
        c1 = c0 + (c0 + 1)
        c = c1 + (1 + c1 + (-a))
        d1 = d0 + (d0*2 + relu(b + a))
        d = d1 + (3*d1 + relu(b - a))
        e = c - d
        f = e**2
        g = f/2.0 + 10.0/f
        """,
        "g",
        "a b",
        rate=1e-5,
        decimals=4,
        source="A. Karpathy, micrograd, README, https://github.com/karpathy/micrograd",
        printed={"g": 24.7041, "dg/da": 138.8338, "dg/db": 645.5773},
    )


def karpathy_graph() -> Example:
    return of_lines(
        karpathy_graph,
        "a = 2, b = -3, c = 10, f = -2\ne = a*b\nd = e + c\nL = d*f",
        "L",
        "a b c f",
        rate=0.01,
        sense="ascent",
        decimals=6,
        source="A. Karpathy, The spelled-out intro to neural networks and backpropagation: "
        "building micrograd, lecture 2022",
        notes="One step of 0.01 along the gradient raises L.",
        printed={
            "e": -6, "d": 4, "L": -8, "dL/dd": -2, "dL/df": 4, "dL/dc": -2, "dL/de": -2,
            "dL/da": 6, "dL/db": -4, "new L": -7.286496,
        },
    )  # fmt: skip


def karpathy_neuron() -> Example:
    return of_lines(
        karpathy_neuron,
        """
        x1 = 2, x2 = 0, w1 = -3, w2 = 1, b = 6.8813735870195432
        n = x1*w1 + x2*w2 + b
        o = tanh(n)
        """,
        "o",
        "w1 w2 b",
        rate=0.01,
        sense="ascent",
        decimals=4,
        source="A. Karpathy, The spelled-out intro to neural networks and backpropagation: "
        "building micrograd, lecture 2022",
        notes="The bias is chosen so that tanh(n) is √½ and its slope ½.",
        printed={
            "n": 0.8814, "o": 0.7071, "do/dn": 0.5, "do/dx1": -1.5, "do/dw1": 1.0,
            "do/dx2": 0.5, "do/dw2": 0.0,
        },
    )  # fmt: skip


def baydin() -> Example:
    return of_lines(
        baydin,
        """
        x1 = 2, x2 = 5
        v1 = log(x1)
        v2 = x1*x2
        v3 = sin(x2)
        v4 = v1 + v2
        y = v4 - v3
        """,
        "y",
        "x1 x2",
        rate=0.01,
        decimals=3,
        source="A. G. Baydin, B. A. Pearlmutter, A. A. Radul, J. M. Siskind, Automatic "
        "Differentiation in Machine Learning: a Survey, JMLR 18(153), 2018, tables 2 and 3",
        printed={
            "v1": 0.693, "v2": 10, "v3": -0.959, "v4": 10.693, "y": 11.652, "dy/dx1": 5.5,
            "dy/dx2": 1.716,
        },
    )  # fmt: skip
