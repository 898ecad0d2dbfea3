// The canonical text of a value, CSV in the form of the release, keys in addresses.

import { Sha256 } from "./sha256.js";

/** @typedef {import("./parquet.js").Value} Value */
/** @typedef {{name: string, title: string, type: string, zoned?: boolean, kind: "text" | "number" | "date" | "moment" | "boolean", width: "narrow" | "middle" | "long", codes?: [Value, string][], leads?: string, of?: string}} Field */

const DAY = 86_400_000;

/** Days since 1970 as a date, with four digits of the year at least. @param {number} days */
export function dateText(days) {
  const date = new Date(days * DAY), year = date.getUTCFullYear();
  const tail = `-${String(date.getUTCMonth() + 1).padStart(2, "0")}-${String(date.getUTCDate()).padStart(2, "0")}`;
  return (year < 0 ? "-" : "") + String(Math.abs(year)).padStart(4, "0") + tail;
}

/** A number without an exponent. @param {number | bigint} value */
export function numberText(value) {
  const [digits, exponent] = String(value).split("e");
  if (exponent === undefined) return digits === "-0" ? "0" : digits;
  const [, sign, whole, part = ""] = /** @type {string[]} */ (/^(-?)(\d+)\.?(\d*)$/.exec(digits));
  const all = whole + part, point = whole.length + Number(exponent);
  if (point <= 0) return `${sign}0.${"0".repeat(-point)}${all}`;
  return sign + (point >= all.length ? all.padEnd(point, "0") : `${all.slice(0, point)}.${all.slice(point)}`);
}

/**
 * The canonical text of a cell; null when it is missing.
 * @param {Value | undefined} value
 * @param {Field} field
 * @returns {string | null}
 */
export function textOf(value, field) {
  if (value === null || value === undefined) return null;
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return String(value);
  if (field.kind === "date") return dateText(Number(value));
  if (field.kind === "moment") {
    const micros = BigInt(value), day = micros / 86_400_000_000n - (micros % 86_400_000_000n < 0n ? 1n : 0n);
    const rest = micros - day * 86_400_000_000n, seconds = Number(rest / 1_000_000n), fraction = String(rest % 1_000_000n).padStart(6, "0").replace(/0+$/, "");
    const clock = [seconds / 3600, (seconds / 60) % 60, seconds % 60].map((part) => String(Math.floor(part)).padStart(2, "0")).join(":");
    return `${dateText(Number(day))}T${clock}${fraction && `.${fraction}`}${field.zoned ? "Z" : ""}`;
  }
  if (field.type === "year") return (value < 0 ? "-" : "") + String(value < 0 ? -value : value).padStart(4, "0");
  return numberText(value);
}

/** A cell of canonical CSV: quoted only where it must be; the empty text is told apart from a missing cell. @param {string | null} text */
export const csvCell = (text) => (text === null ? "" : text === "" || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** A line of canonical CSV; in a table of one column a missing cell is `""`. @param {(string | null)[]} cells */
export const csvLine = (cells) => (cells.length === 1 ? csvCell(cells[0] ?? "") : cells.map(csvCell).join(",")) + "\n";

/** The parts of a key as one text. @param {(string | null)[]} parts */
export const joinKey = (parts) => parts.map((part) => (part ?? "").replace(/[|\\]/g, "\\$&")).join("|");

/** The parts of such a text. @param {string} key */
export function splitKey(key) {
  const parts = [""];
  for (let at = 0; at < key.length; at++)
    if (key[at] === "|") parts.push("");
    else parts[parts.length - 1] += key[key[at] === "\\" ? ++at : at] ?? "";
  return parts;
}

/** The part of an address that stands for a text and no other: `slug` of addresses.py, where it says why. @param {string} text */
export function slug(text) {
  const isId = /^[A-Z]{1,8}[_-]?[0-9]+$/, isPlain = /^[a-z0-9][a-z0-9_.-]{0,99}$/.test(text) && !isId.test(text.toUpperCase());
  if ((isPlain || isId.test(text)) && !/^(index|.*\.|(con|prn|aux|nul|(com|lpt)[0-9])(\..*)?)$/i.test(text)) return text;
  const stem = text.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "").slice(0, 40) || "x";
  return `${stem}~${new Sha256().update(new TextEncoder().encode(text)).hex().slice(0, 16)}`;
}

/**
 * The address of the page of an event or an actor.
 * @param {{way: string, isEach: boolean}} story `isEach`: each has a page; else one shows any of them
 * @param {string} id
 */
export const storyOf = ({ way, isEach }, id) => way + (isEach ? `${slug(id)}.html` : encodeURIComponent(id));
