//! The binary: everything it does is a command of `plasmid::cli`.

fn main() -> std::process::ExitCode {
    plasmid::cli::main()
}
