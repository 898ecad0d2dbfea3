// The page of one event or actor of a large dataset: its row, and the rows of other tables that name it, read in the browser.

import { open } from "./bytes.js";
import { count, el, page, say } from "./dom.js";
import { facts, naming, rowAddress, shownValue } from "./explorer.js";
import { Parquet } from "./parquet.js";
import { passing } from "./selection.js";
import { textOf } from "./values.js";

/** Rows of another table that are shown here; its explorer has all. */
const MOST = 100;

/** @typedef {import("./values.js").Field} Field */
/** @typedef {{table: string, title: string, field: string, label: string, href: string, data: {parquet: import("./bytes.js").Address, fields: Field[], rows: number}}} Referring */

/** @param {HTMLElement} place */
export async function story(place) {
  const status = el("p", { role: "status" }), body = el("div");
  place.replaceChildren(status, body);
  /** @param {string} id */
  async function show(id) {
    status.textContent = say("explorer.reading");
    const table = await Parquet.open(await open(page.parquet)), names = page.fields.map((/** @type {Field} */ field) => field.name);
    const key = page.fields[names.indexOf(page.key[0])], heading = page.fields[names.indexOf(page.heading)];
    const row = await table.find(page.key, [id], (value) => textOf(value, key), names);
    status.textContent = row < 0 ? say("explorer.no-row", { key: id }) : "";
    if (row < 0) return body.replaceChildren();
    const title = [id, heading && textOf(table.cell(row, heading.name), heading)].filter(Boolean).join(": ");
    document.title = `${title} · ${page.title}`;
    body.replaceChildren(el("h2", { dir: "auto" }, title), facts(table, row, page.fields), el("p", {}, el("a", { href: page.explorer + rowAddress(page.table, id) }, say("explorer.in-table"))));
    for (const one of page.referring) body.append(await referring(one, id));
  }
  const go = () => show(decodeURIComponent(location.hash.slice(1))).catch((error) => (status.textContent = say(error instanceof RangeError ? "explorer.too-large" : "explorer.failed", { reason: String(error) })));
  window.addEventListener("hashchange", go);
  if (location.hash) await go();
}

/** The rows of another table whose field names the id. @param {Referring} one @param {string} id */
async function referring(one, id) {
  const { title, field, label, data } = one;
  const table = await Parquet.open(await open(data.parquet)), own = /** @type {Field} */ (data.fields.find((each) => each.name === field));
  const { values, codes } = await table.column(field), wanted = await passing({ values, codes, distinct: false }, (value) => textOf(value, own) === id), rows = [];
  for (let row = 0; row < codes.length; row++) if (wanted[codes[row]]) rows.push(row);
  const shown = rows.slice(0, MOST);
  await table.read(shown.map((row) => table.groupOf(row)), data.fields.map((each) => each.name));
  const head = el("thead", {}, el("tr", {}, ...data.fields.map((each) => el("th", { scope: "col", dir: "auto" }, each.title))));
  const lines = shown.map((row) => el("tr", {}, ...data.fields.map((each) => el("td", { dir: "auto" }, shownValue(table.cell(row, each.name), each)))));
  const parts = [el("h3", { dir: "auto" }, `${title}: ${label}`), el("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": title }, el("table", {}, head, el("tbody", {}, ...lines))), el("p", {}, el("a", { href: naming(one, id) }, say("explorer.all-of-them", { rows: count(rows.length) })))];
  return el("section", { hidden: !rows.length }, ...parts);
}
