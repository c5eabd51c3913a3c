//! `Debug` of types that show no more than some facts.

/// Writes `Debug` for a type: its name, what is said of `it`, and that there is more.
macro_rules! opaque {
    ($type:ident $(<$($generic:tt),+>)? $(, |$it:ident| $($fact:ident: $value:expr),+)?) => {
        impl $(<$($generic),+>)? std::fmt::Debug for $type $(<$($generic),+>)? {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                $(let $it = self;)?
                let mut shown = f.debug_struct(stringify!($type));
                $($(shown.field(stringify!($fact), &$value);)+)?
                shown.finish_non_exhaustive()
            }
        }
    };
}

pub(crate) use opaque;
