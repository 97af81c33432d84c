//! The `procman` command: everything is in the library.

fn main() -> std::process::ExitCode {
    procman::cli::main()
}
