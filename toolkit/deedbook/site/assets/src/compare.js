// Two versions of a dataset side by side, in the browser: choose, count, filter, read old and new values with their reasons.

import { compose } from "./compose.js";
import { count, el, later, linked, page, say, taken } from "./dom.js";

/** Changes that are shown before somebody asks for more. */
const FIRST = 500;
/** Characters of a value that are shown. */
const LONGEST = 2_000;

/** @typedef {{version: string, script: string, name: string}} Version newest first */

/** @param {HTMLElement} place */
export function comparing(place) {
  /** @type {Version[]} */
  const versions = page.versions || [];
  if (versions.length < 2) return;
  const choose = (/** @type {string} */ id, /** @type {number} */ chosen) => el("select", { id }, ...versions.map(({ version }, at) => el("option", { value: version, dir: "auto", selected: at === chosen }, version)));
  const from = choose("compare-from", 1), to = choose("compare-to", 0);
  const status = el("p", { role: "status" }), result = el("div", { class: "compared" });
  const button = el("button", { type: "button", id: "compare-show", onclick: show }, say("explorer.compare"));
  place.append(el("p", { class: "bar" }, el("label", {}, say("explorer.compare-from"), " ", from), " ", el("label", {}, say("explorer.compare-to"), " ", to), " ", button), status, result);
  const asked = new URLSearchParams(location.hash.slice(1));
  [from.value, to.value] = [asked.get("from") ?? from.value, asked.get("to") ?? to.value];
  if (asked.has("from")) show();

  async function show() {
    const ends = [from.selectedIndex, to.selectedIndex].sort((a, b) => b - a);
    if (ends[0] === ends[1] || ends[1] < 0) return void (status.textContent = say("explorer.compare-same"));
    const between = versions.slice(ends[1], ends[0]).reverse();
    status.textContent = say("explorer.reading");
    try {
      const documents = await Promise.all(between.map(async ({ script, name }) => JSON.parse(await taken(name, script))));
      const { tables, declarations } = compose(documents);
      const some = count(tables.reduce((sum, { changes }) => sum + changes.length, declarations.length));
      status.textContent = say(some === "0" ? "explorer.compared-equal" : "explorer.compared", { old: versions[ends[0]].version, new: versions[ends[1]].version, some, versions: count(between.length) });
      result.replaceChildren(...view(tables, declarations));
    } catch (error) {
      status.textContent = say("explorer.failed", { reason: String(error) });
    }
  }
}

/** @param {string | null | undefined} text */
const cell = (text) => el("td", { dir: "auto", class: text == null ? "none" : "" }, text == null ? "" : linked(text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text));
/** @param {string} label @param {HTMLElement} head @param {HTMLElement} body */
const scroll = (label, head, body) => el("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": label }, el("table", {}, el("thead", {}, head), body));
/** @param {string} name */
const term = (name) => say(`explorer.change-${name}`);
/** @param {string[]} names */
const titles = (names) => el("tr", {}, ...names.map((name) => el("th", { scope: "col" }, term(name))));

/**
 * @param {import("./compose.js").TableChanges[]} tables
 * @param {any[]} declarations
 */
function view(tables, declarations) {
  const all = [...declarations, ...tables.flatMap(({ table, changes }) => changes.map((change) => ({ table, ...change })))];
  const kinds = [...new Set(all.map(({ kind }) => kind))];
  const choice = (/** @type {string} */ id, /** @type {string} */ all, /** @type {[string, string][]} */ options) =>
    el("select", { id, onchange: draw }, el("option", { value: "" }, all), ...options.map(([value, text]) => el("option", { value }, text)));
  const filter = el("input", { type: "search", id: "compare-filter", oninput: later(draw, 120) });
  const table = choice("compare-table", say("explorer.all-tables"), [...new Set(all.map((one) => one.table))].map((name) => [name, name]));
  const kind = choice("compare-kind", say("explorer.all-kinds"), kinds.map((name) => [name, term(name)]));
  const body = el("tbody"), more = el("button", { type: "button", onclick: () => ((most *= 4), draw()) });
  let most = FIRST;
  function draw() {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (/** @type {any} */ one) => words.every((/** @type {string} */ word) => [one.key, one.field, one.old, one.new, one.reason, one.note].some((text) => text?.toLowerCase().includes(word)));
    const found = all.filter((one) => (!table.value || one.table === table.value) && (!kind.value || one.kind === kind.value) && fits(one));
    body.replaceChildren(...found.slice(0, most).map((one) => el("tr", {}, ...[one.table, one.key, term(one.kind), one.field, one.old, one.new, [one.reason, one.note, one.source].filter(Boolean).join("; ") || null, one.version].map(cell))));
    more.hidden = found.length <= most;
    more.textContent = say("explorer.more", { some: count(found.length - most) });
  }
  draw();
  const named = kinds.filter((name) => tables.some(({ changes }) => changes.some((one) => one.kind === name)));
  const counted = tables.filter(({ changes }) => changes.length).map((one) => el("tr", {}, cell(one.table), ...named.map((name) => el("td", { class: "kind-number" }, count(one.changes.filter((change) => change.kind === name).length)))));
  return [
    scroll(say("explorer.compare"), titles(["table", ...named]), el("tbody", {}, ...counted)),
    el("p", { class: "bar" }, el("label", {}, say("explorer.filter-list"), " ", filter), el("label", {}, term("table"), " ", table), el("label", {}, term("kind"), " ", kind)),
    scroll(say("explorer.cell-changes"), titles(["table", "key", "kind", "field", "old", "new", "reason", "version"]), body),
    more,
  ];
}
