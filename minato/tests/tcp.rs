//! TCP by behaviour: the same cases on every engine, which must agree, errors included. And what
//! goes between two sockets, or from a file to one, without being copied.

mod kit;

mod relay;
mod tcp {
    mod background;
    mod canary;
    mod close;
    mod closed;
    mod connect;
    mod contract;
    mod deputy;
    mod faults;
    mod halves;
    mod info;
    mod inherited;
    mod lent;
    mod listen;
    mod listen_with;
    mod options;
    mod reactor;
    mod read;
    mod ready;
    mod shortage;
    mod standard;
    mod traits;
    mod waiters;
}
