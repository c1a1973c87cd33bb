//! What one run may use. Data only: who enforces what is in `sandbox` (time, CPU, process memory, output)
//! and `runner` (V8 heap, buffers).

use serde::{Deserialize, Serialize};

/// The bounds that one run is held to. `usage` in a finished run has the same names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Limits {
    /// Wall-clock time from start to end, in milliseconds. Default 10,000.
    pub wall_ms: u64,
    /// How long the program may have a question open in all, in milliseconds; `wall_ms` stands still meanwhile.
    /// Default 120,000.
    pub prompt_ms: u64,
    /// CPU time of the process, in milliseconds. Default 5,000.
    pub cpu_ms: u64,
    /// V8's heap, in bytes. Default 64 MiB.
    pub heap_bytes: u64,
    /// `ArrayBuffer` and WebAssembly memory together, in bytes. Default 64 MiB.
    pub buffer_bytes: u64,
    /// Resident memory of the whole process, in bytes. Default 256 MiB.
    pub process_bytes: u64,
    /// Console events and the result, as serialised for the wire, in bytes. Default 1 MiB.
    pub output_bytes: u64,
    /// How many console events a run may emit. Default 10,000.
    pub console_events: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            wall_ms: 10_000,
            prompt_ms: 120_000,
            cpu_ms: 5_000,
            heap_bytes: 64 << 20,
            buffer_bytes: 64 << 20,
            process_bytes: 256 << 20,
            output_bytes: 1 << 20,
            console_events: 10_000,
        }
    }
}

/// A request's wish for tighter limits. An absent field means the server's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct LimitsRequest {
    /// See [`Limits::wall_ms`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wall_ms: Option<u64>,
    /// See [`Limits::prompt_ms`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt_ms: Option<u64>,
    /// See [`Limits::cpu_ms`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_ms: Option<u64>,
    /// See [`Limits::heap_bytes`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heap_bytes: Option<u64>,
    /// See [`Limits::buffer_bytes`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buffer_bytes: Option<u64>,
    /// See [`Limits::process_bytes`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process_bytes: Option<u64>,
    /// See [`Limits::output_bytes`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_bytes: Option<u64>,
    /// See [`Limits::console_events`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub console_events: Option<u64>,
}

/// The least that a run can live with: a request below it is raised to it, since V8 itself needs room.
pub const FLOOR: Limits = Limits {
    wall_ms: 10,
    prompt_ms: 10,
    cpu_ms: 10,
    heap_bytes: 8 << 20,
    buffer_bytes: 64 << 10,
    process_bytes: 64 << 20,
    output_bytes: 1 << 10,
    console_events: 1,
};

impl Limits {
    /// These limits, lowered where `request` asks for less. A request can never raise one, and never goes
    /// below [`FLOOR`] (unless the server's own limit does).
    pub fn lowered(self, request: &LimitsRequest) -> Self {
        let pick = |own: u64, asked: Option<u64>, floor: u64| match asked {
            Some(asked) => own.min(asked.max(floor)),
            None => own,
        };
        Self {
            wall_ms: pick(self.wall_ms, request.wall_ms, FLOOR.wall_ms),
            prompt_ms: pick(self.prompt_ms, request.prompt_ms, FLOOR.prompt_ms),
            cpu_ms: pick(self.cpu_ms, request.cpu_ms, FLOOR.cpu_ms),
            heap_bytes: pick(self.heap_bytes, request.heap_bytes, FLOOR.heap_bytes),
            buffer_bytes: pick(self.buffer_bytes, request.buffer_bytes, FLOOR.buffer_bytes),
            process_bytes: pick(self.process_bytes, request.process_bytes, FLOOR.process_bytes),
            output_bytes: pick(self.output_bytes, request.output_bytes, FLOOR.output_bytes),
            console_events: pick(self.console_events, request.console_events, FLOOR.console_events),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_lowers_but_never_raises() {
        let own = Limits::default();
        let asked = LimitsRequest { wall_ms: Some(500), cpu_ms: Some(60_000), ..LimitsRequest::default() };
        let got = own.lowered(&asked);
        assert_eq!(got.wall_ms, 500);
        assert_eq!(got.cpu_ms, own.cpu_ms);
        assert_eq!(got.heap_bytes, own.heap_bytes);
    }

    #[test]
    fn a_request_is_raised_to_the_floor_but_not_above_the_servers_limit() {
        let asked = LimitsRequest { heap_bytes: Some(1), wall_ms: Some(0), ..LimitsRequest::default() };
        assert_eq!(Limits::default().lowered(&asked).heap_bytes, FLOOR.heap_bytes);
        let own = Limits { wall_ms: 5, ..Limits::default() };
        assert_eq!(own.lowered(&asked).wall_ms, 5);
    }
}
