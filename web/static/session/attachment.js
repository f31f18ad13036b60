// One attachment: from a ticket to the close of its tunnel.

import Guacamole from "/static/vendor/guacamole-common/guacamole.min.js";
import { FirstPicture } from "./first_picture.js";
import { TicketTunnel } from "./tunnel.js";

export class Attachment {
  // `onDrawn()` is called once, when the first picture was drawn and its sync answered; `onClosed({status,
  // word})` once, unless this page itself hung up; `onTold(word, args)` for what the gateway tells; `onText(text)`
  // for a text that was copied on the desktop.
  constructor(tunnelUrl, ticket, screen, { onDrawn, onClosed, onUnstable, onLatency, onTold, onText }) {
    const { width, height, dpi } = screen.wanted();
    const timezone = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
    this.isOver = false;
    this.tunnel = new TicketTunnel(tunnelUrl, {
      ticket: () => [ticket, width, height, dpi, timezone],
      onLatency,
      onTold: (word, args) => (this.isOver ? undefined : onTold(word, args)),
    });
    this.client = new Guacamole.Client(this.tunnel);
    this.screen = screen;
    this.#watch({ onDrawn, onClosed, onUnstable });
    this.#collectTexts(onText);
    screen.show(this.client);
    this.client.connect();
  }

  sendKey(isPressed, keysym) {
    if (!this.isOver) this.client.sendKeyEvent(isPressed ? 1 : 0, keysym);
  }

  // Somebody is here: the pointer, where it is.
  touch() {
    if (!this.isOver) this.client.sendMouseState(this.screen.pointer(), true);
  }

  sendText(text) {
    if (this.isOver) return;
    // Not StringWriter, whose UTF-8 knows no characters beyond the first plane (𠮷).
    const writer = new Guacamole.ArrayBufferWriter(this.client.createClipboardStream("text/plain"));
    writer.sendData(new TextEncoder().encode(text).buffer);
    writer.sendEnd();
  }

  hangUp() {
    this.isOver = true;
    this.client.disconnect();
  }

  // The line is dead: nothing is said over it, and what it keeps of ours at the gateway is left for the next one.
  abandon() {
    this.isOver = true;
    this.tunnel.disconnect();
  }

  #collectTexts(onText) {
    this.client.onclipboard = (stream) => {
      const reader = new Guacamole.ArrayBufferReader(stream);
      const decoder = new TextDecoder();
      const pieces = [];
      reader.ondata = (buffer) => pieces.push(decoder.decode(buffer, { stream: true }));
      reader.onend = () => (this.isOver ? undefined : onText(pieces.join("") + decoder.decode()));
    };
  }

  #watch({ onDrawn, onClosed, onUnstable }) {
    const { State } = Guacamole.Tunnel;
    let status = Guacamole.Status.Code.SUCCESS;
    let wasDrawn = false;
    const note = (told) => {
      if (status === Guacamole.Status.Code.SUCCESS) status = told.code;
    };
    const inner = this.tunnel.onerror;
    this.tunnel.onerror = (told) => {
      note(told);
      inner?.(told);
    };
    this.client.onerror = (told) => note(told);
    this.tunnel.onstatechange = (state) => {
      onUnstable(state === State.UNSTABLE);
      if (state !== State.CLOSED || this.isOver) return;
      this.isOver = true;
      this.client.disconnect();
      onClosed({ status, word: this.tunnel.closeWord() });
    };
    const first = new FirstPicture();
    const draw = this.tunnel.oninstruction;
    this.tunnel.oninstruction = (opcode, args) => {
      const isPicture = first.take(opcode, args);
      draw(opcode, args);
      if (!isPicture || wasDrawn) return;
      // The client's own flush, which answers the sync, stands before this one in the display's order.
      this.client.getDisplay().flush(() => {
        if (wasDrawn || this.isOver) return;
        wasDrawn = true;
        onDrawn();
      });
    };
  }
}
