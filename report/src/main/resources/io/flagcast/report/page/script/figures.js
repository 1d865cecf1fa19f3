// Draws every chart over its table. A figure is {kind, columns, format, series, axis, reference, rows}; each row becomes
// exactly one element of class "mark".
const figures = JSON.parse(document.getElementById("data").textContent);

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
