//! JSX: each element gives way to a call, piece by piece where it stands.
//!
//! ```text
//! <Item kind="a" {...more}>text{value}</Item>
//! h(Item,{kind:"a",...more},"text",(value))
//! ```
//!
//! `h` is what a `/** @jsx h */` in the file names; else `React.createElement` where the file has a `React`; else
//! a function of ours that makes `{type, props, key}`.

use oxc_ast::ast::*;
use oxc_ast_visit::Visit;
use oxc_span::{GetSpan, Span};
use oxc_syntax::xml_entities::XML_ENTITIES;

use super::erase::Eraser;
use super::extras::quoted;

/// What makes elements where the program has nothing of its own. `$` gives way to a name that it does not have.
pub const HELPER: &str = "function $j(type,attributes,...children){const{key=null,...props}=attributes??{};\
    if(children.length)props.children=children.length>1?children:children[0];return{type,props,key}}\
    function $f(){return $f.f??={Fragment(props){return props.children}}.Fragment}";

/// How elements are made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Factory {
    /// The function; `None` is ours.
    pub element: Option<String>,
    /// What stands for a fragment.
    pub fragment: Option<String>,
}

impl Factory {
    /// What a file says by its comments, or has by the name of `React`.
    pub fn of(source: &str, program: &Program<'_>) -> Self {
        let pragma = |name: &str| {
            program.comments.iter().find_map(|comment| {
                let text = &source[comment.span.start as usize..comment.span.end as usize];
                let (_, after) = text.split_once(name)?;
                let after = after.strip_prefix(char::is_whitespace)?.trim_start();
                let is_part = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '$');
                let value: String = after.chars().take_while(|c| is_part(*c)).collect();
                (!value.is_empty()).then_some(value)
            })
        };
        let (element, fragment) = (pragma("@jsx"), pragma("@jsxFrag"));
        if element.is_some() {
            return Self { element, fragment };
        }
        struct Binds(bool);
        impl<'a> Visit<'a> for Binds {
            fn visit_binding_identifier(&mut self, it: &BindingIdentifier<'a>) {
                self.0 |= it.name == "React";
            }
        }
        let mut binds = Binds(false);
        if source.contains("React") {
            binds.visit_program(program);
        }
        if binds.0 {
            let react = |name: &str| Some(format!("React.{name}"));
            return Self {
                element: react("createElement"),
                fragment: fragment.or_else(|| react("Fragment")),
            };
        }
        Self { element: None, fragment }
    }
}

/// The text between two tags, as the rules of JSX have it: lines without the space around them, empty ones left
/// out, joined by one space.
fn words(raw: &str) -> String {
    let lines: Vec<&str> = raw.split(['\n', '\r']).collect();
    let last = lines.len() - 1;
    let trimmed = lines.iter().enumerate().map(|(index, line)| {
        let is_space = [' ', '\t'];
        let line = if index == 0 { line } else { line.trim_start_matches(is_space) };
        if index == last { line } else { line.trim_end_matches(is_space) }
    });
    let full: Vec<&str> = trimmed.filter(|line| !line.is_empty()).collect();
    decoded(&full.join(" "))
}

/// `text` with what `&…;` stands for.
fn decoded(text: &str) -> String {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        decoded.push_str(&rest[..at]);
        rest = &rest[at..];
        let entity = rest.find(';').filter(|end| *end <= 12).and_then(|end| {
            let name = &rest[1..end];
            let number = name.strip_prefix('#').and_then(|digits| {
                let code = match digits.strip_prefix(['x', 'X']) {
                    Some(hex) => u32::from_str_radix(hex, 16).ok(),
                    None => digits.parse().ok(),
                };
                code.and_then(char::from_u32)
            });
            number.or_else(|| XML_ENTITIES.get(name).copied()).map(|character| (character, end + 1))
        });
        let (character, length) = entity.unwrap_or(('&', 1));
        decoded.push(character);
        rest = &rest[length..];
    }
    decoded.push_str(rest);
    decoded
}

impl Eraser<'_> {
    fn call(&mut self) -> String {
        match self.factory.element.clone() {
            Some(element) => {
                self.uses(element.split('.').next().unwrap_or_default());
                element
            }
            None => {
                self.helpers.insert(HELPER);
                format!("{}j", self.own)
            }
        }
    }

    /// A string in the place of `span`, with as many ends of lines.
    fn text(&mut self, span: Span, before: &str, text: &str) {
        let lines = self.source[span.start as usize..span.end as usize].matches('\n').count();
        self.edits.replace(span.start, span.end, format!("{before}{}{}", quoted(text), "\n".repeat(lines)));
    }

    /// `<name …>…</name>`
    pub(super) fn element(&mut self, it: &JSXElement<'_>) {
        let opening = &it.opening_element;
        let call = self.call();
        match &opening.name {
            JSXElementName::Identifier(name) => {
                self.edits.replace(it.span.start, name.span.end, format!("{call}({}", quoted(&name.name)));
            }
            JSXElementName::NamespacedName(name) => {
                let text = format!("{}:{}", name.namespace.name, name.name.name);
                self.edits.replace(it.span.start, name.span.end, format!("{call}({}", quoted(&text)));
            }
            name => {
                self.edits.replace(it.span.start, name.span().start, format!("{call}("));
                self.visit_jsx_element_name(name);
            }
        }
        if let Some(arguments) = &opening.type_arguments {
            self.visit_ts_type_parameter_instantiation(arguments);
        }
        self.attributes(opening);
        let end = opening.span.end;
        if it.closing_element.is_none() {
            // The slash and the bracket, between which there can be space.
            let last = opening.attributes.last().map(GetSpan::span);
            let after = opening.type_arguments.as_ref().map_or(opening.name.span().end, |it| it.span.end);
            let slash = self.skip(last.map_or(after, |last| last.end));
            self.edits.blank(slash, end - 1);
            self.edits.replace(end - 1, end, ")");
            return;
        }
        self.edits.blank(end - 1, end);
        self.children(&it.children);
        if let Some(closing) = &it.closing_element {
            self.edits.replace(closing.span.start, closing.span.end, ")");
        }
    }

    /// `<>…</>`
    pub(super) fn fragment(&mut self, it: &JSXFragment<'_>) {
        let call = self.call();
        let fragment = match self.factory.fragment.clone() {
            Some(fragment) => {
                self.uses(fragment.split('.').next().unwrap_or_default());
                fragment
            }
            None => {
                self.helpers.insert(HELPER);
                format!("{}f()", self.own)
            }
        };
        let opening = it.opening_fragment.span;
        self.edits.replace(opening.start, opening.end, format!("{call}({fragment},null"));
        self.children(&it.children);
        self.edits.replace(it.closing_fragment.span.start, it.closing_fragment.span.end, ")");
    }

    fn attributes(&mut self, opening: &JSXOpeningElement<'_>) {
        let after = opening.type_arguments.as_ref().map_or(opening.name.span().end, |it| it.span.end);
        let (Some(first), Some(last)) = (opening.attributes.first(), opening.attributes.last()) else {
            return self.edits.insert(after, ",null");
        };
        self.edits.insert(first.span().start, ",{");
        for item in &opening.attributes {
            match item {
                JSXAttributeItem::SpreadAttribute(it) => {
                    self.edits.blank(it.span.start, self.skip(it.span.start + 1));
                    self.visit_expression(&it.argument);
                    self.edits.replace(it.span.end - 1, it.span.end, ",");
                }
                JSXAttributeItem::Attribute(it) => self.attribute(it),
            }
        }
        self.edits.insert(last.span().end, "}");
    }

    fn attribute(&mut self, it: &JSXAttribute<'_>) {
        let (name, span) = match &it.name {
            JSXAttributeName::Identifier(name) => (name.name.to_string(), name.span),
            JSXAttributeName::NamespacedName(name) => {
                (format!("{}:{}", name.namespace.name, name.name.name), name.span)
            }
        };
        let is_plain =
            name != "__proto__" && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '$'));
        if !is_plain {
            self.edits.replace(span.start, span.end, format!("[{}]", quoted(&name)));
        }
        let Some(value) = &it.value else {
            return self.edits.insert(it.span.end, ":true,");
        };
        let start = value.span().start;
        // `=` and the space around it.
        match value {
            JSXAttributeValue::StringLiteral(literal) => {
                let raw = &self.source[literal.span.start as usize + 1..literal.span.end as usize - 1];
                self.edits.replace(span.end, start, ":");
                self.text(literal.span, "", &decoded(raw));
            }
            JSXAttributeValue::ExpressionContainer(container) => {
                self.edits.replace(span.end, container.span.start + 1, ":(");
                self.visit_jsx_expression(&container.expression);
                self.edits.replace(container.span.end - 1, container.span.end, ")");
            }
            JSXAttributeValue::Element(element) => {
                self.edits.replace(span.end, start, ":");
                self.element(element);
            }
            JSXAttributeValue::Fragment(fragment) => {
                self.edits.replace(span.end, start, ":");
                self.fragment(fragment);
            }
        }
        self.edits.insert(it.span.end, ",");
    }

    fn children(&mut self, children: &[JSXChild<'_>]) {
        for child in children {
            match child {
                JSXChild::Text(it) => {
                    let text = words(&self.source[it.span.start as usize..it.span.end as usize]);
                    if text.is_empty() {
                        self.blank(it.span);
                    } else {
                        self.text(it.span, ",", &text);
                    }
                }
                JSXChild::Element(it) => {
                    self.edits.insert(it.span.start, ",");
                    self.element(it);
                }
                JSXChild::Fragment(it) => {
                    self.edits.insert(it.span.start, ",");
                    self.fragment(it);
                }
                JSXChild::ExpressionContainer(it) => {
                    if matches!(it.expression, JSXExpression::EmptyExpression(_)) {
                        self.blank(it.span);
                        continue;
                    }
                    self.edits.replace(it.span.start, it.span.start + 1, ",(");
                    self.visit_jsx_expression(&it.expression);
                    self.edits.replace(it.span.end - 1, it.span.end, ")");
                }
                JSXChild::Spread(it) => {
                    self.edits.replace(it.span.start, it.expression.span().start, ",...(");
                    self.visit_expression(&it.expression);
                    self.edits.replace(it.span.end - 1, it.span.end, ")");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_trimmed_as_jsx_has_it() {
        assert_eq!(words(" a  b "), " a  b ");
        assert_eq!(words("\n   a\n   b  \n"), "a b");
        assert_eq!(words("\n  \n"), "");
        assert_eq!(words("a&nbsp;&lt;b&#65;&#x42; &unknown; & c"), "a\u{a0}<bAB &unknown; & c");
    }
}
