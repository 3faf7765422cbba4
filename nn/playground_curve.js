// The loss after each epoch, and where the shown moment stands on it.

const CURVE = { width: 360, height: 110, left: 58, right: 8, top: 8, bottom: 18 };
const DENSE = 300; // points of the line

function showCurve() {
  const { losses, epoch } = state;
  const { width, height, left, right: end, top, bottom } = CURVE;
  const every = Math.max(1, Math.ceil(losses.length / DENSE));
  const picked = losses.map((loss, i) => [i, loss])
    .filter(([i, loss]) => (i % every === 0 || i === losses.length - 1) && Number.isFinite(loss));
  if (!picked.length) {
    byId("curve").replaceChildren();
    return;
  }
  const found = picked.map(([, loss]) => loss);
  let [low, high] = [Math.min(...found), Math.max(...found)];
  const logarithmic = low > 0 && high / low > 30;
  const bend = logarithmic ? Math.log10 : (x) => x;
  if (!logarithmic && low > 0) low = 0;
  const [from, to] = [bend(low), bend(high)];
  const x = (i) => left + ((width - left - end) * i) / Math.max(1, losses.length - 1);
  const y = (loss) =>
    top + (height - top - bottom) * (to > from ? (to - bend(loss)) / (to - from) : 0.5);
  const at = ([i, loss]) => `${x(i).toFixed(1)},${y(loss).toFixed(1)}`;
  const label = (px, py, words, anchor) =>
    svg("text", { x: px, y: py, "text-anchor": anchor }, words);
  const floor = height - bottom;
  byId("curve-name").textContent = logarithmic ? "Loss, on a log scale" : "Loss";
  byId("curve").setAttribute("viewBox", `0 0 ${width} ${height}`);
  byId("curve").replaceChildren(
    svg("path", { class: "frame", d: `M${left} ${top}V${floor}H${width - end}` }),
    label(left - 5, top + 8, brief(high), "end"),
    label(left - 5, floor, brief(low), "end"),
    label(left, height - 4, "0", "middle"),
    label(width - end, height - 4, String(losses.length - 1), "end"),
    label((left + width - end) / 2, height - 4, "epochs", "middle"),
    svg("polyline", { points: picked.map(at).join(" ") }),
    Number.isFinite(state.loss) ? svg("circle", { cx: x(epoch), cy: y(state.loss), r: 4 }) : null,
  );
}
