/** An entry: a statement's place in one chain and, by the same hash, in the log (format §5). */

import { type Bytes, utf8 } from "./bytes.ts";
import { malformed } from "./errors.ts";
import { isHash } from "./identity.ts";
import { leafHash } from "./merkle.ts";

const HASH = '"([\\w-]{43})"';
const COUNT = "(0|[1-9]\\d{0,15})";
const FORM = new RegExp(
  `^\\{"chain":${HASH},"prev":(?:null|${HASH}),"received":${COUNT},"seq":${COUNT},"statement":${HASH}\\}$`,
);

/** `prev` is the hash of the chain's entry before, base64url, `received` milliseconds since 1970 UTC. */
export interface Entry {
  readonly chain: string;
  readonly prev: string | null;
  readonly received: number;
  readonly seq: number;
  readonly statement: string;
  /** The link of the chain and the leaf of the log at once. */
  readonly hash: Bytes;
}

export function parseEntry(text: string): Entry {
  const [, chain, prev, received, seq, statement] = FORM.exec(text) ?? [];
  const entry = { prev: prev ?? null, received: Number(received), seq: Number(seq), hash: leafHash(utf8(text)) };
  const whole = Number.isSafeInteger(entry.received) && Number.isSafeInteger(entry.seq);
  if (!whole || !isHash(chain) || !isHash(statement) || (prev && !isHash(prev)) || !prev !== (entry.seq === 0))
    malformed("entry");
  return { ...entry, chain, statement };
}
