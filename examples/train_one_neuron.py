"""One sigmoid neuron learns OR: the plain training loop, in ten lines."""

from nn import SGD, Neuron, half_squared_error

samples = [([0, 0], 0), ([0, 1], 1), ([1, 0], 1), ([1, 1], 1)]
neuron = Neuron(2, seed=1)
optimizer = SGD(neuron.parameters(), rate=2.0)
for epoch in range(201):
    E = sum(half_squared_error(neuron(x), target) for x, target in samples)
    optimizer.zero_grad()
    E.backward()
    optimizer.step()
    if epoch % 50 == 0:
        print(f"epoch {epoch:3}   error {E.data:.5f}")

for x, target in samples:
    print(x, "->", f"{neuron(x).data:.3f}", "wanted", target)
