// The bytes of a Parquet file: by range requests over http, from a script that carries them when the page was opened from a file.

import { taken } from "./dom.js";

/** Up to this size a file is read at once: one request costs less than many. */
const WHOLE = 1_400_000;

/** @typedef {{url: string, script: string | null, name: string, bytes: number, footer: number}} Address */
/** @typedef {{size: number, footer: number, isWhole: boolean, read: (start: number, end: number) => Promise<Uint8Array>}} Source `isWhole`: all bytes come with the first */

/** @param {string} text base64 */
export function decode(text) {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at);
  return bytes;
}

/**
 * Where the bytes come from.
 * @param {Address} address
 * @returns {Promise<Source>}
 */
export async function open(address) {
  if (location.protocol === "file:") {
    if (!address.script) throw new RangeError("large");
    const bytes = decode(await taken(address.name, address.script));
    return { size: bytes.length, footer: address.footer, isWhole: true, read: async (start, end) => bytes.subarray(start, end) };
  }
  /** @type {Promise<Uint8Array> | null} */
  let whole = null;
  /** @param {number} start @param {number} end */
  const ask = async (start, end) => {
    const answer = await fetch(address.url, { headers: { Range: `bytes=${start}-${end - 1}` } });
    if (!answer.ok) throw new Error(`${address.url}: ${answer.status}`);
    const bytes = new Uint8Array(await answer.arrayBuffer());
    if (answer.status === 206) return bytes;
    whole = Promise.resolve(bytes); // the server knows no ranges
    return bytes.subarray(start, end);
  };
  const { bytes: size, footer } = address, isWhole = size <= WHOLE;
  /** @param {number} start @param {number} end */
  const read = async (start, end) => {
    if (isWhole) whole ||= ask(0, size);
    return whole ? (await whole).subarray(start, end) : ask(start, end);
  };
  return { size, footer, isWhole, read };
}
