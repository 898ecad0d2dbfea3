// What is filtered as canonical CSV, with the citation of that subset: the digest that `deedbook cite --where` gives.

import { copyButton, count, el, page, say } from "./dom.js";
import { breathe } from "./ranges.js";
import { Sha256 } from "./sha256.js";
import { csvCell, csvLine, textOf } from "./values.js";
import { shell } from "./where.js";

/** @typedef {import("./parquet.js").Parquet} Parquet */
/** @typedef {import("./values.js").Field} Field */

/** Rows that are exported without being asked, when the panel opens. */
const AT_ONCE = 50_000;

/**
 * All columns of rows in the order of the release.
 * @param {Parquet} table
 * @param {Field[]} fields
 * @param {Uint32Array | null} rows
 * @param {(share: number) => void} progress
 */
export async function subset(table, fields, rows, progress) {
  const names = fields.map((field) => field.name), writer = new TextEncoder(), sha = new Sha256();
  const parts = [writer.encode(fields.map((field) => csvCell(field.name)).join(",") + "\n")];
  sha.update(parts[0]);
  let next = 0;
  for (const [index, group] of table.groups.entries()) {
    const end = group.first + group.rows, first = next;
    while (rows && next < rows.length && rows[next] < end) next++;
    const many = rows ? next - first : group.rows;
    if (!many) continue;
    await table.read([index], names);
    const lines = [];
    for (let at = 0; at < many; at++) {
      const row = rows ? rows[first + at] : group.first + at;
      lines.push(csvLine(fields.map((field) => textOf(table.cell(row, field.name), field))));
    }
    parts.push(writer.encode(lines.join("")));
    sha.update(parts[parts.length - 1]);
    progress((index + 1) / table.groups.length);
    await breathe();
  }
  return { blob: new Blob(parts, { type: "text/csv" }), sha256: sha.hex(), bytes: sha.length };
}

/**
 * The panel of an export.
 * @param {Parquet} table
 * @param {Field[]} fields
 * @param {() => {rows: Uint32Array | null, length: number, where: string}} current
 */
export function exportPanel(table, fields, current) {
  const body = el("div", { class: "panel-body" });
  const panel = el("details", { class: "panel export" }, el("summary", {}, say("explorer.export")), body);
  let shown = "";

  const quote = (/** @type {string} */ label, /** @type {string} */ text, /** @type {string} */ id) =>
    el("div", { class: "quote" }, el("div", { class: "quote-head" }, el("span", { class: "label" }, label), copyButton(() => text)), el("pre", { id, dir: "auto", tabindex: 0 }, text));

  async function make() {
    const { rows, length, where } = current();
    const bar = el("progress", { max: 1, value: 0, "aria-label": say("explorer.reading") });
    body.replaceChildren(bar);
    try {
      const made = await subset(table, fields, rows, (share) => (bar.value = share));
      if (current().where !== where) return;
      const { dataset, version, inexact } = page, name = page.table, online = location.protocol !== "file:";
      const whole = page.place && online ? `${page.citation} ${new URL(page.place, location.href).href}` : page.citation;
      const from = online ? ` --from ${shell(new URL(page.catalogue, location.href).href)}` : "";
      const note = `subset: ${name} where ${where}; ${count(length, "en")} rows, sha256:${made.sha256}`;
      const address = URL.createObjectURL(made.blob);
      const link = el("a", { class: "button", href: address, download: `${dataset}-${version}-${name}-${made.sha256.slice(0, 8)}.csv` }, say("explorer.download", { rows: count(length), size: count(Math.ceil(made.bytes / 1000)) }));
      body.replaceChildren(el("p", {}, link), el("p", { class: "soft" }, say("explorer.formulas")), quote(say("explorer.expression"), where, "subset-where"));
      const again = `deedbook fetch ${dataset}@${version}${from} --table ${shell(name)} --subset ${shell(where)} --digest ${made.sha256}`;
      if (inexact.length) body.append(el("p", { class: "warn" }, say("explorer.inexact", { fields: inexact.join(", ") })));
      else body.append(quote(say("explorer.digest"), made.sha256, "subset-digest"), quote(say("explorer.citation"), `${whole} [${note}]`, "subset-citation"), quote(say("explorer.again"), again, "subset-fetch"));
    } catch (error) {
      body.replaceChildren(el("p", { class: "bad", role: "alert" }, say("explorer.failed", { reason: String(error) })));
    }
  }

  /** What the panel says of the rows that are shown now. */
  function refresh() {
    if (!panel.open || shown === current().where) return;
    shown = current().where;
    if (current().length <= AT_ONCE) make();
    else body.replaceChildren(el("p", {}, say("explorer.many", { rows: count(current().length) })), el("button", { type: "button", onclick: make }, say("explorer.prepare")));
  }
  panel.addEventListener("toggle", refresh);
  return { panel, refresh };
}
