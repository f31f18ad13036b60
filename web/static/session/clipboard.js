// Text between the device and the desktop, where it is granted. Each crossing is the person's own act: nothing is
// read from the device's clipboard, and nothing is written to it, by itself. The gateway decides; this only offers.

const byId = (id) => document.getElementById(id);

export class ClipboardDialog {
  // `send(text)` takes what is to go to the desktop.
  constructor(texts, { send, focusScreen }) {
    this.texts = texts;
    this.send = send;
    this.maxBytes = 0;
    this.sent = 0;
    this.dialog = byId("clipboard-dialog");
    this.tool = byId("clipboard");
    this.input = byId("paste-text");
    this.output = byId("copied-text");
    this.tool.addEventListener("click", () => this.dialog.showModal());
    byId("clipboard-close").addEventListener("click", () => this.dialog.close());
    byId("paste-send").addEventListener("click", () => this.#send());
    byId("copied-take").addEventListener("click", () => this.#take());
    this.dialog.addEventListener("close", () => {
      this.#forgetInput();
      focusScreen();
    });
  }

  // What is granted, as the gateway told it: names, and the largest text in bytes.
  offer(maxBytes, names) {
    this.maxBytes = maxBytes;
    byId("clipboard-in").hidden = !names.includes("clipboard_in");
    byId("clipboard-out").hidden = !names.includes("clipboard_out");
    this.tool.hidden = byId("clipboard-in").hidden && byId("clipboard-out").hidden;
  }

  // Nothing is granted any more, and nothing of a text stays.
  withdraw() {
    if (this.dialog.open) this.dialog.close();
    this.offer(0, []);
    this.#forgetInput();
    this.showCopied("");
  }

  // A text was copied on the desktop.
  showCopied(text) {
    this.output.textContent = text;
    byId("copied-take").disabled = text === "";
  }

  // The gateway: what became of a text.
  tell(way, outcome) {
    if (way === "in" && outcome === "passed") {
      this.#say(this.texts.pasteSent.replace("{n}", this.sent));
      this.input.value = "";
    } else if (outcome !== "passed") {
      this.#say(this.#why(outcome));
    }
  }

  #send() {
    const text = this.input.value;
    if (text === "") {
      this.#say(this.texts.pasteEmpty);
    } else if (new TextEncoder().encode(text).length > this.maxBytes) {
      this.#say(this.#why("too_long"));
    } else {
      this.sent = [...text].length;
      this.send(text);
    }
  }

  #take() {
    const selection = window.getSelection();
    selection.selectAllChildren(this.output);
    const isTaken = document.execCommand("copy");
    selection.removeAllRanges();
    this.#say(isTaken ? this.texts.copyTaken : this.texts.copyFailed);
  }

  #why(outcome) {
    const why = { too_long: "pasteTooLong", not_text: "pasteNotText", not_carried: "pasteNotCarried" }[outcome] ?? "pasteTooOften";
    return this.texts[why].replace("{max}", this.maxBytes.toLocaleString());
  }

  #forgetInput() {
    this.input.value = "";
    this.#say("");
  }

  #say(text) {
    byId("clipboard-status").textContent = text;
  }
}
