// What the gateway tells in the tunnel, to the parts of the page that show it.

export class Told {
  constructor({ clipboard, cover, notices }) {
    this.clipboard = clipboard;
    this.cover = cover;
    this.notices = notices;
  }

  take(word, args) {
    switch (word) {
      case "grants":
        this.clipboard.offer(Number(args[0]), args.slice(1));
        this.cover.want(args.includes("cover"));
        break;
      case "ends":
        this.notices.tellEnd(args[0], Number(args[1]));
        break;
      case "idle":
        this.notices.tellIdle(Number(args[0]));
        break;
      case "active":
        this.notices.tellIdle(null);
        break;
      case "clipboard":
        this.clipboard.tell(args[0], args[1]);
        break;
      default: // a newer gateway may tell more
    }
  }

  // Nothing of it, and no text, outlives the connection.
  withdraw() {
    this.notices.clear();
    this.clipboard.withdraw();
    this.cover.want(false);
  }
}
