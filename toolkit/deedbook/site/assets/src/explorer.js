// The explorer of one table: search, filters, order, columns, a row by its key, export. The address says what is shown.

import { open } from "./bytes.js";
import { copyButton, count, el, language, later, linked, page, say } from "./dom.js";
import { exportPanel } from "./export.js";
import { controls, labelOf } from "./facets.js";
import { Grid, rowsText } from "./grid.js";
import { Parquet } from "./parquet.js";
import { breathe, idle } from "./ranges.js";
import { order, select, tally } from "./selection.js";
import { joinKey, splitKey, storyOf, textOf } from "./values.js";
import { fromAddress, isActive, toAddress, where } from "./where.js";

/** @typedef {import("./values.js").Field} Field */
/** @typedef {import("./where.js").Filter} Filter */

/** Columns that are shown first; the others wait to be chosen. */
const FIRST_COLUMNS = 14;
/** Characters of a cell of the row that is looked at, before somebody asks for all. */
const LONG = 1500;

/** The address of a row, relative to a page of tables. @param {string} table @param {string} key */
export const rowAddress = (table, key) => `#${encodeURIComponent(table)}/${encodeURIComponent(key)}`;

/**
 * A value as what it is: label, code, link to what it names.
 * @param {import("./parquet.js").Value | undefined} value
 * @param {Field} field
 */
export function shownValue(value, field) {
  const text = textOf(value, field);
  if (text === null) return el("span", { class: "none" }, say("explorer.missing"));
  if (field.leads) return el("a", { href: field.leads + rowAddress(field.of || "", joinKey([text])) }, text);
  const label = field.codes || field.kind === "boolean" ? labelOf(/** @type {any} */ (value), field) : text;
  if (label !== text) return el("span", {}, label, " ", el("span", { class: "code" }, text));
  if (text.length <= LONG) return linked(text);
  const rest = el("button", { type: "button", class: "plain" }, say("explorer.whole-cell", { length: count(text.length) }));
  const part = el("span", { class: "long" }, `${text.slice(0, LONG)}… `, rest);
  rest.addEventListener("click", () => part.replaceChildren(text));
  return part;
}

/** All of a row. @param {Parquet} table @param {number} row @param {Field[]} fields */
export const facts = (table, row, fields) =>
  el("dl", {}, ...fields.flatMap((field) => [el("dt", { dir: "auto", title: field.name }, field.title), el("dd", { dir: "auto" }, shownValue(table.cell(row, field.name), field))]));

/** The rows of another table that name a row, in its explorer. @param {{href: string, table: string, field: string}} one @param {string} id */
export const naming = ({ href, table, field }, id) => `${href}#${encodeURIComponent(table)}?${new URLSearchParams([[field, `=${id}`]])}`;

/** @param {HTMLElement} place the element with the first rows, which read without this */
export async function explorer(place) {
  if (!page.parquet) return;
  const status = el("p", { class: "rows", role: "status" }, say("explorer.reading"));
  place.before(status);
  /** @param {unknown} error */
  const failed = (error) => void (status.textContent = say(error instanceof RangeError ? "explorer.too-large" : "explorer.failed", { reason: String(error) }));
  const opened = await open(page.parquet).then((source) => Parquet.open(source)).catch(failed);
  if (!opened) return;
  const table = opened;
  /** @type {Field[]} */
  const fields = page.fields;
  const byName = new Map(fields.map((field) => [field.name, field]));
  const shown = new Set(fields.slice(0, FIRST_COLUMNS).map((field) => field.name));
  let filters = /** @type {Map<string, Filter>} */ (new Map()), search = "";

  /** @param {string} name */
  const read = (name) => table.column(name, (share) => (status.textContent = `${say("explorer.reading")} ${Math.round(share * 100)} %`));
  let selection = { ...(await select(table.rows, filters, "", fields, read)), length: 0 }, view = selection.rows, sorted = /** @type {{name: string, down: boolean} | null} */ (null), looked = -1, turn = 0, expression = "TRUE";
  const visible = () => fields.filter((field) => shown.has(field.name));
  const rowAt = (/** @type {number} */ at) => (view ? view[at] : at);
  const write = (/** @type {import("./parquet.js").Value | undefined} */ value, /** @type {string} */ name) => textOf(value, /** @type {Field} */ (byName.get(name)));
  const key = (/** @type {number} */ row) => joinKey(page.key.map((/** @type {string} */ name) => write(table.cell(row, name), name)));
  const filterOf = (/** @type {string} */ name) => filters.get(name) || /** @type {Filter} */ (filters.set(name, {}).get(name));
  const filtered = () => Boolean(search) || fields.some((field) => filters.has(field.name) && isActive(filterOf(field.name), field));

  const grid = new Grid({
    label: page.title,
    length: () => selection.length,
    fields: visible,
    sorted: () => sorted,
    chosen: () => looked,
    cell: (at, field) => {
      const value = table.cell(rowAt(at), field.name);
      if (value === undefined) return undefined;
      const text = textOf(value, field);
      if (text === null) return { text: "", none: true };
      const label = field.codes || field.kind === "boolean" ? labelOf(value, field) : text;
      return { text: label, title: label === text ? undefined : text, href: field.leads && field.leads + rowAddress(field.of || "", joinKey([text])) };
    },
    read: (places) => table.read(places.map((at) => table.groupOf(rowAt(at))), visible().map((field) => field.name)).catch(failed),
    choose: (at) => look(at),
    sort: (field) => {
      sorted = sorted?.name !== field.name ? { name: field.name, down: false } : sorted.down ? null : { name: field.name, down: true };
      arrange();
    },
  });

  /** Selects and orders anew, and shows it. */
  async function arranging() {
    const mine = ++turn, asked = structuredClone(filters);
    const found = await select(table.rows, asked, search, fields, read);
    const arranged = sorted ? order(await read(sorted.name), found.rows, sorted.down, language) : found.rows;
    if (mine !== turn) return; // somebody typed on
    [selection, view, looked, expression] = [found, arranged, -1, where(asked, found.searched, fields)];
    detail.hidden = true;
    const said = rowsText(selection.length, table.rows) + (selection.length ? "" : ` ${say("explorer.none")}`);
    status.textContent = said;
    clear.hidden = !filtered();
    grid.refresh(0);
    await breathe();
    if (mine === turn) await side.refresh(filtered());
    if (mine !== turn) return;
    status.textContent = said;
    exporting.refresh();
  }
  const arrange = () => arranging().catch(failed);
  const changed = () => {
    const said = toAddress(filters, search, fields);
    history.replaceState(null, "", `#${encodeURIComponent(page.table)}${said ? `?${said}` : ""}`);
    return arrange();
  };
  const typed = later(changed, 150);

  /** Shows all of a row. @param {number} at its place in the view */
  async function look(at) {
    const row = rowAt(at);
    await table.read([table.groupOf(row)], fields.map((field) => field.name)).catch(failed);
    looked = at;
    grid.draw();
    const name = page.key.length ? key(row) : "", link = page.key.length ? rowAddress(page.table, name) : "";
    const close = () => ((detail.hidden = true), (looked = -1), grid.move(at, grid.at.column));
    const heading = el("h2", { tabindex: -1, dir: "auto" }, splitKey(name).join(", ") || say("explorer.row", { row: row + 1 }));
    const refer = page.referring.map((/** @type {any} */ one) => el("li", {}, el("a", { href: naming(one, splitKey(name)[0]) }, `${one.title}: ${one.label}`)));
    const links = link ? [el("a", { href: link, class: "permalink" }, say("explorer.permalink")), copyButton(() => new URL(link, location.href).href, say("explorer.copy-link"))] : [];
    if (page.story) links.unshift(el("a", { href: storyOf(page.story, splitKey(name)[0]) }, say(`explorer.story-${page.story.kind}`)));
    detail.replaceChildren(el("div", { class: "detail-head" }, heading, ...links, el("button", { type: "button", class: "close", onclick: close }, say("explorer.close"))), facts(table, row, fields), ...(refer.length ? [el("h3", {}, say("explorer.referring")), el("ul", {}, ...refer)] : []));
    detail.onkeydown = (/** @type {KeyboardEvent} */ event) => event.key === "Escape" && close();
    detail.hidden = false;
    if (link) history.replaceState(null, "", link);
    heading.focus();
  }

  /** Shows what the address asks for. */
  async function follow() {
    const { table: name, key: wanted, asked } = readHash(location.hash);
    if (name && name !== page.table) return;
    ({ filters, search } = fromAddress(asked, fields));
    box.value = search;
    if (wanted === null || !page.key.length) return arrange();
    [view, sorted] = [null, null];
    const row = await table.find(page.key, splitKey(wanted), write, fields.map((field) => field.name));
    if (row < 0) return arrange().then(() => void (status.textContent = say("explorer.no-row", { key: wanted })));
    selection = await select(table.rows, filters, search, fields, read);
    status.textContent = rowsText(table.rows, table.rows);
    grid.refresh(row);
    await look(row);
  }

  const box = el("input", { type: "search", id: "explorer-search", autocomplete: "off", placeholder: say("explorer.search"), oninput: () => ((search = box.value.trim()), typed()) });
  const clear = el("button", { type: "button", hidden: true, onclick: () => ((filters = new Map()), (search = box.value = ""), changed()) }, say("explorer.clear"));
  const side = controls(fields, filterOf, changed, typed, async (name) => tally(await table.column(name), name, selection));
  const choice = (/** @type {Field} */ field) => {
    const choose = () => (shown[input.checked ? "add" : "delete"](field.name), grid.refresh());
    const input = el("input", { type: "checkbox", checked: shown.has(field.name), onchange: choose });
    return el("li", {}, el("label", {}, input, el("span", { dir: "auto" }, field.title)));
  };
  const choices = el("ul", { class: "panel-body" }), columns = el("details", { class: "panel columns", ontoggle: () => choices.firstChild || choices.append(...fields.map(choice)) }, el("summary", {}, say("explorer.columns")), choices);
  const exporting = exportPanel(table, fields, () => ({ rows: selection.rows, length: selection.length, where: expression }));
  const detail = el("section", { class: "detail", hidden: true, "aria-label": say("explorer.one-row") });
  const filterBox = el("details", { class: "filters", open: matchMedia("(min-width: 60rem)").matches }, el("summary", {}, say("explorer.filters")), ...side.boxes);
  if (table.rows && !/[/?]/.test(location.hash)) await table.read([0], visible().map(({ name }) => name)).catch(failed); // the first rows stay in sight until others can
  await breathe();
  const bar = el("div", { class: "bar" }, el("label", { class: "search", for: "explorer-search" }, el("span", { class: "unseen" }, say("explorer.search")), box), clear, columns, exporting.panel);
  place.replaceWith(el("div", { class: "explorer" }, bar, el("div", { class: "explorer-body" }, filterBox, el("div", { class: "explorer-main" }, grid.element, detail))));
  const go = () => follow().catch(failed);
  window.addEventListener("hashchange", go);
  await go();
  if (table.source.isWhole) for (const name of side.open()) await idle().then(() => table.column(name)).catch(failed); // the first filter then need not wait
}

/** What an address asks for: `#TABLE`, `#TABLE/KEY` or `#TABLE?FILTERS`. @param {string} hash */
export function readHash(hash) {
  const [, table = "", sign = "", rest = ""] = /^#([^/?]*)([/?]?)(.*)$/s.exec(hash) || [];
  return { table: decodeURIComponent(table), key: sign === "/" ? decodeURIComponent(rest) : null, asked: sign === "?" ? rest : "" };
}
