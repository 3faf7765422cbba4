// The network in columns: inputs, then the neurons of each layer, joined by their weights.

const MOST_SHOWN = 20; // neurons of a layer
const net = { columns: [], edges: [], chosen: null, pointed: null };

const kept = (things) => things.slice(0, MOST_SHOWN);

function node(name, n, k) {
  const canvas = PICTURED ? html("canvas", { width: 1, height: 1 }) : null;
  const kind = n === null ? "input" : "neuron";
  const attributes = { class: `node ${kind}`, type: "button", title: name };
  if (n !== null) Object.assign(attributes, { "data-neuron": n, "aria-pressed": "false" });
  const element = html(n === null ? "div" : "button", attributes, canvas,
    html("span", { class: "name" }, name));
  return { element, canvas, n, k };
}

function buildNetwork() {
  const inputs = kept(page.inputs).map((name, k) => node(name, null, k));
  net.columns = [inputs, ...page.layers.map((layer, l) => kept(
    NEURONS.map((neuron, n) => ({ neuron, n })).filter(({ neuron }) => neuron.layer === l),
  ).map(({ neuron, n }, k) => node(neuron.name, n, k)))];
  const totals = [page.inputs.length, ...page.layers.map(({ neurons }) => neurons.length)];
  net.lines = svg("svg", { class: "edges", "aria-hidden": "true" });
  byId("network").append(net.lines);
  net.columns.forEach((column, c) => {
    const hidden = totals[c] - column.length;
    const words = c ? page.layers[c - 1].activation : "inputs";
    net.columns[c].title = html("span", { class: "title" }, words);
    net.columns[c].more = hidden ? html("span", { class: "more" }, `and ${hidden} more`) : null;
    byId("network").append(net.columns[c].title, ...column.map(({ element }) => element));
    if (hidden) byId("network").append(net.columns[c].more);
  });
  net.columns.slice(1).forEach((column, c) => {
    for (const to of column) {
      NEURONS[to.n].weights.slice(0, net.columns[c].length).forEach((weight, k) => {
        const line = svg("path", { class: "edge", "data-weight": weight });
        net.lines.append(line);
        net.edges.push({ line, weight, from: net.columns[c][k], to });
      });
    }
  });
}

// Places for everything, for the width there is. Columns of fewer neurons have larger ones.
function placeNetwork() {
  const box = byId("network");
  const width = box.clientWidth;
  const most = Math.max(...net.columns.map((column) => column.length));
  const tall = clamp(most * 84, 200, most > 10 ? 560 : 460);
  const widest = Math.min(54, width / (1.6 * net.columns.length));
  const top = 26;
  const height = top + tall + (net.columns.some(({ more }) => more) ? 18 : 0);
  box.style.height = `${height}px`;
  box.classList.toggle("dense", net.edges.length > 100);
  const margin = Math.max(widest, 46) / 2 + 2;
  net.columns.forEach((column, c) => {
    const x = margin + ((width - 2 * margin) * c) / (net.columns.length - 1);
    const pitch = Math.min(tall / column.length, 104);
    const size = clamp(pitch - (pitch > 44 ? 22 : 6), 20, widest);
    const start = top + (tall - column.length * pitch) / 2;
    put(column.title, x, 0);
    column.forEach((spot, k) => {
      Object.assign(spot, { x, y: start + (k + 0.5) * pitch - (pitch > 44 ? 8 : 0), size });
      put(spot.element, x, spot.y - size / 2);
      spot.element.style.width = spot.element.style.height = `${size}px`;
      spot.element.classList.toggle("unnamed", pitch <= 44);
    });
    if (column.more) put(column.more, x, top + tall);
  });
  net.lines.setAttribute("viewBox", `0 0 ${width} ${height}`);
  for (const { line, from, to } of net.edges) {
    const [x1, x2] = [from.x + from.size / 2, to.x - to.size / 2];
    const middle = (x1 + x2) / 2;
    line.setAttribute("d", `M${x1} ${from.y}C${middle} ${from.y} ${middle} ${to.y} ${x2} ${to.y}`);
  }
}

function put(element, x, y) {
  element.style.left = `${x}px`;
  element.style.top = `${y}px`;
}

function showNetwork() {
  const { parameters } = state;
  for (const { line, weight } of net.edges) {
    const w = parameters[weight];
    const size = Number.isFinite(w) ? Math.min(6, 0.4 + 1.3 * Math.abs(w)) : 6;
    line.style.strokeWidth = `${size.toFixed(2)}px`;
    line.classList.toggle("negative", w < 0);
  }
  if (!PICTURED) return;
  for (const column of net.columns) {
    for (const { canvas, n, k } of column) {
      if (PLANAR && n === null) drawInput(canvas, k);
      else if (PLANAR) drawNeuron(canvas, n);
      else drawSmall(canvas, n === null ? [-1, 1] : line.grids[n]);
    }
  }
}

// ------------------------------------------------------------ one neuron

function choose(n) {
  net.chosen = net.chosen === n ? null : n; // a second time: the network again
  for (const { element, n: own } of net.columns.flat()) {
    if (own !== null) element.setAttribute("aria-pressed", String(own === net.chosen));
  }
  light(net.chosen);
}

// The weights that enter a neuron stand out.
function light(n) {
  byId("network").classList.toggle("lit", n !== null);
  for (const { line, to } of net.edges) line.classList.toggle("into", to.n === n);
}

// Its numbers as a table: what the lines show by their width, readable.
function showChosen() {
  const place = byId("chosen");
  const n = net.pointed ?? net.chosen;
  if (n === null) {
    place.replaceChildren(html("p", { class: "hint" },
      `Choose a neuron to see ${PICTURED ? "its picture large, and " : ""}its weights as numbers.`));
    return;
  }
  const { name, weights, bias, layer } = NEURONS[n];
  const sources = layer ? page.layers[layer - 1].neurons.map((from) => from.name) : page.inputs;
  const rows = weights.map((k, i) => [k, `from ${sources[i]}`]);
  if (bias !== null) rows.push([bias, "bias"]);
  place.replaceChildren(
    html("h2", {}, `${name}: ${page.layers[layer].activation} of the weighted sum`),
    html("div", { class: "scroll" }, html("table", {},
      html("thead", {}, html("tr", {}, ...["weight", "", "value", "∂ loss"].map((word) =>
        html("th", { scope: "col" }, word)))),
      html("tbody", {}, ...rows.map(([k, words]) => html("tr", {},
        html("th", { scope: "row" }, page.parameters[k].name),
        html("td", { class: "quiet" }, words),
        html("td", { class: "value" }, figure(state.parameters[k])),
        html("td", { class: "gradient" }, `∂ ${figure(state.gradient[k])}`)))))),
    html("p", { class: "hint" }, "Choose it again, or press Escape, to see the whole network."),
  );
}
