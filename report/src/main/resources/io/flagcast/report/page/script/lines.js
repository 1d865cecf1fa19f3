// Lines over time or over another order, with their bands and their names.

/** Names beside the ends of their lines, moved apart where they would overlap. */
const nameLines = (svg, names, x, top, bottom) => {
  const placed = names.slice().sort((one, other) => one.y - other.y);
  placed.forEach((name, i) => { name.at = i === 0 ? Math.max(top, name.y) : Math.max(name.y, placed[i - 1].at + 15); });
  const over = placed.length ? placed[placed.length - 1].at - bottom : 0;
  if (over > 0) placed.forEach((name, i) => { name.at -= over; });
  placed.forEach(name => svg.append("g").attr("class", name.css)
    .append("text").attr("class", "name").attr("x", x).attr("y", name.at).attr("dy", ".32em").text(name.text));
};

const points = rows => rows.filter(row => row.y !== null);

/** Lines with bands in one frame; returns what the pointer and the keys can reach. */
const drawLines = (svg, lines, x, y, step) => {
  const reach = [];
  const height = value => y(Math.max(y.domain()[0], Math.min(y.domain()[1], value)));
  lines.forEach(({ name, rows, css, index, dash }) => {
    const g = svg.append("g").attr("class", css);
    const banded = rows.filter(row => isKnown(row.y));
    const curve = step ? d3.curveStepAfter : d3.curveLinear;
    if (banded.length > 1) {
      g.append("path").attr("class", "band").attr("d", d3.area(row => x(row.x), row => height(row.y.lower), row => height(row.y.upper))(banded));
    }
    g.append("path").attr("class", "line").attr("stroke-dasharray", dash).attr("d", d3.line(row => x(row.x), row => height(row.y.value)).curve(curve)(rows));
    const size = rows.length > 45 ? 9 : 26;
    rows.forEach(row => {
      const at = { x: x(row.x), y: height(row.y.value) };
      if (rows.length === 1 && isKnown(row.y)) {
        g.append("line").attr("class", "error").attr("x1", at.x).attr("x2", at.x).attr("y1", height(row.y.lower)).attr("y2", height(row.y.upper));
      }
      g.append("path").attr("class", "mark").attr("d", symbol(index, size)).attr("transform", "translate(" + at.x + "," + at.y + ")");
      reach.push({ ...at, text: row.text, order: row.x, name });
    });
  });
  return reach;
};
