//! x
use std as _;
