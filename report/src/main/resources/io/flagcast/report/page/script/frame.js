// What every chart has: a place to draw in, and the meaning of its signs.

/** By kind how a figure is drawn; each returns what the pointer and the keys can reach. */
const charts = {};

const canvas = (plot, figure, height) => {
  const width = plot.clientWidth;
  const svg = d3.select(plot).append("svg")
    .attr("viewBox", [0, 0, width, height]).attr("role", "img").attr("aria-label", figure.label);
  return { svg, width };
};

/** What a sign means, where it cannot be said beside it. Entries of {css, kind, d, text}: a symbol, a line or a bar. */
const legend = (plot, entries) => {
  const item = d3.select(plot).append("ul").attr("class", "legend").selectAll("li").data(entries).join("li");
  item.append("svg").attr("viewBox", "-11 -8 22 16").attr("aria-hidden", "true")
    .append("g").attr("class", entry => entry.css)
    .append("path").attr("class", entry => entry.kind).attr("d", entry => entry.d).attr("stroke-dasharray", entry => entry.dash || null);
  item.append("span").text(entry => entry.text);
};
const stroke = "M-10,0H10";
