// Covers the picture while the window does not have the focus, where the tenant wants it: somebody who walks by sees
// nothing, and no input reaches the desktop meanwhile.

const SETTLE_MS = 150;

export class Cover {
  constructor() {
    this.element = document.getElementById("cover");
    this.isWanted = false;
    this.timer = 0;
    window.addEventListener("blur", () => this.#follow());
    window.addEventListener("focus", () => this.#follow());
    document.addEventListener("visibilitychange", () => this.#follow());
    this.element.addEventListener("click", () => this.#follow());
  }

  get isUp() {
    return !this.element.hidden;
  }

  want(isWanted) {
    this.isWanted = isWanted;
    this.#follow();
  }

  #follow() {
    window.clearTimeout(this.timer);
    if (this.isWanted && (document.hidden || !document.hasFocus())) this.element.hidden = false;
    // Taken away a moment later: the click that brings the focus is meant for the window, not for the desktop.
    else if (this.isUp) this.timer = window.setTimeout(() => this.#uncover(), SETTLE_MS);
  }

  #uncover() {
    if (this.isWanted && (document.hidden || !document.hasFocus())) return;
    this.element.hidden = true;
  }
}
