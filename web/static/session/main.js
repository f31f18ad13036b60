// The session page: asks for tickets, attaches, shows the picture, and says plainly what is going on.

import { Again } from "./again.js";
import { Attachment } from "./attachment.js";
import { Broker, Refusal } from "./broker.js";
import { ClipboardDialog } from "./clipboard.js";
import { Cover } from "./cover.js";
import { Curtain } from "./curtain.js";
import { decideEnding, Then } from "./endings.js";
import { KeyboardLayer } from "./keyboard.js";
import { Notices } from "./notices.js";
import { Screen } from "./screen.js";
import { Told } from "./told.js";
import { Toolbar } from "./toolbar.js";

const PREPARING_POLL_MS = 1000;
const PICTURE_DEADLINE_MS = 15_000;
const ATTEMPTS_WITHOUT_PICTURE = 2;

const settings = JSON.parse(document.getElementById("page-settings").textContent);
const { texts, ends, retrying } = settings;
const state = document.documentElement.dataset;
const place = document.getElementById("screen");

const broker = new Broker(settings.sessionId, settings.csrfToken);
const curtain = new Curtain();
const cover = new Cover();
const screen = new Screen(place);
const focusScreen = () => place.focus({ preventScroll: true });

let attachment = null;
let withoutPicture = 0;
let timer = 0;
// Grows with every beginning and every end: an answer to an earlier one comes too late.
let turn = 0;

const keyboard = new KeyboardLayer(place, {
  // Keys go up also behind a cover, and none goes down.
  send: (isPressed, keysym) => (isPressed && cover.isUp ? undefined : attachment?.sendKey(isPressed, keysym)),
  onLocalIme: () => curtain.toast(texts.localIme),
  onLeave: () => toolbar.focus(),
});

const toolbar = new Toolbar(texts, {
  onChord: (keysyms) => keyboard.pressChord(keysyms),
  onDisconnect: () => disconnect(),
  onLogOff: () => logOff(),
  focusScreen,
});

const clipboard = new ClipboardDialog(texts, { send: (text) => attachment?.sendText(text), focusScreen });
const notices = new Notices(texts, {
  onGoOn: () => {
    attachment?.touch();
    focusScreen();
  },
});

const told = new Told({ clipboard, cover, notices });
const again = new Again({
  showPause: (seconds, reason) => {
    const [title, hint] = retrying[reason] ?? [texts.reconnecting, texts.reconnectingHint];
    curtain.showCountdown(title.replace("{seconds}", seconds), hint);
  },
  connect: () => connect(),
  onGivenUp: (reason) => {
    const [, , title, remedy] = retrying[reason] ?? [];
    curtain.showEnd(title ?? texts.lost, remedy ?? texts.lostRemedy, { mayReconnect: true });
  },
});

document.getElementById("reconnect").addEventListener("click", () => {
  again.stop();
  withoutPicture = 0;
  connect();
});
// A page that the browser kept alive in its history must not show an old picture.
window.addEventListener("pagehide", () => {
  again.stop();
  hangUp();
});
window.addEventListener("pageshow", (event) => event.persisted && window.location.reload());

function enter(name) {
  state.sessionState = name;
  toolbar.enable(name === "drawn");
}

function hangUp() {
  turn += 1;
  window.clearTimeout(timer);
  again.pause();
  keyboard.releaseAll();
  attachment?.hangUp();
  attachment = null;
  screen.clear();
  toolbar.showLatency(null);
  told.withdraw();
}

// --- from the ticket to the picture

async function connect() {
  hangUp();
  const asked = turn;
  enter("preparing");
  try {
    const answer = await broker.askTicket();
    if (asked === turn) takeAnswer(answer);
  } catch (fault) {
    if (asked !== turn) return;
    if (fault instanceof Refusal) showRefusal(fault);
    else if (fault instanceof TypeError) retry();
    else throw fault;
  }
}

function takeAnswer(answer) {
  switch (answer.status) {
    case "issued":
      attach(answer.ticket);
      break;
    case "preparing":
      showPreparing(answer.position);
      timer = window.setTimeout(connect, PREPARING_POLL_MS);
      break;
    default:
      showOver(answer.reason);
  }
}

function showPreparing(position) {
  if (position > 0) curtain.showWait(texts.queued.replace("{position}", position), texts.queuedHint);
  else curtain.showWait(texts.preparing);
}

function attach(ticket) {
  enter("connecting");
  curtain.showWait(texts.connecting);
  timer = window.setTimeout(giveUpWaiting, PICTURE_DEADLINE_MS);
  attachment = new Attachment(settings.tunnelUrl, ticket, screen, {
    onDrawn: () => showPicture(),
    onClosed: (ending) => takeEnding(ending),
    onUnstable: (isUnstable) => noteSilence(isUnstable),
    onLatency: (milliseconds) => {
      state.latencyMs = String(milliseconds);
      toolbar.showLatency(milliseconds);
    },
    onTold: (word, args) => told.take(word, args),
    onText: (text) => clipboard.showCopied(text),
  });
}

// Nothing comes through the tunnel. If the line was down and is back, the tunnel may still wait long for its own
// repeats: a new one has the picture sooner.
function noteSilence(isSilent) {
  if (!isSilent) {
    again.forgetLine();
    return;
  }
  curtain.toast(texts.unstable);
  again.watchLine(comeBack);
}

function comeBack() {
  attachment?.abandon();
  attachment = null;
  connect();
}

// No picture in time: once more with a new ticket, and if that shows nothing either, the person is told.
function giveUpWaiting() {
  withoutPicture += 1;
  if (withoutPicture < ATTEMPTS_WITHOUT_PICTURE) {
    connect();
    return;
  }
  hangUp();
  enter("disconnected");
  state.endReason = "no_picture";
  curtain.showEnd(texts.noPicture, texts.noPictureRemedy.replace("{reference}", settings.sessionId), {
    mayReconnect: true,
  });
}

function showPicture() {
  window.clearTimeout(timer);
  again.stop();
  withoutPicture = 0;
  curtain.hide();
  curtain.clearToast();
  enter("drawn");
  focusScreen();
}

// --- when it ends

function takeEnding({ status, word }) {
  window.clearTimeout(timer);
  keyboard.releaseAll();
  attachment = null;
  told.withdraw();
  const { then, reason } = decideEnding(status, word);
  if (then === Then.RETRY) retry(reason);
  else showEnd(reason);
}

function retry(reason = "") {
  enter("disconnected");
  if (reason === "") again.watchLine(comeBack);
  again.later(reason);
}

const LIVES_ON = new Set(["taken_over", "idle_limit", "client_closed", "client_misbehaved", ""]);

function showEnd(reason) {
  again.stop();
  const [what, remedy] = ends[reason] ?? [texts.disconnected, texts.disconnectedRemedy];
  const livesOn = LIVES_ON.has(reason);
  enter(livesOn ? "disconnected" : "ended");
  state.endReason = reason;
  screen.clear();
  curtain.showEnd(what, remedy, { mayReconnect: livesOn });
}

function showOver(reason) {
  again.stop();
  const [what, remedy] = ends[reason] ?? [texts.ended, texts.endedRemedy];
  enter("ended");
  state.endReason = reason ?? "";
  screen.clear();
  curtain.showEnd(what, remedy, { mayReconnect: false });
}

function showRefusal(refusal) {
  if (refusal.status >= 500) {
    retry();
    return;
  }
  again.stop();
  enter("ended");
  state.endReason = refusal.code;
  screen.clear();
  if (refusal.status === 401) curtain.showEnd(texts.signedOut, texts.signedOutRemedy, { mayReconnect: false });
  else curtain.showEnd(refusal.message || texts.failed, refusal.nextStep || texts.failedRemedy, { mayReconnect: false });
}

// --- what the person ends

async function disconnect() {
  again.stop();
  hangUp();
  enter("disconnected");
  curtain.showEnd(texts.disconnected, texts.disconnectedRemedy, { mayReconnect: true });
  await broker.disconnect().catch(showFault);
}

async function logOff() {
  again.stop();
  hangUp();
  curtain.showWait(texts.loggingOff);
  try {
    const { work_goes_on_until_limit: goesOn } = await broker.logOff();
    enter("ended");
    state.endReason = "logged_off";
    const [what, remedy] = goesOn ? [texts.loggedOffLater, texts.loggedOffLaterRemedy] : ends.logged_off;
    curtain.showEnd(what, remedy, { mayReconnect: false });
  } catch (fault) {
    showFault(fault);
  }
}

function showFault(fault) {
  if (fault instanceof Refusal) {
    showRefusal(fault);
    return;
  }
  enter("disconnected");
  curtain.showEnd(texts.lost, texts.lostRemedy, { mayReconnect: true });
}

document.documentElement.dataset.script = "running";
enter("preparing");
connect();
