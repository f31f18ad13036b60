// What is coming: the end of the session, or of the connection because nobody touches it. The gateway tells how many
// seconds are left and ends it by its own clock; this only shows.

import { amountOf, isCountedDown, rungOf, spokenOf } from "./ladder.js";

const byId = (id) => document.getElementById(id);
const TICK_MS = 1000;
const MS_PER_S = 1000;

const ENDS = {
  hours_ended: "endsHours",
  absolute_limit: "endsAbsolute",
  unsupervised: "endsUnsupervised",
};

export class Notices {
  // `onGoOn()` is to show the gateway that somebody is there.
  constructor(texts, { onGoOn }) {
    this.texts = texts;
    this.panel = byId("notice");
    this.goOn = byId("notice-go-on");
    this.close = byId("notice-close");
    this.ending = null;
    this.idle = null;
    this.closedRung = null;
    this.spoken = null;
    this.goOn.addEventListener("click", onGoOn);
    this.close.addEventListener("click", () => this.#dismiss());
    window.setInterval(() => this.#show(), TICK_MS);
  }

  // The gateway: the session ends in so many seconds, for this reason.
  tellEnd(reason, leftS) {
    if (!(reason in ENDS) || !Number.isFinite(leftS)) return;
    if (this.ending?.reason !== reason) this.closedRung = null;
    this.ending = { reason, atMs: performance.now() + leftS * MS_PER_S };
    this.#show();
  }

  // The gateway: without input it ends in so many seconds; null when somebody is there again.
  tellIdle(leftS) {
    this.idle = leftS === null ? null : { atMs: performance.now() + leftS * MS_PER_S };
    this.#show();
  }

  // There is no session to speak of.
  clear() {
    this.ending = null;
    this.idle = null;
    this.closedRung = null;
    this.#show();
  }

  #dismiss() {
    this.closedRung = this.ending && rungOf(leftOf(this.ending));
    this.#show();
  }

  #show() {
    const notice = this.#findNotice();
    this.panel.hidden = notice === null;
    if (notice === null) {
      this.#speak(null, "");
      return;
    }
    const { title, remedy, leftS, mayClose, mayGoOn } = notice;
    setText("notice-title", title);
    setText("notice-text", remedy);
    this.goOn.hidden = !mayGoOn;
    this.close.hidden = !mayClose;
    this.panel.classList.toggle("urgent", isCountedDown(leftS));
    this.#speak(`${mayGoOn}${spokenOf(leftS)}`, `${title} ${remedy}`);
  }

  #findNotice() {
    const { texts } = this;
    if (this.idle) {
      const leftS = leftOf(this.idle);
      const title = texts.endsIdle.replace("{left}", this.#tell(leftS));
      return { title, remedy: texts.endsIdleRemedy, leftS, mayClose: false, mayGoOn: true };
    }
    const leftS = this.ending ? leftOf(this.ending) : Infinity;
    const rung = rungOf(leftS);
    if (rung === null || (rung === this.closedRung && !isCountedDown(leftS))) return null;
    const { reason } = this.ending;
    return {
      title: texts[ENDS[reason]].replace("{left}", this.#tell(leftS)),
      remedy: reason === "unsupervised" ? texts.endsUnsupervisedRemedy : texts.endsRemedy,
      leftS,
      mayClose: !isCountedDown(leftS),
      mayGoOn: false,
    };
  }

  #tell(leftS) {
    const { unit, number } = amountOf(leftS);
    return this.texts[unit].replace("{n}", number);
  }

  // A listener hears each step once, not every second of the count.
  #speak(step, text) {
    if (step === this.spoken) return;
    this.spoken = step;
    byId("notice-spoken").textContent = text;
  }
}

function leftOf({ atMs }) {
  return Math.max(0, (atMs - performance.now()) / MS_PER_S);
}

function setText(id, text) {
  const element = byId(id);
  if (element.textContent !== text) element.textContent = text;
}
