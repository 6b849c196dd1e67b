// Charts with one legend, which zoom together and point at the same place.
const NARROWEST = 2; // Not fewer epochs than these fill a chart.

function Group(element) {
  this.off = new Set();
  this.view = null;
  this.at = null;
  this.found = null;
  this.pointing = null;
  this.charts = Array.from(element.querySelectorAll("figure.chart"), (figure) => new Chart(figure, this));
  for (const button of element.querySelectorAll(".keys button")) {
    button.addEventListener("click", () => {
      const on = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(on));
      if (on) this.off.delete(button.dataset.key);
      else this.off.add(button.dataset.key);
      this.draw();
    });
  }
  for (const chart of this.charts) onWidth(chart.plot, () => chart.draw());
}

Group.prototype.draw = function () {
  for (const chart of this.charts) chart.draw();
};

Group.prototype.pointAt = function (chart, x, found) {
  this.pointing = chart;
  this.at = x;
  this.found = found;
  for (const one of this.charts) one.point();
};

Group.prototype.leave = function () {
  if (this.pointing === null) return;
  this.pointing = this.at = this.found = null;
  for (const one of this.charts) one.point();
};

// Shows a part of the axis, within the whole of it; null for all of it.
Group.prototype.look = function (view, full) {
  if (view !== null) {
    let [from, to] = [Math.max(view[0], full[0]), Math.min(view[1], full[1])];
    if (to - from < NARROWEST) {
      const middle = Math.min(Math.max((from + to) / 2, full[0] + NARROWEST / 2), full[1] - NARROWEST / 2);
      [from, to] = [middle - NARROWEST / 2, middle + NARROWEST / 2];
    }
    view = to - from >= (full[1] - full[0]) * 0.999 ? null : [from, to];
  }
  this.view = view;
  this.draw();
};
