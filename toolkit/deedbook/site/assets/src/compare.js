// Two versions of a dataset side by side, in the browser: choose, count, filter, read old and new values with their reasons.

import { compose } from "./compose.js";
import { count, document_, el, later, linked, page, say } from "./dom.js";

/** Changes that are shown before somebody asks for more. */
const FIRST = 500;

/** @typedef {{version: string, url: string, script: string, name: string}} Version newest first */

/** @param {HTMLElement} place */
export function comparing(place) {
  /** @type {Version[]} */
  const versions = page.versions || [];
  if (versions.length < 2) return;
  const choose = (/** @type {string} */ id, /** @type {number} */ at) => {
    const box = el("select", { id }, ...versions.map(({ version }) => el("option", { value: version, dir: "auto" }, version)));
    box.selectedIndex = at;
    return box;
  };
  const from = choose("compare-from", 1), to = choose("compare-to", 0);
  const status = el("p", { role: "status" }), result = el("div", { class: "compared" });
  place.append(
    el("p", { class: "bar" }, el("label", {}, say("explorer.compare-from"), " ", from), " ", el("label", {}, say("explorer.compare-to"), " ", to), " ", el("button", { type: "button", id: "compare-show", onclick: show }, say("explorer.compare"))),
    status,
    result,
  );
  const asked = new URLSearchParams(location.hash.slice(1));
  if (asked.has("from") && asked.has("to")) {
    [from.value, to.value] = [asked.get("from"), asked.get("to")];
    show();
  }

  async function show() {
    const ends = [from.selectedIndex, to.selectedIndex].sort((a, b) => b - a);
    if (ends[0] === ends[1] || ends[1] < 0) return void (status.textContent = say("explorer.compare-same"));
    const between = versions.slice(ends[1], ends[0]).reverse();
    status.textContent = say("explorer.reading");
    try {
      const documents = await Promise.all(between.map(({ url, script, name }) => document_(url, script, name)));
      const { tables, declarations } = compose(documents);
      const old = versions[ends[0]].version, now = versions[ends[1]].version;
      const many = tables.reduce((sum, { changes }) => sum + changes.length, 0) + declarations.length;
      status.textContent = say(many ? "explorer.compared" : "explorer.compared-equal", { old, new: now, some: count(many), versions: count(between.length) });
      result.replaceChildren(...view(tables, declarations));
    } catch (error) {
      status.textContent = say("explorer.failed", { reason: error instanceof Error ? error.message : "" });
    }
  }
}

/** @param {string} kind */
const kindText = (kind) => say(`explorer.change-${kind}`);

/**
 * @param {import("./compose.js").TableChanges[]} tables
 * @param {any[]} declarations
 */
function view(tables, declarations) {
  const all = tables.flatMap(({ table, changes }) => changes.map((change) => ({ table, ...change })));
  const kinds = [...new Set(all.map(({ kind }) => kind))].sort();
  const filter = el("input", { type: "search", id: "compare-filter" });
  const table = el("select", { id: "compare-table" }, el("option", { value: "" }, say("explorer.all-tables")), ...tables.map((one) => el("option", { value: one.table }, one.table)));
  const kind = el("select", { id: "compare-kind" }, el("option", { value: "" }, say("explorer.all-kinds")), ...kinds.map((one) => el("option", { value: one }, kindText(one))));
  const body = el("tbody"), more = el("button", { type: "button" });
  let most = FIRST;
  const cell = (/** @type {string | null | undefined} */ text) => el("td", { dir: "auto", class: text == null ? "none" : "" }, text == null ? "" : linked(text.length > 2000 ? `${text.slice(0, 2000)}…` : text));
  const draw = () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = all.filter(
      (one) => (!table.value || one.table === table.value) && (!kind.value || one.kind === kind.value) && words.every((/** @type {string} */ word) => [one.key, one.field, one.old, one.new, one.reason, one.note].some((text) => text?.toLowerCase().includes(word))),
    );
    body.replaceChildren(...found.slice(0, most).map((one) => el("tr", {}, cell(one.table), cell(one.key), cell(kindText(one.kind)), cell(one.field), cell(one.old), cell(one.new), cell([one.reason, one.note, one.source].filter(Boolean).join("; ") || null), cell(one.version))));
    more.hidden = found.length <= most;
    more.textContent = say("explorer.more", { some: count(found.length - most) });
  };
  more.addEventListener("click", () => ((most *= 4), draw()));
  filter.addEventListener("input", later(draw, 120));
  for (const box of [table, kind]) box.addEventListener("change", draw);
  draw();
  const titles = (/** @type {string[]} */ names) => el("thead", {}, el("tr", {}, ...names.map((name) => el("th", { scope: "col" }, say(`explorer.change-${name}`)))));
  const shown = tables.filter(({ changes }) => changes.length);
  return [
    ...(shown.length ? [scroll(el("table", {}, titles(["table", ...kinds]), el("tbody", {}, ...shown.map((one) => el("tr", {}, cell(one.table), ...kinds.map((name) => el("td", { class: "kind-number" }, count(one.counts.get(name) || 0))))))))] : []),
    ...(declarations.length ? [el("h2", {}, say("explorer.declarations")), scroll(el("table", {}, titles(["table", "field", "kind", "subject", "old", "new", "version"]), el("tbody", {}, ...declarations.map((one) => el("tr", {}, cell(one.table), cell(one.field), cell(one.kind), cell(one.subject), cell(one.old), cell(one.new), cell(one.version))))))] : []),
    ...(all.length ? [el("h2", {}, say("explorer.cell-changes")), el("p", { class: "bar" }, el("label", {}, say("explorer.filter-list"), " ", filter), el("label", {}, say("explorer.change-table"), " ", table), el("label", {}, say("explorer.change-kind"), " ", kind)), scroll(el("table", {}, titles(["table", "key", "kind", "field", "old", "new", "reason", "version"]), body)), more] : []),
  ];
}

/** @param {Node} table */
const scroll = (table) => el("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": say("explorer.compare") }, table);
