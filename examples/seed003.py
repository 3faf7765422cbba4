"""The network of text 003 from bare Values: derive a gradient, take one step, see the error."""

from autodiff import derive, sigmoid, values

i1, i2 = values("i1 i2", [0.1, 0.5])
w1, w2, w3, w4, w5, w6, w7, w8 = w = values("w1:9", [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8])
b1, b2 = values("b1 b2", [0.25, 0.35])
target1, target2 = values("target1 target2", [0.05, 0.95])

sum_h1 = (i1 * w1 + i2 * w3 + b1).named("sum_h1")
sum_h2 = (i1 * w2 + i2 * w4 + b1).named("sum_h2")
out_h1 = sigmoid(sum_h1).named("out_h1")
out_h2 = sigmoid(sum_h2).named("out_h2")

sum_o1 = (out_h1 * w5 + out_h2 * w6 + b2).named("sum_o1")
sum_o2 = (out_h1 * w7 + out_h2 * w8 + b2).named("sum_o2")
out_o1 = sigmoid(sum_o1).named("out_o1")
out_o2 = sigmoid(sum_o2).named("out_o2")

E1 = (0.5 * (target1 - out_o1) ** 2).named("E1")
E2 = (0.5 * (target2 - out_o2) ** 2).named("E2")
E_total = (E1 + E2).named("E_total")

print(derive(E_total, w5, rate=0.6))

E_total.backward()
before = E_total.data
for weight in w:  # every gradient was taken at the old weights
    weight.data -= 0.6 * weight.grad
E_total.forward()

print("\nnew weights:", *(f"{weight.data:.5f}" for weight in w))
print(f"error: {before:.5f} before, {E_total.data:.5f} after")
