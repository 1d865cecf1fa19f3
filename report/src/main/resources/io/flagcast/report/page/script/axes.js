// Axes, grids and the room that they take.

/** Ticks are short: without digits that say nothing. */
const ticks = (scale, format, count) => {
  const values = scale.ticks(count);
  const step = values.length > 1 ? values[1] - values[0] : 1;
  const factor = format === "percent" || format === "points" ? 100 : 1;
  const places = Math.max(0, -Math.floor(Math.log10(step * factor) + 1e-9));
  const plain = d3.format((format === "points" || format === "signed" ? "+" : "") + ",." + places + "f");
  return { values, text: value => (value === 0 ? "0" : plain(value * factor)) + (units[format] || "") };
};

/** Ticks of ratios: 1, 2 and 5 of every power of ten, or those of a linear scale where these are too few. */
const ratioTicks = (scale, count) => {
  const [low, high] = scale.domain();
  const digits = d3.range(Math.floor(Math.log10(low)), Math.ceil(Math.log10(high)) + 1).flatMap(power => [1, 2, 5].map(digit => digit * 10 ** power));
  const within = digits.filter(value => value >= low && value <= high);
  const sparse = within.length > count ? within.filter(value => Math.abs(Math.log10(value) % 1) < 1e-9) : within;
  const values = sparse.length > 1 ? sparse : d3.scaleLinear(scale.domain(), [0, 1]).ticks(count);
  return { values, text: value => write("number", value) };
};

/** By their ratio; what is not above 0 stands at the left edge. */
const ratioScale = (values, range) => {
  const positive = values.filter(value => value > 0).concat(1);
  const room = values.length > positive.length - 1 ? 2 : 1.15;
  return d3.scaleLog([d3.min(positive) / room, d3.max(positive) * 1.15], range).clamp(true);
};

function padded([low, high]) {
  const room = (high - low) * .06 || Math.abs(high) * .1 || 1;
  return [low - room, high + room];
}

const xTime = (svg, x, bottom, width) => {
  const count = Math.max(2, Math.floor(width / 75));
  const days = d3.utcDay.count(...x.domain()) + 1;
  const values = days <= count ? d3.utcDay.range(d3.utcDay.ceil(x.domain()[0]), d3.utcDay.offset(x.domain()[1], 1)) : x.ticks(count);
  svg.append("g").attr("class", "axis").attr("transform", "translate(0," + bottom + ")")
    .call(d3.axisBottom(x).tickValues(values.filter(value => value <= x.domain()[1])).tickFormat(day).tickSizeOuter(0))
    // Within the panel: the one beside it begins where this one ends.
    .selectAll(".tick text").attr("text-anchor", value => (x(value) < x.range()[0] + 16 ? "start" : x(value) > x.range()[1] - 16 ? "end" : "middle"));
};
const yGrid = (svg, y, left, right, format, count) => {
  const { values, text } = ticks(y, format, count);
  const grid = svg.append("g").attr("class", "grid").selectAll("g").data(values).join("g")
    .attr("transform", value => "translate(0," + y(value) + ")");
  grid.append("line").attr("x1", left).attr("x2", right);
  grid.append("text").attr("class", "numbers").attr("x", left - 8).attr("dy", ".32em").attr("text-anchor", "end").text(text);
};
const yMargin = (y, format, count) => {
  const { values, text } = ticks(y, format, count);
  return widest(values.map(text)) + 10;
};
