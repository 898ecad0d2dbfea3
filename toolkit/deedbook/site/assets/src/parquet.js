// A table in a Parquet file as dictionary codes: a cell is a number that names its value; 0 is a missing one.
// Filters, facets and orders then look at each distinct value once and at a million small numbers, not at a million texts.

import { decompress } from "fzstd";
import { parquetHeader } from "hyparquet/src/column.js";
import { decompressPage, readDataPage } from "hyparquet/src/datapage.js";
import { parquetMetadata } from "hyparquet/src/metadata.js";
import { readPlain } from "hyparquet/src/plain.js";
import { readMany, rest } from "./ranges.js";

/** Columns of row groups that are kept decoded: some ten million cells. */
const KEPT = 1_000;
const text = new TextDecoder();
const compressors = { ZSTD: (/** @type {Uint8Array} */ bytes, /** @type {number} */ size) => decompress(bytes, new Uint8Array(size)) };

/** @typedef {string | number | bigint | boolean | null} Value days for a date, microseconds for a moment */
/** @typedef {{values: Value[], codes: Uint32Array, distinct: boolean}} Column */
/** @typedef {{start: number, end: number, name: string, group: number, element: any, codec: any, filled: boolean, low: any, high: any}} Chunk `filled`: no cell is missing */
/** @typedef {{first: number, rows: number, chunks: Map<string, Chunk>}} Group */

/** A value of the file as one of ours. @param {any} raw @returns {Value} */
function value(raw) {
  if (raw instanceof Uint8Array) return text.decode(raw);
  if (typeof raw === "bigint" && raw >= Number.MIN_SAFE_INTEGER && raw <= Number.MAX_SAFE_INTEGER) return Number(raw);
  return raw;
}

/**
 * Numbers of few bits, runs of one number and packed ones in turn, straight into an array: the library makes a list of them first.
 * @param {Uint8Array} bytes
 * @param {number} at
 * @param {number} width bits, 24 at most
 * @param {Uint32Array} out
 * @param {number} count
 * @param {number} more added to each
 */
export function unpack(bytes, at, width, out, count, more) {
  const mask = 2 ** width - 1;
  for (let done = 0; done < count; ) {
    let header = 0, byte = 128;
    for (let shift = 0; byte & 128; shift += 7) header |= ((byte = bytes[at++]) & 127) << shift;
    const many = header >>> 1;
    if (header & 1) {
      const next = at + many * width, end = Math.min(count, done + many * 8);
      for (let buffer = 0, bits = 0; done < end; buffer >>>= width, bits -= width) {
        for (; bits < width; bits += 8) buffer |= bytes[at++] << bits;
        out[done++] = (buffer & mask) + more;
      }
      at = next;
    } else {
      let value = 0;
      for (let shift = 0; shift < width; shift += 8) value |= bytes[at++] << shift;
      out.fill(value + more, done, (done += many));
    }
  }
}

/**
 * The pages of one column of one row group, with a rest after each.
 * @param {Uint8Array} bytes
 * @param {number} rows
 * @param {Chunk} chunk
 * @param {any} head the root of the schema
 * @param {Uint32Array} codes filled with them
 * @returns {Promise<Column>}
 */
async function decodeChunk(bytes, rows, { element, codec, filled }, head, codes = new Uint32Array(rows)) {
  const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 };
  const decoder = /** @type {any} */ ({ type: element.type, element, schemaPath: [{ element: head }, { element }], codec, compressors });
  /** @type {Value[]} */
  const values = [null];
  let at = 0, distinct = true;
  for (; at < rows; await rest()) {
    const header = parquetHeader(reader);
    const packed = bytes.subarray(reader.offset, (reader.offset += header.compressed_page_size));
    const page = decompressPage(packed, Number(header.uncompressed_page_size), codec, /** @type {any} */ (compressors));
    const view = new DataView(page.buffer, page.byteOffset, page.byteLength);
    if (header.dictionary_page_header) {
      for (const raw of readPlain({ view, offset: 0 }, element.type, header.dictionary_page_header.num_values, element.type_length)) values.push(value(raw));
      continue;
    }
    const about = header.data_page_header;
    if (!about) throw new Error(`${element.name}: ${header.type}`);
    const many = about.num_values, part = codes.subarray(at, (at += many));
    if (String(about.encoding).endsWith("_DICTIONARY")) {
      const start = element.repetition_type === "REQUIRED" ? 0 : 4 + view.getUint32(0, true);
      if (filled) unpack(page, start + 1, page[start], part, many, 1);
      else {
        const levels = new Uint32Array(many), found = new Uint32Array(many);
        unpack(page, 4, 1, levels, many, 0);
        unpack(page, start + 1, page[start], found, levels.reduce((sum, one) => sum + one, 0), 1);
        for (let row = 0, next = 0; row < many; row++) part[row] = levels[row] && found[next++];
      }
      continue;
    }
    distinct = false;
    const { definitionLevels: levels, dataPage: data } = readDataPage(page, about, decoder);
    for (let row = 0, next = 0; row < many; row++)
      if (!levels?.length || levels[row]) {
        part[row] = values.length;
        values.push(value(data[next++]));
      }
  }
  return { values, codes, distinct };
}

export class Parquet {
  /**
   * Reads the metadata, and no rows.
   * @param {import("./bytes.js").Source} source
   */
  static async open(source) {
    return new Parquet(source, parquetMetadata((await source.read(source.size - source.footer, source.size)).slice(), { geoparquet: false }));
  }

  /** @param {import("./bytes.js").Source} source @param {any} metadata */
  constructor(source, metadata) {
    this.source = source;
    this.head = metadata.schema[0];
    this.rows = Number(metadata.num_rows);
    /** @type {Map<string, Promise<Column>>} */
    this.columns = new Map();
    /** @type {Map<string, Column>} */
    this.ready = new Map();
    /** @type {Map<Chunk, Column>} */
    this.chunks = new Map();
    /** @type {Group[]} */
    this.groups = [];
    this.last = 0;
    let first = 0;
    for (const group of metadata.row_groups) {
      const chunks = new Map();
      group.columns.forEach((/** @type {any} */ column, /** @type {number} */ index) => {
        const about = column.meta_data, name = about.path_in_schema[0], start = Number(about.dictionary_page_offset || about.data_page_offset);
        const range = { start, end: start + Number(about.total_compressed_size), low: about.statistics?.min_value, high: about.statistics?.max_value };
        chunks.set(name, { ...range, name, group: this.groups.length, element: metadata.schema[index + 1], codec: about.codec, filled: about.statistics?.null_count === 0n });
      });
      this.groups.push({ first, rows: Number(group.num_rows), chunks });
      first += Number(group.num_rows);
    }
  }

  /** The group that holds a row. @param {number} row */
  groupOf(row) {
    const { first, rows } = this.groups[this.last];
    if (row < first || row >= first + rows) this.last = this.groups.findLastIndex((group) => group.first <= row);
    return this.last;
  }

  /**
   * A cell that was read; undefined when it was not.
   * @param {number} row
   * @param {string} name
   * @returns {Value | undefined}
   */
  cell(row, name) {
    const whole = this.ready.get(name);
    if (whole) return whole.values[whole.codes[row]];
    const group = this.groups[this.groupOf(row)];
    const chunk = this.chunks.get(/** @type {Chunk} */ (group.chunks.get(name)));
    return chunk?.values[chunk.codes[row - group.first]];
  }

  /**
   * Reads columns of row groups, so that `cell` knows them.
   * @param {Iterable<number>} groups
   * @param {string[]} names
   */
  async read(groups, names) {
    const wanted = [...new Set(groups)].flatMap((group) => names.filter((name) => !this.ready.has(name)).map((name) => /** @type {Chunk} */ (this.groups[group].chunks.get(name))));
    await readMany(this.source, wanted.filter((chunk) => chunk && !this.chunks.has(chunk)), async (chunk, bytes) => {
      this.chunks.set(chunk, await decodeChunk(bytes, this.groups[chunk.group].rows, chunk, this.head));
    });
    if (this.chunks.size > KEPT) this.chunks = new Map([...this.chunks].filter(([chunk]) => wanted.includes(chunk)));
  }

  /**
   * One column of all rows. Its values are distinct where all groups have a dictionary.
   * @param {string} name
   * @param {(share: number) => void} [progress]
   * @returns {Promise<Column>}
   */
  column(name, progress = () => {}) {
    const known = this.columns.get(name), promise = known || this.readColumn(name, progress);
    this.columns.set(name, promise);
    if (!known) promise.catch(() => this.columns.delete(name)); // asked again, it may come
    return promise;
  }

  /** @param {string} name @param {(share: number) => void} progress @returns {Promise<Column>} */
  async readColumn(name, progress) {
    const column = { values: /** @type {Value[]} */ ([null]), codes: new Uint32Array(this.rows), distinct: true };
    const known = new Map();
    /** @type {[Chunk, Uint8Array][]} */
    const pages = [];
    const chunks = /** @type {Chunk[]} */ (this.groups.map((group) => group.chunks.get(name)));
    await readMany(this.source, chunks, (chunk, bytes) => pages.push([chunk, bytes]));
    for (const [done, [chunk, bytes]] of pages.entries()) {
      const { first, rows } = this.groups[chunk.group];
      const codes = column.codes.subarray(first, first + rows), part = await decodeChunk(bytes, rows, chunk, this.head, codes);
      const names = new Uint32Array(part.values.length);
      column.distinct &&= part.distinct;
      for (let code = 1; code < names.length; code++) {
        const found = part.distinct ? known.get(part.values[code]) : undefined;
        names[code] = found ?? column.values.push(part.values[code]) - 1;
        if (part.distinct && found === undefined) known.set(part.values[code], names[code]);
      }
      if (names.some((name, code) => name !== code)) for (let row = 0; row < rows; row++) codes[row] = names[codes[row]];
      if (await rest()) progress((done + 1) / pages.length);
    }
    this.ready.set(name, column);
    return column;
  }

  /**
   * The row with a key: one group is read where the statistics name only one. -1 when there is none.
   * @param {string[]} key the names of its fields
   * @param {string[]} wanted canonical texts
   * @param {(value: Value, name: string) => string | null} write
   * @param {string[]} names the columns to read with it
   */
  async find(key, wanted, write, names) {
    const first = /** @type {string} */ (key[0]);
    for (const [index, group] of this.groups.entries()) {
      const chunk = /** @type {Chunk} */ (group.chunks.get(first));
      const { low, high } = chunk, asked = Number(wanted[0]);
      if (typeof low === "string" ? before(wanted[0], low) || before(high, wanted[0]) : typeof low !== "object" && (asked < low || asked > high)) continue;
      await this.read([index], [...new Set([...key, ...names])]);
      for (let row = group.first; row < group.first + group.rows; row++)
        if (key.every((name, at) => write(/** @type {Value} */ (this.cell(row, name)), name) === wanted[at])) return row;
    }
    return -1;
  }
}

/** Whether a text stands before another by code point, as keys do; UTF-16 orders some characters otherwise. @param {string} a @param {string} b */
export function before(a, b) {
  const left = [...a], right = [...b], at = left.findIndex((letter, place) => letter !== right[place]);
  return at < 0 ? left.length < right.length : at < right.length && Number(left[at].codePointAt(0)) < Number(right[at].codePointAt(0));
}
