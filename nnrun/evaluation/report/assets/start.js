keepTheme(document.getElementById("theme"));
for (const element of document.querySelectorAll(".charts")) new Group(element);
for (const element of document.querySelectorAll("figure.heat")) drawHeat(element);
for (const element of document.querySelectorAll(".pairs-block")) drawPairs(element);
for (const table of document.querySelectorAll("table.sortable")) sortable(table);
for (const table of document.querySelectorAll("table.matrix")) onWidth(table.parentElement, () => fitMatrix(table));

// The section that is read is marked among the links.
const links = new Map(Array.from(document.querySelectorAll("nav a"), (link) => [link.hash.slice(1), link]));
const seen = new Set();
const watched = new IntersectionObserver(
  (entries) => {
    for (const entry of entries) {
      if (entry.isIntersecting) seen.add(entry.target.id);
      else seen.delete(entry.target.id);
    }
    const first = [...links.keys()].find((id) => seen.has(id));
    for (const [id, link] of links) {
      if (id === first) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  },
  { rootMargin: "-60px 0px -55% 0px" },
);
for (const id of links.keys()) watched.observe(document.getElementById(id));

// On paper nothing can be opened.
let opened = [];
addEventListener("beforeprint", () => {
  opened = Array.from(document.querySelectorAll("details:not([open])"));
  for (const element of opened) element.open = true;
});
addEventListener("afterprint", () => {
  for (const element of opened) element.open = false;
});
