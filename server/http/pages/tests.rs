//! What is made of any recording: bounded by its bytes, quick, and with no tag in it but ours. The recordings here have
//! the right shape and say whatever they like in each field, as somebody's may who writes them by hand.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::*;
use crate::http::{markup, rendering};
use crate::snippets::{Content, DeletionToken, Recording, Snippet, SnippetId, Timestamp, recording};

const BASE: &str = "https://play.example.org";
/// What a page takes besides its recording: the editor around it, with its styles, and a program of one line.
const PAGE_BYTES: usize = 400 << 10;

/// Texts that are short here and long in HTML, end something, or look like something that a page knows.
fn text() -> BoxedStrategy<String> {
    prop_oneof![
        4 => "\\PC{0,12}",
        1 => Just(String::new()),
        1 => (0..600usize, prop::sample::select(vec![
            "<", "&", "\"", "'", "\0", "\u{1b}[31m", "é", "\u{202e}", "\u{1f98b}", "\n", "\\", "</script>", "<!--", "<script>",
            "https://a.example/?q=<b> ", "javascript:alert(1) ", "%o%c", "]]>", "&lt;",
        ])).prop_map(|(times, piece)| piece.repeat(times)),
    ].boxed()
}

fn some<T: std::fmt::Debug + Clone + 'static>(
    strategy: impl Strategy<Value = T> + 'static,
) -> BoxedStrategy<Option<T>> {
    prop::option::weighted(0.3, strategy).boxed()
}

fn number() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), 0..200u64, Just(u64::from(u32::MAX)), Just(u64::MAX)]
}

fn index() -> impl Strategy<Value = u32> {
    prop_oneof![4 => 0..4u32, 1 => any::<u32>()]
}

/// An object without the fields that are `None`.
fn object(fields: Vec<(&str, Option<Value>)>) -> Value {
    fields
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn frame() -> BoxedStrategy<Value> {
    (text(), index(), index(), some(text()), any::<bool>())
        .prop_map(|(function, line, column, file, is_async)| {
            object(vec![
                ("function", Some(json!(function))),
                ("line", Some(json!(line))),
                ("column", Some(json!(column))),
                ("file", file.map(Value::from)),
                ("async", Some(json!(is_async))),
            ])
        })
        .boxed()
}

fn frames() -> BoxedStrategy<Vec<Value>> {
    prop_oneof![4 => prop::collection::vec(frame(), 0..3), 1 => prop::collection::vec(frame(), 51..60)]
        .boxed()
}

const KINDS: [&str; 22] = [
    "object",
    "array",
    "arguments",
    "function",
    "class",
    "error",
    "map",
    "set",
    "weak_map",
    "weak_set",
    "weak_ref",
    "date",
    "reg_exp",
    "promise",
    "proxy",
    "typed_array",
    "array_buffer",
    "data_view",
    "boxed",
    "generator",
    "iterator",
    "module",
];

fn value() -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        Just(json!({"type": "undefined"})),
        Just(json!({"type": "null"})),
        any::<bool>().prop_map(|value| json!({"type": "boolean", "value": value})),
        any::<f64>().prop_map(
            |value| json!({"type": "number", "value": if value.is_finite() { value } else { 0.5 }})
        ),
        text().prop_map(|value| json!({"type": "special_number", "value": value})),
        text().prop_map(|value| json!({"type": "bigint", "value": value})),
        (text(), number())
            .prop_map(|(value, length)| json!({"type": "string", "value": value, "length": length})),
        text().prop_map(|value| json!({"type": "symbol", "value": value})),
        number().prop_map(|count| json!({"type": "hole", "count": count})),
        index().prop_map(|id| json!({"type": "ref", "id": id})),
    ];
    let tree = leaf.boxed().prop_recursive(5, 40, 6, |inner| {
        let list = |strategy| prop::collection::vec(strategy, 0..6);
        let property = (
            text(),
            any::<bool>(),
            some(inner.clone()),
            some(prop::sample::select(vec!["getter", "setter"])),
        );
        let property = property.prop_map(|(key, symbol, value, accessor)| {
            object(vec![
                ("key", Some(json!(key))),
                ("symbol", Some(json!(symbol))),
                ("value", value),
                ("accessor", accessor.map(Value::from)),
            ])
        });
        let error =
            (text(), text(), frames(), some(inner.clone())).prop_map(|(name, message, stack, cause)| {
                object(vec![
                    ("name", Some(json!(name))),
                    ("message", Some(json!(message))),
                    ("stack", Some(json!(stack))),
                    ("cause", cause),
                ])
            });
        let head = (
            prop::sample::select(KINDS.to_vec()),
            some(text()),
            text(),
            some(index()),
            some(number()),
            number(),
        );
        let lists = (
            list(inner.clone()),
            prop::collection::vec((inner.clone(), inner.clone()), 0..3),
            prop::collection::vec(property, 0..6),
        );
        let state = some(prop::sample::select(vec!["pending", "fulfilled", "rejected"]));
        let others = (state, some(inner.clone()), some(inner.clone()), some(inner.clone()), some(error));
        (head, lists, others).prop_map(|(head, (items, entries, properties), others)| {
            let (kind, class, text, id, length, more) = head;
            let (state, value, handler, prototype, error) = others;
            object(vec![
                ("type", Some(json!("object"))),
                ("kind", Some(json!(kind))),
                ("class", class.map(Value::from)),
                ("text", Some(json!(text))),
                ("id", id.map(Value::from)),
                ("length", length.map(Value::from)),
                ("items", Some(json!(items))),
                ("entries", Some(json!(entries))),
                ("properties", Some(json!(properties))),
                ("more", Some(json!(more))),
                ("state", state.map(Value::from)),
                ("value", value),
                ("handler", handler),
                ("prototype", prototype),
                ("error", error),
            ])
        })
    });
    let deep = (text(), 0..35usize).prop_map(|(text, levels)| {
        (0..levels).fold(
            json!({"type": "symbol", "value": text}),
            |inner, _| json!({"type": "object", "kind": "array", "text": text, "items": [inner]}),
        )
    });
    prop_oneof![8 => tree, 1 => deep].boxed()
}

/// Layouts that name values again and again, and such as are not there.
fn format() -> BoxedStrategy<Value> {
    let part = prop_oneof![
        index().prop_map(|arg| json!({"type": "value", "arg": arg})),
        (text(), some(text())).prop_map(|(text, style)| {
            object(vec![
                ("type", Some(json!("text"))),
                ("text", Some(json!(text))),
                ("style", style.map(Value::from)),
            ])
        }),
    ];
    let parts = prop_oneof![
        prop::collection::vec(part, 0..6),
        (0..2_000usize, index()).prop_map(|(times, arg)| vec![json!({"type": "value", "arg": arg}); times]),
    ];
    (parts, index()).prop_map(|(parts, consumed)| json!({"parts": parts, "consumed": consumed})).boxed()
}

fn table() -> BoxedStrategy<Value> {
    let cells = prop_oneof![
        4 => prop::collection::vec(some(value()), 0..4),
        1 => (0..500usize).prop_map(|cells| vec![None; cells]),
    ];
    let row = (text(), cells).prop_map(|(index, cells)| json!({"index": index, "cells": cells}));
    let columns = prop::collection::vec(text(), 0..4);
    (columns, prop::collection::vec(row, 0..4), number(), number()).prop_map(|(columns, rows, more_rows, more_columns)| {
        json!({"columns": columns, "rows": rows, "more_rows": more_rows, "more_columns": more_columns})
    }).boxed()
}

fn event() -> BoxedStrategy<Value> {
    let kinds = vec![
        "assert",
        "clear",
        "count",
        "dir",
        "display",
        "group",
        "group_collapsed",
        "group_end",
        "network",
        "prompt",
        "table",
        "time",
        "trace",
    ];
    let forms = prop_oneof![Just("text/html".to_owned()), Just("image/svg+xml".to_owned()), text()];
    let head = (
        prop::sample::select(vec!["debug", "log", "info", "warn", "error"]),
        some(prop::sample::select(kinds)),
        prop::collection::vec(value(), 0..4),
        some(format()),
        text(),
    );
    let place = (index(), index(), some(text()), number(), index());
    let rest = (some(table()), some(frames()), some(prop::collection::btree_map(forms, text(), 0..3)));
    (head, place, rest)
        .prop_map(|(head, place, (table, stack, bundle))| {
            let (level, kind, args, format, text) = head;
            let (line, column, file, at_ms, depth) = place;
            object(vec![
                ("level", Some(json!(level))),
                ("kind", kind.map(Value::from)),
                ("args", Some(json!(args))),
                ("format", format),
                ("text", Some(json!(text))),
                ("line", Some(json!(line))),
                ("column", Some(json!(column))),
                ("file", file.map(Value::from)),
                ("at_ms", Some(json!(at_ms))),
                ("depth", Some(json!(depth))),
                ("table", table),
                ("stack", stack.map(Value::from)),
                ("bundle", bundle.map(|bundle| json!(bundle))),
            ])
        })
        .boxed()
}

fn recordings() -> BoxedStrategy<Value> {
    let events = prop_oneof![
        4 => prop::collection::vec(event(), 0..5),
        1 => (event(), 0..40usize).prop_map(|(event, times)| vec![event; times]),
    ];
    let outcome =
        prop::sample::select(vec!["completed", "failed", "timed_out", "output_exceeded", "crashed"]);
    let error = (text(), text(), frames(), some(value())).prop_map(|(name, message, stack, cause)| {
        object(vec![
            ("name", Some(json!(name))),
            ("message", Some(json!(message))),
            ("stack", Some(json!(stack))),
            ("cause", cause),
        ])
    });
    let versions = (some(text()), some(text()));
    (events, outcome, some(value()), some(error), some(frame()), versions)
        .prop_map(|it| {
            let (console, outcome, value, error, stopped_at, (engine, mayfly)) = it;
            object(vec![
                ("console", Some(json!(console))),
                ("outcome", Some(json!(outcome))),
                ("value", value),
                ("error", error),
                ("stopped_at", stopped_at),
                ("engine", engine.map(Value::from)),
                ("mayfly", mayfly.map(Value::from)),
            ])
        })
        .boxed()
}

fn snippet(output: &Value) -> Snippet {
    let now = Timestamp::now();
    Snippet {
        id: SnippetId::random(),
        version: 1,
        latest: 1,
        parent: None,
        created_at: now,
        revised_at: now,
        opened_at: now,
        expires_at: None,
        token_hash: DeletionToken::random().expect("random").hash(),
        content: Content { source: Some("1".to_owned()), ..Content::default() },
        output: Some(RawValue::from_string(output.to_string()).expect("JSON")),
    }
}

/// Checks that each tag is one of ours, and that each that was opened is closed.
fn balanced(html: &str) {
    let mut open = Vec::new();
    for piece in html.split('<').skip(1) {
        let (tag, _) = piece.split_once('>').expect("a tag ends");
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "{html}");
        } else {
            let name = tag.split(' ').next().expect("a name");
            let known = [
                "a", "b", "code", "details", "div", "h3", "li", "p", "pre", "span", "strong", "summary",
                "table", "tbody", "td", "th", "thead", "tr", "ul",
            ];
            assert!(known.contains(&name), "{name}: {html}");
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?} stay open: {html}");
}

/// The page with a snippet in it.
fn page(assets: &Assets, inline: &Inline, snippet: &Snippet) -> String {
    let page = SharedPage::of(snippet, BASE).expect("a page");
    let limit = SHELL_BYTES + page.program.len() + page.console.len() + page.json.len();
    let page = IndexPage { assets, inline, version: VERSION, offers: "", snippet: Some(page) };
    bounded(&page, limit).expect("it fits")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn a_recording_in_html_is_bounded_by_its_bytes(output in recordings()) {
        let json = output.to_string();
        let recording: Recording = serde_json::from_str(&json).expect("the shape is right");
        let started = Instant::now();
        let html = markup::console(&recording, json.len(), "/api/v1/snippets/7Xq2mPz9RtKb@1/output");
        prop_assert!(started.elapsed() < Duration::from_secs(2));
        prop_assert!(html.len() <= markup::CONSOLE_BYTES, "{}", html.len());
        prop_assert!(html.len() <= markup::TIMES * json.len() + markup::EXTRA_BYTES, "{} of {}", html.len(), json.len());
        balanced(&html);
    }

    #[test]
    fn what_is_accepted_is_kept_as_it_came_and_read_again(output in recordings()) {
        let json = output.to_string();
        let recording: Recording = serde_json::from_str(&json).expect("the shape is right");
        let bounds = recording::Bounds { bytes: 64 << 20, events: 100_000 };
        let read = Recording::read(&json);
        if let Ok(kept) = recording.check(bounds, "V8 1.2") {
            prop_assert!(kept.get().len() <= 3 * json.len() + 200, "{} of {}", kept.get().len(), json.len());
            prop_assert!(Recording::read(kept.get()).is_ok() && read.is_ok());
        }
    }

    #[test]
    fn a_page_is_bounded_by_its_recording(outputs in prop::collection::vec(recordings(), 1..4)) {
        let assets = Assets::load().expect("the front end is built");
        let inline = assets.inline().expect("it is whole");
        for output in outputs {
            let snippet = snippet(&output);
            let bytes = output.to_string().len();
            let html = page(&assets, &inline, &snippet);
            prop_assert!(html.len() <= 3 * bytes + PAGE_BYTES, "{} of {bytes}", html.len());
            let shown = rendering::output(snippet.output.as_deref().expect("an output"), "/x");
            balanced(&shown.console);
            let told = rendering::Oembed::new("1", ["7Xq2mPz9RtKb", "7Xq2mPz9RtKb@1"], BASE, [None, None]);
            let told = serde_json::to_string(&told).expect("JSON");
            prop_assert!(told.len() <= 3 * bytes + 1_024);
        }
    }

    #[test]
    fn a_card_and_an_oembed_are_bounded_whatever_the_text(title in text(), source in text()) {
        let content = Content { title: Some(title.clone()), source: Some(source), ..Content::default() };
        let card = rendering::card(&content).expect("a picture");
        prop_assert!(card.len() < 1 << 20, "{}", card.len());
        let told = rendering::Oembed::new(&title, ["7Xq2mPz9RtKb", "7Xq2mPz9RtKb@1"], BASE, [None, None]);
        let told = serde_json::to_string(&told).expect("JSON");
        // A control character takes six bytes in JSON, and the title is there twice; a quote takes six in HTML.
        prop_assert!(told.len() <= 13 * title.len() + 1_024, "{}", told.len());
        let description = rendering::description(&title, Some(&title));
        prop_assert!(description.chars().count() <= 201);
    }
}
