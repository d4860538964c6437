/** What the page and its worker say to each other. */

import type { Remark } from "./verdict.ts";

/** What is to be checked, where it is, and what this browser remembers of the log. */
export interface Question {
  readonly code: string;
  readonly bundle: string;
  readonly pin: string;
  readonly known: Known | null;
}

/** What is remembered of a log: the chain that it began with, and its newest head that was checked, as text. */
export interface Known {
  readonly root: string;
  readonly head: string;
}

/** What came of it: all checks hold, or the one numbered `check` failed, or it could not be had. */
export interface Answer {
  readonly state: "good" | "bad" | "absent";
  readonly check: number;
  /** The checks that held for the whole bundle. */
  readonly held: readonly number[];
  readonly facts: Readonly<Record<string, number | string>>;
  readonly remarks: readonly Pick<Remark, "code">[];
  readonly known: Known | null;
}

/** Neither good nor bad: `reason` says what was in the way. */
export const absent = (reason: string): Answer => {
  return { state: "absent", check: 0, held: [], facts: { reason }, remarks: [], known: null };
};
