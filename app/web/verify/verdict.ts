/** What verification finds: a verdict, with its reservations, or the first check that failed (format §8). */

import type { Bytes } from "./bytes.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { LedgerError } from "./errors.ts";
import type { Registry } from "./registry.ts";
import type { Statement } from "./statement.ts";

export interface Options {
  /** The trace code, mark or chain id that the bundle has to be about. */
  readonly asked?: string;
  /** The newest checkpoint of each log that this verifier has seen. */
  readonly remembered?: readonly Checkpoint[];
  /** Files that the record has to name. */
  readonly attachments?: ReadonlyMap<string, Bytes>;
}

/** A check that failed: its number, reason, the record it was found at, and what was wrong there. */
export class Rejected extends Error {
  constructor(
    readonly check: number,
    readonly reason: string,
    readonly record: string,
    override readonly cause: LedgerError,
    /** The checks that held for the whole bundle before. */
    readonly held: readonly number[],
  ) {
    super(`${check} ${reason} ${record}: ${cause.code}`);
  }
}

/** What holds with a reservation. */
export interface Remark {
  readonly code: string;
  readonly record: string;
}

/** A bundle that holds. */
export interface Verdict {
  readonly checkpoint: Checkpoint;
  /** Name and time, in seconds, of each witness of the policy that signed. */
  readonly witnessed: ReadonlyMap<string, number>;
  readonly about: readonly string[];
  /** The statements carried, in the order of the log. */
  readonly statements: readonly Statement[];
  readonly registry: Registry;
  /** The time, in ms, up to which the daily heads say that nothing was left out; null where they do not. */
  readonly completeAsOf: number | null;
  readonly remarks: readonly Remark[];
  readonly others: readonly Verdict[];
}
