//! Bad input: every error names what was wrong, nothing is lost, and nothing panics that does not
//! say so in its docs.

mod kit;

mod bad_input {
    mod addresses;
    mod completed;
    mod descriptors;
    mod forbidden;
    mod ports;
    mod streams;
}
