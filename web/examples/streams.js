// Streams: values flow through steps, and no step runs further ahead than the next one wants.
const numbers = new ReadableStream({
  start() {
    this.next = 1;
  },
  pull(stream) {
    stream.enqueue(this.next++);
    if (this.next > 10) stream.close();
  },
});

const odd = new TransformStream({
  transform(number, stream) {
    if (number % 2 === 1) stream.enqueue(number);
  },
});

const words = new TransformStream({
  transform(number, stream) {
    stream.enqueue(`${number} squared is ${number ** 2}`);
  },
});

for await (const line of numbers.pipeThrough(odd).pipeThrough(words)) console.log(line);

// Bytes can be compressed on the way.
const text = "mayfly ".repeat(200);
const packed = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
const { byteLength } = await new Response(packed).arrayBuffer();
console.log(`${text.length} bytes become fewer: ${byteLength < text.length}`);
