/**
 * A bundle, read strictly: everything that is needed to check a batch off line, in one file (format §9). Nothing in it
 * is believed yet; that is for `verify.ts`.
 */

import { b64u, type Bytes, fromUtf8, toHex } from "./bytes.ts";
import { isObject, type Json, loads, type Obj } from "./canonical.ts";
import { type Checkpoint, type Note, parseCheckpoint, parseNote } from "./checkpoint.ts";
import { type Entry, parseEntry } from "./entry.ts";
import { malformed } from "./errors.ts";
import { isHash } from "./identity.ts";
import { checkBody } from "./records.ts";
import { parse as parseStatement, type Statement, unseal } from "./statement.ts";

const MAX_BYTES = 16 * 1024 * 1024;
const MAX_OTHERS = 8;

/** An entry, its index in the log, and its path to the checkpoint's root. */
export interface Proven {
  readonly entry: Entry;
  readonly index: number;
  readonly proof: Bytes[];
}

/** The last entry of `chain`: its hash and its place, as a line of the daily heads says it. */
export interface Head {
  readonly chain: string;
  readonly head: string;
  readonly seq: number;
}

export interface Line extends Head {
  readonly text: string;
  readonly position: number;
  readonly proof: Bytes[];
}

export interface Bundle {
  readonly about: string[];
  readonly note: Note;
  readonly noteText: string;
  readonly checkpoint: Checkpoint;
  readonly consistency: { readonly size: number; readonly root: string; readonly proof: Bytes[] }[];
  readonly disclosures: string[];
  readonly entries: Proven[];
  readonly heads: { readonly statement: string; readonly lines: Line[] } | null;
  readonly others: Bundle[];
  readonly statements: Statement[];
}

/** What `data` is the print of, every list in the one order that it can be in. */
export function parse(data: Uint8Array): Bundle {
  if (data.length > MAX_BYTES) malformed("size");
  let text: string;
  let value: Json;
  try {
    text = fromUtf8(data);
    value = JSON.parse(text);
  } catch {
    malformed("json");
  }
  const bundle = read(value, 0);
  if (JSON.stringify(value) !== text) malformed("canonical");
  return bundle;
}

function read(value: Json, depth: number): Bundle {
  const whole = object(value, "about,checkpoint,consistency,disclosures,entries,heads,others,statements,v");
  if (whole.v !== 1) malformed("version");
  const noteText = text(whole.checkpoint);
  const note = parseNote(noteText);
  const others = each(whole.others, (other) => other);
  if (others.length && depth === MAX_OTHERS) malformed("depth");
  const bundle: Bundle = {
    about: each(whole.about, hash),
    note,
    noteText,
    checkpoint: parseCheckpoint(note.text),
    consistency: each(whole.consistency, readConsistency),
    disclosures: each(whole.disclosures, readDisclosure),
    entries: each(whole.entries, readProven),
    heads: whole.heads === null ? null : readHeads(whole.heads),
    others: others.map((other) => read(other, depth + 1)),
    statements: each(whole.statements, (one) => parseStatement(text(one))),
  };
  if (!bundle.about.length || !bundle.entries.length) malformed("empty");
  ascending(bundle.about);
  ascending(bundle.consistency, (a, b) => (a.size === b.size ? bytesBefore(a.root, b.root) : a.size < b.size));
  ascending(bundle.disclosures);
  ascending(bundle.entries.map((one) => one.index));
  ascending(others.map((other) => JSON.stringify(other)));
  ascending(bundle.heads?.lines.map((one) => one.position) ?? []);
  // By first index is the order in which entries first name them; and each has one, for all that is carried is proven.
  const named = new Set(bundle.entries.map((one) => one.entry.statement));
  if ([...named].join() !== bundle.statements.map((one) => one.hash).join()) malformed("order");
  bundle.statements.forEach(checkBody);
  return bundle;
}

function ascending<T>(values: T[], before: (a: T, b: T) => boolean = (a, b) => a < b): void {
  if (values.some((value, place) => place && !before(values[place - 1]!, value))) malformed("order");
}

/** In base64url the order of texts is not that of the bytes. */
function bytesBefore(a: string, b: string): boolean {
  return toHex(b64u(a)) < toHex(b64u(b));
}

// --- parts ------------------------------------------------------------------------------------------------------

function readProven(value: Json): Proven {
  const { entry, index, proof } = object(value, "entry,index,proof");
  return { entry: parseEntry(text(entry)), index: count(index), proof: each(proof, bytes) };
}

function readConsistency(value: Json): Bundle["consistency"][number] {
  const { proof, root, size } = object(value, "proof,root,size");
  return { proof: each(proof, bytes), root: hash(root), size: count(size) };
}

function readDisclosure(value: Json): string {
  unseal(text(value));
  return value as string;
}

function readHeads(value: Json | undefined): Bundle["heads"] {
  const { lines, statement } = object(value, "lines,statement");
  return { lines: each(lines, readLine), statement: hash(statement) };
}

function readLine(value: Json): Line {
  const { line, position, proof } = object(value, "line,position,proof");
  const written = text(line);
  const { chain, head, seq } = object(loads(written), "chain,head,seq");
  const said = { text: written, chain: hash(chain), head: hash(head), seq: count(seq) };
  return { ...said, position: count(position), proof: each(proof, bytes) };
}

/** The object whose names are these, in this order. */
function object(value: Json | undefined, names: string): Obj {
  if (!isObject(value) || Object.keys(value).join() !== names) malformed("bundle");
  return value;
}

function each<T>(value: Json | undefined, one: (value: Json) => T): T[] {
  if (!Array.isArray(value)) malformed("type");
  return value.map((inner) => one(inner));
}

function text(value: Json | undefined): string {
  if (typeof value !== "string") malformed("type");
  return value;
}

function hash(value: Json | undefined): string {
  if (!isHash(value)) malformed("b64u");
  return value;
}

const bytes = (value: Json): Bytes => b64u(text(value), 32);

function count(value: Json | undefined): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) malformed("number");
  return value as number;
}
