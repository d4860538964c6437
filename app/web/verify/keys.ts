/**
 * Keys that sign: Ed25519 and P-256, as JWK, named by their RFC 7638 thumbprint; the same narrow choice as
 * `ledger.keys`. WebCrypto checks signatures where it can, many side by side; what it lacks or refuses is worked out
 * here, so that every browser says the same.
 */

import { b64u, type Bytes, concat, toB64u, toBig, utf8 } from "./bytes.ts";
import type { Json } from "./canonical.ts";
import { SoundKey } from "./ed25519.ts";
import { badKey, malformed } from "./errors.ts";
import { sha256Text } from "./hash.ts";
import * as p256 from "./p256.ts";

export type Algorithm = "Ed25519" | "ES256";
type Check = (signature: Bytes, message: Bytes) => Promise<boolean>;

export interface PublicKey {
  readonly alg: Algorithm;
  /** The RFC 7638 thumbprint. */
  readonly kid: string;
  /** Whether `signature`, 64 bytes, over `message` is this key's; asked twice, it is worked out once. */
  readonly verify: (signature: Bytes, message: string) => Promise<boolean>;
}

const WITHOUT_WEBCRYPTO = typeof crypto === "undefined" || !crypto.subtle;

/** Keys by their thumbprint: each is looked at once. */
export class Keyring {
  private readonly known = new Map<string, PublicKey>();

  /** `pure`: do without WebCrypto altogether. */
  constructor(private readonly pure = WITHOUT_WEBCRYPTO) {}

  /** Exactly `{crv,kty,x}` or `{crv,kty,x,y}`. Throws `jwk`, `b64u` or `key-point`. */
  fromJwk(jwk: Json): PublicKey {
    const { crv, kty, x, y, ...rest } = (jwk && typeof jwk === "object" ? jwk : {}) as Record<string, unknown>;
    if (typeof x !== "string" || Object.keys(rest).length) malformed("jwk");
    if (crv === "Ed25519" && kty === "OKP" && y === undefined) return this.ed25519(b64u(x, 32));
    if (crv === "P-256" && kty === "EC" && typeof y === "string") return this.p256(x, y);
    malformed("jwk");
  }

  /** The key of 32 bytes. Throws `key-point`. */
  ed25519(x: Bytes): PublicKey {
    const kid = thumbprint(`{"crv":"Ed25519","kty":"OKP","x":"${toB64u(x)}"}`);
    return this.kept(kid, () => {
      const sound = SoundKey.read(x);
      if (!sound) badKey("key-point");
      const native = this.native(x, { name: "Ed25519" });
      return {
        alg: "Ed25519",
        kid,
        // What a browser refuses is looked at again: some refuse an R of low order, which the standard allows.
        verify: once(async (signed, message) => (await native(signed, message)) || sound.check(signed, message)),
      };
    });
  }

  private p256(x: string, y: string): PublicKey {
    const [a, b] = [b64u(x, 32), b64u(y, 32)];
    const kid = thumbprint(`{"crv":"P-256","kty":"EC","x":"${x}","y":"${y}"}`);
    return this.kept(kid, () => {
      if (!p256.onCurve(a, b)) badKey("key-point");
      const native = this.native(concat(new Uint8Array([4]), a, b), { name: "ECDSA", namedCurve: "P-256" });
      return {
        alg: "ES256",
        kid,
        verify: once(async (signature, message) => {
          // One signature, not two that differ in the sign of s.
          if (signature.length !== 64 || toBig(signature.subarray(32)) > p256.ORDER / 2n) return false;
          return (await native(signature, message)) ?? p256.check(a, b, signature, message);
        }),
      };
    });
  }

  private kept(kid: string, make: () => PublicKey): PublicKey {
    let key = this.known.get(kid);
    if (!key) this.known.set(kid, (key = make()));
    return key;
  }

  /** WebCrypto's word on a signature, null where it has none. */
  private native(raw: Bytes, algorithm: { name: string; namedCurve?: string }) {
    let imported: Promise<CryptoKey | null> | undefined;
    return async (signature: Bytes, message: Bytes): Promise<boolean | null> => {
      if (this.pure) return null;
      imported ??= crypto.subtle.importKey("raw", raw, algorithm, false, ["verify"]).catch(() => null);
      const key = await imported;
      return key && crypto.subtle.verify({ ...algorithm, hash: "SHA-256" }, key, signature, message).catch(() => null);
    };
  }
}

function once(check: Check): PublicKey["verify"] {
  const known = new Map<string, Promise<boolean>>();
  return (signature, message) => {
    const asked = `${toB64u(signature)}\n${message}`;
    let answer = known.get(asked);
    if (!answer) known.set(asked, (answer = check(signature, utf8(message))));
    return answer;
  };
}

const thumbprint = (jwk: string): string => toB64u(sha256Text(jwk));

/** What a new key signs to prove that it is held; `party` is a chain id or `new`. */
export const proofMessage = (log: string, party: string, kid: string): string =>
  `gengji key v1\n${log}\n${party}\n${kid}`;
