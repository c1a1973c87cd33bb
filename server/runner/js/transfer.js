// Streams that are transferred. deno_web moves each through a pair of message ports, which wait for one another and so
// keep a run going until its time is over, if nobody reads the stream to its end. A run has one realm, so what is
// handed over here is a stream that copies what goes through it.
import { primordials } from "ext:core/mod.js";

const {
  ArrayPrototypePop,
  ArrayPrototypePush,
  ArrayPrototypeSplice,
  ObjectGetOwnPropertyDescriptor,
  PromisePrototypeCatch,
  ReflectOwnKeys,
  SafeArrayIterator,
  SafeMap,
  SymbolPrototypeGetDescription,
  uncurryThis,
} = primordials;

// Between ports, streams go as numbers among those of transferred buffers (clone.rs), which are below this one.
const FIRST = 2 ** 31;

const getter = (constructor, name) => uncurryThis(ObjectGetOwnPropertyDescriptor(constructor.prototype, name).get);
const nothing = () => {};

/** What deno_web's message ports are to do with streams; `use` gets its streams once they are there. */
export function streamTransfers() {
  /** By number: a stream on its way, what it is, and which of a message's objects it is. */
  const moving = new SafeMap();
  let last = FIRST - 1;
  let copies;
  let move;

  const send = (type) => (stream) => {
    last += 1;
    const copy = move[type](stream);
    moving.set(last, { __proto__: null, type, copy, index: 0 });
    return last;
  };
  const receive = (number) => {
    const copy = moving.get(number)?.copy;
    moving.delete(number);
    return copy;
  };

  return {
    __proto__: null,
    /** What is registered in the place of deno_web's own two functions, by type. */
    resources: {
      __proto__: null,
      ReadableStream: { __proto__: null, send: send("ReadableStream"), receive },
      WritableStream: { __proto__: null, send: send("WritableStream"), receive },
      TransformStream: { __proto__: null, send: send("TransformStream"), receive },
    },
    /**
     * A message as it is posted: buffers behind ports, and streams behind these, as numbers. (deno_web mistakes what
     * stands behind a buffer in the list when it puts the buffers back into it.)
     */
    depart({ data, transferables }) {
      const ports = [], buffers = [], streams = [];
      let index = 0;
      for (const it of new SafeArrayIterator(transferables)) {
        if (it.kind === "arrayBuffer") {
          ArrayPrototypePush(buffers, it);
          continue;
        }
        const stream = it.kind === "resource" ? moving.get(it.data[1]) : undefined;
        if (stream?.type === it.data[0]) {
          stream.index = index;
          ArrayPrototypePush(streams, { kind: "arrayBuffer", data: it.data[1] });
        } else {
          ArrayPrototypePush(ports, it);
        }
        index += 1;
      }
      for (const it of new SafeArrayIterator(buffers)) ArrayPrototypePush(ports, it);
      for (const it of new SafeArrayIterator(streams)) ArrayPrototypePush(ports, it);
      return { data, transferables: ports };
    },
    /** Puts streams among the objects of a message that has come, and takes their numbers out of its buffers. */
    arrive(objects, buffers) {
      const come = [];
      while (buffers.length > 0 && buffers[buffers.length - 1] >= FIRST) {
        const number = ArrayPrototypePop(buffers);
        const stream = moving.get(number);
        moving.delete(number);
        if (stream !== undefined) ArrayPrototypePush(come, stream);
      }
      // The last number was taken first.
      while (come.length > 0) {
        const { index, copy } = ArrayPrototypePop(come);
        ArrayPrototypeSplice(objects, index, 0, copy);
      }
    },
    /** `clone` copies a value, or throws. */
    use(streams, DOMException, clone) {
      const { ReadableStream, TransformStream, TransformStreamDefaultController, WritableStream } = streams;
      const enqueue = uncurryThis(TransformStreamDefaultController.prototype.enqueue);
      const pipeTo = uncurryThis(ReadableStream.prototype.pipeTo);
      const readableOf = getter(TransformStream, "readable");
      const writableOf = getter(TransformStream, "writable");
      const isReadableLocked = getter(ReadableStream, "locked");
      const isWritableLocked = getter(WritableStream, "locked");
      const half = (name) => {
        for (const key of new SafeArrayIterator(ReflectOwnKeys(new TransformStream()))) {
          if (typeof key === "symbol" && SymbolPrototypeGetDescription(key) === name) return key;
        }
        throw new TypeError(`deno_web's TransformStream has no ${name}`);
      };
      const [readableHalf, writableHalf] = [half("[[readable]]"), half("[[writable]]")];

      const refuse = (isLocked, what) => {
        if (isLocked) throw new DOMException(`A ${what} that is locked can't be transferred.`, "DataCloneError");
      };
      const pipe = (from, to) => PromisePrototypeCatch(pipeTo(from, to), nothing);
      copies = () =>
        new TransformStream({ __proto__: null, transform: (chunk, controller) => enqueue(controller, clone(chunk)) });
      move = {
        __proto__: null,
        ReadableStream(stream) {
          refuse(isReadableLocked(stream), "ReadableStream");
          const copying = copies();
          pipe(stream, writableOf(copying));
          return readableOf(copying);
        },
        WritableStream(stream) {
          refuse(isWritableLocked(stream), "WritableStream");
          const copying = copies();
          pipe(readableOf(copying), stream);
          return writableOf(copying);
        },
        TransformStream(stream) {
          const [readable, writable] = [readableOf(stream), writableOf(stream)];
          refuse(isReadableLocked(readable) || isWritableLocked(writable), "TransformStream");
          const moved = new TransformStream();
          moved[readableHalf] = move.ReadableStream(readable);
          moved[writableHalf] = move.WritableStream(writable);
          return moved;
        },
      };
    },
  };
}
