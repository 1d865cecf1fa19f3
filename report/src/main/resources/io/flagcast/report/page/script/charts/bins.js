// A bar per bin, and where it was expected.

charts.bins = (plot, figure) => {
  const { columns: c, format } = figure;
  const height = 220, top = 10, bottom = height - 42;
  legend(plot, [
    { css: "series s2", kind: "key", d: "M-7,-6H7V6H-7Z", text: figure.series[0] },
    { css: "", kind: "expected", d: stroke, text: figure.series[1] },
  ]);
  const { svg, width } = canvas(plot, figure, height);
  const most = d3.max(figure.rows.flatMap(row => ends(estimate(row[c.actual])).concat(ends(estimate(row[c.expected])))));
  const y = d3.scaleLinear([0, most || 1], [bottom, top]).nice(3);
  const left = yMargin(y, format, 3), right = width - 4;
  const x = d3.scaleBand(figure.rows.map((row, i) => i), [left, right]).paddingInner(.18).paddingOuter(.1);
  yGrid(svg, y, left, right, format, 3);
  const every = Math.ceil(widest(figure.rows.map(row => row[c.label])) / x.step() + .15);
  return figure.rows.map((row, i) => {
    const actual = estimate(row[c.actual]), expected = estimate(row[c.expected]);
    const g = svg.append("g").attr("class", "series s2");
    g.append("rect").attr("class", "mark").attr("x", x(i)).attr("width", x.bandwidth()).attr("y", y(actual ? actual.value : 0)).attr("height", bottom - y(actual ? actual.value : 0));
    if (expected) svg.append("line").attr("class", "expected").attr("x1", x(i) - x.step() * .06).attr("x2", x(i) + x.bandwidth() + x.step() * .06).attr("y1", y(expected.value)).attr("y2", y(expected.value));
    const fits = x(i) + (x.bandwidth() + widthOf(row[c.label])) / 2 <= width;
    if (i % every === 0 && fits) svg.append("text").attr("class", "quiet numbers").attr("x", x(i) + x.bandwidth() / 2).attr("y", bottom + 15).attr("text-anchor", "middle").text(row[c.label]);
    if (i === 0) svg.append("text").attr("class", "quiet").attr("x", (left + right) / 2).attr("y", height - 8).attr("text-anchor", "middle").text(figure.axis);
    return {
      x: x(i) + x.bandwidth() / 2, y: y(actual ? actual.value : 0), order: i, name: "",
      text: row[c.label] + "\n" + figure.series[0] + " " + say(format, actual) + "\n" + figure.series[1] + " " + say(format, expected)
        + ("n" in row ? "\nn = " + write("count", row.n) : ""),
    };
  });
};
