// The page: opens the graph, listens to the reader, and shows what has changed.

let player = null; // the timer, while the passes play

function show() {
  showNumbers();
  showStep();
  showDerivation();
  showLeaves();
  const { time, steps } = state;
  byId("scrub").max = String(steps.length);
  byId("scrub").value = String(time);
  byId("first").disabled = byId("back").disabled = time === 0;
  byId("last").disabled = byId("next").disabled = time === steps.length;
  byId("play").textContent = player ? "Pause" : "Play";
  document.documentElement.dataset.time = String(time);
}

function openPage(graph, title = null) {
  pause();
  openGraph(graph);
  const root = graph.boxes[graph.root].title;
  byId("heading").textContent = root ? `How ${root} is computed, and its gradients` : "Gradients";
  for (const id of ["stepping", "derivation", "moving"]) byId(id).hidden = !graph.stepping;
  byId("folding").hidden = !graph.clusters.length;
  drawPicture();
  drawLeaves();
  const before = title ? graph.boxes.findIndex((box) => box.title === title) : -1;
  const first = graph.leaves.find((i) => graph.boxes[i].trained) ?? graph.leaves[0];
  const chosen = before >= 0 ? before : first;
  state.selected = graph.stepping && chosen !== undefined ? chosen : null;
  showFolds();
  show();
  if (!title && state.selected !== null) uncover(graph.boxes[state.selected].id);
}

// A picture larger than its frame is moved so that a box is in the middle, if it was outside.
function uncover(id) {
  const [frame, box] = [byId("paper"), byId(id)].map((x) => x.getBoundingClientRect());
  if (box.right > frame.right || box.bottom > frame.bottom) {
    byId("paper").scrollBy(box.x - frame.x + (box.width - frame.width) / 2,
      box.y - frame.y + (box.height - frame.height) / 2);
  }
}

// ------------------------------------------------------------ time

function go(time) {
  state.walked = true;
  state.time = Math.min(state.steps.length, Math.max(0, time));
  show();
}

function pause() {
  clearInterval(player);
  player = null;
}

function play() {
  if (player) {
    pause();
  } else {
    if (state.time === state.steps.length) state.time = 0;
    player = setInterval(() => {
      if (state.time >= state.steps.length - 1) pause();
      go(state.time + 1);
    }, 900);
  }
  show();
}

const MOVES = {
  first: () => go(0),
  back: () => go(state.time - 1),
  next: () => go(state.time + 1),
  last: () => go(state.steps.length),
};
const KEYS = { Home: "first", ArrowLeft: "back", ArrowRight: "next", End: "last" };

function listenToTime() {
  for (const [id, move] of Object.entries(MOVES)) {
    byId(id).addEventListener("click", () => {
      pause();
      move();
    });
  }
  byId("play").addEventListener("click", play);
  byId("scrub").addEventListener("input", () => {
    pause();
    go(byId("scrub").valueAsNumber);
  });
  document.addEventListener("keydown", (event) => {
    const { target, key } = event;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if ((key === "Enter" || key === " ") && target.closest("#picture")) {
      event.preventDefault();
      choose(target);
    } else if (target.closest("input, textarea, select") || !state.graph?.stepping) {
      return;
    } else if (KEYS[key]) {
      event.preventDefault();
      pause();
      MOVES[KEYS[key]]();
    } else if (key === " " && !target.closest("button, [role=button]")) {
      event.preventDefault();
      play();
    }
  });
}

// ------------------------------------------------------------ pointing and choosing

function choose(target) {
  const box = target.closest("[data-box]");
  const edge = target.closest("#picture .edge");
  const title = target.closest("#picture .title");
  const card = target.closest("#picture .fold");
  if (title) fold(title.parentElement.dataset.path, true);
  else if (card) fold(card.dataset.path, false);
  else if (box) state.selected = Number(box.dataset.box);
  else if (edge?.dataset.pair) state.selected = state.graph.pairs[edge.dataset.pair].lower;
  else return;
  show();
}

function pointed(event, on) {
  const pair = event.target.closest?.("[data-pair]");
  const box = event.target.closest?.("#picture .box");
  const name = event.target.closest?.("[data-n]");
  if (name) lightName(name.dataset.n, on);
  if (pair) light([pair.dataset.pair], on);
  else if (box) lightName(box.id, on);
}

function listenToPointer() {
  byId("picture").addEventListener("click", ({ target }) => choose(target));
  byId("leaves").addEventListener("click", ({ target }) => {
    if (target.closest("button")) choose(target);
  });
  for (const [event, on] of [["mouseover", true], ["mouseout", false], ["focusin", true],
    ["focusout", false]]) {
    document.addEventListener(event, (happened) => pointed(happened, on));
  }
  for (const button of all("#folding button")) {
    button.addEventListener("click", () => {
      foldDepth(button.dataset.fold);
      show();
    });
  }
  byId("theme").addEventListener("click", () => {
    const { dataset } = document.documentElement;
    const dark = dataset.theme ? dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
    dataset.theme = dark ? "light" : "dark";
  });
}

listenToTime();
listenToPointer();
listenToLeaves();
const sent = byId("data");
if (sent) openPage(JSON.parse(sent.textContent));
else listenToFormulas();
document.documentElement.dataset.ready = "1";
