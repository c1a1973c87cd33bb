//! What a program is (script, module or CommonJS), what V8 gets of it, and how its result is got at.
//!
//! JavaScript goes to V8 as it was written; TypeScript and JSX are rewritten in place ([`erase`], [`jsx`]), so that
//! what the visitor wrote keeps its place, and where it can't, [`text`] knows the way back.
//!
//! The value of a script's last expression is its completion value, which V8 gives. A module has none, so when its
//! last statement is an expression, that is assigned to a variable which the module exports; and CommonJS, which is
//! a function to V8, returns it:
//!
//! ```text
//! await load()            →   $r0=(await load())
//!                             ;var $r0;export{$r0 as "mayfly:result"}
//! ```

pub mod commonjs;
mod decorators;
mod erase;
mod extras;
mod jsx;
pub mod text;

use oxc_allocator::Allocator;
use oxc_ast::ast::{
    ArrowFunctionExpression, Class, Function, Program as Tree, Statement, TSModuleReference, ThrowStatement,
};
use oxc_ast_visit::Visit;
use oxc_ast_visit::walk::walk_throw_statement;
use oxc_parser::{ParseOptions, Parser, ParserReturn};
use oxc_span::{GetSpan, SourceType};
use oxc_syntax::scope::ScopeFlags;

use self::commonjs::Mentions;
use self::erase::Eraser;
use self::jsx::Factory;
use self::text::{Edits, Point, Text};
use crate::protocol::browser::Mode;

/// The export that holds a module's result.
pub const RESULT_EXPORT: &str = "mayfly:result";
/// Where a module that says `require`, `Buffer` and the like gets that from.
pub const COMMONJS: &str = "mayfly:commonjs";
/// The longest message of the parser's that is passed on, in characters.
const MESSAGE_CHARS: usize = 300;

/// A program as V8 gets it.
#[derive(Debug)]
pub struct Program {
    /// Its text, possibly rewritten.
    pub text: Text,
    /// What it is.
    pub goal: Goal,
    /// Whether it exports its result ([`RESULT_EXPORT`]), or returns it if it is CommonJS.
    pub gives_result: bool,
    /// Where a module's one `throw` outside of functions is, if it has one and no more. V8 does not keep
    /// where a module threw what is no `Error`.
    pub lone_throw: Option<Point>,
    /// What of Node's it mentions and exports.
    pub mentions: Mentions,
    /// Why it can't be run, and where. Only V8 can say that of JavaScript, and V8 does.
    pub error: Option<(String, Point)>,
}

/// What a program is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// A classic script.
    Script,
    /// An ES module.
    Module,
    /// A CommonJS module.
    CommonJs,
    /// It parses as neither script nor module, or the parser does not know its syntax: V8 has the last word.
    Unknown,
}

/// What a program is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// A module if it has what only modules have, CommonJS if it uses that, else a script.
    Auto,
    /// A module if it has what only modules have, else CommonJS: as Node does it.
    Imported,
    /// This.
    Be(Goal),
}

impl Want {
    /// What the entry file is taken for.
    pub fn of_entry(name: &str, mode: Mode) -> Self {
        match mode {
            Mode::Script => Self::Be(Goal::Script),
            Mode::Module => Self::Be(Goal::Module),
            Mode::Commonjs => Self::Be(Goal::CommonJs),
            Mode::Function => Self::of_imported(name),
            Mode::Auto => match Self::of_imported(name) {
                Self::Imported => Self::Auto,
                said => said,
            },
        }
    }

    /// What a file that is imported is taken for.
    pub fn of_imported(name: &str) -> Self {
        match name.rsplit_once('.') {
            Some((_, "mjs" | "mts")) => Self::Be(Goal::Module),
            Some((_, "cjs" | "cts")) => Self::Be(Goal::CommonJs),
            _ => Self::Imported,
        }
    }
}

/// What a file is written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Syntax {
    /// TypeScript.
    pub typescript: bool,
    /// JSX.
    pub jsx: bool,
}

impl Syntax {
    /// What a file of that name is written in; `None` if it is no program.
    pub fn of(name: &str) -> Option<Self> {
        let (typescript, jsx) = match name.rsplit_once('.')?.1 {
            "js" | "mjs" | "cjs" => (false, false),
            "jsx" => (false, true),
            "ts" | "mts" | "cts" => (true, false),
            "tsx" => (true, true),
            _ => return None,
        };
        Some(Self { typescript, jsx })
    }

    /// JavaScript as V8 has it.
    fn is_plain(self) -> bool {
        self == Self::default()
    }
}

impl Program {
    /// Reads `source`. If `captures`, the value of its last expression can be had.
    pub fn new(source: String, syntax: Syntax, want: Want, captures: bool) -> Self {
        if syntax.is_plain() && want == Want::Be(Goal::Script) {
            return Self::plain(source, Goal::Script);
        }
        let allocator = Allocator::default();
        let mentions_commonjs = Mentions::are_in(&source);
        let allow_return = match want {
            Want::Auto => mentions_commonjs,
            Want::Imported => true,
            Want::Be(goal) => goal == Goal::CommonJs,
        };
        let options = ParseOptions { allow_return_outside_function: allow_return, ..ParseOptions::default() };
        let parse = |kind: SourceType| {
            let kind = if syntax.typescript { kind.with_typescript(true) } else { kind };
            Parser::new(&allocator, &source, kind.with_jsx(syntax.jsx)).with_options(options).parse()
        };
        let is_good = |parsed: &ParserReturn| !parsed.panicked && parsed.diagnostics.is_empty();
        let mut parsed = parse(match want {
            Want::Auto | Want::Imported => SourceType::unambiguous(),
            Want::Be(Goal::Module) => SourceType::mjs(),
            Want::Be(Goal::CommonJs) => SourceType::cjs(),
            Want::Be(_) => SourceType::script(),
        });
        if !is_good(&parsed) && matches!(want, Want::Auto | Want::Imported) {
            // Some of what only a module may say, such as `for await`, is no sign of one to the parser.
            let as_module = parse(SourceType::mjs());
            if is_good(&as_module) || first_error(&as_module) > first_error(&parsed) {
                parsed = as_module;
            }
        }
        if !is_good(&parsed) {
            let goal = match want {
                Want::Be(goal) => goal,
                Want::Auto => Goal::Unknown,
                Want::Imported if source.contains("import") || source.contains("export") => Goal::Module,
                Want::Imported => Goal::CommonJs,
            };
            let error = if syntax.is_plain() { None } else { Some(explained(&source, &parsed)) };
            return Self { error, ..Self::plain(source, goal) };
        }
        let tree = &parsed.program;
        let looks_at_names = match want {
            Want::Auto => mentions_commonjs,
            Want::Imported => true,
            Want::Be(goal) => goal == Goal::CommonJs || goal == Goal::Module && mentions_commonjs,
        };
        let mentions = if looks_at_names { Mentions::of(&source, tree) } else { Mentions::default() };
        let is_module = match want {
            Want::Be(goal) => goal == Goal::Module,
            // `import a = require("a")` and `export =` are CommonJS in the clothes of a module.
            _ => tree.source_type.is_module() && !is_typescript_commonjs(tree),
        };
        let goal = match want {
            Want::Be(goal) => goal,
            _ if is_module => Goal::Module,
            Want::Imported => Goal::CommonJs,
            Want::Auto if mentions.wants_commonjs() || is_typescript_commonjs(tree) => Goal::CommonJs,
            Want::Auto => Goal::Script,
        };
        let lone_throw = if goal == Goal::Module {
            lone_throw(tree).map(|offset| Point::behind(&source[..offset]))
        } else {
            None
        };
        let from_commonjs = if goal == Goal::Module {
            [mentions.own_names(), mentions.globals()].concat()
        } else {
            Vec::new()
        };
        // A module that exports something under our name has no value.
        let captures = captures && !(goal == Goal::Module && exports(tree, RESULT_EXPORT));
        let captured = if captures && goal != Goal::Script { last_expression(tree) } else { None };
        if syntax.is_plain() && captured.is_none() && from_commonjs.is_empty() {
            return Self { lone_throw, mentions, ..Self::plain(source, goal) };
        }

        let own = unused_name(&source);
        let mut behind = String::new();
        let mut edits = Edits::default();
        if !syntax.is_plain() {
            let factory = if syntax.jsx { Factory::of(&source, tree) } else { Factory::default() };
            let mut eraser = Eraser::new(&source, syntax, &own, factory);
            eraser.erase(tree);
            if let Some((at, what)) = eraser.refused {
                let error = Some((what, Point::behind(&source[..at as usize])));
                return Self { error, ..Self::plain(source, goal) };
            }
            for helper in eraser.helpers {
                // Its own names begin with one that the program does not have.
                behind.push_str(
                    &helper
                        .replace("function $", &format!("function {own}"))
                        .replace("return $", &format!("return {own}")),
                );
            }
            edits = eraser.edits;
        }
        if let Some((start, end)) = captured {
            let prefix = if goal == Goal::Module { format!("{own}=(") } else { "return(".to_owned() };
            edits.insert(start, prefix);
            edits.insert(end, ")");
            if goal == Goal::Module {
                behind.push_str(&format!(";var {own};export{{{own} as \"{RESULT_EXPORT}\"}}"));
            }
        }
        if !from_commonjs.is_empty() {
            // Imports are made before anything else, wherever they stand.
            behind.push_str(&format!(";import{{{}}}from\"{COMMONJS}\"", from_commonjs.join(",")));
        }
        Self {
            text: edits.apply(source, &behind),
            goal,
            gives_result: captured.is_some(),
            lone_throw,
            mentions,
            error: None,
        }
    }

    fn plain(source: String, goal: Goal) -> Self {
        Self {
            text: Text::plain(source),
            goal,
            gives_result: false,
            lone_throw: None,
            mentions: Mentions::default(),
            error: None,
        }
    }

    /// The position in the visitor's own text for one in [`text`](Self::text); both count from 1. `None` in what was
    /// put behind it.
    pub fn original(&self, line: u32, column: u32) -> Option<Point> {
        self.text.original(line, column)
    }
}

/// Where the first thing is that the parser does not understand.
fn first_error(parsed: &ParserReturn) -> Option<u32> {
    parsed.diagnostics.first().map(|error| error.labels.first().map_or(0, oxc_span::LabeledSpan::offset))
}

/// What the parser does not understand.
fn explained(source: &str, parsed: &ParserReturn) -> (String, Point) {
    let message = parsed.diagnostics.first().map_or("The program can't be read", |error| &*error.message);
    let at = source.floor_char_boundary(first_error(parsed).unwrap_or(0) as usize);
    (message.chars().take(MESSAGE_CHARS).collect(), Point::behind(&source[..at]))
}

/// Whether `program` exports something under this name, however that is written.
fn exports(program: &Tree, name: &str) -> bool {
    program.body.iter().any(|statement| match statement {
        Statement::ExportNamedDeclaration(it) => {
            it.specifiers.iter().any(|specifier| specifier.exported.name() == name)
        }
        Statement::ExportAllDeclaration(it) => it.exported.as_ref().is_some_and(|it| it.name() == name),
        _ => false,
    })
}

/// Whether `program` is CommonJS as TypeScript writes it.
fn is_typescript_commonjs(program: &Tree) -> bool {
    let mut is_commonjs = false;
    for statement in &program.body {
        match statement {
            Statement::TSExportAssignment(_) => is_commonjs = true,
            Statement::TSImportEqualsDeclaration(it) => {
                is_commonjs |= matches!(it.module_reference, TSModuleReference::ExternalModuleReference(_));
            }
            Statement::ImportDeclaration(it) if it.import_kind.is_type() => {}
            statement if statement.is_module_declaration() => return false,
            _ => {}
        }
    }
    is_commonjs
}

/// Where the expression is that a program ends with, if it ends with one.
fn last_expression(program: &Tree) -> Option<(u32, u32)> {
    match program.body.iter().rev().find(|statement| !Eraser::is_erased(statement))? {
        Statement::ExpressionStatement(last) => {
            let span = last.expression.span();
            Some((span.start, span.end))
        }
        _ => None,
    }
}

/// Offset of the only `throw` outside of functions and classes.
fn lone_throw(program: &Tree) -> Option<usize> {
    #[derive(Default)]
    struct Throws(Vec<usize>);
    impl<'a> Visit<'a> for Throws {
        fn visit_throw_statement(&mut self, it: &ThrowStatement<'a>) {
            self.0.push(it.span.start as usize);
            walk_throw_statement(self, it);
        }
        fn visit_function(&mut self, _: &Function<'a>, _: ScopeFlags) {}
        fn visit_arrow_function_expression(&mut self, _: &ArrowFunctionExpression<'a>) {}
        fn visit_class(&mut self, _: &Class<'a>) {}
    }
    let mut throws = Throws::default();
    throws.visit_program(program);
    if let [offset] = throws.0[..] { Some(offset) } else { None }
}

/// A short identifier that does not occur in `source`, not even in an escape, and that no name in it begins with.
pub(super) fn unused_name(source: &str) -> String {
    (0u32..).map(|n| format!("$r{n}")).find(|name| !source.contains(name.as_str())).unwrap_or_default()
}

#[cfg(test)]
mod tests;
