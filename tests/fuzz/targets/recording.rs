//! A recording that a client sends with a program, and what a page, a picture and oEmbed make of it.

use mayfly::http::{markup, rendering};
use mayfly::snippets::{Content, Recording, recording};
use serde_json::value::RawValue;

const ALL: &str = "/api/v1/snippets/7Xq2mPz9RtKb@1/output";
const BASE: &str = "https://play.example.org";
const BOUNDS: recording::Bounds = recording::Bounds { bytes: 1 << 20, events: 1_000 };

pub fn target(data: &[u8]) {
    let Ok(json) = str::from_utf8(data) else { return };
    check_texts(json);
    let Ok(raw) = RawValue::from_string(json.to_owned()) else { return };
    let embedded = markup::embedded_json(raw.get());
    let lower = embedded.to_ascii_lowercase();
    assert!(!["<!--", "<script", "</script"].iter().any(|mark| lower.contains(mark)), "{embedded}");
    assert!(embedded.len() <= 3 * json.len());
    // What a store has may be anything.
    let shown = rendering::output(&raw, ALL);
    check_html(&shown.console, raw.get().len());
    let Ok(recording) = serde_json::from_str::<Recording>(json) else {
        assert!(!shown.is_right);
        return;
    };
    // Also where it is not what a run does: rendering does not rely on that.
    check_html(&markup::console(&recording, json.len(), ALL), json.len());
    if let Ok(kept) = recording.check(BOUNDS, "V8 1.2") {
        assert!(Recording::read(kept.get()).is_ok(), "what is accepted can be shown: {json}");
    }
}

fn check_html(html: &str, bytes: usize) {
    assert!(html.len() <= markup::CONSOLE_BYTES);
    assert!(html.len() <= markup::TIMES * bytes + markup::EXTRA_BYTES, "{} of {bytes}", html.len());
    check_tags(html);
}

/// Each tag is one of ours, and what is opened is closed.
fn check_tags(html: &str) {
    const TAGS: &str = " a b code details div h3 li p pre span strong summary table tbody td th thead tr ul ";
    let mut open = Vec::new();
    for piece in html.split('<').skip(1) {
        let (tag, _) = piece.split_once('>').expect("a tag ends");
        match tag.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name), "{html}"),
            None => {
                let name = tag.split(' ').next().expect("a name");
                assert!(TAGS.contains(&format!(" {name} ")), "{name}: {html}");
                open.push(name);
            }
        }
    }
    assert!(open.is_empty(), "{open:?} stay open: {html}");
}

/// The same text as a title and a program.
fn check_texts(text: &str) {
    let program =
        markup::program(&[("a.js".to_owned(), text), ("b.js".to_owned(), "")], "/s/7Xq2mPz9RtKb@1/raw");
    assert!(program.len() <= markup::PROGRAM_BYTES && program.len() <= 5 * text.len() + 1_024);
    check_tags(&program);
    assert!(rendering::description(text, Some(text)).chars().count() <= 201);
    let title = text.get(..text.floor_char_boundary(text.len().min(800))).unwrap_or_default();
    let told = rendering::Oembed::new(title, ["7Xq2mPz9RtKb", "7Xq2mPz9RtKb@1"], BASE, [None, None]);
    let told = serde_json::to_value(&told).expect("JSON");
    let html = told["html"].as_str().expect("a text");
    assert_eq!((html.matches('<').count(), html.matches('"').count()), (2, 12), "{html}");
    // A picture takes some milliseconds: now and then is enough.
    if text.len() % 64 == 7 {
        let content =
            Content { title: Some(title.to_owned()), source: Some(text.to_owned()), ..Content::default() };
        assert!(rendering::card(&content).is_ok_and(|png| png.len() < 1 << 20));
    }
}
