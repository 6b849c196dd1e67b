// Elements and paths.
const SVG = "http://www.w3.org/2000/svg";

function make(name, attributes, parent) {
  const element = document.createElementNS(SVG, name);
  for (const key in attributes) element.setAttribute(key, attributes[key]);
  if (parent) parent.appendChild(element);
  return element;
}

function write(text, x, y, anchor, parent, kind) {
  const element = make("text", { x: x, y: y, "text-anchor": anchor, class: kind || "" }, parent);
  element.textContent = text;
  return element;
}

// A scale turns values into pixels.
function scaleOf(low, high, from, to, logarithmic) {
  const t = logarithmic ? Math.log : (value) => value;
  const start = t(low);
  const width = t(high) - start || 1;
  return {
    low: low,
    high: high,
    px: (value) => from + ((t(value) - start) / width) * (to - from),
    value: (px) => {
      const at = start + ((px - from) / (to - from)) * width;
      return logarithmic ? Math.exp(at) : at;
    },
  };
}

function round(px) {
  return Math.round(px * 10) / 10;
}

// A line that has gaps where there is no value; `steps` keeps each value until the next one.
function linePath(points, steps) {
  let path = "";
  let before = null;
  for (const point of points) {
    if (point === null) {
      before = null;
      continue;
    }
    const [x, y] = point;
    if (before === null) path += "M" + round(x) + " " + round(y);
    else if (steps) path += "H" + round(x) + "V" + round(y);
    else path += "L" + round(x) + " " + round(y);
    before = point;
  }
  return path;
}

// Lines without length, which round ends make dots.
function dotsPath(points) {
  let path = "";
  for (const point of points) if (point !== null) path += "M" + round(point[0]) + " " + round(point[1]) + "h0";
  return path;
}

// Calls when an element gets another width, and once at the beginning; its height follows from what is drawn.
function onWidth(element, draw) {
  let before = -1;
  new ResizeObserver(() => {
    const width = element.clientWidth;
    if (width === before) return;
    before = width;
    requestAnimationFrame(draw);
  }).observe(element);
}
