// The page of one event or actor of a large dataset: its row, and the rows of other tables that name it, read in the browser.

import { open } from "./bytes.js";
import { count, el, page, say } from "./dom.js";
import { rowAddress, shownValue } from "./explorer.js";
import { Parquet } from "./parquet.js";
import { textOf } from "./values.js";

/** Rows of another table that are shown here; its explorer has all. */
const MOST = 100;

/** @typedef {import("./values.js").Field} Field */
/** @typedef {{table: string, title: string, field: string, label: string, href: string, data: {parquet: import("./bytes.js").Address, fields: Field[], rows: number}}} Referring */

/** @param {HTMLElement} place */
export async function story(place) {
  const status = el("p", { role: "status" }), body = el("div");
  place.replaceChildren(status, body);
  /** @type {Field[]} */
  const fields = page.fields, name = page.key[0], keyField = /** @type {Field} */ (fields.find((field) => field.name === name));
  let turn = 0;

  async function show() {
    const mine = ++turn;
    body.replaceChildren();
    try {
      const id = decodeURIComponent(location.hash.slice(1));
      if (!id) return void (status.textContent = say("explorer.no-id"));
      status.textContent = say("explorer.reading");
      const table = await Parquet.open(await open(page.parquet));
      const row = await table.find([name], [id], (value) => textOf(value, keyField), fields.map((field) => field.name));
      if (mine !== turn) return;
      status.textContent = row < 0 ? say("explorer.no-row", { key: id }) : "";
      if (row < 0) return;
      document.title = `${id} · ${page.title}`;
      const title = fields.find((field) => field.name === page.heading);
      body.append(
        el("h2", { dir: "auto" }, id, title ? `: ${textOf(table.cell(row, title.name), title) ?? ""}` : ""),
        el("dl", {}, ...fields.flatMap((field) => [el("dt", { dir: "auto" }, field.title), el("dd", { dir: "auto" }, shownValue(table.cell(row, field.name), field))])),
        el("p", {}, el("a", { href: page.explorer + rowAddress(page.table, id) }, say("explorer.in-table"))),
      );
      for (const one of page.referring) body.append(await referring(one, id));
    } catch (error) {
      status.textContent = say(error instanceof RangeError ? "explorer.too-large" : "explorer.failed", { reason: error instanceof Error ? error.message : "" });
    }
  }
  window.addEventListener("hashchange", show);
  await show();
}

/** The rows of another table whose field names the id. @param {Referring} one @param {string} id */
async function referring({ title, table: name, field, label, href, data }, id) {
  const table = await Parquet.open(await open(data.parquet)), names = data.fields.map((each) => each.name);
  const { values, codes } = await table.column(field), own = /** @type {Field} */ (data.fields.find((each) => each.name === field));
  const wanted = Uint8Array.from(values, (value) => Number(textOf(value, own) === id)), rows = [];
  for (let row = 0; row < codes.length; row++) if (wanted[codes[row]]) rows.push(row);
  if (!rows.length) return el("div");
  const shown = rows.slice(0, MOST);
  await table.read(shown.map((row) => table.groupOf(row)), names);
  const all = `${href}#${encodeURIComponent(name)}?${new URLSearchParams([[field, `=${id}`]])}`;
  return el("section", {},
    el("h3", { dir: "auto" }, `${title}: ${label}`),
    el("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": title },
      el("table", {}, el("thead", {}, el("tr", {}, ...data.fields.map((each) => el("th", { scope: "col", dir: "auto" }, each.title)))),
        el("tbody", {}, ...shown.map((row) => el("tr", {}, ...data.fields.map((each) => el("td", { dir: "auto" }, shownValue(table.cell(row, each.name), each)))))))),
    el("p", {}, el("a", { href: all }, say("explorer.all-of-them", { rows: count(rows.length) }))));
}
