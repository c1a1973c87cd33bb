//! From a client's text to a [`ClientMsg`] or a [`RunRequest`], or to words that say what is wrong with it.
//!
//! serde's own internally tagged enums can't be used here: they buffer the body, and a `RawValue` (a run's
//! `input`) does not survive that. So a frame is read twice, once for its `type`, once as that type's body.

use std::fmt;

use serde::Deserialize;
use serde::de::value::StringDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::browser::{ClientMsg, RunRequest};

/// The most of a parser's words that is repeated to the client, in bytes: they can quote what it sent.
const MAX_DETAIL: usize = 300;

/// A frame that says nothing we understand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadFrame {
    /// The run it names, where that much could be read.
    pub run_id: Option<Uuid>,
    /// What is wrong with it and what to send instead.
    pub message: String,
}

/// As much of a frame as is needed to choose the type of the rest.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(rename = "type", borrow, default)]
    kind: Option<&'a RawValue>,
    #[serde(borrow, default)]
    run_id: Option<&'a RawValue>,
}

/// Reads one text frame of the WebSocket.
///
/// # Errors
/// When it is not a JSON object, has no known `type`, or its fields are not those of that type.
pub fn client_msg(text: &str) -> Result<ClientMsg, BadFrame> {
    const EXAMPLE: &str = r#"{"type":"run","run_id":"6f0c…","source":"1 + 1"}"#;
    let mut json = serde_json::Deserializer::from_str(text);
    let envelope = MapOnly::<false>::read::<Envelope, _>(&mut json).and_then(|it| json.end().map(|()| it));
    let envelope = envelope.map_err(|error| BadFrame {
        run_id: None,
        message: format!("The frame is not a JSON object ({}). Send one such as {EXAMPLE}.", clip(&error)),
    })?;
    let run_id = envelope.run_id.and_then(|raw| serde_json::from_str(raw.get()).ok());
    let kind: String = match envelope.kind {
        Some(raw) => serde_json::from_str(raw.get()).unwrap_or_else(|_| raw.get().to_owned()),
        None => {
            let message = format!("The frame has no `type`. Send one such as {EXAMPLE}.");
            return Err(BadFrame { run_id, message });
        }
    };
    let message = match kind.as_str() {
        "run" => body(text).map(ClientMsg::Run),
        "stop" => body(text).map(ClientMsg::Stop),
        "input" => body(text).map(ClientMsg::Input),
        "evaluate" => body(text).map(ClientMsg::Evaluate),
        other => {
            let message =
                format!("Unknown type `{}`. Use `run`, `stop`, `input` or `evaluate`.", clip(&other));
            return Err(BadFrame { run_id, message });
        }
    };
    message.map_err(|error| BadFrame {
        run_id,
        message: format!("A field of the `{kind}` message is wrong: {}.", clip(&error)),
    })
}

/// Reads the body of `POST /api/v1/run`: what a `run` message has, with or without its `type`.
///
/// # Errors
/// In words for a person, with line and column.
pub fn run_request(bytes: &[u8]) -> Result<RunRequest, String> {
    object(bytes)
}

/// Reads a body that is a JSON object, of any type.
///
/// # Errors
/// In words for a person, with line and column.
pub fn object<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    MapOnly::<true>::read(&mut json).and_then(|it| json.end().map(|()| it)).map_err(|error| {
        let is_object = error.is_data() && bytes.trim_ascii_start().starts_with(b"{");
        let what =
            if is_object { "A field of the request is wrong" } else { "The body is not a JSON object" };
        format!("{what}: {}.", clip(&error))
    })
}

/// Reads a field that is an object. serde's own derived types would take an array of their fields as well.
///
/// # Errors
/// For anything else.
pub fn object_field<'de, T: Deserialize<'de>, D: Deserializer<'de>>(field: D) -> Result<T, D::Error> {
    MapOnly::<false>::read(field)
}

/// The most lines of answers that a request may bring. An empty one takes two bytes of JSON and 24 in memory.
pub const LINES: usize = 32_768;

/// Reads a field that is a list of at most [`LINES`] texts. No room is made for more.
pub fn lines<'de, D: Deserializer<'de>>(field: D) -> Result<Vec<String>, D::Error> {
    struct Lines;

    impl<'de> Visitor<'de> for Lines {
        type Value = Vec<String>;

        fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
            write!(f, "a list of at most {LINES} texts")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<String>, A::Error> {
            let mut lines = Vec::new();
            while let Some(line) = list.next_element()? {
                if lines.len() == LINES {
                    return Err(A::Error::invalid_length(LINES + 1, &self));
                }
                lines.push(line);
            }
            Ok(lines)
        }
    }

    field.deserialize_seq(Lines)
}

fn body<T: DeserializeOwned>(text: &str) -> Result<T, serde_json::Error> {
    MapOnly::<true>::read(&mut serde_json::Deserializer::from_str(text))
}

/// `words`, cut to [`MAX_DETAIL`].
fn clip(words: &impl ToString) -> String {
    let mut words = words.to_string();
    if words.len() > MAX_DETAIL {
        words.truncate(words.floor_char_boundary(MAX_DETAIL));
        words.push('…');
    }
    words
}

/// A deserializer that takes an object and nothing else (derived structs would take an array too), and
/// passes over the key `type` when `UNTAG` is set, since the bodies allow no unknown fields.
struct MapOnly<const UNTAG: bool>;

impl<const UNTAG: bool> MapOnly<UNTAG> {
    fn read<'de, T: Deserialize<'de>, D: Deserializer<'de>>(inner: D) -> Result<T, D::Error> {
        T::deserialize(ObjectDeserializer::<D, UNTAG>(inner))
    }
}

struct ObjectDeserializer<D, const UNTAG: bool>(D);

impl<'de, D: Deserializer<'de>, const UNTAG: bool> Deserializer<'de> for ObjectDeserializer<D, UNTAG> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_map(ObjectVisitor::<V, UNTAG>(visitor))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

struct ObjectVisitor<V, const UNTAG: bool>(V);

impl<'de, V: Visitor<'de>, const UNTAG: bool> Visitor<'de> for ObjectVisitor<V, UNTAG> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        self.0.visit_map(Fields::<A, UNTAG>(map))
    }
}

struct Fields<A, const UNTAG: bool>(A);

impl<'de, A: MapAccess<'de>, const UNTAG: bool> MapAccess<'de> for Fields<A, UNTAG> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        while let Some(key) = self.0.next_key::<String>()? {
            if UNTAG && key == "type" {
                self.0.next_value::<IgnoredAny>()?;
                continue;
            }
            return seed.deserialize(StringDeserializer::new(key)).map(Some);
        }
        Ok(None)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.0.next_value_seed(seed)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ID: &str = "0b3f9b4e-3f63-4c0e-9d8e-2f2f2a3b4c5d";

    fn bad(text: &str) -> BadFrame {
        client_msg(text).expect_err("the frame is bad")
    }

    #[test]
    fn a_run_keeps_its_input_as_it_was_sent() {
        let text = format!(r#"{{"input":{{"a":[1, 2.50]}},"type":"run","run_id":"{ID}","source":"1"}}"#);
        let Ok(ClientMsg::Run(run)) = client_msg(&text) else { panic!("a run") };
        assert_eq!(run.input.expect("an input").get(), r#"{"a":[1, 2.50]}"#);
        let text = format!(r#"{{"input":null,"type":"run","run_id":"{ID}","source":"1"}}"#);
        let Ok(ClientMsg::Run(run)) = client_msg(&text) else { panic!("a run") };
        assert_eq!(run.input.expect("an input").get(), "null");
    }

    #[test]
    fn what_is_no_object_is_told_so() {
        for text in ["", "hello", "[]", "1", "\"run\"", "{", "{}x", "[\"run\"]"] {
            assert!(bad(text).message.starts_with("The frame is not a JSON object"), "{text}");
        }
    }

    #[test]
    fn a_frame_without_a_known_type_is_told_the_known_ones() {
        assert!(bad("{}").message.starts_with("The frame has no `type`"));
        let known = "Use `run`, `stop`, `input` or `evaluate`.";
        assert_eq!(bad(r#"{"type":"walk"}"#).message, format!("Unknown type `walk`. {known}"));
        assert_eq!(bad(r#"{"type":7}"#).message, format!("Unknown type `7`. {known}"));
    }

    #[test]
    fn a_wrong_field_is_named_and_the_run_too() {
        let error = bad(&format!(r#"{{"type":"input","run_id":"{ID}","value":null}}"#));
        assert_eq!(error.run_id, ID.parse().ok());
        assert!(error.message.contains("missing field `prompt_id`"), "{}", error.message);
        let error = bad(&format!(r#"{{"type":"stop","run_id":"{ID}","force":true}}"#));
        assert!(error.message.contains("unknown field `force`"), "{}", error.message);
        let error = bad(r#"{"type":"stop","run_id":"seven"}"#);
        assert_eq!(error.run_id, None);
        assert!(error.message.contains("UUID"), "{}", error.message);
    }

    #[test]
    fn a_list_of_too_many_lines_is_refused() {
        let body = |lines: usize| format!(r#"{{"source":"","stdin":[{}""]}}"#, "\"\",".repeat(lines - 1));
        assert_eq!(run_request(body(LINES).as_bytes()).expect("as many as may be").stdin.len(), LINES);
        let error = run_request(body(LINES + 1).as_bytes()).expect_err("one too many");
        assert!(error.contains("at most 32768 texts"), "{error}");
    }

    #[test]
    fn what_is_quoted_back_is_cut() {
        let error = bad(&format!(r#"{{"type":"{}"}}"#, "é".repeat(100_000)));
        assert!(error.message.len() < 400);
    }

    #[test]
    fn a_request_body_says_line_and_column() {
        let error = run_request(b"{\n  \"source\": 7\n}").expect_err("7 is no source");
        assert!(error.contains("line 2 column 13"), "{error}");
        assert!(run_request(b"[null,\"1\"]").is_err());
        assert!(run_request(br#"{"source":"1","limits":[5]}"#).expect_err("no object").contains("an object"));
        assert!(run_request(b"{\"source\":\"\xff\"}").is_err());
        assert!(run_request(br#"{"type":"run","source":"1"}"#).is_ok());
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".*") {
            let _ = client_msg(&text);
            let _ = run_request(text.as_bytes());
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = run_request(&bytes);
        }
    }
}
