// https://nodejs.org/docs/latest-v20.x/api/punycode.html
import punycode from "node:punycode";

test("punycode", () => {
  equal([punycode.decode("maana-pta"), punycode.decode("--dqo34k")], ["mañana", "☃-⌘"]);
  equal([punycode.encode("mañana"), punycode.encode("☃-⌘")], ["maana-pta", "--dqo34k"]);
  equal([punycode.toASCII("mañana.com"), punycode.toUnicode("xn--maana-pta.com")], ["xn--maana-pta.com", "mañana.com"]);
  equal([punycode.ucs2.decode("\u{1D306}"), punycode.ucs2.encode([0x61, 0x62])], [[0x1d306], "ab"]);
  throws(RangeError, () => punycode.decode("ÿ"));
});
