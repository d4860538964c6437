/**
 * Which checkpoints to believe, as `ledger.policy` reads it: the logs known, the witnesses known, and how many of them
 * are enough (c2sp.org/tlog-policy). A pin is a policy together with the chain id of the log's `log.open`.
 */

import { b64u, utf8 } from "./bytes.ts";
import { hasExactly, loads } from "./canonical.ts";
import { COSIGNATURE, ED25519, VKey } from "./checkpoint.ts";
import { badKey, malformed } from "./errors.ts";
import type { Keyring } from "./keys.ts";

const MAX_POLICY = 64 * 1024;
const NONE = "none";
const TEXT = /^(?:[^\0-\x08\x0a-\x1f\x7f\ud800-\udfff]*\n)*$/u;
const WORD = /^[^\0-\x20\x7f\ud800-\udfff]+$/u;
const COUNT = /^[1-9][0-9]{0,5}$/;

interface Group {
  readonly threshold: number;
  readonly members: readonly string[];
}

/** Any one of `logs` signs, and `quorum` names the witness or group that has to witness, or `none`. */
export interface Policy {
  readonly logs: readonly VKey[];
  /** By the names that they have in this policy only. */
  readonly witnesses: ReadonlyMap<string, VKey>;
  readonly groups: ReadonlyMap<string, Group>;
  readonly quorum: string;
}

function wrong(): never {
  malformed("policy");
}

export function parsePolicy(text: string, keys: Keyring): Policy {
  if (utf8(text).length > MAX_POLICY) wrong();
  if (!TEXT.test(text)) wrong();
  const logs: VKey[] = [];
  const witnesses = new Map<string, VKey>();
  const groups = new Map<string, Group>();
  const member = new Set([NONE]);
  let quorum = "";
  const known = (name: string) => name === NONE || witnesses.has(name) || groups.has(name);
  for (const line of text.split("\n")) {
    const words = line.replace(/^[ \t]+|[ \t]+$/g, "").split(/[ \t]+/);
    const [word, name = "", ...rest] = words as [string, string?, ...string[]];
    if (!word || word.startsWith("#")) continue;
    const define = () => {
      if (!WORD.test(name) || known(name)) wrong();
    };
    if (word === "log" && name && rest.length <= 1) {
      logs.push(VKey.parse(name, keys));
    } else if (word === "witness" && rest.length >= 1 && rest.length <= 2) {
      define();
      witnesses.set(name, VKey.parse(rest[0]!, keys));
    } else if (word === "group" && rest.length >= 2) {
      const [count, ...members] = rest as [string, ...string[]];
      for (const each of members) {
        // Once only, in all groups together: so a witness counts towards the quorum in one way.
        if (!known(each) || member.has(each)) wrong();
        member.add(each);
      }
      define();
      groups.set(name, { threshold: threshold(count, members.length), members });
    } else if (word === "quorum" && words.length === 2 && known(name) && !quorum) {
      quorum = name;
    } else {
      wrong();
    }
  }
  if (!quorum) wrong();
  checkKeys(ED25519, logs);
  checkKeys(COSIGNATURE, [...witnesses.values()]);
  return { logs, witnesses, groups, quorum };
}

function threshold(count: string, members: number): number {
  if (count === "any") return 1;
  if (count === "all") return members;
  if (!COUNT.test(count) || Number(count) > members) wrong();
  return Number(count);
}

function checkKeys(algorithm: number, vkeys: VKey[]): void {
  const seen = new Set<string>();
  for (const vkey of vkeys) {
    if (vkey.algorithm !== algorithm) badKey("vkey-algorithm");
    // The key itself counts: under a second name it would vote twice.
    if (seen.has(vkey.key.kid)) wrong();
    seen.add(vkey.key.kid);
  }
}

/** Whether these witnesses' cosignatures, each verified before, are a quorum. */
export function satisfied(policy: Policy, cosigned: ReadonlySet<VKey>): boolean {
  const witnessed = new Set([NONE]);
  policy.witnesses.forEach((vkey, name) => cosigned.has(vkey) && witnessed.add(name));
  policy.groups.forEach(({ threshold, members }, name) => {
    if (members.filter((member) => witnessed.has(member)).length >= threshold) witnessed.add(name);
  });
  return witnessed.has(policy.quorum);
}

/** One log: its policy and the chain id of its `log.open`. */
export interface Pin {
  readonly policy: Policy;
  readonly root: string;
  readonly origin: string;
}

export function parsePin(text: string, keys: Keyring): Pin {
  const value = loads(text.replace(/\n$/, ""));
  if (!hasExactly(value, "policy", "root") || typeof value.policy !== "string" || typeof value.root !== "string")
    malformed("pin");
  const policy = parsePolicy(value.policy, keys);
  b64u(value.root, 32);
  const origin = policy.logs[0]?.name;
  if (origin === undefined || policy.logs.some((vkey) => vkey.name !== origin)) malformed("pin");
  return { policy, root: value.root, origin };
}
