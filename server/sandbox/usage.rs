//! What a runner says of its run while that goes on: checked, as all that it says.

use tokio::time::Instant;

use crate::protocol::usage::{USAGE_BYTES, USAGE_EVERY, UsageSpec};

/// How much sooner than the server's clock a runner's may have begun, in messages.
const SLACK: u128 = 2;

/// The messages of one run.
pub struct Meter {
    is_wanted: bool,
    since: Instant,
    count: u128,
    last: UsageSpec,
}

impl Meter {
    /// Of a run that begins now, where `is_wanted` says whether there may be any.
    pub fn new(is_wanted: bool) -> Self {
        Self { is_wanted, since: Instant::now(), count: 0, last: UsageSpec::default() }
    }

    /// Takes the payload of a `USAGE` frame.
    ///
    /// # Errors
    /// In words for the log: what is wrong with it.
    pub fn take(&mut self, payload: &[u8]) -> Result<UsageSpec, &'static str> {
        if !self.is_wanted {
            return Err("usage that nobody asked for");
        }
        // One who is slow to read finds several at once, but no more than there was time for.
        self.count += 1;
        if self.count > self.since.elapsed().as_millis() / USAGE_EVERY.as_millis() + SLACK {
            return Err("usage too often");
        }
        if payload.len() > USAGE_BYTES {
            return Err("usage that is too long");
        }
        let spec: UsageSpec = serde_json::from_slice(payload).map_err(|_| "usage that can't be read")?;
        let falls = |of: fn(&UsageSpec) -> u64| of(&spec) < of(&self.last);
        if falls(|it| it.cpu_ms) || falls(|it| it.buffer_bytes) || falls(|it| it.process_bytes) {
            return Err("usage that falls");
        }
        self.last.clone_from(&spec);
        Ok(spec)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;
    use tokio::time::advance;

    use super::*;

    fn told(cpu_ms: u64) -> Vec<u8> {
        serde_json::to_vec(&UsageSpec { cpu_ms, ..UsageSpec::default() }).expect("JSON")
    }

    #[tokio::test(start_paused = true)]
    async fn as_many_messages_as_there_was_time_for() {
        let mut meter = Meter::new(true);
        assert!(meter.take(&told(1)).is_ok() && meter.take(&told(1)).is_ok());
        assert_eq!(meter.take(&told(1)), Err("usage too often"));
        let mut meter = Meter::new(true);
        advance(Duration::from_secs(10)).await;
        assert!((0..22).all(|_| meter.take(&told(1)).is_ok()), "they have waited for their reader");
        assert_eq!(meter.take(&told(1)), Err("usage too often"));
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_that_falls_is_too_long_or_was_not_asked_for() {
        assert_eq!(Meter::new(false).take(&told(1)), Err("usage that nobody asked for"));
        let mut meter = Meter::new(true);
        assert_eq!(meter.take(&told(7)).map(|it| it.cpu_ms), Ok(7));
        assert_eq!(meter.take(&told(6)), Err("usage that falls"));
        let long = [told(7), vec![b' '; USAGE_BYTES]].concat();
        assert_eq!(Meter::new(true).take(&long), Err("usage that is too long"));
        for bad in [&b"{}"[..], b"[]", b"", b"{\"cpu_ms\":-1}"] {
            assert_eq!(Meter::new(true).take(bad), Err("usage that can't be read"));
        }
    }

    proptest! {
        #[test]
        fn no_usage_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(async {
                let _ = Meter::new(true).take(&bytes);
            });
        }
    }
}
