// With `autodiff serve`: the lines in the text box go to the server, the graph comes back.

const PAUSE = 250; // milliseconds without typing
const nonce = document.currentScript.nonce;
const token = new URLSearchParams(location.search).get("token") ?? "";
let latest = 0;

async function ask(text) {
  const answer = await fetch("/graph", {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Token": token },
    body: JSON.stringify({ text }),
  });
  if (!answer.ok) return { problem: await answer.text() };
  return answer.json();
}

async function redraw() {
  latest += 1;
  const mine = latest;
  let answer;
  try {
    answer = await ask(byId("formulas").value);
  } catch {
    answer = { problem: "the server does not answer: is autodiff serve still running?" };
  }
  if (mine !== latest) return; // the text has changed meanwhile
  byId("problem").textContent = answer.problem ?? "";
  byId("formulas").setAttribute("aria-invalid", String(Boolean(answer.problem)));
  document.body.classList.toggle("stale", Boolean(answer.problem)); // below is what was before
  if (!answer.graph) return;
  const chosen = state.graph?.boxes[state.selected]?.title;
  const program = html("script", { nonce }); // the exported function, allowed by our nonce
  program.textContent = answer.code || "window.autodiffRecompute = null;";
  document.head.append(program);
  program.remove();
  document.querySelector("main").hidden = false;
  openPage(answer.graph, chosen);
  document.documentElement.dataset.drawn = String(mine);
}

function listenToFormulas() {
  let waiting = null;
  byId("formulas").addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(redraw, PAUSE);
  });
  document.querySelector("main").hidden = true;
  redraw();
}
