/** Checks 13 to 16, of what only the whole walk can tell. */

import { b64u, toB64u, utf8 } from "./bytes.ts";
import type { Bundle, Head, Proven } from "./bundle.ts";
import { isObject, type Json } from "./canonical.ts";
import { badProof, type LedgerError, malformed } from "./errors.ts";
import { sha256 } from "./hash.ts";
import { leafHash, verifyInclusion } from "./merkle.ts";
import { Run } from "./run.ts";
import { type Statement, toMs } from "./statement.ts";
import { Rejected } from "./verdict.ts";

/** How far, in ms, an entry may be younger than the latest cosignature: clocks differ. */
const WITNESS_CLOCK = 60_000;

/** 13, of the whole: every disclosure belongs to a statement carried, and the files given are those it names. */
export function checkLeftOver(run: Run): void {
  const sealed = new Set(run.bundle.statements.flatMap((statement) => statement.sealed));
  for (const one of run.disclosed.keys()) if (!sealed.has(one)) badProof("disclosure-stray");
  const named = new Set<string>();
  const look = (value: Json | undefined): void => {
    if (Array.isArray(value)) value.forEach(look);
    if (!isObject(value)) return;
    if (Object.keys(value).join() === "media_type,name,sha256,size") named.add(`${value.sha256} ${value.size}`);
    Object.values(value).forEach(look);
  };
  for (const { body, hash } of run.bundle.statements) {
    look(body);
    run.opened.get(hash)?.forEach(look);
  }
  run.options.attachments?.forEach((data) => {
    if (!named.has(`${toB64u(sha256(data))} ${data.length}`)) badProof("attachment");
  });
}

/** 14: the log's own times never fall, and none is later than its witnesses'. */
export function checkTime(run: Run): void {
  const latest = run.witnessed.size ? Math.max(...run.witnessed.values()) * 1000 + WITNESS_CLOCK : Infinity;
  let before = 0;
  run.bundle.entries.forEach(({ entry }, place) => {
    run.record = `entries[${place}]`;
    if (entry.received < before) badProof("time-falls");
    if (entry.received > latest) badProof("time-late");
    before = entry.received;
  });
}

/** 15: the newest daily heads say of each chain what is carried, and do not know of more. */
export function checkHeads(run: Run): void {
  const heads = run.heads;
  if (!heads) return run.remark("no-heads");
  run.record = heads.record;
  const size = heads.statement.body.size as number;
  if (size > heads.first) badProof("heads-ahead");
  const find = knownHeads(run, heads.statement);
  const carried = new Map<string, Proven>();
  for (const proven of run.bundle.entries) if (proven.index < size) carried.set(proven.entry.chain, proven);
  let covered = run.bundle.about.every((chain) => carried.has(chain));
  for (const chain of run.chains.keys()) {
    run.record = chain;
    const has = carried.get(chain)?.entry;
    const wanted = find(chain);
    if (wanted === undefined) {
      if (has) {
        covered = false;
        run.remark("uncovered", chain);
      }
    } else if (has ? toB64u(has.hash) !== wanted?.head || has.seq !== wanted.seq : wanted) {
      badProof("heads-other");
    }
  }
  if (run.items.some((item) => item.first >= size && item !== heads)) run.remark("unconfirmed-since", heads.record);
  if (covered) run.completeAsOf = Math.min(heads.entries[0].entry.received, toMs(heads.statement.at));
}

/** What the lines carried say of a chain: its head, null if it had none, undefined if they do not say. */
function knownHeads(run: Run, { body }: Statement): (chain: string) => Head | null | undefined {
  const lines = run.bundle.heads!.lines;
  const count = body.count as number;
  const root = b64u(body.root as string);
  lines.forEach(({ text, position, proof }, place) => {
    run.record = `heads.lines[${place}]`;
    verifyInclusion(leafHash(utf8(text)), BigInt(position), BigInt(count), proof, root);
  });
  // Or neighbours would show nothing.
  lines.forEach((line, place) => {
    if (place && lines[place - 1]!.chain >= line.chain) badProof("heads-order");
  });
  return (chain) => {
    const at = lines.findIndex((line) => line.chain >= chain);
    const after = at < 0 ? undefined : lines[at];
    if (after?.chain === chain) return after;
    const before = (at < 0 ? lines[lines.length - 1] : lines[at - 1])?.position ?? -1;
    return before + 1 === (after?.position ?? count) ? null : undefined;
  };
}

/** 16: what came from another county's log was shipped there, by that log's own bundle and pin. */
export async function checkOrigin(run: Run): Promise<void> {
  const { others } = run.bundle;
  const used = new Set<Bundle>();
  const visited = new Map<Bundle, Run>();
  for (const { statement, record } of run.items) {
    if (statement.kind !== "intake" || !("from" in statement.body)) continue;
    run.record = record;
    const from = readFrom(statement.body.from);
    const there = others.filter((other) => other.checkpoint.origin === from.log);
    there.forEach((other) => used.add(other));
    if (run.pins.some(({ origin }) => origin === from.log)) await wantShipped(run, from, there, visited);
    else run.remark("origin-not-verified", record);
  }
  run.record = "others";
  if (others.some((other) => !used.has(other))) badProof("origin-stray");
}

/**
 * One of the bundles from that log shows the shipment; there may be several: one shipment holds many batches, one batch
 * goes out in many shipments.
 */
async function wantShipped(run: Run, from: Origin, there: Bundle[], visited: Map<Bundle, Run>): Promise<void> {
  let failed: LedgerError | undefined;
  for (const bundle of there) {
    if (!bundle.statements.some(({ hash }) => hash === from.shipment)) continue;
    const other = visited.get(bundle) ?? (await visit(run, bundle));
    visited.set(bundle, other);
    const shipped = other.items.find((item) => item.statement.hash === from.shipment)!;
    try {
      if (shipped.statement.kind !== "ship") badProof("origin-shipment");
      const carried = shipped.entries.find(({ entry }) => entry.chain === from.chain);
      if (!carried) badProof("origin-chain");
      if (carried.index >= from.size) badProof("origin-size");
      return other.wantConsistent(from.size, from.root);
    } catch (error) {
      failed ??= error as LedgerError;
    }
  }
  if (failed) throw failed;
  badProof("origin-absent");
}

/** The whole list over a bundle from another log. */
async function visit(run: Run, bundle: Bundle): Promise<Run> {
  const { remembered } = run.options;
  const other = new Run(bundle, run.pins, run.keyring, remembered ? { remembered } : {}, run.checks);
  try {
    run.others.push(await other.verdict());
  } catch (error) {
    if (!(error instanceof Rejected)) throw error;
    run.record = `others[${run.bundle.others.indexOf(bundle)}] › ${error.record}`;
    throw error.cause;
  }
  return other;
}

/** The batch `chain` in a shipment of `log`, which had `size` entries under `root`. */
interface Origin {
  readonly log: string;
  readonly shipment: string;
  readonly chain: string;
  readonly size: number;
  readonly root: string;
}

/** Other bodies than the registry's come unchecked. */
function readFrom(value: Json | undefined): Origin {
  if (isObject(value)) {
    const { log, statement: shipment, chain, size, root } = value;
    const texts = typeof log === "string" && typeof shipment === "string" && typeof chain === "string";
    if (texts && typeof root === "string" && typeof size === "number") return { log, shipment, chain, size, root };
  }
  malformed("type");
}
