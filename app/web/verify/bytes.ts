/** Bytes and how they are written: base64, base64url, UTF-8. What decodes also encodes back the same. */

import { malformed } from "./errors.ts";

export type Bytes = Uint8Array<ArrayBuffer>;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export const utf8 = (text: string): Bytes => encoder.encode(text) as Bytes;

/** The text of `data`. Throws TypeError where it is not UTF-8. */
export const fromUtf8 = (data: Uint8Array): string => decoder.decode(data);

/** After 4n+2 and 4n+3 characters, those last ones that leave no loose bits. */
const LAST = ["", "", "AQgw", "AEIMQUYcgkosw048"];

/** The bytes of base64 without padding; null where it is not the one way to write them. */
function decode(text: string): Bytes | null {
  const loose = text.length & 3;
  const data = new Uint8Array((text.length * 6) >> 3);
  if (loose && !LAST[loose]!.includes(text[text.length - 1]!)) return null;
  try {
    const characters = atob(text);
    // Padding and white space, which it reads past, leave fewer.
    if (characters.length !== data.length) return null;
    for (let at = 0; at < data.length; at++) data[at] = characters.charCodeAt(at);
    return data;
  } catch {
    return null;
  }
}

export const toBase64 = (data: Uint8Array): string => btoa(String.fromCharCode(...data));

export const toB64u = (data: Uint8Array): string =>
  toBase64(data).replace(/[+/=]/g, (sign) => ({ "+": "-", "/": "_" })[sign] ?? "");

/** The bytes of base64url; `size` is how many there must be. Throws `b64u` or `b64u-size`. */
export function b64u(text: string, size?: number): Bytes {
  const data = /[+/]/.test(text) ? null : decode(text.replace(/-/g, "+").replace(/_/g, "/"));
  if (!data) malformed("b64u");
  if (size !== undefined && data.length !== size) malformed("b64u-size");
  return data;
}

/** Standard base64, padding and all. Throws `code`. */
export function base64(text: string, code: string): Bytes {
  const bare = text.replace(/={1,2}$/, "");
  const data = decode(bare);
  if (!data || bare.length + (-bare.length & 3) !== text.length) malformed(code);
  return data;
}

export const toHex = (data: Uint8Array): string =>
  Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");

export function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, place) => byte === b[place]);
}

export function concat(...parts: Uint8Array[]): Bytes {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The whole number that `data` is, most significant byte first. */
export const toBig = (data: Uint8Array): bigint => BigInt("0x0" + toHex(data));
