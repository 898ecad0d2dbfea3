// The parts of the bundle that need no browser: `node --test tests/site/js/`.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { compose } from "../../../toolkit/deedbook/site/assets/src/compose.js";
import { readMany } from "../../../toolkit/deedbook/site/assets/src/ranges.js";
import { order, select, tally } from "../../../toolkit/deedbook/site/assets/src/selection.js";
import { Sha256 } from "../../../toolkit/deedbook/site/assets/src/sha256.js";
import { csvLine, dateText, joinKey, numberText, splitKey, textOf } from "../../../toolkit/deedbook/site/assets/src/values.js";
import { fromAddress, shell, toAddress, where } from "../../../toolkit/deedbook/site/assets/src/where.js";

const field = (name, kind, more = {}) => ({ name, title: name, type: kind, kind, width: "middle", ...more });

/** A column of distinct values, as a file with a dictionary gives it. */
function column(cells) {
  const values = [null, ...new Set(cells.filter((cell) => cell !== null))];
  return { values, codes: Uint32Array.from(cells, (cell) => values.indexOf(cell)), distinct: true };
}

test("sha256 is that of the platform, whatever the pieces", () => {
  for (const length of [0, 1, 55, 56, 63, 64, 65, 1000]) {
    const bytes = Uint8Array.from({ length }, (_, at) => (at * 31) % 251), sha = new Sha256();
    for (let at = 0; at < length; at += 17) sha.update(bytes.subarray(at, at + 17));
    assert.equal(sha.hex(), createHash("sha256").update(bytes).digest("hex"));
  }
});

test("numbers are written without an exponent and without a negative zero", () => {
  const pairs = [[1e-7, "0.0000001"], [1.25e-10, "0.000000000125"], [1e22, "10000000000000000000000"], [-1.5e21, "-1500000000000000000000"], [-0, "0"], [0.1, "0.1"], [9007199254740993n, "9007199254740993"]];
  for (const [value, text] of pairs) assert.equal(numberText(value), text);
});

test("dates, moments and years have four digits and no needless fraction", () => {
  assert.equal(dateText(0), "1970-01-01");
  assert.equal(dateText(-719162), "0001-01-01");
  assert.equal(textOf(946782245120000, field("a", "moment", { zoned: true })), "2000-01-02T03:04:05.12Z");
  assert.equal(textOf(-1, field("a", "moment")), "1969-12-31T23:59:59.999999");
  assert.equal(textOf(44, field("a", "number", { type: "year" })), "0044");
});

test("a cell is quoted only where it must be, and an empty text is no missing cell", () => {
  assert.equal(csvLine(["a,b", 'q"q', "l\nf", "c\rr", "", null, " x", "=1+1"]), '"a,b","q""q","l\nf","c\rr","",, x,=1+1\n');
  assert.equal(csvLine([null]), '""\n');
});

test("the parts of a key survive bars and backslashes", () => {
  for (const parts of [["a"], ["a", "b"], ["a|b", "c\\d"], ["\\", "|"], ["E1", "x\ny"]]) assert.deepEqual(splitKey(joinKey(parts)), parts);
});

test("filters in an address come back as they were", () => {
  const fields = [field("status", "text", { codes: [["a", "A"]] }), field("n", "number"), field("day", "date"), field("is_it", "boolean"), field("__proto__", "text")];
  const filters = new Map([["status", { values: new Set(["a", null]) }], ["n", { low: "1", high: "2.5" }], ["is_it", { values: new Set([false]) }], ["__proto__", { text: "x&y=ü" }], ["day", { missing: true }]]);
  assert.deepEqual(fromAddress(toAddress(filters, "two words", fields), fields), { filters, search: "two words" });
});

test("what an address names that the table has not is left out", () => {
  assert.deepEqual(fromAddress("nothing=%3Dx&a=%3Fx", [field("a", "text")]), { filters: new Map([["a", {}]]), search: "" });
});

test("names and texts are quoted in the expression, and the expression for a shell", () => {
  const fields = [field('we"ird', "text")], filters = new Map([['we"ird', { values: new Set(["it's"]) }]]);
  assert.equal(where(filters, new Map(), fields), `"we""ird" IN ('it''s')`);
  assert.equal(where(new Map(), new Map(), fields), "TRUE");
  assert.equal(shell("it's"), `'it'"'"'s'`);
});

test("counts are those of the rows that the other filters leave", async () => {
  const columns = new Map([["a", column(["x", "x", "y", null])], ["b", column(["p", "q", "q", "q"])]]);
  const fields = [field("a", "text"), field("b", "text")], read = async (name) => columns.get(name);
  const filters = new Map([["a", { values: new Set(["x"]) }], ["b", { values: new Set(["q"]) }]]);
  const selection = await select(4, filters, "", fields, read);
  assert.deepEqual([...selection.rows], [1]);
  assert.deepEqual([...tally(columns.get("a"), "a", selection)], [[null, 1], ["x", 1], ["y", 1]]);
  assert.deepEqual([...tally(columns.get("b"), "b", selection)], [["p", 1], ["q", 1]]);
});

test("rows of equal values keep their order, and missing ones come last both ways", () => {
  const cells = column([3, null, 1, 3, 2n ** 60n, 1]);
  assert.deepEqual([...order(cells, null, false, "en")], [2, 5, 0, 3, 4, 1]);
  assert.deepEqual([...order(cells, null, true, "en")], [4, 0, 3, 2, 5, 1]);
  assert.deepEqual([...order(cells, Uint32Array.from([3, 5, 1]), false, "en")], [5, 3, 1]);
});

test("near ranges are one request, far ones are two, and each range gets its own bytes", async () => {
  const file = Uint8Array.from({ length: 300_000 }, (_, at) => at % 256), asked = [];
  const source = { size: file.length, footer: 0, read: async (start, end) => (asked.push([start, end]), file.subarray(start, end)) };
  const ranges = [{ start: 200_000, end: 200_010 }, { start: 5, end: 10 }, { start: 20, end: 25 }], got = new Map();
  await readMany(source, ranges, (range, bytes) => got.set(range, [...bytes]));
  assert.deepEqual(asked.sort((a, b) => a[0] - b[0]), [[5, 25], [200_000, 200_010]]);
  for (const range of ranges) assert.deepEqual(got.get(range), [...file.subarray(range.start, range.end)]);
});

const table = (more) => ({ table: "t", added: [], removed: [], rekeyed: [], changed: [], ...more });
const document = (version, ...tables) => ({ new: version, schema: [], tables_added: {}, tables_removed: {}, tables });
const cell = (key, old, now, more = {}) => ({ key, field: "f", kind: "value", old, new: now, ...more });

test("over several versions a cell has its first old and its last new value, and what came back is no change", () => {
  const { tables } = compose([document("2", table({ changed: [cell("a", "1", "2", { reason: "typo" }), cell("b", "x", "y")] })), document("3", table({ changed: [cell("a", "2", "3"), cell("b", "y", "x")] }))]);
  assert.deepEqual(tables[0].changes.map(({ key, old, new: now, reason, version }) => [key, old, now, reason, version]), [["a", "1", "3", "typo", "3"]]);
});

test("a row that came and went in between is none, one that went and came again is replaced", () => {
  const { tables } = compose([document("2", table({ added: ["new"], removed: [{ key: "old", reason: "duplicate" }] })), document("3", table({ added: ["old"], removed: [{ key: "new" }] }))]);
  assert.deepEqual(tables[0].changes.map(({ key, kind }) => [key, kind]), [["old", "replaced"]]);
});

test("a row is followed through other keys, and back", () => {
  const there = compose([document("2", table({ rekeyed: [{ old: "a", new: "b" }], changed: [cell("b", "1", "2")] })), document("3", table({ rekeyed: [{ old: "b", new: "c" }], changed: [cell("c", "2", "3")] }))]).tables[0];
  assert.deepEqual(there.changes.map(({ key, kind, old, new: now }) => [key, kind, old, now]), [["a", "rekeyed", "a", "c"], ["a", "value", "1", "3"]]);
  const back = compose([document("2", table({ rekeyed: [{ old: "a", new: "b" }] })), document("3", table({ rekeyed: [{ old: "b", new: "a" }] }))]).tables[0];
  assert.deepEqual(back.changes, []);
});

test("tables and fields whose names are JavaScript's own are names like others", () => {
  const { tables } = compose([document("2", { ...table({ changed: [{ key: "__proto__", field: "constructor", kind: "value", old: null, new: "1" }] }), table: "__proto__" })]);
  assert.deepEqual([tables[0].table, tables[0].changes[0].field], ["__proto__", "constructor"]);
});
