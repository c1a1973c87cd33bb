// Stands where deno_fetch looks for Deno's own `HttpClient`, with which a program there picks certificates and
// proxies. Here there is none: no object is an instance of this.
(() => ({ HttpClientPrototype: __bootstrap.primordials.ObjectFreeze({ __proto__: null }) }))();
