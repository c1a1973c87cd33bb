// JSX without a library: tags become calls, and these make text of them.
/** @jsx element */
/** @jsxFrag Fragment */
const escape = (text) => String(text).replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

function element(tag, attributes, ...children) {
  const inner = children.flat(Infinity).map((child) => child?.html ?? escape(child ?? "")).join("");
  if (typeof tag === "function") return tag({ ...attributes, children });
  const written = Object.entries(attributes ?? {}).map(([name, value]) => ` ${name}="${escape(value)}"`).join("");
  return { html: `<${tag}${written}>${inner}</${tag}>` };
}
const Fragment = ({ children }) => ({ html: children.flat(Infinity).map((child) => child.html ?? escape(child)).join("") });

const Insect = ({ name, days }) => <li title={name}>{name}: {days} &lt; 365</li>;
const page = (
  <>
    <h2>Short lives</h2>
    <ul>{[["mayfly", 1], ["moth", 20]].map(([name, days]) => <Insect name={name} days={days} />)}</ul>
  </>
);

console.log(page.html);
display.html(page.html);
