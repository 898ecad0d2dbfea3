// Which rows are shown and in which order, and how often each value occurs among them.

import { rest } from "./ranges.js";
import { accepts, isActive, labelled, wordsOf } from "./where.js";

/** @typedef {import("./parquet.js").Value} Value */
/** @typedef {import("./parquet.js").Column} Column */
/** @typedef {import("./values.js").Field} Field */
/** @typedef {import("./where.js").Filter} Filter */
/** @typedef {(name: string) => Promise<Column>} Reader */
/** @typedef {{rows: Uint32Array | null, length: number, fails: Uint8Array | null, passes: Map<string, Uint8Array>, searched: Map<string, Set<string>>}} Selection `rows` null: all; `searched`: words, and the fields that hold them */

/** Which values of a column pass. @param {Column} column @param {(value: Value) => boolean} test */
export async function passing({ values }, test) {
  const pass = new Uint8Array(values.length);
  for (let code = 0; code < pass.length; code++) {
    pass[code] = Number(test(values[code]));
    if (code % 4096 === 0) await rest();
  }
  return pass;
}

/**
 * The rows that pass all filters, in the order of the file.
 * @param {number} height
 * @param {Map<string, Filter>} filters
 * @param {string} search
 * @param {Field[]} fields
 * @param {Reader} read
 * @returns {Promise<Selection>}
 */
export async function select(height, filters, search, fields, read) {
  const active = fields.filter((field) => filters.has(field.name) && isActive(/** @type {Filter} */ (filters.get(field.name)), field));
  const words = wordsOf(search), passes = new Map(), searched = new Map();
  if (!active.length && !words.length) return { rows: null, length: height, fails: null, passes, searched };
  const fails = new Uint8Array(height);
  for (const field of active) {
    const column = await read(field.name), { codes } = column;
    const pass = await passing(column, accepts(/** @type {Filter} */ (filters.get(field.name)), field));
    passes.set(field.name, pass);
    for (let row = 0; row < height; row++) fails[row] += 1 - pass[codes[row]];
  }
  for (const word of words) {
    const hits = new Uint8Array(height), holders = new Set();
    searched.set(word, holders);
    for (const field of fields) {
      const codes = new Set(labelled(word, field));
      if (field.codes ? !codes.size : field.kind !== "text") continue;
      const column = await read(field.name);
      const pass = await passing(column, (value) => (field.codes ? codes.has(value) : typeof value === "string" && value.toLowerCase().includes(word)));
      if (!pass.includes(1)) continue;
      holders.add(field.name);
      for (let row = 0; row < height; row++) hits[row] |= pass[column.codes[row]];
    }
    for (let row = 0; row < height; row++) fails[row] += 1 - hits[row];
  }
  await rest();
  let length = 0;
  const rows = new Uint32Array(height);
  for (let row = 0; row < height; row++) if (!fails[row]) rows[length++] = row;
  return { rows: rows.slice(0, length), length, fails, passes, searched };
}

/**
 * How often each value occurs among the rows that pass the filters of the other fields: what choosing it would give.
 * @param {Column} column
 * @param {string} name
 * @param {Selection} selection
 * @returns {Map<Value, number>}
 */
export function tally(column, name, { fails, passes }) {
  const { codes, values } = column, counts = new Uint32Array(values.length), own = passes.get(name);
  for (let row = 0; row < codes.length; row++) if (!fails || fails[row] === (own ? 1 - own[codes[row]] : 0)) counts[codes[row]]++;
  const found = new Map();
  counts.forEach((many, code) => many && found.set(values[code], (found.get(values[code]) || 0) + many));
  return found;
}

/** Up to this many values are put in the order of the language; more by code unit, which is many times faster. */
const READABLE = 20_000;

/**
 * The rows in the order of a column, equal values in the order they had, missing ones last.
 * @param {Column} column
 * @param {Uint32Array | null} rows
 * @param {boolean} down
 * @param {string} language
 */
export function order(column, rows, down, language) {
  const { values, codes } = column, there = values.map((_, code) => code).filter((code) => values[code] !== null);
  const ranks = new Uint32Array(values.length), collate = new Intl.Collator(language, { numeric: true }).compare;
  const readable = there.length <= READABLE && typeof values[there[0]] === "string";
  const compare = (/** @type {any} */ a, /** @type {any} */ b) => (readable ? collate(a, b) || (a < b ? -1 : Number(a > b)) : a < b ? -1 : Number(a > b));
  there.sort((a, b) => compare(values[a], values[b]));
  let rank = 0;
  there.forEach((code, at) => (ranks[code] = at && values[code] === values[there[at - 1]] ? rank : ++rank));
  if (down) for (const code of there) ranks[code] = rank + 1 - ranks[code];
  values.forEach((value, code) => value === null && (ranks[code] = rank + 1));
  const starts = new Uint32Array(rank + 3), length = rows ? rows.length : codes.length, found = new Uint32Array(length);
  for (let at = 0; at < length; at++) starts[ranks[codes[rows ? rows[at] : at]] + 1]++;
  for (let at = 1; at < starts.length; at++) starts[at] += starts[at - 1];
  for (let at = 0; at < length; at++) {
    const row = rows ? rows[at] : at;
    found[starts[ranks[codes[row]]]++] = row;
  }
  return found;
}
