//! What a program is (script or module) and how its result is got at.
//!
//! The value of a script's last expression is its completion value, which V8 gives. A module has none, so
//! when its last statement is an expression, that is assigned to a variable which the module exports:
//!
//! ```text
//! await load()            →   $0=(await load())
//!                             ;var $0;export{$0 as "mayfly:result"}
//! ```
//!
//! Nothing before the expression moves; [`Program::original`] undoes the shift after it.

use oxc_allocator::Allocator;
use oxc_ast::ast::{ArrowFunctionExpression, Class, Function, Program as Tree, Statement, ThrowStatement};
use oxc_ast_visit::Visit;
use oxc_ast_visit::walk::walk_throw_statement;
use oxc_parser::{Parser, ParserReturn};
use oxc_span::{GetSpan, SourceType};
use oxc_syntax::scope::ScopeFlags;

use crate::protocol::browser::Mode;

/// The export that holds a module's result.
pub const RESULT_EXPORT: &str = "mayfly:result";

/// A program as V8 gets it.
#[derive(Debug, PartialEq, Eq)]
pub struct Program {
    /// Its text, possibly with the result captured.
    pub source: String,
    /// What it is.
    pub goal: Goal,
    /// What was put in.
    insertion: Option<Insertion>,
    /// Where a module's one `throw` outside of functions is, if it has one and no more. V8 does not keep
    /// where a module threw what is no `Error`.
    pub lone_throw: Option<(u32, u32)>,
}

/// Which of the two grammars a program is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// A classic script.
    Script,
    /// An ES module.
    Module,
    /// It parses as neither, or the parser does not know its syntax: V8 has the last word.
    Unknown,
}

/// Text put into one line of the program: lines and columns count from 1, columns in UTF-16 units.
#[derive(Debug, PartialEq, Eq)]
struct Insertion {
    line: u32,
    column: u32,
    length: u32,
    /// The line of the program's last character: what follows is ours.
    last_line: u32,
}

impl Program {
    /// Reads `source` as `mode` says.
    pub fn new(source: String, mode: Mode) -> Self {
        if mode == Mode::Script {
            return Self::plain(source, Goal::Script);
        }
        let allocator = Allocator::default();
        let parse = |source_type| Parser::new(&allocator, &source, source_type).parse();
        let is_good = |parsed: &ParserReturn| !parsed.panicked && parsed.diagnostics.is_empty();
        let mut parsed =
            parse(if mode == Mode::Auto { SourceType::unambiguous() } else { SourceType::mjs() });
        if !is_good(&parsed) && mode == Mode::Auto {
            // Some of what only a module may say, such as `for await`, is no sign of one to the parser.
            parsed = parse(SourceType::mjs());
        }
        if !is_good(&parsed) {
            return Self::plain(source, if mode == Mode::Module { Goal::Module } else { Goal::Unknown });
        }
        if !parsed.program.source_type.is_module() {
            return Self::plain(source, Goal::Script);
        }
        // A program that exports something under our name has no value.
        if source.contains(RESULT_EXPORT) {
            return Self::plain(source, Goal::Module);
        }
        let lone_throw = lone_throw(&parsed.program).map(|offset| position(&source[..offset]));
        let Some(Statement::ExpressionStatement(last)) = parsed.program.body.last() else {
            return Self { lone_throw, ..Self::plain(source, Goal::Module) };
        };
        let span = last.expression.span();
        let (start, end) = (span.start as usize, span.end as usize);
        let name = unused_name(&source);
        let (line, column) = position(&source[..start]);
        let prefix = format!("{name}=(");
        let insertion = Insertion {
            line,
            column,
            length: u32::try_from(prefix.len()).unwrap_or(0),
            last_line: position(&source).0,
        };
        // The newline ends a comment that the program may end with; the semicolon, its last statement.
        let source = format!(
            "{}{prefix}{}){}\n;var {name};export{{{name} as \"{RESULT_EXPORT}\"}}",
            &source[..start],
            &source[start..end],
            &source[end..]
        );
        Self { source, goal: Goal::Module, insertion: Some(insertion), lone_throw }
    }

    fn plain(source: String, goal: Goal) -> Self {
        Self { source, goal, insertion: None, lone_throw: None }
    }

    /// Whether [`RESULT_EXPORT`] is there to be read.
    pub fn exports_result(&self) -> bool {
        self.insertion.is_some()
    }

    /// The position in the visitor's own text for one in [`source`](Self::source); both count from 1.
    pub fn original(&self, line: u32, column: u32) -> (u32, u32) {
        let Some(insertion) = &self.insertion else { return (line, column) };
        if line == insertion.line && column > insertion.column {
            // Inside what was put in, the expression's own start is meant.
            let column = column.saturating_sub(insertion.length).max(insertion.column);
            return (line, column);
        }
        (line.min(insertion.last_line), column)
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

/// Line and column of the place right after `text`.
fn position(text: &str) -> (u32, u32) {
    // What ECMAScript takes for the end of a line, CR LF being one.
    let mut line = 1;
    let mut column = 1;
    let mut previous = '\0';
    for character in text.chars() {
        match character {
            '\n' if previous == '\r' => {}
            '\n' | '\r' | '\u{2028}' | '\u{2029}' => (line, column) = (line + 1, 1),
            _ => column += u32::try_from(character.len_utf16()).unwrap_or(1),
        }
        previous = character;
    }
    (line, column)
}

/// A short identifier that does not occur in `source`, not even in an escape.
fn unused_name(source: &str) -> String {
    (0u32..).map(|n| format!("$r{n}")).find(|name| !source.contains(name.as_str())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn goal(source: &str) -> Goal {
        Program::new(source.into(), Mode::Auto).goal
    }

    #[test]
    fn auto_takes_a_module_for_what_only_a_module_may_say() {
        for module in [
            "import 'x'",
            "export const a = 1",
            "await 1",
            "for await (const x of []) ;",
            "const x = await import('y')",
            "import.meta",
            "if (true) { await null }",
            "for(let i=0;i<5;i++){console.log(i,{i});await new Promise(r=>setTimeout(r,300))}",
        ] {
            assert_eq!(goal(module), Goal::Module, "{module}");
        }
    }

    #[test]
    fn auto_takes_the_rest_for_a_script() {
        for script in [
            "1+1",
            "",
            "async function f() { await 1 }",
            "var await = 1; await",
            "with ({a: 1}) a",
            "import('x')",
            "delete x",
            "var yield = 010",
        ] {
            assert_eq!(goal(script), Goal::Script, "{script}");
        }
    }

    #[test]
    fn what_does_not_parse_is_left_to_v8() {
        assert_eq!(goal("let let ="), Goal::Unknown);
        assert_eq!(Program::new("let let =".into(), Mode::Module).goal, Goal::Module);
    }

    #[test]
    fn a_modules_last_expression_is_captured() {
        let program = Program::new("await 1 // one".into(), Mode::Auto);
        assert_eq!(program.source, "$r0=(await 1) // one\n;var $r0;export{$r0 as \"mayfly:result\"}");
        assert!(program.exports_result());
    }

    #[test]
    fn a_name_that_the_program_has_is_not_taken() {
        let program = Program::new("let $r0 = 5; await $r0".into(), Mode::Auto);
        assert!(program.source.contains("$r1=(await $r0)"), "{}", program.source);
    }

    #[test]
    fn positions_behind_the_insertion_are_moved_back() {
        let program = Program::new("const a = await 1\n  a.b.c".into(), Mode::Auto);
        let shifted = program.source.lines().nth(1).unwrap().find("b.c").unwrap() as u32 + 1;
        assert_eq!(program.original(2, shifted), (2, 5));
        assert_eq!(program.original(2, 4), (2, 3), "inside what was put in");
        assert_eq!(program.original(2, 1), (2, 1));
        assert_eq!(program.original(1, 9), (1, 9));
        assert_eq!(program.original(3, 4).0, 2, "what follows the program is ours");
    }

    #[test]
    fn the_one_throw_of_a_module_is_known() {
        let lone = |source: &str| Program::new(source.into(), Mode::Module).lone_throw;
        assert_eq!(lone("await 1;\n throw 5"), Some((2, 2)));
        assert_eq!(lone("if (1) { throw 5 }; 1"), Some((1, 10)));
        assert_eq!(lone("throw 1; throw 2"), None);
        assert_eq!(
            lone("function f() { throw 1 } (() => { throw 2 })(); class A { static { throw 3 } }"),
            None
        );
    }

    #[test]
    fn columns_count_in_utf16_units_and_lines_as_ecmascript_does() {
        assert_eq!(position("😀"), (1, 3));
        assert_eq!(position("a\r\nb\u{2028}c\rd"), (4, 2));
    }

    proptest! {
        #[test]
        fn no_text_panics(source in "\\PC{0,80}", module in any::<bool>()) {
            let program = Program::new(source, if module { Mode::Module } else { Mode::Auto });
            let _ = program.original(1, 5);
        }
    }
}
