//! Counts and times as a JSON record.

use serde_json::json;
use syscall_table::Abi;

use super::json_fields::Fields;
use super::summary::{Row, Summary, Times, total};
use super::text::append;

fn times(times: &Times) -> String {
    let (total, min, max) = (times.total.as_nanos(), times.shortest().as_nanos(), times.max.as_nanos());
    format!("{{\"total_ns\":{total},\"min_ns\":{min},\"max_ns\":{max}}}")
}

fn counts(row: &Row) -> String {
    let Row { calls, errors, system, wall, .. } = row;
    format!("\"calls\":{calls},\"errors\":{errors},\"system\":{},\"wall\":{}", times(system), times(wall))
}

/// Appends the fields `syscalls`, in the order that the user asked for, and `total`.
pub fn fields(summary: &Summary, record: &mut Fields) {
    let mut calls = Vec::new();
    let mut all = Vec::new();
    for abi in Abi::ALL {
        for row in summary.rows(abi) {
            calls.push(format!("{{\"name\":{},\"abi\":\"{}\",{}}}", json!(row.name), abi.name(), counts(row)));
            all.push(row);
        }
    }
    record.json("syscalls", |out| append(out, format_args!("[{}]", calls.join(","))));
    record.json("total", |out| append(out, format_args!("{{{}}}", counts(&total(&all)))));
}
