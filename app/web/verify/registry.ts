/**
 * Who may sign what, decided by position in the log alone: the rules of `ledger.registry`, for a reader who carries
 * some chains only (format §7). Statements go in, in the order of the log; before each one `authorise` says whether
 * its key, its role and its grant stand at that point.
 */

import { b64u } from "./bytes.ts";
import type { Json, Obj } from "./canonical.ts";
import { ED25519, VKey } from "./checkpoint.ts";
import { badKey, malformed, notAllowed } from "./errors.ts";
import { type Keyring, proofMessage, type PublicKey } from "./keys.ts";
import { checkBody, isRegistry } from "./records.ts";
import { actor, type Statement, toMs } from "./statement.ts";

const ROOT_KINDS = ["log.key", "log.policy", "log.close"];
const ROOT_ROLES = ["registrar", "operator"];
const PARTY_KINDS = ["place.add", "product.add"];
const TOUCHING = ["inspect", "sense"];

/** A key's life: added at one place in the log, revoked at another. */
export interface Key {
  readonly public: PublicKey;
  readonly party: string;
  readonly addedBy: string | null;
  readonly addedAt: number;
  readonly custody: string;
  revoked: boolean;
  since?: string;
}

interface Party {
  readonly roles: Set<string>;
  /** Who may state which kinds for it. */
  readonly agents: Map<string, Set<string>>;
  /** Those that are not revoked. */
  readonly keys: Set<string>;
}

type Act = Pick<Statement, "kind" | "on" | "body" | "kid">;

/** A key as a registry body brings it. */
interface Given {
  readonly jwk: Json;
  readonly proof: string;
  readonly custody: string;
}

/** The keys that a statement adds. Its body has been checked. */
export function given(statement: Statement): Given[] {
  const one = (value: Json | undefined): Given => {
    const { jwk, proof, custody } = value as Obj;
    return { jwk: jwk ?? null, proof: proof as string, custody: (custody as string) ?? "" };
  };
  if (statement.kind === "key.add") return [one(statement.body)];
  if (statement.kind !== "log.open" && statement.kind !== "party.register") return [];
  return (statement.body.keys as Json[]).map(one);
}

/** What a new key's proof is about: the party that it is added to, or a new one. */
export const proofParty = (statement: Statement): string => (statement.kind === "key.add" ? statement.on[0]! : "new");

/** Who may sign what; statements are taken in, in the order of the log. */
export interface Registry {
  readonly keys: ReadonlyMap<string, Key>;
  /** The chain that the log began with; null before. */
  root(): string | null;
  /** The key that has to have signed. Throws `key-unknown`, `key-revoked` or `key-party`. */
  keyOf(statement: Statement): PublicKey;
  /** Throws unless this may be stated here, by this key, now. */
  authorise(statement: Statement): Promise<void>;
  /** Whether what this key signed, received at this time (ms), may be a thief's. */
  suspect(kid: string, received: number): boolean;
  /** Take in a statement that was received then, ms; anything but a registry kind changes nothing. */
  apply(statement: Statement, received: number): void;
}

/** The state after the statements put in so far, of the log named `origin`. */
export function openRegistry(origin: string, keyring: Keyring): Registry {
  const keys = new Map<string, Key>();
  const parties = new Map<string, Party>();
  const things = new Set<string>();
  const acts = new Map<string, Act>();
  let root: string | null = null;
  let policy = new Map<string, Set<string>>();
  let closed = false;

  // --- may it? --------------------------------------------------------------------------------------------------

  function keyOf(statement: Statement): PublicKey {
    if (statement.kind === "log.open") {
      checkOpening(statement);
      checkBody(statement);
      const own = keysIn(statement).find((key) => key.kid === statement.kid);
      if (own) return own;
    }
    const key = keys.get(statement.kid);
    if (!key) notAllowed("key-unknown");
    if (key.revoked) notAllowed("key-revoked");
    if (key.party !== statement.iss) notAllowed("key-party");
    return key.public;
  }

  async function authorise(statement: Statement): Promise<void> {
    if (statement.log !== origin) notAllowed("wrong-log");
    checkOpening(statement);
    if (closed) notAllowed("log-closed");
    keyOf(statement);
    checkBody(statement);
    if (isRegistry(statement.kind) && statement.kind !== "log.heads") await authoriseRegistry(statement);
    else authoriseRecord(statement);
  }

  function checkOpening(statement: Statement): void {
    if ((statement.kind === "log.open") !== (root === null)) notAllowed("log-open");
  }

  function authoriseRecord(statement: Statement): void {
    statement.on.forEach((chain) => {
      if (parties.has(chain) || (things.has(chain) && !TOUCHING.includes(statement.kind)))
        notAllowed("on-registry");
    });
    checkAgent(statement);
    const roles = parties.get(actor(statement) ?? "")?.roles ?? [];
    if (![...roles].some((role) => policy.get(role)?.has(statement.kind))) notAllowed("role");
  }

  function checkAgent({ kind, iss, for: principal }: Statement): void {
    if (principal !== null && !parties.get(principal)?.agents.get(iss ?? "")?.has(kind))
      notAllowed("agent");
  }

  async function authoriseRegistry(statement: Statement): Promise<void> {
    const { kind, iss, body } = statement;
    if (statement.for !== null && !PARTY_KINDS.includes(kind)) notAllowed("for-registry");
    await checkKeys(statement);
    if (kind === "log.open") return;
    if (PARTY_KINDS.includes(kind)) {
      checkAgent(statement);
      if (kind === "product.add" && !("gtin" in body || "own_code" in body)) malformed("missing");
    } else if (kind === "party.register") {
      want(statement, { root: true, registrar: true });
      if ((body.roles as string[]).some((role) => ROOT_ROLES.includes(role))) notAllowed("root-act");
    } else {
      const party = oneTarget(statement);
      const { roles, keys: own } = parties.get(party)!;
      if (byTwo(statement)) {
        want(statement, { root: true });
        if (ROOT_KINDS.includes(kind) && party !== root) malformed("unknown-party");
        checkAct(statement);
        checkLogKey(body.vkey);
        if (kind === "key.revoke") checkRevoked(statement, party);
      } else if (kind === "role.grant" || kind === "role.end") {
        if (!body.role) malformed("missing");
        want(statement, { registrar: true });
      } else if (kind === "key.revoke") {
        checkRevoked(statement, party);
      } else if (kind === "key.add") {
        // Whoever could add a root key could then act as two; a registrar that could add one to another registrar, or
        // to the operator, would make itself what only a root act makes.
        if (party === root || (iss !== party && ROOT_ROLES.some((role) => roles.has(role))))
          notAllowed("root-keys");
        want(statement, { registrar: true, party });
      } else {
        want(statement, { registrar: true, party });
        // A registrar speaks only for farmers who cannot sign for themselves.
        if (iss !== party && own.size) notAllowed("principal-signs");
      }
    }
  }

  /**
   * Whether it takes two root keys. A root key may end itself alone, but not with `compromised_since`: that would call
   * suspect what it once did together with another.
   */
  function byTwo({ kind, on, body, kid }: Statement): boolean {
    if ("confirms" in body || ROOT_KINDS.includes(kind) || ROOT_ROLES.includes(body.role as string)) return true;
    return kind === "key.revoke" && on[0] === root && (body.kid !== kid || "compromised_since" in body);
  }

  /** Whether that is the first time named since when the key was a thief's, or an earlier one. */
  const adds = (key: Key, since?: string): since is string => !!since && !(key.since! <= since);

  function checkRevoked(statement: Statement, party: string): void {
    const { kid, compromised_since: since, confirms } = statement.body as Record<string, string | undefined>;
    if (confirms) return;
    if (!kid) malformed("missing");
    const key = keys.get(kid);
    if (key?.party !== party) malformed("unknown-key");
    // What is known later, or to have been earlier, is said by a second revocation; it only ever adds.
    if (key.revoked && !adds(key, since)) malformed("key-gone");
    want(statement, { root: true, registrar: party !== root, party });
    // Or a party could make its own past records look like somebody else's.
    if (since !== undefined && statement.iss === party && party !== root)
      notAllowed("compromised-by-party");
  }

  /** The signer is one of those given: root, a registrar, the party itself. */
  function want({ iss }: Statement, may: { root?: boolean; registrar?: boolean; party?: string }): void {
    if ((may.root && iss === root) || (may.party !== undefined && iss === may.party)) return;
    if (may.registrar && parties.get(iss ?? "")?.roles.has("registrar")) return;
    notAllowed("signer");
  }

  function oneTarget({ on }: Statement): string {
    if (on.length !== 1) malformed("on-one");
    if (!parties.has(on[0]!)) malformed("unknown-party");
    return on[0]!;
  }

  /** A root act's first statement says what, the second confirms it with another root key. */
  function checkAct({ kind, on, body, kid }: Statement): void {
    const names = Object.keys(body);
    if (body.confirms === undefined) {
      if (!names.length) malformed("missing");
      return;
    }
    const act = acts.get(body.confirms as string);
    if (names.length !== 1 || act?.kind !== kind || `${act.on}` !== `${on}`) malformed("confirms");
    if (act.kid === kid) notAllowed("second-key");
    if (keys.get(act.kid)!.revoked) notAllowed("key-revoked");
  }

  /** Each key that a statement adds is proven and new. */
  async function checkKeys(statement: Statement): Promise<void> {
    const added = keysIn(statement);
    const before = new Set<string>();
    for (const [place, { proof }] of given(statement).entries()) {
      const key = added[place]!;
      const message = proofMessage(statement.log, proofParty(statement), key.kid);
      if (!(await key.verify(b64u(proof, 64), message))) badKey("key-proof");
      if (keys.has(key.kid) || before.has(key.kid)) badKey("key-taken");
      before.add(key.kid);
    }
  }

  function keysIn(statement: Statement): PublicKey[] {
    return given(statement).map(({ jwk }) => keyring.fromJwk(jwk));
  }

  /** A new log key is an Ed25519 key under the log's own name, and nobody's signing key. */
  function checkLogKey(text: Json | undefined): void {
    if (text === undefined) return;
    const vkey = VKey.parse(text as string, keyring);
    if (vkey.name !== origin || vkey.algorithm !== ED25519) badKey("log-key");
    if (keys.has(vkey.key.kid)) badKey("key-taken");
  }

  // --- may it be believed? --------------------------------------------------------------------------------------

  function suspect(kid: string, received: number): boolean {
    for (let key = keys.get(kid); key; key = keys.get(key.addedBy ?? "")) {
      if (key.since && toMs(key.since) <= received) return true;
      received = key.addedAt;
    }
    return false;
  }

  // --- then let it be so ----------------------------------------------------------------------------------------

  function apply(statement: Statement, received: number): void {
    const { kind, body, on, created } = statement;
    const party = parties.get(on[0] ?? "")!;
    const chain = created[0]!;
    if (kind === "log.open") {
      root = chain;
      setPolicy(body.policy as Obj);
      addParty(chain, []);
    } else if (kind === "party.register") {
      addParty(chain, body.roles as string[]);
    } else if (kind === "key.revoke") {
      const act = settled(statement);
      if (!act) return;
      const key = keys.get(act.kid as string)!;
      const since = act.compromised_since as string | undefined;
      if (adds(key, since)) key.since = since;
      key.revoked = true;
      party.keys.delete(act.kid as string);
    } else if (kind === "role.grant" || kind === "role.end") {
      const act = settled(statement);
      if (act) party.roles[kind === "role.grant" ? "add" : "delete"](act.role as string);
    } else if (kind === "agent.grant" || kind === "agent.end") {
      const agent = body.agent as string;
      const kinds = party.agents.get(agent) ?? new Set();
      for (const each of body.kinds as string[]) kinds[kind === "agent.grant" ? "add" : "delete"](each);
      party.agents.set(agent, kinds);
    } else if (PARTY_KINDS.includes(kind)) {
      things.add(chain);
    } else if (ROOT_KINDS.includes(kind)) {
      const act = settled(statement);
      if (act?.policy) setPolicy(act.policy as Obj);
      if (act?.successor) closed = true;
    }
    const by = statement.iss === null ? null : statement.kid;
    for (const { jwk, custody } of given(statement)) {
      const key = keyring.fromJwk(jwk);
      const life = { addedBy: by, addedAt: received, custody, revoked: false };
      keys.set(key.kid, { public: key, party: statement.targets[0]!, ...life });
      parties.get(statement.targets[0]!)!.keys.add(key.kid);
    }
  }

  function addParty(chain: string, roles: string[]): void {
    parties.set(chain, { roles: new Set(roles), agents: new Map(), keys: new Set() });
  }

  /** The body that takes effect now: at once where one signature is enough, else that of a confirmed act. */
  function settled(statement: Statement): Obj | null {
    const { hash, kind, on, body, kid } = statement;
    const confirmed = body.confirms as string | undefined;
    if (confirmed !== undefined) {
      const act = acts.get(confirmed)!;
      acts.delete(confirmed);
      return act.body;
    }
    if (!byTwo(statement)) return body;
    acts.set(hash, { kind, on, body, kid });
    return null;
  }

  function setPolicy(table: Obj): void {
    policy = new Map(Object.entries(table).map(([role, kinds]) => [role, new Set(kinds as string[])]));
  }

  return { keys, root: () => root, keyOf, authorise, suspect, apply };
}
