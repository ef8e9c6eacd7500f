//! Semaphores of System V: semop(2).

use nix::unistd::Pid;

use super::Case;
use super::sleep::{left, read_time};
use crate::hang::wait::{Ender, How, Kind, Object, Outside, Until, Wait, Who};
use crate::tracee::semaphore;

/// SEMOPM of linux/sem.h
const MOST: u64 = 500;

/// Who could change the semaphores.
pub fn resolve(case: &Case<'_>) -> Option<Wait> {
    let set = case.int(0);
    // struct sembuf: the number of the semaphore, what is added, flags.
    const SEMBUF: usize = 6;
    let mut bytes = vec![0; case.call.args[2].min(MOST) as usize * SEMBUF];
    let read = case.world.memory(case.pid()).read(case.call.args[1], &mut bytes);
    let operation = |entry: &[u8]| {
        let number = i32::from(u16::from_ne_bytes([entry[0], entry[1]]));
        (number, i32::from(i16::from_ne_bytes([entry[2], entry[3]])))
    };
    let operations: Vec<(i32, i32)> = bytes[..read].chunks_exact(SEMBUF).map(operation).collect();
    let blocks = |(number, change): &(i32, i32)| match semaphore(set, *number) {
        Some(semaphore) if *change < 0 => semaphore.value < -change,
        Some(semaphore) if *change == 0 => semaphore.value != 0,
        Some(_) => false,
        None => *change <= 0,
    };
    let (number, change) = *operations.iter().find(|operation| blocks(operation)).or(operations.first())?;
    let what = match change {
        0 => format!("semaphore {number} of the System V set {set} to become 0"),
        change => format!("semaphore {number} of the System V set {set} to be at least {}", -change),
    };
    let mut wait = Wait::new(Kind::SysvSemaphore, Object::Ipc('s', set), what).or(Outside::Newcomer);
    if case.call.args[3] != 0 && case.call.name() == "semtimedop" {
        wait.until = read_time(case, case.call.args[3]).map_or(Until::Sometime, |time| left(case, time));
    }
    let Some(semaphore) = semaphore(set, number) else {
        return Some(wait.because("its value may not be read, or it belongs to another IPC namespace"));
    };
    wait = wait.because(format!(
        "its value is {}, {} wait for it to grow, {} for 0",
        semaphore.value, semaphore.waiting, semaphore.for_zero
    ));
    let last = Pid::from_raw(semaphore.last);
    // The waiter itself, when it tried: sempid is that of the last change.
    if semaphore.last > 0 && last != case.pid() {
        match case.world.process(last) {
            Some(_) => wait.enders.push(Ender::new(Who::Process(last), How::Hint, "changed it last")),
            None => wait = wait.because(format!("process {last} changed it last, and is gone")),
        }
    }
    Some(wait)
}
