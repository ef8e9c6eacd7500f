//! The locks of glibc (the layouts have been the same since 2.25 at least, and are part of its ABI where they are in
//! static initialisers). Offsets count from the word that is waited for, unless they are said to count from the start.

use nix::unistd::Pid;

use super::{FUTEX_LOCK_PI, FUTEX_LOCK_PI2, FUTEX_TID_MASK, FUTEX_WAIT, Futex, owner};
use crate::hang::wait::{Ender, How, Kind, Needs, Outside, Wait, Who};
use crate::hang::waits::Case;

/// The value of a low-level lock that is held and has waiters.
const CONTENDED: u32 = 2;
/// Bits of `__kind` of pthread_mutex_t: the type, protocols, sharing, and whether transactions elide the lock.
const KIND_BITS: u32 = 0x3ff;
const KIND_ROBUST: u32 = 16;
const KIND_PRIO_INHERIT: u32 = 32;
/// `tid` in struct pthread of x86-64.
const TID_IN_PTHREAD: u64 = 0x2d0;

const MUTEX: [&str; 6] = [
    "pthread_mutex_lock",
    "pthread_mutex_timedlock",
    "pthread_mutex_clocklock",
    "mtx_lock",
    "mtx_timedlock",
    "__pthread_mutex_lock",
];
const READ_LOCK: [&str; 4] =
    ["pthread_rwlock_rdlock", "pthread_rwlock_timedrdlock", "pthread_rwlock_clockrdlock", "__pthread_rwlock_rdlock"];
const WRITE_LOCK: [&str; 4] =
    ["pthread_rwlock_wrlock", "pthread_rwlock_timedwrlock", "pthread_rwlock_clockwrlock", "__pthread_rwlock_wrlock"];
const CONDITION: [&str; 5] =
    ["pthread_cond_wait", "pthread_cond_timedwait", "pthread_cond_clockwait", "cnd_wait", "cnd_timedwait"];
const SEMAPHORE: [&str; 3] = ["sem_wait", "sem_timedwait", "sem_clockwait"];
const JOIN: [&str; 4] = ["pthread_join", "pthread_timedjoin_np", "pthread_clockjoin_np", "thrd_join"];
const ONCE: [&str; 3] = ["pthread_once", "__pthread_once", "call_once"];

/// What the word is in glibc; `None` if it is nothing that we know, or the process does not use glibc.
pub fn resolve(case: &Case<'_>, futex: &Futex) -> Option<Wait> {
    if !is_used(case) {
        return None;
    }
    // What the program called decides where that is known; words that look alike decide where it is not.
    if futex.in_call_of(&JOIN) {
        return join(case, futex);
    }
    if futex.in_call_of(&ONCE) {
        return Some(once(case, futex, "an initialisation that pthread_once runs,"));
    }
    if futex.in_call_of(&SEMAPHORE) {
        return semaphore(case, futex);
    }
    if futex.in_call_of(&READ_LOCK) || futex.in_call_of(&WRITE_LOCK) {
        return rwlock(case, futex);
    }
    if futex.in_call_of(&["pthread_barrier_wait"]) {
        return barrier(case, futex);
    }
    if futex.in_call_of(&CONDITION) {
        return condition(case, futex).or_else(|| mutex(case, futex));
    }
    if futex.in_call_of(&MUTEX) {
        return mutex(case, futex);
    }
    let shapes: [fn(&Case<'_>, &Futex) -> Option<Wait>; 8] =
        [stream, mutex, guard, join, rwlock, barrier, condition, semaphore];
    shapes.iter().find_map(|shape| shape(case, futex)).or_else(|| low_level(case, futex))
}

/// Whether the process runs on glibc.
fn is_used(case: &Case<'_>) -> bool {
    let maps = case.world.maps(case.pid());
    maps.iter().any(|mapping| {
        let name = mapping.file_name();
        name.starts_with(b"libc.so.6") || name.starts_with(b"libc-2.")
    })
}

/// pthread_mutex_t: `__lock`, `__count`, `__owner`, `__nusers`, `__kind`.
fn mutex(case: &Case<'_>, futex: &Futex) -> Option<Wait> {
    let [lock, count, owner, users, kind] = case.world.words(case.pid(), futex.address)?;
    let inherits = matches!(futex.operation, FUTEX_LOCK_PI | FUTEX_LOCK_PI2);
    let robust = kind & KIND_ROBUST != 0 && kind & !KIND_BITS == 0;
    let expected = if inherits || robust { true } else { futex.value == CONTENDED };
    let called = futex.in_call_of(&MUTEX) || futex.in_call_of(&CONDITION);
    // `__owner` is the first of what is next to it that only a mutex has: a small number, with a small number of users.
    let plausible = owner != 0 && owner <= FUTEX_TID_MASK && users <= 1 << 20 && kind & !KIND_BITS == 0;
    if !expected || !called && !plausible {
        return None;
    }
    let mut id = owner & FUTEX_TID_MASK;
    let mut told = format!("the mutex's __owner (at {:#x}) is {id}", futex.address + 8);
    // Here the kernel itself goes by the word; it also is set a moment before __owner is.
    if inherits || robust {
        id = lock & FUTEX_TID_MASK;
        told = format!("the mutex's word is {lock:#x}, whose owner is {id}");
    }
    let mut wait = futex.wait(case, Kind::Mutex, 0, &format!("the {}", mutex_kind(kind, inherits)));
    if id == 0 {
        // It was unlocked this moment, and somebody is about to wake up.
        return Some(wait.or(Outside::Unseen).because("the mutex has no owner at the moment"));
    }
    if id as i32 == case.thread.ids.last().copied().unwrap_or(0) {
        let why = if kind & 3 == 1 { "" } else { ", and it is not recursive" };
        told = format!("{told}: the thread itself{why}");
    }
    if count > 1 {
        told = format!("{told}, locked {count} times");
    }
    wait.enders = owner::by_id(case, &wait.object, id as i32);
    Some(wait.because(told))
}

/// `__kind` in words.
fn mutex_kind(kind: u32, inherits: bool) -> String {
    let mut words = String::new();
    if kind & KIND_ROBUST != 0 {
        words.push_str("robust ");
    }
    if inherits || kind & KIND_PRIO_INHERIT != 0 {
        words.push_str("priority-inheriting ");
    }
    words.push_str(match kind & 3 {
        1 => "recursive ",
        2 => "error-checking ",
        3 => "adaptive ",
        _ => "",
    });
    format!("{words}mutex")
}

/// `_IO_lock_t` of a FILE: the lock, a count, and the owner's struct pthread.
fn stream(case: &Case<'_>, futex: &Futex) -> Option<Wait> {
    if futex.value != CONTENDED {
        return None;
    }
    let thread = case.world.long(case.pid(), futex.address + 8)?;
    // It points to itself.
    if thread < 0x1000 || case.world.long(case.pid(), thread) != Some(thread) {
        return None;
    }
    let [id] = case.world.words(case.pid(), thread + TID_IN_PTHREAD)?;
    let mut wait = futex.wait(case, Kind::Stream, 0, "the lock of a stdio stream,");
    wait.enders = owner::by_id(case, &wait.object, id as i32);
    Some(wait.because(format!("the lock's owner is the thread descriptor {thread:#x}, which has the id {id}")))
}

/// `__cxa_guard_acquire` of libstdc++: the variable is being made, and somebody waits for it.
fn guard(case: &Case<'_>, futex: &Futex) -> Option<Wait> {
    const PENDING_AND_WAITED_FOR: u32 = 0x10100;
    let alike = futex.operation == FUTEX_WAIT && futex.value == PENDING_AND_WAITED_FOR;
    alike.then(|| once(case, futex, "a static variable that is being initialised,"))
}

/// pthread_once(3), `std::call_once`: who runs the initialisation is not recorded.
fn once(case: &Case<'_>, futex: &Futex, what: &str) -> Wait {
    let mut wait = futex.wait(case, Kind::Once, 0, what);
    wait.enders = not_recorded(case, futex, futex.address, "could be at the initialisation");
    wait.because("who runs an initialisation is not recorded")
}

/// pthread_join(3): the word is the id in the joined thread's struct pthread; the kernel clears it at its end.
fn join(case: &Case<'_>, futex: &Futex) -> Option<Wait> {
    let id = futex.value as i32;
    if !futex.in_call_of(&JOIN) {
        let descriptor = futex.address.checked_sub(TID_IN_PTHREAD)?;
        let itself = case.world.long(case.pid(), descriptor) == Some(descriptor);
        if !itself || futex.word != Some(futex.value) || id <= 0 {
            return None;
        }
    }
    let joined = case.process.threads.iter().find(|thread| thread.ids.last() == Some(&id));
    let shown = joined.map_or(Pid::from_raw(id), |thread| thread.tid);
    let mut wait = futex.wait(case, Kind::Join, 0, "");
    wait.what = format!("thread {shown} to end (pthread_join)");
    let ender = match joined {
        Some(thread) => Ender::new(Who::Thread(thread.tid), How::Recorded, "is the thread"),
        None => {
            let words = format!("thread {id}, which is none of this process");
            Ender::new(Who::Gone { id, words }, How::Recorded, "was to be waited for")
        }
    };
    Some(wait.ended_by(ender).because(format!("the word is the id of the joined thread, {id}")))
}

/// pthread_rwlock_t, from its start: `__readers`@0 (count << 3), `__wrphase_futex`@8, `__writers_futex`@12,
/// `__cur_writer`@24. Readers wait for the phase of writers to end, writers for that of readers, or for their turn.
fn rwlock(case: &Case<'_>, futex: &Futex) -> Option<Wait> {
    let called = futex.in_call_of(&READ_LOCK) || futex.in_call_of(&WRITE_LOCK);
    // Phase (2 or 3) or turn (1 with a bit for waiters).
    let distance = [8, 12].into_iter().find(|distance| {
        let start = futex.address.wrapping_sub(*distance);
        let Some([readers, _, phase, turn, pad, _, writer, _]) = case.world.words::<8>(case.pid(), start) else {
            return false;
        };
        let busy = writer != 0 || readers >> 3 != 0;
        let small = phase <= 3 && turn <= 3 && pad == 0 && readers >> 3 < 1 << 20;
        let value = if *distance == 8 { phase } else { turn };
        busy && small && value == futex.value
    })?;
    let start = futex.address - distance;
    let [readers, _, _, _, _, _, writer, _] = case.world.words::<8>(case.pid(), start)?;
    let reads = if called { futex.in_call_of(&READ_LOCK) } else { writer != 0 && distance == 8 };
    let (kind, what) = if reads {
        (Kind::ReadLock, "its turn to read under the rwlock")
    } else {
        (Kind::WriteLock, "its turn to write under the rwlock")
    };
    let mut wait = futex.wait(case, kind, -(distance as i64), what);
    if writer != 0 {
        wait.enders = owner::by_id(case, &wait.object, writer as i32);
        return Some(wait.because(format!("the rwlock's __cur_writer is {writer}")));
    }
    wait.enders = not_recorded(case, futex, start, "could be one of the readers");
    wait.needs = Needs::One;
    let count = readers >> 3;
    wait.what = format!("{}, which {count} reader{} in", wait.what, if count == 1 { " is" } else { "s are" });
    Some(wait.because("which threads read is not recorded"))
}

/// pthread_barrier_t, from its start: arrived@0, round@4, count@8. The wait is for the round.
fn barrier(case: &Case<'_>, futex: &Futex) -> Option<Wait> {
    let start = futex.address.checked_sub(4)?;
    let [arrived, round, count, shared, _] = case.world.words::<5>(case.pid(), start)?;
    let plausible = count > 0 && count < 1 << 20 && round == futex.value && arrived.wrapping_sub(round) < count;
    let called = futex.in_call_of(&["pthread_barrier_wait"]);
    if !called && (!plausible || arrived == 0 || shared > 0x80 || shared & 0x7f != 0) {
        return None;
    }
    let mut wait = futex.wait(case, Kind::Barrier, -4, "the barrier");
    let here = arrived.wrapping_sub(round);
    wait.what = format!("the others at the barrier {start:#x}: {here} of {count} are there");
    let role = "has not arrived there";
    let waiting = |tid: Pid| {
        case.process.thread(tid).is_some_and(|thread| {
            matches!(thread.position, crate::hang::proc::Position::Call { nr, args, .. }
                if nr == libc::SYS_futex as u64 && args[0] == futex.address)
        })
    };
    wait.enders = owner::others(case, &wait.object, role);
    wait.enders.retain(|ender| !ender.id().is_some_and(waiting));
    Some(wait.because("which threads are to come is not recorded"))
}

/// pthread_cond_t, from its start: `__wrefs`@36 (waiters << 3), `__g_signals`@40 and @44, which are waited for. The
/// waiter has the addresses of the condition variable and of the mutex on its stack.
fn condition(case: &Case<'_>, futex: &Futex) -> Option<Wait> {
    let start = [40, 44].into_iter().map(|distance| futex.address.wrapping_sub(distance)).find(|start| {
        let Some([references]) = case.world.words::<1>(case.pid(), start + 36) else { return false };
        let waiters = references >> 3;
        (1..1 << 20).contains(&waiters) && on_stack(case, *start).is_some()
    })?;
    let mut wait = futex.wait(case, Kind::Condition, start as i64 - futex.address as i64, "the condition variable");
    if let Some(mutex) = on_stack(case, start).and_then(|at| case.world.long(case.pid(), at + 8))
        // Callers other than the C library's have something else there.
        && case.world.words::<1>(case.pid(), mutex).is_some()
    {
        wait.evidence.push(format!("its mutex is {mutex:#x}, which stands behind it on the waiter's stack"));
    }
    wait.enders = owner::others(case, &wait.object, "could signal it");
    wait.idles = true;
    Some(wait.because("a condition variable records neither who will signal it nor a signal that nobody waited for"))
}

/// Where on the waiter's stack, close to its pointer, an address stands.
fn on_stack(case: &Case<'_>, address: u64) -> Option<u64> {
    let mut bytes = [0; 512];
    let read = case.world.memory(case.pid()).read(case.call.sp, &mut bytes);
    let index = bytes[..read].chunks_exact(8).position(|word| word == address.to_ne_bytes())?;
    Some(case.call.sp + index as u64 * 8)
}

/// sem_t: the value, the number of waiters, and whether it is private (0) or not (0x80).
fn semaphore(case: &Case<'_>, futex: &Futex) -> Option<Wait> {
    let [value, waiters, shared] = case.world.words(case.pid(), futex.address)?;
    let plausible = futex.value == 0 && (1..1 << 20).contains(&waiters) && matches!(shared, 0 | 0x80);
    if !plausible {
        return None;
    }
    let mut wait = futex.wait(case, Kind::Semaphore, 0, "the semaphore");
    wait.what = format!("{}, which is {value}", wait.what);
    wait.enders = not_recorded(case, futex, futex.address, "could post it");
    // sem_post(3) is one of the few that signal handlers may call.
    if case.thread.signals.caught != 0 {
        wait.outside = Some(Outside::Signal);
    }
    Some(wait.because("a semaphore has no owner"))
}

/// Any other lock of the C library's: of malloc's arenas, of the list of streams.
fn low_level(case: &Case<'_>, futex: &Futex) -> Option<Wait> {
    let site = futex.site.as_ref()?;
    let maps = case.world.maps(case.pid());
    // Only in the C library itself: a program that makes the call by syscall(2) has its own words.
    let inside =
        maps.find(case.call.pc).is_some_and(|mapping| crate::hang::call_site::is_c_library(mapping.file_name()));
    if futex.value != CONTENDED || futex.word != Some(CONTENDED) || !inside || site.is_one_of(&["syscall"]) {
        return None;
    }
    let mut wait = futex.wait(case, Kind::Mutex, 0, "a lock of the C library's own,");
    wait.what = format!("{} in {}", wait.what, site.name());
    wait.enders = not_recorded(case, futex, futex.address, "could hold it");
    Some(wait.because("such a lock does not record its owner"))
}

/// Who it could be where nothing records it: those whose stacks make it likely first.
fn not_recorded(case: &Case<'_>, futex: &Futex, address: u64, role: &str) -> Vec<Ender> {
    let mut enders = owner::likely(case, address);
    let others = owner::others(case, &futex.object, role);
    let known: Vec<_> = enders.iter().map(Ender::id).collect();
    enders.extend(others.into_iter().filter(|ender| !known.contains(&ender.id())));
    enders
}
