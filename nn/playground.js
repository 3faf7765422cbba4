// The page: listens to the reader, trains while it plays, and shows what has changed.

const FRAME = 24; // milliseconds of training in a frame, at most
const TOO_FAR =
  "The loss or its gradient is no longer finite. Go back to an earlier moment and lower the rate.";
let playing = false;
let owed = 0; // epochs, where a frame has less than one

function show() {
  const { epoch, loss, moments, at } = state;
  if (PLANAR) survey(playing && field.cost > 40 ? COARSE : FINE);
  else if (PICTURED) surveyLine();
  showNetwork();
  drawLarge();
  showCurve();
  showChosen();
  byId("epoch").textContent = String(epoch);
  byId("loss").textContent = figure(loss, 3);
  byId("loss").dataset.loss = String(loss);
  const count = right();
  byId("score").hidden = count === null;
  byId("right-of").textContent = `${count} of ${page.X.length}`;
  byId("scrub").max = String(moments.length - 1);
  byId("scrub").value = String(at);
  byId("scrub").setAttribute("aria-valuetext", `epoch ${epoch}`);
  byId("back").disabled = at === 0;
  byId("forward").disabled = isLatest();
  byId("play").textContent = playing ? "Pause" : "Play";
  document.documentElement.dataset.epoch = String(epoch);
}

function drawLarge() {
  if (PLANAR) drawPlane(net.chosen);
  else if (PICTURED) drawLine(net.chosen);
}

// ------------------------------------------------------------ training

// So many epochs, or as many as there is time for; stops where numbers are no longer finite.
function run(epochs, milliseconds = Infinity) {
  const started = performance.now();
  for (let k = 0; k < epochs; k++) {
    if (!train()) {
      playing = false;
      complain(TOO_FAR);
      return;
    }
    if (performance.now() - started > milliseconds) return;
  }
}

function complain(words) {
  byId("problem").textContent = words;
  byId("problem").hidden = !words;
}

function frame() {
  if (!playing) return;
  owed = Math.min(owed + Number(byId("speed").value), 1000);
  run(Math.floor(owed), FRAME);
  owed %= 1;
  show();
  requestAnimationFrame(frame);
}

function play() {
  playing = !playing && canTrain();
  owed = 0;
  if (playing) requestAnimationFrame(frame);
  show();
}

function canTrain() {
  const fine = Number.isFinite(state.rate) && state.rate >= 0;
  if (!fine) byId("rate").focus();
  if (Number.isFinite(state.loss)) complain("");
  else complain(state.epoch ? TOO_FAR : "The loss of these weights is not finite, from the start.");
  return fine && Number.isFinite(state.loss);
}

function step() {
  playing = false;
  if (canTrain()) run(1);
  show();
}

function travel(at) {
  playing = false;
  complain("");
  goTo(at);
  show();
}

function reset() {
  playing = false;
  complain("");
  begin();
  show();
}

// ------------------------------------------------------------ the rate

// The slider has powers of ten, the field has the number itself.
function takeRate(rate, fromSlider) {
  state.rate = rate;
  if (fromSlider) byId("rate").value = String(rate);
  else if (rate > 0) byId("slide").value = String(Math.log10(rate));
}

function listenToRate() {
  byId("rate").value = String(page.rate);
  takeRate(page.rate, false);
  byId("slide").addEventListener("input", () => {
    takeRate(Number((10 ** byId("slide").valueAsNumber).toPrecision(2)), true);
  });
  byId("rate").addEventListener("input", () => takeRate(byId("rate").valueAsNumber, false));
}

// ------------------------------------------------------------ listening

const CLICKS = {
  play, step, reset,
  back: () => travel(state.at - 1),
  forward: () => travel(state.at + 1),
};
const KEYS = {
  " ": play,
  ArrowLeft: () => travel(state.at - 1),
  ArrowRight: () => (isLatest() ? step() : travel(state.at + 1)),
  Home: () => travel(0),
  End: () => travel(state.moments.length - 1),
  Escape: () => pick(null),
};

function listen() {
  for (const [id, act] of Object.entries(CLICKS)) byId(id).addEventListener("click", act);
  byId("scrub").addEventListener("input", () => travel(byId("scrub").valueAsNumber));
  document.addEventListener("keydown", (event) => {
    const { target, key } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || !KEYS[key]) return;
    if (target.closest("input, select") || (key === " " && target.closest("button"))) return;
    event.preventDefault();
    KEYS[key]();
  });
  const neuron = (target) => target.closest?.("[data-neuron]")?.dataset.neuron;
  byId("network").addEventListener("click", ({ target }) => {
    const n = neuron(target);
    if (n !== undefined) pick(Number(n));
  });
  for (const [happened, on] of [["mouseover", true], ["mouseout", false]]) {
    byId("network").addEventListener(happened, ({ target }) => {
      const n = neuron(target);
      if (n === undefined) return;
      net.pointed = on ? Number(n) : null;
      light(net.pointed ?? net.chosen);
      showChosen();
    });
  }
  byId("theme").addEventListener("click", () => {
    const { dataset } = document.documentElement;
    const dark = dataset.theme ? dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
    dataset.theme = dark ? "light" : "dark";
    recolour();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", recolour);
  new ResizeObserver(() => {
    placeNetwork();
    drawLarge();
  }).observe(document.body);
}

function pick(n) {
  choose(n);
  describe();
  show();
}

function recolour() {
  readColours();
  drawLegend();
  show();
}

// ------------------------------------------------------------ words

const plural = (n, word) => `${n} ${word}${n === 1 ? "" : "s"}`;

function describe() {
  const name = net.chosen === null ? "the network" : NEURONS[net.chosen].name;
  byId("seen").textContent = `What ${name} says`;
  byId("picture").setAttribute("aria-label",
    `What ${name} says about each point of the ${PLANAR ? "plane" : "input"}, and the samples`);
}

function legend() {
  const { view } = page;
  const kinds = [...new Set(page.targets.map(classOf))].sort((a, b) => a - b);
  const said = (kind) => {
    if (view.kind === "classes") return `class ${kind}`;
    if (view.boundary) return brief(kind ? view.high : view.low);
    return kind ? "upper half" : "lower half";
  };
  byId("legend").replaceChildren("target: ", ...kinds.map((kind) => {
    const mark = html("canvas", { width: 36, height: 36, class: "mark", "data-kind": kind });
    return html("span", { class: "entry" }, mark, said(kind));
  }));
}

function drawLegend() {
  for (const mark of byId("legend").querySelectorAll("canvas")) {
    const context = mark.getContext("2d");
    context.clearRect(0, 0, 36, 36);
    outline(context, [18, 18], Number(mark.dataset.kind), 12);
    context.fillStyle = css(field.hues[Number(mark.dataset.kind) % HUES.length]);
    context.fill();
  }
}

function open() {
  byId("about").textContent = `${plural(COUNT, "parameter")}, ${plural(page.X.length, "sample")}, ${
    page.loss.replaceAll("_", " ")}`;
  byId("key").textContent = "Lines are weights: orange and whole where positive, blue and dashed "
    + "where negative, wider where larger."
    + (PICTURED ? ` Pictures are what each neuron says about the ${PLANAR ? "plane" : "input"}.` : "");
  byId("plane").hidden = !PICTURED;
  byId("legend").hidden = !PLANAR;
  byId("message").hidden = PICTURED;
  byId("message").textContent = PICTURED ? "" : `The network has ${plural(INPUTS, "input")}; `
    + "a picture of what it says needs 1 or 2.";
  if (PICTURED) {
    byId("first").textContent = brief(bounds[0].low);
    byId("last").textContent = brief(bounds[0].low + bounds[0].span);
    [byId("across").textContent, byId("upward").textContent] = [...page.inputs, "output"];
  }
  if (PLANAR) {
    byId("bottom").textContent = brief(bounds[1].low);
    byId("top").textContent = brief(bounds[1].low + bounds[1].span);
    legend();
  }
  readColours();
  buildNetwork();
  listenToRate();
  listen();
  begin();
  describe();
  placeNetwork();
  drawLegend();
  show();
  document.documentElement.dataset.ready = "1";
}

open();
