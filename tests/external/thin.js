// Of a page what axe has to look at: runs in the browser, by itself.

/** Leaves two of each kind of row, item, article and shape: the same elements with the same classes at the same place. */
module.exports = function thin() {
  const own = (element) => element.tagName + [...element.attributes].map(({ name, value }) => (/^(class|style|type|role)$/.test(name) ? `[${name}=${value}]` : `[${name}]`)).join("");
  const within = (element) => own(element) + (element.children.length ? `{${[...new Set([...element.children].map(within))].join("")}}` : "");
  const above = (element) => (element.parentElement ? own(element.parentElement) + above(element.parentElement) : "");
  const seen = new Map();
  for (const item of document.querySelectorAll("article, tr, li, details, dl > div, svg, svg *")) {
    if (!item.isConnected) continue; // in one that went
    const kind = `${above(item)} ${within(item)}`;
    seen.set(kind, (seen.get(kind) || 0) + 1);
    if (seen.get(kind) > 2) item.remove();
  }
};
