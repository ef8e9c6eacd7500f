//! What is done to calls.

use super::Section;
use crate::cli::UsageError;
use crate::cli::definition::{Definition, Gives, Kind};
use crate::cli::injection::{self, Refusal};
use crate::cli::suggest;
use crate::cli::typed::Typed;

pub static SECTION: Section = Section {
    heading: "Tampering",
    options: &[
        Definition::value(
            "inject",
            "SET:WHAT",
            Kind::Injection,
            "error=E, retval=N, signal=S, delay_enter=T, poke_exit=@argN=HEX, when=N",
        )
        .qualifiers(&["inject"])
        .reads(|typed, given| tamper(typed, "inject", &given.text()))
        .examples(&[
            ("--inject=read:error=EIO ls", Gives::Differs),
            ("-e inject=read:error=EIO ls", Gives::Same("--inject=read:error=EIO ls")),
            ("--inject=read:x=1 ls", Gives::Fails("invalid inject argument 'read:x=1' (no such item: 'x')")),
        ]),
        Definition::value(
            "fault",
            "SET[:WHAT]",
            Kind::Injection,
            "Calls fail: error=E (ENOSYS), when=FIRST..LAST+STEP",
        )
        .qualifiers(&["fault"])
        .reads(|typed, given| tamper(typed, "fault", &given.text()))
        .examples(&[
            ("--fault=read ls", Gives::Same("--inject=read:error=ENOSYS ls")),
            (
                "-e fault=read:signal=INT ls",
                Gives::Fails("invalid fault argument 'read:signal=INT' ('signal' is for inject=)"),
            ),
        ]),
    ],
};

fn tamper(typed: &mut Typed, how: &str, text: &str) -> Result<(), UsageError> {
    let refused = |refusal| match refusal {
        Refusal::Expression(why) => UsageError {
            meant: suggest::injection(text),
            ..UsageError::new(format!("invalid {how} argument '{text}'")).because(why)
        },
        Refusal::Set(error) => error.into(),
    };
    let (calls, rule) = injection::parse(text, how == "fault", &mut typed.warnings).map_err(refused)?;
    typed.options.tampering.add(&calls, rule);
    Ok(())
}
