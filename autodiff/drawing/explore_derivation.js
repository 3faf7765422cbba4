// Two panels in words and formulas: what the present step does, and the derivation of one gradient.
// Everything that speaks of a pair of boxes carries its number, so that it lights up its edges.

const PATHS = 6; // as many are written out; more are gathered box by box
const ROWS = 80;

const nameOf = (i) => state.graph.boxes[i].name;
const valueOf = (id) => state.values[state.graph.index.get(id)];
const partial = (upper, lower) =>
  ["mfrac", ["mrow", ["mi", "∂"], nameOf(upper)], ["mrow", ["mi", "∂"], nameOf(lower)]];
const ofPair = (k) => {
  const { upper, lower } = state.graph.pairs[k];
  return ["mrow", { "data-pair": String(k) }, partial(upper, lower)];
};
const sign = (text) => ["mo", { form: "infix" }, text];
const digits = (x) => (x < 0
  ? ["mrow", ["mo", { form: "prefix" }, "−"], ...unsigned(-x)]
  : ["mrow", ...unsigned(x)]);
const inBrackets = (tree) =>
  ["mrow", ["mo", { stretchy: "false" }, "("], tree, ["mo", { stretchy: "false" }, ")"]];
const factor = (x) => (x < 0 ? inBrackets(digits(x)) : digits(x));
const equals = (x) => sign(isShort(x) ? "=" : "≈");
const joined = (parts, text) => parts.flatMap((part, i) => (i ? [sign(text), part] : [part]));

function cell(tag, label, ...children) {
  return html(tag, { "data-column": label }, ...children);
}

// One component: what the upper box is, its derivative, the numbers, the value.
function componentRow(k) {
  const { upper, formula: [symbols, numbers], lower } = state.graph.pairs[k];
  const definition = state.graph.boxes[upper].definition;
  const slope = state.slopes[k];
  const constant = JSON.stringify(symbols) === JSON.stringify(numbers);
  return html("tr", { "data-pair": k, tabindex: 0 },
    cell("th", "component", math([partial(upper, lower)])),
    cell("td", "because", ...maths([nameOf(upper), sign("=")], definition[0])),
    cell("td", "derivative", ...maths([], symbols)),
    cell("td", "with numbers", ...(constant ? [] : maths([], numbers, [], valueOf))),
    cell("td", "value", math([equals(slope), digits(slope)])));
}

function table(rows, columns) {
  const heads = columns.map((text) => html("th", { scope: "col" }, text));
  return html("table", {},
    html("thead", {}, html("tr", {}, ...heads)), html("tbody", {}, ...rows));
}

// ------------------------------------------------------------ the present step

function showStep() {
  const { graph, steps, time } = state;
  const panel = byId("step");
  const step = steps[time - 1];
  const box = step && graph.boxes[step.box];
  byId("progress").textContent = steps.length ? `step ${time} of ${steps.length}` : "";
  if (!graph.stepping) {
    panel.replaceChildren(html("p", {}, "There are too many boxes to step through: ",
      `${graph.note.split(";")[0]}. A part of the graph can be explored by itself.`));
  } else if (!state.walked) {
    panel.replaceChildren(html("h2", {}, "Both passes are done"),
      html("p", {}, "Every box has its value, and its gradient behind the ∂. ",
        "To walk through both passes press First, and Next for each step, or use the arrow keys."),
      html("p", {}, "Click a box or an edge for the derivation of its gradient."));
  } else if (!step) {
    panel.replaceChildren(html("h2", {}, "Before the first step"),
      html("p", {}, "Only the leaves have numbers. Next computes one box, then another; ",
        "then the gradients come back the other way."));
  } else if (step.kind === "forward") {
    const count = steps.filter((other) => other.kind === "forward").length;
    panel.replaceChildren(html("h2", {}, `Forward ${time} of ${count}: ${box.title || "a box"}`),
      ...forwardLines(step.box));
  } else if (step.kind === "seed") {
    panel.replaceChildren(html("h2", {}, "Backward begins"),
      html("p", {}, math([partial(step.box, step.box), sign("="), ["mn", "1"]])),
      html("p", {}, "The result moves with itself, one to one. Each box now hands its gradient to ",
        "those it was computed from, times the local derivative."));
  } else {
    const count = steps.length - steps.findIndex((other) => other.kind === "backward");
    const nth = count - (steps.length - time);
    panel.replaceChildren(html("h2", {}, `Backward ${nth} of ${count}: ${box.title || "a box"}`),
      ...backwardLines(step.box));
  }
}

function forwardLines(i) {
  const { definition } = state.graph.boxes[i];
  const value = state.values[i];
  return [
    html("p", {}, ...maths([nameOf(i), sign("=")], definition[0])),
    html("p", {}, ...maths([sign("=")], definition[1], [], valueOf),
      math([equals(value), digits(value)])),
  ];
}

function backwardLines(i) {
  const { graph, time, slopes } = state;
  const before = passes(time - 1);
  const running = [...before.gradients];
  const incoming = running[i];
  const rows = graph.below[i].map((k) => {
    const { lower, formula: [symbols] } = graph.pairs[k];
    const product = flow(k, incoming);
    const was = running[lower];
    running[lower] += product;
    return html("tr", { "data-pair": k, tabindex: 0 },
      cell("th", "to", math([nameOf(lower)])),
      cell("td", "local derivative", ...maths([partial(i, lower), sign("=")], symbols,
        symbols[0][0] === "mn" ? [] : [equals(slopes[k]), digits(slopes[k])])),
      cell("td", "times incoming",
        math([factor(incoming), sign("·"), factor(slopes[k]), equals(product), digits(product)])),
      cell("td", "gradient before → after",
        math([digits(was), ["mo", "→"], digits(running[lower])])));
  });
  const adjoint = math([partial(graph.root, i), equals(incoming), digits(incoming)]);
  return [
    html("p", {}, "Incoming adjoint ", adjoint),
    table(rows, ["to", "local derivative", "times incoming", "gradient before → after"]),
  ];
}

// ------------------------------------------------------------ the derivation of one gradient

function showDerivation() {
  const panel = byId("derivation");
  const { graph, selected, adjoints } = state;
  if (selected === null || !graph.stepping) {
    panel.replaceChildren(html("h2", {}, "Derivation"),
      html("p", {}, "Choose a box in the picture."));
    return;
  }
  const title = html("h2", {}, "Derivation of ", math([partial(graph.root, selected)]));
  if (selected === graph.root) {
    panel.replaceChildren(title, html("p", {}, math([partial(selected, selected), sign("="),
      ["mn", "1"]])));
    return;
  }
  const between = componentsOf(selected);
  const paths = between.length > ROWS ? null : pathsTo(selected);
  const chain = paths ? byPaths(paths) : byBoxes(selected, between);
  const shown = between.slice(0, ROWS).map(componentRow);
  const left = between.length - shown.length;
  panel.replaceChildren(title, ...chain.symbols,
    table(shown, ["component", "because", "derivative", "with numbers", "value"]),
    ...(left > 0 ? [html("p", {}, `… and ${left} components more`)] : []),
    ...chain.numbers, ...updateLine(selected, adjoints[selected]));
}

// The pairs between the root and a box, users first.
function componentsOf(box) {
  const { graph } = state;
  const reached = new Set([box]);
  const found = [];
  for (let i = box; i <= graph.root; i += 1) {
    for (const k of graph.below[i]) {
      if (reached.has(graph.pairs[k].lower)) {
        reached.add(i);
        found.push(k);
      }
    }
  }
  return found.sort((a, b) => graph.pairs[b].upper - graph.pairs[a].upper);
}

// Every path from the root to a box as a list of pairs, in the order in which a derivation has
// them; null when there are many.
function pathsTo(box) {
  const { graph } = state;
  const done = [];
  const open = [[box, []]];
  for (let guard = 0; open.length; guard += 1) {
    if (guard > 2000 || done.length > PATHS) return null;
    const [at, path] = open.pop();
    if (at === graph.root) done.push(path);
    else for (const k of graph.above[at]) open.push([graph.pairs[k].upper, [k, ...path]]);
  }
  const fork = (a, b) => a.findIndex((k, i) => k !== b[i]);
  return done.length > PATHS ? null : done.sort((a, b) => a[fork(a, b)] - b[fork(a, b)]);
}

function byPaths(paths) {
  const { graph, selected, adjoints } = state;
  const whole = partial(graph.root, selected);
  if (paths.length === 1 && paths[0].length === 1) {
    const value = along(paths[0]);
    const row = math([whole, equals(value), digits(value)]);
    return { symbols: [], numbers: [html("p", { class: "result" }, row)] };
  }
  const breakable = (path, i) => path.map((k, j) => math([
    ...(j ? [sign("·")] : i ? [sign("+")] : [whole, sign("=")]), ofPair(k)]));
  const symbols = [html("p", { class: "chain" }, ...paths.flatMap(breakable))];
  const lines = paths.map((path, i) => {
    const spelled = path.length > 1 ? factor : digits;
    const factors = path.map((k) => ["mrow", { "data-pair": String(k) }, spelled(state.slopes[k])]);
    const value = along(path);
    const about = paths.length > 1 ? `path ${String.fromCharCode(65 + i)}: ` : "";
    return html("p", { class: "result" }, about,
      ...factors.map((part, j) => math([
        ...(j ? [sign("·")] : paths.length > 1 ? [] : [whole, sign("=")]), part])),
      ...(path.length > 1 ? [math([equals(value), digits(value)])] : []));
  });
  if (paths.length > 1) {
    const total = adjoints[selected];
    lines.push(html("p", { class: "result" }, math([whole, sign("="),
      ...joined(paths.map((path, i) => (i ? factor : digits)(along(path))), "+"), equals(total), digits(total)])));
  }
  return { symbols, numbers: lines };
}

// Many paths: the gradient of each box from those of its users, as the backward pass has them.
function byBoxes(box, between) {
  const { graph, adjoints, slopes } = state;
  const boxes = [...new Set(between.map((k) => graph.pairs[k].lower))].sort((a, b) => b - a);
  const line = (i) => {
    const users = graph.above[i].slice(0, 8);
    const more = graph.above[i].length > users.length ? [sign("+"), ["mo", "⋯"]] : [];
    const terms = users.map((k) => ["mrow", { "data-pair": String(k) },
      partial(graph.root, graph.pairs[k].upper), sign("·"), ofPair(k)]);
    const numbers = users.map((k) => ["mrow", { "data-pair": String(k) },
      factor(adjoints[graph.pairs[k].upper]), sign("·"), factor(slopes[k])]);
    return html("p", { class: i === box ? "result" : "" },
      math([partial(graph.root, i), sign("="), ...joined(terms, "+"), ...more]),
      math([sign("="), ...joined(numbers, "+"), ...more]),
      math([equals(adjoints[i]), digits(adjoints[i])]));
  };
  const shown = boxes.slice(0, ROWS - 1);
  if (!shown.includes(box)) shown.push(box);
  return {
    symbols: [html("p", {}, "Many paths lead here: each gradient is made from those above it.")],
    numbers: shown.map(line),
  };
}

function updateLine(i, gradient) {
  const { graph, trained, leaves, rate } = state;
  if (!trained.has(i) || !Number.isFinite(rate)) return [];
  const updated = leaves[i] - rate * gradient;
  return [html("p", { class: "update" }, "a gradient step: ",
    math([["msup", nameOf(i), ["mo", "+"]], sign("="), nameOf(i), sign("−"), ["mi", "η"],
      sign("·"), partial(graph.root, i)]),
    math([sign("="), digits(leaves[i]), sign("−"), digits(rate), sign("·"), factor(gradient),
      equals(updated), digits(updated)]))];
}

// ------------------------------------------------------------ formula and picture light each other

function light(pairs, on) {
  const { graph } = state;
  for (const k of pairs) {
    for (const element of all(`[data-pair="${k}"]`)) element.classList.toggle("lit", on);
    for (const i of [graph.pairs[k].upper, graph.pairs[k].lower]) {
      byId(graph.boxes[i].id).classList.toggle("lit", on);
    }
  }
}

function lightName(id, on) {
  for (const element of all(`[data-n="${id}"]`)) element.classList.toggle("lit", on);
  byId(id)?.classList.toggle("lit", on);
}
