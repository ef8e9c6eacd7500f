//! Makes the tables from the descriptions and the facts of the headers; see `generator/`.

use std::path::PathBuf;
use std::{env, fs, process};

mod generator;

fn main() {
    println!("cargo::rerun-if-changed=descriptions");
    println!("cargo::rerun-if-changed=data");
    println!("cargo::rerun-if-changed=generator");
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join("tables.rs");
    match generator::generate(&root) {
        Ok(source) => {
            if let Err(e) = fs::write(&out, source) {
                eprintln!("cannot write {}: {e}", out.display());
                process::exit(1);
            }
        }
        Err(errors) => {
            for error in errors {
                println!("cargo::error={error}");
            }
            process::exit(1);
        }
    }
}
