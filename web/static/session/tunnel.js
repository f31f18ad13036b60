// A Guacamole tunnel over one WebSocket that sends its ticket in-band, measures its round trip, and keeps the
// word with which the gateway closed it. Nothing of it stands in the address, where logs would keep it.

import Guacamole from "/static/vendor/guacamole-common/guacamole.min.js";

const { State } = Guacamole.Tunnel;
const { Code } = Guacamole.Status;
const INTERNAL = Guacamole.Tunnel.INTERNAL_DATA_OPCODE;
const PING_INTERVAL_MS = 500;

export class TicketTunnel extends Guacamole.Tunnel {
  // `onTold(word, args)` hears what the gateway itself tells: grants, times, what became of a text.
  constructor(url, { ticket, onLatency, onTold }) {
    super();
    let socket = null;
    let pingTimer = 0;
    let silenceTimer = 0;
    let unstableTimer = 0;
    let word = "";

    const ping = () => {
      this.sendMessage(INTERNAL, "ping", Date.now());
      pingTimer = window.setTimeout(ping, PING_INTERVAL_MS);
    };

    const stopTimers = () => [pingTimer, silenceTimer, unstableTimer].forEach((timer) => window.clearTimeout(timer));

    const noteLife = () => {
      window.clearTimeout(silenceTimer);
      window.clearTimeout(unstableTimer);
      if (this.state === State.UNSTABLE) this.setState(State.OPEN);
      silenceTimer = window.setTimeout(() => close(Code.UPSTREAM_TIMEOUT), this.receiveTimeout);
      unstableTimer = window.setTimeout(() => {
        if (this.state === State.OPEN) this.setState(State.UNSTABLE);
      }, this.unstableThreshold);
    };

    const close = (code, text = "") => {
      stopTimers();
      if (this.state === State.CLOSED) return;
      if (code !== Code.SUCCESS && this.onerror) this.onerror(new Guacamole.Status(code, text));
      this.setState(State.CLOSED);
      socket?.close();
    };

    const takeInternal = (args) => {
      if (this.uuid === null && args.length === 1) {
        this.setUUID(args[0]);
        this.setState(State.OPEN);
        this.sendMessage(INTERNAL, "ticket", ...ticket());
        ping();
      } else if (args[0] === "ping") {
        onLatency(Math.max(0, Date.now() - Number(args[1])));
      } else {
        onTold(args[0], args.slice(1));
      }
    };

    const parser = new Guacamole.Parser();
    parser.oninstruction = (opcode, args) => {
      if (opcode === INTERNAL) takeInternal(args);
      else if (this.oninstruction) this.oninstruction(opcode, args);
    };

    // The gateway's close reason reads "<guacamole status> <word>".
    this.closeWord = () => word;

    this.connect = () => {
      this.setState(State.CONNECTING);
      noteLife();
      socket = new WebSocket(url, "guacamole");
      socket.addEventListener("message", (event) => {
        noteLife();
        try {
          parser.receive(event.data);
        } catch (fault) {
          close(Code.SERVER_ERROR, String(fault));
        }
      });
      socket.addEventListener("close", (event) => {
        const [status, reason] = event.reason.split(" ", 2);
        word = reason ?? "";
        const code = Number.parseInt(status, 10);
        close(Number.isNaN(code) ? Code.fromWebSocketCode(event.code) : code, event.reason);
      });
    };

    this.sendMessage = (...elements) => {
      if (this.isConnected() && elements.length > 0) socket.send(Guacamole.Parser.toInstruction(elements));
    };

    this.disconnect = () => close(Code.SUCCESS);
  }
}
