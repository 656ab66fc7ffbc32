// Just enough of ONNX's protobuf format to write the models of the benchmark: https://onnx.ai/onnx/intro/concepts.html
// Numbers in `field` are those of onnx.proto.

const float = 1;
const utf8 = new TextEncoder();

function varint(value) {
  const bytes = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Uint8Array.from([...bytes, rest]);
}

/** A field: a whole number, text, or bytes (a message of fields among them). */
function field(number, value) {
  if (typeof value === "number") return join([varint(number * 8), varint(value)]);
  const bytes = typeof value === "string" ? utf8.encode(value) : value;
  return join([varint(number * 8 + 2), varint(bytes.length), bytes]);
}

function join(parts) {
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let next = 0;
  for (const part of parts) {
    result.set(part, next);
    next += part.length;
  }
  return result;
}

const message = (...fields) => join(fields.flat());

/** An attribute: a float in { float }, a whole number, or a list of them. */
function attribute(name, value) {
  if (Array.isArray(value)) return message(field(1, name), ...value.map((one) => field(8, one)), field(20, 7));
  if (typeof value === "number") return message(field(1, name), field(3, value), field(20, 2));
  const bytes = new Uint8Array(Float32Array.of(value.float).buffer);
  return message(field(1, name), Uint8Array.from([2 * 8 + 5]), bytes, field(20, 1));
}

export const node = (type, inputs, output, attributes = {}) =>
  message(
    inputs.map((name) => field(1, name)),
    field(2, output),
    field(4, type),
    Object.entries(attributes).map(([name, value]) => field(5, attribute(name, value))),
  );

const constant = ([name, { values, shape }]) =>
  message(
    shape.map((size) => field(1, size)),
    field(2, float),
    field(8, name),
    field(9, new Uint8Array(values.buffer, values.byteOffset, values.byteLength)),
  );

function valueInfo([name, shape]) {
  const sizes = message(shape.map((size) => field(1, field(1, size))));
  return message(field(1, name), field(2, field(1, message(field(1, float), field(2, sizes)))));
}

/** The bytes of a model. `inputs` and `outputs` are shapes by name, `constants` arrays by name. */
export function onnxModel({ nodes, inputs, outputs, constants = {} }) {
  const graph = message(
    nodes.map((one) => field(1, one)),
    field(2, "bench"),
    Object.entries(constants).map((one) => field(5, constant(one))),
    Object.entries(inputs).map((one) => field(11, valueInfo(one))),
    Object.entries(outputs).map((one) => field(12, valueInfo(one))),
  );
  return message(field(1, 8), field(7, graph), field(8, message(field(1, ""), field(2, 17))));
}
