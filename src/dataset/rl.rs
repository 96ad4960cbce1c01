//! The view `rl`: questions with what it takes to check an answer, as trainers of reinforcement learning read them.
//!
//! The columns `data_source`, `prompt`, `ability`, `reward_model` and `extra_info` are those that verl reads; TRL reads
//! `prompt` and hands every other column to the reward function.

use super::column::row;
use super::member::{Member, Place};
use super::messages::{Message, question};

row! {
    /// A theorem to be proved.
    pub(super) struct RlRow<'a>(member: &Member<'a>) {
        id: &'a str = member.record.id.as_str(), "the record";
        licence: Option<&'a str> = member.licence, "of the library, as SPDX names it";
        place: Place<'a> = member.place(), "where the proof stands, how it opens and closes, and the axioms it rests on";
        data_source: &'static str = "rocq-distill", "what decides about the reward function";
        prompt: Vec<Message> = vec![Message::user(question(member))], "the question alone";
        ability: &'static str = "theorem_proving";
        reward_model: RewardModel = RewardModel::new(member.record.tactics_dedented()),
            "how an answer is rewarded: by a rule, which asks Rocq; the true tactics are one answer among others";
        extra_info: ExtraInfo<'a> = ExtraInfo::new(member), "what a reward function is told";
    }
}

row! {
    pub(super) struct RewardModel(tactics: String) {
        style: &'static str = "rule";
        ground_truth: String = tactics;
    }
}

row! {
    pub(super) struct ExtraInfo<'a>(member: &Member<'a>) {
        id: &'a str = member.record.id.as_str();
        split: &'static str = member.split.as_str();
        opening: &'a str = member.record.opening();
        closing: &'a str = &member.record.closing;
    }
}
