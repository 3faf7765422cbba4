// Making elements, and writing numbers. Text only ever becomes text: there is no markup here.

const SVG = "http://www.w3.org/2000/svg";
const MATHML = "http://www.w3.org/1998/Math/MathML";
const TAGS = new Set(
  "math mrow mi mn mo mtext msub msup msubsup mfrac msqrt mroot mtable mtr mtd".split(" "));
const NOT_FINITE = { nan: NaN, inf: Infinity, "-inf": -Infinity };

const byId = (id) => document.getElementById(id);
const all = (selector) => document.querySelectorAll(selector);

function fill(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(key, "");
    else if (value !== false && value != null) element.setAttribute(key, String(value));
  }
  element.append(...children.filter((child) => child != null));
  return element;
}

const html = (tag, attributes = {}, ...children) =>
  fill(document.createElement(tag), attributes, children);

const svg = (tag, attributes = {}, ...children) =>
  fill(document.createElementNS(SVG, tag), attributes, children);

// A formula as Python sent it, ["mfrac", {...}, ["mi", "w"], ...]; `numberOf` fills in numbers.
function formula(tree, numberOf = null) {
  if (typeof tree === "string") return document.createTextNode(tree);
  const [tag, ...rest] = tree;
  if (!TAGS.has(tag)) throw new Error(`a formula holds <${tag}>`);
  const element = document.createElementNS(MATHML, tag);
  for (const part of rest) {
    if (part != null && typeof part === "object" && !Array.isArray(part)) {
      for (const [key, value] of Object.entries(part)) element.setAttribute(key, value);
    } else if (part != null) {
      element.append(formula(part, numberOf));
    }
  }
  const { n } = element.dataset;
  return tag === "mn" && numberOf && n !== undefined ? substituted(n, numberOf(n)) : element;
}

// A whole formula; a number put in place of a name gets brackets where it needs them: a negative
// one, and a power of ten that is raised to a power.
function math(parts, numberOf = null) {
  const element = formula(["math", { displaystyle: "true" }, ...parts], numberOf);
  if (numberOf) element.querySelectorAll("mrow.minus, mrow.ten").forEach(bracketed);
  let first = element.firstElementChild; // a sign at the break of a line keeps its distance
  while (first?.localName === "mrow") first = first.firstElementChild;
  if (first?.getAttribute("form") === "infix") {
    first.setAttribute("lspace", "0.25em");
    first.setAttribute("rspace", "0.25em");
  }
  return element;
}

// A formula in parts, between which a line may end; `lead` stands before it, `tail` behind.
function maths(lead, parts, tail = [], numberOf = null) {
  return parts.map((part, i) => math([
    ...(i ? [] : lead), part, ...(i === parts.length - 1 ? tail : [])], numberOf));
}

function substituted(n, x) {
  const minus = x < 0 ? [["mo", { form: "prefix" }, "−"]] : [];
  const row = formula(["mrow", { "data-n": n }, ...minus, ...unsigned(Math.abs(x))]);
  row.classList.toggle("minus", x < 0);
  row.classList.toggle("ten", x >= 0 && row.querySelector("msup") != null);
  return row;
}

function bracketed(row) {
  const before = row.previousElementSibling;
  const base = /^m(sub|sup)/.test(row.parentElement.localName) && !before;
  const inside = !before || "(|".includes(before.textContent);
  if (!base && (inside || row.classList.contains("ten"))) return;
  row.prepend(formula(["mo", { stretchy: "false" }, "("]));
  row.append(formula(["mo", { stretchy: "false" }, ")"]));
}

// A number in at most eight characters or so: five decimals, or a power of ten.
function figure(x, decimals = 5) {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "nan" : x > 0 ? "∞" : "−∞";
  if (x === 0) return "0";
  const size = Math.abs(x);
  let text;
  if (size >= 1e-3 && size < 1e5) {
    text = x.toFixed(Math.max(1, decimals - Math.floor(Math.log10(Math.max(size, 1)))));
    text = text.replace(/\.?0+$/, "");
  } else {
    const digits = Math.abs(Math.floor(Math.log10(size))) > 9 ? 1 : 2;
    text = x.toExponential(digits).replace(/\.?0*e\+?/, "e");
  }
  return text.replaceAll("-", "−");
}

// A number as parts of a formula: a power of ten is one.
function unsigned(x) {
  const [text, exponent] = figure(x).split("e");
  const ten = ["msup", ["mn", "10"], ["mn", exponent ?? ""]];
  return exponent ? [["mn", text], ["mo", { form: "infix" }, "·"], ten] : [["mn", text]];
}

// Whether a figure is the number, but for what binary arithmetic left behind its 15th digit.
const isShort = (x) =>
  !Number.isFinite(x) || Number(figure(x).replaceAll("−", "-")) === Number(x.toPrecision(15));
const number = (x) => (typeof x === "string" ? NOT_FINITE[x] : x);
