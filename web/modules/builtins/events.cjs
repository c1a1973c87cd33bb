// node:events. Ours, as the package `events` stopped at Node 11: no errorMonitor, no async iterator, no signals.

const { AbortError, coded, needFunction, needSignal, wrongType, outOfRange } = require("./internal/errors.cjs");

const kCapture = Symbol("kCapture");
const captureRejectionSymbol = Symbol.for("nodejs.rejection");
const errorMonitor = Symbol("events.errorMonitor");
let defaultMaxListeners = 10;

function needCount(name, count) {
  if (typeof count !== "number") throw wrongType(name, "of type number", count);
  if (!(count >= 0)) throw outOfRange(name, ">= 0", count);
}

/** @param {{captureRejections?: boolean}} [options] */
function EventEmitter(options) {
  EventEmitter.init.call(this, options);
}

EventEmitter.init = function (options) {
  if (this._events === undefined || this._events === Object.getPrototypeOf(this)._events) {
    this._events = { __proto__: null };
    this._eventsCount = 0;
  }
  this._maxListeners ??= undefined;
  if (options?.captureRejections !== undefined) {
    if (typeof options.captureRejections !== "boolean") {
      throw wrongType("options.captureRejections", "of type boolean", options.captureRejections);
    }
    this[kCapture] = options.captureRejections;
  } else {
    this[kCapture] = EventEmitter.prototype[kCapture];
  }
};

const proto = EventEmitter.prototype;
proto._events = undefined;
proto._eventsCount = 0;
proto._maxListeners = undefined;
Object.defineProperty(proto, kCapture, { value: false, writable: true, enumerable: false });

proto.setMaxListeners = function setMaxListeners(n) {
  needCount("setMaxListeners", n);
  this._maxListeners = n;
  return this;
};

proto.getMaxListeners = function getMaxListeners() {
  return this._maxListeners ?? defaultMaxListeners;
};

/** The listeners of a type: a new array. */
function listOf(emitter, type) {
  const found = emitter._events?.[type];
  return found === undefined ? [] : typeof found === "function" ? [found] : found.slice();
}

/** What a listener's promise is rejected with goes to `error`, or to the emitter's own method. */
function capture(emitter, promise, type, args) {
  promise.then(undefined, (error) => queueMicrotask(() => {
    if (typeof emitter[captureRejectionSymbol] === "function") {
      emitter[captureRejectionSymbol](error, type, ...args);
      return;
    }
    const before = emitter[kCapture];
    // A listener of `error` that is rejected itself would go round for ever.
    emitter[kCapture] = false;
    try {
      emitter.emit("error", error);
    } finally {
      emitter[kCapture] = before;
    }
  }));
}

proto.emit = function emit(type, ...args) {
  const events = this._events;
  if (type === "error") {
    if (events?.[errorMonitor] !== undefined) this.emit(errorMonitor, ...args);
    if (events?.error === undefined) {
      const [error] = args;
      if (error instanceof Error) throw error;
      const shown = typeof error === "string" ? `'${error}'` : String(error);
      const thrown = coded(new Error(`Unhandled error. (${shown})`), "ERR_UNHANDLED_ERROR");
      thrown.context = error;
      throw thrown;
    }
  }
  if (events?.[type] === undefined) return false;
  for (const listener of listOf(this, type)) {
    const result = Reflect.apply(listener, this, args);
    if (this[kCapture] && typeof result?.then === "function") capture(this, result, type, args);
  }
  return true;
};

function add(emitter, type, listener, first) {
  needFunction("listener", listener);
  if (emitter._events === undefined) {
    emitter._events = { __proto__: null };
    emitter._eventsCount = 0;
  } else if (emitter._events.newListener !== undefined) {
    // Told before it is added, so that a listener of this can add another before it.
    emitter.emit("newListener", type, listener.listener ?? listener);
  }
  const found = emitter._events[type];
  if (found === undefined) {
    emitter._events[type] = listener;
    emitter._eventsCount++;
    return emitter;
  }
  const list = typeof found === "function" ? (emitter._events[type] = [found]) : found;
  if (first) list.unshift(listener);
  else list.push(listener);
  const most = emitter.getMaxListeners();
  if (most > 0 && list.length > most && !list.warned) {
    list.warned = true;
    console.warn(
      `MaxListenersExceededWarning: Possible EventEmitter memory leak detected. ${list.length} ${String(type)} ` +
        `listeners added to ${emitter.constructor?.name ?? "an emitter"}. MaxListeners is ${most}. ` +
        "Use emitter.setMaxListeners() to increase limit",
    );
  }
  return emitter;
}

function onceWrapper(emitter, type, listener) {
  needFunction("listener", listener);
  let fired = false;
  function wrapper(...args) {
    if (fired) return undefined;
    fired = true;
    emitter.removeListener(type, wrapper);
    return Reflect.apply(listener, emitter, args);
  }
  wrapper.listener = listener;
  return wrapper;
}

proto.addListener = function addListener(type, listener) {
  return add(this, type, listener, false);
};
proto.on = proto.addListener;

proto.prependListener = function prependListener(type, listener) {
  return add(this, type, listener, true);
};

proto.once = function once(type, listener) {
  return this.on(type, onceWrapper(this, type, listener));
};

proto.prependOnceListener = function prependOnceListener(type, listener) {
  return this.prependListener(type, onceWrapper(this, type, listener));
};

function forget(emitter, type) {
  if (--emitter._eventsCount === 0) emitter._events = { __proto__: null };
  else delete emitter._events[type];
}

proto.removeListener = function removeListener(type, listener) {
  needFunction("listener", listener);
  const found = this._events?.[type];
  if (found === undefined) return this;
  const list = typeof found === "function" ? [found] : found;
  const index = list.findLastIndex((it) => it === listener || it.listener === listener);
  if (index < 0) return this;
  const [removed] = list.splice(index, 1);
  if (list.length === 0) forget(this, type);
  else if (list.length === 1) this._events[type] = list[0];
  if (this._events.removeListener !== undefined) this.emit("removeListener", type, removed.listener ?? listener);
  return this;
};
proto.off = proto.removeListener;

proto.removeAllListeners = function removeAllListeners(type) {
  if (this._events === undefined) return this;
  if (this._events.removeListener === undefined) {
    if (arguments.length === 0) {
      this._events = { __proto__: null };
      this._eventsCount = 0;
    } else if (this._events[type] !== undefined) {
      forget(this, type);
    }
    return this;
  }
  if (arguments.length === 0) {
    for (const key of Reflect.ownKeys(this._events)) if (key !== "removeListener") this.removeAllListeners(key);
    this.removeAllListeners("removeListener");
    return this;
  }
  for (const listener of listOf(this, type).reverse()) this.removeListener(type, listener);
  return this;
};

proto.listeners = function listeners(type) {
  return listOf(this, type).map((it) => it.listener ?? it);
};

proto.rawListeners = function rawListeners(type) {
  return listOf(this, type);
};

proto.listenerCount = function listenerCount(type, listener) {
  const list = listOf(this, type);
  return listener == null ? list.length : list.filter((it) => it === listener || it.listener === listener).length;
};

proto.eventNames = function eventNames() {
  return this._eventsCount > 0 ? Reflect.ownKeys(this._events) : [];
};

/** Listens, be it to an emitter or to an event target. Gives what undoes it. */
function listen(emitter, type, listener, once) {
  if (typeof emitter.on === "function") {
    if (once) emitter.once(type, listener);
    else emitter.on(type, listener);
    return () => emitter.removeListener(type, listener);
  }
  if (typeof emitter.addEventListener === "function") {
    emitter.addEventListener(type, listener, { once });
    return () => emitter.removeEventListener(type, listener);
  }
  throw wrongType("emitter", "an instance of EventEmitter", emitter);
}

async function once(emitter, type, options = {}) {
  const { signal } = options;
  needSignal("options.signal", signal);
  if (signal?.aborted) throw new AbortError(signal);
  const undo = [];
  try {
    return await new Promise((resolve, reject) => {
      undo.push(listen(emitter, type, (...args) => resolve(args), true));
      if (type !== "error" && typeof emitter.once === "function") undo.push(listen(emitter, "error", reject, true));
      if (signal) undo.push(listen(signal, "abort", () => reject(new AbortError(signal)), true));
    });
  } finally {
    for (const it of undo) it();
  }
}

function on(emitter, type, options = {}) {
  const { signal, close = [] } = options;
  needSignal("options.signal", signal);
  if (signal?.aborted) throw new AbortError(signal);
  const events = [], waiting = [], undo = [];
  let failed, finished = false;

  const finish = () => {
    finished = true;
    for (const it of undo.splice(0)) it();
    for (const it of waiting.splice(0)) it.resolve({ value: undefined, done: true });
    return Promise.resolve({ value: undefined, done: true });
  };
  const fail = (error) => {
    const first = waiting.shift();
    if (first) first.reject(error);
    else failed = { error };
    finish();
  };
  const take = (...args) => {
    const first = waiting.shift();
    if (first) first.resolve({ value: args, done: false });
    else events.push(args);
  };
  undo.push(listen(emitter, type, take, false));
  if (type !== "error" && typeof emitter.on === "function") undo.push(listen(emitter, "error", fail, false));
  for (const it of close) undo.push(listen(emitter, it, finish, false));
  if (signal) undo.push(listen(signal, "abort", () => fail(new AbortError(signal)), true));

  return Object.setPrototypeOf(
    {
      next() {
        if (events.length > 0) return Promise.resolve({ value: events.shift(), done: false });
        if (failed) {
          const { error } = failed;
          failed = undefined;
          return Promise.reject(error);
        }
        if (finished) return finish();
        return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
      },
      return: finish,
      throw(error) {
        if (!(error instanceof Error)) throw wrongType("EventEmitter.AsyncIterator", "an instance of Error", error);
        fail(error);
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    },
    Object.getPrototypeOf(Object.getPrototypeOf(async function* () {}).prototype),
  );
}

/** The most listeners of event targets: kept, and without consequence. */
const ofTargets = new WeakMap();

function getMaxListeners(target) {
  if (typeof target?.getMaxListeners === "function") return target.getMaxListeners();
  return ofTargets.get(target) ?? defaultMaxListeners;
}

function setMaxListeners(n = defaultMaxListeners, ...targets) {
  needCount("n", n);
  if (targets.length === 0) defaultMaxListeners = n;
  for (const target of targets) {
    if (typeof target?.setMaxListeners === "function") target.setMaxListeners(n);
    else if (typeof target?.addEventListener === "function") ofTargets.set(target, n);
    else throw wrongType("eventTargets", "an instance of EventEmitter or EventTarget", target);
  }
}

function getEventListeners(target, type) {
  if (typeof target?.listeners === "function") return target.listeners(type);
  throw wrongType("emitter", "an instance of EventEmitter", target);
}

function addAbortListener(signal, listener) {
  if (signal === undefined) throw wrongType("signal", "an instance of AbortSignal", signal);
  needSignal("signal", signal);
  needFunction("listener", listener);
  let undo;
  if (signal.aborted) queueMicrotask(() => listener());
  else undo = listen(signal, "abort", listener, true);
  return {
    [Symbol.dispose ?? Symbol.for("nodejs.dispose")]() {
      undo?.();
    },
  };
}

module.exports = EventEmitter;
Object.assign(EventEmitter, {
  EventEmitter,
  addAbortListener,
  captureRejectionSymbol,
  errorMonitor,
  getEventListeners,
  getMaxListeners,
  listenerCount: (emitter, type) => emitter.listenerCount(type),
  on,
  once,
  setMaxListeners,
  usingDomains: false,
});
Object.defineProperties(EventEmitter, {
  defaultMaxListeners: {
    enumerable: true,
    get: () => defaultMaxListeners,
    set(n) {
      needCount("defaultMaxListeners", n);
      defaultMaxListeners = n;
    },
  },
  captureRejections: {
    enumerable: true,
    get: () => proto[kCapture],
    set(value) {
      if (typeof value !== "boolean") throw wrongType("EventEmitter.captureRejections", "of type boolean", value);
      proto[kCapture] = value;
    },
  },
});
