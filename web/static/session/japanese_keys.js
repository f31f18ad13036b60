// What a key of a Japanese keyboard means, decided from the browser's event alone.

import { Keysym } from "./keysyms.js";

// TAP: one press and release at keydown; the keyup, which browsers often do not send, counts for nothing.
// HOLD: pressed at keydown, released at keyup.
// LOCAL_IME: the input method of this device swallowed the key.
// ORDINARY: not ours, the general layer knows it.
export const Kind = Object.freeze({ TAP: "tap", HOLD: "hold", LOCAL_IME: "local_ime", ORDINARY: "ordinary" });

const ORDINARY = Object.freeze({ kind: Kind.ORDINARY, keysym: null });
const LOCAL_IME = Object.freeze({ kind: Kind.LOCAL_IME, keysym: null });

const tap = (keysym) => ({ kind: Kind.TAP, keysym });
const hold = (keysym) => ({ kind: Kind.HOLD, keysym });

const BY_KEY = new Map([
  // Windows reports Zenkaku and Hankaku in turn, Linux one name for both.
  ["Zenkaku", tap(Keysym.ZENKAKU_HANKAKU)],
  ["Hankaku", tap(Keysym.ZENKAKU_HANKAKU)],
  ["ZenkakuHankaku", tap(Keysym.ZENKAKU_HANKAKU)],
  ["KanjiMode", tap(Keysym.ZENKAKU_HANKAKU)],
  ["Hiragana", tap(Keysym.HIRAGANA_KATAKANA)],
  ["Katakana", tap(Keysym.HIRAGANA_KATAKANA)],
  ["HiraganaKatakana", tap(Keysym.HIRAGANA_KATAKANA)],
  ["KanaMode", tap(Keysym.HIRAGANA_KATAKANA)],
  ["Romaji", tap(Keysym.HIRAGANA_KATAKANA)],
  ["Alphanumeric", tap(Keysym.EISU_TOGGLE)],
  ["Eisu", tap(Keysym.EISU_TOGGLE)],
  ["CapsLock", tap(Keysym.CAPS_LOCK)],
  ["Convert", hold(Keysym.HENKAN)],
  ["NonConvert", hold(Keysym.MUHENKAN)],
]);

// Keys whose name an input method hides behind "Process", by the place of the key.
const HIDDEN_BY_CODE = new Map([["Backquote", tap(Keysym.ZENKAKU_HANKAKU)]]);

// Keys that only Apple's Japanese keyboards have, beside the space bar.
const BY_CODE = new Map([
  ["Lang1", tap(Keysym.HIRAGANA_KATAKANA)],
  ["Lang2", tap(Keysym.EISU_TOGGLE)],
]);

export function readKey(event) {
  const named = BY_KEY.get(event.key) ?? BY_CODE.get(event.code);
  if (named) return named;
  const isHidden = event.key === "Process" || event.keyCode === 229 || event.isComposing;
  if (!isHidden) return ORDINARY;
  return HIDDEN_BY_CODE.get(event.code) ?? LOCAL_IME;
}
