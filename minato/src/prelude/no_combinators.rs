//! Without the feature `futures-util` there are no combinators.
