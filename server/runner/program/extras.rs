//! What TypeScript adds to the language that is more than types: enums, namespaces, parameter properties and
//! `import x = …`. Each is rewritten where it stands; the visitor's expressions in it stay as they are.

use oxc_ast::ast::*;
use oxc_ast_visit::{Visit, walk};
use oxc_span::{GetSpan, Span};
use oxc_syntax::keyword::is_reserved_keyword_or_global_object;

use super::erase::Eraser;

/// Names that no `const` may have in strict mode.
const UNBINDABLE: [&str; 14] = [
    "arguments",
    "await",
    "eval",
    "implements",
    "interface",
    "let",
    "package",
    "private",
    "protected",
    "public",
    "static",
    "yield",
    "undefined",
    "enum",
];

/// Text as a JavaScript string.
pub fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_else(|_| "\"\"".to_owned())
}

/// The names that a pattern binds.
pub fn bound_names(pattern: &BindingPattern<'_>, found: &mut impl FnMut(&str)) {
    match pattern {
        BindingPattern::BindingIdentifier(id) => found(id.name.as_str()),
        BindingPattern::AssignmentPattern(it) => bound_names(&it.left, found),
        BindingPattern::ObjectPattern(it) => {
            it.properties.iter().for_each(|property| bound_names(&property.value, found));
            if let Some(rest) = &it.rest {
                bound_names(&rest.argument, found);
            }
        }
        BindingPattern::ArrayPattern(it) => {
            it.elements.iter().flatten().for_each(|element| bound_names(element, found));
            if let Some(rest) = &it.rest {
                bound_names(&rest.argument, found);
            }
        }
    }
}

/// How something that can be merged is declared.
struct Declared {
    /// `export var `, or nothing where there is such a name already.
    keyword: String,
    /// The namespace of whose object it becomes a property.
    of: Option<String>,
}

impl Eraser<'_> {
    /// The namespace whose body is looked at.
    pub(super) fn namespace_name(&self) -> Option<String> {
        self.lists.last().and_then(|list| list.namespace.clone())
    }

    fn declare(&mut self, name: &str, is_exported: bool) -> Declared {
        let Some(list) = self.lists.last_mut() else { return Declared { keyword: String::new(), of: None } };
        let of = if is_exported { list.namespace.clone() } else { None };
        if !list.declared.insert(name.to_owned()) {
            return Declared { keyword: String::new(), of };
        }
        let export = if is_exported && of.is_none() { "export " } else { "" };
        let keyword = if list.is_block { "let" } else { "var" };
        Declared { keyword: format!("{export}{keyword} "), of }
    }

    /// ```text
    /// enum Color { Red, Blue = "b" }
    /// var Color;{const $o=Color||(Color={});let $v;{const Red=$v=(0),{}=…; const Blue=$v=("b"),{}=…; }}
    /// ```
    /// In declarations only, which have no completion value, and without a function, which would have a frame in
    /// stacks.
    pub(super) fn enumeration(&mut self, it: &TSEnumDeclaration<'_>, export: Option<Span>) {
        let name = it.id.name.as_str();
        let start = export.map_or_else(|| self.whole(it.span).start, |export| export.start);
        let Declared { keyword, of } = self.declare(name, export.is_some());
        let (object, value) = (format!("{}o", self.own), format!("{}v", self.own));
        let declaration = if keyword.is_empty() { String::new() } else { format!("{keyword}{name};") };
        let made = match of {
            Some(of) => format!("{name}={of}.{name}||({of}.{name}={{}})"),
            None => format!("{name}||({name}={{}})"),
        };
        self.edits.replace(
            start,
            it.body.span.start + 1,
            format!("{declaration}{{const {object}={made};let {value};{{"),
        );
        for (index, member) in it.body.members.iter().enumerate() {
            let key = match &member.id {
                TSEnumMemberName::Identifier(it) => it.name.to_string(),
                TSEnumMemberName::String(it) | TSEnumMemberName::ComputedString(it) => it.value.to_string(),
                TSEnumMemberName::ComputedTemplateString(it) => it
                    .quasis
                    .first()
                    .and_then(|quasi| quasi.value.cooked)
                    .map(String::from)
                    .unwrap_or_default(),
            };
            // So that other members find it by its name.
            let is_bindable = matches!(member.id, TSEnumMemberName::Identifier(_))
                && !is_reserved_keyword_or_global_object(&key)
                && !UNBINDABLE.contains(&key.as_str());
            let register = format!(
                "typeof({object}[{key}]={value})==\"string\"||({object}[{value}]={key})",
                key = quoted(&key)
            );
            let (before, after) = if is_bindable {
                (format!("const {key}={value}=("), format!("),{{}}={register};"))
            } else {
                (format!("const {{}}=({value}=("), format!("),{register});"))
            };
            match &member.initializer {
                Some(initializer) => {
                    let span = initializer.span();
                    self.edits.replace(member.span.start, span.start, before);
                    self.visit_expression(initializer);
                    self.edits.insert(span.end, after);
                }
                None => {
                    let next = if index == 0 { "0".to_owned() } else { format!("{value}+1") };
                    self.edits.replace(member.span.start, member.span.end, format!("{before}{next}{after}"));
                }
            }
            self.blank_next(member.span.end, b',');
        }
        self.edits.insert(it.body.span.end, "}");
    }

    /// ```text
    /// namespace N { export const a = 1 }
    /// var N=function(N){        const a = 1;N.a=a; return N}(N||{});
    /// ```
    pub(super) fn namespace(&mut self, it: &TSNamespaceDeclaration<'_>, export: Option<Span>) {
        let start = export.map_or_else(|| self.whole(it.span).start, |export| export.start);
        self.namespace_from(it, start, export.is_some());
    }

    fn namespace_from(&mut self, it: &TSNamespaceDeclaration<'_>, start: u32, is_exported: bool) {
        let name = it.id.name.as_str();
        let is_new = self.lists.last().is_some_and(|list| !list.declared.contains(name));
        let is_block = self.lists.last().is_some_and(|list| list.is_block);
        let Declared { keyword, of } = self.declare(name, is_exported);
        let (head, argument) = match (is_new, &of) {
            (true, Some(of)) => (format!("{keyword}{name}={of}.{name}="), format!("{of}.{name}||{{}}")),
            (true, None) if is_block => (format!("{keyword}{name}="), "{}".to_owned()),
            (true, None) => (format!("{keyword}{name}="), format!("{name}||{{}}")),
            (false, _) => ("const {}=".to_owned(), name.to_owned()),
        };
        let (head, tail) = (format!("{head}function({name}){{"), format!(";return {name}}}({argument});"));
        // A redeclared name goes into a block, so that `const {}` can be said again and again.
        match &it.body {
            TSNamespaceDeclarationBody::TSNamespaceDeclaration(inner) => {
                // namespace A.B { … }
                self.edits.replace(start, inner.id.span.start, head);
                self.list(&[], false, Some(name.to_owned()), |this| {
                    this.namespace_from(inner, inner.id.span.start, true);
                });
                self.edits.insert(it.span.end, tail);
            }
            TSNamespaceDeclarationBody::TSModuleBlock(block) => {
                self.edits.replace(start, block.span.start + 1, head);
                let functions: String = block
                    .body
                    .iter()
                    .filter_map(|statement| match statement {
                        Statement::ExportDeclaration(it) => match &it.declaration {
                            Declaration::FunctionDeclaration(it) if it.body.is_some() => it.id.as_ref(),
                            _ => None,
                        },
                        _ => None,
                    })
                    .map(|id| format!("{name}.{id}={id};", id = id.name))
                    .collect();
                if !functions.is_empty() {
                    self.edits.insert(block.span.start + 1, functions);
                }
                self.list(&block.body, false, Some(name.to_owned()), |this| {
                    walk::walk_ts_module_block(this, block);
                });
                self.edits.replace(block.span.end - 1, block.span.end, tail);
            }
        }
    }

    /// `export` inside of a namespace.
    pub(super) fn namespace_export(&mut self, export: &ExportDeclaration<'_>) {
        let Some(namespace) = self.namespace_name() else { return };
        let declaration = &export.declaration;
        match declaration {
            Declaration::TSEnumDeclaration(it) => return self.enumeration(it, Some(export.span)),
            Declaration::TSNamespaceDeclaration(it) => return self.namespace(it, Some(export.span)),
            Declaration::TSImportEqualsDeclaration(it) => return self.import_equals(it, Some(export.span)),
            _ => {}
        }
        self.edits.blank(export.span.start, self.skip(export.span.start + "export".len() as u32));
        match declaration {
            Declaration::VariableDeclaration(it) => {
                walk::walk_variable_declaration(self, it);
                let mut told = String::from(";");
                for declarator in &it.declarations {
                    bound_names(&declarator.id, &mut |name| {
                        if it.kind.is_const() {
                            told.push_str(&format!("{namespace}.{name}={name};"));
                        } else {
                            told.push_str(&format!(
                                "Object.defineProperty({namespace},{},{{get(){{return {name}}},set($){{{name}=$}},\
                                 enumerable:true,configurable:true}});",
                                quoted(name)
                            ));
                        }
                    });
                }
                self.edits.insert(export.span.end, told);
            }
            Declaration::ClassDeclaration(class) => {
                if self.is_decorated(class) {
                    self.decorated(class, None);
                } else {
                    self.visit_class(class);
                }
                if let Some(id) = &class.id {
                    self.edits.insert(export.span.end, format!(";{namespace}.{id}={id};", id = id.name));
                }
            }
            declaration => walk::walk_declaration(self, declaration),
        }
    }

    /// `import a = require("b")` and `import a = b.c`.
    pub(super) fn import_equals(&mut self, it: &TSImportEqualsDeclaration<'_>, export: Option<Span>) {
        let start = export.map_or(it.span.start, |export| export.start);
        let name = it.id.name.as_str();
        let keyword = match (export.is_some(), self.namespace_name()) {
            (true, Some(namespace)) => format!("const {name}={namespace}."),
            (true, None) => "export const ".to_owned(),
            (false, _) => "const ".to_owned(),
        };
        self.edits.replace(start, it.id.span.start, keyword);
        let mut left = match &it.module_reference {
            TSModuleReference::IdentifierReference(id) => return self.uses(id.name.as_str()),
            TSModuleReference::QualifiedName(name) => &name.left,
            TSModuleReference::ExternalModuleReference(_) => return,
        };
        loop {
            match left {
                TSTypeName::IdentifierReference(id) => return self.uses(id.name.as_str()),
                TSTypeName::QualifiedName(name) => left = &name.left,
                TSTypeName::ThisExpression(_) => return,
            }
        }
    }

    /// `constructor(private a)`: the assignments go to the body's start, or behind the call of `super`.
    pub(super) fn parameter_properties(&mut self, class: &Class<'_>) {
        let constructor = class.body.body.iter().find_map(|element| match element {
            ClassElement::MethodDefinition(it) if it.kind.is_constructor() && it.value.body.is_some() => {
                Some(it)
            }
            _ => None,
        });
        let Some(constructor) = constructor else { return };
        let Some(body) = &constructor.value.body else { return };
        let mut assignments = String::new();
        for param in &constructor.value.params.items {
            if (param.accessibility.is_some() || param.readonly || param.r#override)
                && let BindingPattern::BindingIdentifier(id) = &param.pattern
            {
                assignments.push_str(&format!("this.{id}={id};", id = id.name));
            }
        }
        if assignments.is_empty() {
            return;
        }
        let is_super = |statement: &&Statement<'_>| {
            matches!(statement, Statement::ExpressionStatement(it)
                if matches!(&it.expression, Expression::CallExpression(call) if call.callee.is_super()))
        };
        let call = if class.heritage.is_some() { body.statements.iter().find(is_super) } else { None };
        let at = match call {
            Some(call) => call.span().end,
            None => body.directives.last().map_or(body.span.start + 1, |it| it.span.end),
        };
        let first = if at == body.span.start + 1 { "" } else { ";" };
        self.edits.insert(at, format!("{first}{assignments}"));
    }
}
