// The packages of the default build, each by what people use it for.
import _, { chunk, debounce } from "lodash";
import get from "lodash/get";
import lodashEs, { sortBy } from "lodash-es";
import throttle from "lodash-es/throttle";
import { addDays, format, formatDistance, parseISO } from "date-fns";
import { differenceInDays } from "date-fns/differenceInDays";
import { de } from "date-fns/locale";
import { fr } from "date-fns/locale/fr";
import { z } from "zod";
import * as v4 from "zod/v4";
import * as mini from "zod/mini";
import { z as z3 } from "zod/v3";
import { v4 as uuid, v5, v7, validate, version, NIL } from "uuid";
import axios, { AxiosError, isAxiosError } from "axios";

test("lodash", async () => {
  equal(chunk([1, 2, 3], 2), [[1, 2], [3]]);
  ok(_.chunk === chunk && _.get === get && typeof _.VERSION === "string");
  equal(get({ a: [{ b: 3 }] }, "a[0].b"), 3);
  equal(_([1, 2, 3]).map((it) => it * 2).filter((it) => it > 2).value(), [4, 6]);
  equal(_.template("hello <%= name %>")({ name: "you" }), "hello you");
  ok(_.isEqual(_.cloneDeep({ a: new Map([[1, new Set([2])]]) }), { a: new Map([[1, new Set([2])]]) }));
  let calls = 0;
  const soon = debounce(() => calls++, 5);
  soon();
  soon();
  await sleep(30);
  equal(calls, 1);
});

test("lodash-es", () => {
  equal(sortBy([{ a: 2 }, { a: 1 }], "a"), [{ a: 1 }, { a: 2 }]);
  ok(lodashEs.sortBy === sortBy && lodashEs.throttle === throttle);
});

test("date-fns", () => {
  const date = parseISO("2024-02-28T12:00:00Z");
  equal(format(addDays(date, 2), "yyyy-MM-dd"), "2024-03-01");
  equal(format(date, "EEEE d MMMM", { locale: fr }), "mercredi 28 février");
  equal(formatDistance(date, addDays(date, 3), { locale: de }), "3 Tage");
  equal(differenceInDays(addDays(date, 10), date), 10);
});

test("zod", () => {
  const User = z.object({ name: z.string().min(1), age: z.number().int().optional(), tags: z.array(z.enum(["a", "b"])) });
  equal(User.parse({ name: "x", tags: ["a"] }), { name: "x", tags: ["a"] });
  const bad = User.safeParse({ name: "", age: 1.5, tags: ["c"] });
  equal([bad.success, bad.error.issues.map((it) => it.path.join("."))], [false, ["name", "age", "tags.0"]]);
  ok(bad.error instanceof z.ZodError && v4.z.ZodError === z.ZodError);
  equal(z.coerce.number().parse("5"), 5);
  equal(z3.string().email().safeParse("nope").success, false);
  equal(mini.safeParse(mini.string(), 1).success, false);
});

test("uuid", () => {
  const id = uuid();
  ok(validate(id) && version(id) === 4 && version(v7()) === 7 && uuid() !== id);
  equal(v5("https://example.com", v5.URL), "4fd35a71-71ef-5a55-a9d9-aa75c889a6d0");
  equal(NIL, "00000000-0000-0000-0000-000000000000");
});

test("axios without a network", async () => {
  ok(typeof axios.get === "function" && axios.create().defaults.timeout === 0);
  const error = await axios.get("/", { adapter: () => Promise.reject(new AxiosError("mine", "ECODE")) }).catch((it) => it);
  ok(error instanceof AxiosError && isAxiosError(error));
  equal([error.code, error.message], ["ECODE", "mine"]);
  equal(axios.getUri({ url: "/a", params: { b: [1, 2], c: "d e" } }), "/a?b%5B%5D=1&b%5B%5D=2&c=d+e");
});
