// Signs, their colours and lines, and the room that texts take. Colours are classes, so themes and print need no second drawing.

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
