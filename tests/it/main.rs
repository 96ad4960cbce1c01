//! One test binary: a file a step, and one each for the command line, the settings and the architecture.

mod export;
mod filter;
mod measure;
mod support;
