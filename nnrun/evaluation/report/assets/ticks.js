// Where an axis has its numbers.
function niceStep(span, count) {
  const raw = span / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(raw));
  const part = raw / power;
  return (part <= 1 ? 1 : part <= 2 ? 2 : part <= 5 ? 5 : 10) * power;
}

function linearTicks(low, high, count, whole) {
  let step = niceStep(high - low, count);
  if (whole) step = Math.max(1, step);
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const ticks = [];
  for (let at = Math.ceil(low / step - 1e-6); at * step <= high + step * 1e-6; at++) {
    ticks.push({ value: at * step, text: tickText(at * step, decimals) });
  }
  return ticks;
}

function logarithmicTicks(low, high, count) {
  const first = Math.floor(Math.log10(low) + 1e-9);
  const last = Math.ceil(Math.log10(high) - 1e-9);
  const decades = Math.log10(high / low);
  if (decades < 0.7) return linearTicks(low, high, count, false).filter((tick) => tick.value > 0);
  const parts = decades <= 2.2 ? [1, 2, 5] : [1];
  const every = Math.max(1, Math.ceil(decades / count));
  const ticks = [];
  for (let power = first; power <= last; power++) {
    if ((power - first) % every) continue;
    for (const part of parts) {
      const value = part * 10 ** power;
      if (value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9)) {
        ticks.push({ value: value, text: tickText(value, Math.max(0, -power)) });
      }
    }
  }
  return ticks;
}

function tickText(value, decimals) {
  if (Math.abs(value) < 1e-12) return "0";
  if (Math.abs(value) >= 1e6 || decimals > 5) {
    return value.toExponential(2).replace(/\.?0+e/, "e").replace("e+", "e");
  }
  return value.toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}
