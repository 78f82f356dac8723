/** Keeps a chosen photo in IndexedDB while its owner signs in; a browser that refuses merely forgets it. */

const STORE = "photos";
const MAX_AGE_MS = 24 * 60 * 60 * 1000;

export async function rememberPhoto(key, file) {
  if (key) await withStore("readwrite", (store) => store.put({ file, at: Date.now() }, key));
}

export async function forgetPhoto(key) {
  if (key) await withStore("readwrite", (store) => store.delete(key));
}

/** The photo kept under `key`, or null; yesterday's photo is nobody's wish any more. */
export async function recallPhoto(key) {
  const kept = key ? await withStore("readonly", (store) => store.get(key)) : null;
  return kept && Date.now() - kept.at < MAX_AGE_MS ? kept.file : null;
}

async function withStore(mode, use) {
  let database;
  try {
    database = await openDatabase();
    return await asPromise(use(database.transaction(STORE, mode).objectStore(STORE)));
  } catch {
    return null;
  } finally {
    database?.close();
  }
}

function openDatabase() {
  const request = indexedDB.open("funmagic", 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE);
  return asPromise(request);
}

function asPromise(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
