// What the page does when its tunnel has closed. Pure: from status and word to a decision.

export const Then = Object.freeze({ RETRY: "retry", STAY: "stay" });

const SESSION_CONFLICT = 0x0209;
const SESSION_TIMEOUT = 0x020a;
const SESSION_CLOSED = 0x020b;

// Never taken up again by itself: a second screen holds the desktop, a limit was reached, or trying again
// would only be refused again.
const STAY = new Set([
  "taken_over",
  "idle_limit",
  "absolute_limit",
  "hours_ended",
  "logged_off",
  "terminated",
  "disconnect_limit",
  "entitlement_lost",
  "account_locked",
  "approval_ended",
  "device_refused",
  "mode_changed",
  "policy_changed",
  "desktop_signin_failed",
  "restriction_unsupported",
  "watermark_unavailable",
  "client_misbehaved",
]);

const RETRY_DELAYS_S = [1, 2, 4, 8, 15];

export function decideEnding(status, word) {
  if (STAY.has(word)) return { then: Then.STAY, reason: word };
  if (word === "") {
    if (status === SESSION_CONFLICT) return { then: Then.STAY, reason: "taken_over" };
    if (status === SESSION_TIMEOUT) return { then: Then.STAY, reason: "idle_limit" };
    if (status === SESSION_CLOSED) return { then: Then.STAY, reason: "" };
  }
  // The next attempt asks the broker first, who knows whether the session goes on.
  return { then: Then.RETRY, reason: word };
}

// Seconds before the next attempt; null when there were enough of them.
export function delayBefore(attempt) {
  return RETRY_DELAYS_S[attempt] ?? null;
}
