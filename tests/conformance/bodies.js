// https://fetch.spec.whatwg.org: bodies, requests, responses; https://xhr.spec.whatwg.org/#interface-formdata

const bytes = (...values) => new Uint8Array(values);

test("Response", () => {
  const response = new Response();
  equal([response.status, response.statusText, response.ok, response.type, response.url, response.redirected], [200, "", true, "default", "", false]);
  equal([response.body, response.bodyUsed, [...response.headers]], [null, false, []]);
  const other = new Response("x", { status: 404, statusText: "Not Found", headers: { a: "b" } });
  equal([other.status, other.statusText, other.ok, other.headers.get("a")], [404, "Not Found", false, "b"]);
  for (const status of [199, 600, 0, 100, -1, NaN]) throws(RangeError, () => new Response(null, { status }), `status ${status}`);
  for (const status of [204, 205, 304]) {
    throws(TypeError, () => new Response("x", { status }), `a body with ${status}`);
    equal(new Response(null, { status }).status, status);
  }
  for (const statusText of ["\n", "\0", "\u0100"]) throws(TypeError, () => new Response(null, { statusText }), JSON.stringify(statusText));
  equal(Object.prototype.toString.call(response), "[object Response]");
  throws(TypeError, () => Response());
});

test("Response.error, redirect, json", async () => {
  const error = Response.error();
  equal([error.type, error.status, error.statusText, error.ok, error.body], ["error", 0, "", false, null]);
  const redirect = Response.redirect("http://a/b c", 301);
  equal([redirect.status, redirect.headers.get("location"), redirect.body], [301, "http://a/b%20c", null]);
  equal(Response.redirect("http://a/").status, 302);
  for (const status of [200, 300, 304, 404]) throws(RangeError, () => Response.redirect("http://a/", status), `redirect ${status}`);
  throws(TypeError, () => Response.redirect("http://:x/"));
  const json = Response.json({ a: [1] }, { status: 201, headers: { x: "y" } });
  equal([json.status, json.headers.get("content-type"), json.headers.get("x"), await json.text()], [201, "application/json", "y", '{"a":[1]}']);
  equal(Response.json(1, { headers: { "content-type": "a/b" } }).headers.get("content-type"), "a/b");
  throws(TypeError, () => Response.json(undefined));
  throws(TypeError, () => Response.json(Symbol()));
  throws(TypeError, () => Response.json(1, { status: 204 }));
});

test("what a body can be, and its type", async () => {
  const form = new FormData();
  form.append("a", "b");
  for (const [what, body, text, type] of [
    ["a string", "\u00e9", "\u00e9", "text/plain;charset=UTF-8"],
    ["bytes", bytes(97, 98), "ab", null],
    ["a buffer", bytes(97).buffer, "a", null],
    ["a view", new DataView(bytes(97, 98, 99).buffer, 1), "bc", null],
    ["parameters", new URLSearchParams("a=b c"), "a=b+c", "application/x-www-form-urlencoded;charset=UTF-8"],
    ["a blob", new Blob(["x"], { type: "a/b" }), "x", "a/b"],
    ["a blob without a type", new Blob(["x"]), "x", null],
    ["a stream", new Blob(["y"]).stream(), "y", null],
    ["a number", 7, "7", "text/plain;charset=UTF-8"],
    ["an object", {}, "[object Object]", "text/plain;charset=UTF-8"],
  ]) {
    const response = new Response(body);
    equal([response.headers.get("content-type"), await response.text()], [type, text], what);
  }
  const multipart = new Response(form);
  ok(/^multipart\/form-data; ?boundary=/.test(multipart.headers.get("content-type")), "a form");
  equal((await multipart.formData()).get("a"), "b");
  equal(new Response("x", { headers: { "content-type": "t/u" } }).headers.get("content-type"), "t/u", "a type that is given stays");
});

test("reading a body", async () => {
  equal(await new Response('{"a":1}').json(), { a: 1 });
  await rejects(SyntaxError, new Response("{").json());
  await rejects(SyntaxError, new Response("").json());
  equal(await new Response(bytes(239, 187, 191, 97)).text(), "a", "the byte order mark goes");
  equal(new Uint8Array(await new Response("ab").arrayBuffer()), bytes(97, 98));
  equal(await new Response("ab").bytes(), bytes(97, 98));
  const blob = await new Response("ab", { headers: { "content-type": "A/B" } }).blob();
  equal([blob.size, blob.type], [2, "a/b"]);
  const form = await new Response("a=1&b=%20+", { headers: { "content-type": "application/x-www-form-urlencoded" } }).formData();
  equal([...form], [["a", "1"], ["b", "  "]]);
  await rejects(TypeError, new Response("a=1").formData(), "not a form");
  equal([await new Response().text(), (await new Response().arrayBuffer()).byteLength], ["", 0], "no body");
  await rejects(TypeError, new Response(new ReadableStream({ start(to) { to.enqueue("text"); to.close() } })).text(), "chunks that are no bytes");
  await rejects(URIError, new Response(new ReadableStream({ start(to) { to.error(new URIError()) } })).text(), "a stream's error");
});

test("a body is read once", async () => {
  const response = new Response("x");
  equal(response.bodyUsed, false);
  const reading = response.text();
  equal(response.bodyUsed, true);
  await reading;
  await rejects(TypeError, response.text());
  throws(TypeError, () => response.clone());
  const locked = new Response("x");
  locked.body.getReader();
  equal(locked.bodyUsed, false, "locked is not used");
  await rejects(TypeError, locked.text());
  throws(TypeError, () => locked.clone());
  throws(TypeError, () => new Response(locked.body), "a locked stream");
  const empty = new Response();
  await empty.text();
  equal([empty.bodyUsed, await empty.text()], [false, ""], "no body can be read for ever");
});

test("clones", async () => {
  const response = new Response("abc", { status: 201, headers: { a: "b" } }), clone = response.clone();
  ok(clone !== response && clone.headers !== response.headers && clone.body !== response.body);
  equal([clone.status, clone.headers.get("a")], [201, "b"]);
  equal([await clone.text(), await response.text()], ["abc", "abc"]);
  const request = new Request("http://a/", { method: "POST", body: "x" }), copy = request.clone();
  equal([await request.text(), await copy.text(), copy.method], ["x", "x", "POST"]);
});

test("Request", () => {
  const request = new Request("http://a/b?c#d");
  equal([request.method, request.url, request.body, request.bodyUsed, request.redirect], ["GET", "http://a/b?c#d", null, false, "follow"]);
  ok(request.headers instanceof Headers && request.signal instanceof AbortSignal);
  equal(request.signal.aborted, false);
  equal(new Request(new URL("http://a/")).url, "http://a/");
  throws(TypeError, () => new Request("http://:x/"));
  throws(TypeError, () => new Request());
  throws(TypeError, () => Request("http://a/"));
  for (const [method, normal] of [["get", "GET"], ["post", "POST"], ["put", "PUT"], ["delete", "DELETE"], ["head", "HEAD"], ["options", "OPTIONS"], ["patch", "patch"], ["Chicken", "Chicken"]]) {
    equal(new Request("http://a/", { method }).method, normal, method);
  }
  for (const method of ["", "a b", "CONNECT", "TRACE", "track", "\u00e9"]) throws(TypeError, () => new Request("http://a/", { method }), `method ${method}`);
  for (const method of ["GET", "HEAD"]) throws(TypeError, () => new Request("http://a/", { method, body: "x" }), `a body with ${method}`);
  throws(TypeError, () => new Request("http://a/", { redirect: "x" }));
  for (const redirect of ["follow", "error", "manual"]) equal(new Request("http://a/", { redirect }).redirect, redirect);
});

test("a request of a request", async () => {
  const first = new Request("http://a/", { method: "POST", body: "x", headers: { a: "1", b: "2" } });
  const second = new Request(first, { headers: { a: "3" } });
  equal([second.method, second.headers.get("a"), second.headers.get("b")], ["POST", "3", null]);
  equal([first.bodyUsed, await second.text()], [true, "x"], "the body moves on");
  throws(TypeError, () => new Request(first), "what is used can't be used again");
  const controller = new AbortController();
  const linked = new Request(new Request("http://a/", { signal: controller.signal }));
  controller.abort("why");
  equal([linked.signal.aborted, linked.signal.reason], [true, "why"], "its signal follows");
  throws(TypeError, () => new Request("http://a/", { signal: {} }));
});

test("bodies of requests", async () => {
  const post = (body) => new Request("http://a/", { method: "POST", body });
  equal(await post("x").text(), "x");
  equal(post("x").headers.get("content-type"), "text/plain;charset=UTF-8");
  equal(await post(new URLSearchParams("a=1")).text(), "a=1");
  const stream = new ReadableStream({ start(to) { to.enqueue(bytes(97)); to.close() } });
  const streamed = new Request("http://a/", { method: "POST", body: stream, duplex: "half" });
  equal(await streamed.text(), "a");
});

test("FormData", () => {
  const form = new FormData();
  form.append("a", "1");
  form.append("a", 2);
  form.append("b", "x");
  equal([form.get("a"), form.getAll("a"), form.get("z"), form.getAll("z"), form.has("b")], ["1", ["1", "2"], null, [], true]);
  form.set("a", "3");
  equal([...form], [["a", "3"], ["b", "x"]]);
  form.delete("b");
  equal([...form.keys()], ["a"]);
  equal([...form.values()], ["3"]);
  form.append("blob", new Blob(["x"], { type: "t/u" }));
  const blob = form.get("blob");
  ok(blob instanceof File);
  equal([blob.name, blob.type], ["blob", "t/u"]);
  form.set("file", new File(["x"], "a.txt"));
  equal(form.get("file").name, "a.txt");
  form.set("file", new Blob(["x"]), "b.txt");
  equal(form.get("file").name, "b.txt");
  form.set("\ud800", "\ud800");
  equal(form.get("\ufffd"), "\ufffd");
  throws(TypeError, () => form.append("a"));
  throws(TypeError, () => FormData());
  equal(form[Symbol.iterator], form.entries);
  equal(Object.prototype.toString.call(form), "[object FormData]");
  const seen = [];
  form.forEach((value, key) => seen.push(key));
  equal(seen.length, 4);
});

test("multipart", async () => {
  const form = new FormData();
  form.append("text", "a\r\nb\nc");
  form.append('na"me\n', "v");
  form.append("file", new File([bytes(0, 255, 13, 10)], 'f"1.bin', { type: "x/y" }));
  const response = new Response(form);
  const boundary = /boundary=(.*)$/.exec(response.headers.get("content-type"))[1];
  const text = await response.clone().text();
  ok(text.startsWith(`--${boundary}\r\n`) && text.endsWith(`--${boundary}--\r\n`) || text.endsWith(`--${boundary}--`));
  ok(text.includes('name="na%22me%0D%0A"') || text.includes('name="na%22me%0A"'), "names are escaped");
  const back = await response.formData();
  const file = back.get("file");
  equal([file.type, await file.bytes()], ["x/y", bytes(0, 255, 13, 10)]);
  const hand = await new Response('--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n--b--\r\n', { headers: { "content-type": "multipart/form-data; boundary=b" } }).formData();
  equal(hand.get("a"), "x");
});

test("fetch refuses what it can before it asks", async () => {
  await rejects(TypeError, fetch("http://:x/"), "no address");
  await rejects(TypeError, fetch(), "nothing");
  await rejects("AbortError", fetch("http://a.example/", { signal: AbortSignal.abort() }), "a signal that is aborted");
  let reason;
  await fetch("http://a.example/", { signal: AbortSignal.abort("mine") }).catch((error) => reason = error);
  equal(reason, "mine", "its reason is the error");
  await rejects(TypeError, fetch("http://a.example/", { method: "GET", body: "x" }));
  ok(fetch("http://:x/").catch(() => {}) instanceof Promise, "it never throws");
});

const short = "deno_fetch gives a body that is a string back as it is";
known(short, "text of a body is well formed", async () => equal(await new Response("\ud800").text(), "\ufffd"));
known(short, "the byte order mark of a string goes", async () => equal(await new Response("\ufeffa").text(), "a"));
known("deno_fetch needs it for WebSockets", "there is no response with status 101", () => {
  throws(RangeError, () => new Response(null, { status: 101 }));
});
known("deno_fetch takes it as a string", "a file name needs a file", () => {
  throws(TypeError, () => new FormData().append("a", "b", "c"));
});
known("deno_fetch takes it for an empty form", "a form that is cut short", async () => {
  await rejects(TypeError, new Response("--b\r\nnonsense", { headers: { "content-type": "multipart/form-data; boundary=b" } }).formData());
});
