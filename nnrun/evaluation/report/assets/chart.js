// One chart: its values, what of them is in view, and how it is drawn.
const FEW = 30; // So many points of a line are shown as dots, too.
const MANY = 200; // Lines of more points are thinner: they zigzag.
let clips = 0;

function Chart(figure, group) {
  this.spec = JSON.parse(figure.querySelector("script").textContent);
  this.figure = figure;
  this.group = group;
  this.plot = figure.querySelector(".plot");
  this.readout = figure.querySelector(".readout");
  this.logarithmic = this.spec.logarithmic === true;
  this.clip = "clip" + ++clips;
  this.least = -Infinity;
  this.full = this.spec.xRange || this.extent();
  const log = figure.querySelector(".log");
  if (log) {
    log.addEventListener("click", () => {
      this.logarithmic = !this.logarithmic;
      log.setAttribute("aria-pressed", String(this.logarithmic));
      this.draw();
    });
  }
  const whole = figure.querySelector(".whole");
  if (whole) whole.addEventListener("click", () => group.look(null));
  listen(this);
}

Chart.prototype.extent = function () {
  let low = Infinity;
  let high = -Infinity;
  for (const curve of this.spec.curves) {
    for (const x of curve.x) {
      low = Math.min(low, x);
      high = Math.max(high, x);
    }
  }
  if (low > high) return [0, 1];
  this.least = low;
  const bars = this.spec.curves.find((curve) => curve.style === "bars" && curve.x.length > 1);
  const margin = bars
    ? (bars.x[1] - bars.x[0]) / 2
    : Math.max((high - low) * 0.02, this.spec.whole || high === low ? 0.5 : 0);
  return [low - margin, high + margin];
};

Chart.prototype.shown = function () {
  return this.spec.curves.filter((curve) => curve.keys.every((key) => !this.group.off.has(key)));
};

Chart.prototype.view = function () {
  return (this.spec.zooms && this.group.view) || this.full;
};

// Lowest and highest value in view, with the points just outside of it.
Chart.prototype.range = function (curves) {
  if (this.spec.yRange) return this.spec.yRange;
  const [from, to] = this.view();
  let low = Infinity;
  let high = -Infinity;
  const take = (y) => {
    if (y === null || y === undefined || (this.logarithmic && y <= 0)) return;
    low = Math.min(low, y);
    high = Math.max(high, y);
  };
  for (const curve of curves) {
    for (let at = 0; at < curve.x.length; at++) {
      const inside = curve.x[at] >= from && curve.x[at] <= to;
      const beside = (curve.x[at + 1] >= from && curve.x[at] < from) || (curve.x[at - 1] <= to && curve.x[at] > to);
      if (inside || (beside && curve.style === "line")) take(curve.y[at]);
    }
    if (curve.style === "bars") low = Math.min(low, 0);
  }
  if (low > high) return this.logarithmic ? [0.1, 1] : [0, 1];
  if (this.logarithmic) {
    const margin = Math.max((high / low) ** 0.04, 1.02);
    return [low / margin, high * margin];
  }
  const margin = (high - low) * 0.05 || Math.abs(high) * 0.05 || 0.5;
  const bars = curves.some((curve) => curve.style === "bars");
  return [bars && low === 0 ? 0 : low - margin, high + margin];
};

Chart.prototype.draw = function () {
  const width = this.plot.clientWidth;
  if (!width) return;
  const spec = this.spec;
  const height = Math.round(spec.square ? Math.min(width * 0.82, 320) : Math.min(Math.max(width * 0.5, 190), 300));
  const curves = this.shown();
  const [low, high] = this.range(curves);
  const rows = Math.max(3, Math.round(height / 48));
  const yTicks = this.logarithmic ? logarithmicTicks(low, high, rows) : linearTicks(low, high, rows, false);
  const widest = yTicks.reduce((most, tick) => Math.max(most, tick.text.length), 1);
  const left = widest * 6.4 + 10;
  const right = width - 12;
  const top = 12;
  const bottom = height - 36;
  this.area = { left: left, right: right, top: top, bottom: bottom };
  const x = (this.x = scaleOf(...this.view(), left, right, false));
  const y = (this.y = scaleOf(low, high, bottom, top, this.logarithmic));
  const svg = make("svg", { viewBox: "0 0 " + width + " " + height, width: width, height: height });
  const clip = make("clipPath", { id: this.clip }, make("defs", {}, svg));
  // What is enlarged ends at the axes; elsewhere a dot on the edge is seen as a whole.
  const beyond = spec.zooms ? 0 : 10;
  make("rect", { x: left - beyond, y: top - 10, width: right - left + 2 * beyond, height: bottom - top + 20 }, clip);
  for (const tick of yTicks) {
    const at = Math.round(y.px(tick.value)) + 0.5;
    make("line", { x1: left, x2: right, y1: at, y2: at, class: "gridline" }, svg);
    write(tick.text, left - 7, at + 4, "end", svg);
  }
  const columns = Math.max(2, Math.floor((right - left) / 70));
  const first = spec.whole ? Math.max(x.low, this.least) : x.low;
  for (const tick of linearTicks(first, x.high, columns, spec.whole)) {
    write(tick.text, x.px(tick.value), bottom + 16, "middle", svg);
    const at = Math.round(x.px(tick.value)) + 0.5;
    make("line", { x1: at, x2: at, y1: bottom, y2: bottom + 4, class: "axis" }, svg);
  }
  make("line", { x1: left, x2: right, y1: bottom + 0.5, y2: bottom + 0.5, class: "axis" }, svg);
  write(spec.x, right, height - 4, "end", svg, "title");
  const inner = make("g", { "clip-path": "url(#" + this.clip + ")" }, svg);
  for (const at of spec.bad) {
    const from = x.px(at - 0.5);
    const wide = Math.max(x.px(at + 0.5) - from, 1);
    make("rect", { x: from, y: top, width: wide, height: bottom - top, class: "lost" }, inner);
  }
  this.drawMarks(inner, svg);
  for (const curve of curves) this.drawCurve(curve, inner);
  this.overlay = make("g", { "pointer-events": "none" }, svg);
  make("rect", { x: left, y: top, width: right - left, height: bottom - top, class: "surface" }, svg);
  this.plot.replaceChildren(svg);
  this.svg = svg;
  const whole = this.figure.querySelector(".whole");
  if (whole) whole.hidden = !this.group.view;
  this.point();
};

Chart.prototype.drawMarks = function (inner, svg) {
  const x = this.x;
  const y = this.y;
  for (const mark of this.spec.marks) {
    const [one, other] = mark.points;
    const ends = {
      x1: one[0] === null ? this.area.left : x.px(one[0]),
      x2: other[0] === null ? this.area.right : x.px(other[0]),
      y1: one[1] === null ? this.area.bottom : y.px(one[1]),
      y2: other[1] === null ? this.area.top : y.px(other[1]),
    };
    make("line", { ...ends, class: mark.strong ? "mark strong" : "mark" }, inner);
    if (mark.label && ends.x1 >= this.area.left && ends.x1 <= this.area.right) {
      const late = ends.x1 > (this.area.left + this.area.right) / 2;
      const side = late ? "end" : "start";
      write(mark.label, ends.x1 + (late ? -5 : 5), this.area.top + 6, side, svg, mark.strong ? "strong" : "");
    }
  }
};

Chart.prototype.pixels = function (curve) {
  const [from, to] = this.view();
  const points = [];
  for (let at = 0; at < curve.x.length; at++) {
    // Of what is out of view, only the neighbours of what is in view are needed.
    if (curve.x[at + 1] < from || curve.x[at - 1] > to) continue;
    const value = curve.y[at];
    const seen = value !== null && !(this.logarithmic && value <= 0);
    points.push(seen ? [this.x.px(curve.x[at]), this.y.px(value)] : null);
  }
  return points;
};

Chart.prototype.drawCurve = function (curve, parent) {
  const colour = "c" + curve.colour;
  const points = this.pixels(curve);
  if (curve.style === "bars") {
    const half = curve.x.length > 1 ? (this.x.px(curve.x[1]) - this.x.px(curve.x[0])) / 2 : 12;
    for (const point of points) {
      if (point === null) continue;
      const at = { x: round(point[0] - half + 0.5), y: round(point[1]), width: round(Math.max(2 * half - 1, 0.5)) };
      make("rect", { ...at, height: round(Math.max(this.y.px(0) - point[1], 0)), class: "bars f" + curve.colour }, parent);
    }
    return;
  }
  if (curve.low) {
    let path = "";
    curve.x.forEach((value, at) => {
      path += "M" + round(this.x.px(value)) + " " + round(this.y.px(curve.low[at])) + "V" + round(this.y.px(curve.high[at]));
    });
    make("path", { d: path, class: "error " + colour }, parent);
  }
  if (curve.style === "dots") {
    if (curve.sizes) {
      points.forEach((point, at) => {
        if (point) make("circle", { cx: round(point[0]), cy: round(point[1]), r: curve.sizes[at], class: "f" + curve.colour }, parent);
      });
      return;
    }
    make("path", { d: dotsPath(points), class: "dots cloud " + colour }, parent);
    return;
  }
  const kind = (points.length > MANY ? "line many " : "line ") + (curve.dashed ? "dashed " : "") + colour;
  make("path", { d: linePath(points, curve.style === "step"), class: kind }, parent);
  const alone = points.filter((point, at) => point && !points[at - 1] && !points[at + 1]);
  const dots = this.spec.nearest === "x" && points.length <= FEW ? points : alone;
  if (dots.length) make("path", { d: dotsPath(dots), class: "dots " + colour }, parent);
};
