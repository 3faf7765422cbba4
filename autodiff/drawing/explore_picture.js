// The picture: drawn once from places that Python found, then only its texts and classes change.

const DECADES = 3;

function drawPicture() {
  const { graph } = state;
  const picture = byId("picture");
  const layers = ["clusters", "edges", "boxes", "folds"].map((name) => svg("g", { class: name }));
  const [clusters, edges, boxes, folds] = layers;
  clusters.append(...graph.clusters.map(clusterFrame));
  edges.append(...graph.edges.map(edgeShape));
  boxes.append(...graph.boxes.map(boxCard));
  folds.append(...graph.clusters.map(foldedCard));
  picture.replaceChildren(...layers);
  picture.setAttribute("viewBox", `0 0 ${graph.width} ${graph.height}`);
  picture.style.setProperty("--width", `${graph.width}px`);
  byId("caption").textContent = [graph.caption, graph.note].filter(Boolean).join(" · ");
}

const word = (x, y, text, name, bold = false) =>
  svg("text", { x, y, class: `${name}${bold ? " bold" : ""}` }, text);

function boxCard(box, i) {
  const place = box.x === undefined ? [0, 0] : [box.x, box.y];
  const card = svg("g", {
    class: `box ${box.kind}`, id: box.id, transform: `translate(${place})`, tabindex: 0,
    role: "button", "data-box": i,
  });
  if (box.kind !== "constant") {
    card.append(
      svg("rect", { class: "card", width: box.width, height: box.height, rx: 4 }),
      svg("rect", { class: "bar", width: 4, height: box.height - 6, x: 1, y: 3, rx: 2 }),
    );
  }
  card.append(...box.words.map(([x, y, text, bold]) => word(x, y, text, "ink", bold)));
  if (box.value_at) card.append(word(...box.value_at, "", "value"));
  if (box.gradient_at) card.append(word(...box.gradient_at, "", "gradient"));
  return card;
}

function edgeShape(edge) {
  const { index, pairs } = state.graph;
  const [lower, upper] = [index.get(edge.tail), index.get(edge.head)];
  const k = pairs.findIndex((pair) => pair.upper === upper && pair.lower === lower);
  const shape = svg("g", { class: "edge", id: edge.id, "data-pair": k < 0 ? null : k });
  shape.append(
    svg("path", { class: "reach", d: edge.path }), // wide and unseen, for the pointer
    svg("path", { class: "line", d: edge.path }),
    svg("path", { class: "tip", d: edge.arrow }),
  );
  if (edge.uses > 1) shape.append(word(edge.middle[0], edge.middle[1] - 4, `×${edge.uses}`, "quiet"));
  return shape;
}

// ------------------------------------------------------------ clusters, folded and unfolded

const spelled = (path) => JSON.stringify(path);
const holds = (path, inner) => path.every((part, i) => inner[i] === part);

function clusterFrame({ path, place: [x0, y0, x1, y1] }) {
  return svg("g", { class: "cluster", "data-path": spelled(path) },
    svg("rect", { x: x0, y: y0, width: x1 - x0, height: y1 - y0, rx: 8 }),
    svg("g", { class: "title", tabindex: 0, role: "button", "aria-expanded": "true" },
      svg("title", {}, "Fold"),
      svg("rect", { class: "reach", x: x0, y: y0, width: x1 - x0, height: 20 }),
      word(x0 + 8, y0 + 14, `− ${path.at(-1)}`, "quiet")));
}

// A folded cluster is a card where the cluster was; it shows the numbers of what leaves it.
function foldedCard({ path, place: [x0, y0, x1, y1] }) {
  const middle = (y0 + y1) / 2;
  return svg("g", {
    class: "fold", "data-path": spelled(path), tabindex: 0, role: "button",
    "aria-expanded": "false",
  },
    svg("title", {}, "Unfold"),
    svg("rect", { class: "card", x: x0, y: y0, width: x1 - x0, height: y1 - y0, rx: 8 }),
    word((x0 + x1) / 2, middle - 12, `+ ${path.at(-1)}`, "ink", true),
    word((x0 + x1) / 2, middle + 5, "", "value"),
    word((x0 + x1) / 2, middle + 21, "", "gradient"));
}

function showFolds() {
  const { graph, folded } = state;
  const paths = [...folded].map((text) => JSON.parse(text));
  const inside = (path, strictly = false) =>
    paths.some((outer) => holds(outer, path) && (!strictly || outer.length < path.length));
  const hidden = graph.boxes.map((box) => inside(box.cluster));
  graph.boxes.forEach((box, i) => byId(box.id).classList.toggle("hidden", hidden[i]));
  for (const edge of graph.edges) {
    const ends = [edge.tail, edge.head].map((id) => graph.boxes[graph.index.get(id)].cluster);
    const swallowed = paths.some((path) => ends.every((end) => holds(path, end)));
    byId(edge.id).classList.toggle("hidden", swallowed);
  }
  for (const frame of all("#picture .cluster")) {
    frame.classList.toggle("hidden", inside(JSON.parse(frame.dataset.path)));
  }
  for (const card of all("#picture .fold")) {
    const path = JSON.parse(card.dataset.path);
    card.classList.toggle("hidden", !folded.has(card.dataset.path) || inside(path, true));
  }
}

function fold(path, on) {
  if (on) state.folded.add(path);
  else state.folded.delete(path);
  showFolds();
}

function foldDepth(depth) {
  const paths = state.graph.clusters.map((cluster) => cluster.path);
  const deepest = Math.max(0, ...paths.map((path) => path.length));
  const wanted = { neurons: (n) => n === deepest, layers: (n) => n === 1, nothing: () => false };
  state.folded = new Set(paths.filter((path) => wanted[depth](path.length)).map(spelled));
  showFolds();
}

// ------------------------------------------------------------ numbers and colours

// Colour follows the size of the gradient over three decades, as in the pictures that draw() makes.
function strength(gradient, largest) {
  if (!gradient || !largest || Number.isNaN(gradient)) return 0;
  const share = Number.isFinite(gradient) ? Math.abs(gradient) / largest : 1;
  return Math.min(1, Math.max(0, 1 + Math.log10(share) / DECADES));
}

function gradientText({ missing, arrived, gradients }, i) {
  if (missing[i] === 0) return `∂ ${figure(gradients[i])}`;
  return arrived[i] ? `∂ ${figure(gradients[i], 4)} + ?` : "∂ ?";
}

function showNumbers() {
  const { graph, values, adjoints, steps, time } = state;
  const now = graph.stepping
    ? passes(time)
    : { known: values.map(() => true), gradients: adjoints, missing: adjoints.map(() => 0) };
  const largest = Math.max(0, ...adjoints.filter(Number.isFinite).map(Math.abs));
  const step = steps[time - 1];
  graph.boxes.forEach((box, i) => {
    const card = byId(box.id);
    const ready = now.missing[i] === 0;
    card.dataset.value = now.known[i] ? String(values[i]) : "?";
    card.dataset.gradient = ready ? String(now.gradients[i]) : "?";
    const texts = {
      value: box.number === null ? "" : now.known[i] ? figure(values[i]) : "?",
      gradient: box.gradient === null ? "" : gradientText(now, i),
    };
    for (const [name, text] of Object.entries(texts)) {
      const spot = card.querySelector(`.${name}`);
      if (spot) spot.textContent = text;
    }
    paint(card, ready ? now.gradients[i] : 0, largest);
    card.classList.toggle("waiting", !now.known[i]);
    card.classList.toggle("now", Boolean(step) && step.box === i && time < steps.length);
    card.classList.toggle("selected", state.selected === i);
    const said = [box.title, texts.value && `value ${texts.value}`, texts.gradient];
    card.setAttribute("aria-label", said.filter(Boolean).join(", "));
  });
  for (const card of all("#picture .fold")) showFoldNumbers(card, now, largest);
  for (const line of all("#picture .edge")) {
    const pair = graph.pairs[line.dataset.pair];
    const moving = step && step.kind !== "seed" && time < steps.length && pair?.upper === step.box;
    line.classList.toggle("forward", Boolean(moving) && step.kind === "forward");
    line.classList.toggle("backward", Boolean(moving) && step.kind === "backward");
  }
}

function showFoldNumbers(card, now, largest) {
  const outputs = outputsOf(JSON.parse(card.dataset.path));
  if (!outputs.length) return;
  const { boxes } = state.graph;
  const room = Number(card.querySelector(".card").getAttribute("width")) - 16;
  const texts = {
    value: (i) => `${boxes[i].title} ${now.known[i] ? figure(state.values[i]) : "?"}`,
    gradient: (i) => gradientText(now, i),
  };
  for (const [name, text] of Object.entries(texts)) {
    card.querySelector(`.${name}`).textContent = listed(outputs.map(text), room);
  }
  const arrived = outputs.map((i) => (now.missing[i] === 0 ? now.gradients[i] : 0));
  paint(card, arrived.reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a)), largest);
}

// The computed boxes of a cluster that something outside it uses; the root uses nothing.
function outputsOf(path) {
  const { boxes, edges, index } = state.graph;
  const inner = (i) => holds(path, boxes[i].cluster);
  const leaving = edges.map(({ tail, head }) => [index.get(tail), index.get(head)])
    .filter(([tail, head]) => inner(tail) && !inner(head) && !boxes[tail].leaf)
    .map(([tail]) => tail);
  const last = boxes.findLastIndex((box, i) => !box.leaf && inner(i));
  return leaving.length ? [...new Set(leaving)].sort((a, b) => a - b) : last < 0 ? [] : [last];
}

// As many of some texts as there is room for, about, at least one.
function listed(texts, room) {
  const sign = 6.5;
  let shown = texts.length;
  const line = () => {
    const rest = texts.length - shown;
    return texts.slice(0, shown).join(", ") + (rest ? ` … ${rest} more` : "");
  };
  while (shown > 1 && line().length * sign > room) shown -= 1;
  return line();
}

function paint(card, gradient, largest) {
  card.style.setProperty("--strength", strength(gradient, largest).toFixed(3));
  card.classList.toggle("negative", gradient < 0);
}
