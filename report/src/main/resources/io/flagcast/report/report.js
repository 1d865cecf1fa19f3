"use strict";

// Draws every chart over its table. A figure is {kind, columns, format, series, axis, reference, rows}; each row becomes
// exactly one element of class "mark". Colours are classes, so themes and print need no second drawing.
(() => {
  const figures = JSON.parse(document.getElementById("data").textContent);

  // Numbers as the tables have them: three significant digits, percentages to a hundredth below ten. A value and the ends of
  // its interval have as many places as the largest of them needs.
  const size = values => Math.max(...values.map(Math.abs));
  const digits = (values, sign) => {
    const places = size(values) === 0 ? 0 : Math.max(0, Math.min(6, 2 - Math.floor(Math.log10(size(values)))));
    return d3.format(sign + ",." + places + (values.length > 1 ? "f" : "~f"));
  };
  const fixed = (values, sign) => {
    const text = d3.format(sign + "." + (100 * size(values) < 9.995 ? 2 : 1) + (values.length > 1 ? "f" : "~f"));
    return value => text(100 * value);
  };
  const formats = {
    count: () => d3.format(",.0f"),
    percent: values => fixed(values, ""),
    points: values => fixed(values, "+"),
    number: values => digits(values, ""),
    signed: values => digits(values, "+"),
  };
  const units = { percent: "\u00a0%", points: "\u00a0pp" };
  const write = (format, value) => formats[format]([value])(value) + (units[format] || "");
  const day = d3.utcFormat("%-d %b");
  const moment = d3.utcFormat("%-d %b %Y");

  /** A value may be a number, or one with an interval; absent is null. */
  const estimate = value => (value === null || typeof value === "object" ? value : { value, lower: null, upper: null });
  const isKnown = value => value !== null && value.lower !== null;
  const say = (format, value) => {
    if (value === null) return "not known";
    if (!isKnown(value)) return write(format, value.value);
    const text = formats[format]([value.value, value.lower, value.upper]);
    return text(value.value) + (units[format] || "") + " (" + text(value.lower) + " to " + text(value.upper) + ")";
  };
  const ends = value => (value === null ? [] : isKnown(value) ? [value.value, value.lower, value.upper] : [value.value]);

  /** Ticks are short: without digits that say nothing. */
  const ticks = (scale, format, count) => {
    const values = scale.ticks(count);
    const step = values.length > 1 ? values[1] - values[0] : 1;
    const factor = format === "percent" || format === "points" ? 100 : 1;
    const places = Math.max(0, -Math.floor(Math.log10(step * factor) + 1e-9));
    const plain = d3.format((format === "points" || format === "signed" ? "+" : "") + ",." + places + "f");
    return { values, text: value => (value === 0 ? "0" : plain(value * factor)) + (units[format] || "") };
  };

  const dashes = ["", "7 3", "2 3", "9 3 2 3", "4 4", "1 2"];
  const shapes = [d3.symbolCircle, d3.symbolSquare, d3.symbolTriangle, d3.symbolDiamond, d3.symbolStar, d3.symbolCross];
  const symbol = (index, size) => d3.symbol(shapes[Math.max(0, index) % shapes.length], size)();
  const style = (figure, name) => {
    const index = figure.series.indexOf(name);
    return { index, css: "series " + (index < 0 ? name.replace(/\W/g, "") : "s" + (index % 6)), dash: index < 0 ? "" : dashes[index % 6] };
  };

  const widthOf = (() => {
    const pen = document.createElement("canvas").getContext("2d");
    return (text, weight) => {
      pen.font = (weight || 400) + " 12px " + getComputedStyle(document.body).fontFamily;
      return pen.measureText(text).width;
    };
  })();
  const widest = texts => Math.ceil(Math.max(0, ...texts.map(text => widthOf(text, 600))));
  const shortened = (text, width) => {
    if (widthOf(text, 600) <= width) return text;
    let length = text.length;
    while (length > 1 && widthOf(text.slice(0, length) + "…", 600) > width) length--;
    return text.slice(0, length) + "…";
  };

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

  const linesOf = (figure, rows, seriesColumn) =>
    Array.from(d3.group(rows, row => row[seriesColumn]), ([name, own]) => ({ name, rows: own, ...style(figure, name) }));

  const when = (row, column) => (typeof row[column] === "string" ? new Date(row[column]) : row[column]);

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

  const charts = {
    trend: timeLines(false),
    steps: timeLines(true),

    panels(plot, figure) {
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
    },

    intervals(plot, figure) {
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
      const x = d3.scaleLinear(values.length ? padded(d3.extent(values)) : [-1, 1], [left, right]).nice(4);
      function best(row) { return (c.also && estimate(row[c.also])) || estimate(row[c.value]); }
      const bottom = height - 42;
      const { values: at, text } = ticks(x, format, Math.max(3, Math.floor((right - left) / 75)));
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
            g.append("text").attr("class", "quiet mark").attr("x", left).attr("y", middle + 4).text("nobody to compare with");
            lines.push("no effect: nobody to compare with");
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
    },

    bins(plot, figure) {
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
    },

    calibration(plot, figure) {
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
    },

    curve(plot, figure) {
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
    },

    timeline(plot, figure) {
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
    },
  };

  function padded([low, high]) {
    const room = (high - low) * .06 || Math.abs(high) * .1 || 1;
    return [low - room, high + room];
  }

  /** Values under the pointer, or by the arrow keys: the chart is one stop of the tab key. */
  const inspect = (plot, reach) => {
    const svg = plot.querySelector("svg[role=img]");
    const ordered = reach.slice().sort((one, other) => d3.ascending(one.name, other.name) || one.order - other.order);
    const tip = d3.select(plot).append("div").attr("class", "tip").attr("role", "status").attr("hidden", "");
    const ring = d3.select(svg).append("circle").attr("class", "cursor").attr("r", 8).attr("display", "none");
    let current = -1;
    const scale = () => svg.clientWidth / svg.viewBox.baseVal.width;
    const show = i => {
      current = i;
      const at = ordered[i];
      ring.attr("display", null).attr("cx", at.x).attr("cy", at.y);
      tip.attr("hidden", null).text(at.text);
      const left = Math.max(0, Math.min(at.x * scale() - tip.node().offsetWidth / 2, plot.clientWidth - tip.node().offsetWidth));
      const y = svg.offsetTop + at.y * scale();
      const above = y - tip.node().offsetHeight - 14;
      tip.style("left", left + "px").style("top", (above > -30 ? above : y + 14) + "px");
    };
    const hide = () => { current = -1; ring.attr("display", "none"); tip.attr("hidden", ""); };
    plot.onpointermove = event => {
      const box = svg.getBoundingClientRect();
      const x = (event.clientX - box.left) / scale(), y = (event.clientY - box.top) / scale();
      const nearest = d3.leastIndex(ordered, (one, other) => Math.hypot(one.x - x, one.y - y) - Math.hypot(other.x - x, other.y - y));
      if (Math.hypot(ordered[nearest].x - x, ordered[nearest].y - y) < 40) show(nearest); else hide();
    };
    plot.onpointerleave = hide;
    plot.onblur = hide;
    plot.onkeydown = event => {
      const to = { ArrowRight: current + 1, ArrowDown: current + 1, ArrowLeft: current - 1, ArrowUp: current - 1, Home: 0, End: ordered.length - 1 }[event.key];
      if (event.key === "Escape") hide();
      else if (to !== undefined) { show(Math.max(0, Math.min(ordered.length - 1, to))); event.preventDefault(); }
    };
  };

  const draw = (plot, figure) => {
    plot.replaceChildren();
    const reach = charts[figure.kind](plot, figure);
    if (reach.length) inspect(plot, reach);
  };

  document.querySelectorAll(".plot").forEach((plot, i) => {
    const figure = figures[i];
    const caption = document.getElementById(plot.getAttribute("aria-labelledby"));
    figure.label = caption.textContent + ". " + figure.rows.length + " values; they stand in the table below.";
    plot.setAttribute("tabindex", "0");
    plot.setAttribute("role", "group");
    plot.setAttribute("aria-roledescription", "chart, arrow keys read its values");
    let drawnAt = 0;
    const redraw = () => {
      const width = plot.clientWidth;
      if (width > 0 && Math.abs(width - drawnAt) > 1 && !matchMedia("print").matches) { drawnAt = width; draw(plot, figure); }
    };
    redraw();
    new ResizeObserver(redraw).observe(plot);
  });

  // Without this script they stay open.
  const all = document.querySelectorAll("details");
  all.forEach(each => { each.open = false; });
  let closed = [];
  addEventListener("beforeprint", () => { closed = Array.from(all).filter(each => !each.open); closed.forEach(each => { each.open = true; }); });
  addEventListener("afterprint", () => closed.forEach(each => { each.open = false; }));
})();
