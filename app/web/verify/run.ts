/** One bundle on its way through the list. */

import { b64u } from "./bytes.ts";
import type { Bundle, Proven } from "./bundle.ts";
import type { Json } from "./canonical.ts";
import { badProof, LedgerError } from "./errors.ts";
import { type Keyring, proofMessage, type PublicKey } from "./keys.ts";
import { verifyConsistency } from "./merkle.ts";
import type { Pin } from "./policy.ts";
import { given, openRegistry, proofParty, type Registry } from "./registry.ts";
import { digest, type Statement, verify as verifyStatement } from "./statement.ts";
import { type Options, Rejected, type Remark, type Verdict } from "./verdict.ts";

const KEY_CODES = ["key-unknown", "key-revoked", "key-party", "log-open"];
/** By the number of the check. */
const REASONS = (
  "- malformed checkpoint quorum rollback inclusion chain identity binding wrong-log role " +
  "notebook seen disclosure time heads origin"
).split(" ");

/** A statement and what is carried of its entries; `first` is the index of its first entry in the log. */
export interface Item {
  readonly statement: Statement;
  readonly entries: readonly [Proven, ...Proven[]];
  readonly first: number;
  readonly record: string;
}

type Check<Asked extends unknown[]> = (run: Run, ...asked: Asked) => void | Promise<void>;
type Numbered<Asked extends unknown[]> = readonly (readonly [number, Check<Asked>])[];

/** The list, each check under its number: what it asks before the walk, of each statement, and after it. */
export interface Checks {
  readonly before: Numbered<[]>;
  readonly each: Numbered<[Item]>;
  readonly after: Numbered<[]>;
}

/** One bundle on its way through the list, and what is known so far. */
export class Run {
  record = "bundle";
  pin!: Pin;
  readonly items: readonly Item[];
  readonly registry: Registry;
  readonly witnessed = new Map<string, number>();
  /** The last entry of each chain so far. */
  readonly chains = new Map<string, Proven>();
  readonly notebooks = new Map<string, Statement>();
  /** The size of the checkpoint that each key claimed last. */
  readonly seen = new Map<string, number>();
  readonly consistent = new Set<string>();
  readonly opened = new Map<string, Map<string, Json>>();
  readonly disclosed: ReadonlyMap<string, string>;
  /** The index behind the last entry of the statement before, carried or not. */
  end = 0;
  completeAsOf: number | null = null;
  readonly remarks: Remark[] = [];
  readonly others: Verdict[] = [];

  constructor(
    readonly bundle: Bundle,
    readonly pins: readonly Pin[],
    readonly keyring: Keyring,
    readonly options: Options,
    readonly checks: Checks,
  ) {
    const carried = new Map<string, [Proven, ...Proven[]]>();
    for (const proven of bundle.entries) {
      const entries = carried.get(proven.entry.statement);
      if (entries) entries.push(proven);
      else carried.set(proven.entry.statement, [proven]);
    }
    this.items = bundle.statements.map((statement) => {
      const entries = carried.get(statement.hash)!;
      const place = Math.max(statement.targets.indexOf(entries[0].entry.chain), 0);
      return { statement, entries, first: entries[0].index - place, record: `${statement.kind} ${statement.hash}` };
    });
    this.disclosed = new Map(bundle.disclosures.map((disclosure) => [digest(disclosure), disclosure]));
    this.registry = openRegistry(bundle.checkpoint.origin, keyring);
  }

  async verdict(): Promise<Verdict> {
    const held = [1];
    for (const [number, step] of this.checks.before) {
      await this.ask(number, held, () => step(this));
      if (number < 6) held.push(number);
    }
    this.askAhead();
    for (const item of this.items) {
      for (const [number, step] of this.checks.each) {
        this.record = item.record;
        await this.ask(number, held, () => step(this, item));
      }
      this.registry.apply(item.statement, item.entries[0].entry.received);
    }
    held.push(6, 7, 8, 9, 10, 11, 12);
    for (const [number, step] of this.checks.after) {
      this.record = "bundle";
      await this.ask(number, held, () => step(this));
      held.push(number);
    }
    for (const { statement, entries, record } of this.items) {
      if (this.registry.suspect(statement.kid, entries[0].entry.received)) this.remark("suspect", record);
      if (this.registry.keys.get(statement.kid)?.custody) this.remark("custody", record);
    }
    const { checkpoint, about, statements } = this.bundle;
    const { witnessed, registry, completeAsOf, remarks, others } = this;
    return { checkpoint, witnessed, about, statements, registry, completeAsOf, remarks, others };
  }

  private async ask(check: number, held: readonly number[], step: () => void | Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
      throw new Rejected(check, reasonOf(check, error), this.record, error, held);
    }
  }

  /** Have the signatures checked side by side: each is asked for again, and its answer believed, in its turn. */
  private askAhead(): void {
    const keys = new Map<string, PublicKey>();
    for (const { statement } of this.items) {
      for (const { jwk, proof } of given(statement)) {
        try {
          const key = this.keyring.fromJwk(jwk);
          keys.set(key.kid, key);
          void key.verify(b64u(proof, 64), proofMessage(statement.log, proofParty(statement), key.kid));
        } catch {
          // It is found again, and named, in its turn.
        }
      }
      const key = keys.get(statement.kid);
      if (key?.alg === statement.alg) void verifyStatement(statement, key).catch(() => undefined);
    }
  }

  remark(code: string, record = ""): void {
    this.remarks.push({ code, record });
  }

  /** The statement of the daily heads. Throws `heads`. */
  get heads(): Item | null {
    const { heads } = this.bundle;
    if (!heads) return null;
    const item = this.items.find(({ statement }) => statement.hash === heads.statement);
    if (item?.statement.kind !== "log.heads") badProof("heads");
    return item;
  }

  /** The bundle carries a proof that a head of this size and root was the beginning of its checkpoint's log. */
  wantConsistent(size: number, root: string): void {
    const known = `${size} ${root}`;
    if (this.consistent.has(known)) return;
    const { checkpoint, consistency } = this.bundle;
    const one = consistency.find((each) => each.size === size && each.root === root);
    if (!one) badProof("no-consistency");
    verifyConsistency(BigInt(size), b64u(root), checkpoint.size, checkpoint.root, one.proof);
    this.consistent.add(known);
  }
}

function reasonOf(check: number, error: LedgerError): string {
  if (check === 8 && error.kind === "signature") return "signature";
  if (check === 10 && (error.kind === "key" || KEY_CODES.includes(error.code))) return "key";
  return REASONS[check]!;
}
