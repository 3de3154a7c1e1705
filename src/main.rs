//! cvmd.
#![forbid(unsafe_code)]

fn main() -> std::process::ExitCode {
    cvmd::cli::main()
}
