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
