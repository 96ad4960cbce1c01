//! Reads `.glob` files: which name in a source text means what.
//!
//! Source: `interp/dumpglob.ml` of Coq 8.20. The first line is `DIGEST <md5 of the .v>`, the second `F<logical path>`;
//! then `R<start>:<end> <library> <path> <name> <kind>` for each reference and `<kind> <start>:<end> <path> <name>` for
//! each definition. Offsets are bytes, the end inclusive; `<>` is the empty path.

use std::ops::Range;

use crate::record::{FullName, LogicalPath};

/// What a `.glob` file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob {
    /// MD5 of the source text, as 32 hexadecimal digits.
    pub digest: String,
    /// The logical path of the file.
    pub logical_path: LogicalPath,
    /// References, in the order of their starts.
    pub references: Vec<Reference>,
    /// Definitions, in the order of their starts.
    pub definitions: Vec<Definition>,
}

/// A place in the text that names something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Bytes of the text.
    pub range: Range<usize>,
    /// The file that defines it.
    pub library: LogicalPath,
    /// Modules within that file, joined by dots; empty for none. Sections do not count.
    pub path: String,
    /// The name, or the key of a notation.
    pub name: String,
    /// `thm`, `def`, `not`, `var`, …
    pub kind: String,
}

/// A place in the text that defines something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// Bytes of the text.
    pub range: Range<usize>,
    /// Modules within the file, joined by dots; empty for none. Sections do not count.
    pub path: String,
    /// The name.
    pub name: String,
    /// `prf`, `def`, `ax`, …
    pub kind: String,
}

/// What is wrong with a `.glob` file.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("line {line} is not understood: `{text}`")]
pub struct BadGlob {
    /// Counts from one.
    pub line: usize,
    /// The line, or its start.
    pub text: String,
}

/// Reads a whole file.
pub fn parse(text: &str) -> Result<Glob, BadGlob> {
    let mut lines = text.lines().enumerate();
    let mut header = |prefix: &str| {
        let (index, line) = lines.next().unwrap_or((0, ""));
        line.strip_prefix(prefix).map(str::to_owned).ok_or_else(|| bad(index, line))
    };
    let digest = header("DIGEST ")?;
    let logical_path = LogicalPath::new(header("F")?);
    let mut references = Vec::new();
    let mut definitions = Vec::new();
    for (index, line) in lines {
        match entry(line).ok_or_else(|| bad(index, line))? {
            Entry::Reference(reference) => references.push(reference),
            Entry::Definition(definition) => definitions.push(definition),
            Entry::Nowhere => {}
        }
    }
    references.sort_by_key(|reference| reference.range.start);
    definitions.sort_by_key(|definition| definition.range.start);
    Ok(Glob { digest, logical_path, references, definitions })
}

impl Glob {
    /// Says nothing of a file.
    pub fn empty(logical_path: LogicalPath) -> Self {
        Self { digest: String::new(), logical_path, references: Vec::new(), definitions: Vec::new() }
    }

    /// Counts all places from the start of a source text: Rocq counts them from behind its byte order mark.
    #[must_use]
    pub fn counted_in(mut self, text: &str) -> Self {
        let mark = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let references = self.references.iter_mut().map(|reference| &mut reference.range);
        let definitions = self.definitions.iter_mut().map(|definition| &mut definition.range);
        references.chain(definitions).for_each(|range| *range = range.start + mark..range.end + mark);
        self
    }

    /// The references that lie within some bytes of the text.
    pub fn references_in(&self, range: &Range<usize>) -> &[Reference] {
        let first = self.references.partition_point(|reference| reference.range.start < range.start);
        let end = self.references.partition_point(|reference| reference.range.start < range.end);
        &self.references[first..end.max(first)]
    }

    /// The definitions that lie within some bytes of the text.
    pub fn definitions_in(&self, range: &Range<usize>) -> &[Definition] {
        let first = self.definitions.partition_point(|definition| definition.range.start < range.start);
        let end = self.definitions.partition_point(|definition| definition.range.start < range.end);
        &self.definitions[first..end.max(first)]
    }
}

impl Reference {
    /// The name with its library and modules.
    pub fn full_name(&self) -> FullName {
        self.library.object(&within(&self.path, &self.name))
    }

    /// Whether the text at its range names what it says: `sentence` is what that range lies in.
    ///
    /// A plugin that reads other files writes down the offsets in those. Of a notation the range tells little, as it may
    /// be that of a bracket or a blank, so that one symbol of it has to stand anywhere in the sentence.
    pub fn is_named_by(&self, text: &str, sentence: &str) -> bool {
        let Some(written) = text.get(self.range.clone()) else { return false };
        match self.target() {
            Target::Object | Target::Abbreviation => {
                let before = written.strip_suffix(self.name.as_str());
                before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
            }
            Target::Notation(key) => key.symbols().next().is_some_and(|symbol| sentence.contains(symbol)),
            Target::Other => true,
        }
    }

    /// What sort of thing is named.
    pub fn target(&self) -> Target<'_> {
        // What a definition binds for itself goes by its name and a number: `f:23`.
        let is_bound = |name: &str| name.rsplit_once(':').is_some_and(|(_, number)| number.parse::<u32>().is_ok());
        match self.kind.as_str() {
            "not" => notation(&self.name).map_or(Target::Other, Target::Notation),
            "abbrev" | "syndef" => Target::Abbreviation,
            // Bound and section variables belong to the context; the rest are no objects of the logic.
            "binder" | "sec" | "mod" | "modtype" | "lib" => Target::Other,
            // `var`, `vardef`, `varprfax`, …
            kind if kind.starts_with("var") && kind != "variant" => Target::Other,
            _ if is_bound(&self.name) => Target::Other,
            _ => Target::Object,
        }
    }
}

/// What sort of thing a reference names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target<'a> {
    /// A constant, an inductive type, a constructor, …
    Object,
    /// A notation that is one name.
    Abbreviation,
    /// Any other notation.
    Notation(NotationKey<'a>),
    /// Nothing that a record lists.
    Other,
}

/// The key of a notation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotationKey<'a> {
    /// The scope; empty for none.
    pub scope: &'a str,
    /// The notation as `Locate` takes it, with `_` for each argument.
    pub text: String,
}

impl NotationKey<'_> {
    /// What is written of it beside its arguments.
    fn symbols(&self) -> impl Iterator<Item = &str> {
        self.text.split_whitespace().filter(|part| !["_", ".."].contains(part))
    }
}

/// A path within a file and a name, joined.
pub fn within(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// What an object of a module may be called here: its full name, or that with the names of open sections put in.
pub fn in_open_sections(module: &str, name: &str, here: &[String]) -> Vec<String> {
    let mut names = vec![within(module, name)];
    let depth = module.split('.').count();
    if here.len() > depth && here.iter().map(String::as_str).zip(module.split('.')).all(|(here, part)| here == part) {
        names.extend((depth + 1..=here.len()).map(|length| within(&here[..length].join("."), name)));
    }
    names
}

enum Entry {
    Reference(Reference),
    Definition(Definition),
    /// It has no place in the text: `coqc` writes `R244:-1` for a notation of no symbols.
    Nowhere,
}

fn entry(line: &str) -> Option<Entry> {
    let Some(rest) = line.strip_prefix('R') else { return definition(line).map(Entry::Definition) };
    let mut words = rest.split_ascii_whitespace();
    match range(words.next()?)? {
        range if range.is_empty() => Some(Entry::Nowhere),
        range => reference(range, words).map(Entry::Reference),
    }
}

fn reference<'a>(range: Range<usize>, mut words: impl Iterator<Item = &'a str>) -> Option<Reference> {
    let library = LogicalPath::new(words.next()?);
    let path = path(words.next()?);
    let name = words.next()?.to_owned();
    let kind = words.next()?.to_owned();
    Some(Reference { range, library, path, name, kind })
}

fn definition(line: &str) -> Option<Definition> {
    let mut words = line.split_ascii_whitespace();
    let kind = words.next()?.to_owned();
    let range = range(words.next()?)?;
    let path = path(words.next()?);
    let name = words.next()?.to_owned();
    Some(Definition { range, path, name, kind })
}

/// `start:end` with an inclusive end; a lone `start` is one byte, an end before the start is none.
fn range(text: &str) -> Option<Range<usize>> {
    let (start, end) = text.split_once(':').unwrap_or((text, text));
    let (start, end) = (start.parse().ok()?, end.parse::<i64>().ok()?);
    let end = usize::try_from(end.checked_add(1)?).unwrap_or(0);
    // No file is that long; what is added to a place later cannot overflow.
    (start <= usize::MAX / 2 && end <= usize::MAX / 2).then_some(start..end.max(start))
}

fn path(text: &str) -> String {
    if text == "<>" { String::new() } else { text.to_owned() }
}

/// Decodes `<entry>:<scope>:<key>`, which Coq writes as `:scope:key` after the entry's own colon.
///
/// In the key a blank is `_`, an argument `x`, and a symbol stands between quotes, a quote within it doubled.
fn notation(name: &str) -> Option<NotationKey<'_>> {
    let mut parts = name.splitn(4, ':');
    let (before, _entry, scope, key) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    if !before.is_empty() {
        return None;
    }
    let mut text = String::new();
    let mut characters = key.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '_' => text.push(' '),
            'x' => text.push('_'),
            '\'' => {
                while let Some(symbol) = characters.next() {
                    if symbol == '\'' && characters.next_if_eq(&'\'').is_none() {
                        break;
                    }
                    text.push(symbol);
                }
            }
            other => text.push(other),
        }
    }
    Some(NotationKey { scope, text })
}

fn bad(index: usize, line: &str) -> BadGlob {
    BadGlob { line: index + 1, text: line.chars().take(120).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_of_an_open_section_goes_by_the_sections_name_too() {
        let names =
            |here: &str| in_open_sections("l.file.M", "x", &here.split('.').map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(names("l.file.M.S.T"), ["l.file.M.x", "l.file.M.S.x", "l.file.M.S.T.x"]);
        assert_eq!(names("l.file.N"), ["l.file.M.x"]);
        assert_eq!(names("l.file.M"), ["l.file.M.x"]);
    }

    const EXAMPLE: &str = "DIGEST d9d28ad669a7a84c381f691ca9b631a6\nFmathcomp.ssreflect.div\n\
        R189:197 mathcomp.ssreflect.ssreflect <> <> lib\n\
        R2094:2096 mathcomp.ssreflect.ssrnat <> ::nat_scope:x_'-'_x not\n\
        R46720:46724 mathcomp.algebra.ssralg GRing.Theory addrC def\n\
        prf 2344:2349 <> edivnP\nR3106:3106 mathcomp.ssreflect.div <> m:19 var\n";

    #[test]
    fn references_and_definitions_are_told_apart() {
        let glob = parse(EXAMPLE).unwrap();
        assert_eq!(glob.logical_path.as_str(), "mathcomp.ssreflect.div");
        let targets: Vec<_> = glob.references.iter().map(Reference::target).collect();
        assert_eq!(
            targets,
            [
                Target::Other,
                Target::Notation(NotationKey { scope: "nat_scope", text: "_ - _".to_owned() }),
                Target::Other,
                Target::Object,
            ]
        );
        assert_eq!(glob.references[3].full_name().as_str(), "mathcomp.algebra.ssralg.GRing.Theory.addrC");
        assert_eq!(glob.definitions[0].name, "edivnP");
        assert_eq!(glob.definitions[0].range, 2344..2350);
    }

    #[test]
    fn references_are_found_by_their_place() {
        let glob = parse(EXAMPLE).unwrap();
        assert_eq!(glob.references_in(&(2000..3000)).len(), 1);
        assert_eq!(glob.references_in(&(2094..46720)).len(), 2);
        assert_eq!(glob.references_in(&(0..0)).len(), 0);
    }

    #[test]
    fn notation_keys_are_decoded() {
        let decode = |key| notation(key).map(|key| (key.scope, key.text));
        assert_eq!(decode("::type_scope:'''M_'_'('_x_','_x_')'"), Some(("type_scope", "'M_ ( _ , _ )".to_owned())));
        assert_eq!(decode(":::'\\sum_'_'('_x_'<-'_x_'|'_x_')'_x"), Some(("", "\\sum_ ( _ <- _ | _ ) _".to_owned())));
        assert_eq!(decode("::core_scope:x_'..'_x"), Some(("core_scope", "_ .. _".to_owned())));
        assert_eq!(decode("no key"), None);
    }

    #[test]
    fn m61_a_reference_without_a_place_is_passed_over() {
        let glob = parse("DIGEST x\nFa.b\nR244:-1 a.b <> :com::x not\nR3:3 a.b <> y def\n").unwrap();
        assert_eq!(glob.references.iter().map(|reference| &*reference.name).collect::<Vec<_>>(), ["y"]);
    }

    #[test]
    fn m67_a_reference_counts_where_the_text_names_it() {
        let named = |text: &str, reference: &str| {
            parse(&format!("DIGEST x\nFa.b\n{reference}\n")).unwrap().references[0].is_named_by(text, text)
        };
        assert!(named("exact M.foo.", "R6:10 a.b M foo def"));
        assert!(!named("exact I bar.", "R6:10 a.b M foo def"));
        assert!(!named("exact xfoo.", "R6:9 a.b <> foo def"));
        assert!(named("rewrite (a +b).", "R10:11 a.b <> ::s:x_'+'_x not"));
        assert!(!named("exact I.", "R6:6 a.b <> ::s:x_'+'_x not"));
        assert!(!named("exact I.", "R6:60 a.b <> I constr"));
    }

    #[test]
    fn a_broken_line_is_named() {
        let error = parse("DIGEST x\nFa.b\nR12 what\n").unwrap_err();
        assert_eq!(error.to_string(), "line 3 is not understood: `R12 what`");
    }
}
