//! Premises and notations.

use crate::dataset::column::row;
use crate::record::{KernelName, Notation, Premise};

row! {
    pub(super) struct PremiseCell<'a>(premise: &'a Premise) {
        full_name: &'a str = premise.full_name.as_str();
        kernel_name: Option<&'a str> = premise.kernel_name.as_ref().map(KernelName::as_str);
        kind: &'a str = &premise.kind;
        r#type: &'a str = &premise.ty;
        library: &'a str = premise.library.as_str();
        implicit: bool = premise.implicit, "whether only the proof term names it";
    }
}

row! {
    pub(super) struct NotationCell<'a>(notation: &'a Notation) {
        text: &'a str = &notation.text;
        scope: Option<&'a str> = notation.scope.as_deref();
        definition: &'a str = &notation.definition;
        library: &'a str = notation.library.as_str();
    }
}
