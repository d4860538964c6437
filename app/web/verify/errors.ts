/**
 * What can be wrong: the same codes as in `ledger.errors`. Where exactly, the command line says; here, the record.
 */

/** The bytes are not what the format says · a key that may not be used · a signature, a proof that does not fit ·
 * well-formed and signed, but this key may not state this here. */
export type Kind = "malformed" | "key" | "signature" | "proof" | "allowed";

export class LedgerError extends Error {
  constructor(
    readonly kind: Kind,
    readonly code: string,
  ) {
    super(code);
  }
}

export function malformed(code: string): never {
  throw new LedgerError("malformed", code);
}

export function badProof(code: string): never {
  throw new LedgerError("proof", code);
}

export function badKey(code: string): never {
  throw new LedgerError("key", code);
}

export function badSignature(code: string): never {
  throw new LedgerError("signature", code);
}

export function notAllowed(code: string): never {
  throw new LedgerError("allowed", code);
}
