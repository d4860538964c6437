/** The log's tree: leaves, nodes, and the checks of inclusion and consistency proofs (RFC 6962 §2.1). */

import { type Bytes, concat, same } from "./bytes.ts";
import { badProof } from "./errors.ts";
import { sha256 } from "./hash.ts";

const LEAF = new Uint8Array([0]);
const NODE = new Uint8Array([1]);
export const EMPTY_ROOT = sha256(new Uint8Array(0));

export const leafHash = (data: Uint8Array): Bytes => sha256(concat(LEAF, data));
export const nodeHash = (left: Uint8Array, right: Uint8Array): Bytes => sha256(concat(NODE, left, right));

const bitLength = (value: bigint): number => (value ? value.toString(2).length : 0);

function bitCount(value: bigint): number {
  return value ? value.toString(2).replace(/0/g, "").length : 0;
}

/** Throws `inclusion` unless `leaf` is number `index` of `size` leaves under `root`. */
export function verifyInclusion(leaf: Bytes, index: bigint, size: bigint, proof: Bytes[], root: Bytes): void {
  const code = "inclusion";
  if (index < 0n || index >= size) badProof(code);
  // Below the fork each level has a sibling; above it the path runs along the right edge of the tree, where only the
  // left siblings exist.
  const fork = bitLength(index ^ (size - 1n));
  wantHashes(code, proof, fork + bitCount(index >> BigInt(fork)));
  wantHashes(code, [leaf, root], 2);
  let found = leaf;
  proof.forEach((sibling, level) => {
    const left = level < fork && !((index >> BigInt(level)) & 1n);
    found = left ? nodeHash(found, sibling) : nodeHash(sibling, found);
  });
  if (!same(found, root)) badProof(code);
}

/** Throws `consistency` unless the tree of `newRoot` continues that of `oldRoot`. */
export function verifyConsistency(
  oldSize: bigint,
  oldRoot: Bytes,
  newSize: bigint,
  newRoot: Bytes,
  proof: Bytes[],
): void {
  const code = "consistency";
  if (oldSize < 0n || oldSize > newSize) badProof(code);
  wantHashes(code, [oldRoot, newRoot], 2);
  if (!oldSize && !same(oldRoot, EMPTY_ROOT)) badProof(code);
  if (!newSize && !same(newRoot, EMPTY_ROOT)) badProof(code);
  if (!oldSize || oldSize === newSize) {
    wantHashes(code, proof, 0);
    if (oldSize === newSize && !same(oldRoot, newRoot)) badProof(code);
    return;
  }
  const level = bitLength(oldSize & -oldSize) - 1;
  let index = (oldSize - 1n) >> BigInt(level);
  let fork = bitLength((oldSize - 1n) ^ (newSize - 1n)) - level;
  wantHashes(code, proof, (index ? 1 : 0) + fork + bitCount(index >> BigInt(fork)));
  let before = index ? proof[0]! : oldRoot;
  let after = before;
  for (const sibling of index ? proof.slice(1) : proof) {
    // Left siblings stand in both trees, right ones in the new tree alone.
    if (fork <= 0 || index & 1n) {
      before = nodeHash(sibling, before);
      after = nodeHash(sibling, after);
    } else {
      after = nodeHash(after, sibling);
    }
    index >>= 1n;
    fork--;
  }
  if (!same(before, oldRoot)) badProof(code);
  if (!same(after, newRoot)) badProof(code);
}

function wantHashes(code: string, hashes: Bytes[], count: number): void {
  if (hashes.length !== count) badProof(code);
  if (hashes.some((hash) => hash.length !== 32)) badProof(code);
}
