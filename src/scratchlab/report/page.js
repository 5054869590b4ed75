"use strict";
// Inflates Plotly, draws every chart in the colours of the scheme, and draws them again when the scheme changes.
const root = document.documentElement;
const figures = JSON.parse(document.getElementById("figures").textContent);
const system = matchMedia("(prefers-color-scheme: dark)");
const toggle = document.getElementById("scheme");
root.classList.add("js");

/** Figures name colours as `var(--ink)`; the value is what the stylesheet makes of it here and now. What several figures have in common
 *  stands once, in `figures.shared`, and is named in its place. */
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

/** A click on a cell of a heat map shows the figure behind it, where there is one. */
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

/** On paper: light, and as wide as the sheet. */
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
if (Object.keys(figures).length) start().catch(() => root.classList.remove("js")); // an old browser: the tables tell everything
