/** Checks 2 to 5, and what 6 and 7 ask of the whole: before any statement is looked at. */

import { same, toB64u } from "./bytes.ts";
import { openNote, verifySignature, type VKey } from "./checkpoint.ts";
import { badProof } from "./errors.ts";
import { mark, traceCode } from "./identity.ts";
import { verifyInclusion } from "./merkle.ts";
import { satisfied } from "./policy.ts";
import type { Run } from "./run.ts";
import type { Statement } from "./statement.ts";

const REGISTERED = ["place.add", "product.add"];

/** 2: the checkpoint is the pinned log's, by its signature. */
export async function checkCheckpoint(run: Run): Promise<void> {
  run.record = "checkpoint";
  const { noteText, checkpoint } = run.bundle;
  const pin = run.pins.find(({ origin }) => origin === checkpoint.origin);
  if (!pin) badProof("no-pin");
  run.pin = pin;
  await openNote(noteText, pin.policy.logs);
}

/** 3: as many of the policy's witnesses signed it as the policy asks for; who of them signed, signed well. */
export async function checkQuorum(run: Run): Promise<void> {
  const { note } = run.bundle;
  const { policy } = run.pin;
  const cosigned = new Set<VKey>();
  for (const signature of note.signatures) {
    for (const [name, vkey] of policy.witnesses) {
      if (signature.name !== vkey.name || signature.id !== vkey.id) continue;
      const time = await verifySignature(note.text, signature, vkey);
      cosigned.add(vkey);
      run.witnessed.set(name, Math.max(Number(time), run.witnessed.get(name) ?? 0));
    }
  }
  if (!satisfied(policy, cosigned)) badProof("quorum");
}

/** 4: it does not contradict the checkpoint that this verifier remembers. */
export function checkRollback(run: Run): void {
  const { checkpoint } = run.bundle;
  const known = run.options.remembered?.find(({ origin }) => origin === checkpoint.origin);
  if (!known) run.remark("first-sight", "checkpoint");
  else if (checkpoint.size < known.size) run.remark("older", "checkpoint");
  else if (checkpoint.size > known.size) run.wantConsistent(Number(known.size), toB64u(known.root));
  else if (!same(checkpoint.root, known.root)) badProof("rollback");
}

/** 5: every entry stands in the log where it says. */
export function checkInclusion(run: Run): void {
  const { size, root } = run.bundle.checkpoint;
  run.bundle.entries.forEach(({ entry, index, proof }, place) => {
    run.record = `entries[${place}]`;
    verifyInclusion(entry.hash, BigInt(index), size, proof, root);
  });
}

/** 6, of the whole: it carries the chains of these batches, their ancestors and signers, and no others. */
export function checkChains(run: Run): void {
  run.record = "bundle";
  const begun = new Map<string, Statement>();
  const touching = new Map<string, Statement[]>();
  for (const { statement, entries } of run.items) {
    for (const { entry } of entries) {
      if (!entry.seq) begun.set(entry.chain, statement);
      touching.set(entry.chain, [...(touching.get(entry.chain) ?? []), statement]);
    }
  }
  const waiting = [...run.bundle.about, run.pin.root];
  begun.forEach(({ kind, hash }, chain) => {
    if (REGISTERED.includes(kind) || hash === run.bundle.heads?.statement) waiting.push(chain);
  });
  const reached = new Set<string>();
  for (let chain; (chain = waiting.pop()) !== undefined; ) {
    if (reached.has(chain)) continue;
    reached.add(chain);
    waiting.push(...(begun.get(chain)?.on ?? []));
    for (const { iss, for: principal } of touching.get(chain) ?? [])
      waiting.push(...[iss, principal].filter((party) => party !== null));
  }
  for (const chain of touching.keys()) if (!reached.has(chain)) badProof("chain-stranger");
}

/** 7, of the whole: it is about what was asked for, and carries that. */
export function checkAsked(run: Run): void {
  const { about, entries } = run.bundle;
  if (!about.every((chain) => entries.some(({ entry }) => entry.chain === chain))) badProof("identity");
  const { asked } = run.options;
  if (asked && !about.some((chain) => [chain, mark(chain), traceCode(chain)].includes(asked)))
    badProof("not-asked");
}
