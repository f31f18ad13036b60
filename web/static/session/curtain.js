// What stands before the picture while there is none, and the short notices over it.

const byId = (id) => document.getElementById(id);
const TOAST_MS = 6000;

export class Curtain {
  constructor() {
    this.panel = byId("curtain");
    this.again = byId("reconnect");
    this.toastTimer = 0;
  }

  // A wait: `title` and `text`, with the moving bar.
  showWait(title, text = "") {
    this.#show(title, text, { isWaiting: true, mayReconnect: false });
  }

  // An attempt is due in some seconds; the person may take it at once.
  showCountdown(title, text) {
    this.#show(title, text, { isWaiting: true, mayReconnect: true });
  }

  // Nothing more happens by itself.
  showEnd(title, text, { mayReconnect }) {
    this.#show(title, text, { isWaiting: false, mayReconnect });
    (mayReconnect ? this.again : byId("back")).focus();
  }

  hide() {
    this.panel.hidden = true;
  }

  toast(text) {
    const toast = byId("toast");
    toast.textContent = text;
    toast.hidden = false;
    window.clearTimeout(this.toastTimer);
    this.toastTimer = window.setTimeout(() => this.clearToast(), TOAST_MS);
  }

  clearToast() {
    byId("toast").hidden = true;
  }

  #show(title, text, { isWaiting, mayReconnect }) {
    this.panel.hidden = false;
    byId("curtain-title").textContent = title;
    byId("curtain-text").textContent = text;
    byId("progress").hidden = !isWaiting;
    this.again.hidden = !mayReconnect;
  }
}
