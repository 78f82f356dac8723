/** The file could not be fetched; trying again may help. */
export class Unreachable extends Error {}

/**
 * The bytes at `src`; `onProgress` hears the share that has arrived, from 0 to 1, where the server says how much there is.
 * Throws Unreachable, or the signal's AbortError.
 */
export async function fetchBytes(src, { signal, onProgress }) {
  try {
    const response = await fetch(src, { signal });
    if (!response.ok) throw new Unreachable(`The server answered ${response.status}.`);
    return await readAll(response, onProgress);
  } catch (error) {
    if (signal.aborted || error instanceof Unreachable) throw error;
    throw new Unreachable(error.message);
  }
}

async function readAll(response, onProgress) {
  // The length of a compressed answer says nothing about what comes out of it.
  const total = response.headers.get("Content-Encoding") ? 0 : Number(response.headers.get("Content-Length"));
  const chunks = [];
  let received = 0;
  const reader = response.body.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    chunks.push(part.value);
    received += part.value.length;
    if (total) onProgress(Math.min(1, received / total));
  }
  return new Blob(chunks).arrayBuffer();
}
