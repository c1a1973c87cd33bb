//! A run's clocks, of which one goes at a time: the one for the program's own time, the one for the time in which it
//! waits for answers, the one for the time in which it stays after its end, and one without a limit for the time in which
//! it waits for a place after an answer.

use std::time::Duration;

use tokio::time::Instant;

/// The longest time that a clock can be set to: without end, for a run.
const MOST: Duration = Duration::from_secs(365 * 86_400);

/// Which clock goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Time {
    /// The program's own.
    Own,
    /// It waits for an answer.
    Asked,
    /// It has ended, and stays for its visitor.
    Paused,
    /// It was answered, and waits for a place. Its turn comes, so this has no limit.
    Resuming,
}

/// See the [module](self).
#[derive(Debug)]
pub struct Clock {
    /// What is left of each as of `since`, in the order of [`Time`].
    left: [Duration; 4],
    used: [Duration; 4],
    since: Instant,
    now: Time,
}

impl Clock {
    /// Starts with the program's own time.
    pub fn start(wall_ms: u64, prompt_ms: u64, paused: Duration) -> Self {
        let left = [Duration::from_millis(wall_ms), Duration::from_millis(prompt_ms), paused, MOST];
        let left = left.map(|time| time.min(MOST));
        Self { left, used: [Duration::ZERO; 4], since: Instant::now(), now: Time::Own }
    }

    /// Which one goes.
    pub fn time(&self) -> Time {
        self.now
    }

    /// From now on this one goes.
    pub fn switch(&mut self, to: Time) {
        let now = Instant::now();
        let (gone, which) = (now - self.since, self.now as usize);
        self.left[which] = self.left[which].saturating_sub(gone);
        self.used[which] += gone;
        self.since = now;
        self.now = to;
    }

    /// When the one that goes has run down.
    pub fn deadline(&self) -> Instant {
        self.since + self.left[self.now as usize]
    }

    /// What was used until now of the program's own time, and of that for answers.
    pub fn used(&self) -> [Duration; 2] {
        let mut used = self.used;
        used[self.now as usize] += self.since.elapsed();
        [used[0], used[1]]
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
        let mut clock = Clock::start(10_000, 60_000, seconds(30));
        assert_eq!(clock.deadline(), start + seconds(10));
        advance(seconds(4)).await;
        clock.switch(Time::Asked);
        assert_eq!(clock.deadline(), start + seconds(64));
        advance(seconds(50)).await;
        assert_eq!(clock.used(), [seconds(4), seconds(50)]);
        clock.switch(Time::Own);
        assert_eq!(clock.deadline(), start + seconds(60));
        advance(seconds(1)).await;
        clock.switch(Time::Asked);
        assert_eq!(clock.deadline(), start + seconds(65), "what is left of the second, ten seconds");
        advance(seconds(20)).await;
        clock.switch(Time::Own);
        assert_eq!(clock.used(), [seconds(5), seconds(70)]);
        assert_eq!(clock.deadline(), start + seconds(80));
        clock.switch(Time::Paused);
        assert_eq!(clock.deadline(), start + seconds(105));
        advance(seconds(7)).await;
        clock.switch(Time::Own);
        clock.switch(Time::Paused);
        assert_eq!(clock.deadline(), start + seconds(105), "what is left of it");
        assert_eq!(clock.used(), [seconds(5), seconds(70)], "and it is nobody's use");
    }

    #[tokio::test(start_paused = true)]
    async fn no_limit_is_too_long_for_it() {
        let mut clock = Clock::start(u64::MAX, u64::MAX, Duration::MAX);
        advance(Duration::from_secs(1_000_000)).await;
        clock.switch(Time::Asked);
        assert!(clock.deadline() > Instant::now() + Duration::from_secs(1_000_000));
    }
}
