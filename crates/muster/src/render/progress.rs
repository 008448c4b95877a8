//! Progress bars, on a terminal only.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar over bytes, with rate and time left.
pub(crate) fn bytes(total: u64) -> ProgressBar {
    bar(total, "{prefix} [{bar:24}] {bytes}/{total_bytes} {msg} {eta} left")
}

/// A bar over ticks, with time left.
pub(crate) fn ticks(total: u64) -> ProgressBar {
    bar(total, "{prefix} [{bar:24}] {pos}/{len} ticks ({per_sec}) {msg} {eta} left")
}

/// A bar over rows, with rate and time left.
pub(crate) fn rows(total: u64) -> ProgressBar {
    bar(total, "{prefix} [{bar:24}] {human_pos}/{human_len} rows ({per_sec}) {eta} left")
}

/// A sign of life where the length is not known.
pub(crate) fn spinner(message: &str) -> ProgressBar {
    let spinner = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
    spinner.set_style(style("{spinner} {msg}"));
    spinner.set_message(message.to_owned());
    spinner.enable_steady_tick(Duration::from_millis(120));
    spinner
}

fn bar(total: u64, template: &str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr_with_hz(10));
    bar.set_style(style(template).progress_chars("=> "));
    bar
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the templates here are well-formed")
}
