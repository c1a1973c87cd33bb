//! What of Node's a program mentions: `require`, `module`, `exports` and globals; and what a CommonJS module
//! exports, as far as that can be told without running it.

use std::collections::BTreeSet;

use oxc_ast::ast::*;
use oxc_ast_visit::{Visit, walk};

/// Globals that Node has and programs here have not. They are had where a text mentions them: only what is a CommonJS
/// module, or imports, can be given something of the catalogue's without all programs paying for it.
pub const GLOBALS: [&str; 5] = ["Buffer", "clearImmediate", "global", "process", "setImmediate"];
/// Names that a CommonJS module is called with.
pub const OWN: [&str; 5] = ["exports", "require", "module", "__filename", "__dirname"];
/// The most names of exports that are looked for.
const MAX_EXPORTS: usize = 1_000;

/// What was found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Mentions {
    /// Names that are declared somewhere, of [`GLOBALS`] and [`OWN`].
    declared: BTreeSet<&'static str>,
    /// Names that are used.
    used: BTreeSet<&'static str>,
    /// Whether `require()` is called, or something exported.
    calls: bool,
    exports: bool,
    module: bool,
    /// What is exported by name.
    pub exported: BTreeSet<String>,
    /// Modules all of whose exports are exported.
    pub from: Vec<String>,
}

impl Mentions {
    /// Looks through `program`, if its text mentions anything of the kind.
    pub fn of(source: &str, program: &Program<'_>) -> Self {
        let mut mentions = Self::default();
        if Self::are_in(source) {
            mentions.visit_program(program);
        }
        mentions
    }

    /// Whether a text can have anything for [`Mentions`] in it.
    pub fn are_in(source: &str) -> bool {
        OWN.iter().chain(&GLOBALS).any(|name| source.contains(name))
    }

    /// Whether the program is a CommonJS module, if it is no ES module.
    pub fn is_commonjs(&self) -> bool {
        let free = |name| !self.declared.contains(name);
        self.calls && free("require") || self.module && free("module") || self.exports && free("exports")
    }

    /// Whether it wants anything that only a CommonJS module has.
    pub fn wants_commonjs(&self) -> bool {
        self.is_commonjs() || !self.globals().is_empty()
    }

    /// Globals of Node's that it wants.
    pub fn globals(&self) -> Vec<&'static str> {
        GLOBALS.into_iter().filter(|name| self.used.contains(name) && !self.declared.contains(name)).collect()
    }

    /// Which of the names that CommonJS modules are called with it uses.
    pub fn own_names(&self) -> Vec<&'static str> {
        OWN.into_iter().filter(|name| self.used.contains(name) && !self.declared.contains(name)).collect()
    }

    fn known(name: &str) -> Option<&'static str> {
        OWN.into_iter().chain(GLOBALS).find(|known| *known == name)
    }

    fn export(&mut self, name: &str) {
        if self.exported.len() < MAX_EXPORTS {
            self.exported.insert(name.to_owned());
        }
    }

    /// Whether `expression` is `exports` or `module.exports`.
    fn is_exports(expression: &Expression<'_>) -> bool {
        match expression {
            Expression::Identifier(id) => id.name == "exports",
            Expression::StaticMemberExpression(member) => Self::is_module_exports(member),
            _ => false,
        }
    }

    fn is_module_exports(member: &StaticMemberExpression<'_>) -> bool {
        member.property.name == "exports"
            && matches!(&member.object, Expression::Identifier(id) if id.name == "module")
    }

    /// `module.exports = …`
    fn whole(&mut self, value: &Expression<'_>) {
        match value {
            Expression::ObjectExpression(object) => {
                for property in &object.properties {
                    match property {
                        ObjectPropertyKind::ObjectProperty(property) => {
                            if let Some(name) = property.key.static_name() {
                                self.export(&name);
                            }
                        }
                        ObjectPropertyKind::SpreadProperty(spread) => self.required(&spread.argument),
                    }
                }
            }
            Expression::AssignmentExpression(inner) => self.whole(&inner.right),
            value => self.required(value),
        }
    }

    /// `require("…")`
    fn required(&mut self, value: &Expression<'_>) {
        if let Expression::CallExpression(call) = value
            && let Some(specifier) = call.common_js_require()
            && self.from.len() < MAX_EXPORTS
        {
            self.from.push(specifier.value.to_string());
        }
    }
}

impl<'a> Visit<'a> for Mentions {
    fn visit_binding_identifier(&mut self, it: &BindingIdentifier<'a>) {
        self.declared.extend(Self::known(&it.name));
    }

    fn visit_identifier_reference(&mut self, it: &IdentifierReference<'a>) {
        self.used.extend(Self::known(&it.name));
    }

    fn visit_call_expression(&mut self, it: &CallExpression<'a>) {
        match &it.callee {
            Expression::Identifier(id) if id.name == "require" => self.calls = true,
            // Object.defineProperty(exports, "name", …)
            Expression::StaticMemberExpression(member) if member.property.name == "defineProperty" => {
                if let [target, name, ..] = &it.arguments[..]
                    && target.as_expression().is_some_and(Self::is_exports)
                    && let Some(Expression::StringLiteral(name)) = name.as_expression()
                {
                    self.exports = true;
                    self.export(&name.value);
                }
            }
            _ => {}
        }
        walk::walk_call_expression(self, it);
    }

    fn visit_static_member_expression(&mut self, it: &StaticMemberExpression<'a>) {
        if Self::is_module_exports(it) {
            self.module = true;
        }
        if matches!(&it.object, Expression::Identifier(id) if id.name == "exports") {
            self.exports = true;
        }
        walk::walk_static_member_expression(self, it);
    }

    fn visit_assignment_expression(&mut self, it: &AssignmentExpression<'a>) {
        match &it.left {
            AssignmentTarget::StaticMemberExpression(member) => {
                if Self::is_module_exports(member) {
                    self.whole(&it.right);
                } else if Self::is_exports(&member.object) {
                    self.export(&member.property.name);
                }
            }
            AssignmentTarget::ComputedMemberExpression(member) if Self::is_exports(&member.object) => {
                self.exports = true;
                if let Expression::StringLiteral(name) = &member.expression {
                    self.export(&name.value);
                }
            }
            _ => {}
        }
        walk::walk_assignment_expression(self, it);
    }
}
