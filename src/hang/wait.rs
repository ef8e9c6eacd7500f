//! What a thread waits for, and who could end that.

use std::fmt;
use std::time::Duration;

use nix::unistd::Pid;

/// The kind of a wait; its name is a word of the JSON schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A mutex of pthreads, or one built on it.
    Mutex,
    /// A read lock of a readers-writer lock.
    ReadLock,
    /// A write lock of a readers-writer lock.
    WriteLock,
    /// A condition variable.
    Condition,
    /// A barrier.
    Barrier,
    /// A POSIX semaphore.
    Semaphore,
    /// The end of a thread: pthread_join(3).
    Join,
    /// An initialisation that another thread is at: pthread_once(3), call_once, a static variable of C++.
    Once,
    /// The lock of a stream of stdio: flockfile(3).
    Stream,
    /// A futex, and no more is known.
    Futex,
    /// Data in a pipe or FIFO.
    PipeRead,
    /// Room in a pipe or FIFO.
    PipeWrite,
    /// The other side of a FIFO being opened.
    FifoOpen,
    /// Data from a socket.
    Receive,
    /// Room in a socket, or at its other end.
    Send,
    /// A connection to be accepted.
    Accept,
    /// A connection to be made.
    Connect,
    /// A lock of a file: flock(2), fcntl(2).
    FileLock,
    /// A lease that others hold on a file.
    Lease,
    /// The end, or another change, of a child.
    Child,
    /// A child of vfork(2) that executes or ends.
    Vfork,
    /// Descriptors to become ready: poll(2), select(2).
    Poll,
    /// Descriptors to become ready: epoll(7).
    Epoll,
    /// Completions of io_uring(7) or aio(7).
    Completion,
    /// Time.
    Sleep,
    /// A timer behind a descriptor.
    Timer,
    /// A signal.
    Signal,
    /// A person's input at a terminal.
    TerminalRead,
    /// A terminal that takes output.
    TerminalWrite,
    /// A counter: eventfd(2).
    Eventfd,
    /// Events of files: inotify(7), fanotify(7).
    FileEvent,
    /// A message in a queue, of POSIX or System V, to come.
    MessageReceive,
    /// Room for a message in a queue.
    MessageSend,
    /// System V semaphores.
    SysvSemaphore,
    /// SIGCONT: stopped by job control.
    Stopped,
    /// The tracer.
    Traced,
    /// Its cgroup to be thawed.
    Frozen,
    /// The parent that reaps a zombie.
    Reaped,
    /// A page that userfaultfd(2) provides.
    Userfault,
    /// A disk, or whatever else the kernel does not let signals interrupt.
    Device,
    /// A file system in user space or on another machine.
    FileSystem,
    /// Something that is not known.
    Unknown,
}

impl Kind {
    /// The word for it in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Mutex => "mutex",
            Kind::ReadLock => "read-lock",
            Kind::WriteLock => "write-lock",
            Kind::Condition => "condition",
            Kind::Barrier => "barrier",
            Kind::Semaphore => "semaphore",
            Kind::Join => "join",
            Kind::Once => "once",
            Kind::Stream => "stream",
            Kind::Futex => "futex",
            Kind::PipeRead => "pipe-read",
            Kind::PipeWrite => "pipe-write",
            Kind::FifoOpen => "fifo-open",
            Kind::Receive => "receive",
            Kind::Send => "send",
            Kind::Accept => "accept",
            Kind::Connect => "connect",
            Kind::FileLock => "file-lock",
            Kind::Lease => "lease",
            Kind::Child => "child",
            Kind::Vfork => "vfork",
            Kind::Poll => "poll",
            Kind::Epoll => "epoll",
            Kind::Completion => "completion",
            Kind::Sleep => "sleep",
            Kind::Timer => "timer",
            Kind::Signal => "signal",
            Kind::TerminalRead => "terminal-read",
            Kind::TerminalWrite => "terminal-write",
            Kind::Eventfd => "eventfd",
            Kind::FileEvent => "file-event",
            Kind::MessageReceive => "message-receive",
            Kind::MessageSend => "message-send",
            Kind::SysvSemaphore => "sysv-semaphore",
            Kind::Stopped => "stopped",
            Kind::Traced => "traced",
            Kind::Frozen => "frozen",
            Kind::Reaped => "reaped",
            Kind::Userfault => "userfault",
            Kind::Device => "device",
            Kind::FileSystem => "file-system",
            Kind::Unknown => "unknown",
        }
    }

    /// Whether this is a lock, which its owner holds.
    pub fn is_lock(self) -> bool {
        matches!(self, Kind::Mutex | Kind::ReadLock | Kind::WriteLock | Kind::Stream | Kind::FileLock | Kind::Once)
    }
}

/// The thing that is waited for. Equal things are the same one, also where several processes wait for it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Object {
    /// A word in the memory of one process.
    Private {
        /// Whose memory.
        pid: Pid,
        /// Where in it.
        address: u64,
    },
    /// A word in memory that processes share.
    Shared {
        /// The device of the file behind it.
        device: String,
        /// The inode.
        inode: u64,
        /// Where in the file.
        offset: u64,
    },
    /// A pipe.
    Pipe(u64),
    /// A socket.
    Socket(u64),
    /// A file with a name.
    File {
        /// Its device.
        device: String,
        /// Its inode.
        inode: u64,
    },
    /// A descriptor, where nothing else names what is behind it.
    Descriptor {
        /// Whose.
        pid: Pid,
        /// Its number.
        fd: i32,
    },
    /// A process.
    Process(Pid),
    /// A thread.
    Thread(Pid),
    /// An object of System V: its letter (`s`emaphore, `m`essage queue) and id.
    Ipc(char, i32),
    /// Nothing that others could wait for, too.
    Own,
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Object::Private { address, .. } => write!(f, "{address:#x}"),
            Object::Shared { device, inode, offset } => write!(f, "{device}:{inode}+{offset:#x}"),
            Object::Pipe(inode) => write!(f, "pipe:[{inode}]"),
            Object::Socket(inode) => write!(f, "socket:[{inode}]"),
            Object::File { device, inode } => write!(f, "{device}:{inode}"),
            Object::Descriptor { pid, fd } => write!(f, "fd {fd} of {pid}"),
            Object::Process(pid) => write!(f, "process {pid}"),
            Object::Thread(tid) => write!(f, "thread {tid}"),
            Object::Ipc('s', id) => write!(f, "semid {id}"),
            Object::Ipc(_, id) => write!(f, "msqid {id}"),
            Object::Own => Ok(()),
        }
    }
}

/// Who could end a wait.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Who {
    /// One thread and no other.
    Thread(Pid),
    /// Any thread of a process.
    Process(Pid),
    /// Somebody who is gone: nobody will do it in their place.
    Gone {
        /// The id that is left of them, as the waiter's PID namespace numbers it.
        id: i32,
        /// What is known of their end: `thread 4242, which ended`.
        words: String,
    },
    /// Somebody on another machine, or out of our sight.
    Remote(String),
}

/// How it is known that somebody could end a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum How {
    /// What is waited for records it: the owner in a lock, the kernel's list of locks.
    Recorded,
    /// By what they hold: the other end of a pipe, for example.
    Holds,
    /// They take part in it: a barrier, a condition variable, some memory.
    Shares,
    /// It is only likely: the address of the lock is on their stack.
    Hint,
}

impl How {
    /// The word for it in JSON.
    pub fn name(self) -> &'static str {
        match self {
            How::Recorded => "recorded",
            How::Holds => "holds",
            How::Shares => "shares",
            How::Hint => "hint",
        }
    }
}

/// Somebody who could end a wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ender {
    /// Who.
    pub who: Who,
    /// How that is known.
    pub how: How,
    /// What they are to it, as the end of a sentence that begins with who they are: `holds it`, `has its write end
    /// (fd 7)`.
    pub role: String,
    /// With which descriptors, if that is how.
    pub fds: Vec<i32>,
}

impl Ender {
    /// Somebody who is recorded, or takes part.
    pub fn new(who: Who, how: How, role: impl Into<String>) -> Ender {
        Ender { who, how, role: role.into(), fds: Vec::new() }
    }

    /// A process that could do it through its descriptors.
    pub fn with_fds(pid: Pid, role: impl Into<String>, fds: Vec<i32>) -> Ender {
        Ender { who: Who::Process(pid), how: How::Holds, role: role.into(), fds }
    }

    /// The process or thread, if it is one that is still there.
    pub fn id(&self) -> Option<Pid> {
        match self.who {
            Who::Thread(id) | Who::Process(id) => Some(id),
            _ => None,
        }
    }
}

/// How many of those who could end a wait have to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// One is enough: whoever writes into a pipe first.
    One,
    /// It takes them all: the readers that a writer waits for.
    All,
}

/// Who is not in the graph and could end a wait, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outside {
    /// A person at a terminal.
    Person,
    /// Somebody across a network.
    Network,
    /// Whoever sends a signal.
    Signal,
    /// The kernel or a device.
    Kernel,
    /// Anybody who opens, connects or attaches to it.
    Newcomer,
    /// Whoever gives it work: it watches several things, and waiting for them is what it does.
    Work,
    /// What could not be seen: processes that may not be looked into, words that nobody records.
    Unseen,
}

impl Outside {
    /// The word for it in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Outside::Person => "person",
            Outside::Network => "network",
            Outside::Signal => "signal",
            Outside::Kernel => "kernel",
            Outside::Newcomer => "newcomer",
            Outside::Work => "work",
            Outside::Unseen => "unseen",
        }
    }
}

/// When a wait ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// Never.
    Forever,
    /// After this time.
    Left(Duration),
    /// It does, but when is not known.
    Sometime,
}

/// What a thread waits for.
#[derive(Clone, Debug)]
pub struct Wait {
    /// Of which kind it is.
    pub kind: Kind,
    /// The thing.
    pub object: Object,
    /// The same in words, as the object of `waits for …`: `the mutex 0x55d047e0`, `data in pipe:[4711] (fd 6, empty)`.
    pub what: String,
    /// When it ends by itself.
    pub until: Until,
    /// Who could end it, as far as that is known.
    pub enders: Vec<Ender>,
    /// How many of them have to.
    pub needs: Needs,
    /// Who else could.
    pub outside: Option<Outside>,
    /// Waiting is what such a thread does while there is no work: an event loop with nothing ready, a pool of workers
    /// without jobs, a shell at its prompt.
    pub idles: bool,
    /// How it is known, a sentence each.
    pub evidence: Vec<String>,
}

impl Wait {
    /// A wait that nobody in the graph can end yet.
    pub fn new(kind: Kind, object: Object, what: impl Into<String>) -> Wait {
        Wait {
            kind,
            object,
            what: what.into(),
            until: Until::Forever,
            enders: Vec::new(),
            needs: Needs::One,
            outside: None,
            idles: false,
            evidence: Vec::new(),
        }
    }

    /// Adds how something is known.
    pub fn because(mut self, sentence: impl Into<String>) -> Wait {
        self.evidence.push(sentence.into());
        self
    }

    /// Says who else could end it.
    pub fn or(mut self, outside: Outside) -> Wait {
        self.outside = Some(outside);
        self
    }

    /// Adds somebody who could end it.
    pub fn ended_by(mut self, ender: Ender) -> Wait {
        self.enders.push(ender);
        self
    }
}
