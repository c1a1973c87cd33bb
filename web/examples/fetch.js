// Fetches from an address that this server answers itself, without any network.
const response = await fetch("https://insects.example/mayflies.json");
console.log(response.status, response.headers.get("content-type"));

const insects = await response.json();
console.table(insects);

const missing = await fetch("https://insects.example/dragons.json").catch((error) => error);
console.log(missing instanceof Error ? "dragons are not to be had" : missing.status);
