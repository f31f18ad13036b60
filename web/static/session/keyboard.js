// Keys of the page → keysyms for the desktop. A layer over Guacamole.Keyboard that knows Japanese keyboards.

import Guacamole from "/static/vendor/guacamole-common/guacamole.min.js";
import { Kind, readKey } from "./japanese_keys.js";

export class KeyboardLayer {
  // `send(isPressed, keysym)` takes what the desktop should get.
  constructor(element, { send, onLocalIme, onLeave }) {
    this.send = send;
    this.onLocalIme = onLocalIme;
    this.onLeave = onLeave;
    this.held = new Map();
    element.addEventListener("keydown", (event) => this.#takeKeydown(event), true);
    element.addEventListener("keyup", (event) => this.#takeKeyup(event), true);
    // Listens behind us: what we stop never reaches it.
    this.general = new Guacamole.Keyboard(element);
    this.general.onkeydown = (keysym) => {
      this.send(true, keysym);
      return false;
    };
    this.general.onkeyup = (keysym) => this.send(false, keysym);
    element.addEventListener("blur", () => this.releaseAll());
    window.addEventListener("blur", () => this.releaseAll());
    document.addEventListener("visibilitychange", () => this.releaseAll());
  }

  // No key may stay down on the desktop when its keyup can no longer come here.
  releaseAll() {
    for (const keysym of this.held.values()) this.send(false, keysym);
    this.held.clear();
    this.general.reset();
  }

  pressChord(keysyms) {
    this.releaseAll();
    for (const keysym of keysyms) this.send(true, keysym);
    for (const keysym of [...keysyms].reverse()) this.send(false, keysym);
  }

  #takeKeydown(event) {
    if (isLeaveChord(event)) {
      stop(event);
      this.releaseAll();
      this.onLeave();
      return;
    }
    const { kind, keysym } = readKey(event);
    if (kind === Kind.ORDINARY) return;
    stop(event);
    if (kind === Kind.LOCAL_IME) this.onLocalIme();
    else if (kind === Kind.TAP) this.#tap(event, keysym);
    else this.#hold(event, keysym);
  }

  #takeKeyup(event) {
    const keysym = this.held.get(event.code);
    if (keysym !== undefined) {
      stop(event);
      this.held.delete(event.code);
      this.send(false, keysym);
    } else if (readKey(event).kind !== Kind.ORDINARY) {
      stop(event);
    }
  }

  #tap(event, keysym) {
    if (event.repeat) return;
    this.send(true, keysym);
    this.send(false, keysym);
  }

  #hold(event, keysym) {
    if (this.held.has(event.code)) return;
    this.held.set(event.code, keysym);
    this.send(true, keysym);
  }
}

// Ctrl+Alt+Shift together lead from the picture to the toolbar, so that the keyboard is not trapped in it.
function isLeaveChord(event) {
  return event.ctrlKey && event.altKey && event.shiftKey && ["Control", "Alt", "Shift"].includes(event.key);
}

function stop(event) {
  event.preventDefault();
  event.stopImmediatePropagation();
}
