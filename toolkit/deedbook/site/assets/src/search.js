// The search of the catalogue's home over datasets, tables, fields and codes.

import MiniSearch from "minisearch";
import { count, el, language, later, root, say, taken } from "./dom.js";

/** Results that are listed. */
const MOST = 40;

/** @typedef {{kind: string, title: string, text: string, code: string, href: string, dataset: string}} Entry `href` from the root of the site */

/** @returns {Promise<{entries: Entry[], index: MiniSearch}>} */
async function read() {
  const name = `search.${language}`;
  const entries = /** @type {Entry[]} */ (JSON.parse(await taken(name, `data/${name}.json.js`)));
  const index = new MiniSearch({ fields: ["title", "code", "text", "dataset"], searchOptions: { boost: { title: 3, code: 3 }, prefix: true, fuzzy: (term) => (term.length > 4 ? 0.2 : false), combineWith: "AND" } });
  index.addAll(entries.map((entry, id) => ({ id, ...entry })));
  return { entries, index };
}

/** @param {Entry} entry */
const result = ({ kind, title, text, code, href, dataset }) =>
  el("li", {}, el("span", { class: "kind" }, say(`explorer.kind-${kind}`)), " ", el("a", { href: root + href, dir: "auto" }, title), code && code !== title ? el("span", { class: "code" }, ` ${code}`) : null, el("span", { class: "soft", dir: "auto" }, ` ${dataset}`), text ? el("p", { class: "soft", dir: "auto" }, text) : null);

/** @param {HTMLElement} place */
export function searching(place) {
  const box = el("input", { type: "search", autocomplete: "off", id: "home-search" });
  const status = el("p", { class: "soft", role: "status" }), list = el("ol", { class: "results" });
  place.append(el("label", { for: box.id, class: "label" }, say("explorer.search-all")), " ", box, status, list);
  /** @type {ReturnType<typeof read> | null} */
  let reading = null;

  async function show() {
    const asked = box.value.trim();
    try {
      const { entries, index } = await (reading ||= read());
      const found = index.search(asked);
      if (asked !== box.value.trim()) return; // somebody typed on
      status.textContent = asked && say(found.length ? "explorer.results" : "explorer.no-results", { some: count(found.length), asked });
      list.replaceChildren(...found.slice(0, MOST).map(({ id }) => result(entries[id])));
    } catch (error) {
      reading = null;
      status.textContent = say("explorer.failed", { reason: String(error) });
    }
  }
  box.addEventListener("input", later(show, 120));
  if (box.value) show(); // the browser kept it
}
