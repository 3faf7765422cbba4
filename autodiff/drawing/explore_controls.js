// The numbers that can be moved: a row for each leaf, the gradient step, and the curve it makes.

const CURVE = { width: 240, height: 70, pad: 6 };

function drawLeaves() {
  const { graph } = state;
  byId("numbers").hidden = !graph.live;
  byId("why").textContent = graph.live ? "" : graph.why;
  byId("rate").value = String(state.rate);
  const rank = (i) => `${state.trained.has(i) ? 0 : 1} ${graph.boxes[i].title}`;
  const inOrder = new Intl.Collator("en", { numeric: true }).compare;
  const leaves = [...graph.leaves].sort((a, b) => inOrder(rank(a), rank(b)));
  byId("leaves").replaceChildren(...(graph.live ? leaves.map(leafRow) : []));
}

function leafRow(i) {
  const { title } = state.graph.boxes[i];
  const named = title || "a leaf";
  const trained = html("input", {
    type: "checkbox", "data-leaf": i, class: "trained", checked: state.trained.has(i),
    "aria-label": `a gradient step moves ${named}`,
  });
  const slider = html("input", {
    type: "range", step: "any", "data-leaf": i, class: "slider", "aria-label": `${named}, slider`,
  });
  const field = html("input", {
    type: "number", step: "any", "data-leaf": i, class: "field", "aria-label": named,
  });
  const pick = html("button", { type: "button", class: "name", "data-box": i },
    math([nameOf(i)]));
  return html("tr", { "data-row": i, "data-n": state.graph.boxes[i].id },
    html("td", {}, trained), html("th", { scope: "row" }, pick), html("td", {}, slider),
    html("td", {}, field), html("td", { class: "gradient" }));
}

function showLeaves() {
  for (const row of all("#leaves tr")) {
    const i = Number(row.dataset.row);
    const x = state.leaves[i];
    const slider = row.querySelector(".slider");
    const field = row.querySelector(".field");
    if (document.activeElement !== slider) spanned(slider, x);
    if (document.activeElement !== field) field.value = rounded(x);
    const ready = state.time === state.steps.length;
    row.querySelector(".gradient").textContent = ready ? `∂ ${figure(state.adjoints[i])}` : "∂ ?";
  }
  byId("undo").disabled = !state.undo.length;
  showCurve();
}

// What a field shows while nobody types in it; the number itself keeps all its digits.
const rounded = (x) => (Number.isFinite(x) ? String(Number(x.toPrecision(6))) : "");

// A slider reaches around its number, and further when the number has left.
function spanned(slider, x) {
  if (!Number.isFinite(x)) return;
  if (slider.dataset.around === undefined || x < slider.min || x > slider.max) {
    const reach = Math.max(1, 2 * Math.abs(x));
    slider.dataset.around = String(x);
    slider.min = String(x - reach);
    slider.max = String(x + reach);
  }
  slider.value = String(x);
}

function showCurve() {
  const { losses, graph } = state;
  const [first, last] = [losses[0], losses.at(-1)];
  const name = graph.boxes[graph.root].title || "y";
  const finite = losses.filter(Number.isFinite);
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  const { width, height, pad } = CURVE;
  const at = (loss, i) => [
    pad + ((width - 2 * pad) * i) / Math.max(1, losses.length - 1),
    pad + (height - 2 * pad) * (high > low ? (high - loss) / (high - low) : 0.5),
  ].map((x) => x.toFixed(2)).join(",");
  const points = losses.flatMap((loss, i) => (Number.isFinite(loss) ? [at(loss, i)] : []));
  const dot = points.at(-1)?.split(",");
  byId("curve").setAttribute("viewBox", `0 0 ${width} ${height}`);
  byId("curve").replaceChildren(
    svg("polyline", { points: points.join(" ") }),
    ...(dot ? [svg("circle", { cx: dot[0], cy: dot[1], r: 3 })] : []),
  );
  const steps = losses.length - 1;
  const said = `${name} ${figure(first)} → ${figure(last)} after ${steps} step${steps === 1 ? "" : "s"}`;
  byId("loss").textContent = steps ? said : `${name} = ${figure(last)}`;
  byId("loss").dataset.loss = String(last);
}

function listenToLeaves() {
  let dragged = null; // one entry for undo per drag, not one per movement
  byId("leaves").addEventListener("input", ({ target }) => {
    const i = Number(target.dataset.leaf);
    if (target.classList.contains("trained")) {
      if (target.checked) state.trained.add(i);
      else state.trained.delete(i);
      showDerivation();
      return;
    }
    const x = target.valueAsNumber;
    if (!Number.isFinite(x)) return;
    if (dragged !== target) remember();
    dragged = target;
    setLeaf(i, x);
    show();
  });
  byId("leaves").addEventListener("change", () => {
    dragged = null;
  });
  byId("leaves").addEventListener("focusin", ({ target }) => {
    if (target.classList.contains("field")) target.value = String(state.leaves[target.dataset.leaf]);
  });
  byId("leaves").addEventListener("focusout", ({ target }) => {
    if (target.classList.contains("field")) target.value = rounded(state.leaves[target.dataset.leaf]);
  });
  for (const button of all("[data-steps]")) {
    button.addEventListener("click", () => {
      const rate = byId("rate").valueAsNumber;
      if (!Number.isFinite(rate)) {
        byId("rate").focus();
        return;
      }
      gradientSteps(Number(button.dataset.steps), rate);
      show();
    });
  }
  byId("rate").addEventListener("input", () => {
    state.rate = byId("rate").valueAsNumber;
    showDerivation();
  });
  byId("undo").addEventListener("click", () => {
    undo();
    show();
  });
  byId("reset").addEventListener("click", () => {
    reset();
    show();
  });
}
