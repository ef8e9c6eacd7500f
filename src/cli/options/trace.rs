//! What is traced, and how.

use super::Section;
use crate::cli::UsageError;
use crate::cli::definition::{Definition, Gives, Kind, list, words};
use crate::cli::given::Form;
use crate::cli::values::{decimal, pids, user, variable};
use crate::cli::words::{self, Placement};
use crate::tracer::Placed;

pub static SECTION: Section = Section {
    heading: "What to trace",
    options: &[
        Definition::value("attach", "PID", Kind::Pids, "Attach to processes: one, or a list like pidof's")
            .short('p')
            .reads(|typed, given| {
                typed.options.target.pids.extend(pids(&given.text())?);
                Ok(())
            })
            .examples(&[
                ("-p 1 -p2,3 --attach=4, ls", Gives::Changes(&["target.pids: [Pid(1), Pid(2), Pid(3), Pid(4)]"])),
                ("-p 1,,2 ls", Gives::Fails("Invalid process id: ''")),
            ]),
        Definition::flag("follow-forks", "Follow children and threads; -ff -o FILE: into FILE.TID")
            .short('f')
            .examples(&[
                ("-f ls", Gives::Changes(&["follow: true"])),
                ("--follow-forks ls", Gives::Same("-f ls")),
                ("-ff -o f ls", Gives::Same("-f --output-separately -o f ls")),
            ]),
        super::hang::OPTIONS[0],
        super::hang::OPTIONS[1],
        super::hang::OPTIONS[2],
        super::hang::OPTIONS[3],
        super::hang::OPTIONS[4],
        super::hang::OPTIONS[5],
        super::hang::OPTIONS[6],
        Definition::value("user", "USER|UID:GID", Kind::User, "Run the command as this user")
            .short('u')
            .reads(|typed, given| {
                typed.options.target.user = Some(user(&given.text()));
                Ok(())
            })
            .examples(&[("-u daemon -p 1", Gives::Warns("-u/--user has no effect without PROG [ARGS]"))]),
        Definition::value("env", "VAR[=VALUE]", Kind::Variable, "Set a variable for the command, or remove it")
            .short('E')
            .reads(|typed, given| {
                typed.options.target.env.push(variable(given.bytes()));
                Ok(())
            })
            .examples(&[(
                "-E A=b=c --env=D ls",
                Gives::Changes(&[r#"target.env: [("A", Some("b=c")), ("D", None)]"#]),
            )]),
        Definition::value("argv0", "NAME", Kind::Text("x"), "Give the command this argv[0]")
            .long_help()
            .reads(|typed, given| {
                typed.options.target.argv0 = Some(given.bytes().to_os_string());
                Ok(())
            })
            .examples(&[("--argv0 x ls", Gives::Changes(&[r#"target.argv0: Some("x")"#]))]),
        Definition::value(
            "interruptible",
            "WHEN",
            Kind::Word(words::<words::Interruptible>),
            "Signals to trapline: anywhere, waiting, never, never_tstp, forward",
        )
        .short('I')
        .long_help()
        .reads(|typed, given| {
            typed.interruptible = Some(words::interruptible(&given.text()).ok_or_else(|| given.invalid())?);
            Ok(())
        })
        .examples(&[
            ("-I3 ls", Gives::Changes(&["interruptible: Never"])),
            ("--interruptible=never ls", Gives::Same("-I 3 ls")),
            ("--interruptible=FORWARD ls", Gives::Changes(&["interruptible: Forward"])),
            ("-I forward -p 1", Gives::Warns("-I forward has no effect without PROG [ARGS]")),
            ("-I 5 ls", Gives::Fails("invalid -I argument: '5'+")),
        ]),
        Definition::value(
            "placement",
            "auto|off",
            Kind::Word(words::<Placement>),
            "Run on the CPU of the tracee that stops most, or anywhere",
        )
        .ours()
        .long_help()
        .reads(|typed, given| {
            typed.options.placed = match given.word()? {
                Placement::Auto => Placed::BesideTracees,
                Placement::Off => Placed::Anywhere,
            };
            Ok(())
        })
        .examples(&[
            ("--placement=auto ls", Gives::Changes(&[])),
            ("--placement off ls", Gives::Changes(&["placed: Anywhere"])),
            ("--placement=x ls", Gives::Fails("invalid --placement argument: 'x' (auto or off)+")),
        ]),
        Definition::optional(
            "daemonize",
            "HOW",
            Kind::Word(words::<words::Aside>),
            "Trace from aside: grandchild, pgroup (-DD), session (-DDD)",
        )
        .short('D')
        .aliases(&["daemonised", "daemonized"])
        .long_help()
        .reads(|typed, given| {
            if given.form == Form::Long {
                let how = words::daemonize(&given.text_or("grandchild"));
                typed.daemonize = Some(how.ok_or_else(|| given.invalid())?);
            }
            Ok(())
        })
        .examples(&[
            ("-D ls", Gives::Changes(&["interruptible: NeverNorStop", "daemonize: Some(Grandchild)"])),
            ("-DDD ls", Gives::Same("--daemonize=session ls")),
            ("--daemonise ls", Gives::Same("-D ls")),
            ("-DDDD ls", Gives::Fails("Too many -D's (4), maximum supported -D count is 3+")),
            ("-D -p 1", Gives::Fails("PROG [ARGS] must be specified with -D/--daemonize+")),
        ]),
        Definition::value(
            "detach-on",
            "execve",
            Kind::Word(|| list(&["execve"])),
            "Let go of processes that execute another program",
        )
        .short('b')
        .long_help()
        .reads(|typed, given| match given.text().as_str() {
            "execve" => {
                typed.options.detach_on_exec = true;
                Ok(())
            }
            other => Err(UsageError::new(format!("Syscall '{other}' for -b isn't supported"))),
        })
        .examples(&[
            ("-b execve ls", Gives::Changes(&["detach_on_exec: true"])),
            ("--detach-on=open ls", Gives::Fails("Syscall 'open' for -b isn't supported")),
        ]),
        Definition::value("syscall-limit", "N", Kind::Number, "Let all go after so many calls")
            .long_help()
            .reads(|typed, given| {
                let limit = decimal(&given.text(), u64::MAX).filter(|limit| *limit > 0);
                typed.options.syscall_limit = Some(limit.ok_or_else(|| given.invalid_within(" from 1 on"))?);
                Ok(())
            })
            .examples(&[
                ("--syscall-limit=10 ls", Gives::Changes(&["syscall_limit: Some(10)"])),
                ("--syscall-limit=0 ls", Gives::Fails("invalid --syscall-limit argument: '0'+")),
            ]),
        Definition::flag("kill-on-exit", "Kill all when trapline ends")
            .long_help()
            .sets(|typed| typed.options.kill_on_exit = true)
            .examples(&[("--kill-on-exit ls", Gives::Changes(&["kill_on_exit: true"]))]),
        Definition::flag("debug", "Tell each stop")
            .short('d')
            .long_help()
            .sets(|typed| typed.options.debug = true)
            .examples(&[("-d ls", Gives::Changes(&["debug: true"]))]),
        Definition::flag("F", "Follow forks").short('F').without_long().unlisted().examples(&[
            ("-F ls", Gives::Same("-f ls")),
            ("-F ls", Gives::Warns("option -F is deprecated, please use -f/--follow-forks instead")),
        ]),
    ],
};
