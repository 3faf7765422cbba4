"""Draw the network of text 003, built from bare Values: boxes with formula, value and gradient.

docs/make_pictures.py makes the picture in docs/pictures with it.
"""

import autodiff as ad
from autodiff.drawing import draw

i1, i2 = ad.values("i1 i2", [0.1, 0.5])
w1, w2, w3, w4, w5, w6, w7, w8 = ad.values("w1:9", [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8])
b1, b2 = ad.values("b1 b2", [0.25, 0.35])
target1, target2 = ad.values("target1 target2", [0.05, 0.95])

sum_h1 = (i1 * w1 + i2 * w3 + b1).named("hidden.h1.sum_h1")
sum_h2 = (i1 * w2 + i2 * w4 + b1).named("hidden.h2.sum_h2")
out_h1 = sum_h1.sigmoid().named("hidden.h1.out_h1")
out_h2 = sum_h2.sigmoid().named("hidden.h2.out_h2")
sum_o1 = (out_h1 * w5 + out_h2 * w6 + b2).named("output.o1.sum_o1")
sum_o2 = (out_h1 * w7 + out_h2 * w8 + b2).named("output.o2.sum_o2")
out_o1 = sum_o1.sigmoid().named("output.o1.out_o1")
out_o2 = sum_o2.sigmoid().named("output.o2.out_o2")
E1 = 0.5 * (target1 - out_o1) ** 2
E2 = 0.5 * (target2 - out_o2) ** 2
E_total = E1 + E2

drawing = draw(E_total)
if drawing.engine:
    print(f"{drawing.save('seed003.svg')}, laid out by {drawing.engine}")
else:
    print(f"{drawing.save('seed003.dot')}: no Graphviz is here to lay it out")
print(f"{draw(E_total, level='network').save('seed003_network.svg')}, which needs no Graphviz")
