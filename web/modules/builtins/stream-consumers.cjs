// node:stream/consumers: all that a stream gives, at once.

const { Buffer } = require("node:buffer");

async function chunksOf(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(typeof chunk === "string" ? Buffer.from(chunk) : chunk);
  return chunks;
}

const buffer = async (stream) => Buffer.concat(await chunksOf(stream));
const text = async (stream) => new TextDecoder().decode(await buffer(stream));

module.exports = {
  async arrayBuffer(stream) {
    const all = await buffer(stream);
    return all.buffer.slice(all.byteOffset, all.byteOffset + all.byteLength);
  },
  blob: async (stream) => new Blob(await chunksOf(stream)),
  buffer,
  json: async (stream) => JSON.parse(await text(stream)),
  text,
};
