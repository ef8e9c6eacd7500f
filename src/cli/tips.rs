//! `--tips`: what users of trapline may not know yet.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::options::TipStyle;

/// Each with a line that shows it.
const TIPS: [(&str, &str); 14] = [
    (
        "JSON lines hold everything that text does, with names of arguments, for jq and other programs.",
        "trapline --json -o log ls; jq -r 'select(.errno) | [.name, .errno] | @tsv' log",
    ),
    (
        "A call can be made to fail, to see what a program makes of it.",
        "trapline -e fault=openat:error=EMFILE:when=3+ make",
    ),
    ("What --inject delays keeps no other process waiting.", "trapline -f -e inject=connect:delay_exit=2s ./server"),
    ("Counts of calls come with the time that each kind took.", "trapline -c -f make"),
    ("With -w the time of the summary is that of a clock on the wall: waiting counts.", "trapline -c -w sleep 1"),
    (
        "A signal can be sent at a chosen call, such as the hundredth read.",
        "trapline -e inject=read:signal=SEGV:when=100 ./a.out",
    ),
    ("The command can stay the child of its caller, with the tracer aside.", "trapline -D -o log ./daemon"),
    (
        "Descriptors can be told with what is behind them: files, sockets with both ends, devices.",
        "trapline -yy curl example.org",
    ),
    ("Calls about one file can be picked out, by name and by descriptor.", "trapline -P /etc/passwd id"),
    ("All threads of a process that runs can be watched for a while; Ctrl-C lets it go.", "trapline -f -p PID"),
    ("Each thread can have a file of its own.", "trapline -ff -o log make"),
    ("Only failures, or only what succeeded: often the shortest way to a mistake.", "trapline -Z ./configure"),
    ("A trace can end by itself after so many calls; the command runs on.", "trapline --syscall-limit=1000 -p PID"),
    ("The trace can go into a pipe, while standard error stays the command's.", "trapline -o '|grep ENOENT' make"),
];

/// The tip with this number, counted round and round, or any; what is printed.
pub fn tip(style: TipStyle) -> String {
    let clock = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| u64::from(time.subsec_micros()));
    let count = TIPS.len() as u64;
    let (text, example) = TIPS[(style.id.unwrap_or_else(clock) % count) as usize];
    if style.full { format!("Tip: {text}\n\n     {example}\n") } else { format!("Tip: {text}\n") }
}

/// Takes `[[id:]ID],[[format:]FORMAT]` into account; none where it makes no sense. Inside, none for no tip.
pub fn style(spec: &str, before: Option<TipStyle>) -> Option<Option<TipStyle>> {
    let mut style = before.unwrap_or(TipStyle { id: None, full: false });
    let mut shown = true;
    for item in spec.split(',').filter(|item| !item.is_empty()) {
        let (key, value) = item.split_once(':').map_or((None, item), |(key, value)| (Some(key), value));
        let named = |wanted: &str| key.is_none_or(|key| key.eq_ignore_ascii_case(wanted));
        match value.to_ascii_lowercase().as_str() {
            "none" if named("format") => shown = false,
            "compact" if named("format") => (style.full, shown) = (false, true),
            "full" if named("format") => (style.full, shown) = (true, true),
            "random" if named("id") => style.id = None,
            value if named("id") => style.id = Some(super::values::decimal(value, i32::MAX as u64)?),
            _ => return None,
        }
    }
    Some(shown.then_some(style))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tips_are_picked_and_shaped() {
        let (compact, full) = (TipStyle { id: Some(3), full: false }, TipStyle { id: Some(3), full: true });
        let random = TipStyle { id: None, full: false };
        for (spec, wanted) in [
            ("3", Some(Some(compact))),
            ("id:3", Some(Some(compact))),
            ("id:3,format:full", Some(Some(full))),
            ("full,3", Some(Some(full))),
            ("random", Some(Some(random))),
            ("compact", Some(Some(random))),
            ("none", Some(None)),
            ("3,none", Some(None)),
            ("foo", None),
            ("id:-1", None),
            ("id:full", None),
            ("format:3", None),
            ("3,full,foo", None),
            (",3,,", Some(Some(compact))),
            ("1,3", Some(Some(compact))),
            ("", Some(Some(random))),
        ] {
            assert_eq!(style(spec, None), wanted, "{spec}");
        }
        assert_eq!(style("full", Some(compact)), Some(Some(full)));
    }

    #[test]
    fn every_number_has_a_tip() {
        for id in 0..2 * TIPS.len() as u64 {
            let (compact, full) =
                (tip(TipStyle { id: Some(id), full: false }), tip(TipStyle { id: Some(id), full: true }));
            assert!(full.starts_with(compact.trim_end()) && full.contains("trapline "), "{full}");
            assert!(full.lines().all(|line| line.chars().count() <= 110), "{full}");
        }
    }
}
