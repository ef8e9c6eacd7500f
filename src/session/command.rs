//! The command that is traced: where it is, who runs it, in which environment.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::sys::stat::stat;
use nix::unistd::{User, access, getgrouplist};

use super::Error;
use crate::options::{Options, UserSpec};
use crate::tracee::{self, Command};

/// The command as it will be executed.
pub(super) fn command(options: &Options, name: &OsStr, user: Option<tracee::User>) -> Result<Command, Error> {
    let target = &options.target;
    let path = find(name).ok_or_else(|| Error(unusable(name).unwrap_or_else(|| not_found(options, name))))?;
    let mut args = target.command.clone();
    if let (Some(argv0), Some(first)) = (&target.argv0, args.first_mut()) {
        first.clone_from(argv0);
    }
    let mut env: Vec<(OsString, OsString)> = std::env::vars_os().collect();
    for (variable, value) in &target.env {
        let at = env.iter().position(|(name, _)| name == variable);
        match (at, value) {
            (Some(at), Some(value)) => env[at].1.clone_from(value),
            (Some(at), None) => drop(env.remove(at)),
            (None, Some(value)) => env.push((variable.clone(), value.clone())),
            (None, None) => {}
        }
    }
    let env = env.into_iter().map(|(mut name, value)| {
        name.push("=");
        name.push(value);
        name
    });
    Ok(Command {
        path: path.into_os_string(),
        args,
        env: env.collect(),
        user,
        filter: Vec::new(),
        give_up_privileges: false,
    })
}

/// Why nothing is there by this name, if the system says so.
fn unusable(name: &OsStr) -> Option<String> {
    // linux/limits.h: PATH_MAX, with the NUL behind it.
    if name.len() >= 4096 {
        return Some(format!("exec: {}", Errno::ENAMETOOLONG.desc()));
    }
    let stat = name.as_bytes().contains(&b'/').then(|| stat(name).err())??;
    Some(format!("Cannot stat '{}': {}", name.display(), stat.desc()))
}

/// A number in the place of a command was most likely to be attached to.
fn not_found(options: &Options, name: &OsStr) -> String {
    let text = format!("Cannot find executable '{}'", name.display());
    if name.is_empty() || !name.as_bytes().iter().all(u8::is_ascii_digit) {
        return text;
    }
    let number = name.display();
    match options.decode_pids.pidns {
        true => format!("{text} (--pid is short for --pidns-translation; to attach to process {number}: -p {number})"),
        false => format!("{text} (to attach to process {number}: -p {number})"),
    }
}

pub(super) fn user(spec: &UserSpec) -> Result<tracee::User, Error> {
    match spec {
        UserSpec::Ids(uid, gid) => Ok(tracee::User { uid: *uid, gid: *gid, groups: vec![*gid] }),
        UserSpec::Name(name) => {
            let unknown = || Error(format!("Cannot find user '{name}'"));
            let user = User::from_name(name).ok().flatten().ok_or_else(unknown)?;
            let c_name = std::ffi::CString::new(name.as_bytes()).map_err(|_| unknown())?;
            let groups = getgrouplist(&c_name, user.gid).unwrap_or_else(|_| vec![user.gid]);
            Ok(tracee::User { uid: user.uid, gid: user.gid, groups })
        }
    }
}

/// Finds a command as execvp(3) does: a name with a slash is a path, any other is looked up on PATH.
fn find(name: &OsStr) -> Option<PathBuf> {
    if name.is_empty() {
        return None;
    }
    if name.as_bytes().contains(&b'/') {
        return Path::new(name).exists().then(|| PathBuf::from(name));
    }
    // Without PATH the C library searches this one.
    let path = std::env::var_os("PATH").unwrap_or_else(|| OsString::from("/bin:/usr/bin"));
    let runs = |file: &PathBuf| file.is_file() && access(file, nix::unistd::AccessFlags::X_OK).is_ok();
    // An empty element is the working directory.
    let mut candidates = std::env::split_paths(&path)
        .map(|dir| if dir.as_os_str().is_empty() { PathBuf::from(name) } else { dir.join(name) });
    candidates.find(runs)
}
