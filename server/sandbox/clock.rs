//! A run's two clocks, of which one goes at a time: the one for the program's own time, and the one for the time in
//! which it waits for people.

use std::time::Duration;

use tokio::time::Instant;

/// The longest time that a clock can be set to: without end, for a run.
const MOST: Duration = Duration::from_secs(365 * 86_400);

/// See the [module](self).
#[derive(Debug)]
pub struct Clock {
    /// What is left of each as of `since`, the program's own first.
    left: [Duration; 2],
    used: [Duration; 2],
    since: Instant,
    waits: bool,
}

impl Clock {
    /// Starts with the program's own time.
    pub fn start(wall_ms: u64, prompt_ms: u64) -> Self {
        let left = [wall_ms, prompt_ms].map(|ms| Duration::from_millis(ms).min(MOST));
        Self { left, used: [Duration::ZERO; 2], since: Instant::now(), waits: false }
    }

    /// Whether the program waits for people now.
    pub fn waits(&self) -> bool {
        self.waits
    }

    /// From now on it does, or does not.
    pub fn switch(&mut self, waits: bool) {
        let now = Instant::now();
        let (gone, which) = (now - self.since, usize::from(self.waits));
        self.left[which] = self.left[which].saturating_sub(gone);
        self.used[which] += gone;
        self.since = now;
        self.waits = waits;
    }

    /// When the one that goes has run down.
    pub fn deadline(&self) -> Instant {
        self.since + self.left[usize::from(self.waits)]
    }

    /// What was used of both until now, the program's own first.
    pub fn used(&self) -> [Duration; 2] {
        let mut used = self.used;
        used[usize::from(self.waits)] += self.since.elapsed();
        used
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_clock_goes_at_a_time() {
        let start = Instant::now();
        let seconds = Duration::from_secs;
        let mut clock = Clock::start(10_000, 60_000);
        assert_eq!(clock.deadline(), start + seconds(10));
        advance(seconds(4)).await;
        clock.switch(true);
        assert_eq!(clock.deadline(), start + seconds(64));
        advance(seconds(50)).await;
        assert_eq!(clock.used(), [seconds(4), seconds(50)]);
        clock.switch(false);
        assert_eq!(clock.deadline(), start + seconds(60));
        advance(seconds(1)).await;
        clock.switch(true);
        assert_eq!(clock.deadline(), start + seconds(65), "what is left of the second, ten seconds");
        advance(seconds(20)).await;
        clock.switch(false);
        assert_eq!(clock.used(), [seconds(5), seconds(70)]);
        assert_eq!(clock.deadline(), start + seconds(80));
    }

    #[tokio::test(start_paused = true)]
    async fn no_limit_is_too_long_for_it() {
        let mut clock = Clock::start(u64::MAX, u64::MAX);
        advance(Duration::from_secs(1_000_000)).await;
        clock.switch(true);
        assert!(clock.deadline() > Instant::now() + Duration::from_secs(1_000_000));
    }
}
