//! Decorators, as the standard to come and TypeScript 5 have them, and `accessor`, neither of which V8 knows.
//!
//! ```text
//! class A { @log m() {} }
//! class A {static #$s=$d().e(this);#$n=$d().n(A.#$s,this); [$d().m(1,"method",false,[log],"m")]() {} }
//! ```
//!
//! A decorator's expression stays where it is, in a computed key, which is evaluated when and where a decorator
//! would be. The decorators are applied by a static field before all others.

use oxc_ast::ast::*;
use oxc_ast_visit::Visit;
use oxc_span::{GetSpan, Span};

use super::erase::Eraser;
use super::extras::quoted;

/// What decorates. `$d` gives way to a name that the program does not have.
pub const HELPER: &str = r#"function $d(){return $d.f??=(()=>{const frames=[];
const context=(kind,name,isStatic,added)=>{const is=kind==="field"||kind==="accessor";return{kind,name,static:isStatic,private:false,access:{has:o=>name in o,
...(kind==="setter"?{}:{get:o=>o[name]}),...(is||kind==="setter"?{set(o,v){o[name]=v}}:{})},addInitializer(f){added.push(f)}}};
const apply=(target,x,info)=>{const home=x.isStatic?target:target.prototype,added=x.isStatic?info.own:info.each;x.init=[];
for(const d of x.decorators.reverse()){const c=context(x.kind,x.key,x.isStatic,added);
if(x.kind==="field"){const r=d(undefined,c);if(r!==undefined)x.init.unshift(r);continue}
const p=Object.getOwnPropertyDescriptor(home,x.key),part={method:"value",getter:"get",setter:"set"}[x.kind];
const r=d(part?p[part]:{get:p.get,set:p.set},c);if(r===undefined)continue;
if(part)p[part]=r;else{if(r.get)p.get=r.get;if(r.set)p.set=r.set;if(r.init)x.init.unshift(r.init)}
Object.defineProperty(home,x.key,p)}};
return{m(open,kind,isStatic,decorators,key){if(open)frames.push([]);if(typeof key!=="symbol")key=`${key}`;frames.at(-1).push({kind,isStatic,decorators,key});return key},
e(target){const list=frames.pop(),info={list,own:[],each:[]};
for(const field of[false,true])for(const own of[true,false])for(const x of list)if(x.isStatic===own&&(x.kind==="field")===field)apply(target,x,info);
for(const f of info.own)f.call(target);return info},
n(info,self){for(const f of info.each)f.call(self)},
i(info,index,self,value){for(const f of info.list[index].init)value=f.call(self,value);return value},
c(decorators,target){const added=[],name=target.name;
for(const d of decorators.reverse())target=d(target,{kind:"class",name,addInitializer(f){added.push(f)}})??target;
for(const f of added)f.call(target);return target}}})()}"#;

/// The `export` of a class.
#[derive(Clone, Copy)]
pub struct Exported {
    /// Of the whole statement.
    pub span: Span,
    /// Whether it is the default export.
    pub is_default: bool,
}

fn decorators<'e, 'a>(element: &'e ClassElement<'a>) -> &'e [Decorator<'a>] {
    match element {
        ClassElement::MethodDefinition(it) => &it.decorators,
        ClassElement::PropertyDefinition(it) => &it.decorators,
        ClassElement::AccessorProperty(it) => &it.decorators,
        ClassElement::StaticBlock(_) | ClassElement::TSIndexSignature(_) => &[],
    }
}

impl Eraser<'_> {
    /// Whether a class, or something in it, has decorators.
    pub(super) fn is_decorated(&self, class: &Class<'_>) -> bool {
        !class.decorators.is_empty() || class.body.body.iter().any(|element| !decorators(element).is_empty())
    }

    /// A class that is a statement.
    pub(super) fn decorated(&mut self, class: &Class<'_>, exported: Option<Exported>) {
        let Some(first) = class.decorators.first() else {
            return self.visit_class(class);
        };
        let Some(id) = &class.id else {
            return self.refuse(first.span, "decorators of a class without a name");
        };
        let name = id.name.as_str();
        // The words `export` and `default` may stand before or behind the decorators.
        if let Some(Exported { span, is_default }) = exported {
            let after = class.decorators.last().map_or(span.start, |last| last.span.end);
            let starts = if span.start < first.span.start && self.word(span.start, "export").is_some() {
                span.start
            } else {
                after
            };
            if let Some(mut end) = self.word(starts, "export") {
                if is_default {
                    end = self.word(end, "default").unwrap_or(end);
                }
                self.edits.blank(self.skip(starts), end);
            }
        }
        let export = match exported {
            Some(Exported { is_default: false, .. }) => "export ",
            _ => "",
        };
        self.open(&class.decorators, &format!("{export}let {name}={}d().c([", self.own), "],");
        let tail = match exported {
            Some(Exported { is_default: true, .. }) => format!(");export{{{name} as default}};"),
            _ => ");".to_owned(),
        };
        self.visit_class(class);
        self.edits.insert(class.span.end, tail);
        self.helpers.insert(HELPER);
    }

    /// The place behind `word`, if that comes next.
    fn word(&self, at: u32, word: &str) -> Option<u32> {
        let at = self.skip(at);
        self.source[at as usize..].starts_with(word).then_some(at + word.len() as u32)
    }

    /// Puts `before` in the place of the first `@`, commas in that of the others, and `after` behind the last.
    fn open(&mut self, decorators: &[Decorator<'_>], before: &str, after: &str) {
        for (index, decorator) in decorators.iter().enumerate() {
            let text = if index == 0 { before } else { "," };
            self.edits.replace(decorator.span.start, decorator.span.start + 1, text);
        }
        if let Some(last) = decorators.last() {
            self.edits.insert(last.span.end, after);
        }
    }

    /// The members of a class with decorators.
    pub(super) fn decorate(&mut self, class: &Class<'_>) {
        if class.r#type == ClassType::ClassExpression && !class.decorators.is_empty() {
            return self.refuse(class.decorators[0].span, "decorators of a class expression");
        }
        let mut index = 0;
        for element in &class.body.body {
            let all = decorators(element);
            let Some(first) = all.first() else { continue };
            let Some(id) = &class.id else {
                return self.refuse(first.span, "decorators in a class without a name");
            };
            let (key, computed, is_static, kind) = match element {
                ClassElement::MethodDefinition(it) => {
                    let kind = match it.kind {
                        MethodDefinitionKind::Get => "getter",
                        MethodDefinitionKind::Set => "setter",
                        _ => "method",
                    };
                    (&it.key, it.computed, it.r#static, kind)
                }
                ClassElement::PropertyDefinition(it) => (&it.key, it.computed, it.r#static, "field"),
                ClassElement::AccessorProperty(it) => (&it.key, it.computed, it.r#static, "accessor"),
                _ => continue,
            };
            if matches!(key, PropertyKey::PrivateIdentifier(_)) {
                return self.refuse(first.span, "decorators of private members");
            }
            let call = format!("[{}d().m({},{},{is_static},[", self.own, u8::from(index == 0), quoted(kind));
            let words = match element {
                ClassElement::MethodDefinition(it) => format!(
                    "{}{}{}{}",
                    if is_static { "static " } else { "" },
                    if it.value.r#async { "async " } else { "" },
                    match kind {
                        "getter" => "get ",
                        "setter" => "set ",
                        _ => "",
                    },
                    if it.value.generator { "*" } else { "" },
                ),
                ClassElement::AccessorProperty(_) => {
                    format!("{}get ", if is_static { "static " } else { "" })
                }
                _ => if is_static { "static " } else { "" }.to_owned(),
            };
            self.open(all, &format!(";{words}{call}"), "],");
            let behind = all.last().map_or(first.span.end, |last| last.span.end);
            let end = self.key_end(key, computed);
            if computed {
                self.edits.blank(behind, key.span().start);
                self.edits.replace(key.span().end, end, ")]");
            } else {
                self.edits.replace(behind, end, format!("{})]", self.key_text(key)));
            }
            let info = format!("{}.#{}s,{index},this", id.name, self.own);
            match element {
                ClassElement::PropertyDefinition(it) => {
                    let start = it.type_annotation.as_ref().map_or(end, |it| it.span.end);
                    match &it.value {
                        Some(value) => {
                            let before = format!("={}d().i({info},(", self.own);
                            self.edits.replace(self.skip(start), value.span().start, before);
                            self.edits.insert(value.span().end, "))");
                        }
                        None => self.edits.insert(start, format!("={}d().i({info});", self.own)),
                    }
                }
                ClassElement::AccessorProperty(it) if computed => {
                    return self.refuse(it.span, "decorators of an `accessor` with a computed name");
                }
                ClassElement::AccessorProperty(it) => {
                    let own = self.own;
                    let initial = |value: &str| format!("={own}d().i({info}{value}");
                    self.accessor_tail(it, end, &initial);
                }
                _ => {}
            }
            index += 1;
        }
        if index > 0 {
            let Some(id) = &class.id else { return };
            self.edits.insert(
                class.body.span.start + 1,
                format!(
                    "static #{own}s={own}d().e(this);#{own}n={own}d().n({id}.#{own}s,this);",
                    own = self.own,
                    id = id.name
                ),
            );
            self.helpers.insert(HELPER);
        }
    }

    fn key_text(&self, key: &PropertyKey<'_>) -> String {
        match key {
            PropertyKey::StaticIdentifier(it) => quoted(it.name.as_str()),
            key => self.source[key.span().start as usize..key.span().end as usize].to_owned(),
        }
    }

    /// `accessor a = 1`: a private field with a getter and a setter.
    pub(super) fn accessor(&mut self, it: &AccessorProperty<'_>) {
        self.visit_property_key(&it.key);
        if let Some(value) = &it.value {
            self.visit_expression(value);
        }
        if !it.decorators.is_empty() {
            // `decorate` has seen to the rest.
            it.decorators.iter().for_each(|decorator| self.visit_expression(&decorator.expression));
            return;
        }
        if it.computed {
            return self.refuse(it.span, "`accessor` with a computed name");
        }
        let key = &self.source[it.key.span().start as usize..it.key.span().end as usize];
        let word = if it.r#static { ";static get " } else { ";get " };
        self.edits.replace(it.span.start, it.key.span().end, format!("{word}{key}"));
        self.accessor_tail(it, it.key.span().end, &|value| format!("={}", value.trim_start_matches(',')));
    }

    /// What follows the key of an `accessor`. `initial` makes the beginning of the field's initializer, where it
    /// gets `,(`, or all of it.
    fn accessor_tail(&mut self, it: &AccessorProperty<'_>, end: u32, initial: &dyn Fn(&str) -> String) {
        self.made += 1;
        let word = if it.r#static { "static " } else { "" };
        let key = &self.source[it.key.span().start as usize..it.key.span().end as usize];
        let field = format!("#{}a{}", self.own, self.made);
        let end = self.blank_next(end, b'!');
        let start = it.type_annotation.as_ref().map_or(end, |it| it.span.end);
        self.edits.blank(end, start);
        let parts = format!("(){{return this.{field}}}{word}set {key}($){{this.{field}=$}}{word}{field}");
        let is_decorated = !it.decorators.is_empty();
        match &it.value {
            Some(value) => {
                let (before, after) =
                    if is_decorated { (initial(",("), "))") } else { ("=(".to_owned(), ")") };
                self.edits.replace(start, value.span().start, format!("{parts}{before}"));
                self.edits.insert(value.span().end, format!("{after};"));
            }
            None => {
                let before = if is_decorated { initial(")") } else { String::new() };
                self.edits.insert(start, format!("{parts}{before};"));
            }
        }
    }
}
