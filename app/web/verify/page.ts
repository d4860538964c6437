/** The card on a batch's page from which its reader starts the check; all words stand in the page already. */

import { absent, type Answer, type Known, type Question } from "./asking.ts";

const card = document.querySelector<HTMLElement>("[data-self-check]");

function start(card: HTMLElement): void {
  const button = card.querySelector("button")!;
  button.hidden = false;
  button.onclick = () => {
    const { code = "", log = "", worker = "" } = card.dataset;
    const place = `gengji ${log}`;
    button.disabled = true;
    card.dataset.state = "busy";
    const checker = new Worker(worker);
    const done = (answer: Answer): void => {
      checker.terminate();
      button.disabled = false;
      if (answer.known) remember(place, answer.known);
      show(card, answer);
    };
    checker.onmessage = ({ data }: MessageEvent<Answer>) => done(data);
    checker.onerror = ({ message }) => done(absent(message));
    const known = recall(place);
    checker.postMessage({ code, bundle: `/v1/batches/${code}/bundle`, pin: "/log/policy.json", known } as Question);
  };
}

function show(card: HTMLElement, { state, check, held, facts, remarks }: Answer): void {
  const { lang } = document.documentElement;
  const counted = { good: 0, bad: 0, open: 0, unreached: 0 };
  card.dataset.state = state;
  const list = card.querySelector<HTMLElement>(".check-list")!;
  const [good, bad, open, unreached] = list.dataset.words!.split("|");
  const codes = remarks.map(({ code }) => code);
  list.hidden = state === "absent";
  card.querySelectorAll<HTMLElement>("[data-remark]").forEach((one) => {
    one.hidden = !codes.includes(one.dataset.remark!);
  });
  list.querySelectorAll("li").forEach((line) => {
    const number = Number(line.dataset.check);
    const doubtful = line.querySelector("[data-remark]:not([hidden])");
    const said = number === check ? "bad" : !held.includes(number) ? "unreached" : doubtful ? "open" : "good";
    line.dataset.state = said;
    counted[said]++;
    line.querySelector(".visually-hidden")!.textContent = { good, bad, open, unreached }[said]!;
    if (said === "bad") card.querySelector("[data-why]")!.textContent = line.querySelector(".failed")!.textContent;
  });
  card.querySelectorAll<HTMLElement>("[data-fact]").forEach((one) => {
    const fact = { ...facts, open: counted.open }[one.dataset.fact!];
    const at = one.tagName === "TIME" && fact && new Date(fact);
    one.textContent = at ? at.toLocaleString(lang, { dateStyle: "long", timeStyle: "short", timeZone: card!.dataset.zone }) : `${fact ?? ""}`;
  });
  card.toggleAttribute("data-complete", !!facts.complete);
  card.toggleAttribute("data-open", !!counted.open);
  document.getElementById("alarm")!.hidden = state !== "bad";
}

// A browser may forbid all remembering: then every time is the first.
function recall(place: string): Known | null {
  try {
    return JSON.parse(localStorage.getItem(place)!) as Known | null;
  } catch {
    return null;
  }
}

function remember(place: string, known: Known): void {
  try {
    localStorage.setItem(place, JSON.stringify(known));
  } catch {
    // Nothing to be done.
  }
}

if (card && typeof Worker === "function") start(card);
