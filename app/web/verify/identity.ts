/** A batch's names: the chain id that is a hash of its first record, the mark in the QR, the trace code (format §4). */

import { b64u, type Bytes, concat, toB64u, toBig, utf8 } from "./bytes.ts";
import { sha256 } from "./hash.ts";

const CHAIN = utf8("gengji chain v1\n");
const HASH = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;

/** Whether `text` is base64url of 32 bytes. */
export const isHash = (text: unknown): text is string => typeof text === "string" && HASH.test(text);

/** The id of the chain that the statement of this hash brings at `place` of its outputs. */
export function chainId(hash: Bytes, place: number): string {
  return toB64u(sha256(concat(CHAIN, hash, new Uint8Array([0, 0, place >> 8, place]))));
}

/** The 22 characters in the QR: the first 16 bytes of the chain id. */
export const mark = (chain: string): string => toB64u(b64u(chain, 32).subarray(0, 16));

/** 18 digits of the chain id and 2 check digits (ISO/IEC 7064 MOD 97-10). */
export function traceCode(chain: string): string {
  const body = toBig(b64u(chain, 32).subarray(0, 8)) % 10n ** 18n;
  const check = 98n - ((100n * (body % 97n)) % 97n);
  return `${body}`.padStart(18, "0") + `${check}`.padStart(2, "0");
}
