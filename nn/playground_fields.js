// What the network and its neurons say about the plane: a grid of outputs, painted.

const PLANAR = INPUTS === 2;
const PICTURED = INPUTS < 3; // of one input there are curves
const FINE = 48; // cells along a side
const COARSE = 24; // while it trains, where the fine grid takes too long
const HUES = ["negative", "positive", "third", "fourth", "fifth", "sixth"];

const field = { size: FINE, grids: [], hues: [], cost: 0 };

// The part of the plane that is shown: all samples with a margin, a square where they allow it.
const bounds = (() => {
  const sides = page.inputs.slice(0, 2).map((_, k) => {
    const found = page.X.map((x) => x[k]);
    return [Math.min(...found), Math.max(...found)];
  });
  const spans = sides.map(([low, high]) => high - low || 1);
  const [less, more] = [Math.min(...spans), Math.max(...spans)];
  return sides.map(([low, high], k) => {
    const span = (more < 2.5 * less ? more : spans[k]) * 1.3;
    return { low: (low + high - span) / 2, span };
  });
})();

const toPlane = ([x, y], side) => [
  ((x - bounds[0].low) / bounds[0].span) * side,
  (1 - (y - bounds[1].low) / bounds[1].span) * side,
];

// The outputs of every neuron at the points of a grid whose border is that of the picture.
function survey(size) {
  const started = performance.now();
  if (field.size !== size || !field.grids.length) {
    field.size = size;
    field.grids = NEURONS.map(() => new Float32Array(size * size));
  }
  const point = new Float64Array(2);
  for (let row = 0, cell = 0; row < size; row++) {
    point[1] = bounds[1].low + (1 - row / (size - 1)) * bounds[1].span;
    for (let column = 0; column < size; column++, cell++) {
      point[0] = bounds[0].low + (column / (size - 1)) * bounds[0].span;
      outputsOf(point);
      for (let n = 0; n < NEURONS.length; n++) field.grids[n][cell] = outputs[n];
    }
  }
  field.cost = performance.now() - started;
}

// Colours from -1 to 1: blue, nothing, orange. `strength` is that of the ends.
function scale(strength) {
  const [card, low, high] = ["field", "negative", "positive"].map(colour);
  return Array.from({ length: 201 }, (_, i) =>
    mixed(card, i < 100 ? low : high, strength * Math.abs(i / 100 - 1) ** 0.8));
}

// Four bytes of a pixel as one number.
const bytes = ([red, green, blue]) =>
  new Uint32Array(Uint8ClampedArray.of(red, green, blue, 255).buffer)[0];

function readColours() {
  field.strong = Uint32Array.from(scale(0.85), bytes);
  field.pale = Uint32Array.from(scale(0.5), bytes);
  field.paint = scale(1);
  field.hues = HUES.map(colour);
  const card = colour("field");
  field.classes = field.hues.map((hue) =>
    Array.from({ length: 21 }, (_, i) => bytes(mixed(card, hue, 0.08 + 0.02 * i))));
}

// A grid of outputs brought to the scale from -1 to 1.
function scaled(n) {
  const { layer, range } = NEURONS[n];
  const grid = field.grids[n];
  if (layer === LAST && page.view.kind === "number") return grid.map(seen);
  if (range) return grid.map((x) => (2 * x - range[0] - range[1]) / (range[1] - range[0]));
  const most = grid.reduce((so, x) => Math.max(so, Math.abs(x)), 1e-9);
  return grid.map((x) => x / most);
}

function draw(canvas, pixelOf, size) {
  if (canvas.width !== size) canvas.width = canvas.height = size;
  const context = canvas.getContext("2d");
  const image = context.createImageData(size, size);
  const pixels = new Uint32Array(image.data.buffer);
  for (let cell = 0; cell < pixels.length; cell++) pixels[cell] = pixelOf(cell);
  context.putImageData(image, 0, 0);
}

// The place of a number from -1 to 1 in a list of colours.
const tone = (x) => (x >= -1 ? (x < 1 ? Math.round(100 * x) + 100 : 200) : x < -1 ? 0 : 100);

function drawGrid(canvas, grid, colours) {
  draw(canvas, (cell) => colours[tone(grid[cell])], field.size);
}

// Of many neurons the pictures are small: every second cell will do.
const EVERY = NEURONS.length > 24 ? 2 : 1;

function drawNeuron(canvas, n) {
  const { size, strong } = field;
  const grid = scaled(n);
  const side = Math.floor(size / EVERY);
  draw(canvas, (cell) =>
    strong[tone(grid[EVERY * (Math.floor(cell / side) * size + (cell % side))])], side);
}

function drawInput(canvas, k) {
  const size = COARSE;
  draw(canvas, (cell) => {
    const step = k ? size - 1 - Math.floor(cell / size) : cell % size;
    return field.strong[tone((2 * step) / (size - 1) - 1)];
  }, size);
}

// Classes: the hue of the largest output, stronger where it leads by more.
function drawClasses(canvas) {
  const outs = field.grids.slice(FIRST_OUT);
  draw(canvas, (cell) => {
    const found = outs.map((grid) => grid[cell]);
    const best = largest(found);
    const lead = found[best] - Math.max(...found.filter((_, k) => k !== best));
    return field.classes[best % HUES.length][Math.round(20 * Math.tanh(lead)) || 0];
  }, field.size);
}

// How far each class is before the others: 0 where it begins to win.
function leads() {
  const outs = field.grids.slice(FIRST_OUT);
  return outs.map((own, k) => own.map((x, cell) =>
    x - outs.reduce((so, grid, j) => (j === k ? so : Math.max(so, grid[cell])), -Infinity)));
}

const small = document.createElement("canvas"); // the grid, before it is enlarged

// The large picture: the chosen neuron, or (null) the network as a whole.
function drawPlane(chosen) {
  const canvas = byId("picture");
  const side = Math.max(1, Math.round(canvas.clientWidth * devicePixelRatio));
  if (canvas.width !== side) canvas.width = canvas.height = side;
  const context = canvas.getContext("2d");
  const whole = chosen === null && page.view.kind === "classes";
  const n = chosen ?? FIRST_OUT;
  if (whole) drawClasses(small);
  else drawGrid(small, scaled(n), field.pale);
  context.imageSmoothingEnabled = true;
  context.imageSmoothingQuality = "high";
  const cells = field.size - 1; // the middles of the outer pixels come onto the border
  context.drawImage(small, 0.5, 0.5, cells, cells, 0, 0, side, side);
  context.lineWidth = 2 * devicePixelRatio;
  context.strokeStyle = css(colour("ink"));
  const lines = whole ? leads() : [scaled(n)];
  for (const grid of lines) if (grid.some((v) => v < 0)) drawContour(context, grid, side);
  const radius = clamp(34 / Math.sqrt(page.X.length), 3, 7) * devicePixelRatio;
  page.X.forEach((x, i) => drawSample(context, toPlane(x, side), page.targets[i], radius));
}

// Where a grid is 0: a straight piece in each square of four cells that it passes (marching squares).
function drawContour(context, grid, side) {
  const { size } = field;
  const unit = side / (size - 1);
  context.beginPath();
  for (let row = 0; row + 1 < size; row++) {
    for (let column = 0; column + 1 < size; column++) {
      const corners = [[0, 0], [1, 0], [1, 1], [0, 1]].map(([c, r]) => [
        column + c, row + r, grid[(row + r) * size + column + c]]);
      const ends = [];
      corners.forEach(([x, y, v], k) => {
        const [x2, y2, v2] = corners[(k + 1) % 4];
        if (v > 0 === v2 > 0) return;
        const t = v / (v - v2);
        ends.push([(x + (x2 - x) * t) * unit, (y + (y2 - y) * t) * unit]);
      });
      for (let k = 0; k + 1 < ends.length; k += 2) {
        context.moveTo(...ends[k]);
        context.lineTo(...ends[k + 1]);
      }
    }
  }
  context.stroke();
}

// ------------------------------------------------------------ samples

// Outlines by class: circle, square, triangle, diamond, ... around (0, 0), size 1.
const SHAPES = [
  null,
  [[-0.85, -0.85], [0.85, -0.85], [0.85, 0.85], [-0.85, 0.85]],
  [[0, -1.15], [1.05, 0.75], [-1.05, 0.75]],
  [[0, -1.2], [1.2, 0], [0, 1.2], [-1.2, 0]],
  [[-1, 0.9], [0, -0.2], [1, 0.9], [1, -0.9], [-1, -0.9]],
  [[-0.5, -1], [0.5, -1], [1, 0], [0.5, 1], [-0.5, 1], [-1, 0]],
];

const classOf = (target) =>
  page.view.kind === "classes" ? largest(target) : Number(seenTarget(target[0]) > 0);

function outline(context, [x, y], kind, radius) {
  const corners = SHAPES[kind % SHAPES.length];
  context.beginPath();
  if (corners) for (const [dx, dy] of corners) context.lineTo(x + dx * radius, y + dy * radius);
  else context.arc(x, y, radius, 0, 2 * Math.PI);
  context.closePath();
}

function drawSample(context, at, target, radius) {
  const kind = classOf(target);
  const partial = page.view.kind === "number" && !page.view.boundary;
  outline(context, at, kind, radius);
  context.fillStyle = css(partial ? field.paint[tone(seenTarget(target[0]))] : field.hues[kind % HUES.length]);
  context.strokeStyle = css(colour("rim"));
  context.lineWidth = 1.5 * devicePixelRatio;
  context.fill();
  context.stroke();
}
