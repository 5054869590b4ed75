"use strict";
// Decompresses Plotly, draws every chart in the colours of the scheme, and redraws them when the scheme changes.
const root = document.documentElement;
const figures = JSON.parse(document.getElementById("figures").textContent);
const system = matchMedia("(prefers-color-scheme: dark)");
const toggle = document.getElementById("scheme");
root.classList.add("js");

/** Returns a figure with its references resolved: colours such as `var(--ink)` become the current value of the style sheet, and
 *  `{shared: name}` becomes `figures.shared[name]`, which several figures have in common. */
const probe = document.body.appendChild(document.createElement("i"));
probe.hidden = true;
function coloured(value) {
  if (typeof value === "string" && /^var\(--[a-z0-9-]+\)$/.test(value)) {
    probe.style.color = value;
    return getComputedStyle(probe).color;
  }
  if (Array.isArray(value)) return value.map(coloured);
  if (value?.shared) return coloured(figures.shared[value.shared]);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, coloured(inner)]));
}

function draw() {
  if (!window.Plotly) return;
  for (const plot of document.querySelectorAll("[data-figure]")) {
    const { data, layout } = coloured(figures[plot.dataset.figure]);
    Plotly.react(plot, data, layout, { displayModeBar: false, responsive: !layout.width });
  }
}

/** A click on a cell of a heat map shows the cell's figure, if it has one. */
function openCells() {
  for (const below of document.querySelectorAll("[data-behind]")) {
    const above = document.querySelector(`[data-figure="${below.dataset.behind}"]`);
    above.on("plotly_click", ({ points: [{ pointIndex: [y, x] }] }) => {
      const name = `${below.dataset.behind}-${y}-${x}`;
      if (!(name in figures)) return;
      below.dataset.figure = name;
      draw();
    });
  }
}

function isDark() {
  return root.style.colorScheme ? root.style.colorScheme === "dark" : system.matches;
}

function show(scheme) {
  root.style.colorScheme = scheme;
  toggle.textContent = isDark() ? "Light" : "Dark";
  toggle.setAttribute("aria-label", `Switch to the ${isDark() ? "light" : "dark"} scheme`);
  draw();
}

/** For printing: the light scheme, as wide as the paper. */
function onPaper(yes) {
  root.classList.toggle("paper", yes);
  draw();
  for (const plot of document.querySelectorAll("[data-figure]")) if (!figures[plot.dataset.figure].layout.width) Plotly.Plots.resize(plot);
}

async function inflated(id) {
  const packed = Uint8Array.from(atob(document.getElementById(id).textContent), (letter) => letter.charCodeAt(0));
  return new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
}

async function start() {
  const script = document.createElement("script");
  script.textContent = await inflated("plotly");
  document.head.append(script);
  draw();
  openCells();
  addEventListener("beforeprint", () => onPaper(true));
  addEventListener("afterprint", () => onPaper(false));
  root.dataset.drawn = "yes";
}

show("");
toggle.hidden = false;
toggle.addEventListener("click", () => show(isDark() ? "light" : "dark"));
system.addEventListener("change", () => show(root.style.colorScheme));
if (Object.keys(figures).length) start().catch(() => root.classList.remove("js")); // an old browser: the tables have all values
