// Many ranges of bytes with few requests.

/** Bytes between two ranges that are rather read than asked for separately. */
const GAP = 64_000;
/** Bytes of one request, so that work can begin before all has come. */
const MOST = 4_000_000;
/** Requests at a time, as browsers allow per host. */
const PARALLEL = 6;
/** Milliseconds of work before the browser gets its turn: one frame. */
const SLICE = 16;

/**
 * Reads many ranges with few requests, each range given on as soon as it is there.
 * @template {{start: number, end: number}} R
 * @param {import("./bytes.js").Source} source
 * @param {R[]} ranges
 * @param {(range: R, bytes: Uint8Array) => unknown} take
 */
export async function readMany(source, ranges, take) {
  /** @type {R[][]} */
  const requests = [];
  for (const range of [...ranges].sort((a, b) => a.start - b.start)) {
    const last = requests[requests.length - 1];
    const near = last && range.start - last[last.length - 1].end <= GAP && range.end - last[0].start <= MOST;
    if (near) last.push(range);
    else requests.push([range]);
  }
  const waiting = requests.values();
  const work = async () => {
    for (const group of waiting) {
      const first = group[0].start;
      const bytes = await source.read(first, Math.max(...group.map((range) => range.end)));
      for (const range of group) await take(range, bytes.subarray(range.start - first, range.end - first));
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, work));
}

/** Waits until the browser had time to draw. @returns {Promise<void>} */
export const breathe = () => /** @type {any} */ (globalThis).scheduler?.yield?.() ?? new Promise((resolve) => setTimeout(resolve));
/** Waits until the browser has nothing else to do. @returns {Promise<unknown>} */
export const idle = () => new Promise((resolve) => (globalThis.requestIdleCallback || setTimeout)(resolve));

let breathed = 0;
/** Lets the browser have its turn if work has gone on for long; says whether it did. */
export async function rest() {
  if (performance.now() - breathed < SLICE) return false;
  await breathe();
  breathed = performance.now();
  return true;
}
