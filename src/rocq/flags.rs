//! The flags that a library is compiled with: which of them a prover is given, and those of libraries whose installed
//! folders do not tell.

use crate::record::LogicalPath;

/// Libraries that do not load with the usual flags, by the first parts of their logical paths.
const KNOWN: &[(&str, &[&str])] = &[
    // What the prelude is made of cannot load it.
    ("Coq.Init", &["-noinit"]),
    ("Corelib.Init", &["-noinit"]),
    ("HoTT", &["-noinit", "-indices-matter"]),
    ("UniMath", &["-noinit", "-indices-matter", "-type-in-type"]),
];

/// Flags that say what `coqc` is to write: no other program knows them, and nothing that is read depends on them.
const OF_OUTPUT: &[&str] =
    &["-noglob", "-no-glob", "-vos", "-vok", "-vio", "-quick", "-time", "-verbose", "-beautify", "-profile-ltac"];

/// The same, with a word behind each.
const OF_OUTPUT_WITH_WORD: &[&str] = &["-dump-glob", "-o", "-time-file", "-profile", "-native-output-dir"];

/// The flags with which a library is known to be compiled.
pub fn known(library: &LogicalPath) -> Vec<String> {
    let is_part = |prefix: &str| {
        library.as_str().strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let flags = KNOWN.iter().find(|(prefix, _)| is_part(prefix)).map_or(&[][..], |(_, flags)| flags);
    flags.iter().map(|flag| (*flag).to_owned()).collect()
}

/// The flags that matter to the meaning of a file.
pub fn of_meaning(flags: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut flags = flags.into_iter();
    let mut kept = Vec::new();
    while let Some(flag) = flags.next() {
        if OF_OUTPUT_WITH_WORD.contains(&flag.as_str()) {
            flags.next();
        } else if !OF_OUTPUT.contains(&flag.as_str()) {
            kept.push(flag);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn m76_the_flags_of_well_known_libraries_are_known_by_name() {
        let known = |name: &str| known(&LogicalPath::new(name)).join(" ");
        assert_eq!(known("HoTT.Basics.Overture"), "-noinit -indices-matter");
        assert_eq!(known("UniMath.Foundations.Init"), "-noinit -indices-matter -type-in-type");
        assert_eq!(known("Coq.Init.Logic"), "-noinit");
        assert_eq!(known("Coq.Initial"), "");
    }

    #[test]
    fn m63_flags_about_what_coqc_writes_are_left_out() {
        let kept = of_meaning(flags("-w -all -noglob -dump-glob x.glob -noinit -vos -set Foo=1 -o a.vo"));
        assert_eq!(kept, flags("-w -all -noinit -set Foo=1"));
    }
}
