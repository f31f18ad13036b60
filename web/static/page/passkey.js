// A form whose button asks the browser's authenticators first: the options come from the portal, the answer goes back
// in the form. Whatever goes wrong is told in the form itself; nothing else on the page changes.

const NAMES = { get: "get", create: "create" };

const toBytes = (text) => {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (sign) => sign.charCodeAt(0));
};

const toText = (buffer) => {
  const plain = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
  return btoa(plain).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
};

const withIds = (list) => (list ?? []).map((one) => ({ ...one, id: toBytes(one.id) }));

const readOptions = (kind, told) => {
  const options = { ...told, challenge: toBytes(told.challenge) };
  if (kind === NAMES.get) return { ...options, allowCredentials: withIds(told.allowCredentials) };
  const user = { ...told.user, id: toBytes(told.user.id) };
  return { ...options, user, excludeCredentials: withIds(told.excludeCredentials) };
};

const writeAnswer = (credential) => {
  const { response } = credential;
  const answer = { clientDataJSON: toText(response.clientDataJSON) };
  if (response.attestationObject) answer.attestationObject = toText(response.attestationObject);
  if (response.authenticatorData) answer.authenticatorData = toText(response.authenticatorData);
  if (response.signature) answer.signature = toText(response.signature);
  if (response.userHandle) answer.userHandle = toText(response.userHandle);
  return JSON.stringify({ rawId: toText(credential.rawId), type: credential.type, response: answer });
};

const tell = (form, name) => {
  for (const text of form.querySelectorAll("[data-passkey-error]")) text.hidden = text.dataset.passkeyError !== name;
};

const nameOfFailure = (failure) => {
  if (failure.name === "NotAllowedError" || failure.name === "AbortError") return "cancelled";
  return failure.name === "InvalidStateError" ? "known" : "failed";
};

const fetchOptions = async (form) => {
  const headers = { "X-CSRF-Token": form.elements.csrf_token.value };
  const response = await fetch(form.dataset.options, { method: "POST", headers, credentials: "same-origin" });
  const told = await response.json();
  if (response.ok) return told;
  if (told.go) window.location.assign(told.go);
  return null;
};

const ask = async (form) => {
  const kind = form.dataset.passkey;
  const told = await fetchOptions(form);
  if (told === null) return;
  const publicKey = readOptions(kind, told);
  const credential = await navigator.credentials[NAMES[kind]]({ publicKey });
  form.elements.answer.value = writeAnswer(credential);
  form.submit();
};

const begin = async (form, button) => {
  if (!window.PublicKeyCredential) return tell(form, "unsupported");
  button.disabled = true;
  tell(form, "");
  try {
    await ask(form);
  } catch (failure) {
    tell(form, nameOfFailure(failure));
  } finally {
    button.disabled = false;
  }
};

for (const form of document.querySelectorAll("form[data-passkey]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    begin(form, form.querySelector("button[type=submit]"));
  });
}
