// Addresses, taken apart and put together.
const url = new URL("https://insects.example:8443/flies/mayfly?lang=en&wings=4&lang=de#life");
console.log(url.host, url.pathname, url.hash);
console.log(url.searchParams.getAll("lang"), url.searchParams.get("wings"));

url.searchParams.append("name", "Ephemera danica & co");
url.searchParams.delete("lang");
url.hash = "";
console.log(url.href);

console.log(new URL("../moths?page=2", "https://insects.example/flies/mayfly").href);
console.log(URL.canParse("https://"), URL.canParse("/relative"), URL.canParse("/relative", "https://a.example"));
console.log(Object.fromEntries(new URLSearchParams({ a: 1, b: "two words" })), String(new URLSearchParams({ b: "two words" })));
