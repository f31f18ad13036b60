// When a notice of what is coming is due, and how much time it says. Pure.

const MINUTE_S = 60;

// Before the end of the session: 30, 15, 5 minutes and one, the last of which counts down.
export const RUNGS_S = [30 * MINUTE_S, 15 * MINUTE_S, 5 * MINUTE_S, MINUTE_S];
// Within the last minute a listener hears it again at these.
const SPOKEN_S = [MINUTE_S, 30, 10];

// The rung that `leftS` stands on: the smallest that is not below it; null when the end is far.
export function rungOf(leftS) {
  return RUNGS_S.findLast((rung) => leftS <= rung) ?? null;
}

export function isCountedDown(leftS) {
  return leftS <= MINUTE_S;
}

// What a listener hears changes only with this.
export function spokenOf(leftS) {
  return SPOKEN_S.findLast((moment) => leftS <= moment) ?? rungOf(leftS);
}

// `{unit, number}`: minutes, rounded up, and seconds in the last of them.
export function amountOf(leftS) {
  if (isCountedDown(leftS)) return { unit: "seconds", number: Math.max(0, Math.ceil(leftS)) };
  return { unit: "minutes", number: Math.ceil(leftS / MINUTE_S) };
}
