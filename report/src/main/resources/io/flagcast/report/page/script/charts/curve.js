// Gain by share of users, against taking them at random.

charts.curve = (plot, figure) => {
  const { columns: c } = figure;
  const height = 300, top = 14, bottom = height - 42;
  const { svg, width } = canvas(plot, figure, height);
  const rows = figure.rows.map(row => ({ x: row[c.x], y: 1000 * row[c.y] }));
  const last = rows[rows.length - 1];
  const y = d3.scaleLinear(d3.extent(rows.map(row => row.y).concat(0)), [bottom, top]).nice(4);
  const left = yMargin(y, "number", 4), right = width - 22;
  const x = d3.scaleLinear([0, 1], [left, right]);
  yGrid(svg, y, left, right, "number", 4);
  svg.append("g").attr("class", "axis").selectAll("text").data(x.ticks(5)).join("text").attr("class", "numbers")
    .attr("x", x).attr("y", bottom + 16).attr("text-anchor", "middle").text(value => d3.format(".0f")(100 * value) + "\u00a0%");
  svg.append("text").attr("class", "quiet").attr("x", (left + right) / 2).attr("y", height - 6).attr("text-anchor", "middle").text(figure.axis);
  svg.append("line").attr("class", "baseline").attr("x1", left).attr("x2", right).attr("y1", y(0)).attr("y2", y(0));
  const random = share => last.y * share / last.x;
  svg.append("line").attr("class", "reference").attr("x1", x(0)).attr("y1", y(0)).attr("x2", x(last.x)).attr("y2", y(last.y));
  const g = svg.append("g").attr("class", "series s2");
  g.append("path").attr("class", "band").attr("d", d3.area(row => x(row.x), row => y(random(row.x)), row => y(row.y))(rows));
  g.append("path").attr("class", "line").attr("d", d3.line(row => x(row.x), row => y(row.y))(rows));
  const peak = d3.greatest(rows, row => row.y - random(row.x));
  g.append("text").attr("class", "name").attr("x", x(peak.x) - 12).attr("y", y(peak.y) - 10).attr("text-anchor", "end").text(figure.series[0]);
  svg.append("text").attr("class", "quiet name").attr("x", x(.62)).attr("y", y(random(.62)) + 18).text(figure.series[1]);
  return rows.map((row, i) => {
    g.append("circle").attr("class", "mark").attr("r", 1.5).attr("cx", x(row.x)).attr("cy", y(row.y));
    return { x: x(row.x), y: y(row.y), order: i, name: "", text: write("percent", row.x) + " of the users\n" + write("number", row.y) + " gained per 1,000\nat random " + write("number", random(row.x)) };
  });
};
