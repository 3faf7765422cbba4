// Networks of one input: every picture is a curve over that input.

const DOTS = 121; // points of a curve
const line = { grids: [], low: 0, high: 1 }; // and the range that is shown

function surveyLine() {
  line.grids = NEURONS.map(() => new Float64Array(DOTS));
  const point = new Float64Array(1);
  for (let dot = 0; dot < DOTS; dot++) {
    point[0] = bounds[0].low + (dot / (DOTS - 1)) * bounds[0].span;
    outputsOf(point).forEach((x, n) => {
      line.grids[n][dot] = x;
    });
  }
}

function drawCurve(context, numbers, side, low, high) {
  context.beginPath();
  numbers.forEach((x, dot) => {
    const y = clamp((1 - (x - low) / (high - low)) * side, -side, 2 * side);
    if (Number.isFinite(y)) context.lineTo((dot / (numbers.length - 1)) * side, y);
  });
  context.stroke();
}

// A clean canvas, as sharp as the screen.
function sheet(canvas) {
  const side = Math.max(1, Math.round(canvas.clientWidth * devicePixelRatio));
  if (canvas.width !== side) canvas.width = canvas.height = side;
  const context = canvas.getContext("2d");
  context.fillStyle = css(colour("field"));
  context.fillRect(0, 0, side, side);
  context.lineJoin = "round";
  context.lineWidth = devicePixelRatio;
  return [context, side];
}

function drawSmall(canvas, numbers) {
  const [context, side] = sheet(canvas);
  const most = numbers.reduce((so, x) => Math.max(so, Math.abs(x)), 1e-9);
  context.strokeStyle = css(colour("line"));
  drawCurve(context, [0, 0], side, -1, 1);
  context.strokeStyle = css(colour("value"));
  context.lineWidth = 1.5 * devicePixelRatio;
  drawCurve(context, numbers, side, -1.2 * most, 1.2 * most);
}

// The large picture: the chosen neuron, or the outputs of the network beside the targets.
function drawLine(chosen) {
  const [context, side] = sheet(byId("picture"));
  const shown = chosen === null ? line.grids.slice(FIRST_OUT) : [line.grids[chosen]];
  const beside = chosen === null || NEURONS[chosen].layer === LAST ? page.targets.flat() : [];
  const numbers = [...beside, ...shown.flatMap((grid) => [...grid])].filter(Number.isFinite);
  const least = numbers.reduce((so, x) => Math.min(so, x), Infinity);
  const most = numbers.reduce((so, x) => Math.max(so, x), -Infinity);
  const margin = 0.08 * (most - least) || 1;
  Object.assign(line, { low: least - margin, high: most + margin });
  byId("bottom").textContent = brief(line.low);
  byId("top").textContent = brief(line.high);
  context.strokeStyle = css(colour("rule"));
  drawCurve(context, [0, 0], side, line.low, line.high);
  const radius = clamp(34 / Math.sqrt(page.X.length), 3, 6) * devicePixelRatio;
  if (beside.length) drawTargets(context, chosen === null ? 0 : chosen - FIRST_OUT, side, radius);
  shown.forEach((grid, k) => {
    context.strokeStyle = css(shown.length > 1 ? field.hues[k % HUES.length] : colour("value"));
    context.lineWidth = 2.5 * devicePixelRatio;
    drawCurve(context, grid, side, line.low, line.high);
  });
}

// The targets of the outputs shown: of all, each with its mark, or of the one that was chosen.
function drawTargets(context, first, side, radius) {
  const last = net.chosen === null ? page.targets[0].length : first + 1;
  page.X.forEach(([x], i) => {
    for (let k = first; k < last; k++) {
      const across = ((x - bounds[0].low) / bounds[0].span) * side;
      const y = (1 - (page.targets[i][k] - line.low) / (line.high - line.low)) * side;
      outline(context, [across, y], k, radius);
      context.fillStyle = css(field.hues[(last - first > 1 ? k : 1) % HUES.length]);
      context.strokeStyle = css(colour("rim"));
      context.lineWidth = devicePixelRatio;
      context.fill();
      context.stroke();
    }
  });
}
