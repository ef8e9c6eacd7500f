//! Starting a command as a tracee, as if its caller had started it.

use std::ffi::{CString, OsString};
use std::fmt;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::signal::{SigSet, SigmaskHow, sigprocmask};
use nix::unistd::{ForkResult, Gid, Pid, Uid, fork, pipe2};

use super::error::Error;
use super::state::Running;
use super::stop::Stop;

/// Signals that we or the Rust runtime handle or ignore; what becomes of all others is inherited as it is.
const TOUCHED: [i32; 10] = [
    libc::SIGHUP,
    libc::SIGINT,
    libc::SIGQUIT,
    libc::SIGPIPE,
    libc::SIGTERM,
    libc::SIGTSTP,
    libc::SIGALRM,
    libc::SIGUSR1,
    libc::SIGUSR2,
    libc::SIGWINCH,
];

/// Of these, those that our caller ignores, bit 0 for signal 1. The Rust runtime ignores SIGPIPE before `main` begins, so
/// this is read earlier.
static IGNORED: AtomicU64 = AtomicU64::new(0);
/// Signals that our caller blocks, bit 0 for signal 1.
static BLOCKED: AtomicU64 = AtomicU64::new(0);
/// Which of descriptors 0, 1 and 2 our caller left closed: the Rust runtime opens /dev/null there.
static CLOSED: AtomicU8 = AtomicU8::new(0);

extern "C" fn remember() {
    let mut ignored = 0u64;
    for signal in TOUCHED {
        let mut action = std::mem::MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: only the old action is asked for, into memory that is valid for it.
        let result = unsafe { libc::sigaction(signal, ptr::null(), action.as_mut_ptr()) };
        // SAFETY: all bytes zero are a valid sigaction, so it is initialised whether or not the call filled it.
        if result == 0 && unsafe { action.assume_init() }.sa_sigaction == libc::SIG_IGN {
            ignored |= 1 << (signal - 1);
        }
    }
    IGNORED.store(ignored, Ordering::Relaxed);
    let mut mask = std::mem::MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: only the old mask is asked for, into memory that is valid for it.
    unsafe { libc::sigprocmask(libc::SIG_SETMASK, ptr::null(), mask.as_mut_ptr()) };
    // SAFETY: all bytes zero are a valid, empty sigset_t.
    let mask = unsafe { mask.assume_init() };
    // SAFETY: `mask` is a valid sigset_t.
    let blocked = (1..=64).filter(|signal| unsafe { libc::sigismember(&raw const mask, *signal) } == 1);
    BLOCKED.store(blocked.fold(0, |set, signal| set | 1 << (signal - 1)), Ordering::Relaxed);
    for fd in 0..3 {
        // SAFETY: F_GETFD takes no pointer.
        if unsafe { libc::fcntl(fd, libc::F_GETFD) } == -1 {
            CLOSED.fetch_or(1 << fd, Ordering::Relaxed);
        }
    }
}

// SAFETY: functions in .init_array are called once before main, with the C library ready; this one uses nothing
// of the Rust runtime.
#[used]
#[unsafe(link_section = ".init_array")]
static REMEMBER: extern "C" fn() = remember;

/// What our caller gave us and a command must be given.
#[derive(Clone, Copy, Debug)]
pub struct Inherited {
    ignored: u64,
    blocked: u64,
    closed: u8,
}

impl Inherited {
    /// Whether our caller ignores this signal.
    pub fn ignored(self, signal: i32) -> bool {
        (1..=64).contains(&signal) && self.ignored >> (signal - 1) & 1 != 0
    }
}

/// What our caller gave us.
pub fn inherited() -> Inherited {
    static ONCE: OnceLock<Inherited> = OnceLock::new();
    *ONCE.get_or_init(|| Inherited {
        ignored: IGNORED.load(Ordering::Relaxed),
        blocked: BLOCKED.load(Ordering::Relaxed),
        closed: CLOSED.load(Ordering::Relaxed),
    })
}

/// A command that is ready to be started.
#[derive(Clone, Debug)]
pub struct Command {
    /// The file to execute.
    pub path: OsString,
    /// The arguments, from argv[0] on.
    pub args: Vec<OsString>,
    /// The environment, `NAME=value`.
    pub env: Vec<OsString>,
    /// The user to run as, with groups.
    pub user: Option<User>,
    /// The program of a seccomp(2) filter to install; none if empty. That it could not be installed shows in the
    /// result of the call.
    pub filter: Vec<libc::sock_filter>,
    /// Where the filter can be had only so, the command gives up gaining privileges by execve(2): PR_SET_NO_NEW_PRIVS.
    pub give_up_privileges: bool,
}

/// Another user's identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// User id.
    pub uid: Uid,
    /// Group id.
    pub gid: Gid,
    /// Supplementary groups.
    pub groups: Vec<Gid>,
}

/// Why a command could not be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SpawnError {
    /// An argument or variable has a NUL in it.
    Nul(OsString),
    /// What was tried, and why it failed.
    System(&'static str, Errno),
    /// The new process could not be traced.
    Seize(Pid, Error),
    /// It could not because somebody traces all that this process starts, as the text says.
    Traced(Pid, Error, String),
    /// The new process ended before it executed the command.
    Ended(Pid, Stop),
}

impl fmt::Display for SpawnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SpawnError::Nul(text) => write!(f, "'{}' contains a NUL byte", text.display()),
            SpawnError::System(what, errno) => write!(f, "{what}: {}", errno.desc()),
            SpawnError::Seize(pid, error) => {
                write!(f, "attach: ptrace(PTRACE_SEIZE, {pid}): {}", error.errno().desc())
            }
            SpawnError::Traced(pid, error, why) => {
                let error = error.errno().desc();
                write!(f, "attach: ptrace(PTRACE_SEIZE, {pid}): {error} ({why}, which traces all that is started here)")
            }
            SpawnError::Ended(pid, Stop::Signaled { signal, .. }) => write!(f, "{pid} was killed by signal {signal}"),
            SpawnError::Ended(pid, _) => write!(f, "{pid} ended before it executed the command"),
        }
    }
}

impl std::error::Error for SpawnError {}

/// The strings as execve(2) wants them.
pub(super) fn c_strings(list: &[OsString]) -> Result<Vec<CString>, SpawnError> {
    list.iter().map(|s| CString::new(s.as_bytes()).map_err(|_| SpawnError::Nul(s.clone()))).collect()
}

/// The NULL-terminated vector that execve(2) wants, of strings that outlive it.
pub(super) fn pointers(list: &[CString]) -> Vec<*const libc::c_char> {
    list.iter().map(|s| s.as_ptr()).chain([ptr::null()]).collect()
}

/// Starts a command that waits, seized, until the first stop that the returned tracee makes is resumed.
///
/// The child blocks reading a pipe, is seized, interrupted there, and let go by closing the pipe. What it does from
/// there to its execve(2) is visible to the tracer, which hides it. `program` is the name that an execve which fails
/// is reported under.
///
/// # Errors
/// [`SpawnError`].
pub fn spawn(command: &Command, options: i32, program: &str) -> Result<(Running, OwnedFd), SpawnError> {
    let path = c_strings(std::slice::from_ref(&command.path))?.remove(0);
    let args = c_strings(&command.args)?;
    let env = c_strings(&command.env)?;
    let (argv, envp) = (pointers(&args), pointers(&env));
    let inherited = inherited();
    let pipe = || pipe2(OFlag::O_CLOEXEC).map_err(|e| SpawnError::System("pipe2", e));
    let (read, write) = pipe()?;
    let (prepared, preparing) = pipe()?;
    // A signal must not reach the child while it still has our handlers: it would be lost, and the timer that the
    // handler starts would outlive execve(2).
    let mut ours = SigSet::empty();
    let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::all()), Some(&mut ours));
    // SAFETY: the child calls only async-signal-safe functions until it executes or exits.
    let forked = unsafe { fork() };
    if !matches!(forked, Ok(ForkResult::Child)) {
        let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&ours), None);
    }
    match forked.map_err(|e| SpawnError::System("fork", e))? {
        ForkResult::Child => {
            // SAFETY: the strings and the pointers to them live in this frame.
            unsafe {
                libc::close(write.as_raw_fd());
                // Before it is traced, which our end of this pipe waits for: each call costs two stops then.
                restore_dispositions(inherited);
                libc::close(preparing.as_raw_fd());
                let mut byte = 0u8;
                while libc::read(read.as_raw_fd(), (&raw mut byte).cast(), 1) == -1 {}
                if !command.filter.is_empty() {
                    install(&command.filter, command.give_up_privileges);
                }
                let error = execute(&path, &argv, &envp, command.user.as_ref(), inherited);
                fail(program, error);
            }
        }
        ForkResult::Parent { child } => {
            drop((read, preparing));
            // It ends when the child closes its end, or is gone.
            while nix::unistd::read(&prepared, &mut [0]) == Err(Errno::EINTR) {}
            match Running::seize(child, options) {
                Ok(tracee) => Ok((tracee, write)),
                Err(error) => {
                    let tracer = super::status(child).and_then(|status| status.traced_by());
                    let _ = nix::sys::signal::kill(child, nix::sys::signal::Signal::SIGKILL);
                    let _ = super::wait_for(child, true);
                    Err(match tracer {
                        Some(why) => SpawnError::Traced(child, error, why),
                        None => SpawnError::Seize(child, error),
                    })
                }
            }
        }
    }
}

/// Forks: the child's id, or `None` in the child, which is a process like this one.
///
/// # Errors
/// The kernel's: fork(2).
pub fn fork_off() -> Result<Option<Pid>, Errno> {
    // SAFETY: this process has a single thread, so that nothing is held in the child by one that is not there.
    Ok(match unsafe { fork() }? {
        ForkResult::Child => None,
        ForkResult::Parent { child } => Some(child),
    })
}

/// Becomes the command, untraced: as if our caller had executed it. What fails is reported under the name `program`.
///
/// # Errors
/// [`SpawnError::Nul`]; whatever else fails ends this process.
pub fn become_command(command: &Command, program: &str) -> Result<std::convert::Infallible, SpawnError> {
    let path = c_strings(std::slice::from_ref(&command.path))?.remove(0);
    let args = c_strings(&command.args)?;
    let env = c_strings(&command.env)?;
    let (argv, envp) = (pointers(&args), pointers(&env));
    // SAFETY: the vectors are NULL-terminated, and what they point to lives in this frame; this process has a single
    // thread and does nothing else any more.
    unsafe {
        restore_dispositions(inherited());
        let error = execute(&path, &argv, &envp, command.user.as_ref(), inherited());
        fail(program, error)
    }
}

/// Gives the child the caller's dispositions of signals, while they are still blocked.
///
/// # Safety
/// For the child of a fork only.
pub(super) unsafe fn restore_dispositions(inherited: Inherited) {
    for signal in TOUCHED {
        // SAFETY: all bytes zero are a valid sigaction; sigaction(2) is async-signal-safe.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = if inherited.ignored(signal) { libc::SIG_IGN } else { libc::SIG_DFL };
            libc::sigaction(signal, &raw const action, ptr::null_mut());
        }
    }
}

/// Gives the child what the caller gave us, and executes; returns what failed.
///
/// # Safety
/// For the child of a fork only; the pointers must be those of NULL-terminated vectors of C strings.
pub(super) unsafe fn execute(
    path: &CString,
    argv: &[*const libc::c_char],
    envp: &[*const libc::c_char],
    user: Option<&User>,
    inherited: Inherited,
) -> &'static [u8] {
    // SAFETY: see the function; all of these are async-signal-safe.
    unsafe {
        let mut mask: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut mask);
        for signal in (1..=64).filter(|signal| inherited.blocked >> (signal - 1) & 1 != 0) {
            libc::sigaddset(&raw mut mask, signal);
        }
        libc::sigprocmask(libc::SIG_SETMASK, &raw const mask, ptr::null_mut());
        for fd in (0..3).filter(|fd| inherited.closed >> fd & 1 != 0) {
            libc::close(fd);
        }
        if let Some(user) = user {
            // The raw calls: the C library's would tell all threads, and a forked child has but one.
            if libc::setgroups(user.groups.len(), user.groups.as_ptr().cast()) == -1 {
                return b"setgroups";
            }
            let (uid, gid) = (user.uid.as_raw(), user.gid.as_raw());
            if libc::syscall(libc::SYS_setresgid, gid, gid, gid) == -1 {
                return b"setregid";
            }
            if libc::syscall(libc::SYS_setresuid, uid, uid, uid) == -1 {
                return b"setreuid";
            }
        }
        libc::execve(path.as_ptr(), argv.as_ptr(), envp.as_ptr());
    }
    b"exec"
}

/// Installs a filter. The kernel takes it from who has CAP_SYS_ADMIN in its user namespace, or can gain no privileges by
/// execve(2) any more: seccomp(2). Who has neither can give that up.
fn install(filter: &[libc::sock_filter], give_up_privileges: bool) {
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_ptr().cast_mut() };
    // SAFETY: `program` describes `filter`, which the kernel only reads; both calls are async-signal-safe.
    unsafe {
        let set = || libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, 0, &raw const program);
        if set() == -1 && give_up_privileges && libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 {
            set();
        }
    }
}

/// Whether a seccomp(2) filter judges this process's calls, and so those of all that it starts: PR_GET_SECCOMP.
pub fn is_filtered() -> bool {
    // SAFETY: takes numbers. In strict mode, where this would be fatal, no program can be started.
    let mode = unsafe { libc::prctl(libc::PR_GET_SECCOMP, 0, 0, 0, 0) };
    // A filter may refuse the question; a kernel without seccomp(2) does, too.
    mode != 0
}

/// Says why the command does not run and ends the child.
///
/// # Safety
/// For the child of a fork only.
pub(super) unsafe fn fail(program: &str, what: &'static [u8]) -> ! {
    let errno = Errno::last_raw();
    // This may allocate, which a forked child may do only because the tracer has a single thread.
    let text = crate::message::error_text(errno.unsigned_abs());
    for part in [program.as_bytes(), b": ", what, b": ", text.as_bytes(), b"\n"] {
        // SAFETY: `part` is valid for its length. A message that cannot be written is lost.
        unsafe { libc::write(2, part.as_ptr().cast(), part.len()) };
    }
    // SAFETY: ends the process without running anything of the parent's.
    unsafe { libc::_exit(1) }
}
