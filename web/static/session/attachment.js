// One attachment: from a ticket to the close of its tunnel.

import Guacamole from "/static/vendor/guacamole-common/guacamole.min.js";
import { FirstPicture } from "./first_picture.js";
import { TicketTunnel } from "./tunnel.js";

export class Attachment {
  // `onDrawn()` is called once, when the first picture was drawn and its sync answered; `onClosed({status,
  // word})` once, unless this page itself hung up.
  constructor(tunnelUrl, ticket, screen, { onDrawn, onClosed, onUnstable, onLatency }) {
    const { width, height, dpi } = screen.wanted();
    const timezone = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
    this.isOver = false;
    this.tunnel = new TicketTunnel(tunnelUrl, {
      ticket: () => [ticket, width, height, dpi, timezone],
      onLatency,
    });
    this.client = new Guacamole.Client(this.tunnel);
    this.screen = screen;
    this.#watch({ onDrawn, onClosed, onUnstable });
    screen.show(this.client);
    this.client.connect();
  }

  sendKey(isPressed, keysym) {
    if (!this.isOver) this.client.sendKeyEvent(isPressed ? 1 : 0, keysym);
  }

  hangUp() {
    this.isOver = true;
    this.client.disconnect();
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
