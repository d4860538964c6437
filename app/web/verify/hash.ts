/**
 * SHA-256 and SHA-512, synchronous (FIPS 180-4).
 *
 * A proof is a chain of hashes of 65 bytes: WebCrypto, which answers each in a task of its own, takes twenty times as
 * long for them. The constants are what the standard says they are, the first bits of square and cube roots of
 * primes, and those of SHA-256 are the upper halves of those of SHA-512.
 */

import { type Bytes, utf8 } from "./bytes.ts";

function primes(count: number): number[] {
  const found: number[] = [];
  for (let number = 2; found.length < count; number++) if (found.every((prime) => number % prime)) found.push(number);
  return found;
}

/** 64 bits behind the point of the `power`-th root of `number`: Newton's way, on whole numbers, from just above. */
function fraction(number: number, power: number): bigint {
  const [degree, wanted] = [BigInt(power), BigInt(number) << BigInt(64 * power)];
  let root = BigInt(number ** (1 / power) * (1 + 2 ** -50) * 2 ** 64);
  for (;;) {
    const next = ((degree - 1n) * root + wanted / root ** (degree - 1n)) / degree;
    if (next >= root) return BigInt.asUintN(64, root);
    root = next;
  }
}

const words = (fractions: bigint[], shift: bigint): Int32Array =>
  Int32Array.from(fractions, (bits) => Number(BigInt.asIntN(32, bits >> shift)));

const CUBES = primes(80).map((prime) => fraction(prime, 3));
const SQUARES = primes(8).map((prime) => fraction(prime, 2));
const K = words(CUBES, 32n);
const K_LOW = words(CUBES, 0n);
const START = words(SQUARES, 32n);
const START_LOW = words(SQUARES, 0n);

/** `data` with the end that both hashes put to it: a one bit, zeros, the length in bits. */
function padded(data: Uint8Array, block: number): DataView {
  const size = Math.ceil((data.length + 1 + block / 8) / block) * block;
  const whole = new Uint8Array(size);
  whole.set(data);
  whole[data.length] = 0x80;
  const view = new DataView(whole.buffer);
  view.setUint32(size - 8, Math.floor(data.length / 0x20000000));
  view.setUint32(size - 4, data.length << 3);
  return view;
}

const W = new Int32Array(64);

export function sha256(data: Uint8Array): Bytes {
  const view = padded(data, 64);
  const state = START.slice();
  for (let at = 0; at < view.byteLength; at += 64) {
    for (let t = 0; t < 16; t++) W[t] = view.getInt32(at + 4 * t);
    for (let t = 16; t < 64; t++) {
      const x = W[t - 15]!;
      const y = W[t - 2]!;
      const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
      const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
      W[t] = (W[t - 16]! + s0 + W[t - 7]! + s1) | 0;
    }
    let a = state[0]!;
    let b = state[1]!;
    let c = state[2]!;
    let d = state[3]!;
    let e = state[4]!;
    let f = state[5]!;
    let g = state[6]!;
    let h = state[7]!;
    for (let t = 0; t < 64; t++) {
      const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
      const one = (h + s1 + ((e & f) ^ (~e & g)) + K[t]! + W[t]!) | 0;
      const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
      const two = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + one) | 0;
      d = c;
      c = b;
      b = a;
      a = (one + two) | 0;
    }
    state.set([state[0]! + a, state[1]! + b, state[2]! + c, state[3]! + d]);
    state.set([state[4]! + e, state[5]! + f, state[6]! + g, state[7]! + h], 4);
  }
  const out = new DataView(new ArrayBuffer(32));
  state.forEach((word, place) => out.setInt32(4 * place, word));
  return new Uint8Array(out.buffer);
}

export const sha256Text = (text: string): Bytes => sha256(utf8(text));

const HIGH = new Int32Array(80);
const LOW = new Int32Array(80);

/** For the check of Ed25519 in browsers without it. */
export function sha512(data: Uint8Array): Bytes {
  const view = padded(data, 128);
  const state = new Int32Array(16);
  START.forEach((word, place) => state.set([word, START_LOW[place]!], 2 * place));
  // The upper half of a sum is right once the carry out of the exact sum of the lower halves is put to it.
  const carry = (...low: number[]): number => Math.floor(low.reduce((sum, word) => sum + (word >>> 0), 0) / 2 ** 32);
  for (let at = 0; at < view.byteLength; at += 128) {
    for (let t = 0; t < 16; t++) {
      HIGH[t] = view.getInt32(at + 8 * t);
      LOW[t] = view.getInt32(at + 8 * t + 4);
    }
    for (let t = 16; t < 80; t++) {
      const xh = HIGH[t - 15]!;
      const xl = LOW[t - 15]!;
      const yh = HIGH[t - 2]!;
      const yl = LOW[t - 2]!;
      const s0h = ((xh >>> 1) | (xl << 31)) ^ ((xh >>> 8) | (xl << 24)) ^ (xh >>> 7);
      const s0l = ((xl >>> 1) | (xh << 31)) ^ ((xl >>> 8) | (xh << 24)) ^ ((xl >>> 7) | (xh << 25));
      const s1h = ((yh >>> 19) | (yl << 13)) ^ ((yh << 3) | (yl >>> 29)) ^ (yh >>> 6);
      const s1l = ((yl >>> 19) | (yh << 13)) ^ ((yl << 3) | (yh >>> 29)) ^ ((yl >>> 6) | (yh << 26));
      HIGH[t] = HIGH[t - 16]! + s0h + HIGH[t - 7]! + s1h + carry(LOW[t - 16]!, s0l, LOW[t - 7]!, s1l);
      LOW[t] = LOW[t - 16]! + s0l + LOW[t - 7]! + s1l;
    }
    const v = state.slice();
    for (let t = 0; t < 80; t++) {
      const [ah, al, bh, bl, ch, cl, , , eh, el, fh, fl, gh, gl, hh, hl] = v as unknown as number[] & { 15: number };
      const s1h = ((eh! >>> 14) | (el! << 18)) ^ ((eh! >>> 18) | (el! << 14)) ^ ((eh! << 23) | (el! >>> 9));
      const s1l = ((el! >>> 14) | (eh! << 18)) ^ ((el! >>> 18) | (eh! << 14)) ^ ((el! << 23) | (eh! >>> 9));
      const fgh = (eh! & fh!) ^ (~eh! & gh!);
      const fgl = (el! & fl!) ^ (~el! & gl!);
      const s0h = ((ah! >>> 28) | (al! << 4)) ^ ((ah! << 30) | (al! >>> 2)) ^ ((ah! << 25) | (al! >>> 7));
      const s0l = ((al! >>> 28) | (ah! << 4)) ^ ((al! << 30) | (ah! >>> 2)) ^ ((al! << 25) | (ah! >>> 7));
      const mh = (ah! & bh!) ^ (ah! & ch!) ^ (bh! & ch!);
      const ml = (al! & bl!) ^ (al! & cl!) ^ (bl! & cl!);
      const oneLow = (hl! + s1l + fgl + K_LOW[t]! + LOW[t]!) | 0;
      const oneHigh = (hh! + s1h + fgh + K[t]! + HIGH[t]! + carry(hl!, s1l, fgl, K_LOW[t]!, LOW[t]!)) | 0;
      v.copyWithin(2, 0, 14);
      v[9] = v[9]! + oneLow;
      v[8] = v[8]! + oneHigh + (v[9]! >>> 0 < oneLow >>> 0 ? 1 : 0);
      v[1] = oneLow + s0l + ml;
      v[0] = oneHigh + s0h + mh + carry(oneLow, s0l, ml);
    }
    for (let word = 14; word >= 0; word -= 2) {
      const low = carry(state[word + 1]!, v[word + 1]!);
      state[word + 1] = state[word + 1]! + v[word + 1]!;
      state[word] = state[word]! + v[word]! + low;
    }
  }
  const out = new DataView(new ArrayBuffer(64));
  state.forEach((word, place) => out.setInt32(4 * place, word));
  return new Uint8Array(out.buffer);
}
