//! What is made of a shared program for its readers, from its data alone: nothing here knows of requests.

use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::{card as picture, markup};
use crate::snippets::{Content, Recording, content};

/// The longest description of a link, in characters.
const DESCRIPTION_CHARS: usize = 200;
/// The size of an embedded editor where a site says none, in pixels.
const EMBED_SIZE: (u32, u32) = (720, 420);

/// What a snippet is called: what its owner said, or what it is.
pub fn title(content: &Content) -> String {
    let files = content.files.as_ref().map_or(1, Vec::len);
    match &content.title {
        Some(title) => title.clone(),
        None if files > 1 => format!("{} program of {files} files", language(content).name()),
        None => format!("{} program", language(content).name()),
    }
}

/// What the program is written in: of several files, the one that is run.
pub fn language(content: &Content) -> content::Language {
    use content::Language;
    if content.source.is_some() {
        return content.language;
    }
    match content.listing().first().and_then(|(name, _)| name.rsplit_once('.')).map(|(_, end)| end.to_owned())
    {
        Some(end) if ["ts", "mts", "cts"].contains(&end.as_str()) => Language::Typescript,
        Some(end) if end == "tsx" => Language::Tsx,
        Some(end) if end == "jsx" => Language::Jsx,
        _ => Language::Javascript,
    }
}

/// The code's beginning, and what it printed.
pub fn description(code: &str, printed: Option<&str>) -> String {
    // Only their beginnings are looked at: both may be long.
    let beginning = |text: &str| text.chars().take(4 * DESCRIPTION_CHARS).collect::<String>();
    let words = match printed {
        Some(printed) => format!("{} ⟵ {}", beginning(printed), beginning(code)),
        None => beginning(code),
    };
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let short: String = words.chars().take(DESCRIPTION_CHARS).collect();
    if short.len() < words.len() { format!("{short}…") } else { short }
}

/// The recorded output of a snippet, as its page shows it.
pub struct Shown {
    /// Its console, as HTML.
    pub console: String,
    /// How its run ended, in a word and a tone.
    pub outcome: Option<(&'static str, &'static str)>,
    /// What it was recorded with: an engine and a version of Mayfly.
    pub with: [String; 2],
    /// The text of its first event.
    pub printed: Option<String>,
    /// Whether it is what a run can have done.
    pub is_right: bool,
}

/// What a page shows of the recording in this JSON, the whole of which is at the address `all`.
pub fn output(json: &RawValue, all: &str) -> Shown {
    let json = json.get();
    match Recording::read(json) {
        Ok(recording) => Shown {
            console: markup::console(&recording, json.len(), all),
            outcome: Some(markup::outcome(recording.outcome)),
            printed: recording.console.first().map(|event| event.text.clone()),
            with: [recording.engine.unwrap_or_default(), recording.mayfly.unwrap_or_default()],
            is_right: true,
        },
        Err(error) => {
            tracing::debug!(error, "a recording can't be shown");
            Shown {
                console: markup::not_shown(
                    "The recorded output is not what a run does, so it is not shown. ",
                    all,
                ),
                outcome: None,
                printed: None,
                with: [String::new(), String::new()],
                is_right: false,
            }
        }
    }
}

/// The picture of a snippet, as a PNG.
///
/// # Errors
/// In words for the log.
pub fn card(content: &Content) -> Result<Vec<u8>, String> {
    let files = content.listing();
    let code = files.first().map_or("", |(_, code)| code);
    let (lines, language) = (code.lines().count(), language(content).name());
    let plural = if lines == 1 { "" } else { "s" };
    picture::card(&title(content), code, &format!("{language} · {lines} line{plural}"))
}

/// What oEmbed 1.0 answers.
#[derive(Serialize, ToSchema)]
pub struct Oembed<'a> {
    /// `1.0`
    version: &'static str,
    /// `rich`
    r#type: &'static str,
    /// What the snippet is called.
    title: &'a str,
    /// `Mayfly`
    provider_name: &'static str,
    /// Where this server is.
    provider_url: &'a str,
    /// A frame to put into a page.
    html: String,
    /// How wide that is, in pixels.
    width: u32,
    /// How high.
    height: u32,
    /// Its picture.
    thumbnail_url: String,
    /// How wide that is, in pixels.
    thumbnail_width: u32,
    /// How high.
    thumbnail_height: u32,
}

impl<'a> Oembed<'a> {
    /// The snippet called `title`, which the address names by `reference` and whose version here is `version`, on the
    /// server at `base`; no larger than `most` pixels, where it says so.
    pub fn new(
        title: &'a str,
        [reference, version]: [&str; 2],
        base: &'a str,
        most: [Option<u32>; 2],
    ) -> Self {
        let width = EMBED_SIZE.0.min(most[0].unwrap_or(u32::MAX)).max(1);
        let height = EMBED_SIZE.1.min(most[1].unwrap_or(u32::MAX)).max(1);
        let mut shown_title = String::new();
        // The one text of somebody's in that HTML.
        for letter in title.chars() {
            match letter {
                '&' => shown_title.push_str("&amp;"),
                '<' => shown_title.push_str("&lt;"),
                '"' => shown_title.push_str("&quot;"),
                letter => shown_title.push(letter),
            }
        }
        // No style: a page whose policy forbids those in attributes would complain.
        let html = format!(
            "<iframe src=\"{base}/embed/frame?snippet={reference}\" width=\"{width}\" height=\"{height}\" \
             title=\"{shown_title}\" loading=\"lazy\" frameborder=\"0\"></iframe>"
        );
        Self {
            version: "1.0",
            r#type: "rich",
            title,
            provider_name: "Mayfly",
            provider_url: base,
            html,
            width,
            height,
            thumbnail_url: format!("{base}/s/{version}/card.png"),
            thumbnail_width: picture::WIDTH,
            thumbnail_height: picture::HEIGHT,
        }
    }
}
