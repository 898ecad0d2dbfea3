// SHA-256 piece by piece: the browser's own wants all bytes at once, and is missing on pages that came by plain http.

/** The first 32 bits behind the point of the square and cubic roots of the first primes. */
const START = new Uint32Array(64), K = new Uint32Array(64);
for (let number = 2, at = 0; at < 64; number++) {
  let divisor = 2;
  while (number % divisor) divisor++;
  if (divisor === number) [START[at], K[at++]] = [(Math.sqrt(number) % 1) * 2 ** 32, (Math.cbrt(number) % 1) * 2 ** 32];
}

export class Sha256 {
  state = START.slice(0, 8);
  block = new Uint8Array(64);
  words = new Uint32Array(64);
  length = 0;

  /** @param {Uint8Array} bytes */
  update(bytes) {
    for (let at = 0; at < bytes.length; ) {
      const filled = this.length % 64, piece = bytes.subarray(at, at + 64 - filled);
      this.block.set(piece, filled);
      this.length += piece.length;
      at += piece.length;
      if (this.length % 64 === 0) this.mix();
    }
    return this;
  }

  mix() {
    const { words: w, state, block } = this;
    for (let i = 0; i < 16; i++) w[i] = (block[4 * i] << 24) | (block[4 * i + 1] << 16) | (block[4 * i + 2] << 8) | block[4 * i + 3];
    for (let i = 16; i < 64; i++) {
      const x = w[i - 15], y = w[i - 2];
      const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
      const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
      w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 64; i++) {
      const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
      const one = (h + s1 + ((e & f) ^ (~e & g)) + K[i] + w[i]) | 0;
      const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
      const two = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) | 0, c, b, a, (one + two) | 0];
    }
    [a, b, c, d, e, f, g, h].forEach((value, i) => (state[i] += value));
  }

  /** The digest in hexadecimal; nothing can be added after it. */
  hex() {
    const bits = this.length * 8, used = this.length % 64;
    const tail = new Uint8Array((used < 56 ? 64 : 128) - used);
    tail[0] = 0x80;
    const view = new DataView(tail.buffer);
    view.setUint32(tail.length - 8, Math.floor(bits / 2 ** 32));
    view.setUint32(tail.length - 4, bits >>> 0);
    this.update(tail);
    return Array.from(this.state, (word) => word.toString(16).padStart(8, "0")).join("");
  }
}
