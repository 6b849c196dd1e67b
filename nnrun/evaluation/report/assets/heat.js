// A confusion matrix of many classes.
const LONGEST = 20; // A longer name loses its middle: names that begin alike often end otherwise.

function drawHeat(figure) {
  const data = JSON.parse(figure.querySelector("script").textContent);
  const plot = figure.querySelector(".plot");
  const readout = figure.querySelector(".readout");
  const resting = readout.textContent;
  const count = data.names.length;
  const counts = new Map(data.cells.map(([row, column, samples]) => [row * count + column, samples]));
  const cell = 10;
  const short = data.names.map((name) => middleCut(name, LONGEST));
  const label = Math.max(...short.map(cellsOf)) * 4.5 + 8;
  const side = count * cell;
  const size = side + label;
  const svg = make("svg", { viewBox: "0 0 " + size + " " + size });
  short.forEach((name, at) => {
    const middle = label + at * cell + cell / 2;
    write(name, label - 4, middle + 2.8, "end", svg);
    const above = write(name, 0, 0, "start", svg);
    above.setAttribute("transform", "translate(" + (middle + 2.8) + " " + (label - 4) + ") rotate(-90)");
  });
  make("rect", { x: label, y: label, width: side, height: side, class: "frame" }, svg);
  for (const [row, column, samples] of data.cells) {
    const share = data.support[row] ? Math.sqrt(samples / data.support[row]) : 0;
    const place = { x: label + column * cell, y: label + row * cell, width: cell, height: cell };
    make("rect", { ...place, class: row === column ? "f0" : "f1", "fill-opacity": (0.12 + 0.88 * share).toFixed(2) }, svg);
  }
  const cross = make("g", { "pointer-events": "none" }, svg);
  const surface = make("rect", { x: label, y: label, width: side, height: side, class: "surface" }, svg);
  plot.replaceChildren(svg);

  surface.addEventListener("pointermove", tell);
  surface.addEventListener("pointerdown", tell);
  surface.addEventListener("pointerleave", () => {
    cross.replaceChildren();
    readout.textContent = resting;
  });

  function tell(event) {
    const box = surface.getBoundingClientRect();
    const at = (offset, all) => Math.min(count - 1, Math.max(0, Math.floor((offset / all) * count)));
    const column = at(event.clientX - box.left, box.width);
    const row = at(event.clientY - box.top, box.height);
    const samples = counts.get(row * count + column) || 0;
    const support = data.support[row];
    const share = support ? " (" + ((100 * samples) / support).toFixed(1) + " %)" : "";
    const [right, said] = [document.createElement("bdi"), document.createElement("bdi")];
    right.textContent = data.names[row];
    said.textContent = data.names[column];
    const found = document.createElement("b");
    found.textContent = countText(samples) + " of " + countText(support) + share;
    readout.replaceChildren("true ", right, ", predicted ", said, ": ", found);
    const place = { x: label + column * cell, y: label + row * cell, width: cell, height: cell };
    cross.replaceChildren(make("rect", { ...place, class: "chosen" }));
  }
}

// How many letters of Latin a text is as wide as.
function cellsOf(text) {
  return Array.from(text).reduce((all, letter) => all + (letter.codePointAt(0) >= 0x1100 ? 1.8 : 1), 0);
}

function middleCut(text, most) {
  if (cellsOf(text) <= most) return text;
  const letters = Array.from(text);
  const take = (list) => {
    const taken = [];
    let cells = 0;
    for (const letter of list) {
      cells += cellsOf(letter);
      if (cells > (most - 1) / 2) break;
      taken.push(letter);
    }
    return taken;
  };
  return take(letters).join("") + "…" + take(letters.reverse()).reverse().join("");
}
