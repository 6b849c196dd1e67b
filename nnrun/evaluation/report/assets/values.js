// Writes numbers as nnrun does everywhere on the page.
function valueText(value) {
  if (value === null) return "not finite";
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size < 1e-3 || size >= 1e9) {
    return value.toExponential(3).replace(/e([+-])(\d)$/, "e$10$2");
  }
  if (size >= 1000) {
    return value.toLocaleString("en-US", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  }
  return value.toFixed(size >= 100 ? 2 : 4);
}

function countText(value) {
  return value.toLocaleString("en-US", { maximumFractionDigits: 2 });
}
