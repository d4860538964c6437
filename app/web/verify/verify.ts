/**
 * Verification, the whole list, as `ledger.verify` has it (format §8): the numbers, their order, the reason codes and
 * what is only remarked on are the same, and both are held to the same cases.
 *
 *     before the walk   1 form · 2 checkpoint · 3 quorum · 4 rollback · 5 inclusion · 6 whose chains · 7 what was asked
 *     each statement    6 chain · 7 identity · 8 binding, signature · 9 log · 10 key, role · 11 notebook · 12 seen ·
 *                       13 disclosures; then, and only then, the registry takes it in
 *     after the walk    13 what is left over · 14 time · 15 heads · 16 origin
 */

import * as after from "./after.ts";
import { type Bundle, parse } from "./bundle.ts";
import { LedgerError } from "./errors.ts";
import type { Keyring } from "./keys.ts";
import type { Pin } from "./policy.ts";
import { type Checks, Run } from "./run.ts";
import { type Options, Rejected, type Verdict } from "./verdict.ts";
import * as walk from "./walk.ts";
import * as whole from "./whole.ts";

const CHECKS: Checks = {
  before: [
    [2, whole.checkCheckpoint],
    [3, whole.checkQuorum],
    [4, whole.checkRollback],
    [5, whole.checkInclusion],
    [6, whole.checkChains],
    [7, whole.checkAsked],
  ],
  each: [
    [6, walk.checkChain],
    [7, walk.checkIdentity],
    [8, walk.checkBinding],
    [9, walk.checkLog],
    [10, walk.checkKey],
    [11, walk.checkNotebook],
    [12, walk.checkSeen],
    [13, walk.checkDisclosures],
  ],
  after: [
    [13, after.checkLeftOver],
    [14, after.checkTime],
    [15, after.checkHeads],
    [16, after.checkOrigin],
  ],
};

/** What the bundle proves to somebody who has `pins`. Throws Rejected. */
export async function verify(
  data: Uint8Array,
  pins: readonly Pin[],
  keyring: Keyring,
  options: Options = {},
): Promise<Verdict> {
  let bundle: Bundle;
  try {
    bundle = parse(data);
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    throw new Rejected(1, "malformed", "bundle", error, []);
  }
  return new Run(bundle, pins, keyring, options, CHECKS).verdict();
}
