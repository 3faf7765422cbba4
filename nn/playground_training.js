// Training: gradient descent on all samples, and the moments that were recorded on the way.
//
// The state is always that of the moment shown: parameters, their loss and gradient. Training on
// from an earlier moment discards what came after it.

const page = JSON.parse(byId("data").textContent);
const program = window.nnProgram;
const COUNT = page.parameters.length;
const MOST = Math.max(200, Math.min(4000, Math.floor(4e6 / COUNT))); // moments kept

const INPUTS = page.inputs.length;
const NEURONS = page.layers.flatMap((layer, l) =>
  layer.neurons.map((neuron) => ({ ...neuron, layer: l, range: layer.range })));
const LAST = page.layers.length - 1;
const FIRST_OUT = NEURONS.length - page.layers[LAST].neurons.length;

// What the exported functions take: inputs and targets of each sample.
const rows = page.X.map((x, i) => Float64Array.of(...x, ...page.targets[i]));

const state = {
  parameters: Float64Array.from(page.parameters, ({ start }) => start),
  gradient: new Float64Array(COUNT),
  loss: NaN,
  epoch: 0,
  rate: page.rate,
  losses: [], // of every epoch since the start
  moments: [], // {epoch, parameters}, every `stride` epochs, and the last one
  stride: 1,
  at: 0, // which moment is shown
};

// The mean loss and gradient of all samples, at the parameters of the state.
function measure() {
  const { parameters, gradient } = state;
  gradient.fill(0);
  let total = 0;
  for (const row of rows) total += program.loss(row, parameters, gradient);
  for (let k = 0; k < COUNT; k++) gradient[k] /= rows.length;
  state.loss = total / rows.length;
}

function begin() {
  state.parameters = Float64Array.from(page.parameters, ({ start }) => start);
  Object.assign(state, { epoch: 0, losses: [], moments: [], stride: 1, at: 0 });
  measure();
  record();
}

const isLatest = () => state.at === state.moments.length - 1;

// One step of gradient descent. Returns whether loss and parameters are still finite.
function train() {
  if (!isLatest()) {
    state.moments.length = state.at + 1;
    state.losses.length = state.epoch + 1;
  }
  const { parameters, gradient } = state;
  const step = page.sign * state.rate;
  for (let k = 0; k < COUNT; k++) parameters[k] += step * gradient[k];
  state.epoch += 1;
  measure();
  record();
  return Number.isFinite(state.loss) && gradient.every((slope) => Number.isFinite(slope));
}

function record() {
  const { moments, epoch } = state;
  state.losses.push(state.loss);
  if (moments.length && moments.at(-1).epoch % state.stride) moments.pop();
  moments.push({ epoch, parameters: state.parameters.slice() });
  if (moments.length > MOST) {
    state.stride *= 2;
    state.moments = moments.filter((m) => m.epoch % state.stride === 0 || m.epoch === epoch);
  }
  state.at = state.moments.length - 1;
}

// Show another recorded moment.
function goTo(at) {
  state.at = clamp(at, 0, state.moments.length - 1);
  const { epoch, parameters } = state.moments[state.at];
  state.epoch = epoch;
  state.parameters.set(parameters);
  measure();
}

// The outputs of all neurons, layer by layer, for one row of inputs; the next call overwrites them.
const outputs = new Float64Array(NEURONS.length);

function outputsOf(inputs) {
  program.outputs(inputs, state.parameters, outputs);
  return outputs;
}

// How many samples the network gets right; null where targets are no classes.
function right() {
  const { view, X, targets } = page;
  if (view.kind === "number" && !view.boundary) return null;
  return X.filter((x, i) => {
    const last = outputsOf(x).subarray(FIRST_OUT);
    if (view.kind === "classes") return largest(last) === largest(targets[i]);
    return last.every((out, k) => seen(out) > 0 === seenTarget(targets[i][k]) > 0);
  }).length;
}

const largest = (numbers) => numbers.indexOf(Math.max(...numbers));

// Numbers of the last layer on a scale from -1 (low) to 1 (high).
const onScale = (x) => (2 * x - page.view.low - page.view.high) / (page.view.high - page.view.low);
const seen = (x) => (page.view.squash ? Math.tanh(x / 2) : onScale(x));
const seenTarget = onScale;
