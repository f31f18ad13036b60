// X11 keysyms (X11/keysymdef.h) of the keys that this page names.

export const Keysym = Object.freeze({
  TAB: 0xff09,
  DELETE: 0xffff,
  MUHENKAN: 0xff22,
  HENKAN: 0xff23,
  HIRAGANA_KATAKANA: 0xff27,
  ZENKAKU_HANKAKU: 0xff2a,
  EISU_TOGGLE: 0xff30,
  CONTROL: 0xffe3,
  ALT: 0xffe9,
  CAPS_LOCK: 0xffe5,
  SUPER: 0xffeb,
});

// What the buttons of the toolbar press, in this order; released in reverse.
export const CHORDS = Object.freeze({
  zenkaku: [Keysym.ZENKAKU_HANKAKU],
  henkan: [Keysym.HENKAN],
  muhenkan: [Keysym.MUHENKAN],
  kana: [Keysym.HIRAGANA_KATAKANA],
  "ctrl-alt-del": [Keysym.CONTROL, Keysym.ALT, Keysym.DELETE],
  "alt-tab": [Keysym.ALT, Keysym.TAB],
  win: [Keysym.SUPER],
});
