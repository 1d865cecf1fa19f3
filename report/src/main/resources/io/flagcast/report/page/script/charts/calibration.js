// What was observed against what was predicted.

charts.calibration = (plot, figure) => {
  const { columns: c, format } = figure;
  const height = 300, top = 10, bottom = height - 42;
  legend(plot, [
    { css: "series s2", kind: "key", d: symbol(0, 48), text: "a decile" },
    { css: "", kind: "reference", d: stroke, dash: "2 3", text: "as predicted" },
  ]);
  const { svg, width } = canvas(plot, figure, height);
  const all = figure.rows.flatMap(row => ends(estimate(row[c.observed])).concat(row[c.predicted]));
  const y = d3.scaleLinear(padded(d3.extent(all)), [bottom, top]).nice(4);
  const left = yMargin(y, format, 4), right = width - 10;
  const x = d3.scaleLinear(padded(d3.extent(figure.rows, row => row[c.predicted])), [left, right]).nice(4);
  yGrid(svg, y, left, right, format, 4);
  const { values, text } = ticks(x, format, Math.max(2, Math.floor((right - left) / 90)));
  svg.append("g").attr("class", "axis").selectAll("text").data(values).join("text").attr("class", "numbers")
    .attr("x", x).attr("y", bottom + 16).attr("text-anchor", "middle").text(text);
  svg.append("text").attr("class", "quiet").attr("x", (left + right) / 2).attr("y", height - 6).attr("text-anchor", "middle").text("predicted (across), observed (up)");
  const from = Math.max(x.domain()[0], y.domain()[0]), to = Math.min(x.domain()[1], y.domain()[1]);
  if (from < to) svg.append("line").attr("class", "reference").attr("x1", x(from)).attr("y1", y(from)).attr("x2", x(to)).attr("y2", y(to));
  return figure.rows.map((row, i) => {
    const observed = estimate(row[c.observed]);
    const g = svg.append("g").attr("class", "series s2");
    const at = { x: x(row[c.predicted]), y: y(observed ? observed.value : y.domain()[0]) };
    if (observed && isKnown(observed)) g.append("line").attr("class", "error thin").attr("x1", at.x).attr("x2", at.x).attr("y1", y(observed.lower)).attr("y2", y(observed.upper));
    g.append("path").attr("class", "mark").attr("d", symbol(0, 48)).attr("transform", "translate(" + at.x + "," + at.y + ")");
    return {
      ...at, order: i, name: "",
      text: "decile " + row[c.label] + "\npredicted " + write(format, row[c.predicted]) + "\nobserved " + say(format, observed) + "\nn = " + write("count", row.n),
    };
  });
};
