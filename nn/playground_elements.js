// Making elements, and writing numbers. Text only ever becomes text: there is no markup here.

const SVG = "http://www.w3.org/2000/svg";
const byId = (id) => document.getElementById(id);

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

// A number in a few characters: so many digits, or a power of ten.
function figure(x, digits = 4) {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "nan" : x > 0 ? "∞" : "−∞";
  const size = Math.abs(x);
  if (size && (size < 1e-3 || size >= 1e5)) {
    return x.toExponential(2).replace("e+", "e").replaceAll("-", "−");
  }
  const decimals = size ? Math.max(0, digits - 1 - Math.floor(Math.log10(size))) : 0;
  return x.toFixed(decimals).replaceAll("-", "−");
}

// Without zeros at the end, for labels.
const brief = (x) => figure(x, 3).replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "");

const clamp = (x, low, high) => Math.min(high, Math.max(low, x));

// The channels of a colour in the style sheet, #rrggbb.
function colour(name) {
  const text = getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  return [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16));
}

const mixed = (one, other, share) => one.map((c, k) => c + (other[k] - c) * share);
const css = (channels) => `rgb(${channels.map(Math.round).join(" ")})`;
