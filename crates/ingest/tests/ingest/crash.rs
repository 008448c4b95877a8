//! An import may die at any moment: nothing is lost, nothing is there twice.

use std::future::{Future, poll_fn};
use std::task::Poll;

use crate::scene::{Scene, State, messages, now, small_batches};

/// Runs a future until it has had to wait more than `waits` times, then drops it where it stands: at a call to the store,
/// which may or may not have happened.
pub(crate) async fn dying_after<F: Future>(waits: usize, future: F) -> Option<F::Output> {
    let mut future = Box::pin(future);
    let mut waited = 0;
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if waited == waits => Poll::Ready(None),
        Poll::Pending => {
            waited += 1;
            Poll::Pending
        }
    })
    .await
}

async fn undisturbed() -> State {
    let scene = Scene::new().await;
    scene.import(&scene.file("events.ndjson", messages(14))).await;
    scene.state().await
}

#[tokio::test]
async fn dying_anywhere_once_and_starting_again() {
    let expected = undisturbed().await;
    for waits in 0.. {
        let scene = Scene::new().await;
        let file = scene.file("events.ndjson", messages(14));
        let ended = dying_after(waits, scene.try_import(&file, &small_batches(), now())).await;
        let scene = scene.reopened().await;
        let report = scene.import(&file).await;
        assert!(scene.state().await == expected, "after {waits} waits");
        if ended.is_some() {
            assert!(report.already);
            assert!(waits > 10, "died at {waits} places only");
            break;
        }
    }
}

/// How many waits an import has depends on how quickly the database answers: one that was never interrupted between two
/// batches shows nothing, and is begun again.
#[tokio::test]
async fn dying_again_and_again_and_getting_there() {
    const TRIES: usize = 50;
    let expected = undisturbed().await;
    let mut resumed = false;
    for _ in 0..TRIES {
        let (scene, resumed_after) = die_and_get_there().await;
        assert_eq!(scene.state().await, expected);
        // What the deaths left in the lake's folder goes away, and nothing else.
        let named = scene.store.segments().await.unwrap().into_iter().map(|(_, segment)| segment.path).collect();
        scene.lake.sweep(&named).unwrap();
        assert_eq!(scene.state().await, expected);
        resumed = resumed_after > 0;
        if resumed {
            break;
        }
    }
    assert!(resumed, "of {TRIES} imports not one was interrupted between two batches");
}

/// An import that dies later and later until it gets through, and after which line its last try went on.
async fn die_and_get_there() -> (Scene, u64) {
    let mut scene = Scene::new().await;
    let file = scene.file("events.ndjson", messages(14));
    for waits in 8.. {
        let ended = dying_after(waits, scene.try_import(&file, &small_batches(), now())).await;
        scene = scene.reopened().await;
        if let Some(report) = ended {
            return (scene, report.unwrap().resumed_after);
        }
    }
    unreachable!("an import ends")
}
