// What the page knows: the graph as it was sent, the numbers of its leaves, and the time.
// Everything shown follows from these; `recompute` is the function that Python exported.

const state = {
  graph: null, // the data
  leaves: [], // the number of each leaf, by index of its box
  values: [], // of every box
  slopes: [], // of every pair, d upper / d lower
  adjoints: [], // d root / d box, complete
  steps: [], // the two passes, a box at a time
  time: 0, // how many of the steps are done
  walked: false, // whether the reader has moved in time
  selected: null, // index of the box whose derivation is shown
  folded: new Set(), // paths of clusters
  trained: new Set(), // leaves that a gradient step moves
  losses: [],
  undo: [],
};

function openGraph(graph) {
  const old = state.graph;
  graph.index = new Map(graph.boxes.map((box, i) => [box.id, i]));
  graph.above = graph.boxes.map(() => []); // pairs by their lower box
  graph.below = graph.boxes.map(() => []); // and by their upper box
  graph.pairs.forEach((pair, k) => {
    graph.above[pair.lower].push(k);
    graph.below[pair.upper].push(k);
  });
  graph.leaves = graph.boxes.flatMap((box, i) => (box.leaf ? [i] : []));
  Object.assign(state, {
    graph, walked: false, selected: null, undo: [], folded: new Set(),
    leaves: graph.boxes.map((box) => number(box.number)),
    trained: new Set(graph.leaves.filter((i) => graph.boxes[i].trained)),
  });
  state.steps = timeline(graph);
  state.time = state.steps.length;
  recomputed();
  state.losses = [state.values[graph.root]];
  if (!old) state.rate = graph.rate;
}

function timeline(graph) {
  const computed = graph.boxes.flatMap((box, i) => (box.leaf || !graph.stepping ? [] : [i]));
  if (!computed.length) return [];
  return [
    ...computed.map((box) => ({ kind: "forward", box })),
    { kind: "seed", box: graph.root },
    ...computed.reverse().map((box) => ({ kind: "backward", box })),
  ];
}

// All numbers from those of the leaves: values and slopes by the exported code, then the chain rule.
function recomputed() {
  const { graph, leaves } = state;
  const run = graph.stepping && graph.live ? window.autodiffRecompute : null;
  const out = run ? run(...graph.leaves.map((i) => leaves[i])) : [];
  state.values = graph.boxes.map((box, i) => {
    if (box.leaf) return leaves[i];
    return run && box.output != null ? out[box.output] : number(box.number);
  });
  state.slopes = graph.pairs.map(({ slope, start }) => {
    if (!Array.isArray(slope) || !run) return number(run ? slope : start);
    return slope[0] === "box" ? state.values[slope[1]] : out[slope[1]];
  });
  state.adjoints = graph.stepping
    ? passes(state.steps.length).gradients
    : graph.boxes.map((box) => number(box.gradient));
}

// Where both passes stand after so many steps: what is known, and what is still to come.
function passes(time) {
  const { graph, steps, slopes } = state;
  const known = graph.boxes.map((box) => box.leaf || !graph.stepping);
  const gradients = graph.boxes.map(() => 0);
  const missing = graph.boxes.map((_, i) => graph.above[i].length);
  const arrived = graph.boxes.map(() => 0);
  missing[graph.root] = 1;
  for (const { kind, box } of steps.slice(0, time)) {
    if (kind === "forward") known[box] = true;
    if (kind === "seed") {
      gradients[box] = 1;
      missing[box] = 0;
      arrived[box] = 1;
    }
    for (const k of kind === "backward" ? graph.below[box] : []) {
      const { lower } = graph.pairs[k];
      gradients[lower] += flow(k, gradients[box]);
      missing[lower] -= 1;
      arrived[lower] += 1;
    }
  }
  return { known, gradients, missing, arrived, slopes };
}

// What flows along a pair; a branch not taken contributes nothing, not 0 times something.
function flow(k, adjoint) {
  const slope = state.slopes[k];
  return state.graph.pairs[k].selects && slope === 0 ? 0 : adjoint * slope;
}

// d root / d lower along the pairs of one path.
const along = (path) => path.reduce((product, k) => product * state.slopes[k], 1);

// ------------------------------------------------------------ changing numbers

function remember() {
  state.undo.push({ leaves: [...state.leaves], losses: [...state.losses] });
  if (state.undo.length > 500) state.undo.shift();
}

function setLeaf(i, x) {
  state.leaves[i] = x;
  recomputed();
  state.losses = [state.values[state.graph.root]];
}

function gradientSteps(count, rate) {
  remember();
  state.rate = rate;
  for (let step = 0; step < count; step += 1) {
    const gradients = state.adjoints;
    for (const i of state.trained) state.leaves[i] -= rate * gradients[i];
    recomputed();
    state.losses.push(state.values[state.graph.root]);
  }
  state.time = state.steps.length;
}

function undo() {
  const before = state.undo.pop();
  if (!before) return;
  Object.assign(state, before);
  recomputed();
}

function reset() {
  remember();
  state.leaves = state.graph.boxes.map((box) => number(box.number));
  recomputed();
  state.losses = [state.values[state.graph.root]];
}
