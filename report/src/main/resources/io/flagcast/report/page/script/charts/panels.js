// A panel per facet, and in it a line per arm.

charts.panels = (plot, figure) => {
  const { columns: c, format } = figure;
  const rows = figure.rows.map(row => ({
    ...row, x: new Date(row[c.x]), y: estimate(row[c.y]),
    text: row[c.facet] + ", " + row[c.arm] + ", " + moment(new Date(row[c.x])) + "\n" + say(format, estimate(row[c.y])) + "\nn = " + write("count", row.n),
  }));
  const facets = Array.from(d3.group(rows, row => row[c.facet]));
  legend(plot, [
    { css: "series", kind: "line", d: stroke, text: "enabled" },
    { css: "series control", kind: "line", d: stroke, dash: "4 3", text: "control" },
  ]);
  const across = Math.max(1, Math.min(facets.length, Math.floor(plot.clientWidth / 235)));
  const down = Math.ceil(facets.length / across), each = 178;
  const { svg, width } = canvas(plot, figure, down * each);
  // Scaled to what is estimated well: the interval of a day with five users says nothing.
  const reached = rows.map(row => row.y).filter(value => value !== null).map(value => Math.max(...ends(value)));
  const most = Math.max(d3.max(rows, row => (row.y === null ? 0 : row.y.value)), d3.quantile(reached, .95) || 0);
  const least = Math.min(0, d3.min(rows, row => (row.y === null ? 0 : row.y.value)));
  const y = d3.scaleLinear([least, most || 1], [each - 30, 28]).nice(3);
  const left = yMargin(y, format, 3);
  const panel = (width - left) / across;
  const extent = d3.extent(rows, row => row.x);
  return facets.flatMap(([facet, own], i) => {
    const from = left + (i % across) * panel, to = from + panel - (across > 1 ? 18 : 8);
    const g = svg.append("g").attr("transform", "translate(0," + Math.floor(i / across) * each + ")");
    const x = d3.scaleUtc(extent, [from + 3, to - 3]);
    const clip = d3.group(own, row => row[c.arm]);
    const { values, text } = ticks(y, format, 3);
    const grid = g.append("g").attr("class", "grid").selectAll("g").data(values).join("g").attr("transform", value => "translate(0," + y(value) + ")");
    grid.append("line").attr("x1", from).attr("x2", to);
    if (i % across === 0) grid.append("text").attr("class", "numbers").attr("x", left - 8).attr("dy", ".32em").attr("text-anchor", "end").text(text);
    xTime(g, x, each - 30, panel);
    const own_style = style(figure, facet);
    g.append("g").attr("class", own_style.css).append("text").attr("class", "name").attr("x", from).attr("y", 14).text(shortened(facet, panel - 24));
    const lines = Array.from(clip, ([arm, some]) => (arm === "control"
      ? { name: arm, rows: points(some), css: "series control", index: 0, dash: "4 3" }
      : { name: arm, rows: points(some), css: own_style.css, index: own_style.index, dash: "" }))
      .sort((one, other) => (one.name === "control" ? -1 : 1));
    const reach = drawLines(g, lines, x, y, false);
    const offset = Math.floor(i / across) * each;
    return reach.map(at => ({ ...at, y: at.y + offset }));
  });
};
