//! How fast requests are sent: requests per second, tokens per minute, and a spread of the first ones.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use crate::settings::EndpointSettings;

/// How fast requests are sent.
#[derive(Debug)]
pub struct Pace {
    requests: Option<DefaultDirectRateLimiter>,
    tokens: Option<(DefaultDirectRateLimiter, NonZeroU32)>,
    mean_delay: f64,
    /// How many of the first requests are yet to be spread.
    n_to_spread: AtomicUsize,
}

impl Pace {
    /// The pace that the settings ask for.
    pub fn new(settings: &EndpointSettings) -> Self {
        let requests = settings.requests_per_second.and_then(|rate| {
            // One at a time, evenly: a burst at the start would be more than the rate.
            let quota = Quota::with_period(Duration::from_secs_f64(1.0 / rate))?;
            Some(RateLimiter::direct(quota.allow_burst(NonZeroU32::MIN)))
        });
        let tokens = settings.tokens_per_minute.and_then(NonZeroU32::new).map(|rate| {
            let burst = NonZeroU32::new(rate.get() / 10).unwrap_or(NonZeroU32::MIN);
            (RateLimiter::direct(Quota::per_minute(rate).allow_burst(burst)), burst)
        });
        Self {
            requests,
            tokens,
            mean_delay: settings.mean_delay_s,
            n_to_spread: AtomicUsize::new(if settings.mean_delay_s > 0.0 { settings.max_workers } else { 0 }),
        }
    }

    /// Waits until a request of so many tokens may be sent.
    pub async fn wait(&self, tokens: u64) {
        let spread = self.n_to_spread.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        if spread.is_ok() {
            let seconds = rand::random_range(0.0..=2.0 * self.mean_delay);
            tokio::time::sleep(Duration::try_from_secs_f64(seconds).unwrap_or_default()).await;
        }
        if let Some((limiter, burst)) = &self.tokens {
            let mut left = u32::try_from(tokens).unwrap_or(u32::MAX);
            while let Some(portion) = NonZeroU32::new(left.min(burst.get())) {
                // A portion is never more than a burst.
                let _ = limiter.until_n_ready(portion).await;
                left -= portion.get();
            }
        }
        if let Some(limiter) = &self.requests {
            limiter.until_ready().await;
        }
    }
}
