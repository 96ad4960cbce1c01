//! The rules that find words of someone who has seen the script: patterns of one sentence in lower case.
//!
//! Names in braces stand for the groups of words above the rules.

use std::sync::LazyLock;

use regex::Regex;

/// What a reasoning may know only after it has found it.
const SCRIPT: &str = r"(?:tactic (?:proof|script|sequence|list|block|code)s?|tactics|(?:proof )?scripts?|sequence of tactics|solution|list of tactics|one-liner)";
/// Adjectives that say that it was handed over.
const HANDED: &str = r"(?:given|provided|supplied|listed|official|reference|ground[- ]truth|intended|pre-?written|prescribed|(?:already )?known|known-good|gold(?:en)?|model|sample|desired)";
/// Adjectives that say so of what nobody searches for.
const TRUE: &str =
    r"(?:original|expected|target|actual|real|true|correct|desired|required|final|human|author's|user's)";
/// Participles behind the noun.
const SHOWN: &str =
    r"(?:given|provided|supplied|shown|listed|stated|displayed|known|presented|handed|revealed|disclosed)";
/// Where a script stands that was handed over.
const PLACE: &str = r"(?:in|from|at the (?:end|bottom|top) of|as per) (?:the|this|your) (?:prompt|question|input|problem|message|task|instructions?|request|exercise)";

/// Sentences that speak of a script as something at hand.
pub(super) static SEEN: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        // "the given tactics", "the known one-line script", "from the provided proof"
        r"(?:^|\b(?:the|these|those|this|to|with|from|by|per|of|their) (?:\w+ )?){HANDED} (?:\w+ )?(?:{SCRIPT}|tactic|proofs?|answer|output)\b",
        // "the tactics provided", "the script I was shown", "the tactics as stated", "the script which is known to me"
        r"\b(?:{SCRIPT}|tactic sequence),? (?:as |that (?:\w+ ){1,3}|which (?:\w+ ){1,3}|(?:that )?(?:i|we) (?:was|am|were|are|have been) |(?:is|are|was|were) (?:already )?){0,2}{SHOWN}\b",
        r"\b(?:proof|answer),? (?:as |(?:that )?(?:i|we) (?:was|am|were|are|have been) |that (?:was|is) )?(?:provided|supplied|handed|(?:given|shown|stated) (?:above|below|in|at|to))\b",
        r"\b(?:{SCRIPT}|tactic|answer)(?: \w+){0,2} {PLACE}\b",
        r"\btactics (?:\w+ )?at the (?:end|bottom|top)(?: of (?:the|this) \w+)? (?:are|is|say|start|begin|use|do|show|tell)\b",
        r"\b(?:tactics|script|proof) to (?:end up at|arrive at|reach|reproduce|match|justify|motivate)\b",
        r"\b(?:must|has to|have to|should|needs? to) (?:match|equal|reproduce|coincide with|agree with|be the same as) (?:exactly )?the (?:\w+ )?(?:{SCRIPT})\b",
        r"\b(?:they|the user|you) (?:want|wants|wanted|expect|expects|expected) (?:the|this|that) (?:answer|script|solution|proof)\b",
        r"\b(?:tactic|entry|item|line|step) (?:in|of|on) the (?:given|provided|supplied) list\b|\bthe tactic (?:proof|script) at hand\b",
        r#"\btactics (?:by (?:elim|rewrite|case|move|apply|exact|have|\[\])|[\"`“])"#,
        // "their script", "the tactics they listed", "the tactics say"
        r"\b(?:their|the (?:user|author|task|prompt)'s) (?:\w+ )?(?:{SCRIPT}|answer)\b",
        r"\b(?:tactics|script|solution|proof)(?: that| which)? (?:they|the user|the (?:task|prompt|question|problem)) (?:\w+ )?(?:list|give|gave|want|expect|show|provide|suppl|includ|ask|use|mention)\w*\b",
        r"\b(?:tactics|script|solution|proof) you (?:\w+ )?(?:gave|provide|list|suppl|show|want)\w*\b|\byou(?:'ve| have)? (?:gave|given|provided|listed|supplied)\b[^.]* (?:tactics|script)\b",
        r"\b(?:i|we)(?:'re| are|'m| am| was| were|'ve been) (?:asked|told|expected|required|instructed) to (?:reach|arrive|end|reproduce|justify|motivate|reconstruct the process)\b",
        r"\b(?:answer|solution) key\b|\bwith the (?:answer|script|solution|tactics) in mind\b|\bi know (?:already )?where (?:this|it|i) \w+\b",
        r"\bi (?:can )?see (?:that )?they\b|\b(?:told|informed) (?:that )?(?:the|its) (?:\w+ )?(?:{SCRIPT}|proof)\b",
        r"\b(?:produce|lead|led|give|gave|yield)(?:d|s|ed)? (?:to |rise to )?these (?:\w+ )?tactics\b",
        r"\b(?:tactics|script|solution) (?:say|want|mention|tell|ask|include|prescribe|dictate|insist|call)s?\b",
        // "the user gave the final tactics", "the prompt lists a script", "the statement, the term and the tactics"
        r"\b(?:gave|gives? (?:me|us)|given|provided|provides|supplied|supplies|lists|shows|showed|told|tells|includes|contains|handed)(?: (?:me|us|you|also|already))*(?: (?:with|the|all|both|a|its|their|whole|full|complete|entire|exact|final|correct|true|actual|original|of)){1,4} (?:{SCRIPT}|answer)\b",
        r"\b(?:gave|gives|provided|provides|(?:am|are|were|was|been) given|(?:i|we) have|supplied|includes|contains)\b[^.;]*(?:,| and| plus| as well as| along with|together with)(?: also)? (?:the|its|a) (?:{TRUE} )?(?:{SCRIPT})\b",
        // "I was told that the proof is", "I'm given that the tactics are", "I know the script"
        r"\b(?:i|we)(?: (?:was|am|were|are|have been|had been)|'m|'re|'ve been) (?:also |already )?(?:told|given|shown) (?:that )?(?:\w+ ){0,2}(?:tactics|script|proof script|solution|answer|proof is)\b",
        r"\b(?:i|we) (?:already |do |of course |actually )?(?:have|hold|got|possess) (?:the|its|their) (?:\w+ )?(?:{SCRIPT}|answer)\b",
        r"\b(?:destination|endpoint|end point|outcome|end result|answer) is (?:already )?(?:known|fixed|given|prescribed)\b",
        r"\b(?:backwards?|back) from the (?:\w+ )?(?:{SCRIPT}|answer)\b",
        r"\b(?:i|we) (?:already |do |of course )?(?:know|have seen|saw|can see|see) (?:that |what )?(?:the|its) (?:\w+ )?(?:{SCRIPT}|answer)\b",
        r"\bknown to (?:me|us)\b",
        r"\b(?:proof|script|tactics) (?:that |which )?(?:i|we) (?:am|are|was|were|have been) (?:shown|given)\b",
        r"\b(?:i|we) (?:already )?know (?:that )?(?:the|its) (?:proof|script) (?:is|ends|starts|begins|goes|uses)\b",
        // "looking at the tactics", "according to the script", "in the solution they"
        r"\b(?:looking|look|looks|peek\w*|peep\w*|glanc\w+)(?: \w+)? (?:at|into) the (?:\w+ )?(?:{SCRIPT}|answer)\b",
        r"\b(?:according to|as (?:in|per)|following|per) the (?:\w+ )?(?:{SCRIPT}|answer|hint|prompt|task|instructions?)\b|\bas the (?:script|tactics|solution) (?:shows?|says?|does|do|tells?)\b|\bas (?:requested|instructed|prescribed)\b|\bas (?:given|stated|said|shown|listed|provided|asked) (?:in|by|at) the (?:prompt|task|question|input|instructions?)\b",
        r"\bin the (?:solution|answer|tactics)(?: given)?,? (?:they|we|it|there|the|i|one|that)\b",
        r"\b(?:the|their) (?:solution|answer|hint) (?:says|states|starts|begins|uses|used|does|did|introduces|applies|rewrites|goes|closes|opens|tells|chose|chooses)\b",
        r"\b(?:they|the user|the authors?) (?:used|wrote|chose|applied|went for|did (?:the|a|an))\b",
        r"\bthe answer (?:they|the user|that is|that's) (?:want|wanted|expect|expected)s?\b",
        // "the tactics that were used", "what the tactics do"
        r"\btactics (?:that|which) (?:were|are) (?:really |actually )?(?:used|written|chosen|there|applied)\b",
        r"\bwhat (?:do )?the (?:tactics|solution|answer|{TRUE} script) (?:do|does|are|says?|has|have)\b|\bwhat does the script (?:do|say)\b",
        // "the tactics that I should arrive at", "the script we need to reach"
        r"\b(?:tactics?|script)(?: that| which)? (?:i|we) (?:need|have|want|should|must|ought|am supposed|are supposed|are meant|am meant)(?: to)? (?:reach|arrive|end|get to|justify|motivate|land|match|reproduce)\b",
        r"\b(?:arrive|end up|land|finish|end) (?:at|with|in|on) (?:exactly )?(?:the|these|those) (?:same |exact |very )?(?:tactics|script)(?: as| given| above| \w+ed)?\b",
        r"\b(?:exactly|precisely|the same (?:tactics|script)) (?:as )?(?:the script|the tactics|in the input|in the prompt|given|above)\b",
        r#"\b(?:need|needs|have|has|must|want|wants|going|supposed|ought)(?: to)? (?:end(?: up)?|arrive|finish|land|conclude) (?:with|at|in|on) (?:exactly )?[\"`“]"#,
        r#"\b(?:(?:arrive|end up) at|from the (?:term|statement) to|(?:target|destination) is) ["`“]?(?:by |(?:move|apply|exact|case|elim|rewrite|have)\b)"#,
        r#"\bfinal (?:box|answer) (?:has to|must|should|needs to|ought to) be (?:exactly )?(?:by|move|apply|exact|rewrite|case|elim|have|split|done|[\"`“])"#,
        // "pretend that I do not know", "make it look natural", "simulate how an expert finds"
        r"\bpretend(?:ing)? (?:that )?(?:i|we|not|as)\b|\b(?:have|need|want|going|supposed|ought) to pretend\b",
        r"\bas (?:if|though) (?:i|we)(?: (?:had|have|did|do|were)|'d|'ve)?(?:n't| not| never)?(?: just| already)? (?:found|find|finding|seen|see|know|knew|known|discover\w*|came up|the (?:script|tactics|answer|solution))\b",
        r"\b(?:tell|invent|make up|construct|fabricate|build|write) (?:a|the|my) (?:story|narrative|route|path|line of thought|thought process)\b|\bmy (?:story|narrative)\b|\blooks? like an? (?:\w+ )?(?:discovery|natural|guess)\b|\b(?:reader|judge|user|they|he) (?:should|must|has to) (?:believe|think)\b|\b(?:route|path|way|reasoning) (?:is what|that) i (?:have|need) to (?:invent|make up|fabricate)\b",
        r"\bact(?:ing)? as (?:if|though)\b",
        r"\bwithout (?:revealing|mentioning|admitting|letting on|showing that)\b",
        r"\b(?:not|never|don't|cannot|can't|avoid) (?:to )?(?:mention|mentioning|reveal|revealing|admit|speak of|refer to|referring to|say) (?:that i|them as|the (?:\w+ )?(?:tactics|script|solution))\b",
        r"\bmust never (?:speak|mention|say|refer|reveal)\b",
        r"\b(?:make|makes|making) (?:it|this|them) (?:look|seem|appear|sound|feel) \w+|\b(?:derive|find|motivate|justify|discover) them naturally\b",
        r"\bsimulat\w+ (?:how|a|an|the)\b|\breverse[- ]engineer\w* (?:a|the) (?:thought|thinking|reasoning|line)\b",
    ]
    .map(expanded)
    .into()
});

/// Sentences that name the script as one that is certain; not where they search or guess.
pub(super) static CERTAIN: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        r"\b(?:the|these|those|its|their)(?: \w+)? {TRUE} (?:\w+ )?{SCRIPT}\b",
        r"\b(?:the|these|those|its|their) {TRUE} (?:proofs?|answer) (?:is|does|did|uses|used|goes|starts|begins|applies|rewrites|closes|says|here|by|in)\b",
        r"\bto {TRUE} (?:tactics|script)\b|\bwith {TRUE} (?:tactics|script)\b",
    ]
    .map(expanded)
    .into()
});

/// Mentions of the script before anything can have been found; not where they search or guess.
pub(super) static EARLY: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        r"\b(?:the|these|those|its|their) (?:\w+ )?(?:tactics|tactic (?:script|sequence|block|list)|list of tactics|sequence of tactics)\b",
        r"\b(?:from|of|with|against|behind) the (?:proof )?script\b",
        r"\bthe (?:proof )?script (?:is|ends?|starts?|begins?|uses?|does|goes|has a|comes?|closes|introduces|applies|rewrites)\b",
    ]
    .map(expanded)
    .into()
});

/// Words before the script with which a sentence searches for it.
pub(super) static SEARCHES: LazyLock<Regex> = LazyLock::new(|| {
    expanded(
        r"\b(?:find|finding|found|recover|reconstruct|work(?:ing)? out|figur\w+ out|guess|determine|discover|infer|deduce|which|nobody|not know|unknown|need|search\w*|look(?:ing)? for|come up with|produce|write|give|i (?:think|expect|believe|suspect|suppose)|probably|perhaps|maybe|so|if|suppose|whether|how|not|what (?:is|are|was|were|would|could|might)|my|whole|gives?|wants?)\b",
    )
});

/// Words just behind the script with which a sentence guesses at it.
pub(super) static GUESSES: LazyLock<Regex> = LazyLock::new(|| {
    expanded(
        r"^(?: \w+){0,3} (?:has to|needs?|that comes?|i have in mind|so far|can|could|must have|may|might|would|could|should|probably|perhaps|maybe|likely|presumably|seems?|is unknown)\b",
    )
});

/// Words that look like a script and are none, and what stands for them.
pub(super) static HARMLESS: LazyLock<[(Regex, &str); 4]> = LazyLock::new(|| {
    [
        (expanded(r"\bproof[- ]terms?\b"), "term"),
        (expanded(r"\b(?:nobody|no one) (?:has )?(?:told|gave|given|showed|shown)\b[^.,;]*"), "it is open"),
        (expanded(r"\bsolutions? (?:set )?(?:of|to) (?:the|this|that|an?|such)\b"), "root of the"),
        (
            expanded(r"\b(?:a|any|each|every|some|no) (?:given|provided|known) (?:tactic|proof|solution|script)\b"),
            "one",
        ),
    ]
});

/// A rule with the names of its parts replaced by what they stand for.
pub(super) fn expanded(rule: &str) -> Regex {
    let parts = [("{SCRIPT}", SCRIPT), ("{HANDED}", HANDED), ("{TRUE}", TRUE), ("{SHOWN}", SHOWN), ("{PLACE}", PLACE)];
    let rule = parts.into_iter().fold(rule.to_owned(), |rule, (name, part)| rule.replace(name, part));
    Regex::new(&rule).expect("a rule of the program")
}
