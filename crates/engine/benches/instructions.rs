//! Fixed work for counting instructions: `tests/bench/instructions.sh` runs it under callgrind.
//!
//! Everything runs on one thread, and only what `counted` does is counted. Without callgrind it proves nothing.

#[path = "w50/generate.rs"]
#[expect(dead_code, reason = "the small lake is filled by parts of it")]
mod generate;
mod small;

use anyhow::Context as _;

use crate::generate::Size;
use crate::small::{Small, members};

const SIZE: Size = Size { events: 60_000, profiles: 3_000 };

fn main() -> anyhow::Result<()> {
    let work = std::env::args().nth(1).context("say what to do: evaluate, advance or diff")?;
    // The thread that waits is the thread that works: callgrind counts thread by thread.
    rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build_global().context("set the threads")?;
    match work.as_str() {
        "evaluate" => {
            let small = Small::new(SIZE);
            small.evaluate(&small.catalog);
            counted(&mut || drop(small.evaluate(&small.catalog)));
        }
        "advance" => {
            let small = Small::new(SIZE);
            small.advance(24);
            counted(&mut || (0..24).rev().for_each(|hour| drop(small.advance(hour))));
        }
        "diff" => {
            let pairs = [0.001, 0.02, 0.3].map(|share| (members(300_000, share, 1), members(300_000, share * 0.9, 1)));
            counted(&mut || {
                for (before, after) in &pairs {
                    std::hint::black_box(diff::diff(before, after));
                }
            });
        }
        other => anyhow::bail!("`{other}` is none of evaluate, advance, diff"),
    }
    Ok(())
}

/// Callgrind begins and ends here, by this name.
#[inline(never)]
fn counted(work: &mut dyn FnMut()) {
    work();
}
