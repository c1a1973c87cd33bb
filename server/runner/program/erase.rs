//! TypeScript without its types. What is only for the type checker gives way to spaces, so nothing moves; what
//! TypeScript adds to the language is rewritten where it stands ([`super::extras`]), and so is JSX
//! ([`super::jsx`]).

use std::collections::{BTreeSet, HashSet};

use oxc_ast::ast::*;
use oxc_ast_visit::{Visit, walk};
use oxc_span::{GetSpan, Span};
use oxc_syntax::scope::ScopeFlags;

use super::Syntax;
use super::decorators::Exported;
use super::jsx::Factory;
use super::text::Edits;

/// The changes to one file.
pub struct Eraser<'s> {
    pub(super) source: &'s str,
    pub(super) syntax: Syntax,
    pub(super) edits: Edits,
    /// A name that no other begins with.
    pub(super) own: &'s str,
    /// How JSX is called.
    pub(super) factory: Factory,
    /// Names that are used as values.
    values: HashSet<String>,
    /// Around what is looked at: what its list of statements declares, and whether that is a block.
    pub(super) lists: Vec<List>,
    /// Functions of ours to put behind the program.
    pub(super) helpers: BTreeSet<&'static str>,
    /// The first thing that can't be rewritten.
    pub(super) refused: Option<(u32, String)>,
    /// How many names were made.
    pub(super) made: u32,
}

/// A list of statements.
#[derive(Default)]
pub(super) struct List {
    /// Whether `let` is needed for what is to be seen in it only.
    pub(super) is_block: bool,
    /// Names that can't be declared, or declared once more.
    pub(super) declared: HashSet<String>,
    /// The namespace whose body it is.
    pub(super) namespace: Option<String>,
}

impl<'s> Eraser<'s> {
    pub fn new(source: &'s str, syntax: Syntax, own: &'s str, factory: Factory) -> Self {
        Self {
            source,
            syntax,
            edits: Edits::default(),
            own,
            factory,
            values: HashSet::new(),
            lists: Vec::new(),
            helpers: BTreeSet::new(),
            refused: None,
            made: 0,
        }
    }

    /// Makes all changes to `program`.
    pub fn erase(&mut self, program: &Program<'_>) {
        self.visit_program(program);
        if self.syntax.typescript {
            self.imports_and_exports(program);
        }
    }

    /// Takes out what is at `span`.
    pub(super) fn blank(&mut self, span: Span) {
        self.edits.blank(span.start, span.end);
    }

    /// Takes out a statement or a member of a class. What stood before it may have ended with it.
    pub(super) fn blank_whole(&mut self, span: Span) {
        if span.start < span.end {
            self.edits.replace(span.start, span.start + 1, ";");
            self.edits.blank(span.start + 1, span.end);
        }
    }

    /// Takes out a type that an expression ends with. The next line must not go on with it.
    fn blank_tail(&mut self, start: u32, end: u32) {
        let rest = &self.source[end as usize..];
        let next = rest.trim_start();
        let is_next_line = rest[..rest.len() - next.len()].contains(['\n', '\r', '\u{2028}', '\u{2029}']);
        let last = self.source[..end as usize].char_indices().next_back().map_or(0, |(at, _)| at) as u32;
        if is_next_line && next.starts_with(['(', '[', '`']) && last >= start {
            self.edits.blank(start, last);
            self.edits.replace(last, end, ";");
        } else {
            self.edits.blank(start, end);
        }
    }

    /// The place of the first character from `at` that is no space and in no comment.
    pub(super) fn skip(&self, at: u32) -> u32 {
        let mut rest = &self.source[at as usize..];
        loop {
            let trimmed = rest.trim_start();
            let after = if let Some(comment) = trimmed.strip_prefix("//") {
                comment.find(['\n', '\r', '\u{2028}', '\u{2029}']).map(|end| &comment[end..])
            } else if let Some(comment) = trimmed.strip_prefix("/*") {
                comment.find("*/").map(|end| &comment[end + 2..])
            } else {
                return (self.source.len() - trimmed.len()) as u32;
            };
            match after {
                Some(after) => rest = after,
                None => return self.source.len() as u32,
            }
        }
    }

    pub(super) fn byte(&self, at: u32) -> Option<u8> {
        self.source.as_bytes().get(at as usize).copied()
    }

    /// Takes out the next character from `at`, if it is `which`; gives the place behind it.
    pub(super) fn blank_next(&mut self, at: u32, which: u8) -> u32 {
        let next = self.skip(at);
        if self.byte(next) != Some(which) {
            return at;
        }
        self.edits.blank(next, next + 1);
        next + 1
    }

    pub(super) fn has_line_end(&self, span: Span) -> bool {
        self.source[span.start as usize..span.end as usize].contains(['\n', '\r', '\u{2028}', '\u{2029}'])
    }

    /// Words from `start` to `end`, each with its place.
    fn words(&self, start: u32, end: u32) -> Vec<(u32, &'s str)> {
        let (mut words, mut at) = (Vec::new(), start);
        loop {
            at = self.skip(at);
            if at >= end {
                return words;
            }
            let rest = &self.source[at as usize..end as usize];
            let letters = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
            let length = letters.max(rest.chars().next().map_or(1, char::len_utf8));
            words.push((at, &rest[..length]));
            at += length as u32;
        }
    }

    /// Takes out the words before a member's key that are for the type checker. `start` is behind its decorators.
    pub(super) fn modifiers(&mut self, start: u32, key: u32) {
        let words = self.words(start, key);
        for (index, (at, word)) in words.iter().enumerate() {
            let is_type = matches!(
                *word,
                "public" | "private" | "protected" | "readonly" | "override" | "abstract" | "declare"
            );
            if is_type {
                let end = at + word.len() as u32;
                if index == 0 {
                    // The member before it may have ended with this line.
                    self.edits.replace(*at, at + 1, ";");
                    self.edits.blank(at + 1, end);
                } else {
                    self.edits.blank(*at, end);
                }
            }
        }
    }

    fn note_declared(list: &mut List, statements: &[Statement<'_>]) {
        for statement in statements {
            let declared = match statement {
                Statement::FunctionDeclaration(it) if it.body.is_some() && !it.declare => it.id.as_ref(),
                Statement::ClassDeclaration(it) if !it.declare => it.id.as_ref(),
                Statement::ExportDeclaration(it) => match &it.declaration {
                    Declaration::FunctionDeclaration(it) if it.body.is_some() && !it.declare => {
                        it.id.as_ref()
                    }
                    Declaration::ClassDeclaration(it) if !it.declare => it.id.as_ref(),
                    _ => None,
                },
                Statement::ExportDefaultDeclaration(it) => match &it.declaration {
                    ExportDefaultDeclarationKind::FunctionDeclaration(it) => it.id.as_ref(),
                    ExportDefaultDeclarationKind::ClassDeclaration(it) => it.id.as_ref(),
                    _ => None,
                },
                _ => None,
            };
            if let Some(id) = declared {
                list.declared.insert(id.name.to_string());
            }
        }
    }

    /// Looks at a list of statements.
    pub(super) fn list(
        &mut self,
        statements: &[Statement<'_>],
        is_block: bool,
        namespace: Option<String>,
        look: impl FnOnce(&mut Self),
    ) {
        let mut list = List { is_block, namespace, ..List::default() };
        Self::note_declared(&mut list, statements);
        self.lists.push(list);
        look(self);
        self.lists.pop();
    }

    /// Whether nothing of a statement is left when its types are gone.
    pub(super) fn is_erased(statement: &Statement<'_>) -> bool {
        match statement {
            Statement::ExportDeclaration(it) => Self::is_erased_declaration(&it.declaration),
            Statement::ExportNamedDeclaration(it) => it.export_kind.is_type(),
            Statement::ExportFromDeclaration(it) => it.export_kind.is_type(),
            Statement::ExportAllDeclaration(it) => it.export_kind.is_type(),
            Statement::ExportDefaultDeclaration(it) => {
                matches!(&it.declaration, ExportDefaultDeclarationKind::TSInterfaceDeclaration(_))
                    || matches!(&it.declaration,
                        ExportDefaultDeclarationKind::FunctionDeclaration(it) if it.body.is_none())
            }
            Statement::ImportDeclaration(it) => it.import_kind.is_type(),
            Statement::TSNamespaceExportDeclaration(_) => true,
            statement => statement.as_declaration().is_some_and(Self::is_erased_declaration),
        }
    }

    fn is_erased_declaration(declaration: &Declaration<'_>) -> bool {
        match declaration {
            Declaration::VariableDeclaration(it) => it.declare,
            Declaration::FunctionDeclaration(it) => it.declare || it.body.is_none(),
            Declaration::ClassDeclaration(it) => it.declare,
            Declaration::TSTypeAliasDeclaration(_)
            | Declaration::TSInterfaceDeclaration(_)
            | Declaration::TSExternalModuleDeclaration(_)
            | Declaration::TSGlobalDeclaration(_) => true,
            Declaration::TSEnumDeclaration(it) => it.declare,
            Declaration::TSNamespaceDeclaration(it) => it.declare || !Self::has_values(it),
            Declaration::TSImportEqualsDeclaration(it) => it.import_kind.is_type(),
        }
    }

    /// Whether a namespace holds more than types.
    fn has_values(namespace: &TSNamespaceDeclaration<'_>) -> bool {
        match &namespace.body {
            TSNamespaceDeclarationBody::TSNamespaceDeclaration(inner) => Self::has_values(inner),
            TSNamespaceDeclarationBody::TSModuleBlock(block) => {
                !block.body.iter().all(|statement| Self::is_erased(statement))
            }
        }
    }

    /// Where a statement begins, the word `declare` before it included.
    pub(super) fn whole(&self, span: Span) -> Span {
        let before = self.source[..span.start as usize].trim_end();
        for word in ["declare", "abstract", "const"] {
            if before.ends_with(word) {
                return Span::new((before.len() - word.len()) as u32, span.end);
            }
        }
        span
    }

    /// Imports and exports of what is only a type.
    fn imports_and_exports(&mut self, program: &Program<'_>) {
        let mut types = HashSet::new();
        let mut imported_types = HashSet::new();
        let mut declared = HashSet::new();
        for statement in &program.body {
            let declaration = match statement {
                Statement::ExportDeclaration(it) => Some(&it.declaration),
                statement => statement.as_declaration(),
            };
            match declaration {
                Some(Declaration::TSTypeAliasDeclaration(it)) => {
                    types.insert(it.id.name.as_str());
                }
                Some(Declaration::TSInterfaceDeclaration(it)) => {
                    types.insert(it.id.name.as_str());
                }
                Some(declaration) if !Self::is_erased_declaration(declaration) => match declaration {
                    Declaration::VariableDeclaration(it) => {
                        for declarator in &it.declarations {
                            super::extras::bound_names(&declarator.id, &mut |name| {
                                declared.insert(name.to_owned());
                            });
                        }
                    }
                    declaration => {
                        if let Some(id) = declaration.id() {
                            declared.insert(id.name.to_string());
                        }
                    }
                },
                _ => {}
            }
            if let Statement::ImportDeclaration(it) = statement {
                for specifier in it.specifiers.iter().flatten() {
                    let is_type = it.import_kind.is_type()
                        || matches!(specifier,
                            ImportDeclarationSpecifier::ImportSpecifier(it) if it.import_kind.is_type());
                    if is_type {
                        imported_types.insert(specifier.local().name.as_str());
                    }
                }
            }
        }
        let is_type =
            |name: &str| (types.contains(name) || imported_types.contains(name)) && !declared.contains(name);
        for statement in &program.body {
            match statement {
                Statement::ImportDeclaration(it) => self.import(it),
                Statement::ExportNamedDeclaration(it) if !it.export_kind.is_type() => {
                    self.specifiers(it.specifiers.iter().map(|specifier| {
                        let local = specifier.local.name();
                        (specifier.span, specifier.export_kind.is_type() || is_type(local.as_str()))
                    }));
                }
                Statement::ExportFromDeclaration(it) if !it.export_kind.is_type() => {
                    self.specifiers(it.specifiers.iter().map(|it| (it.span, it.export_kind.is_type())));
                }
                Statement::ExportDefaultDeclaration(it) => {
                    if let ExportDefaultDeclarationKind::Identifier(id) = &it.declaration
                        && is_type(id.name.as_str())
                    {
                        self.blank_whole(it.span);
                    }
                }
                _ => {}
            }
        }
    }

    /// Takes out an import that nothing but types use, or the parts of it that are such.
    fn import(&mut self, import: &ImportDeclaration<'_>) {
        if import.import_kind.is_type() {
            return self.blank_whole(import.span);
        }
        let Some(specifiers) = &import.specifiers else { return };
        let is_gone: Vec<bool> = specifiers
            .iter()
            .map(|specifier| {
                let is_type = matches!(specifier,
                    ImportDeclarationSpecifier::ImportSpecifier(it) if it.import_kind.is_type());
                is_type || !self.values.contains(specifier.local().name.as_str())
            })
            .collect();
        if !specifiers.is_empty() && is_gone.iter().all(|gone| *gone) {
            return self.blank_whole(import.span);
        }
        let spans = specifiers.iter().map(GetSpan::span).zip(is_gone).collect::<Vec<_>>();
        self.specifiers(spans.into_iter());
    }

    fn specifiers(&mut self, specifiers: impl Iterator<Item = (Span, bool)>) {
        for (span, is_gone) in specifiers {
            if is_gone {
                self.blank(span);
                self.blank_next(span.end, b',');
            }
        }
    }

    fn function_head(&mut self, this_param: Option<&TSThisParameter<'_>>, params: &FormalParameters<'_>) {
        if let Some(this) = this_param {
            self.blank(this.span);
            self.blank_next(this.span.end, b',');
        }
        for param in &params.items {
            let start = param.decorators.last().map_or(param.span.start, |it| it.span.end);
            let pattern = param.pattern.span();
            if param.accessibility.is_some() || param.readonly || param.r#override {
                self.edits.blank(self.skip(start), pattern.start);
            }
            if param.optional {
                self.blank_next(pattern.end, b'?');
            }
            if let Some(decorator) = param.decorators.first() {
                self.refuse(decorator.span, "decorators of parameters, which only an older TypeScript has,");
            }
        }
    }

    /// Notes what this can't run.
    pub(super) fn refuse(&mut self, span: Span, what: &str) {
        if self.refused.is_none() {
            self.refused = Some((span.start, format!("{what} can't be run here")));
        }
    }
}

impl<'a> Visit<'a> for Eraser<'_> {
    fn visit_program(&mut self, it: &Program<'a>) {
        self.list(&it.body, false, None, |this| walk::walk_program(this, it));
    }

    fn visit_function_body(&mut self, it: &FunctionBody<'a>) {
        self.list(&it.statements, false, None, |this| walk::walk_function_body(this, it));
    }

    fn visit_block_statement(&mut self, it: &BlockStatement<'a>) {
        self.list(&it.body, true, None, |this| walk::walk_block_statement(this, it));
    }

    fn visit_switch_case(&mut self, it: &SwitchCase<'a>) {
        self.list(&it.consequent, true, None, |this| walk::walk_switch_case(this, it));
    }

    fn visit_static_block(&mut self, it: &StaticBlock<'a>) {
        self.list(&it.body, false, None, |this| walk::walk_static_block(this, it));
    }

    fn visit_statement(&mut self, it: &Statement<'a>) {
        if self.syntax.typescript && Self::is_erased(it) {
            return self.blank_whole(self.whole(it.span()));
        }
        match it {
            Statement::ExportDeclaration(export) if self.namespace_name().is_some() => {
                self.namespace_export(export);
            }
            Statement::ExportDeclaration(export) => match &export.declaration {
                Declaration::TSEnumDeclaration(it) => self.enumeration(it, Some(export.span)),
                Declaration::TSNamespaceDeclaration(it) => self.namespace(it, Some(export.span)),
                Declaration::TSImportEqualsDeclaration(it) => self.import_equals(it, Some(export.span)),
                Declaration::ClassDeclaration(class) if self.is_decorated(class) => {
                    self.decorated(class, Some(Exported { span: export.span, is_default: false }));
                }
                _ => walk::walk_statement(self, it),
            },
            Statement::ExportDefaultDeclaration(export) => match &export.declaration {
                ExportDefaultDeclarationKind::ClassDeclaration(class) if self.is_decorated(class) => {
                    self.decorated(class, Some(Exported { span: export.span, is_default: true }));
                }
                _ => walk::walk_statement(self, it),
            },
            Statement::ClassDeclaration(class) if self.is_decorated(class) => self.decorated(class, None),
            Statement::TSEnumDeclaration(it) => self.enumeration(it, None),
            Statement::TSNamespaceDeclaration(it) => self.namespace(it, None),
            Statement::TSImportEqualsDeclaration(it) => self.import_equals(it, None),
            Statement::TSExportAssignment(export) => {
                let start = export.expression.span().start;
                self.edits.replace(export.span.start, start, "module.exports = ");
                walk::walk_expression(self, &export.expression);
            }
            _ => walk::walk_statement(self, it),
        }
    }

    // Types, wherever they are.

    fn visit_ts_type_annotation(&mut self, it: &TSTypeAnnotation<'a>) {
        self.blank(it.span);
    }

    fn visit_ts_type_parameter_declaration(&mut self, it: &TSTypeParameterDeclaration<'a>) {
        self.blank(it.span);
    }

    fn visit_ts_type_parameter_instantiation(&mut self, it: &TSTypeParameterInstantiation<'a>) {
        self.blank(it.span);
    }

    fn visit_ts_type(&mut self, _: &TSType<'a>) {}

    fn visit_ts_this_parameter(&mut self, _: &TSThisParameter<'a>) {}

    fn visit_ts_class_implements(&mut self, _: &TSClassImplements<'a>) {}

    fn visit_ts_index_signature(&mut self, it: &TSIndexSignature<'a>) {
        self.blank_whole(it.span);
    }

    // Expressions.

    fn visit_identifier_reference(&mut self, it: &IdentifierReference<'a>) {
        if self.syntax.typescript {
            self.values.insert(it.name.to_string());
        }
    }

    fn visit_ts_as_expression(&mut self, it: &TSAsExpression<'a>) {
        self.visit_expression(&it.expression);
        self.blank_tail(it.expression.span().end, it.span.end);
    }

    fn visit_ts_satisfies_expression(&mut self, it: &TSSatisfiesExpression<'a>) {
        self.visit_expression(&it.expression);
        self.blank_tail(it.expression.span().end, it.span.end);
    }

    fn visit_ts_non_null_expression(&mut self, it: &TSNonNullExpression<'a>) {
        self.visit_expression(&it.expression);
        self.edits.blank(it.expression.span().end, it.span.end);
    }

    fn visit_ts_type_assertion(&mut self, it: &TSTypeAssertion<'a>) {
        // In parentheses, as what follows may be an object where a block could stand.
        self.edits.replace(it.span.start, it.span.start + 1, "(");
        self.edits.blank(it.span.start + 1, it.expression.span().start);
        self.visit_expression(&it.expression);
        self.edits.insert(it.span.end, ")");
    }

    fn visit_arrow_function_expression(&mut self, it: &ArrowFunctionExpression<'a>) {
        if let Some(params) = &it.type_parameters
            && self.has_line_end(params.span)
        {
            // `async` and its parameters have to be in one line.
            self.edits.replace(params.span.start, params.span.start + 1, "(");
            self.edits.blank(params.span.start + 1, it.params.span.start + 1);
        }
        self.function_head(None, &it.params);
        if let Some(returned) = &it.return_type
            && self.has_line_end(Span::new(it.params.span.end, returned.span.end))
        {
            // So have the parameters and the arrow.
            self.edits.blank(it.params.span.end - 1, returned.span.end);
            self.edits.insert(returned.span.end, ")");
        }
        walk::walk_arrow_function_expression(self, it);
    }

    // Functions and variables.

    fn visit_function(&mut self, it: &Function<'a>, flags: ScopeFlags) {
        self.function_head(it.this_param.as_deref(), &it.params);
        walk::walk_function(self, it, flags);
    }

    fn visit_variable_declarator(&mut self, it: &VariableDeclarator<'a>) {
        if it.definite {
            self.blank_next(it.id.span().end, b'!');
        }
        if let Some(annotation) = &it.type_annotation
            && it.init.is_none()
        {
            // The line may end here.
            self.blank_tail(annotation.span.start, annotation.span.end);
            return self.visit_binding_pattern(&it.id);
        }
        walk::walk_variable_declarator(self, it);
    }

    // Classes.

    fn visit_class(&mut self, it: &Class<'a>) {
        if it.r#abstract {
            let whole = self.whole(it.span);
            let start = it.decorators.last().map_or(whole.start, |it| it.span.end);
            let word = self.skip(start);
            if self.source[word as usize..].starts_with("abstract") {
                self.edits.blank(word, word + "abstract".len() as u32);
            }
        }
        if !it.implements.is_empty() {
            let heritage = it.heritage.as_ref().map(|heritage| {
                heritage.type_arguments.as_ref().map_or(heritage.expression.span().end, |it| it.span.end)
            });
            let params = it.type_parameters.as_ref().map(|it| it.span.end);
            let id = it.id.as_ref().map(|id| id.span.end);
            let start = heritage.or(params).or(id).unwrap_or(it.span.start + "class".len() as u32);
            self.edits.blank(start, it.body.span.start);
        }
        if self.is_decorated(it) {
            self.decorate(it);
        }
        for decorator in &it.decorators {
            self.visit_expression(&decorator.expression);
        }
        if let Some(id) = &it.id {
            self.visit_binding_identifier(id);
        }
        if let Some(params) = &it.type_parameters {
            self.visit_ts_type_parameter_declaration(params);
        }
        if let Some(heritage) = &it.heritage {
            self.visit_expression(&heritage.expression);
            if let Some(arguments) = &heritage.type_arguments {
                self.visit_ts_type_parameter_instantiation(arguments);
            }
        }
        self.parameter_properties(it);
        self.visit_class_body(&it.body);
    }

    fn visit_method_definition(&mut self, it: &MethodDefinition<'a>) {
        let start = it.decorators.last().map_or(it.span.start, |it| it.span.end);
        if it.value.body.is_none() {
            return self.blank_whole(Span::new(it.span.start, it.span.end));
        }
        if it.decorators.is_empty() {
            self.modifiers(start, it.key.span().start);
        }
        if it.optional {
            let end = self.key_end(&it.key, it.computed);
            self.blank_next(end, b'?');
        }
        walk::walk_method_definition(self, it);
    }

    fn visit_property_definition(&mut self, it: &PropertyDefinition<'a>) {
        if it.declare || it.r#type == PropertyDefinitionType::TSAbstractPropertyDefinition {
            return self.blank_whole(it.span);
        }
        if it.decorators.is_empty() {
            let start = it.decorators.last().map_or(it.span.start, |it| it.span.end);
            self.modifiers(start, it.key.span().start);
        }
        let end = self.key_end(&it.key, it.computed);
        if it.optional {
            self.blank_next(end, b'?');
        }
        if it.definite {
            self.blank_next(end, b'!');
        }
        if let Some(annotation) = &it.type_annotation
            && it.value.is_none()
            && it.decorators.is_empty()
        {
            // The member ends here, whatever the next line begins with.
            self.edits.blank(annotation.span.start, annotation.span.end - 1);
            self.edits.replace(annotation.span.end - 1, annotation.span.end, ";");
            return self.visit_property_key(&it.key);
        }
        walk::walk_property_definition(self, it);
    }

    fn visit_accessor_property(&mut self, it: &AccessorProperty<'a>) {
        if it.r#type == AccessorPropertyType::TSAbstractAccessorProperty {
            return self.blank_whole(it.span);
        }
        self.accessor(it);
    }

    // JSX.

    fn visit_jsx_element(&mut self, it: &JSXElement<'a>) {
        self.element(it);
    }

    fn visit_jsx_fragment(&mut self, it: &JSXFragment<'a>) {
        self.fragment(it);
    }
}

impl Eraser<'_> {
    /// Where a member's key ends, the bracket of a computed one included.
    pub(super) fn key_end(&self, key: &PropertyKey<'_>, computed: bool) -> u32 {
        let end = key.span().end;
        if !computed {
            return end;
        }
        let bracket = self.skip(end);
        if self.byte(bracket) == Some(b']') { bracket + 1 } else { end }
    }

    /// Notes that `name` is used as a value.
    pub(super) fn uses(&mut self, name: &str) {
        self.values.insert(name.to_owned());
    }
}
