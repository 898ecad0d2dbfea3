// The search of the catalogue's home over datasets, tables, fields and codes.

import MiniSearch from "minisearch";
import { count, el, inSite, language, later, say, taken } from "./dom.js";

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

/** @param {HTMLElement} place the box, or an element that gets one */
export function searching(place) {
  const given = place instanceof HTMLInputElement;
  const box = given ? place : el("input", { type: "search", autocomplete: "off", id: "home-search" });
  const status = el("p", { class: "soft", role: "status" });
  const list = el("ol", { class: "results" });
  if (given) {
    box.hidden = false;
    box.closest("[hidden]")?.removeAttribute("hidden");
    (box.closest("form, p, label, div") || box).after(status, list);
  } else place.append(el("label", { for: "home-search", class: "label" }, say("explorer.search-all")), box, status, list);
  box.form?.addEventListener("submit", (/** @type {Event} */ event) => event.preventDefault());
  /** @type {ReturnType<typeof read> | null} */
  let reading = null;

  async function show() {
    const asked = box.value.trim();
    if (!asked) {
      status.textContent = "";
      return list.replaceChildren();
    }
    try {
      const { entries, index } = await (reading ||= read());
      if (asked !== box.value.trim()) return;
      const found = index.search(asked);
      status.textContent = say(found.length ? "explorer.results" : "explorer.no-results", { some: count(found.length), asked });
      list.replaceChildren(
        ...found.slice(0, MOST).map(({ id }) => {
          const { kind, title, text, code, href, dataset } = entries[id];
          return el("li", {}, el("span", { class: "kind" }, say(`explorer.kind-${kind}`)), " ", el("a", { href: inSite(href), dir: "auto" }, title), code && code !== title ? el("span", { class: "code" }, ` ${code}`) : null, el("span", { class: "soft", dir: "auto" }, ` ${dataset}`), text ? el("p", { class: "soft", dir: "auto" }, text.slice(0, 200)) : null);
        }),
      );
    } catch (error) {
      reading = null;
      status.textContent = say("explorer.failed", { reason: error instanceof Error ? error.message : "" });
    }
  }
  box.addEventListener("input", later(show, 120));
  if (box.value) show();
}
