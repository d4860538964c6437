/**
 * ECDSA over P-256 with SHA-256 (FIPS 186-5), for pages that come without TLS, to which browsers give no WebCrypto.
 * Only checks, so nothing in it is secret.
 */

import { toBig } from "./bytes.ts";
import { inverse, mod } from "./field.ts";
import { sha256 } from "./hash.ts";

const P = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn;
const B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn;
export const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** Jacobian coordinates: x = X/Z², y = Y/Z³; Z is 0 for the point at infinity. */
type Point = readonly [bigint, bigint, bigint];

const INFINITY: Point = [1n, 1n, 0n];
const GENERATOR: Point = [
  0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296n,
  0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5n,
  1n,
];

const reduce = (value: bigint): bigint => mod(value, P);

function double([x, y, z]: Point): Point {
  if (!z) return INFINITY;
  const zz = reduce(z * z);
  const yy = reduce(y * y);
  const s = reduce(4n * x * yy);
  const m = reduce(3n * (x - zz) * (x + zz));
  const x3 = reduce(m * m - 2n * s);
  return [x3, reduce(m * (s - x3) - 8n * yy * yy), reduce(2n * y * z)];
}

function add(p: Point, q: Point): Point {
  if (!p[2]) return q;
  if (!q[2]) return p;
  const [x1, y1, z1] = p;
  const [x2, y2, z2] = q;
  const z1z1 = reduce(z1 * z1);
  const z2z2 = reduce(z2 * z2);
  const u1 = reduce(x1 * z2z2);
  const h = reduce(x2 * z1z1 - u1);
  const s1 = reduce(y1 * z2 * z2z2);
  const r = reduce(y2 * z1 * z1z1 - s1);
  if (!h) return r ? INFINITY : double(p);
  const hh = reduce(h * h);
  const hhh = reduce(h * hh);
  const v = reduce(u1 * hh);
  const x3 = reduce(r * r - hhh - 2n * v);
  return [x3, reduce(r * (v - x3) - s1 * hhh), reduce(z1 * z2 * h)];
}

/** Whether (`x`, `y`), 32 bytes each, is a point on the curve. */
export function onCurve(x: Uint8Array, y: Uint8Array): boolean {
  const a = toBig(x);
  const b = toBig(y);
  return a < P && b < P && reduce(b * b - a * a * a + 3n * a - B) === 0n;
}

/** Whether `signature`, r‖s, over `message` is that of the key (`x`, `y`), which is on the curve. */
export function check(x: Uint8Array, y: Uint8Array, signature: Uint8Array, message: Uint8Array): boolean {
  const r = toBig(signature.subarray(0, 32));
  const s = toBig(signature.subarray(32));
  if (signature.length !== 64 || !r || !s || r >= ORDER || s >= ORDER) return false;
  const w = inverse(s, ORDER);
  const u1 = mod(toBig(sha256(message)) * w, ORDER);
  const u2 = mod(r * w, ORDER);
  const key: Point = [toBig(x), toBig(y), 1n];
  const both = add(GENERATOR, key);
  let sum = INFINITY;
  // The bits of both factors at once: half the doublings.
  for (let bit = 255n; bit >= 0n; bit--) {
    sum = double(sum);
    const one = (u1 >> bit) & 1n;
    const two = (u2 >> bit) & 1n;
    if (one || two) sum = add(sum, one && two ? both : one ? GENERATOR : key);
  }
  if (!sum[2]) return false;
  const z = inverse(sum[2], P);
  return mod(reduce(sum[0] * z * z), ORDER) === r;
}
