const HEIC = "image/heic";
// What files of each type begin with, whatever their name and their system say.
const SIGNATURES = {
  "image/png": /^\x89PNG\r\n\x1a\n/,
  "image/jpeg": /^\xff\xd8\xff/,
  "image/webp": /^RIFF[^]{4}WEBP/,
  "image/gif": /^GIF8[79]a/,
  [HEIC]: /^[^]{4}ftyp(?:[^]{4})*?(?:heic|heix|heim|heis|hevc|hevx)/,
};
const SIGNATURE_BYTES = 64;
const MEGABYTE = 1024 * 1024;

/** Reads a File (or a promise of one) into a photo with an object URL, or names the problem with it. */
export async function readPhoto(source, { accept, maxBytes, minSide }) {
  try {
    const file = await source;
    const type = await tellType(file);
    if (!type || (accept.length && !accept.includes(type))) return { problem: "wrong_type" };
    if (maxBytes && file.size > maxBytes) return { problem: "too_large" };
    const photo = { file, type, ...(await draw(file, type)) };
    if (minSide && photo.url && Math.min(photo.width, photo.height) < minSide) return { problem: "too_small" };
    return { photo };
  } catch {
    return { problem: "unreadable" };
  }
}

/** What the server may know of a photo before it is uploaded. */
export function describePhoto({ file, type, width, height }) {
  return { name: file.name, size: file.size, type, width, height };
}

/** One of our own photos as a File, as if the visitor had chosen it. */
export async function fetchSample({ url }) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`sample answered ${response.status}`);
  const blob = await response.blob();
  return new File([blob], url.split("/").pop().split("?")[0], { type: blob.type });
}

/** "2.4 MB", in the page's language; as the server counts (funmagic/library/uploads.py). */
export function formatBytes(bytes) {
  const isBig = bytes >= MEGABYTE;
  const amount = isBig ? bytes / MEGABYTE : Math.max(1, Math.floor(bytes / 1024));
  const unit = isBig ? "megabyte" : "kilobyte";
  const language = document.documentElement.lang || undefined;
  return new Intl.NumberFormat(language, { style: "unit", unit, maximumFractionDigits: 1 }).format(amount);
}

async function tellType(file) {
  const start = String.fromCharCode(...new Uint8Array(await file.slice(0, SIGNATURE_BYTES).arrayBuffer()));
  return Object.keys(SIGNATURES).find((type) => SIGNATURES[type].test(start));
}

/** The photo's address and size; without either where this browser does not know a type that we do. */
async function draw(file, type) {
  const image = new Image();
  const url = URL.createObjectURL(file);
  image.src = url;
  try {
    await image.decode();
  } catch (error) {
    URL.revokeObjectURL(url);
    if (type === HEIC) return { url: "", width: 0, height: 0 };
    throw error;
  }
  return { url, width: image.naturalWidth, height: image.naturalHeight };
}
