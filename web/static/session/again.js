// Takes a lost connection up again: after growing pauses, and at once when a line that was down is back.

import { delayBefore } from "./endings.js";
import { Line } from "./line.js";

const SECOND_MS = 1000;

export class Again {
  // `showPause(seconds, reason)` for every second of a pause, `connect()` when it is over, `onGivenUp(reason)` when
  // there were enough of them.
  constructor({ showPause, connect, onGivenUp }) {
    this.line = new Line();
    this.attempts = 0;
    this.timer = 0;
    this.showPause = showPause;
    this.connect = connect;
    this.onGivenUp = onGivenUp;
  }

  // `onBack()` when the line was down and is back.
  watchLine(onBack) {
    this.line.watch(() => {
      this.attempts = 0;
      onBack();
    });
  }

  forgetLine() {
    this.line.stop();
  }

  // Everything is well, or somebody wants no more of it.
  stop() {
    this.pause();
    this.forgetLine();
    this.attempts = 0;
  }

  pause() {
    window.clearTimeout(this.timer);
  }

  later(reason) {
    const seconds = delayBefore(this.attempts);
    this.attempts += 1;
    if (seconds === null) this.onGivenUp(reason);
    else this.#countDown(seconds, reason);
  }

  #countDown(seconds, reason) {
    if (seconds > 0) {
      this.showPause(seconds, reason);
      this.timer = window.setTimeout(() => this.#countDown(seconds - 1, reason), SECOND_MS);
    } else if (document.hidden) {
      // Only a page that somebody looks at takes a desktop back: another screen may hold it by now.
      document.addEventListener("visibilitychange", () => this.#countDown(0, reason), { once: true });
    } else {
      this.connect();
    }
  }
}
