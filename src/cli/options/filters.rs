//! What is told, and what is left out.

use super::Section;
use crate::cli::definition::{Definition, Gives, Kind, list};
use crate::filter::{CallFilter, DescriptorSet, OUTCOMES, SignalFilter, StatusFilter};

pub static SECTION: Section = Section {
    heading: "Filters",
    options: &[
        Definition::value("e", "EXPR", Kind::Expression, "trace=, signal=, status=, quiet=SET; or just a SET of calls")
            .short('e')
            .without_long()
            .reads(|typed, given| typed.expression(&given.text()))
            .examples(&[
                ("-e read ls", Gives::Same("--trace=read ls")),
                ("-e signal=INT ls", Gives::Same("--signal=INT ls")),
                ("-e nosuch=1 ls", Gives::Fails("invalid system call 'nosuch=1'")),
            ]),
        Definition::value("trace", "SET", Kind::Calls, "Calls: [!]NAME,%CLASS,/REGEX,... with ?optional, @64 @32 @x32")
            .qualifiers(&["trace", "t"])
            .reads(|typed, given| {
                typed.calls = Some(CallFilter::parse(&given.text())?);
                Ok(())
            })
            .examples(&[
                ("--trace=read ls", Gives::Differs),
                ("-e t=read ls", Gives::Same("--trace=read ls")),
                ("--trace=nosuch ls", Gives::Fails("invalid system call 'nosuch'")),
            ]),
        Definition::value("trace-path", "PATH", Kind::Path, "Calls about this file, by name or descriptor")
            .short('P')
            .reads(|typed, given| {
                typed.paths.push(given.bytes().to_os_string());
                Ok(())
            })
            .examples(&[("-P / ls", Gives::Differs), ("--trace-path=/ ls", Gives::Same("-P / ls"))]),
        Definition::value("trace-fds", "SET", Kind::Descriptors, "Calls about these descriptors: [!]3,5,...")
            .qualifiers(&["trace-fds", "trace-fd", "fds", "fd"])
            .long_help()
            .reads(|typed, given| {
                typed.trace_fds = Some(DescriptorSet::parse(&given.text())?);
                Ok(())
            })
            .examples(&[("--trace-fds=3 ls", Gives::Differs), ("-e fd=3 ls", Gives::Same("--trace-fds=3 ls"))]),
        Definition::value("signal", "SET", Kind::Signals, "Signals: [!]INT,TERM,..., all, none")
            .aliases(&["signals"])
            .qualifiers(&["signal", "signals", "s"])
            .long_help()
            .reads(|typed, given| {
                typed.options.signals = SignalFilter::parse(&given.text())?;
                Ok(())
            })
            .examples(&[
                ("--signal=INT ls", Gives::Changes(&["signals: SignalFilter(2)"])),
                ("-e s=INT ls", Gives::Same("--signals=INT ls")),
                ("--signal=nosuch ls", Gives::Fails("invalid signal 'nosuch'")),
            ]),
        Definition::value(
            "status",
            "SET",
            Kind::Words(|| list(&OUTCOMES)),
            "Outcomes: successful, failed, unfinished, unavailable, detached",
        )
        .qualifiers(&["status"])
        .long_help()
        .reads(|typed, given| {
            typed.options.statuses = StatusFilter::parse(&given.text())?;
            Ok(())
        })
        .examples(&[
            ("--status=!failed ls", Gives::Changes(&["statuses.failed: false"])),
            ("-e status=nosuch ls", Gives::Fails("invalid status 'nosuch'")),
        ]),
        Definition::flag("successful-only", "Only calls that succeeded")
            .short('z')
            .sets(|typed| typed.options.statuses = StatusFilter::SUCCESSFUL)
            .examples(&[("-z ls", Gives::Same("--status=successful ls"))]),
        Definition::flag("failed-only", "Only calls that failed")
            .short('Z')
            .aliases(&["failing-only"])
            .sets(|typed| typed.options.statuses = StatusFilter::FAILED)
            .examples(&[("--failing-only ls", Gives::Same("--status=failed ls"))]),
        Definition::flag("seccomp-bpf", "With -f, leave calls out in the kernel; the default where that is safe")
            .long_help()
            .sets(|typed| typed.seccomp_bpf = Some(true))
            .examples(&[
                ("-f -e read --seccomp-bpf ls", Gives::Same("--no-seccomp-bpf --seccomp-bpf -f -e read ls")),
                ("--seccomp-bpf ls", Gives::Warns("--seccomp-bpf cannot be used without -f/--follow-forks, disabling")),
            ]),
        Definition::flag("no-seccomp-bpf", "Never do so: under the filter the command dies with trapline's SIGKILL")
            .ours()
            .long_help()
            .sets(|typed| typed.seccomp_bpf = Some(false))
            .examples(&[
                ("--no-seccomp-bpf ls", Gives::Changes(&[])),
                ("--seccomp-bpf -f --no-seccomp-bpf ls", Gives::Same("-f ls")),
            ]),
    ],
};
