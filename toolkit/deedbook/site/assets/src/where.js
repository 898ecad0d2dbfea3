// Filters: what each accepts, how it reads as the SQL of `deedbook cite --where`, and how it stands in an address.
// A filter and its SQL must pick the same rows: the citation carries the SQL, and `fetch --subset` runs it.

import { dateText, numberText, textOf } from "./values.js";

/** @typedef {import("./parquet.js").Value} Value */
/** @typedef {import("./values.js").Field} Field */
/** @typedef {{values?: Set<Value>, text?: string, low?: string, high?: string, missing?: boolean}} Filter `missing`: only those, or only the others */

const DAY = 86_400_000_000;
/** What stands before a part of a filter in an address. @type {Map<string, "text" | "low" | "high">} */
const SIGNS = new Map([["~", "text"], [">", "low"], ["<", "high"]]);

/** @param {string} name */
const quoted = (name) => `"${name.replaceAll('"', '""')}"`;
/** @param {string} text */
const literal = (text) => `'${text.replaceAll("'", "''")}'`;

/** @param {Value} value @param {Field} field */
function written(value, field) {
  if (typeof value === "string") return literal(value);
  if (typeof value === "boolean") return value ? "TRUE" : "FALSE";
  return field.kind === "date" ? `DATE '${dateText(Number(value))}'` : numberText(/** @type {number} */ (value));
}

/** Days since 1970 of a date that a person chose; null for anything else. @param {string} text */
function daysOf(text) {
  const found = /^(\d{4})-(\d\d)-(\d\d)$/.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(found) ? null : Math.round(found / 86_400_000);
}

/** An end of a range as days or a number; null when it is none. @param {string | undefined} text @param {Field} field */
function bound(text, field) {
  if (!text) return null;
  if (field.kind !== "number") return daysOf(text);
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : null;
}

/**
 * Whether a value passes.
 * @param {Filter} filter
 * @param {Field} field
 * @returns {(value: Value) => boolean}
 */
export function accepts(filter, field) {
  const { values, missing } = filter, text = filter.text?.toLowerCase();
  const low = bound(filter.low, field), high = bound(filter.high, field);
  const scale = field.kind === "moment" ? DAY : 1, last = field.kind === "moment" ? DAY - 1 : 0;
  return (/** @type {any} */ value) => {
    if (values?.size && !values.has(value)) return false;
    if (missing !== undefined && missing !== (value === null)) return false;
    if (text && !(typeof value === "string" && value.toLowerCase().includes(text))) return false;
    if (low !== null && !(value !== null && value >= low * scale)) return false;
    return high === null || (value !== null && value <= high * scale + last);
  };
}

/** The conditions of a filter. @param {Filter} filter @param {Field} field @returns {string[]} */
export function conditions(filter, field) {
  const name = quoted(field.name), found = [];
  if (filter.values?.size) {
    const there = [...filter.values].filter((value) => value !== null).map((value) => written(value, field));
    const parts = [there.length ? `${name} IN (${there.join(", ")})` : "", filter.values.has(null) ? `${name} IS NULL` : ""].filter(Boolean);
    found.push(parts.length > 1 ? `(${parts.join(" OR ")})` : parts[0]);
  }
  if (filter.missing !== undefined) found.push(`${name} IS ${filter.missing ? "" : "NOT "}NULL`);
  if (filter.text) found.push(`STRPOS(LOWER(${name}), ${literal(filter.text.toLowerCase())}) > 0`);
  const low = bound(filter.low, field), high = bound(filter.high, field);
  const dated = field.kind !== "number", moment = field.kind === "moment";
  if (low !== null) found.push(`${name} >= ${dated ? `DATE '${dateText(low)}'` : numberText(low)}`);
  if (high !== null) found.push(`${name} ${moment ? "<" : "<="} ${dated ? `DATE '${dateText(high + Number(moment))}'` : numberText(high)}`);
  return found;
}

/** Whether a filter says anything. @param {Filter} filter @param {Field} field */
export const isActive = (filter, field) => conditions(filter, field).length > 0;

/** The words of a search, each once. @param {string} text */
export const wordsOf = (text) => [...new Set(text.toLowerCase().split(/\s+/).filter(Boolean))];

/** The codes of a field of which the code or the label holds a word. @param {string} word @param {Field} field */
export const labelled = (word, field) => (field.codes || []).filter((parts) => parts.some((part) => String(part).toLowerCase().includes(word))).map(([value]) => value);

/**
 * A search as conditions: each word stands in some text, or in some code or its label.
 * @param {Map<string, Set<string>>} found the words, each with the fields in which it was found: the others would pick no row
 * @param {Field[]} fields
 */
export const searchConditions = (found, fields) =>
  [...found].map(([word, names]) => {
    const parts = fields.filter((field) => names.has(field.name)).map((field) => {
      if (!field.codes) return `STRPOS(LOWER(${quoted(field.name)}), ${literal(word)}) > 0`;
      return `${quoted(field.name)} IN (${labelled(word, field).map((code) => written(code, field)).join(", ")})`;
    });
    return parts.length > 1 ? `(${parts.join(" OR ")})` : parts[0] || "FALSE";
  });

/**
 * The SQL expression of all filters; `TRUE` picks every row.
 * @param {Map<string, Filter>} filters
 * @param {Map<string, Set<string>>} searched
 * @param {Field[]} fields
 */
export function where(filters, searched, fields) {
  const found = fields.flatMap((field) => (filters.has(field.name) ? conditions(/** @type {Filter} */ (filters.get(field.name)), field) : []));
  return [...found, ...searchConditions(searched, fields)].join(" AND ") || "TRUE";
}

/** A text in single quotes for a shell. @param {string} text */
export const shell = (text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'"'"'`)}'`);

/** The filters as the part of an address behind `#TABLE?`. @param {Map<string, Filter>} filters @param {string} search @param {Field[]} fields */
export function toAddress(filters, search, fields) {
  const found = new URLSearchParams();
  for (const field of fields) {
    const filter = filters.get(field.name);
    if (!filter) continue;
    for (const value of filter.values || []) found.append(field.name, value === null ? "0" : `=${textOf(value, field)}`);
    for (const [sign, part] of SIGNS) if (filter[part]) found.append(field.name, sign + filter[part]);
    if (filter.missing !== undefined) found.append(field.name, filter.missing ? "-" : "+");
  }
  if (search) found.append("", search);
  return found.toString();
}

/** What stands in an address; what no field of the table has is left out. @param {string} text @param {Field[]} fields */
export function fromAddress(text, fields) {
  /** @type {Map<string, Filter>} */
  const filters = new Map();
  const asked = new URLSearchParams(text);
  for (const field of fields)
    for (const text of asked.getAll(field.name)) {
      const filter = filters.get(field.name) || {}, sign = text[0], rest = text.slice(1), part = SIGNS.get(sign);
      if (part) filter[part] = rest;
      if (sign === "=" || sign === "0") (filter.values ||= new Set()).add(sign === "0" ? null : valueOf(rest, field));
      if (sign === "-" || sign === "+") filter.missing = sign === "-";
      filters.set(field.name, filter);
    }
  return { filters, search: asked.get("") || "" };
}

/** The value of a text in an address. @param {string} text @param {Field} field @returns {Value} */
const valueOf = (text, field) => ({ boolean: text === "true", date: daysOf(text), number: Number(text), moment: text, text })[field.kind];
