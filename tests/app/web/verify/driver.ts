/** Asked in lines of JSON on standard input, one question each, the verifier of the page answers in such lines. */

import { createInterface } from "node:readline";
import { b64u, base64, toB64u } from "../../../../app/web/verify/bytes.ts";
import { type Json, loads } from "../../../../app/web/verify/canonical.ts";
import { openNote, parseCheckpoint, VKey } from "../../../../app/web/verify/checkpoint.ts";
import { SoundKey } from "../../../../app/web/verify/ed25519.ts";
import { LedgerError } from "../../../../app/web/verify/errors.ts";
import { sha256, sha512 } from "../../../../app/web/verify/hash.ts";
import { Keyring } from "../../../../app/web/verify/keys.ts";
import { verifyConsistency, verifyInclusion } from "../../../../app/web/verify/merkle.ts";
import { parsePin, parsePolicy } from "../../../../app/web/verify/policy.ts";
import { parse } from "../../../../app/web/verify/statement.ts";
import { Rejected } from "../../../../app/web/verify/verdict.ts";
import { verify } from "../../../../app/web/verify/verify.ts";

type Question = Record<string, string> & { proof: string[]; pins: string[]; remembered: string[]; vkeys: string[] } & {
  attachments?: Record<string, string>;
  pure?: boolean;
};

const plain = (text: string) => base64(text, "driver");

const ANSWERS: Record<string, (question: Question) => unknown> = {
  hash: ({ data }) => ({ sha256: toB64u(sha256(plain(data!))), sha512: toB64u(sha512(plain(data!))) }),
  canonical: ({ data }) => JSON.stringify(loads(plain(data!))),
  b64u: ({ data }) => toB64u(b64u(data!)),
  inclusion: ({ leaf, index, size, proof, root }) =>
    verifyInclusion(plain(leaf!), BigInt(index!), BigInt(size!), proof.map(plain), plain(root!)),
  consistency: ({ size, root, newSize, newRoot, proof }) =>
    verifyConsistency(BigInt(size!), plain(root!), BigInt(newSize!), plain(newRoot!), proof.map(plain)),
  key: ({ jwk, pure }) => new Keyring(!!pure).fromJwk(JSON.parse(jwk!) as Json).kid,
  signature: async ({ jwk, signature, message, pure }) =>
    new Keyring(!!pure).fromJwk(JSON.parse(jwk!) as Json).verify(b64u(signature!), message!),
  sound: ({ x, signature, data }) => SoundKey.read(plain(x!))?.check(plain(signature!), plain(data!)),
  note: async ({ note, vkeys }) => {
    const keyring = new Keyring();
    const [opened, signed] = await openNote(note!, vkeys.map((vkey) => VKey.parse(vkey, keyring)));
    return { text: opened.text, times: [...signed.values()].map(String) };
  },
  policy: ({ policy }) => parsePolicy(policy!, new Keyring()).logs.map(String),
  statement: ({ jws }) => parse(jws!).targets,
  bundle: async ({ data, pins, asked, remembered, attachments, pure }) => {
    const keyring = new Keyring(!!pure);
    const files = Object.entries(attachments ?? {}).map(([name, file]) => [name, plain(file)] as const);
    const verdict = await verify(
      plain(data!),
      pins.map((pin) => parsePin(pin, keyring)),
      keyring,
      { asked: asked ?? "", remembered: remembered.map(parseCheckpoint), attachments: new Map(files) },
    );
    return {
      remarks: verdict.remarks.map(({ code, record }) => [code, record]),
      completeAsOf: verdict.completeAsOf,
      witnessed: Object.fromEntries(verdict.witnessed),
      about: verdict.about,
    };
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const question = JSON.parse(line) as Question;
  let answer: unknown;
  try {
    answer = { is: (await ANSWERS[question.ask!]!(question)) ?? null };
  } catch (error) {
    if (error instanceof Rejected) {
      const { check, reason, record, cause } = error;
      answer = { check, reason, record, cause: cause.code };
    } else if (error instanceof LedgerError) {
      answer = { code: error.code };
    } else {
      throw error;
    }
  }
  console.log(JSON.stringify(answer));
}

