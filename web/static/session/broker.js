// The portal's REST API as this page needs it.

export class Refusal extends Error {
  constructor(status, error) {
    super(error.message);
    this.status = status;
    this.code = error.code;
    this.nextStep = error.next_step;
  }
}

export class Broker {
  constructor(sessionId, csrfToken) {
    this.path = `/api/v1/sessions/${encodeURIComponent(sessionId)}`;
    this.csrfToken = csrfToken;
  }

  // Resolves to an answer with `status`: "issued", "preparing" or "over". Rejects with a Refusal, or with a
  // TypeError when no answer comes at all.
  askTicket() {
    return this.#post("ticket");
  }

  disconnect() {
    return this.#post("disconnect");
  }

  logOff() {
    return this.#post("logoff");
  }

  async #post(action) {
    const response = await fetch(`${this.path}/${action}`, {
      method: "POST",
      headers: { "X-CSRF-Token": this.csrfToken, Accept: "application/json" },
      credentials: "same-origin",
      cache: "no-store",
      redirect: "error",
    });
    if (response.ok) return response.json();
    throw await readRefusal(response);
  }
}

async function readRefusal(response) {
  try {
    return new Refusal(response.status, (await response.json()).error);
  } catch {
    return new Refusal(response.status, { code: "server_error", message: "", next_step: "" });
  }
}
