// A line per row with its value, its interval and its number of users.

charts.intervals = (plot, figure) => {
  const { columns: c, format } = figure;
  const groups = Array.from(d3.group(figure.rows, row => (c.group ? row[c.group] : "")));
  const isWide = plot.clientWidth > 560;
  const line = isWide ? 40 : 48, head = c.group ? 26 : 0;
  const height = figure.rows.length * line + groups.length * head + 46;
  if (c.also && figure.rows.some(row => row[c.also])) {
    legend(plot, [
      { css: "series", kind: "key", d: symbol(0, 64), text: "adjusted" },
      { css: "series", kind: "open", d: symbol(0, 30), text: "as it is" },
    ]);
  }
  const { svg, width } = canvas(plot, figure, height);
  const labels = figure.rows.map(row => String(row[c.label]));
  const room = Math.min(Math.max(widest(labels), 64), width * .3);
  const left = room + 14;
  const shown = isWide ? widest(figure.rows.map(row => say(format, best(row)))) + 14 : 22;
  const right = width - shown;
  const values = figure.rows.flatMap(row => ends(estimate(row[c.value])).concat(c.also ? ends(estimate(row[c.also])) : []))
    .concat(figure.reference === null ? [] : [figure.reference]);
  const isRatio = figure.scale === "logarithmic";
  const x = isRatio ? ratioScale(values, [left, right]) : d3.scaleLinear(values.length ? padded(d3.extent(values)) : [-1, 1], [left, right]).nice(4);
  const absent = row => (row.n_enabled > 0 && row.n_control > 0 ? "no propensity to compare by" : "nobody to compare with");
  function best(row) { return (c.also && estimate(row[c.also])) || estimate(row[c.value]); }
  const bottom = height - 42;
  const most = Math.max(3, Math.floor((right - left) / 75));
  const { values: at, text } = isRatio ? ratioTicks(x, most) : ticks(x, format, most);
  const grid = svg.append("g").attr("class", "grid").selectAll("g").data(at).join("g").attr("transform", value => "translate(" + x(value) + ",0)");
  grid.append("line").attr("y1", 4).attr("y2", bottom);
  grid.append("text").attr("class", "numbers").attr("y", bottom + 16).attr("text-anchor", "middle").text(text);
  svg.append("text").attr("class", "quiet").attr("x", (left + right) / 2).attr("y", height - 6).attr("text-anchor", "middle").text(figure.axis);
  if (figure.reference !== null) svg.append("line").attr("class", "baseline").attr("x1", x(figure.reference)).attr("x2", x(figure.reference)).attr("y1", 0).attr("y2", bottom);
  const reach = [];
  let y = 4;
  groups.forEach(([group, rows]) => {
    if (c.group) { svg.append("text").attr("class", "title").attr("x", 0).attr("y", y + 16).text(shortened(group, width)); y += head; }
    rows.forEach(row => {
      const middle = y + line / 2 + (isWide ? -3 : 3);
      const { css, index } = style(figure, String(row[c.label]));
      const g = svg.append("g").attr("class", css);
      g.append("text").attr("class", "name").attr("x", 0).attr("y", middle - (isWide ? 0 : 6)).attr("dy", c.n ? "-.1em" : ".32em").text(shortened(String(row[c.label]), room));
      if (c.n) g.append("text").attr("class", "quiet numbers").attr("x", 0).attr("y", middle + (isWide ? 14 : 8)).text("n " + write("count", row[c.n]));
      const value = best(row);
      const lines = [row[c.label] + (group ? ", " + group : "")];
      if (value === null) {
        g.append("text").attr("class", "quiet mark").attr("x", left).attr("y", middle + 4).text(absent(row));
        lines.push("no effect: " + absent(row));
      } else {
        const plain = estimate(row[c.value]);
        if (c.also && estimate(row[c.also])) {
          error(g, plain, middle + 9, "error thin");
          g.append("path").attr("class", "open").attr("d", symbol(index, 30)).attr("transform", "translate(" + x(plain.value) + "," + (middle + 9) + ")");
          lines.push(say(format, value) + ", adjusted", say(format, plain) + ", as it is");
        } else lines.push(say(format, value));
        error(g, value, middle, "error");
        g.append("path").attr("class", "mark").attr("d", symbol(index, 64)).attr("transform", "translate(" + x(value.value) + "," + middle + ")");
        const said = say(format, value), half = widthOf(said) / 2 + 2;
        svg.append("text").attr("class", "numbers value").attr("x", isWide ? right + 14 : Math.max(left + half, Math.min(right + shown - half, x(value.value))))
          .attr("y", isWide ? middle : middle - 15).attr("dy", ".32em").attr("text-anchor", isWide ? "start" : "middle").text(said);
      }
      if (c.n) lines.push("n = " + write("count", row[c.n]));
      reach.push({ x: value === null ? left : x(value.value), y: middle, text: lines.join("\n"), order: reach.length, name: "" });
      y += line;
    });
  });
  function error(g, value, at, css) {
    if (isKnown(value)) g.append("line").attr("class", css).attr("x1", x(value.lower)).attr("x2", x(value.upper)).attr("y1", at).attr("y2", at);
  }
  return reach;
};
