// Hashes, signatures and secrets, by the Web Crypto API.
const bytes = (text) => new TextEncoder().encode(text);
const hex = (buffer) => [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, "0")).join("");

console.log("SHA-256:", hex(await crypto.subtle.digest("SHA-256", bytes("mayfly"))));

// Signed, so that a change is noticed.
const key = await crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, false, ["sign", "verify"]);
const signature = await crypto.subtle.sign("HMAC", key, bytes("pay 10"));
console.log("as signed:", await crypto.subtle.verify("HMAC", key, signature, bytes("pay 10")));
console.log("changed:", await crypto.subtle.verify("HMAC", key, signature, bytes("pay 1000")));

// Sealed with a password, and opened again.
const salt = crypto.getRandomValues(new Uint8Array(16));
const iv = crypto.getRandomValues(new Uint8Array(12));
const password = await crypto.subtle.importKey("raw", bytes("open sesame"), "PBKDF2", false, ["deriveKey"]);
const box = await crypto.subtle.deriveKey(
  { name: "PBKDF2", salt, iterations: 10_000, hash: "SHA-256" },
  password,
  { name: "AES-GCM", length: 256 },
  false,
  ["encrypt", "decrypt"],
);
const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, box, bytes("a secret"));
console.log("sealed:", sealed.byteLength, "bytes");
console.log("opened:", new TextDecoder().decode(await crypto.subtle.decrypt({ name: "AES-GCM", iv }, box, sealed)));
