// What the pointer, a finger or the keys do to a chart: values are told, and a part is enlarged.
const DRAGGED = 6; // A pointer that moved by fewer pixels did not select anything.

// The position of the value of a curve that is nearest to `x`.
function nearest(values, x) {
  let low = 0;
  let high = values.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (values[middle] <= x) low = middle;
    else high = middle;
  }
  return Math.abs(values[high] - x) < Math.abs(values[low] - x) ? high : low;
}

// Shows the values at the place that the group points at, or at the one that is told while nobody points.
Chart.prototype.point = function () {
  if (!this.svg) return;
  this.overlay.replaceChildren();
  if (this.spec.nearest === "point") this.tellPoint();
  else this.tellAt();
};

Chart.prototype.tellAt = function () {
  const pointed = this.group.at !== null && (this.group.pointing === this || this.spec.zooms);
  const x = pointed ? this.group.at : this.spec.rest;
  if (x === null) {
    this.tell(this.spec.y + " over " + this.spec.x, []);
    return;
  }
  const curves = this.shown().filter((curve) => curve.x.length);
  let place = x;
  if (curves.length) {
    const near = curves.map((curve) => curve.x[nearest(curve.x, x)]);
    place = near.reduce((best, value) => (Math.abs(value - x) < Math.abs(best - x) ? value : best));
  }
  const values = [];
  for (const curve of curves) {
    const at = nearest(curve.x, place);
    const here = curve.x[at] === place ? curve.y[at] : undefined;
    const text = here === undefined ? "–" : curve.style === "bars" ? countText(here) : valueText(here);
    values.push({ colour: curve.colour, label: curve.label, text: text });
    if (pointed && typeof here === "number" && curve.style !== "bars" && !(this.logarithmic && here <= 0)) {
      this.spot(place, here, curve.colour);
    }
  }
  if (pointed) {
    const at = Math.round(this.x.px(place)) + 0.5;
    if (at >= this.area.left && at <= this.area.right) {
      const ends = { x1: at, x2: at, y1: this.area.top, y2: this.area.bottom };
      this.overlay.prepend(make("line", { ...ends, class: "cross" }));
    }
  }
  const where = this.spec.whole ? countText(place) : valueText(place);
  const rest = !pointed && this.spec.restLabel ? " (" + this.spec.restLabel + ")" : "";
  this.tell(this.spec.x + " " + where + rest, values);
};

Chart.prototype.tellPoint = function () {
  const found = this.group.pointing === this ? this.group.found : null;
  if (!found) {
    this.tell(this.spec.y + " over " + this.spec.x, []);
    return;
  }
  const [curve, at] = found;
  this.spot(curve.x[at], curve.y[at], curve.colour);
  const values = [{ colour: curve.colour, label: curve.label, text: valueText(curve.y[at]) }];
  if (curve.remarks) values.push({ label: curve.remarks[at], text: "" });
  this.tell(this.spec.x + " " + valueText(curve.x[at]), values);
};

Chart.prototype.spot = function (x, y, colour) {
  const px = this.x.px(x);
  if (px < this.area.left - 1 || px > this.area.right + 1) return;
  make("circle", { cx: px, cy: this.y.px(y), r: 4.5, class: "spot f" + colour }, this.overlay);
};

Chart.prototype.tell = function (where, values) {
  const parts = [];
  if (where) {
    const first = document.createElement("span");
    first.textContent = where;
    parts.push(first);
  }
  for (const value of values) {
    const part = document.createElement("span");
    if (value.colour !== undefined) {
      make("circle", { cx: 5, cy: 5, r: 5, class: "f" + value.colour }, make("svg", { viewBox: "0 0 10 10" }, part));
    }
    const label = document.createElement("bdi");
    label.textContent = value.label;
    const number = document.createElement("b");
    number.textContent = value.text;
    part.append(label, value.label && value.text ? " " : "", number);
    parts.push(part);
  }
  this.readout.replaceChildren(...parts);
};

// The point that is nearest to a place in pixels, as its curve and position; null where none is near.
Chart.prototype.pointAt = function (px, py) {
  let best = null;
  let least = 40 * 40;
  for (const curve of this.shown()) {
    for (let at = 0; at < curve.x.length; at++) {
      if (curve.y[at] === null) continue;
      const distance = (this.x.px(curve.x[at]) - px) ** 2 + (this.y.px(curve.y[at]) - py) ** 2;
      if (distance < least) {
        least = distance;
        best = [curve, at];
      }
    }
  }
  return best;
};

function listen(chart) {
  const plot = chart.plot;
  const group = chart.group;
  const pointers = new Map();
  let start = null;
  let pinch = null;

  const place = (event) => {
    const box = plot.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const inside = (px) => px >= chart.area.left - 8 && px <= chart.area.right + 8;
  const hover = (event) => {
    const [px, py] = place(event);
    if (!chart.area || !inside(px)) group.leave();
    else group.pointAt(chart, chart.x.value(px), chart.spec.nearest === "point" ? chart.pointAt(px, py) : null);
  };

  plot.addEventListener("pointerdown", (event) => {
    pointers.set(event.pointerId, place(event)[0]);
    if (event.pointerType === "touch") {
      hover(event);
      if (pointers.size === 2 && chart.spec.zooms) {
        pinch = [...pointers].map(([id, px]) => [id, chart.x.value(px)]);
      }
    } else if (event.button === 0 && chart.spec.zooms) {
      start = place(event)[0];
      plot.setPointerCapture(event.pointerId);
    }
  });
  plot.addEventListener("pointermove", (event) => {
    if (pointers.has(event.pointerId)) pointers.set(event.pointerId, place(event)[0]);
    if (pinch && pointers.size === 2) {
      // Both fingers stay on the values that they were put on.
      const [[one, first], [other, second]] = pinch;
      const distance = pointers.get(other) - pointers.get(one);
      if (Math.abs(distance) < 10) return;
      const each = (second - first) / distance;
      const from = first - (pointers.get(one) - chart.area.left) * each;
      group.look([from, from + (chart.area.right - chart.area.left) * each], chart.full);
      return;
    }
    hover(event);
    if (start !== null) chart.select(start, place(event)[0]);
  });
  const end = (event) => {
    pointers.delete(event.pointerId);
    if (pointers.size < 2) pinch = null;
    if (start === null) return;
    const px = place(event)[0];
    const [from, to] = [chart.x.value(Math.min(start, px)), chart.x.value(Math.max(start, px))];
    const far = Math.abs(px - start) > DRAGGED;
    start = null;
    if (far && event.type === "pointerup") group.look([from, to], chart.full);
    else chart.point();
  };
  plot.addEventListener("pointerup", end);
  plot.addEventListener("pointercancel", end);
  plot.addEventListener("pointerleave", (event) => {
    if (event.pointerType !== "touch" && start === null) group.leave();
  });
  plot.addEventListener("dblclick", () => group.look(null));
  plot.addEventListener("blur", () => group.leave());
  plot.addEventListener("keydown", (event) => chart.press(event));
}

Chart.prototype.select = function (from, to) {
  const [left, right] = [Math.max(Math.min(from, to), this.area.left), Math.min(Math.max(from, to), this.area.right)];
  const box = { x: left, y: this.area.top, width: Math.max(right - left, 0), height: this.area.bottom - this.area.top };
  make("rect", { ...box, class: "selection" }, this.overlay);
};

// Arrows go from value to value, + and - change the scale, 0 and Escape show everything.
Chart.prototype.press = function (event) {
  const curve = this.shown().find((one) => one.x.length);
  if (!curve || event.ctrlKey || event.metaKey || event.altKey) return;
  const group = this.group;
  const [from, to] = this.view();
  if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
    const by = (event.key === "ArrowLeft" ? -1 : 1) * (event.shiftKey ? 10 : 1);
    const known = this.spec.nearest === "point" ? group.pointing === this && group.found : group.at !== null;
    let at = curve.x.length - 1;
    if (this.spec.nearest === "point") {
      if (known) at = Math.min(Math.max(group.found[1] + by, 0), curve.x.length - 1);
      group.pointAt(this, curve.x[at], [curve, at]);
    } else {
      const now = nearest(curve.x, known ? group.at : this.spec.rest === null ? curve.x[at] : this.spec.rest);
      at = Math.min(Math.max(now + by, 0), curve.x.length - 1);
      group.pointAt(this, curve.x[at], null);
    }
  } else if (this.spec.zooms && (event.key === "+" || event.key === "-")) {
    const middle = group.at === null ? (from + to) / 2 : group.at;
    const factor = event.key === "+" ? 0.5 : 2;
    group.look([middle - (middle - from) * factor, middle + (to - middle) * factor], this.full);
  } else if (event.key === "0" || event.key === "Escape") {
    group.look(null);
    group.leave();
  } else {
    return;
  }
  event.preventDefault();
};
