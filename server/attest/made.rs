//! Programs too long to write down: they nest as deeply as their length allows, or import without end.

use super::parse::Attack;

/// As long as a program may be, less some room.
const BYTES: usize = 250 << 10;

/// What may come of a program that asks for too much. Never `crashed`.
const OUTCOMES: [&str; 4] = ["completed", "failed", "memory_exceeded", "cpu_exceeded"];

fn attack(name: String, language: &str, source: String) -> Attack {
    Attack {
        name,
        outcomes: OUTCOMES.map(str::to_owned).to_vec(),
        mode: "auto".to_owned(),
        language: language.to_owned(),
        source,
        ..Attack::default()
    }
}

pub(super) fn attacks() -> Vec<Attack> {
    let mut attacks = Vec::new();
    // Before, in the middle, and after, again and again; and in which languages.
    for (name, before, middle, after, languages) in [
        ("arrays", "[", "", "]", "javascript typescript"),
        ("parentheses", "(", "1", ")", "javascript typescript"),
        ("blocks", "{", "", "}", "javascript typescript"),
        ("objects", "({a:", "1", "})", "typescript"),
        ("arrows", "a=>", "1", "", "javascript typescript"),
        ("not", "!", "1", "", "javascript typescript"),
        ("conditions", "1?1:", "1", "", "javascript typescript"),
        ("ifs", "if(1)", ";", "", "javascript typescript"),
        ("elses", "if(0);else ", ";", "", "javascript typescript"),
        ("templates", "`${", "1", "}`", "javascript typescript"),
        ("functions", "function f(){", "", "}", "javascript typescript"),
        ("new", "new ", "Date", "", "javascript typescript"),
        ("sums", "1+", "1", "", "javascript typescript"),
        ("members", "", "a", ".b", "javascript typescript"),
        ("calls", "", "a", "()", "javascript typescript"),
        ("assignments", "a=", "1", "", "typescript"),
        ("labels", "a:", ";", "", "typescript"),
        ("casts", "", "1", " as any", "typescript"),
        ("assertions", "<any>", "1", "", "typescript"),
        ("types", "type A=", "B", "", "typescript"),
        ("type arguments", "let a:A", "", "", "typescript"),
        ("namespaces", "namespace A{", "export const a=1", "}", "typescript"),
        ("elements", "<a>", "", "</a>", "jsx tsx"),
        ("attributes", "<a b={", "1", "}/>", "jsx tsx"),
        ("patterns", "var [", "a", "]=1", "javascript typescript"),
        ("classes", "class A{static{", "", "}}", "typescript"),
        ("bangs", "", "1", "!", "typescript"),
    ] {
        let (before, after) = match name {
            "types" => ("(", ")"),
            "type arguments" => ("<A", ">"),
            "patterns" => ("[", "]"),
            _ => (before, after),
        };
        let (head, tail) = match name {
            "types" => ("type A=", ""),
            "type arguments" => ("let a:A", ""),
            "patterns" => ("var ", "=1"),
            _ => ("", ""),
        };
        let times = BYTES / (before.len() + after.len());
        let text = format!("{head}{}{middle}{}{tail}", before.repeat(times), after.repeat(times));
        for language in languages.split(' ') {
            attacks.push(attack(format!("deep {name} in {language}"), language, text.clone()));
        }
        // As a module, whose last expression and whose `throw` is looked for.
        let module = format!("await 0;{text}");
        let language = languages.split(' ').next().unwrap_or_default();
        attacks.push(attack(format!("deep {name} in a module"), language, module));
    }

    let with = |name: &str, source: String, files: &[(&str, String)]| Attack {
        files: files.iter().map(|(name, content)| ((*name).to_owned(), content.clone())).collect(),
        ..attack(name.to_owned(), "javascript", source)
    };
    let spelled: String = (0..2_000).map(|n| format!("import '.{}/a.js';", "/.".repeat(n % 40))).collect();
    attacks.push(with("thousands of imports", spelled.clone(), &[("a.js", "export {}".into())]));
    attacks.push(with(
        "thousands of names",
        (0..9_000).map(|n| format!("import './a{n}';")).collect(),
        &[("a.js", String::new())],
    ));
    attacks.push(with(
        "thousands of requires",
        "require('./a.js');".repeat(9_000),
        &[("a.js", "exports.a = 1".into())],
    ));
    attacks.push(with(
        "thousands of dynamic imports",
        "for (let i = 0; i < 1e5; i++) import('./a.js')".into(),
        &[("a.js", "export {}".into())],
    ));
    let ring: Vec<(String, String)> = (0..31)
        .map(|n| {
            let next = if n == 30 { "main.js".to_owned() } else { format!("r{}.js", n + 1) };
            (format!("r{n}.js"), format!("import * as next from './{next}'; export * from './{next}'; export const r{n} = () => next;"))
        })
        .collect();
    let ring: Vec<(&str, String)> =
        ring.iter().map(|(name, content)| (name.as_str(), content.clone())).collect();
    attacks.push(with(
        "a ring of all files",
        "import { r30 } from './r0.js'; export const main = 1; console.log(typeof r30())".into(),
        &ring,
    ));
    let all: String = (0..31).map(|n| format!("require('./c{n}.js');")).collect();
    let knot: Vec<(String, String)> = (0..31).map(|n| (format!("c{n}.js"), all.clone())).collect();
    let knot: Vec<(&str, String)> =
        knot.iter().map(|(name, content)| (name.as_str(), content.clone())).collect();
    attacks.push(with("files that all require each other", all.clone(), &knot));
    attacks.push(with(
        "deep JSON",
        "require('./d.json')".into(),
        &[("d.json", "[".repeat(120_000) + &"]".repeat(120_000))],
    ));
    attacks.push(with(
        "names of exports without end",
        "import * as a from './a.cjs'; console.log(Object.keys(a).length)".into(),
        &[("a.cjs", (0..9_000).map(|n| format!("exports.a{n}=1;")).collect())],
    ));
    attacks
}
