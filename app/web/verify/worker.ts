/** Checks a batch away from the page, so that nothing on it stands still: fetches, verifies, answers in codes. */

import { absent, type Answer, type Known, type Question } from "./asking.ts";
import { toBase64 } from "./bytes.ts";
import { type Checkpoint, parseCheckpoint } from "./checkpoint.ts";
import { Keyring } from "./keys.ts";
import { parsePin } from "./policy.ts";
import { Rejected } from "./verdict.ts";
import { verify } from "./verify.ts";

const ALL = Array.from({ length: 16 }, (_, place) => place + 1);
const WRONG_LOG = 9;
const REFUSED = 422;
/** What anybody would get. */
const ANONYMOUS: RequestInit = { credentials: "omit" };

async function answer({ code, bundle, pin, known }: Question): Promise<Answer> {
  const since = known && head(known);
  const keyring = new Keyring();
  const pinned = parsePin(await (await get(pin)).text(), keyring);
  const { logs, quorum } = pinned.policy;
  const facts: Record<string, number | string> = { root: pinned.root, vkeys: logs.join(" ") };
  const rejected = (check: number, reason: string, held: readonly number[]): Answer => {
    return { state: "bad", check, held, facts: { ...facts, reason }, remarks: [], known: null };
  };
  // The key of a log may change, its beginning never does.
  if (known && known.root !== pinned.root) return rejected(WRONG_LOG, `wrong-log · ${known.root}`, []);
  const asked = await fetch(since?.size ? `${bundle}?since=${since.size}` : bundle, ANONYMOUS);
  // A log that is shorter than it was has no proof of how it grew; it is asked without, and seen to be older.
  const data = new Uint8Array(await (asked.status === REFUSED ? await get(bundle) : taken(asked)).arrayBuffer());
  const began = performance.now();
  try {
    const verdict = await verify(data, [pinned], keyring, { asked: code, remembered: since ? [since] : [] });
    const { checkpoint, statements, witnessed } = verdict;
    const { origin, size, root } = checkpoint;
    facts.statements = statements.length;
    facts.keys = new Set(statements.map(({ kid }) => kid)).size;
    facts.complete = verdict.completeAsOf ?? 0;
    facts.witnesses = [...witnessed.keys()].join(" · ");
    facts.time = Math.ceil(performance.now() - began);
    const newest = { root: pinned.root, head: `${origin}\n${size}\n${toBase64(root)}\n` };
    const remarks = [...verdict.remarks, ...(quorum === "none" ? [{ code: "no-witness" }] : [])];
    return { state: "good", check: 0, held: ALL, facts, remarks, known: since && since.size > size ? known : newest };
  } catch (error) {
    if (!(error instanceof Rejected)) throw error;
    return rejected(error.check, `${error.reason} · ${error.cause.code} · ${error.record}`, error.held);
  }
}

/** What a browser kept may have been spoilt: then it is as if nothing was. */
function head(known: Known): Checkpoint | null {
  try {
    return parseCheckpoint(known.head);
  } catch {
    return null;
  }
}

const get = async (address: string): Promise<Response> => taken(await fetch(address, ANONYMOUS));

function taken(answer: Response): Response {
  if (!answer.ok) throw new Error(`${answer.status} ${answer.url}`);
  return answer;
}

onmessage = async ({ data }: MessageEvent<Question>) => {
  postMessage(await answer(data).catch((error: unknown) => absent(`${error}`)));
};
