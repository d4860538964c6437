/**
 * The exact bodies of what changes the registry, as `ledger.records.registry` has them: unknown names are refused by
 * everybody (format §7). All other kinds are checked at admission only.
 */

import { b64u } from "./bytes.ts";
import { isObject, type Json } from "./canonical.ts";
import { malformed } from "./errors.ts";
import { isHash } from "./identity.ts";
import { readTime, type Statement } from "./statement.ts";

/** Throws unless `value` has this shape. */
type Shape = (value: Json) => void;

// Written out: what counts as a space differs between languages.
const SPACES = "\n\x20\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000";
const WORDS = RegExp(`[^${SPACES}]`);
const QUANTITY = /^(?:0|[1-9][0-9]{0,8})(?:\.[0-9]{1,6})?$/;
const URL_FORM = RegExp(`^(?:https?://[^${SPACES}?#]{1,190})?$`, "u");
const UNIT = /^[A-Za-z0-9%/]{1,8}$/;

function shape(code: string, holds: (value: Json) => boolean): Shape {
  return (value) => {
    if (!holds(value)) malformed(code);
  };
}

const text = (most: number): Shape =>
  shape("text-length", (value) => typeof value === "string" && WORDS.test(value) && [...value].length <= most);
const pattern = (form: RegExp): Shape =>
  shape("pattern", (value) => typeof value === "string" && form.test(value));
const choice = (options: string): Shape =>
  shape("choice", (value) => typeof value === "string" && options.split(" ").includes(value));
const whole = (low: number, high: number): Shape =>
  shape("number", (value) => typeof value === "number" && value >= low && value <= high);
const hash = shape("b64u", isHash);
const proof: Shape = (value) => {
  if (typeof value !== "string") malformed("type");
  b64u(value, 64);
};
const time: Shape = (value) => {
  if (typeof value !== "string") malformed("time");
  readTime(value);
};
const quantity = shape("quantity", (value) => {
  if (!isObject(value) || Object.keys(value).join() !== "unit,value") return false;
  const { unit, value: digits } = value;
  if (typeof unit !== "string" || typeof digits !== "string") return false;
  return UNIT.test(unit) && QUANTITY.test(digits) && /[1-9]/.test(digits);
});
/** That it is a sound key is asked where it is added. */
const jwk = shape("jwk", (value) => isObject(value) && /^crv,kty,x(,y)?$/.test(Object.keys(value).join()));

function list(item: Shape, low: number, high: number): Shape {
  return (value) => {
    if (!Array.isArray(value) || value.length < low || value.length > high) malformed("list");
    value.forEach(item);
  };
}

/** An object whose names are free. */
function map(inner: Shape): Shape {
  return (value) => {
    if (!isObject(value) || !Object.keys(value).length) malformed("type");
    for (const name of Object.keys(value)) inner(value[name]!);
  };
}

/** An object with these names, those that end in `?` may be absent. */
function object(fields: Record<string, Shape>): Shape {
  const known = new Map(Object.entries(fields).map(([name, inner]) => [name.replace("?", ""), inner]));
  return (value) => {
    if (!isObject(value)) malformed("type");
    for (const name of Object.keys(value)) {
      const inner = known.get(name);
      if (!inner) malformed("unknown");
      inner(value[name]!);
    }
    for (const name of Object.keys(fields)) if (!name.endsWith("?") && !(name in value)) malformed("missing");
  };
}

const role = choice("farm processor warehouse carrier shop lab inspector registrar operator");
const division = pattern(/^[0-9]{6}(?:[0-9]{3}|[0-9]{6})?$/);
const unit = pattern(/^[A-Za-z0-9]{1,8}$/);
const key = { jwk, proof, "custody?": choice("service") };
const table = map(list(text(40), 0, 64));
const agent = object({ agent: hash, kinds: list(text(40), 1, 64) });
/** The first statement of a root act says what, the second `confirms`: which of the two, the registry checks. */
const act = (name: string, inner: Shape): Shape => object({ [name + "?"]: inner, "confirms?": hash });

const NAMES: Record<string, Shape> = {
  "log.open": object({
    keys: list(object({ jwk, proof }), 3, 3),
    policy: table,
    public_url: pattern(URL_FORM),
    time_zone: text(40),
    "succeeds?": object({ checkpoint: text(4000) }),
  }),
  "party.register": object({
    keys: list(object(key), 0, 64),
    roles: list(role, 0, 9),
    profile: object({
      name: text(80),
      type: choice("person household coop company lab authority"),
      "uscc?": pattern(/^[0-9A-HJ-NPQRTUWXY]{18}$/),
      division,
      side: choice("agriculture market"),
    }),
  }),
  "key.add": object(key),
  "key.revoke": object({ "kid?": hash, "reason?": text(200), "compromised_since?": time, "confirms?": hash }),
  "role.grant": act("role", role),
  "role.end": act("role", role),
  "agent.grant": agent,
  "agent.end": agent,
  "place.add": object({
    name: text(80),
    kind: choice("plot farm plant store shop market lab office"),
    division,
    township: text(60),
    "gln?": pattern(/^[0-9]{13}$/),
    "own_code?": text(40),
  }),
  "product.add": object({
    names: map(text(120)),
    "gtin?": pattern(/^(?:[0-9]{8}|[0-9]{12,14})$/),
    "own_code?": text(60),
    base_unit: unit,
    "factors?": list(object({ unit, factor: quantity }), 0, 16),
    "shelf_life?": whole(1, 36500),
    "cold?": object({ low: text(8), high: text(8), minutes: whole(0, 10000) }),
    "yield?": object({ low: whole(0, 10000), high: whole(0, 10000) }),
    "may?": list(hash, 0, 200),
  }),
  "log.key": act("vkey", text(200)),
  "log.policy": act("policy", table),
  "log.close": act("successor", text(200)),
  "log.heads": object({ count: whole(0, Infinity), root: hash, size: whole(0, Infinity) }),
};

const KINDS = new Map(Object.entries(NAMES));
/** Those that touch no chain, and bring one. */
const FIRST = new Set(["log.open", "party.register", "place.add", "product.add", "log.heads"]);
/** The only one with a sealed field: where exactly a place is. */
const SEALS = "place.add";

/** Whether this kind changes the registry; `log.heads` is one of them and changes nothing. */
export const isRegistry = (kind: string): boolean => KINDS.has(kind);

/** Throws where the body, or what it touches, is not exactly what its kind has; nothing for other kinds. */
export function checkBody(statement: Statement): void {
  const kind = KINDS.get(statement.kind);
  if (!kind) return;
  if (FIRST.has(statement.kind) !== !statement.on.length) malformed("on-none");
  const { _sd, ...body } = statement.body;
  if (_sd !== undefined && statement.kind !== SEALS) malformed("must-not-seal");
  kind(Object.assign(Object.create(null), body));
}
