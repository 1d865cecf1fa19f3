// What happened when, a lane for each name.

charts.timeline = (plot, figure) => {
  const { columns: c } = figure;
  const looks = {
    fired: ["alarm", d3.symbolDiamond, 110, "mark"], recovered: ["good", d3.symbolTriangle, 90, "mark"],
    held: ["unscored", d3.symbolCircle, 20, "mark"], inconclusive: ["unscored", d3.symbolCircle, 34, "mark open"],
    suppressed: ["unscored", d3.symbolTimes, 40, "mark open"],
  };
  const look = outcome => looks[outcome] || ["unscored", d3.symbolSquare, 30, "mark open"];
  legend(plot, Array.from(new Set(figure.rows.map(row => row[c.outcome])), outcome => {
    const [css, shape, size, kind] = look(outcome);
    return { css: "series " + css, kind: kind.includes("open") ? "open" : "key", d: d3.symbol(shape, size)(), text: outcome };
  }));
  const lanes = Array.from(new Set(figure.rows.map(row => row[c.lane])));
  const line = 46, height = lanes.length * line + 30;
  const { svg, width } = canvas(plot, figure, height);
  const rows = figure.rows.map(row => ({ ...row, at: new Date(row[c.x]) }));
  const extent = d3.extent(rows, row => row.at);
  const x = d3.scaleUtc(+extent[0] === +extent[1] ? [d3.utcDay.offset(extent[0], -1), d3.utcDay.offset(extent[1], 1)] : extent, [22, width - 22]);
  xTime(svg, x, height - 26, width);
  lanes.forEach((lane, i) => {
    svg.append("text").attr("class", "title").attr("x", 0).attr("y", i * line + 13).text(shortened(lane, width));
    svg.append("line").attr("class", "baseline").attr("x1", 0).attr("x2", width).attr("y1", i * line + 30).attr("y2", i * line + 30);
  });
  return rows.map(row => {
    const [css, shape, size, kind] = look(row[c.outcome]);
    const at = { x: x(row.at), y: lanes.indexOf(row[c.lane]) * line + 30 };
    svg.append("g").attr("class", "series " + css).append("path").attr("class", kind).attr("d", d3.symbol(shape, size)()).attr("transform", "translate(" + at.x + "," + at.y + ")");
    return { ...at, order: +row.at, name: row[c.lane], text: row[c.lane] + ", " + moment(row.at) + "\n" + row[c.outcome] + "\n" + row.reason };
  });
};
