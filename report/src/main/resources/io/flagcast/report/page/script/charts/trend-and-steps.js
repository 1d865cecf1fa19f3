// Values over time, a line per series: trend from value to value, steps where each holds until the next.

const when = (row, column) => (typeof row[column] === "string" ? new Date(row[column]) : row[column]);

const linesOf = (figure, rows, seriesColumn) =>
  Array.from(d3.group(rows, row => row[seriesColumn]), ([name, own]) => ({ name, rows: own, ...style(figure, name) }));

const timeLines = step => (plot, figure) => {
  const { columns: c, format } = figure;
  const isTime = typeof figure.rows[0][c.x] === "string";
  const rows = figure.rows.map(row => ({
    ...row, x: when(row, c.x), y: estimate(row[c.y]),
    text: row[c.series] + ", " + (isTime ? moment(when(row, c.x)) : "day " + row[c.x]) + "\n"
      + say(format, estimate(row[c.y])) + ("n" in row && row.n ? "\nn = " + write("count", row.n) : ""),
  }));
  const lines = linesOf(figure, rows, c.series).map(line => ({ ...line, rows: points(line.rows) }));
  const height = 250, top = 14, bottom = isTime ? height - 26 : height - 40;
  const { svg, width } = canvas(plot, figure, height);
  const named = lines.length > 1;
  const texts = lines.map(line => shortened(line.name, width * .32));
  const values = rows.flatMap(row => ends(row.y)).concat(figure.reference === null ? [] : [figure.reference]);
  let domain = d3.extent(values);
  if (format === "percent" && domain[1] > .5) domain = [0, 1]; else if (format === "percent") domain = [0, domain[1]];
  const y = d3.scaleLinear(domain, [bottom, top]).nice(4);
  const left = yMargin(y, format, 4), right = width - (named ? widest(texts) + 14 : 12);
  const x = (isTime ? d3.scaleUtc() : d3.scaleLinear()).domain(d3.extent(rows, row => row.x)).range([left + 4, right]);
  yGrid(svg, y, left, right, format, 4);
  if (isTime) xTime(svg, x, bottom, right - left);
  else {
    svg.append("g").attr("class", "axis").attr("transform", "translate(0," + bottom + ")")
      .call(d3.axisBottom(x).ticks(Math.min(8, x.domain()[1] - x.domain()[0])).tickFormat(d3.format("d")));
    svg.append("text").attr("class", "quiet").attr("x", (left + right) / 2).attr("y", height - 4).attr("text-anchor", "middle").text(figure.axis);
  }
  if (figure.reference !== null) svg.append("line").attr("class", "baseline").attr("x1", left).attr("x2", right).attr("y1", y(figure.reference)).attr("y2", y(figure.reference));
  const reach = drawLines(svg, lines, x, y, step);
  if (named) {
    nameLines(svg, lines.filter(line => line.rows.length).map(line => ({
      css: line.css, text: shortened(line.name, width * .32), y: y(line.rows[line.rows.length - 1].y.value),
    })), right + 10, top, bottom);
  }
  return reach;
};

charts.trend = timeLines(false);
charts.steps = timeLines(true);
