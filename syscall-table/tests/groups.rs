//! The groups of calls are strace's.

use syscall_table::{Abi, Classes};

/// The newest call that strace 6.1 knows; those from 512 on are only of x32.
const NEWEST: u32 = 450;

fn groups(text: &str) -> Vec<(&str, Classes)> {
    text.split(' ').map(|name| (name, Classes::by_name(&name[1..]).expect(name))).collect()
}

#[test]
fn every_call_is_in_the_groups_where_strace_has_it() {
    let observed = include_str!("groups.tsv");
    let all = groups(
        "%file %process %network %signal %ipc %desc %memory %creds %clock %stat %lstat %fstat %%stat %statfs \
         %fstatfs %%statfs %pure",
    );
    let mut wrong = Vec::new();
    for abi in Abi::ALL {
        for (nr, call) in abi.syscalls().filter(|(nr, _)| *nr <= NEWEST || *nr >= 512) {
            let line = observed.lines().find(|line| line.split('\t').next() == Some(call.name()));
            let wanted = line.and_then(|line| line.split_once('\t')).map_or("", |(_, groups)| groups);
            let has: Vec<&str> =
                all.iter().filter(|(_, class)| call.classes().intersects(*class)).map(|(name, _)| *name).collect();
            if has.join(" ") != wanted {
                wrong.push(format!("{} ({}, {nr}): {has:?}, strace: {wanted}", call.name(), abi.name()));
            }
        }
    }
    assert!(wrong.is_empty(), "{} calls:\n{}", wrong.len(), wrong.join("\n"));
}
