"""Browsers that keep nothing for us: with site data blocked, merely asking for the storage is an error there."""

# Runs in the head of every page before anything else: what cannot be used is replaced by something that forgets.
GUARD_STORAGE = """
for (const name of ["localStorage", "sessionStorage"]) {
  let real = null;
  try {
    real = window[name];
    real.setItem("funmagic.probe", "");
    real.removeItem("funmagic.probe");
    continue;
  } catch {}
  const written = new Map();
  const read = (key) => {
    try {
      return real.getItem(key);
    } catch {
      return null;
    }
  };
  const value = {
    getItem: (key) => (written.has(`${key}`) ? written.get(`${key}`) : read(key)),
    setItem: (key, value) => void written.set(`${key}`, `${value}`),
    removeItem: (key) => void written.set(`${key}`, null),
    clear: () => written.clear(),
    key: () => null,
    length: 0,
  };
  try {
    Object.defineProperty(window, name, { configurable: true, value });
  } catch {}
}
try {
  document.cookie;
} catch {
  try {
    Object.defineProperty(document, "cookie", { configurable: true, get: () => "", set: () => {} });
  } catch {}
}
"""
