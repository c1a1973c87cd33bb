//! A compiler for filters of system calls.
//!
//! The kernel translates a child's filter anew for each run, and asks it about every call number once. So the program is
//! short, and finds a call by halves: a handful of comparisons lead to the call, and only then are arguments loaded.
//!
//! Arguments are compared by their low 32 bits. The kernel reads no more of an `int`, and no flag that is looked at here
//! has a higher bit.

use libc::c_long;
use seccompiler::{BpfProgram, sock_filter};

/// What a filter answers: one of the kernel's `SECCOMP_RET_*`.
pub type Answer = u32;

/// The call goes through.
pub const ALLOW: Answer = libc::SECCOMP_RET_ALLOW;

/// The call has no effect and gives this error.
pub const fn errno(error: libc::c_int) -> Answer {
    libc::SECCOMP_RET_ERRNO | (error as u32 & libc::SECCOMP_RET_DATA)
}

/// A condition on one argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    argument: u8,
    mask: u32,
    test: Test,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Test {
    OneOf(Vec<u32>),
    Not(u32),
    AtMost(u32),
}

/// The argument of this number, from 0, is `value`.
pub fn is(argument: u8, value: libc::c_int) -> Condition {
    one_of(argument, &[value])
}

/// The argument is one of `values`.
pub fn one_of(argument: u8, values: &[libc::c_int]) -> Condition {
    let values = values.iter().map(|&value| value as u32).collect();
    Condition { argument, mask: u32::MAX, test: Test::OneOf(values) }
}

/// The argument is anything but `value`.
pub fn is_not(argument: u8, value: libc::c_int) -> Condition {
    Condition { argument, mask: u32::MAX, test: Test::Not(value as u32) }
}

/// The argument is from 0 to `most`: no negative number.
pub fn at_most(argument: u8, most: libc::c_int) -> Condition {
    Condition { argument, mask: u32::MAX, test: Test::AtMost(most as u32) }
}

/// The argument has all flags of `required`, any of `optional`, and no other.
pub fn flags(argument: u8, required: libc::c_int, optional: libc::c_int) -> Condition {
    any_flags(one_of(argument, &[required]), optional)
}

/// The argument is one of `values`, with any flags of `optional` added.
pub fn one_of_with_flags(argument: u8, values: &[libc::c_int], optional: libc::c_int) -> Condition {
    any_flags(one_of(argument, values), optional)
}

fn any_flags(condition: Condition, optional: libc::c_int) -> Condition {
    Condition { mask: !(optional as u32), ..condition }
}

/// What is answered to one system call.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The call's number.
    pub call: c_long,
    /// Alternatives; each is met by arguments that meet all of its conditions. With none, any arguments are met.
    pub when: Vec<Vec<Condition>>,
    /// The answer to arguments that meet an alternative.
    pub answer: Answer,
    /// The answer to others, where it is not the one to calls without a rule.
    pub otherwise: Option<Answer>,
}

impl Rule {
    /// The call is answered so, whatever its arguments.
    pub fn always(call: c_long, answer: Answer) -> Self {
        Self { call, when: Vec::new(), answer, otherwise: None }
    }

    /// The call is allowed with arguments that meet one of these alternatives.
    pub fn when(call: c_long, when: Vec<Vec<Condition>>) -> Self {
        Self { call, when, answer: ALLOW, otherwise: None }
    }

    /// The same, with another answer to other arguments.
    pub fn or_else(self, otherwise: Answer) -> Self {
        Self { otherwise: Some(otherwise), ..self }
    }
}

/// How many calls are compared one after the other at the end of the search. Each half that is told from the other takes an
/// instruction, and those count more than comparisons do.
const LEAF: usize = 8;
/// Where the kernel puts what is asked about: the call's number, the machine's table of calls, the arguments.
const NUMBER: u32 = 0;
const TABLE: u32 = 4;
const ARGUMENTS: u32 = 16;
const ARGUMENT_BYTES: u32 = 8;
/// Where in an argument its low 32 bits are.
const LOW: u32 = if cfg!(target_endian = "big") { 4 } else { 0 };

/// This machine's table of calls, as `linux/audit.h` names it.
const OWN_TABLE: Option<u32> = if cfg!(target_arch = "x86_64") {
    Some(0xc000_003e)
} else if cfg!(target_arch = "aarch64") {
    Some(0xc000_00b7)
} else if cfg!(target_arch = "riscv64") {
    Some(0xc000_00f3)
} else {
    None
};

/// The filter of these rules. A call that none of them names, and one by another table than this machine's own, gets
/// `otherwise` and `foreign`.
///
/// # Errors
/// In words, when the rules don't make a program.
pub fn compile(rules: &[Rule], otherwise: Answer, foreign: Answer) -> Result<BpfProgram, String> {
    let table = OWN_TABLE.ok_or("there is no filter of system calls for this kind of processor")?;
    let mut program = Program::default();
    let (calls, otherwise, foreign) = (program.label(), program.answer(otherwise), program.answer(foreign));
    program.push(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, TABLE);
    program.jump(libc::BPF_JEQ, table, calls, foreign);
    program.place(calls);
    program.push(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, NUMBER);

    let mut found: Vec<(u32, Label)> = Vec::new();
    for rule in rules {
        let number = u32::try_from(rule.call).map_err(|_| format!("{} is no system call", rule.call))?;
        found.push((number, program.target(rule, otherwise)));
    }
    found.sort_unstable();
    if found.windows(2).any(|pair| pair[0].0 == pair[1].0) {
        return Err("a system call has two rules".to_owned());
    }
    program.search(&found, otherwise);
    program.check_arguments();
    program.finish()
}

type Label = usize;

/// A program in the making. All jumps go forward.
#[derive(Default)]
struct Program {
    instructions: Vec<Instruction>,
    /// Where each label is, once it is placed.
    labels: Vec<Option<usize>>,
    answers: Vec<(Answer, Label)>,
    checks: Vec<Check>,
}

#[derive(Clone, Copy)]
struct Instruction {
    code: u32,
    k: u32,
    /// Where to go when a comparison holds, and when not.
    to: Option<(Label, Label)>,
}

/// Arguments to look at. Rules that ask for the same share it.
struct Check {
    at: Label,
    when: Vec<Vec<Condition>>,
    met: Label,
    unmet: Label,
}

impl Program {
    fn label(&mut self) -> Label {
        self.labels.push(None);
        self.labels.len() - 1
    }

    fn place(&mut self, label: Label) {
        self.labels[label] = Some(self.instructions.len());
    }

    fn push(&mut self, code: u32, k: u32) {
        self.instructions.push(Instruction { code, k, to: None });
    }

    fn jump(&mut self, compare: u32, k: u32, yes: Label, no: Label) {
        let code = libc::BPF_JMP | compare | libc::BPF_K;
        self.instructions.push(Instruction { code, k, to: Some((yes, no)) });
    }

    /// Where this is answered.
    fn answer(&mut self, answer: Answer) -> Label {
        if let Some((_, label)) = self.answers.iter().find(|(known, _)| *known == answer) {
            return *label;
        }
        let label = self.label();
        self.answers.push((answer, label));
        label
    }

    /// Where a call goes that has this rule.
    fn target(&mut self, rule: &Rule, otherwise: Label) -> Label {
        let met = self.answer(rule.answer);
        if rule.when.is_empty() {
            return met;
        }
        let unmet = rule.otherwise.map_or(otherwise, |answer| self.answer(answer));
        let same = |it: &&Check| it.when == rule.when && it.met == met && it.unmet == unmet;
        if let Some(check) = self.checks.iter().find(same) {
            return check.at;
        }
        let at = self.label();
        self.checks.push(Check { at, when: rule.when.clone(), met, unmet });
        at
    }

    /// Goes to the target of the call whose number is loaded. `calls` are in order.
    fn search(&mut self, calls: &[(u32, Label)], otherwise: Label) {
        if calls.len() > LEAF {
            let (low, high) = calls.split_at(calls.len() / 2);
            let (below, above) = (self.label(), self.label());
            self.jump(libc::BPF_JGE, high[0].0, above, below);
            self.place(below);
            self.search(low, otherwise);
            self.place(above);
            return self.search(high, otherwise);
        }
        for (index, &(number, target)) in calls.iter().enumerate() {
            let is_last = index + 1 == calls.len();
            let next = if is_last { otherwise } else { self.label() };
            self.jump(libc::BPF_JEQ, number, target, next);
            if !is_last {
                self.place(next);
            }
        }
    }

    fn check_arguments(&mut self) {
        for Check { at, when, met, unmet } in std::mem::take(&mut self.checks) {
            self.place(at);
            let count = when.len();
            for (index, alternative) in when.into_iter().enumerate() {
                let other = if index + 1 == count { unmet } else { self.label() };
                self.check_alternative(&alternative, met, other);
                if other != unmet {
                    self.place(other);
                }
            }
        }
    }

    fn check_alternative(&mut self, conditions: &[Condition], met: Label, unmet: Label) {
        for (index, condition) in conditions.iter().enumerate() {
            let is_last = index + 1 == conditions.len();
            let holds = if is_last { met } else { self.label() };
            let offset = ARGUMENTS + ARGUMENT_BYTES * u32::from(condition.argument) + LOW;
            self.push(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, offset);
            if condition.mask != u32::MAX {
                self.push(libc::BPF_ALU | libc::BPF_AND | libc::BPF_K, condition.mask);
            }
            match &condition.test {
                Test::OneOf(values) => {
                    for (index, &value) in values.iter().enumerate() {
                        if index + 1 == values.len() {
                            self.jump(libc::BPF_JEQ, value, holds, unmet);
                        } else {
                            let next = self.label();
                            self.jump(libc::BPF_JEQ, value, holds, next);
                            self.place(next);
                        }
                    }
                }
                Test::Not(value) => self.jump(libc::BPF_JEQ, *value, unmet, holds),
                Test::AtMost(most) => self.jump(libc::BPF_JGT, *most, unmet, holds),
            }
            if !is_last {
                self.place(holds);
            }
        }
    }

    fn finish(mut self) -> Result<BpfProgram, String> {
        // A program without a rule has nothing to search: what comes first is the answer to all calls.
        for (answer, label) in std::mem::take(&mut self.answers) {
            self.place(label);
            self.push(libc::BPF_RET | libc::BPF_K, answer);
        }
        let Self { instructions, labels, .. } = &self;
        let distance = |from: usize, to: Label| {
            let to = labels.get(to).copied().flatten().ok_or("a jump to nowhere")?;
            let skipped = to.checked_sub(from + 1).ok_or("a jump back")?;
            u8::try_from(skipped).map_err(|_| "the filter of system calls is too long".to_owned())
        };
        let encoded = instructions.iter().enumerate().map(|(index, &Instruction { code, k, to })| {
            let (jt, jf) = match to {
                Some((yes, no)) => (distance(index, yes)?, distance(index, no)?),
                None => (0, 0),
            };
            Ok(sock_filter { code: code as u16, jt, jf, k })
        });
        encoded.collect()
    }
}

#[cfg(test)]
pub mod tests {
    use proptest::prelude::*;

    use super::*;

    const KILL: Answer = libc::SECCOMP_RET_KILL_PROCESS;

    /// A call, as the kernel shows it to a filter.
    #[derive(Clone, Debug, Default)]
    pub struct Call {
        pub number: u32,
        pub arguments: [u64; 6],
    }

    /// What a program answers to a call, as the kernel would run it; and how many instructions that took.
    pub fn run(program: &[sock_filter], table: u32, call: &Call) -> (Answer, usize) {
        let (mut a, mut at, mut steps) = (0_u32, 0, 0);
        loop {
            let sock_filter { code, jt, jf, k } = program[at].clone();
            at += 1;
            steps += 1;
            let code = u32::from(code);
            let holds = match (code & 7, code & 0xf0) {
                (libc::BPF_LD, _) => {
                    a = match k {
                        NUMBER => call.number,
                        TABLE => table,
                        _ => call.arguments[((k - ARGUMENTS) / ARGUMENT_BYTES) as usize] as u32,
                    };
                    continue;
                }
                (libc::BPF_ALU, libc::BPF_AND) => {
                    a &= k;
                    continue;
                }
                (libc::BPF_JMP, libc::BPF_JEQ) => a == k,
                (libc::BPF_JMP, libc::BPF_JGE) => a >= k,
                (libc::BPF_JMP, libc::BPF_JGT) => a > k,
                (libc::BPF_RET, _) => return (k, steps),
                other => panic!("an instruction that no filter has: {other:?}"),
            };
            at += usize::from(if holds { jt } else { jf });
        }
    }

    /// What the rules say of a call.
    fn expected(rules: &[Rule], call: &Call) -> Answer {
        let Some(rule) = rules.iter().find(|rule| rule.call == c_long::from(call.number)) else {
            return KILL;
        };
        let holds = |condition: &Condition| {
            let value = call.arguments[usize::from(condition.argument)] as u32 & condition.mask;
            match &condition.test {
                Test::OneOf(values) => values.contains(&value),
                Test::Not(other) => value != *other,
                Test::AtMost(most) => value <= *most,
            }
        };
        let is_met = rule.when.is_empty() || rule.when.iter().any(|all| all.iter().all(holds));
        if is_met { rule.answer } else { rule.otherwise.unwrap_or(KILL) }
    }

    fn condition() -> impl Strategy<Value = Condition> {
        let small = 0_i32..6;
        let (one, many) = (small.clone(), prop::collection::vec(small.clone(), 1..4));
        (0_u8..3, one, many, small, 0..5).prop_map(|(argument, value, values, optional, kind)| match kind {
            0 => is(argument, value),
            1 => one_of(argument, &values),
            2 => is_not(argument, value),
            3 => at_most(argument, value),
            _ => one_of_with_flags(argument, &values, optional),
        })
    }

    fn rules() -> impl Strategy<Value = Vec<Rule>> {
        let when = prop::collection::vec(prop::collection::vec(condition(), 1..3), 0..3);
        let answers = (prop::bool::ANY, prop::option::of(Just(errno(libc::EINVAL))));
        let rule = (when, answers).prop_map(|(when, (allows, otherwise))| Rule {
            call: 0,
            when,
            answer: if allows { ALLOW } else { errno(libc::EPERM) },
            otherwise,
        });
        let calls = prop::collection::btree_map(0_u32..40, rule, 0..12);
        calls.prop_map(|calls| {
            calls.into_iter().map(|(number, rule)| Rule { call: number.into(), ..rule }).collect()
        })
    }

    proptest! {
        #[test]
        fn a_program_answers_what_its_rules_say(
            rules in rules(),
            calls in prop::collection::vec((0_u32..41, prop::array::uniform6(0_u64..7), 0..3), 1..60),
        ) {
            let program = compile(&rules, KILL, KILL).unwrap();
            let table = OWN_TABLE.unwrap();
            for (number, arguments, kind) in calls {
                // High halves of arguments are nobody's business, and a negative number is a large one.
                let arguments = arguments.map(|it| match kind {
                    0 => it,
                    1 => it | 7 << 32,
                    _ => it.wrapping_neg(),
                });
                let call = Call { number, arguments };
                prop_assert_eq!(run(&program, table, &call).0, expected(&rules, &call), "{:?}", call);
                prop_assert_eq!(run(&program, table ^ 1, &call).0, KILL);
                let x32 = Call { number: number | 0x4000_0000, ..call };
                prop_assert_eq!(run(&program, table, &x32).0, KILL);
            }
        }
    }

    #[test]
    fn an_empty_filter_answers_one_thing() {
        let program = compile(&[], KILL, errno(1)).unwrap();
        assert_eq!(run(&program, OWN_TABLE.unwrap(), &Call::default()).0, KILL);
        assert_eq!(run(&program, 0, &Call::default()).0, errno(1));
    }

    #[test]
    fn bad_rules_are_refused() {
        let twice = [Rule::always(3, ALLOW), Rule::always(3, KILL)];
        assert!(compile(&twice, KILL, KILL).is_err_and(|error| error.contains("two rules")));
        assert!(compile(&[Rule::always(-1, ALLOW)], KILL, KILL).is_err());
        let many: Vec<Rule> = (0..400).map(|call| Rule::always(call, ALLOW)).collect();
        assert!(compile(&many, KILL, KILL).is_err_and(|error| error.contains("too long")));
    }
}
