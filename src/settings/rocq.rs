//! The prover's processes.

use std::path::PathBuf;

use super::MemorySize;
use super::declare::settings;

settings! {
    /// The prover's processes.
    pub struct RocqSettings, heading "Work" {
        /// `coqidetop`, by name or by path
        program: PathBuf = PathBuf::from("coqidetop");
        /// Flags that provers are given for a library which its folder does not tell of, such as `--rocq-arg=-noinit`
        args: Vec<String> = Vec::new(), flag "FLAG" named "rocq-arg";
        /// Seconds that a sentence may take
        sentence_limit_s: u64 = 300, in 1.0..=1e6;
        /// Seconds that a question (`Print`, `About`, …) may take
        query_limit_s: u64 = 120, in 1.0..=1e6;
        /// Seconds that all of a file may take in one stage
        file_limit_s: u64 = 2 * 60 * 60, in 1.0..=1e7;
        /// Memory that each prover may use
        max_memory: MemorySize = MemorySize::from_mib(4 * 1024), in 1_048_576.0..=1_125_899_906_842_624.0, flag "SIZE";
        /// How long one answer of a prover may be
        max_answer: MemorySize = MemorySize::from_mib(512), in 1024.0..=1_099_511_627_776.0;
    }
}
