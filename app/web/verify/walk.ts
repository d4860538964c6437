/** Checks 6 to 13, of each statement in the order of the log; the registry knows only what came before it. */

import { toB64u } from "./bytes.ts";
import { badProof, badSignature, notAllowed } from "./errors.ts";
import type { PublicKey } from "./keys.ts";
import type { Item, Run } from "./run.ts";
import { openSealed, type Statement, verify as verifyStatement } from "./statement.ts";

/** 6: entries follow one another in each chain, and what a batch was made from is there before it. */
export function checkChain(run: Run, { statement, entries }: Item): void {
  for (const proven of entries) {
    const { chain, seq, prev } = proven.entry;
    const last = run.chains.get(chain)?.entry;
    if (seq !== (last ? last.seq + 1 : 0)) badProof("chain-seq");
    if (prev !== (last ? toB64u(last.hash) : null)) badProof("chain-prev");
    if (!seq && statement.on.some((parent) => !run.chains.has(parent))) badProof("chain-absent");
    run.chains.set(chain, proven);
  }
}

/** 7: a chain's name is the hash of the statement that brought it. */
export function checkIdentity(_: Run, { statement, entries }: Item): void {
  for (const { entry } of entries)
    if (!entry.seq && !statement.created.includes(entry.chain)) badProof("identity");
}

/** 8: the entries are this statement's, side by side in the log, and its key signed it. */
export async function checkBinding(run: Run, { statement, entries, first }: Item): Promise<void> {
  const { received } = entries[0].entry;
  for (const { entry, index } of entries) {
    const place = statement.targets.indexOf(entry.chain);
    if (place < 0 || (entry.seq && !statement.on.includes(entry.chain))) badProof("binding-target");
    if (index - place !== first) badProof("binding-index");
    if (entry.received !== received) badProof("binding-received");
  }
  if (first < run.end) badProof("binding-overlap");
  run.end = first + statement.targets.length;
  const key = keyRecord(run, statement);
  // A key that is not known is named by 10: here there is nothing to hold the signature against.
  if (!key) return;
  if (statement.alg !== key.alg) badSignature("header");
  await verifyStatement(statement, key);
}

function keyRecord({ registry }: Run, statement: Statement): PublicKey | undefined {
  if (registry.root() !== null) return registry.keys.get(statement.kid)?.public;
  try {
    return registry.keyOf(statement);
  } catch {
    return undefined;
  }
}

/** 9: it was signed for this log, which is the one that the pin's `log.open` began. */
export function checkLog({ pin }: Run, { statement }: Item): void {
  if (statement.log !== pin.origin) notAllowed("wrong-log");
  if (statement.kind === "log.open" && !statement.targets.includes(pin.root)) notAllowed("wrong-log");
}

/** 10: its key, role and grant stood at this place in the log. */
export async function checkKey({ registry }: Run, { statement }: Item): Promise<void> {
  await registry.authorise(statement);
}

/** 11: a key's statements come in its own order, each naming the one before. */
export function checkNotebook(run: Run, { statement, record }: Item): void {
  const last = run.notebooks.get(statement.kid);
  if (last) {
    if (statement.n <= last.n) badProof("notebook-order");
    if (statement.n === last.n + 1 && statement.after !== last.hash) badProof("notebook-after");
    if (last.iat > statement.iat) run.remark("time-order", record);
  }
  run.notebooks.set(statement.kid, statement);
}

/** 12: what its signer had seen of the log is the beginning of this log. */
export function checkSeen(run: Run, { statement, first }: Item): void {
  const { size, root } = statement.seen ?? { size: 0, root: "" };
  if (size < (run.seen.get(statement.kid) ?? 0)) badProof("seen-falls");
  if (size > first) badProof("seen-ahead");
  run.seen.set(statement.kid, size);
  if (size) run.wantConsistent(size, root);
}

/** 13: what is disclosed is what was sealed. */
export function checkDisclosures(run: Run, { statement }: Item): void {
  const found = statement.sealed.map((one) => run.disclosed.get(one)).filter((one) => one !== undefined);
  if (found.length) run.opened.set(statement.hash, openSealed(statement, found));
}
