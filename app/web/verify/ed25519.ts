/**
 * Ed25519 as the ledger has it (RFC 8032 §5.1, without cofactor, S < L): the check of keys, which WebCrypto does not
 * make, and of signatures, for browsers that have none and for what they refuse.
 *
 * A key that is asked for signatures keeps a table of its multiples, for most keys sign more than once: then a check is
 * 128 additions instead of 500. Coordinates are left negative where they come out so; only what is compared is reduced.
 */

import { concat, toBig } from "./bytes.ts";
import { inverse, mod } from "./field.ts";
import { sha512 } from "./hash.ts";

const P = (1n << 255n) - 19n;
const ORDER = (1n << 252n) + 27742317777372353535851937790883648493n;
const D = mod(-121665n * inverse(121666n, P), P);
const D2 = 2n * D;
const WINDOW = 4;
const MOST = 1 << (WINDOW - 1);

/** Extended coordinates (X, Y, Z, T): x = X/Z, y = Y/Z, T = X·Y/Z. */
type Point = readonly [bigint, bigint, bigint, bigint];
/** Multiples 1 to 8 of 16^w times a point, for each window w of a scalar. */
type Table = readonly (readonly Point[])[];

const ZERO: Point = [0n, 1n, 1n, 0n];

const little = (data: Uint8Array): bigint => toBig(data.slice().reverse());

/** For every two points, the same one too: the formula has no exception on this curve (RFC 8032 §5.1.4). */
function add([x1, y1, z1, t1]: Point, [x2, y2, z2, t2]: Point): Point {
  const a = ((y1 - x1) * (y2 - x2)) % P;
  const b = ((y1 + x1) * (y2 + x2)) % P;
  const c = (((D2 * t1) % P) * t2) % P;
  const d = (2n * z1 * z2) % P;
  const [e, f, g, h] = [b - a, d - c, d + c, b + a];
  return [(e * f) % P, (g * h) % P, (f * g) % P, (e * h) % P];
}

const negate = ([x, y, z, t]: Point): Point => [-x, y, z, -t];

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (const bit of exponent.toString(2)) {
    result = (result * result) % P;
    if (bit === "1") result = (result * base) % P;
  }
  return result;
}

/** The point that 32 bytes encode; null unless they are the one way to write it (RFC 8032 §5.1.3). */
function decode(data: Uint8Array): Point | null {
  const whole = little(data);
  const y = BigInt.asUintN(255, whole);
  const u = (y * y - 1n) % P;
  const v = (D * y * y + 1n) % P;
  const v3 = (v * v * v) % P;
  let x = (u * v3 * power(u * v3 * v3 * v, (P - 5n) / 8n)) % P;
  if (mod(v * x * x - u, P)) x = (x * power(2n, (P - 1n) / 4n)) % P;
  if (y >= P || mod(v * x * x - u, P)) return null;
  x = mod(x, P);
  if (!x && whole >> 255n) return null;
  if ((x & 1n) !== whole >> 255n) x = P - x;
  return [x, y, 1n, (x * y) % P];
}

function table(point: Point): Table {
  const rows: Point[][] = [];
  for (let first = point, bits = 0; bits <= 256; bits += WINDOW) {
    const row = [first];
    while (row.length < MOST) row.push(add(row[row.length - 1]!, first));
    rows.push(row);
    first = add(row[MOST - 1]!, row[MOST - 1]!);
  }
  return rows;
}

/** `sum` and `scalar` times the point of `rows`: digits run from −8 to 7, so that half a table is enough. */
function addTimes(sum: Point, rows: Table, scalar: bigint): Point {
  let rest = scalar;
  for (const row of rows) {
    let digit = Number(rest & 15n);
    rest >>= 4n;
    if (digit >= MOST) {
      digit -= 2 * MOST;
      rest += 1n;
    }
    if (digit) sum = add(sum, digit > 0 ? row[digit - 1]! : negate(row[-digit - 1]!));
  }
  return sum;
}

/** Whether it is a point of prime order: taken so many times it vanishes, and once it is not nothing. */
function isPrimeOrder(point: Point): boolean {
  if (isZero(point)) return false;
  let sum = ZERO;
  for (const bit of ORDER.toString(2)) {
    sum = add(sum, sum);
    if (bit === "1") sum = add(sum, point);
  }
  return isZero(sum);
}

const isZero = ([x, y, z]: Point): boolean => !mod(x, P) && !mod(y - z, P);

let base: Table | undefined;

/** A key that may be used: canonical, not the identity, of prime order. */
export class SoundKey {
  private multiples: Table | undefined;

  private constructor(
    private readonly x: Uint8Array,
    private readonly point: Point,
  ) {}

  /** Null for a key that may not be used. */
  static read(x: Uint8Array): SoundKey | null {
    const point = decode(x);
    return point && isPrimeOrder(point) ? new SoundKey(x, point) : null;
  }

  /** Whether `signature`, 64 bytes, over `message` is this key's. */
  check(signature: Uint8Array, message: Uint8Array): boolean {
    const r = signature.subarray(0, 32);
    const s = little(signature.subarray(32));
    if (signature.length !== 64 || s >= ORDER) return false;
    const k = little(sha512(concat(r, this.x, message))) % ORDER;
    base ??= table(decode(new Uint8Array(32).fill(0x66).fill(0x58, 0, 1))!);
    this.multiples ??= table(negate(this.point));
    const [x, y, z] = addTimes(addTimes(ZERO, base, s), this.multiples, k);
    const scale = inverse(z, P);
    return (mod(y * scale, P) | ((mod(x * scale, P) & 1n) << 255n)) === little(r);
  }
}
