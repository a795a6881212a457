// Helpers of a view. They stand before the view's own script, inside one function, so that a page keeps its names.
function make(tag, attributes = {}, ...children) {
  const ofSVG = tag == "svg" || tag == "path";
  const node = ofSVG ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}
const titled = text => make("div", {class: "title"}, text);  // no heading: tables of contents would list it
const percent = p => (p > 0.995 && p < 1 ? ">99" : p < 0.005 ? "<1" : Math.round(100 * p)) + "\u00a0%";
const quoted = token => `“${token}”`;
const largest = row => row.reduce((best, weight, i) => weight > row[best] ? i : best, 0);
