//! Names: each kind its own type, so that none is taken for another.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Takes the name as it is.
            pub fn new(name: impl Into<String>) -> Self {
                Self(name.into())
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<String> for $name {
            fn from(name: String) -> Self {
                Self(name)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name! {
    /// A library file as Rocq names it: `mathcomp.ssreflect.div`.
    LogicalPath
}
name! {
    /// An object as Rocq's users name it: `mathcomp.ssreflect.div.modnD`.
    FullName
}
name! {
    /// An object as the kernel names it, once aliases are followed: `Coq.Init.Datatypes.nat`.
    KernelName
}
name! {
    /// What a proof rests on without its being proved: the full name of an axiom or, in Rocq's words, what the kernel did
    /// not check of an object (`L.a.loop is assumed to be guarded.`) or is told of all (`Set is impredicative`).
    ///
    /// What a parameter of the functor around the theorem gives is called by the module that binds the parameter:
    /// `library.Facts.M.zero`, where Rocq says `M.zero`.
    Axiom
}
name! {
    /// The identity of a record: logical path, `:`, name within the file.
    RecordId
}

impl LogicalPath {
    /// The path of an object of this library, from its path and name within the file.
    pub fn object(&self, inner: &str) -> FullName {
        FullName(format!("{}.{inner}", self.0))
    }
}
