//! How the kernel schedules the threads of this process.

use std::io;

/// Has the calling thread wait for its turn where another thread runs, in place of interrupting that one whenever something
/// arrives (`SCHED_BATCH`, see sched(7)). Its share of the processor stays the same.
///
/// A worker that serves many connections otherwise interrupts its own clients and neighbours for each few requests, and both
/// sides lose more time by the changes than they gain. See docs/performance.md for what it is worth.
///
/// # Errors
/// The system refuses it, as some sandboxes do; the thread is scheduled as before.
#[allow(unsafe_code, reason = "no safe interface to this call leaves the priority alone")]
pub fn take_turns() -> io::Result<()> {
    let parameters = libc::sched_param { sched_priority: 0 };
    // SAFETY: the kernel reads one `sched_param` behind the pointer and keeps nothing of it. The pointer is that of a local
    // value which is initialised and outlives the call. 0 names the calling thread, and no memory is written.
    match unsafe { libc::sched_setscheduler(0, libc::SCHED_BATCH, &raw const parameters) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The field of proc_pid_stat(5) that says how a thread is scheduled, counted from behind its name.
    const POLICY: usize = 38;

    fn policy() -> i32 {
        let stat = std::fs::read_to_string("/proc/thread-self/stat").expect("the state of this thread");
        let (_, fields) = stat.rsplit_once(") ").expect("a name in brackets");
        fields.split(' ').nth(POLICY).and_then(|field| field.parse().ok()).expect("a policy")
    }

    #[test]
    fn one_thread_takes_turns_and_others_stay_as_they_are() {
        let before = policy();
        let there = std::thread::spawn(|| take_turns().map(|()| policy())).join().expect("no panic");
        assert_eq!(there.expect("no sandbox"), libc::SCHED_BATCH);
        assert_eq!(policy(), before);
    }
}
