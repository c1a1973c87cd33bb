//! The objects of `Temporal`. Where V8 has none, these tests have nothing to look at and say so.

use super::hostile::{POISON, assert_untouched};
use super::*;
use crate::protocol::value::ObjectKind;

/// An object of each class, its class, its ISO form, and an expression for each field that it shows.
const INSTANCES: &[(&str, &str, &str, &str)] = &[
    (
        "Temporal.PlainDate.from('2026-11-30')",
        "PlainDate",
        "2026-11-30",
        "year month day dayOfWeek calendarId",
    ),
    (
        "Temporal.PlainDate.from('2026-11-30[u-ca=japanese]')",
        "PlainDate",
        "2026-11-30[u-ca=japanese]",
        "era eraYear year month monthCode day dayOfWeek calendarId",
    ),
    (
        "Temporal.PlainTime.from('09:30:00.123456789')",
        "PlainTime",
        "09:30:00.123456789",
        "hour minute second millisecond microsecond nanosecond",
    ),
    (
        "Temporal.PlainDateTime.from('2026-11-30T09:30')",
        "PlainDateTime",
        "2026-11-30T09:30:00",
        "year month day hour minute second millisecond microsecond nanosecond dayOfWeek calendarId",
    ),
    (
        "Temporal.PlainYearMonth.from('2026-11')",
        "PlainYearMonth",
        "2026-11",
        "year month daysInMonth calendarId",
    ),
    ("Temporal.PlainMonthDay.from('11-30')", "PlainMonthDay", "11-30", "monthCode day calendarId"),
    (
        "Temporal.ZonedDateTime.from('2026-05-17T20:30[Europe/Berlin]')",
        "ZonedDateTime",
        "2026-05-17T20:30:00+02:00[Europe/Berlin]",
        "year month day hour minute second millisecond microsecond nanosecond dayOfWeek offset timeZoneId \
         calendarId epochMilliseconds",
    ),
    (
        "Temporal.Instant.from('2026-11-30T09:30Z')",
        "Instant",
        "2026-11-30T09:30:00Z",
        "epochMilliseconds epochNanoseconds",
    ),
    (
        "Temporal.Duration.from({ hours: 36, nanoseconds: 5 })",
        "Duration",
        "PT36H0.000000005S",
        "years months weeks days hours minutes seconds milliseconds microseconds nanoseconds sign",
    ),
];

/// Runs `test` where the engine has `Temporal`.
fn with_temporal(test: impl for<'s, 'i> FnOnce(&mut v8::PinScope<'s, 'i>)) {
    with_isolate(|scope| match eval(scope, "typeof Temporal").to_rust_string_lossy(scope).as_str() {
        "object" => test(scope),
        _ => eprintln!("this V8 has no Temporal: nothing is tested"),
    });
}

#[test]
fn temporal_objects_show_class_iso_form_and_fields() {
    with_temporal(|scope| {
        for (source, class, iso, fields) in INSTANCES {
            let node = object(look_at(scope, source));
            assert_eq!(node.kind, ObjectKind::Temporal, "{source}");
            assert_eq!(node.class, Some(format!("Temporal.{class}")), "{source}");
            assert_eq!(node.text, format!("Temporal.{class} {iso}"));
            assert_eq!(temporal_text(&Value::Object(Box::new(node.clone()))), Some(*iso));
            let shown: Vec<_> = node.properties.iter().map(|property| property.key.as_str()).collect();
            assert_eq!(shown.join(" "), *fields, "{source}");
            for field in shown {
                let value = look_at(scope, &format!("{source}.{field}"));
                assert_eq!(property(&node, field).value, Some(value), "{source}.{field}");
            }
        }
    });
}

#[test]
fn temporal_objects_in_others_show_on_one_line() {
    with_temporal(|scope| {
        for (source, line) in [
            ("({ due: Temporal.PlainDate.from('2026-11-30') })", "{due: Temporal.PlainDate 2026-11-30}"),
            ("[Temporal.Duration.from('P1D')]", "[Temporal.Duration P1D]"),
            (
                "new Map([[Temporal.PlainMonthDay.from('11-30'), new Set([Temporal.Instant.from('1970-01-01T00Z')])]])",
                "Map(1) {Temporal.PlainMonthDay 11-30 => Set(1)}",
            ),
            (
                "({ at: Temporal.ZonedDateTime.from('2026-05-17T20:30:00.123456789[America/Argentina/Buenos_Aires]') })",
                "{at: Temporal.ZonedDateTime 2026-05-17T20:30:00.123456789-03:00[America/Argentina/Buenos_Aires]}",
            ),
            ("Promise.resolve(Temporal.PlainTime.from('12:00'))", "Promise {Temporal.PlainTime 12:00:00}"),
        ] {
            assert_eq!(line_of(scope, source), line);
        }
    });
}

fn line_of(scope: &mut v8::PinScope<'_, '_>, source: &str) -> String {
    let value = look_at(scope, source);
    super::super::line(&value)
}

/// Every way to dress an object of another class, and what its line begins with: `%` stands for the class.
const DISGUISES: &[(&str, &str)] = &[
    ("it", "Temporal.%"),
    ("Object.assign(it, { note: 'own' })", "Temporal.%"),
    (
        "Object.assign(it, { toString() { return touch() }, toJSON: touch, [Symbol.toPrimitive]: touch })",
        "Temporal.%",
    ),
    ("Object.defineProperty(it, Symbol.toStringTag, { get: touch })", "Temporal.%"),
    ("Object.freeze(it)", "Temporal.%"),
    ("Object.setPrototypeOf(it, null)", "[Temporal.%: null prototype]"),
    ("Object.setPrototypeOf(it, Object.prototype)", "Temporal.%"),
    ("Object.setPrototypeOf(it, Temporal.PlainTime.prototype)", "Temporal.%"),
    ("Object.setPrototypeOf(it, Map.prototype)", "Temporal.%"),
    ("Object.setPrototypeOf(it, new Proxy({}, traps))", "Temporal.%"),
    ("subclassed(it, 'Mine')", "Mine"),
    ("subclassed(it, 'WeakRef')", "WeakRef"),
    ("Object.setPrototypeOf(subclassed(it, 'Mine'), null)", "[Temporal.%: null prototype]"),
];

/// Everything that looks like an object of a class without being one: `%` stands for the class.
const FORGERIES: &[(&str, ObjectKind)] = &[
    ("Object.create(Temporal.%.prototype)", ObjectKind::Object),
    ("Temporal.%.prototype", ObjectKind::Object),
    (
        "({ __proto__: Temporal.%.prototype, year: 2026, [Symbol.toStringTag]: 'Temporal.%' })",
        ObjectKind::Object,
    ),
    ("new Proxy(it, {})", ObjectKind::Proxy),
    ("new Proxy(it, traps)", ObjectKind::Proxy),
    ("Object.create(it)", ObjectKind::Object),
    ("new (function () { this.constructor = Temporal.% })", ObjectKind::Object),
    ("new (class % {})", ObjectKind::Object),
    ("Object.create(null)", ObjectKind::Object),
    ("Object.setPrototypeOf(new Intl.DateTimeFormat, null)", ObjectKind::Object),
    ("new (class { static { Object.defineProperty(this, 'name', { value: '%' }) } })", ObjectKind::Object),
    ("Object.setPrototypeOf(new Map, Temporal.%.prototype)", ObjectKind::Map),
    ("Object.setPrototypeOf(new Date(0), Temporal.%.prototype)", ObjectKind::Date),
    ("Object.setPrototypeOf(new Intl.DateTimeFormat, Temporal.%.prototype)", ObjectKind::Object),
    ("Object.setPrototypeOf(function () {}, Temporal.%.prototype)", ObjectKind::Function),
];

/// What these use. A subclass's object is made by its own constructor, as `from` makes none of a subclass.
const DEFINE: &str = "
    globalThis.touched = 0;
    globalThis.touch = function () { touched++; throw new Error('touched') };
    globalThis.traps = new Proxy({}, { get() { touched++; throw 1 } });
    globalThis.subclassed = (it, name) => {
        const { constructor } = it;
        const made = new Function('constructor', `return class ${name} extends constructor {}`)(constructor);
        if (constructor === Temporal.PlainDate) return new made(it.year, it.month, it.day, it.calendarId);
        if (constructor === Temporal.PlainTime)
            return new made(it.hour, it.minute, it.second, it.millisecond, it.microsecond, it.nanosecond);
        if (constructor === Temporal.PlainDateTime) return new made(it.year, it.month, it.day, it.hour, it.minute);
        if (constructor === Temporal.PlainYearMonth) return new made(it.year, it.month);
        if (constructor === Temporal.PlainMonthDay) return new made(11, it.day);
        if (constructor === Temporal.ZonedDateTime) return new made(it.epochNanoseconds, it.timeZoneId);
        if (constructor === Temporal.Instant) return new made(it.epochNanoseconds);
        return new made(0, 0, 0, 0, it.hours, 0, 0, 0, 0, it.nanoseconds);
    };";

/// Replaces every method and accessor of `Temporal`, and then `Temporal` itself.
const POISON_TEMPORAL: &str = "
    for (const name of Object.getOwnPropertyNames(Temporal)) {
        if (name === 'Now') continue;
        const { prototype } = Temporal[name];
        for (const key of Reflect.ownKeys(prototype))
            if (key !== 'constructor')
                Object.defineProperty(prototype, key, { __proto__: null, get: touch, configurable: true });
        for (const key of ['from', 'compare'])
            if (key in Temporal[name]) Temporal[name][key] = touch;
    }
    globalThis.Temporal = new Proxy({}, traps);";

#[test]
fn temporal_objects_can_be_neither_hidden_nor_forged() {
    for poison in [false, true] {
        with_temporal(|scope| {
            eval(scope, DEFINE);
            let mut values = Vec::new();
            for (source, class, iso, _) in INSTANCES.iter().filter(|(source, ..)| !source.contains("u-ca")) {
                let make =
                    |template: &str| format!("{{ const it = {source}; {} }}", template.replace('%', class));
                for (disguise, name) in DISGUISES {
                    let line = format!("{} {iso}", name.replace('%', class));
                    values.push((
                        eval(scope, &make(disguise)),
                        make(disguise),
                        ObjectKind::Temporal,
                        Some(line),
                    ));
                }
                for (forgery, kind) in FORGERIES {
                    values.push((eval(scope, &make(forgery)), make(forgery), *kind, None));
                }
            }
            if poison {
                eval(scope, POISON_TEMPORAL);
                eval(scope, POISON);
            }
            eval(scope, "touched = 0");
            for (value, source, kind, line) in values {
                let node = object(look(scope, value));
                assert_eq!(node.kind, kind, "{source}: {node:?}");
                if let Some(line) = line.filter(|_| !poison) {
                    assert_eq!(node.text, line, "{source}");
                }
                assert_eq!(temporal_iso(scope, value).is_some(), kind == ObjectKind::Temporal, "{source}");
                assert_untouched(scope, &source);
            }
        });
    }
}

#[test]
fn temporal_own_properties_come_first_and_last() {
    with_temporal(|scope| {
        let source = "Object.defineProperties(Temporal.PlainDate.from('2026-11-30'), {
            year: { value: 'mine', enumerable: true }, note: { value: 1, enumerable: true } })";
        let node = object(look_at(scope, source));
        assert_eq!(node.text, "Temporal.PlainDate 2026-11-30");
        let keys: Vec<_> = node.properties.iter().map(|property| property.key.as_str()).collect();
        assert_eq!(keys, ["month", "day", "dayOfWeek", "calendarId", "year", "note"]);
        let own = Value::String { value: "mine".to_owned(), length: 4 };
        assert_eq!(property(&node, "year").value, Some(own));
    });
}

#[test]
fn temporal_fields_are_bounded_and_counted() {
    with_temporal(|scope| {
        let list = "Array.from({ length: 100 }, (_, day) => Temporal.PlainDate.from('2026-01-01').add({ days: day }))";
        let dates = object(look_at(scope, list));
        assert_eq!((dates.items.len(), dates.more), (100, 0), "all of them are there");
        let of = |index: usize| object(dates.items[index].clone());
        assert_eq!((of(0).properties.len(), of(0).more), (5, 0));
        assert_eq!((of(99).properties.len(), of(99).more), (0, 8));
        assert_eq!(of(99).text, "Temporal.PlainDate 2026-04-10");

        let mut deep =
            object(look_at(scope, "({a: {a: {a: {a: {a: {a: Temporal.PlainTime.from('12:00')}}}}}})"));
        for _ in 0..6 {
            deep = object(property(&deep, "a").value.clone().unwrap());
        }
        assert_eq!(
            (deep.text.as_str(), deep.properties.len(), deep.more),
            ("Temporal.PlainTime 12:00:00", 0, 6)
        );

        for (source, ..) in INSTANCES {
            let value = eval(scope, &format!("[{source}, Object.assign({source}, {{ note: 'x' }})]"));
            for bytes in (60..6_000).step_by(37) {
                let tree =
                    inspect(scope, value, &InspectLimits::default(), &mut Budget::new(bytes), &user_frames());
                assert!(json_len(&tree) <= bytes, "{source} takes {} of {bytes}", json_len(&tree));
            }
        }
    });
}

#[test]
fn an_engine_without_temporal_has_nothing_to_capture() {
    with_isolate(|scope| {
        for absent in [
            "delete globalThis.Temporal",
            "globalThis.Temporal = 5",
            "globalThis.Temporal = { PlainDate: 1 }",
        ] {
            eval(scope, absent);
            assert!(Temporal::capture(scope).is_none(), "{absent}");
        }
        let own = "globalThis.Temporal = { PlainDate: class PlainDate { toString() { return 'x' } } }; new Temporal.PlainDate";
        assert_eq!(object(look_at(scope, own)).text, "PlainDate {}");
    });
}
