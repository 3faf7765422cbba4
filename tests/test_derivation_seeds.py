"""The derivations of the four seed documents, compared as whole pages.

Components, their order, factors and signs are the documents'; numbers are too where they have some.
"""

import pytest
from derivations import seed_003

import autodiff as ad
from nn import textbook

# ---------------------------------------------------------------- 003: step by step, with numbers

PAGE_003_W5 = """\
∂E_total/∂w5                                                     1 path · 3 components

  ∂E_total   ∂E_total   ∂out_o1   ∂sum_o1
  ──────── = ──────── · ─────── · ───────          (E1 hidden: ∂E_total/∂E1 = 1)
    ∂w5      ∂out_o1    ∂sum_o1     ∂w5

  1  ∂E_total/∂out_o1   E_total = ½(target1 − out_o1)² + ½(target2 − out_o2)²
                        = 2·½·(target1 − out_o1)·(−1)
                        = out_o1 − target1
                        ≈ 0.73492 − 0.05                            ≈   0.68492
  2  ∂out_o1/∂sum_o1    out_o1 = σ(sum_o1),  σ′ = σ·(1 − σ)
                        = out_o1·(1 − out_o1)
                        ≈ 0.73492·(1 − 0.73492)                     ≈   0.19480
  3  ∂sum_o1/∂w5        sum_o1 = out_h1·w5 + out_h2·w6 + b2
                        = out_h1                                    ≈   0.60108
                                                                    ───────────
  ∂E_total/∂w5 = (out_o1 − target1) · out_o1·(1 − out_o1) · out_h1
               ≈ 0.68492 · 0.19480 · 0.60108                        ≈   0.08020
  checked: backward() 0.08020 · finite difference 0.08020

  w5⁺ = w5 − η·∂E_total/∂w5
      ≈ 0.5 − 0.6·0.08020                                           ≈   0.45187
"""


def test_003_w5() -> None:
    """Three components, their numbers, the update; cut off after five decimals as printed."""
    E, w = seed_003()
    page = ad.derive(E, w[4], rate=0.6, rounding="truncate")
    assert f"{page}\n" == PAGE_003_W5


PAGE_003_W1_BY_PATHS = """\
∂E_total/∂w1                                                      2 paths · paths form

  ∂E_total   ∂E1   ∂E2
  ──────── = ─── + ───
    ∂w1      ∂w1   ∂w1

  path A   E1 → out_o1 → sum_o1 → out_h1 → sum_h1 → w1
  1  ∂E1/∂out_o1       E1 = ½(target1 − out_o1)²
                       = 2·½·(target1 − out_o1)·(−1)
                       = out_o1 − target1
                       ≈ 0.73492 − 0.05                             ≈   0.68492
  2  ∂out_o1/∂sum_o1   out_o1 = σ(sum_o1),  σ′ = σ·(1 − σ)
                       = out_o1·(1 − out_o1)
                       ≈ 0.73492·(1 − 0.73492)                      ≈   0.19480
  3  ∂sum_o1/∂out_h1   sum_o1 = out_h1·w5 + out_h2·w6 + b2
                       = w5                                         =       0.5
  4  ∂out_h1/∂sum_h1   out_h1 = σ(sum_h1),  σ′ = σ·(1 − σ)
                       = out_h1·(1 − out_h1)
                       ≈ 0.60108·(1 − 0.60108)                      ≈   0.23978
  5  ∂sum_h1/∂w1       sum_h1 = i1·w1 + i2·w3 + b1
                       = i1                                         =       0.1
  ∂E1/∂w1 ≈ 0.68492 · 0.19480 · 0.5 · 0.23978 · 0.1                 ≈   0.00159

  path B   E2 → out_o2 → sum_o2 → out_h1 → sum_h1 → w1
  1  ∂E2/∂out_o2       E2 = ½(target2 − out_o2)²
                       = 2·½·(target2 − out_o2)·(−1)
                       = out_o2 − target2
                       ≈ 0.77955 − 0.95                             ≈  −0.17044
  2  ∂out_o2/∂sum_o2   out_o2 = σ(sum_o2),  σ′ = σ·(1 − σ)
                       = out_o2·(1 − out_o2)
                       ≈ 0.77955·(1 − 0.77955)                      ≈   0.17184
  3  ∂sum_o2/∂out_h1   sum_o2 = out_h1·w7 + out_h2·w8 + b2
                       = w7                                         =       0.7
  4  ∂out_h1/∂sum_h1   out_h1·(1 − out_h1)   as in path A           ≈   0.23978
  5  ∂sum_h1/∂w1       i1   as in path A                            =       0.1
  ∂E2/∂w1 ≈ (−0.17044) · 0.17184 · 0.7 · 0.23978 · 0.1              ≈  −0.00049

  sum  ∂E_total/∂w1 ≈ 0.00159 + (−0.00049)                          ≈   0.00110
  checked: backward() 0.00110 · finite difference 0.00110

  w1⁺ = w1 − η·∂E_total/∂w1
      ≈ 0.1 − 0.6·0.00110                                           ≈   0.09933
"""


def test_003_w1_by_paths() -> None:
    """One path for each error; factors of the first are not worked out again."""
    E, w = seed_003()
    page = ad.derive(E, w[0], rate=0.6, form="paths", rounding="truncate")
    assert f"{page}\n" == PAGE_003_W1_BY_PATHS


PAGE_003_W1 = """\
∂E_total/∂w1                                                    2 paths · 8 components

  ∂E_total   ⎛   ∂E1       ∂E2   ⎞   ∂out_h1   ∂sum_h1
  ──────── = ⎜ ─────── + ─────── ⎟ · ─────── · ───────
    ∂w1      ⎝ ∂out_h1   ∂out_h1 ⎠   ∂sum_h1     ∂w1

  1a  ∂E1/∂out_h1       ∂E1/∂out_o1 · ∂out_o1/∂sum_o1 · ∂sum_o1/∂out_h1
      ∂E1/∂out_o1       E1 = ½(target1 − out_o1)²
                        = 2·½·(target1 − out_o1)·(−1)
                        = out_o1 − target1
                        ≈ 0.73493 − 0.05                            ≈   0.68493
      ∂out_o1/∂sum_o1   out_o1 = σ(sum_o1),  σ′ = σ·(1 − σ)
                        = out_o1·(1 − out_o1)
                        ≈ 0.73493·(1 − 0.73493)                     ≈   0.19481
      ∂sum_o1/∂out_h1   sum_o1 = out_h1·w5 + out_h2·w6 + b2
                        = w5                                        =       0.5
  ∂E1/∂out_h1 = (out_o1 − target1)·out_o1·(1 − out_o1)·w5
              ≈ 0.68493 · 0.19481 · 0.5                             ≈   0.06671
  1b  ∂E2/∂out_h1       ∂E2/∂out_o2 · ∂out_o2/∂sum_o2 · ∂sum_o2/∂out_h1
      ∂E2/∂out_o2       E2 = ½(target2 − out_o2)²
                        = 2·½·(target2 − out_o2)·(−1)
                        = out_o2 − target2
                        ≈ 0.77955 − 0.95                            ≈  −0.17045
      ∂out_o2/∂sum_o2   out_o2 = σ(sum_o2),  σ′ = σ·(1 − σ)
                        = out_o2·(1 − out_o2)
                        ≈ 0.77955·(1 − 0.77955)                     ≈   0.17185
      ∂sum_o2/∂out_h1   sum_o2 = out_h1·w7 + out_h2·w8 + b2
                        = w7                                        =       0.7
  ∂E2/∂out_h1 = (out_o2 − target2)·out_o2·(1 − out_o2)·w7
              ≈ (−0.17045) · 0.17185 · 0.7                          ≈  −0.02050
  1   ∂E_total/∂out_h1 = ∂E1/∂out_h1 + ∂E2/∂out_h1
                       ≈ 0.06671 + (−0.02050)                       ≈   0.04621
  2   ∂out_h1/∂sum_h1   out_h1 = σ(sum_h1),  σ′ = σ·(1 − σ)
                        = out_h1·(1 − out_h1)
                        ≈ 0.60109·(1 − 0.60109)                     ≈   0.23978
  3   ∂sum_h1/∂w1       sum_h1 = i1·w1 + i2·w3 + b1
                        = i1                                        =       0.1
                                                                    ───────────
  ∂E_total/∂w1 = ((out_o1 − target1)·out_o1·(1 − out_o1)·w5 + (out_o2 − target2)·out_o2·
                   (1 − out_o2)·w7) · out_h1·(1 − out_h1) · i1
               ≈ 0.04621 · 0.23978 · 0.1                            ≈   0.00111
  checked: backward() 0.00111 · finite difference 0.00111
"""


def test_003_w1() -> None:
    """The same as a chain: the paths meet again at out_h1."""
    E, w = seed_003()
    page = ad.derive(E, w[0])
    assert f"{page}\n" == PAGE_003_W1


PAGE_003_ALL = """\
The gradients of E_total

  ∂E_total/∂w5                                                   1 path · 3 components

  ∂E_total   ∂E_total   ∂out_o1   ∂sum_o1
  ──────── = ──────── · ─────── · ───────          (E1 hidden: ∂E_total/∂E1 = 1)
    ∂w5      ∂out_o1    ∂sum_o1     ∂w5

  1  ∂E_total/∂out_o1   E_total = ½(target1 − out_o1)² + ½(target2 − out_o2)²
                        = 2·½·(target1 − out_o1)·(−1)
                        = out_o1 − target1
                        ≈ 0.73492 − 0.05                            ≈   0.68492
  2  ∂out_o1/∂sum_o1    out_o1 = σ(sum_o1),  σ′ = σ·(1 − σ)
                        = out_o1·(1 − out_o1)
                        ≈ 0.73492·(1 − 0.73492)                     ≈   0.19480
  3  ∂sum_o1/∂w5        sum_o1 = out_h1·w5 + out_h2·w6 + b2
                        = out_h1                                    ≈   0.60108
                                                                    ───────────
  ∂E_total/∂w5 = (out_o1 − target1) · out_o1·(1 − out_o1) · out_h1
               ≈ 0.68492 · 0.19480 · 0.60108                        ≈   0.08020
  checked: backward() 0.08020 · finite difference 0.08020

  ∂E_total/∂w6                                                   1 path · 3 components

  ∂E_total/∂out_o1 and ∂out_o1/∂sum_o1 as for w5
  ∂sum_o1/∂w6 = out_h2                                              ≈   0.61538
                                                                    ───────────
  ∂E_total/∂w6 = (out_o1 − target1) · out_o1·(1 − out_o1) · out_h2
               ≈ 0.68492 · 0.19480 · 0.61538                        ≈   0.08211
  checked: backward() 0.08211 · finite difference 0.08211

  ∂E_total/∂w7                                                   1 path · 3 components

  ∂E_total/∂out_o2 = out_o2 − target2                               ≈  −0.17044
  ∂out_o2/∂sum_o2 = out_o2·(1 − out_o2)                             ≈   0.17184
  ∂sum_o2/∂w7 = out_h1                                              ≈   0.60108
                                                                    ───────────
  ∂E_total/∂w7 = (out_o2 − target2) · out_o2·(1 − out_o2) · out_h1
               ≈ (−0.17044) · 0.17184 · 0.60108                     ≈  −0.01760
  checked: backward() −0.01760 · finite difference −0.01760

  ∂E_total/∂w8                                                   1 path · 3 components

  ∂E_total/∂out_o2 and ∂out_o2/∂sum_o2 as for w7
  ∂sum_o2/∂w8 = out_h2                                              ≈   0.61538
                                                                    ───────────
  ∂E_total/∂w8 = (out_o2 − target2) · out_o2·(1 − out_o2) · out_h2
               ≈ (−0.17044) · 0.17184 · 0.61538                     ≈  −0.01802
  checked: backward() −0.01802 · finite difference −0.01802

  weight   formula                                         gradient   new value
  ──────   ─────────────────────────────────────────────   ────────   ─────────
  w5       (out_o1 − target1)·out_o1·(1 − out_o1)·out_h1   0.08020    0.45187
  w6       (out_o1 − target1)·out_o1·(1 − out_o1)·out_h2   0.08211    0.55073
  w7       (out_o2 − target2)·out_o2·(1 − out_o2)·out_h1   −0.01760   0.71056
  w8       (out_o2 − target2)·out_o2·(1 − out_o2)·out_h2   −0.01802   0.81081
"""


def test_003_all() -> None:
    """One page for all weights of the output layer: what is known is not shown again."""
    E, w = seed_003()
    page = ad.derive(E, w[4:], rate=0.6, rounding="truncate")
    assert f"{page}\n" == PAGE_003_ALL


# ---------------------------------------------------------------- 000: the mechanics

PAGE_000_W5 = """\
∂E_total/∂w5                                                     1 path · 3 components

  ∂E_total   ∂E_total   ∂out_o1   ∂in_o1
  ──────── = ──────── · ─────── · ──────          (E1 hidden: ∂E_total/∂E1 = 1)
    ∂w5      ∂out_o1     ∂in_o1    ∂w5

  1  ∂E_total/∂out_o1   E_total = ½(target_o1 − out_o1)² + ½(target_o2 − out_o2)²
                        = 2·½·(target_o1 − out_o1)·(−1)
                        = −(target_o1 − out_o1)
                        ≈ −(0.05 − 0.73403)                         ≈   0.68403
  2  ∂out_o1/∂in_o1     out_o1 = σ(in_o1),  σ′ = σ·(1 − σ)
                        = out_o1·(1 − out_o1)
                        ≈ 0.73403·(1 − 0.73403)                     ≈   0.19523
  3  ∂in_o1/∂w5         in_o1 = w5·out_h1 + w6·out_h2 + b2
                        = out_h1                                    ≈   0.58904
                                                                    ───────────
  ∂E_total/∂w5 = −(target_o1 − out_o1) · out_o1·(1 − out_o1) · out_h1
               ≈ 0.68403 · 0.19523 · 0.58904                        ≈   0.07866
  checked: backward() 0.07866 · finite difference 0.07866

  w5⁺ = w5 − η·∂E_total/∂w5
      ≈ 0.5 − 0.6·0.07866                                           ≈   0.45280
"""


def test_000_w5() -> None:
    """The document keeps -(target - out)."""
    E = textbook.build("000").loss
    page = ad.derive(E, "w5", rate=0.6, signs="minus")
    assert f"{page}\n" == PAGE_000_W5


PAGE_000_W1 = """\
∂E_total/∂w1                                                    2 paths · 8 components

  ∂E_total   ⎛   ∂E1       ∂E2   ⎞   ∂out_h1   ∂in_h1
  ──────── = ⎜ ─────── + ─────── ⎟ · ─────── · ──────
    ∂w1      ⎝ ∂out_h1   ∂out_h1 ⎠    ∂in_h1    ∂w1

  1a  ∂E1/∂out_h1      ∂E1/∂out_o1 · ∂out_o1/∂in_o1 · ∂in_o1/∂out_h1
      ∂E1/∂out_o1      E1 = ½(target_o1 − out_o1)²
                       = 2·½·(target_o1 − out_o1)·(−1)
                       = −(target_o1 − out_o1)
                       ≈ −(0.05 − 0.73403)                          ≈   0.68403
      ∂out_o1/∂in_o1   out_o1 = σ(in_o1),  σ′ = σ·(1 − σ)
                       = out_o1·(1 − out_o1)
                       ≈ 0.73403·(1 − 0.73403)                      ≈   0.19523
      ∂in_o1/∂out_h1   in_o1 = w5·out_h1 + w6·out_h2 + b2
                       = w5                                         =       0.5
  ∂E1/∂out_h1 = −(target_o1 − out_o1)·out_o1·(1 − out_o1)·w5
              ≈ 0.68403 · 0.19523 · 0.5                             ≈   0.06677
  1b  ∂E2/∂out_h1      ∂E2/∂out_o2 · ∂out_o2/∂in_o2 · ∂in_o2/∂out_h1
      ∂E2/∂out_o2      E2 = ½(target_o2 − out_o2)²
                       = 2·½·(target_o2 − out_o2)·(−1)
                       = −(target_o2 − out_o2)
                       ≈ −(0.95 − 0.77843)                          ≈  −0.17157
      ∂out_o2/∂in_o2   out_o2 = σ(in_o2),  σ′ = σ·(1 − σ)
                       = out_o2·(1 − out_o2)
                       ≈ 0.77843·(1 − 0.77843)                      ≈   0.17248
      ∂in_o2/∂out_h1   in_o2 = w7·out_h1 + w8·out_h2 + b2
                       = w7                                         =       0.7
  ∂E2/∂out_h1 = −(target_o2 − out_o2)·out_o2·(1 − out_o2)·w7
              ≈ (−0.17157) · 0.17248 · 0.7                          ≈  −0.02071
  1   ∂E_total/∂out_h1 = ∂E1/∂out_h1 + ∂E2/∂out_h1
                       ≈ 0.06677 + (−0.02071)                       ≈   0.04606
  2   ∂out_h1/∂in_h1   out_h1 = σ(in_h1),  σ′ = σ·(1 − σ)
                       = out_h1·(1 − out_h1)
                       ≈ 0.58904·(1 − 0.58904)                      ≈   0.24207
  3   ∂in_h1/∂w1       in_h1 = w1·i1 + w2·i2 + b1
                       = i1                                         =       0.1
                                                                    ───────────
  ∂E_total/∂w1 = (−(target_o1 − out_o1)·out_o1·(1 − out_o1)·w5 − (target_o2 − out_o2)·
                   out_o2·(1 − out_o2)·w7) · out_h1·(1 − out_h1) · i1
               ≈ 0.04606 · 0.24207 · 0.1                            ≈   0.00111
  checked: backward() 0.00111 · finite difference 0.00111
"""


def test_000_w1() -> None:
    """Equations (C) to (F), with w7 where the document slips."""
    E = textbook.build("000").loss
    page = ad.derive(E, "w1", signs="minus")
    assert f"{page}\n" == PAGE_000_W1


PAGE_000_DELTAS = """\
∂E_total/∂w1                                                      2 paths · delta form

  δ_o1 = ∂E_total/∂in_o1
       = −(target_o1 − out_o1)·out_o1·(1 − out_o1)
       ≈ −(0.05 − 0.73403)·0.73403·(1 − 0.73403)                    ≈   0.13354
  δ_o2 = ∂E_total/∂in_o2
       = −(target_o2 − out_o2)·out_o2·(1 − out_o2)
       ≈ −(0.95 − 0.77843)·0.77843·(1 − 0.77843)                    ≈  −0.02959
  δ_h1 = ∂E_total/∂in_h1
       = (w5·δ_o1 + w7·δ_o2)·out_h1·(1 − out_h1)
       ≈ (0.5·0.13354 + 0.7·(−0.02959))·0.58904·(1 − 0.58904)       ≈   0.01115
  ∂E_total/∂w1 = δ_h1·i1
               ≈ 0.01115·0.1                                        ≈   0.00111
  checked: backward() 0.00111 · finite difference 0.00111
"""


def test_000_deltas() -> None:
    """Result b), with the deltas named."""
    E = textbook.build("000").loss
    page = ad.derive(E, "w1", form="delta", signs="minus")
    assert f"{page}\n" == PAGE_000_DELTAS


# ------------------------------------------------------------- 001: matrix form, and an early stop

PAGE_001_WORKED_SYMBOL = """\
∂C/∂w_22^(2)                                                     1 path · 3 components

      ∂C         ∂C      ∂a_2^(3)    ∂z_2^(3)
  ───────── = ──────── · ──────── · ─────────
  ∂w_22^(2)   ∂a_2^(3)   ∂z_2^(3)   ∂w_22^(2)

  1  ∂C/∂a_2^(3)          ∂C/∂a_2^(3)                               ≈   0.04370
  2  ∂a_2^(3)/∂z_2^(3)    a_2^(3) = σ(z_2^(3))
                          = f′(z_2^(3))                             ≈   0.22514
  3  ∂z_2^(3)/∂w_22^(2)   z_2^(3) = w_21^(2)·a_1^(2) + w_22^(2)·a_2^(2) + b_2^(2)
                          = a_2^(2)                                 ≈   0.42556
                                                                    ───────────
  ∂C/∂w_22^(2) = ∂C/∂a_2^(3) · f′(z_2^(3)) · a_2^(2)
               ≈ 0.04370 · 0.22514 · 0.42556                        ≈   0.00419
  checked: backward() 0.00419 · finite difference 0.00419
"""


def test_001_worked_symbol() -> None:
    """dC/dw22(2) = dC/da2(3) f'(z2(3)) a2(2), and no further."""
    C = textbook.build("001").loss
    page = ad.derive(C, "w_22^(2)", stop=["a_2^(3)"])
    assert f"{page}\n" == PAGE_001_WORKED_SYMBOL


PAGE_001_MATRIX = """\
∂C/∂w_22^(2)                                                      1 path · matrix form

  δ^(4) = ∂C/∂a^(4) ⊙ f′(z^(4))
        ≈ [−0.10925] ⊙ [1]
        ≈ [−0.10925],  1×1, a row for each neuron of output
        = [δ_s]
  δ^(3) = W^(3)ᵀ δ^(4) ⊙ f′(z^(3))
        ≈ [0.7; −0.4] [−0.10925] ⊙ [0.24409; 0.22514]
        ≈ [−0.01867; 0.00984],  2×1, a row for each neuron of hidden2
        = [δ_1^(3); δ_2^(3)]
  W^(2) = [w_11^(2) w_12^(2); w_21^(2) w_22^(2)],  2×2
  ∂C/∂W^(2) = δ^(3) a^(2)ᵀ
            ≈ [−0.01867; 0.00984] [0.65022 0.42556]
            ≈ [−0.01214 −0.00794; 0.00640 0.00419],  2×2
  ∂C/∂b^(2) = δ^(3)
  ∂C/∂w_22^(2) = δ_2^(3)·a_2^(2)
               ≈ 0.00984·0.42556                                    ≈   0.00419
  checked: backward() 0.00419 · finite difference 0.00419
"""


def test_001_matrix() -> None:
    """delta(l) = W(l)^T delta(l+1) * f'(z(l)), a layer at a time."""
    C = textbook.build("001").loss
    page = ad.derive(C, "w_22^(2)", form="matrix")
    assert f"{page}\n" == PAGE_001_MATRIX


PAGE_001_BIAS = """\
∂C/∂b_2^(2)                                                        1 path · delta form

  δ_2^(3) = ∂C/∂z_2^(3)
          = (s − y)·w_12^(3)·a_2^(3)·(1 − a_2^(3))
          ≈ (0.14075 − 0.25)·(−0.4)·0.65767·(1 − 0.65767)           ≈   0.00984
  ∂C/∂b_2^(2) = δ_2^(3)                                             ≈   0.00984
  checked: backward() 0.00984 · finite difference 0.00984
"""


def test_001_bias() -> None:
    """dC/db_j(l) = delta_j(l+1)."""
    C = textbook.build("001").loss
    page = ad.derive(C, "b_2^(2)", form="delta")
    assert f"{page}\n" == PAGE_001_BIAS


# ---------------------------------------------------------------- 002: ascent and the delta rule

PAGE_002_BOTH_WEIGHTS = """\
The gradients of P

  ∂P/∂w_r                                                        1 path · 3 components

   ∂P     ∂P    ∂o_r   ∂p_r
  ──── = ──── · ──── · ────
  ∂w_r   ∂o_r   ∂p_r   ∂w_r

  1  ∂P/∂o_r     P = −½(d − o_r)²
                 = 2·(d − o_r)·(−½)·(−1)
                 = d − o_r
                 ≈ 0.9 − 0.60724                                    ≈   0.29276
  2  ∂o_r/∂p_r   o_r = σ(p_r),  σ′ = σ·(1 − σ)
                 = o_r·(1 − o_r)
                 ≈ 0.60724·(1 − 0.60724)                            ≈   0.23850
  3  ∂p_r/∂w_r   p_r = w_r·i_r
                 = i_r                                              ≈   0.62246
                                                                    ───────────
  ∂P/∂w_r = (d − o_r) · o_r·(1 − o_r) · i_r
          ≈ 0.29276 · 0.23850 · 0.62246                             ≈   0.04346
  checked: backward() 0.04346 · finite difference 0.04346

  ∂P/∂w_l                                                        1 path · 5 components

  ∂P/∂o_r and ∂o_r/∂p_r as for w_r
  ∂p_r/∂o_l = w_r                                                   =       0.7
  ∂o_l/∂p_l = o_l·(1 − o_l)                                         ≈   0.23500
  ∂p_l/∂w_l = i_l                                                   =         1
                                                                    ───────────
  ∂P/∂w_l = (d − o_r) · o_r·(1 − o_r) · w_r · o_l·(1 − o_l) · i_l
          ≈ 0.29276 · 0.23850 · 0.7 · 0.23500 · 1                   ≈   0.01149
  checked: backward() 0.01149 · finite difference 0.01149

  weight   formula                                         gradient   new value
  ──────   ─────────────────────────────────────────────   ────────   ─────────
  w_r      (d − o_r)·o_r·(1 − o_r)·i_r                     0.04346    0.72173
  w_l      (d − o_r)·o_r·(1 − o_r)·w_r·o_l·(1 − o_l)·i_l   0.01149    0.50574
"""


def test_002_both_weights() -> None:
    """The right weight first; the left one reuses what is known."""
    P = textbook.build("002").loss
    page = ad.derive(P, ["w_r", "w_l"], rate=0.5, sense="ascent")
    assert f"{page}\n" == PAGE_002_BOTH_WEIGHTS


PAGE_002_UNFOLDED = """\
∂P/∂w_l                                                              one factor a line

  ∂P/∂w_l = ∂P/∂o_r · ∂o_r/∂w_l
          = ∂P/∂o_r · ∂o_r/∂p_r · ∂p_r/∂w_l
          = ∂P/∂o_r · ∂o_r/∂p_r · ∂p_r/∂o_l · ∂o_l/∂w_l
          = ∂P/∂o_r · ∂o_r/∂p_r · ∂p_r/∂o_l · ∂o_l/∂p_l · ∂p_l/∂w_l
          = (d − o_r) · o_r·(1 − o_r) · w_r · o_l·(1 − o_l) · i_l
"""


def test_002_unfolded() -> None:
    """One factor more on each line."""
    P = textbook.build("002").loss
    page = ad.derive(P, "w_l").unfolded()
    assert f"{page}\n" == PAGE_002_UNFOLDED


PAGE_002_COMPARED = """\
The gradients of P

  ∂/∂w_r   d − o_r   o_r·(1 − o_r)   i_r
  ∂/∂w_l   d − o_r   o_r·(1 − o_r)   w_r   o_l·(1 − o_l)   i_l
"""


def test_002_compared() -> None:
    """One above the other, so that the shared factors show."""
    P = textbook.build("002").loss
    page = ad.derive(P, ["w_r", "w_l"]).compared()
    assert f"{page}\n" == PAGE_002_COMPARED
    assert r"\frac{\partial}{\partial w_r} & d-o_r" in page.latex()
    assert r"\hline" not in page.latex()
    assert "<mtext>∂</mtext><msub><mi>w</mi><mi>r</mi></msub></mrow></mfrac>" in page.html()
    assert "<thead>" not in page.html()


def test_paths_are_not_set_side_by_side() -> None:
    """Two paths lead to w1 of text 003: what stands in a row would not be the factors."""
    page = ad.derive(textbook.build("003").loss, ["w5", "w1"])
    with pytest.raises(ValueError, match=r"only a chain .* several paths lead to w1: see form="):
        page.compared()


PAGE_002_DELTA_RULE = """\
∂P/∂w_l                                                            1 path · delta form

  δ_r = ∂P/∂p_r
      = o_r·(1 − o_r)·(d − o_r)
      ≈ 0.60724·(1 − 0.60724)·(0.9 − 0.60724)                       ≈   0.06982
  δ_l = ∂P/∂p_l
      = o_l·(1 − o_l)·w_r·δ_r
      ≈ 0.62246·(1 − 0.62246)·0.7·0.06982                           ≈   0.01149
  ∂P/∂w_l = i_l·δ_l
          ≈ 1·0.01149                                               ≈   0.01149
  checked: backward() 0.01149 · finite difference 0.01149

  w_l′ = w_l + α·∂P/∂w_l
       ≈ 0.5 + 0.5·0.01149                                          ≈   0.50574
"""


def test_002_delta_rule() -> None:
    """delta_r = o_r(1 - o_r)(d - o_r), delta_l = o_l(1 - o_l) w_r delta_r, dP/dw = i delta."""
    P = textbook.build("002").loss
    page = ad.derive(P, "w_l", form="delta", sense="ascent", rate=0.5)
    assert f"{page}\n" == PAGE_002_DELTA_RULE


PAGE_002_SIGMOID_PROOF = """\
∂P/∂w_r                                                          1 path · 3 components

   ∂P     ∂P    ∂o_r   ∂p_r
  ──── = ──── · ──── · ────
  ∂w_r   ∂o_r   ∂p_r   ∂w_r

  1  ∂P/∂o_r     P = −½(d − o_r)²
                 = 2·(d − o_r)·(−½)·(−1)
                 = d − o_r
                 ≈ 0.9 − 0.60724                                    ≈   0.29276
  2  ∂o_r/∂p_r   o_r = σ(p_r),  σ′ = σ·(1 − σ)
                 = d/dp_r (1/(1 + exp(−p_r)))
                 = −1 · (1/(1 + exp(−p_r))²) · exp(−p_r) · (−1)
                 = (1/(1 + exp(−p_r))) · (exp(−p_r)/(1 + exp(−p_r)))
                 = (1/(1 + exp(−p_r))) · ((1 + exp(−p_r) − 1)/(1 + exp(−p_r)))
                 = (1/(1 + exp(−p_r))) · ((1 + exp(−p_r))/(1 + exp(−p_r)) − 1/(1 +
                     exp(−p_r)))
                 = (1/(1 + exp(−p_r))) · (1 − 1/(1 + exp(−p_r)))
                 = o_r·(1 − o_r)
                 ≈ 0.60724·(1 − 0.60724)                            ≈   0.23850
  3  ∂p_r/∂w_r   p_r = w_r·i_r
                 = i_r                                              ≈   0.62246
                                                                    ───────────
  ∂P/∂w_r = (d − o_r) · o_r·(1 − o_r) · i_r
          ≈ 0.29276 · 0.23850 · 0.62246                             ≈   0.04346
  checked: backward() 0.04346 · finite difference 0.04346
"""


def test_002_sigmoid_proof() -> None:
    """The six lines of the slope of the sigmoid."""
    P = textbook.build("002").loss
    page = ad.derive(P, "w_r", expand=True)
    assert f"{page}\n" == PAGE_002_SIGMOID_PROOF
