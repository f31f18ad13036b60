// The buttons above the picture. Arrow keys move between them (WAI-ARIA toolbar pattern).

import { CHORDS } from "./keysyms.js";

const byId = (id) => document.getElementById(id);

export class Toolbar {
  constructor(texts, { onChord, onDisconnect, onLogOff, focusScreen }) {
    this.texts = texts;
    this.focusScreen = focusScreen;
    this.bar = byId("toolbar");
    this.toggle = byId("toggle-toolbar");
    this.tools = byId("tools");
    for (const button of this.tools.querySelectorAll("[data-keys]")) {
      button.addEventListener("click", () => {
        onChord(CHORDS[button.dataset.keys]);
        focusScreen();
      });
    }
    this.toggle.addEventListener("click", () => this.#setExpanded(this.tools.hidden));
    byId("disconnect").addEventListener("click", onDisconnect);
    this.#prepareLogOff(onLogOff);
    this.#prepareFullscreen();
    this.bar.addEventListener("keydown", (event) => this.#moveFocus(event));
    this.showLatency(null);
  }

  focus() {
    this.#setExpanded(true);
    this.toggle.focus();
  }

  enable(isLive) {
    for (const button of this.tools.querySelectorAll("[data-keys], #disconnect")) button.disabled = !isLive;
  }

  showLatency(milliseconds) {
    const { latency, latencyUnknown } = this.texts;
    byId("latency").textContent = milliseconds === null ? latencyUnknown : latency.replace("{ms}", milliseconds);
  }

  #setExpanded(isExpanded) {
    this.tools.hidden = !isExpanded;
    this.bar.classList.toggle("collapsed", !isExpanded);
    this.toggle.setAttribute("aria-expanded", String(isExpanded));
    this.toggle.querySelector(".label").textContent = isExpanded ? this.texts.hideToolbar : this.texts.showToolbar;
  }

  #prepareLogOff(onLogOff) {
    const dialog = byId("logoff-dialog");
    byId("logoff").addEventListener("click", () => dialog.showModal());
    byId("logoff-cancel").addEventListener("click", () => dialog.close());
    byId("logoff-confirm").addEventListener("click", () => {
      dialog.close();
      onLogOff();
    });
    dialog.addEventListener("close", () => this.focusScreen());
  }

  #prepareFullscreen() {
    const button = byId("fullscreen");
    button.addEventListener("click", async () => {
      if (document.fullscreenElement) {
        await document.exitFullscreen();
        return;
      }
      await document.documentElement.requestFullscreen();
      // Alt+Tab, Win and the like reach the desktop where the browser has the Keyboard Lock API.
      await navigator.keyboard?.lock?.();
      this.focusScreen();
    });
    button.disabled = !document.fullscreenEnabled;
    document.addEventListener("fullscreenchange", () => {
      const isFull = Boolean(document.fullscreenElement);
      button.textContent = isFull ? this.texts.fullscreenOff : this.texts.fullscreenOn;
      if (!isFull) navigator.keyboard?.unlock?.();
    });
  }

  #moveFocus(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (event.key === "Escape") this.focusScreen();
    if (!step) return;
    const buttons = [...this.bar.querySelectorAll("button")].filter((one) => !one.disabled && one.offsetParent);
    const here = buttons.indexOf(document.activeElement);
    buttons.at((here + step) % buttons.length)?.focus();
    event.preventDefault();
  }
}
