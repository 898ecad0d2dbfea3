// Reads {fields, columns: [[name, cells]], cases: [{filters: [[name, filter]], search}]} and prints, for each case, the expression,
// the rows that the bundle picks and their canonical CSV: the other side compares them with what deedbook picks and writes.
import { readFileSync } from "node:fs";
import { select } from "../../../toolkit/deedbook/site/assets/src/selection.js";
import { csvLine, textOf } from "../../../toolkit/deedbook/site/assets/src/values.js";
import { where } from "../../../toolkit/deedbook/site/assets/src/where.js";

const { fields, columns, cases } = JSON.parse(readFileSync(0, "utf8"));
const cells = new Map(columns);
const read = async (name) => ({ values: [null, ...cells.get(name)], codes: Uint32Array.from(cells.get(name), (cell, at) => (cell === null ? 0 : at + 1)), distinct: false });
const height = columns[0][1].length, found = [];
for (const { filters, search } of cases) {
  const asked = new Map(filters.map(([name, { values, ...rest }]) => [name, values ? { ...rest, values: new Set(values) } : rest]));
  const { rows, searched } = await select(height, asked, search, fields, read);
  const picked = rows ? [...rows] : Array.from({ length: height }, (_, row) => row);
  const csv = picked.map((row) => csvLine(fields.map((field) => textOf(cells.get(field.name)[row], field)))).join("");
  found.push({ where: where(asked, searched, fields), rows: picked, csv });
}
console.log(JSON.stringify(found));
