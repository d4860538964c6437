/**
 * The signed head of a log: checkpoint, signed note, verifier keys and cosignatures, as `ledger.checkpoint` reads them
 * (c2sp.org/tlog-checkpoint, c2sp.org/signed-note, c2sp.org/tlog-cosignature).
 */

import { base64, type Bytes, concat, toBase64, toBig, toHex, utf8 } from "./bytes.ts";
import { badKey, badSignature, malformed } from "./errors.ts";
import { sha256 } from "./hash.ts";
import type { Keyring, PublicKey } from "./keys.ts";

export const ED25519 = 1;
export const COSIGNATURE = 4;

const MAX_NOTE = 64 * 1024;
const MAX_SIGNATURES = 64;
const MAX_SIZE = (1n << 64n) - 1n;
const MAX_TIME = (1n << 63n) - 1n;

const SPACE = "\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const NAME = new RegExp(`^[^\\0-\\x1f${SPACE}+\\ud800-\\udfff]+$`, "u");
const LINE = /^[^\0-\x1f\ud800-\udfff]+$/u;
const TEXT = /^[^\0-\x09\x0b-\x1f\ud800-\udfff]*\n$/u;
const SIZE = /^(?:0|[1-9][0-9]{0,19})$/;
const DASH = "— ";

/** The log named `origin` had `size` entries under `root`. */
export interface Checkpoint {
  readonly origin: string;
  readonly size: bigint;
  readonly root: Bytes;
}

export function parseCheckpoint(text: string): Checkpoint {
  const lines = text.split("\n");
  if (lines.length !== 4 || lines[3]) malformed("checkpoint");
  const [origin, size, root] = lines as [string, string, string];
  if (!SIZE.test(size) || BigInt(size) > MAX_SIZE) malformed("checkpoint");
  const hash = base64(root, "checkpoint");
  if (!LINE.test(origin)) malformed("checkpoint");
  if (hash.length !== 32) malformed("checkpoint");
  return { origin, size: BigInt(size), root: hash };
}

/** A verifier key: Ed25519 under a name, for notes (`ED25519`) or for cosignatures (`COSIGNATURE`). */
export class VKey {
  /** Four bytes that tell keys of one name apart; a hint, not a commitment. */
  readonly id: string;
  private readonly text: string;

  constructor(
    readonly name: string,
    readonly algorithm: number,
    readonly key: PublicKey,
    material: Bytes,
  ) {
    if (!NAME.test(name)) malformed("vkey");
    this.id = toHex(sha256(concat(utf8(`${name}\n`), material)).subarray(0, 4));
    this.text = `${name}+${this.id}+${toBase64(material)}`;
  }

  static parse(text: string, keys: Keyring): VKey {
    // The third part is base64, which may have plus signs of its own.
    const [name = "", id, ...encoded] = text.split("+");
    const material = base64(encoded.join("+"), "vkey");
    if (material[0] !== ED25519 && material[0] !== COSIGNATURE) badKey("vkey-algorithm");
    if (material.length !== 33) malformed("vkey");
    const vkey = new VKey(name, material[0], keys.ed25519(material.slice(1)), material);
    if (vkey.id !== id) badKey("vkey-id");
    return vkey;
  }

  toString(): string {
    return this.text;
  }
}

/** One line below a note: who signed, by name and key id, and the algorithm's bytes. */
interface Signature {
  readonly name: string;
  readonly id: string;
  readonly value: Bytes;
}

/** A text and its signatures, none of which has been checked. */
export interface Note {
  readonly text: string;
  readonly signatures: readonly Signature[];
}

export function parseNote(note: string): Note {
  if (utf8(note).length > MAX_NOTE) malformed("note");
  // The text may have empty lines of its own: the last one parts it from the signatures.
  const parted = note.lastIndexOf("\n\n");
  const lines = note.slice(parted + 2).split("\n");
  if (parted < 0 || lines.length < 2 || lines.pop()) malformed("note");
  if (lines.length > MAX_SIGNATURES) malformed("note");
  const signatures = lines.map(parseSignature);
  const text = note.slice(0, parted + 1);
  if (!TEXT.test(text)) malformed("note");
  return { text, signatures };
}

function parseSignature(line: string): Signature {
  if (!line.startsWith(DASH)) malformed("note");
  const rest = line.slice(DASH.length);
  const space = rest.indexOf(" ");
  const name = space < 0 ? rest : rest.slice(0, space);
  const value = base64(space < 0 ? "" : rest.slice(space + 1), "note");
  if (!NAME.test(name) || value.length < 5) malformed("note");
  return { name, id: toHex(value.subarray(0, 4)), value: value.slice(4) };
}

/** The time of a cosignature, null for a plain signature. Throws `note-signature`. */
export async function verifySignature(text: string, signature: Signature, vkey: VKey): Promise<bigint | null> {
  let { value } = signature;
  let time: bigint | null = null;
  let message = text;
  if (vkey.algorithm === COSIGNATURE) {
    time = toBig(value.subarray(0, 8));
    value = value.slice(8);
    message = `cosignature/v1\ntime ${time}\n${text}`;
  }
  if (!(await vkey.key.verify(value, message))) badSignature("note-signature");
  if (time !== null && time > MAX_TIME) badSignature("note-signature");
  return time;
}

export const madeBy = (signature: Signature, vkey: VKey): boolean =>
  signature.name === vkey.name && signature.id === vkey.id;

/**
 * The note, and which of `vkeys` signed it, when.
 *
 * Signatures of unknown keys are passed over. One of a known key that fails condemns the note: `note-signature`; and a
 * note that no known key signed is `note-unsigned`. Of a key that signed twice the first signature counts, though both
 * must verify.
 */
export async function openNote(text: string, vkeys: readonly VKey[]): Promise<[Note, Map<VKey, bigint | null>]> {
  const note = parseNote(text);
  const known = new Map<string, VKey>();
  for (const vkey of vkeys) {
    const hint = `${vkey.name}+${vkey.id}`;
    const other = known.get(hint);
    if (other && `${other}` !== `${vkey}`) badKey("vkey-ambiguous");
    if (!other) known.set(hint, vkey);
  }
  const signed = new Map<VKey, bigint | null>();
  for (const signature of note.signatures) {
    const signer = known.get(`${signature.name}+${signature.id}`);
    if (!signer) continue;
    const time = await verifySignature(note.text, signature, signer);
    if (!signed.has(signer)) signed.set(signer, time);
  }
  if (!signed.size) badSignature("note-unsigned");
  return [note, signed];
}
