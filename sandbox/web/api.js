// What a person does, as requests. Each call resolves once the server took it, or throws a Refused that says why.

export class Refused extends Error {}

export function sendMessage(payload, files) {
  const parts = files.map((file) => ["file", file]);
  return request("POST", "/sandbox/messages", payload, parts);
}

export function editMessage(messageId, payload) {
  return request("PATCH", `/sandbox/messages/${encodeURIComponent(messageId)}`, payload);
}

export function deleteMessage(messageId, userId) {
  const address = `/sandbox/messages/${encodeURIComponent(messageId)}?user=${encodeURIComponent(userId)}`;
  return request("DELETE", address);
}

/** `files`: option name -> File. */
export function runCommand(payload, files) {
  const parts = Object.entries(files).map(([name, file]) => [`file:${name}`, file]);
  return request("POST", "/sandbox/commands", payload, parts);
}

export function runOnMessage(payload) {
  return request("POST", "/sandbox/context", payload);
}

export function pressButton(payload) {
  return request("POST", "/sandbox/components", payload);
}

async function request(method, address, payload, files = []) {
  let response;
  try {
    response = await fetch(address, { method, ...body(payload, files) });
  } catch (error) {
    if (error instanceof TypeError) throw new Refused("The sandbox does not answer. Is it still running?");
    throw error;
  }
  if (response.ok) return;
  throw new Refused(await reason(response));
}

function body(payload, files) {
  if (payload === undefined) return {};
  const json = JSON.stringify(payload);
  if (files.length === 0) return { body: json, headers: { "Content-Type": "application/json" } };
  const form = new FormData();
  form.append("payload", json);
  for (const [field, file] of files) form.append(field, file, file.name);
  return { body: form };
}

async function reason(response) {
  try {
    const answer = await response.json();
    if (typeof answer?.message === "string") return answer.message;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error; // not JSON: the status has to do
  }
  return `The sandbox answered ${response.status} ${response.statusText}.`.replace(" .", ".");
}
