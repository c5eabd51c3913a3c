//! The original description, statement by statement. docs/ORIGIN.md says which test holds which.

mod kit;

mod origin {
    mod by_hand;
    mod datagrams;
    mod helpers;
    mod never_blocks;
    mod reactor;
    mod readme;
    mod service;
}
