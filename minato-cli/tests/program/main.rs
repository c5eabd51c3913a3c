//! The program as its users meet it: started, talked to, interrupted.

mod arguments;
mod ending;
mod process;
mod servers;
mod sim;
mod top;
mod tour;
