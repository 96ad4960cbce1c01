//! Which model server a stage asks, how fast, and for how much.

use serde_json::{Map, Value};

use super::SettingsError;

/// Which model server a stage asks, how fast, and for how much.
#[derive(Debug, Clone)]
pub struct EndpointSettings {
    /// The address that the server's client libraries take, such as `https://api.openai.com/v1`;
    /// [`SCRIPTED`] rehearses without a server; absent: the stage is not run.
    pub base_url: Option<String>,
    /// The model, as the server names it.
    pub model: Option<String>,
    /// The environment variable that holds the key; without that variable no key is sent.
    pub api_key_env: String,
    /// Most requests under way at once; fewer while the server refuses some because they are too many.
    pub max_workers: usize,
    /// Seconds: each of the first `max_workers` requests waits a random time from 0 to twice this.
    pub mean_delay: f64,
    /// Most requests that are sent in a second.
    pub requests_per_second: Option<f64>,
    /// Most tokens that are asked for in a minute: those of the prompts and those that the answers may have.
    pub tokens_per_minute: Option<u32>,
    /// Seconds that one request may take from its sending to the end of its answer.
    pub request_limit_s: u64,
    /// How often a request is sent before it is given up.
    pub max_tries: usize,
    /// Seconds before the second try; later ones wait twice as long each, up to a minute.
    pub retry_delay_s: f64,
    /// Price of a million tokens of prompts, for a server that reports no cost.
    pub input_price: Option<f64>,
    /// Price of a million tokens of answers, for a server that reports no cost.
    pub output_price: Option<f64>,
    /// The most money that the stage may spend, all its runs together.
    pub max_cost: Option<f64>,
    /// The most tokens that the stage may use up, all its runs together.
    pub max_tokens_total: Option<u64>,
    /// Goes into every request as it is: sampling parameters, routing to providers, …
    pub body: Map<String, Value>,
}

/// The `base_url` of the scripted backend.
pub const SCRIPTED: &str = "scripted";

/// The keys of an endpoint that mean nothing unless they are set.
pub(super) const OPTIONAL_KEYS: &[&str] = &[
    "base_url",
    "model",
    "requests_per_second",
    "tokens_per_minute",
    "input_price",
    "output_price",
    "max_cost",
    "max_tokens_total",
];

impl Default for EndpointSettings {
    fn default() -> Self {
        Self {
            base_url: None,
            model: None,
            api_key_env: "OPENAI_API_KEY".to_owned(),
            max_workers: 50,
            mean_delay: 0.0,
            requests_per_second: None,
            tokens_per_minute: None,
            request_limit_s: 1800,
            max_tries: 8,
            retry_delay_s: 1.0,
            input_price: None,
            output_price: None,
            max_cost: None,
            max_tokens_total: None,
            body: Map::new(),
        }
    }
}

impl EndpointSettings {
    /// Refuses what no server could be asked with; `stage` is the table.
    pub(super) fn check(&self, stage: &str) -> Result<(), SettingsError> {
        let key = |name: &str| format!("{stage}.{name}");
        let is_server = self.base_url.as_deref().is_some_and(|url| url != SCRIPTED);
        if is_server && self.model.is_none() {
            return Err(SettingsError::Missing { key: key("model"), because: key("base_url") });
        }
        for (name, value) in [("max_workers", self.max_workers), ("max_tries", self.max_tries)] {
            if value == 0 {
                return Err(SettingsError::OutOfRange { key: key(name), least: 1 });
            }
        }
        let numbers = [
            ("mean_delay", Some(self.mean_delay)),
            ("retry_delay_s", Some(self.retry_delay_s)),
            ("input_price", self.input_price),
            ("output_price", self.output_price),
            ("max_cost", self.max_cost),
        ];
        let is_amount = |number: f64| number.is_finite() && number >= 0.0;
        if let Some((name, _)) = numbers.iter().find(|(_, number)| !number.is_none_or(is_amount)) {
            return Err(SettingsError::OutOfRange { key: key(name), least: 0 });
        }
        if self.requests_per_second.is_some_and(|rate| !(rate.is_finite() && rate > 0.0))
            || self.tokens_per_minute == Some(0)
        {
            return Err(SettingsError::NoRate { stage: stage.to_owned() });
        }
        let fixed = ["model", "messages", "prompt", "stream", "n"];
        match fixed.iter().find(|name| self.body.contains_key(**name)) {
            Some(name) => Err(SettingsError::FixedField { key: key("body"), field: (*name).to_owned() }),
            None => Ok(()),
        }
    }
}

/// Declares the settings of a stage that asks a model server: its own and those of [`EndpointSettings`] in one table, so
/// that `score.base_url` stands beside `score.keep_tokens`. Serde's `flatten` would lose the key that an error is about.
macro_rules! model_stage {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $ty:ty = $default:expr,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $ty,)*
            /// See [`EndpointSettings::base_url`].
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub base_url: Option<String>,
            /// See [`EndpointSettings::model`].
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub model: Option<String>,
            /// See [`EndpointSettings::api_key_env`].
            pub api_key_env: String,
            /// See [`EndpointSettings::max_workers`].
            pub max_workers: usize,
            /// See [`EndpointSettings::mean_delay`].
            pub mean_delay: f64,
            /// See [`EndpointSettings::requests_per_second`].
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub requests_per_second: Option<f64>,
            /// See [`EndpointSettings::tokens_per_minute`].
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub tokens_per_minute: Option<u32>,
            /// See [`EndpointSettings::request_limit_s`].
            pub request_limit_s: u64,
            /// See [`EndpointSettings::max_tries`].
            pub max_tries: usize,
            /// See [`EndpointSettings::retry_delay_s`].
            pub retry_delay_s: f64,
            /// See [`EndpointSettings::input_price`].
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub input_price: Option<f64>,
            /// See [`EndpointSettings::output_price`].
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub output_price: Option<f64>,
            /// See [`EndpointSettings::max_cost`].
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub max_cost: Option<f64>,
            /// See [`EndpointSettings::max_tokens_total`].
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub max_tokens_total: Option<u64>,
            /// See [`EndpointSettings::body`].
            pub body: serde_json::Map<String, serde_json::Value>,
        }

        impl Default for $name {
            fn default() -> Self {
                let EndpointSettings {
                    base_url, model, api_key_env, max_workers, mean_delay, requests_per_second, tokens_per_minute,
                    request_limit_s, max_tries, retry_delay_s, input_price, output_price, max_cost, max_tokens_total,
                    body,
                } = EndpointSettings::default();
                Self {
                    $($field: $default,)*
                    base_url, model, api_key_env, max_workers, mean_delay, requests_per_second, tokens_per_minute,
                    request_limit_s, max_tries, retry_delay_s, input_price, output_price, max_cost, max_tokens_total,
                    body,
                }
            }
        }

        impl $name {
            /// The part of the settings that is about the server.
            pub fn endpoint(&self) -> EndpointSettings {
                let Self {
                    base_url, model, api_key_env, max_workers, mean_delay, requests_per_second, tokens_per_minute,
                    request_limit_s, max_tries, retry_delay_s, input_price, output_price, max_cost, max_tokens_total,
                    body, ..
                } = self.clone();
                EndpointSettings {
                    base_url, model, api_key_env, max_workers, mean_delay, requests_per_second, tokens_per_minute,
                    request_limit_s, max_tries, retry_delay_s, input_price, output_price, max_cost, max_tokens_total,
                    body,
                }
            }
        }
    };
}

pub(super) use model_stage;
