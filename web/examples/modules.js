// Modules that this server has can be imported; the editor completes their names and knows their types.
import { chunk, sumBy } from "lodash-es";
import { addDays, differenceInCalendarDays, formatISO } from "date-fns";
import { z } from "zod";
import { inspect } from "node:util";

console.log(chunk(["a", "b", "c", "d", "e"], 2));

const start = new Date(2026, 4, 17);
const end = addDays(start, 40);
console.log(formatISO(end, { representation: "date" }), differenceInCalendarDays(end, start));

const Catch = z.object({ insect: z.string().min(1), count: z.number().int().positive() });
const good = [{ insect: "mayfly", count: 3 }, { insect: "moth", count: 2 }].map((it) => Catch.parse(it));
console.log(sumBy(good, "count"), "in all");

const { success, error } = Catch.safeParse({ insect: "", count: 1.5 });
console.log(success, error.issues.map(({ path, message }) => `${path}: ${message}`));
console.log(inspect({ deep: { deeper: { deepest: { bottom: true } } } }, { depth: 1 }));
