//! Which model server a stage asks, how fast, and for how much.

use super::SettingsError;

/// The `base_url` of the scripted backend.
pub const SCRIPTED: &str = "scripted";

/// Declares the settings of a stage that asks a model server: its own and those about the server in one table, so that
/// `score.base_url` stands beside `score.keep_tokens`. Serde's `flatten` would lose the key that an error is about.
macro_rules! model_stage {
    (@declare $($head:tt)*) => {
        $crate::settings::declare::settings! {
            $($head)* heading "Model server" {
                /// Address of the server, such as `http://127.0.0.1:8000/v1`, or `scripted`
                ///
                /// As the server's client libraries take it. `scripted` rehearses without a server. Where it is not set,
                /// the stage is not run.
                base_url: Option<String> = None, flag "URL";
                /// The model, as the server names it
                model: Option<String> = None, flag "NAME";
                /// The environment variable that holds the key
                ///
                /// Without that variable no key is sent.
                api_key_env: String = "OPENAI_API_KEY".to_owned();
                /// Most requests under way at once
                ///
                /// There are fewer while the server refuses some because they are too many.
                max_workers: usize = 50, in 1.0..=10_000.0, flag "N";
                /// Mean seconds that each of the first requests waits
                ///
                /// Each of the first `max_workers` requests waits a random time from 0 to twice this.
                mean_delay_s: f64 = 0.0, in 0.0..=3600.0, flag "S" named "mean-delay";
                /// Most requests that are sent in a second
                requests_per_second: Option<f64> = None, in 0.000_001..=1_000_000.0;
                /// Most tokens that are asked for in a minute: those of the prompts and those that the answers may have
                tokens_per_minute: Option<u32> = None, in 1.0..=4_000_000_000.0;
                /// Seconds that one request may take from its sending to the end of its answer
                request_limit_s: u64 = 1800, in 1.0..=1e6;
                /// Seconds that a server may ask for before the next try; where it asks for more, the run ends
                max_wait_s: u64 = 600, in 1.0..=1e6;
                /// How often a request is sent before it is given up
                max_tries: usize = 8, in 1.0..=1000.0;
                /// Seconds before the second try; later ones wait twice as long each, up to a minute
                retry_delay_s: f64 = 1.0, in 0.0..=3600.0;
                /// Price of a million tokens of prompts, for a server that reports no cost
                input_price: Option<f64> = None, in 0.0..=1e6;
                /// Price of a million tokens of answers, for a server that reports no cost
                output_price: Option<f64> = None, in 0.0..=1e6;
                /// Most money that the stage may spend, all its runs together
                max_cost: Option<f64> = None, in 0.0..=1e12, flag "X";
                /// Most tokens that the stage may use up, all its runs together
                max_tokens_total: Option<u64> = None, in 0.0..=1e15, flag "N";
                /// Goes into every request as it is: sampling parameters, routing to providers, …
                body: serde_json::Map<String, serde_json::Value> = serde_json::Map::new();
            }
        }
    };
    ($(#[doc = $text:literal])* pub struct $name:ident, heading $heading:literal { $($own:tt)* }) => {
        $crate::settings::endpoint::model_stage! {
            @declare $(#[doc = $text])* pub struct $name, heading $heading { $($own)* },
        }

        impl $name {
            /// The settings about the server.
            pub fn endpoint(&self) -> $crate::settings::EndpointSettings {
                $crate::settings::EndpointSettings {
                    base_url: self.base_url.clone(),
                    model: self.model.clone(),
                    api_key_env: self.api_key_env.clone(),
                    max_workers: self.max_workers,
                    mean_delay_s: self.mean_delay_s,
                    requests_per_second: self.requests_per_second,
                    tokens_per_minute: self.tokens_per_minute,
                    request_limit_s: self.request_limit_s,
                    max_wait_s: self.max_wait_s,
                    max_tries: self.max_tries,
                    retry_delay_s: self.retry_delay_s,
                    input_price: self.input_price,
                    output_price: self.output_price,
                    max_cost: self.max_cost,
                    max_tokens_total: self.max_tokens_total,
                    body: self.body.clone(),
                }
            }
        }
    };
}

model_stage! {
    @declare
    /// Which model server a stage asks, how fast, and for how much.
    pub struct EndpointSettings,
}

impl EndpointSettings {
    /// Refuses what no server could be asked with; `stage` is the table.
    pub(super) fn check(&self, stage: &str) -> Result<(), SettingsError> {
        let key = |name: &str| format!("{stage}.{name}");
        let is_server = self.base_url.as_deref().is_some_and(|url| url != SCRIPTED);
        if is_server && self.model.is_none() {
            return Err(SettingsError::Missing { key: key("model"), because: key("base_url") });
        }
        let fixed = ["model", "messages", "prompt", "stream", "n"];
        match fixed.iter().find(|name| self.body.contains_key(**name)) {
            Some(name) => Err(SettingsError::FixedField { key: key("body"), field: (*name).to_owned() }),
            None => Ok(()),
        }
    }
}

pub(super) use model_stage;
