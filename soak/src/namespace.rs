//! A network namespace with one TUN device, and a process in it.

use std::io;
use std::net::Ipv4Addr;
use std::os::fd::AsRawFd;
use std::process::{Child, Command};
use std::thread;

use nix::sched::{CloneFlags, unshare};
use tun_rs::{DeviceBuilder, SyncDevice};

/// Where the server and the driver live.
pub(crate) const SERVER: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 1);
pub(crate) const DRIVER: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 2);

const PREFIX: u8 = 24;
/// Small, so that large datagrams travel in fragments.
pub(crate) const MTU: u16 = 1400;

nix::ioctl_write_ptr_bad!(
    /// Sets the flags of a network device.
    set_flags,
    libc::SIOCSIFFLAGS,
    libc::ifreq
);

/// Makes the users' namespace that a process without privileges needs for those of the network. It
/// must have one thread.
///
/// # Errors
///
/// Where the system does not let it.
pub(crate) fn prepare() -> io::Result<()> {
    let (user, group) = (nix::unistd::getuid(), nix::unistd::getgid());
    if user.is_root() {
        return Ok(());
    }
    unshare(CloneFlags::CLONE_NEWUSER)?;
    std::fs::write("/proc/self/setgroups", "deny")?;
    std::fs::write("/proc/self/uid_map", format!("0 {user} 1"))?;
    std::fs::write("/proc/self/gid_map", format!("0 {group} 1"))
}

/// Makes a namespace whose device has `address`, and starts `command` in it. What the command sends
/// to the other namespace comes out of the device, whose descriptor does not block.
pub(crate) fn start(
    address: Ipv4Addr,
    mut command: Command,
) -> io::Result<(SyncDevice, io::Result<Child>)> {
    // A namespace is a thread's, and is handed on to what the thread starts.
    let thread = thread::spawn(move || {
        unshare(CloneFlags::CLONE_NEWNET)?;
        bring_loopback_up()?;
        let device = DeviceBuilder::new().ipv4(address, PREFIX, None).mtu(MTU).build_sync()?;
        device.set_nonblocking(true)?;
        Ok((device, command.spawn()))
    });
    thread.join().unwrap_or_else(|_| Err(io::Error::other("the thread of a namespace panicked")))
}

/// The loopback of a new namespace is down.
fn bring_loopback_up() -> io::Result<()> {
    let socket = std::net::UdpSocket::bind("0.0.0.0:0")?;
    let mut name = [0; libc::IFNAMSIZ];
    for (to, from) in name.iter_mut().zip(b"lo") {
        *to = *from as libc::c_char;
    }
    let flags = libc::__c_anonymous_ifr_ifru { ifru_flags: libc::IFF_UP as libc::c_short };
    let request = libc::ifreq { ifr_name: name, ifr_ifru: flags };
    // SAFETY: the kernel reads the request, which names a device and has its flags.
    unsafe { set_flags(socket.as_raw_fd(), &raw const request) }?;
    Ok(())
}
