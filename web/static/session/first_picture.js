// When a picture is there to be seen: its layer has a size, something was drawn on it, and a sync ended the frame.
// The gateway judges by the same three.

const DEFAULT_LAYER = "0";

// Which argument names the layer that changes (Guacamole protocol reference).
const LAYER_AT = new Map([
  ["img", 2],
  ["copy", 6],
  ["transfer", 6],
  ["cfill", 1],
  ["lfill", 1],
  ["cstroke", 1],
  ["lstroke", 1],
]);

export class FirstPicture {
  #hasSize = false;
  #isTouched = false;

  // Takes every instruction in order; true at the sync behind the first picture and at every later one.
  take(opcode, args) {
    if (opcode === "sync") return this.#hasSize && this.#isTouched;
    if (opcode === "size" && args[0] === DEFAULT_LAYER) this.#hasSize = Number(args[1]) > 0 && Number(args[2]) > 0;
    else if (args[LAYER_AT.get(opcode)] === DEFAULT_LAYER) this.#isTouched = true;
    return false;
  }
}
