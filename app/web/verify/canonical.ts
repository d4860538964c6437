/**
 * The one way to write JSON that is hashed or signed: RFC 8785 (JCS), narrowed as in `ledger.canonical`.
 *
 * The browser's own parser and printer do the work. On this profile names never look like numbers, so an object keeps
 * the order in which it was written: what prints back the same, with every name behind the one before, is canonical.
 */

import { fromUtf8 } from "./bytes.ts";
import { malformed } from "./errors.ts";

export type Json = null | boolean | number | string | Json[] | Obj;
/** Without a prototype, so that a name such as `constructor` is there only where it was written. */
export type Obj = { [name: string]: Json | undefined };

const MAX_DEPTH = 16;
const NAME = /^(?:[a-z][a-z0-9_]*|_sd|_sd_alg)$/;
const FORBIDDEN = /[\0-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]/u;

/** The value that `data` is the canonical form of. Throws `json`, `canonical` or a code of the profile. */
export function loads(data: string | Uint8Array): Json {
  let text: string;
  let value: Json;
  try {
    text = typeof data === "string" ? data : fromUtf8(data);
    value = JSON.parse(text);
  } catch {
    malformed("json");
  }
  check(value, 1);
  if (JSON.stringify(value) !== text) malformed("canonical");
  return value;
}

/** Throws `name`, `number`, `text`, `depth` or `canonical` for what is outside the profile. */
function check(value: Json, depth: number): void {
  if (typeof value === "string") {
    if (FORBIDDEN.test(value)) malformed("text");
  } else if (typeof value === "number") {
    if (!Number.isSafeInteger(value)) malformed("number");
  } else if (value && typeof value === "object") {
    if (depth > MAX_DEPTH) malformed("depth");
    if (Array.isArray(value)) value.forEach((inner) => check(inner, depth + 1));
    else checkNames(value, depth);
  }
}

function checkNames(value: Obj, depth: number): void {
  Object.setPrototypeOf(value, null);
  let before = "";
  for (const name of Object.keys(value)) {
    if (!NAME.test(name)) malformed("name");
    if (name <= before) malformed("canonical");
    before = name;
    check(value[name]!, depth + 1);
  }
}

export const isObject = (value: Json | undefined): value is Obj =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Whether these and no others are the names in `value`. */
export function hasExactly(value: Json | undefined, ...names: string[]): value is Obj {
  return isObject(value) && Object.keys(value).length === names.length && names.every((name) => name in value);
}
