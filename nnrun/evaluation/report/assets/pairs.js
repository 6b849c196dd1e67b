// The columns of a table against each other, with their distribution on the diagonal.
const BINS = 14;

function drawPairs(block) {
  const figure = block.querySelector("figure");
  const data = JSON.parse(figure.querySelector("script").textContent);
  const plot = figure.querySelector(".plot");
  const count = data.columns.length;
  const extents = data.values.map((values) => {
    const known = values.filter((value) => value !== null);
    const [low, high] = known.length ? [Math.min(...known), Math.max(...known)] : [0, 1];
    const margin = (high - low) * 0.06 || 0.5;
    return [low - margin, high + margin];
  });
  const off = new Set();

  function draw() {
    const room = figure.clientWidth;
    if (!room) return;
    const left = 46;
    const below = 36;
    const cell = Math.max(112, Math.min(190, Math.floor((room - left - 4) / count)));
    const width = left + count * cell + 2;
    const height = count * cell + below;
    const svg = make("svg", { viewBox: "0 0 " + width + " " + height, width: width, height: height });
    const scale = (column, from, to) => scaleOf(...extents[column], from, to, false);
    for (let row = 0; row < count; row++) {
      const top = row * cell;
      for (let column = 0; column <= row; column++) {
        const start = left + column * cell;
        make("rect", { x: start + 0.5, y: top + 3.5, width: cell - 6, height: cell - 6, class: "frame" }, svg);
        const x = scale(column, start + 2, start + cell - 7);
        if (column === row) bars(column, x, top, cell, svg);
        else dots(column, row, x, scale(row, top + cell - 5, top + 6), svg);
      }
      const axis = scale(row, top + cell - 5, top + 6);
      if (row) {
        for (const tick of linearTicks(...extents[row], 3, false)) {
          write(tick.text, left - 5, axis.px(tick.value) + 4, "end", svg);
        }
      }
      const across = scale(row, left + row * cell + 2, left + (row + 1) * cell - 7);
      for (const tick of linearTicks(...extents[row], 3, false)) {
        write(tick.text, across.px(tick.value), count * cell + 12, "middle", svg);
      }
      const name = write(middleCut(data.columns[row], (cell - 12) / 6.4), left + row * cell + cell / 2, count * cell + 29, "middle", svg, "name");
      name.appendChild(document.createElementNS(SVG, "title")).textContent = data.columns[row];
      write(middleCut(data.columns[row], (cell - 12) / 6.4), left + row * cell + 6, top + 17, "start", svg, "name");
    }
    plot.replaceChildren(svg);
  }

  function each(action) {
    data.keys.forEach((key, number) => {
      if (!off.has(key.name)) action(number, key.colour === null ? "rest" : String(key.colour));
    });
  }

  function bars(column, x, top, cell, svg) {
    const bin = (value) => Math.min(BINS - 1, Math.floor(((value - x.low) / (x.high - x.low)) * BINS));
    const counts = [];
    each((number, colour) => {
      const found = new Array(BINS).fill(0);
      data.values[column].forEach((value, at) => {
        if (value !== null && data.members[at] === number) found[bin(value)]++;
      });
      counts.push([colour, found]);
    });
    const most = Math.max(1, ...counts.flatMap(([, found]) => found));
    const bottom = top + cell - 4;
    const wide = (x.px(x.high) - x.px(x.low)) / BINS;
    for (const [colour, found] of counts) {
      found.forEach((samples, at) => {
        if (!samples) return;
        const high = (samples / most) * (cell - 34);
        const place = { x: round(x.px(x.low) + at * wide), y: round(bottom - high), width: round(wide - 0.5), height: round(high) };
        make("rect", { ...place, class: "bars " + (colour === "rest" ? colour : "f" + colour) }, svg);
      });
    }
  }

  function dots(column, row, x, y, svg) {
    each((number, colour) => {
      const points = [];
      data.members.forEach((member, at) => {
        const [across, up] = [data.values[column][at], data.values[row][at]];
        if (member === number && across !== null && up !== null) points.push([x.px(across), y.px(up)]);
      });
      make("path", { d: dotsPath(points), class: "dots " + (colour === "rest" ? colour : "c" + colour) }, svg);
    });
  }

  for (const button of block.querySelectorAll(".keys button")) {
    button.addEventListener("click", () => {
      const on = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(on));
      if (on) off.delete(button.dataset.key);
      else off.add(button.dataset.key);
      draw();
    });
  }
  onWidth(figure, draw);
}
