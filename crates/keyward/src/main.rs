//! The `keyward` program: arguments, configuration, wiring, and the output of the command line. No rules.
//!
//! One command is one function below [`commands`]. What it prints goes through [`output`], what can go wrong is a
//! [`failure`], and every way to end has its exit code.

mod arguments;
mod commands;
mod connection;
mod demo;
mod failure;
mod names;
mod output;
mod secrets;
mod session;

#[cfg(test)]
mod reference;

use std::process::ExitCode;

use clap::Parser as _;

use arguments::Cli;
use failure::{Exit, Failure};
use output::Output;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let Cli { command, global } = Cli::parse();
    let output = Output::new(global.output, global.quiet);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let ended = match runtime {
        Ok(runtime) => runtime.block_on(commands::run(command, &global, &output)),
        Err(error) => Err(Failure::local(format!("the runtime cannot be started: {error}"))),
    };
    match ended {
        Ok(exit) => exit.into(),
        // Whoever read the output has stopped reading: nobody is left to tell.
        Err(Failure::Unread) => Exit::Done.into(),
        Err(failure) => {
            output.failure(&failure);
            failure.exit().into()
        }
    }
}
