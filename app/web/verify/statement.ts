/** A statement: what a party signed, read strictly; and the sealed fields that go with it (format §3, RFC 9901). */

import { b64u, fromUtf8, toB64u } from "./bytes.ts";
import { hasExactly, isObject, type Json, loads, type Obj } from "./canonical.ts";
import { badSignature, malformed } from "./errors.ts";
import { sha256Text } from "./hash.ts";
import { chainId, isHash } from "./identity.ts";
import type { Algorithm, PublicKey } from "./keys.ts";

const MAX_PAYLOAD = 48 * 1024;
const MAX_TARGETS = 256;
const LAST_SECOND = 253402300799;
const CLAIMS = new Set(["_sd_alg", "after", "at", "body", "for", "iat", "iss", "kind", "log", "n", "on", "seen", "v"]);
const KIND = /^[a-z]+(?:\.[a-z]+)?$/;
const TIME = /^(?:19[7-9]\d|[2-9]\d{3})-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\dZ$/;
// In canonical bytes a quote before a colon ends a name: so these find the names at every depth.
const SD = '"_sd":';
const SD_ALG = '"_sd_alg":';

export interface Statement {
  /** What was signed and what is stored, character for character. */
  readonly jws: string;
  readonly hash: string;
  readonly alg: Algorithm;
  readonly kid: string;
  readonly log: string;
  readonly iss: string | null;
  readonly for: string | null;
  readonly iat: number;
  readonly n: number;
  readonly after: string | null;
  /** The checkpoint that the signer had checked. */
  readonly seen: { readonly root: string; readonly size: number } | null;
  readonly kind: string;
  readonly at: string;
  readonly body: Obj;
  readonly on: readonly string[];
  /** The chains that it brings into being, in the order of its outputs. */
  readonly created: readonly string[];
  /** The chains that get an entry each: those it touches, then those it creates. */
  readonly targets: readonly string[];
  /** The digests of what is not public. */
  readonly sealed: readonly string[];
}

/** The party on whose account a statement stands: the principal where somebody acts for one. */
export const actor = (statement: Statement): string | null => statement.for ?? statement.iss;

/** Throws unless `statement` is signed by `key`, under the algorithm of the key's record. */
export async function verify(statement: Statement, key: PublicKey): Promise<void> {
  if (statement.alg !== key.alg || statement.kid !== key.kid) malformed("header");
  const cut = statement.jws.lastIndexOf(".");
  const signature = b64u(statement.jws.slice(cut + 1), 64);
  if (!(await key.verify(signature, statement.jws.slice(0, cut)))) badSignature("signature");
}

/** Read a compact JWS strictly. Throws with the path of what is wrong; checks no signature. */
export function parse(jws: string): Statement {
  const [head, middle, signature, ...more] = jws.split(".");
  if (signature === undefined || more.length || /[^\0-\x7f]/.test(jws)) malformed("jws");
  const { alg, kid } = readHeader(head!);
  b64u(signature, 64);
  const raw = b64u(middle!);
  if (raw.length > MAX_PAYLOAD) malformed("size");
  const payload = loads(raw);
  if (!isObject(payload)) malformed("type");
  for (const name of Object.keys(payload)) if (!CLAIMS.has(name)) malformed("unknown");
  if (payload.v !== 1) malformed("version");
  const kind = text(payload, "kind");
  if (!KIND.test(kind)) malformed("kind");
  const body = payload.body;
  if (!isObject(body)) malformed("type");
  const sealed = readSealed(fromUtf8(raw), payload, body);
  const n = whole(payload, "n");
  const after = payload.after === null ? null : hash(payload, "after");
  if ((after === null) !== (n === 0)) malformed("notebook");
  const iss = kind !== "log.open" || "iss" in payload ? hash(payload, "iss") : null;
  if (iss !== null && kind === "log.open") malformed("unknown");
  const principal = "for" in payload ? hash(payload, "for") : null;
  if (principal !== null && principal === iss) malformed("for");
  const on = readOn(payload.on);
  const outputs = readOutputs(body);
  if (on.length + outputs > MAX_TARGETS) malformed("targets");
  const digest = sha256Text(jws);
  const created = Array.from({ length: outputs || (on.length ? 0 : 1) }, (_, place) => chainId(digest, place));
  const iat = whole(payload, "iat", LAST_SECOND);
  const seen = readSeen(payload.seen);
  const at = readTime(text(payload, "at"));
  const log = text(payload, "log");
  return {
    jws,
    hash: toB64u(digest),
    ...{ alg, kid, log, iss, for: principal, iat, n, after, seen, kind, at, body, on, created, sealed },
    targets: [...on, ...created],
  };
}

function readHeader(segment: string): { alg: Algorithm; kid: string } {
  const header = loads(b64u(segment));
  if (!hasExactly(header, "alg", "kid", "typ") || header.typ !== "statement+sd-jwt" || !isHash(header.kid))
    malformed("header");
  if (header.alg !== "Ed25519" && header.alg !== "ES256") malformed("header");
  return { alg: header.alg, kid: header.kid };
}

function readSealed(raw: string, payload: Obj, body: Obj): string[] {
  const has = "_sd" in body;
  const alg = "_sd_alg" in payload;
  if (raw.split(SD).length - 1 > Number(has) || raw.split(SD_ALG).length - 1 > Number(alg))
    malformed("sealed");
  if (has !== alg || (alg && payload._sd_alg !== "sha-256")) malformed("sd-alg");
  if (!has) return [];
  const digests = body._sd;
  if (!Array.isArray(digests) || !digests.length || !digests.every(isHash)) malformed("sealed");
  ascending(digests);
  return digests;
}

function ascending(values: readonly string[]): void {
  if (values.some((value, place) => place && value <= values[place - 1]!)) malformed("order");
}

function readOn(on: Json | undefined): string[] {
  if (!Array.isArray(on) || !on.every(isHash)) malformed("type");
  ascending(on);
  return on;
}

/** How many outputs there are. */
function readOutputs(body: Obj): number {
  if (!("outputs" in body)) return 0;
  const outputs = body.outputs;
  if (!Array.isArray(outputs) || !outputs.every(isObject)) malformed("type");
  if (!outputs.length) malformed("empty");
  return outputs.length;
}

function readSeen(seen: Json | undefined): Statement["seen"] {
  if (seen === null) return null;
  if (!hasExactly(seen, "root", "size") || !isHash(seen.root) || typeof seen.size !== "number" || seen.size <= 0)
    malformed("seen");
  return { root: seen.root, size: seen.size };
}

function text(payload: Obj, name: string): string {
  const value = payload[name];
  if (typeof value !== "string") malformed(name in payload ? "type" : "missing");
  return value;
}

function whole(payload: Obj, name: string, most: number = Number.MAX_SAFE_INTEGER): number {
  const value = payload[name];
  if (typeof value !== "number" || value < 0 || value > most)
    malformed(name in payload ? "number" : "missing");
  return value;
}

function hash(payload: Obj, name: string): string {
  const value = text(payload, name);
  b64u(value, 32);
  return value;
}

/** `text` if it is a time of the format: UTC, to the second, a real date. Throws `time`. */
export function readTime(text: string): string {
  const day = Number(text.slice(8, 10));
  if (!TIME.test(text) || new Date(toMs(text.slice(0, 11) + "00:00:00Z")).getUTCDate() !== day)
    malformed("time");
  return text;
}

/** Milliseconds since 1970 of a time of the format. */
export const toMs = (time: string): number => Date.parse(time);

// --- sealed fields ----------------------------------------------------------------------------------------------

/** What stands in `body._sd` for a disclosure. */
export const digest = (disclosure: string): string => toB64u(sha256Text(disclosure));

/** The name and the value of a disclosure, b64u of the canonical `[salt, name, value]`. */
export function unseal(disclosure: string): [string, Json] {
  const raw = b64u(disclosure);
  const value = loads(raw);
  if (!Array.isArray(value) || value.length !== 3) malformed("disclosure");
  const [salt, name, inner] = value as [Json, Json, Json];
  const text = fromUtf8(raw);
  if (typeof salt !== "string" || typeof name !== "string" || text.includes(SD) || text.includes(SD_ALG))
    malformed("disclosure");
  b64u(salt, 16);
  if (!/^[a-z][a-z0-9_]*$/.test(name)) malformed("name");
  return [name, inner];
}

/** The sealed fields that `disclosures` open. Throws for one that no digest stands for, and for two of one name. */
export function openSealed(statement: Statement, disclosures: readonly string[]): Map<string, Json> {
  const closed = new Set(statement.sealed);
  const opened = new Map<string, Json>();
  for (const disclosure of disclosures) {
    const [name, value] = unseal(disclosure);
    if (!closed.delete(digest(disclosure)) || opened.has(name) || name in statement.body)
      malformed("disclosure");
    opened.set(name, value);
  }
  return opened;
}
