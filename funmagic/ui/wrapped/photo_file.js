/** Reads a File (or a promise of one) into a photo with an object URL, or names the problem with it. */
export async function readPhoto(source, { accept, maxBytes }) {
  try {
    const file = await source;
    if (accept.length && !accept.includes(file.type)) return { problem: "wrong_type" };
    if (maxBytes && file.size > maxBytes) return { problem: "too_large" };
    return { photo: await decode(file) };
  } catch {
    return { problem: "unreadable" };
  }
}

/** What the server may know of a photo before it is uploaded. */
export function describePhoto({ file, width, height }) {
  return { name: file.name, size: file.size, type: file.type, width, height };
}

/** One of our own photos as a File, as if the visitor had chosen it. */
export async function fetchSample({ url }) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`sample answered ${response.status}`);
  const blob = await response.blob();
  return new File([blob], url.split("/").pop().split("?")[0], { type: blob.type });
}

/** "2.4 MB", in the page's language. */
export function formatBytes(bytes) {
  const isBig = bytes >= 1_000_000;
  const amount = isBig ? bytes / 1_000_000 : Math.max(1, Math.round(bytes / 1000));
  const unit = isBig ? "megabyte" : "kilobyte";
  const language = document.documentElement.lang || undefined;
  return new Intl.NumberFormat(language, { style: "unit", unit, maximumFractionDigits: 1 }).format(amount);
}

async function decode(file) {
  const image = new Image();
  const url = URL.createObjectURL(file);
  image.src = url;
  try {
    await image.decode();
  } catch (error) {
    URL.revokeObjectURL(url);
    throw error;
  }
  return { file, url, width: image.naturalWidth, height: image.naturalHeight };
}
