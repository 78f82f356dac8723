const SIZES = { char: 1, uchar: 1, short: 2, ushort: 2, int: 4, uint: 4, float: 4, double: 8 };
const OTHER_NAMES = {
  int8: "char", uint8: "uchar", int16: "short", uint16: "ushort", int32: "int", uint32: "uint", float32: "float", float64: "double",
};
const LITTLE_ENDIAN = true;
const READERS = {
  char: (view, at) => view.getInt8(at),
  uchar: (view, at) => view.getUint8(at),
  short: (view, at) => view.getInt16(at, LITTLE_ENDIAN),
  ushort: (view, at) => view.getUint16(at, LITTLE_ENDIAN),
  int: (view, at) => view.getInt32(at, LITTLE_ENDIAN),
  uint: (view, at) => view.getUint32(at, LITTLE_ENDIAN),
  float: (view, at) => view.getFloat32(at, LITTLE_ENDIAN),
  double: (view, at) => view.getFloat64(at, LITTLE_ENDIAN),
};
// No header of ours comes near this; without a limit a wrong file would be searched to its end.
const LONGEST_HEADER = 8192;

/**
 * The points of a binary little-endian PLY: positions (xyz floats), colors (rgba bytes, sRGB) and confidences (floats;
 * null when the file has none). Throws on anything else, and on a file that is cut short or empty.
 */
export function readPly(buffer) {
  const { count, properties, stride, start } = readHeader(buffer);
  if (!count || buffer.byteLength < start + count * stride) throw new Error("This PLY file holds fewer points than it says.");
  const view = new DataView(buffer, start, count * stride);
  const positions = new Float32Array(count * 3);
  ["x", "y", "z"].forEach((name, axis) => copyColumn(view, stride, required(properties, name), positions, 3, axis));
  if (!positions.every(Number.isFinite)) throw new Error("This PLY file has points that are nowhere.");

  const colors = new Uint8Array(count * 4).fill(255);
  ["red", "green", "blue"].forEach((name, channel) => {
    if (properties[name]) copyColumn(view, stride, properties[name], colors, 4, channel);
  });
  if (!properties.confidence) return { count, positions, colors, confidences: null };
  const confidences = new Float32Array(count);
  copyColumn(view, stride, properties.confidence, confidences, 1, 0);
  return { count, positions, colors, confidences };
}

function readHeader(buffer) {
  const text = new TextDecoder("latin1").decode(new Uint8Array(buffer, 0, Math.min(LONGEST_HEADER, buffer.byteLength)));
  const end = /\nend_header\r?\n/.exec(text);
  if (!text.startsWith("ply") || !end) throw new Error("This is no PLY file.");
  const header = { count: 0, properties: {}, stride: 0, start: end.index + end[0].length };
  let element = "";
  for (const line of text.slice(0, end.index).split(/\r?\n/)) {
    const [keyword, first, second] = line.trim().split(/\s+/);
    if (keyword === "format" && first !== "binary_little_endian") throw new Error(`PLY of the format ${first} is not supported.`);
    if (keyword === "element") {
      // Only what comes first lies at a known place.
      if (!element && first !== "vertex") throw new Error("This PLY file does not begin with its points.");
      element = first;
      if (element === "vertex") header.count = Number(second);
    }
    if (keyword === "property" && element === "vertex") addProperty(header, OTHER_NAMES[first] ?? first, second);
  }
  return header;
}

function addProperty(header, type, name) {
  if (!SIZES[type]) throw new Error(`PLY points with a ${type} are not supported.`);
  header.properties[name] = { type, offset: header.stride };
  header.stride += SIZES[type];
}

function required(properties, name) {
  if (!properties[name]) throw new Error(`This PLY file has points without ${name}.`);
  return properties[name];
}

function copyColumn(view, stride, { type, offset }, target, width, column) {
  const read = READERS[type];
  for (let at = offset, to = column; to < target.length; at += stride, to += width) target[to] = read(view, at);
}
