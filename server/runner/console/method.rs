//! The console's methods by number, as the script that builds the global `console` calls them.

use crate::protocol::value::{Kind, Level};

macro_rules! methods {
    ($($(#[$doc:meta])* $variant:ident = $number:literal, $name:literal;)*) => {
        /// A method of `console`. Its number is what the script that builds `console` passes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u32)]
        pub enum Method {
            $($(#[$doc])* $variant = $number,)*
        }

        impl Method {
            /// Every method, in the order of their numbers, which count from 0 without a gap.
            pub const ALL: &[Method] = &[$(Method::$variant),*];

            /// Its name in `console`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Method::$variant => $name,)*
                }
            }
        }
    };
}

methods! {
    /// `console.log(...data)`
    Log = 0, "log";
    /// `console.info(...data)`
    Info = 1, "info";
    /// `console.warn(...data)`
    Warn = 2, "warn";
    /// `console.error(...data)`
    Error = 3, "error";
    /// `console.debug(...data)`
    Debug = 4, "debug";
    /// `console.dir(item)`
    Dir = 5, "dir";
    /// `console.dirxml(...data)`: the same as `log`.
    Dirxml = 6, "dirxml";
    /// `console.table(data, columns)`
    Table = 7, "table";
    /// `console.group(...data)`
    Group = 8, "group";
    /// `console.groupCollapsed(...data)`
    GroupCollapsed = 9, "groupCollapsed";
    /// `console.groupEnd()`
    GroupEnd = 10, "groupEnd";
    /// `console.time(label)`
    Time = 11, "time";
    /// `console.timeLog(label, ...data)`
    TimeLog = 12, "timeLog";
    /// `console.timeEnd(label)`
    TimeEnd = 13, "timeEnd";
    /// `console.count(label)`
    Count = 14, "count";
    /// `console.countReset(label)`
    CountReset = 15, "countReset";
    /// `console.assert(condition, ...data)`
    Assert = 16, "assert";
    /// `console.trace(...data)`
    Trace = 17, "trace";
    /// `console.clear()`
    Clear = 18, "clear";
}

impl Method {
    /// Whether its first argument is a label, which counts as the string that it can be made.
    pub fn has_label(self) -> bool {
        use Method::{Count, CountReset, Time, TimeEnd, TimeLog};
        matches!(self, Count | CountReset | Time | TimeLog | TimeEnd)
    }

    /// The severity of what it prints; that of a complaint (a timer that does not exist) is `Warn`.
    pub(super) fn level(self) -> Level {
        match self {
            Method::Debug => Level::Debug,
            Method::Info => Level::Info,
            Method::Warn => Level::Warn,
            Method::Error | Method::Assert => Level::Error,
            _ => Level::Log,
        }
    }

    pub(super) fn kind(self) -> Option<Kind> {
        Some(match self {
            Method::Log | Method::Info | Method::Warn | Method::Error | Method::Debug | Method::Dirxml => {
                return None;
            }
            Method::Dir => Kind::Dir,
            Method::Table => Kind::Table,
            Method::Group => Kind::Group,
            Method::GroupCollapsed => Kind::GroupCollapsed,
            Method::GroupEnd => Kind::GroupEnd,
            Method::Time | Method::TimeLog | Method::TimeEnd => Kind::Time,
            Method::Count | Method::CountReset => Kind::Count,
            Method::Assert => Kind::Assert,
            Method::Trace => Kind::Trace,
            Method::Clear => Kind::Clear,
        })
    }
}

/// There is no method with this number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("console has no method number {0}")]
pub struct UnknownMethod(pub u32);

impl TryFrom<u32> for Method {
    type Error = UnknownMethod;

    fn try_from(number: u32) -> Result<Self, UnknownMethod> {
        Self::ALL.get(number as usize).copied().ok_or(UnknownMethod(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_lead_back_to_their_methods() {
        for (number, &method) in Method::ALL.iter().enumerate() {
            assert_eq!(method as usize, number);
            assert_eq!(Method::try_from(number as u32), Ok(method));
        }
        assert_eq!(Method::try_from(Method::ALL.len() as u32), Err(UnknownMethod(19)));
    }
}
