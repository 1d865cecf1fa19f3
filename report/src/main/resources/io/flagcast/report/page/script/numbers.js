// How values are written.

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
