// Notices that a line which was down is back: by asking for next to nothing until an answer comes.

const PROBED = "/static/page/icon.svg";
const PROBE_EVERY_MS = 400;
const PROBE_PATIENCE_MS = 900;
const LONGEST_MS = 15 * 60 * 1000;

export class Line {
  constructor() {
    this.watching = 0;
    // The system often knows first.
    window.addEventListener("online", () => this.probeNow?.());
  }

  // `onBack()` is called once, when an answer comes after at least one that did not come. A line that was never
  // down calls nothing: then something else is wrong, which asking again at once would not mend.
  watch(onBack) {
    if (this.probeNow) return;
    const watching = (this.watching += 1);
    const until = Date.now() + LONGEST_MS;
    let wasDown = false;
    let timer = 0;
    const probe = async () => {
      window.clearTimeout(timer);
      const isUp = await answers();
      if (watching !== this.watching || Date.now() > until) return;
      wasDown ||= !isUp;
      if (isUp && wasDown && !document.hidden) {
        this.stop();
        onBack();
        return;
      }
      timer = window.setTimeout(probe, PROBE_EVERY_MS);
    };
    this.probeNow = probe;
    probe();
  }

  stop() {
    this.watching += 1;
    this.probeNow = null;
  }
}

async function answers() {
  try {
    const signal = AbortSignal.timeout(PROBE_PATIENCE_MS);
    return (await fetch(PROBED, { method: "HEAD", cache: "no-store", signal })).ok;
  } catch {
    return false;
  }
}
